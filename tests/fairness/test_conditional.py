"""Conditional disparity and Simpson's check, on Berkeley's admissions and on hand-made strata."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness.conditional import compare, conditional_disparity, pooled, simpson_check
from fairness.rates import Pair
from fairness.strata import mantel_haenszel_difference
from fairness.types import StrataCounts
from tests.fairness.test_rates import pairs
from tests.fairness.test_strata import UCB_PAIRS, ucb_strata


def test_berkeley_reverses() -> None:
    """Women are admitted less often overall (30 % against 45 %), and not within departments."""
    result = conditional_disparity(ucb_strata(), ("Female",), reference=("Male",))
    assert (result.crude.pair.x1, result.crude.pair.n1) == (557, 1835)
    assert (result.crude.pair.x2, result.crude.pair.n2) == (1198, 2691)
    assert result.crude.ratio.value == pytest.approx(0.6818, abs=5e-5)
    assert result.simpson.aggregate == -1 and result.simpson.adjusted == 1
    assert result.simpson.reverses
    # C and E still go against women, so it is not a reversal in every stratum.
    assert (result.simpson.strata_lower, result.simpson.strata_higher) == (2, 4)
    assert not result.simpson.reverses_everywhere
    interval = result.standardized_difference.interval
    assert interval is not None and interval.low < 0 < interval.high
    assert result.test.odds_ratio.value == pytest.approx(1 / 0.9046968, abs=5e-7)


def test_simpsons_paradox_in_every_stratum() -> None:
    """Charig et al. (1986), kidney stones: 81/87, 192/263 against 234/270, 55/80."""
    tables = (Pair(81, 87, 234, 270), Pair(192, 263, 55, 80))
    check = simpson_check(tables, adjusted=mantel_haenszel_difference(tables).value)
    assert (check.aggregate, check.adjusted) == (-1, 1)
    assert check.reverses and check.reverses_everywhere


def test_same_direction_everywhere_is_no_reversal() -> None:
    tables = (Pair(1, 10, 5, 10), Pair(2, 20, 9, 20))
    check = simpson_check(tables, adjusted=mantel_haenszel_difference(tables).value)
    assert (check.aggregate, check.adjusted, check.strata_lower) == (-1, -1, 2)
    assert not check.reverses and not check.reverses_everywhere


def test_groups_that_never_meet_cannot_be_compared_within_strata() -> None:
    strata = StrataCounts(
        ("sex",),
        (("F",), ("M",)),
        ("job",),
        (("nurse",), ("guard",)),
        np.array([[10, 0], [0, 12]]),
        np.array([[4, 0], [0, 6]]),
    )
    result = conditional_disparity(strata, ("F",), reference=("M",))
    assert result.crude.ratio.value == pytest.approx(0.8)
    assert result.standardized_difference.value is None
    assert result.standardized_ratio.value is None
    assert result.simpson.adjusted is None and not result.simpson.reverses
    assert result.within[0].difference.value is None
    assert result.test.notes[0].code == "no_informative_stratum"


def test_compare_without_a_ratio() -> None:
    result = compare(Pair(3, 5, 0, 5))
    assert result.ratio.value is None and result.ratio.interval is None
    assert result.difference.value == pytest.approx(0.6)


@given(st.lists(pairs(most=40, fewest=1), min_size=1, max_size=5))
def test_exchanging_the_groups_turns_every_direction(tables: list[Pair]) -> None:
    swapped = [Pair(p.x2, p.n2, p.x1, p.n1) for p in tables]
    one = simpson_check(tuple(tables), adjusted=mantel_haenszel_difference(tables).value)
    other = simpson_check(tuple(swapped), adjusted=mantel_haenszel_difference(swapped).value)
    assert one.aggregate == -(other.aggregate or 0) and one.adjusted == -(other.adjusted or 0)
    assert (one.strata_lower, one.strata_higher) == (other.strata_higher, other.strata_lower)
    assert one.reverses == other.reverses


def test_pooled_is_the_sum() -> None:
    assert pooled(tuple(UCB_PAIRS)) == Pair(1198, 2691, 557, 1835)
