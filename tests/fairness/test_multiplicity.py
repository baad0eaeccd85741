"""Holm and Benjamini-Hochberg against their published examples and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from fairness.multiplicity import benjamini_hochberg, holm

# Benjamini and Hochberg (1995), section 3.2: fifteen ordered p values.
PUBLISHED = (
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0),
)


def test_benjamini_and_hochberg_1995() -> None:
    """They reject four hypotheses at .05; Bonferroni-like Holm rejects three."""
    assert sum(p is not None and p <= 0.05 for p in benjamini_hochberg(PUBLISHED)) == 4
    assert sum(p is not None and p <= 0.05 for p in holm(PUBLISHED)) == 3


def test_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
    assert benjamini_hochberg([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.04, 0.04))


def test_absent_values_stay_absent_and_are_not_counted() -> None:
    assert holm([None, 0.02, None, 0.5]) == (None, 0.04, None, 0.5)
    assert holm([]) == () and benjamini_hochberg([None]) == (None,)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_corrected_values_are_ordered_and_never_smaller(p_values: list[float]) -> None:
    for p, by_share, by_holm in zip(
        p_values, benjamini_hochberg(p_values), holm(p_values), strict=True
    ):
        assert by_share is not None and by_holm is not None
        assert p <= by_share + 1e-12 and by_share <= by_holm + 1e-12 and by_holm <= 1
    turned = holm(p_values[::-1])
    assert turned[::-1] == pytest.approx(holm(p_values))


@pytest.mark.parametrize("seed", range(5))
def test_agree_with_statsmodels(seed: int) -> None:
    drawn = np.random.default_rng(seed).uniform(size=3 * seed + 1) ** 2
    for ours, theirs in ((holm, "holm"), (benjamini_hochberg, "fdr_bh")):
        assert ours(drawn.tolist()) == pytest.approx(multipletests(drawn, method=theirs)[1])
