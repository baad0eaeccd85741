"""Power against exact enumeration and published sample sizes; expected impact of a score gap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, norm

from fairness.power import TARGET_POWER, Design, expected_impact, power, power_at
from fairness.rates import Pair
from fairness.significance import fisher, pooled_z


def exact_power(design: Design, focal_rate: float) -> float:
    """The chance of p < alpha, by adding up all tables."""
    found = 0.0
    first = binom.pmf(range(design.focal + 1), design.focal, focal_rate)
    second = binom.pmf(range(design.reference + 1), design.reference, design.reference_rate)
    for (x1, x2), weight in np.ndenumerate(np.outer(first, second)):
        if weight > 1e-5:
            pair = Pair(x1, design.focal, x2, design.reference)
            z = pooled_z(pair)
            p_value = fisher(pair) if design.exact else (z.p_value if z else 1.0)
            found += weight * (p_value < design.alpha)
    return found


@pytest.mark.parametrize(
    ("design", "within"),
    [
        (Design(100, 100, 0.5), 0.03),
        (Design(60, 40, 0.9), 0.05),
        (Design(10, 25, 0.6, exact=True), 0.03),
        (Design(12, 100, 0.9, exact=True), 0.06),
        (Design(40, 60, 0.9, exact=True), 0.06),
    ],
)
def test_power_is_near_that_of_the_test_itself(design: Design, within: float) -> None:
    computed = power(design).at_four_fifths
    assert computed == pytest.approx(exact_power(design, 0.8 * design.reference_rate), abs=within)


def test_fleiss_sample_size() -> None:
    """Fleiss (1981), section 3.2: rates .25 and .40, alpha .01 two-sided, power .95.

    344 persons in each group without continuity correction, 357 with it.
    """
    assert power_at(Design(344, 344, 0.40, alpha=0.01), 0.25) == pytest.approx(0.95, abs=5e-4)
    corrected = Design(357, 357, 0.40, alpha=0.01, exact=True)
    assert power_at(corrected, 0.25) == pytest.approx(0.95, abs=5e-4)


def test_the_smallest_detectable_effect_is_found_with_the_target_power() -> None:
    for design in (Design(200, 300, 0.6), Design(50, 80, 0.9, exact=True)):
        result = power(design)
        assert result.detectable_ratio is not None and result.detectable_difference is not None
        rate = result.detectable_ratio * design.reference_rate
        assert power_at(design, rate) == pytest.approx(TARGET_POWER, abs=1e-6)
        assert result.detectable_difference == pytest.approx(rate - design.reference_rate)


def test_where_nothing_can_be_detected() -> None:
    nothing = power(Design(2, 2, 0.1, exact=True))
    assert nothing.at_four_fifths is not None and nothing.at_four_fifths < 0.1
    assert nothing.detectable_ratio is None and nothing.detectable_difference is None
    for design in (Design(0, 5, 0.5), Design(5, 0, 0.5), Design(5, 5, 0.0)):
        assert power(design).at_four_fifths is None
    assert power_at(Design(50, 50, 1.0), 1.0) == 0.0
    assert power_at(Design(50, 50, 1.0), 0.0) == 1.0


@given(st.integers(2, 3000), st.integers(2, 3000), st.floats(0.02, 1.0), st.booleans())
def test_more_persons_and_larger_gaps_are_never_harder_to_see(
    n1: int, n2: int, rate: float, exact: bool
) -> None:
    design, larger = Design(n1, n2, rate, exact=exact), Design(4 * n1, 4 * n2, rate, exact=exact)
    one, other = power(design), power(larger)
    assert one.at_four_fifths is not None and other.at_four_fifths is not None
    assert 0 <= one.at_four_fifths <= 1
    # The wrong side of a hopeless test adds a trace of power that more persons take away.
    assert other.at_four_fifths >= one.at_four_fifths - 0.02
    if one.detectable_ratio is not None and other.detectable_ratio is not None:
        assert other.detectable_ratio >= one.detectable_ratio - 1e-6


def test_power_at_no_difference_is_alpha() -> None:
    assert power_at(Design(500, 700, 0.4, alpha=0.05), 0.4) == pytest.approx(0.05, abs=1e-9)


def test_expected_impact_solves_its_equation() -> None:
    result = expected_impact(0.4, rate=0.1, minority_share=0.15)
    assert 0.15 * result.minority_rate + 0.85 * result.majority_rate == pytest.approx(0.1)
    assert norm.isf(result.minority_rate) - norm.isf(result.majority_rate) == pytest.approx(0.4)
    assert expected_impact(0.0, rate=0.3, minority_share=0.5).ratio == pytest.approx(1.0)
    assert expected_impact(-0.5, rate=0.3, minority_share=0.5).ratio > 1
