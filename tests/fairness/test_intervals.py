"""Intervals: published digits, statsmodels as the oracle, zero cells, coverage of the estimate."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from fairness.bootstrap import Resampling, bootstrap
from fairness.intervals import (
    Estimate,
    Proportion,
    clopper_pearson,
    cohens_h_normal,
    difference_newcombe,
    odds_ratio_woolf,
    phi_delta,
    ratio_katz,
    ratio_score,
    scaled_difference,
    wilson,
)
from fairness.rates import Pair, cohens_h, impact_ratio, phi
from fairness.types import Floats, Interval, Ints
from tests.fairness.test_rates import MORRIS, pairs


def bounds(interval: Interval | None) -> tuple[float, float]:
    assert interval is not None
    return interval.low, interval.high


def test_morris_2017() -> None:
    assert bounds(ratio_score(MORRIS)) == pytest.approx((0.0902, 0.9426), abs=5e-5)
    assert bounds(ratio_katz(MORRIS)) == pytest.approx((0.0927, 1.1992), abs=5e-5)


def test_dcwp_black_against_white() -> None:
    pair = Pair(170, 390, 412, 797)
    assert bounds(ratio_score(pair)) == pytest.approx((0.737, 0.959), abs=5e-4)
    assert bounds(ratio_score(pair, corrected=False)) == pytest.approx((0.737, 0.959), abs=5e-4)


def test_textbook_examples() -> None:
    """Newcombe (1998), table II, example (a), 56/70 against 48/80, method 10; Wilson of 1 in 10."""
    assert bounds(difference_newcombe(Pair(56, 70, 48, 80))) == pytest.approx(
        (0.0524, 0.3339), abs=5e-5
    )
    assert bounds(wilson(1, 10)) == pytest.approx((0.0179, 0.4042), abs=5e-5)
    assert bounds(clopper_pearson(1, 10)) == pytest.approx((0.0025, 0.4450), abs=5e-5)


@given(pairs(fewest=1), st.sampled_from([0.8, 0.95, 0.99]))
def test_closed_forms_agree_with_statsmodels(pair: Pair, level: float) -> None:
    for interval, method in ((wilson, "wilson"), (clopper_pearson, "beta")):
        theirs = proportion_confint(pair.x1, pair.n1, alpha=1 - level, method=method)
        ours = bounds(interval(pair.x1, pair.n1, level=level))
        assert ours == pytest.approx(tuple(np.clip(theirs, 0, 1)), abs=1e-12, rel=1e-9)
    theirs = confint_proportions_2indep(
        *(pair.x1, pair.n1, pair.x2, pair.n2), compare="diff", method="newcomb", alpha=1 - level
    )
    ours = bounds(difference_newcombe(pair, level=level))
    assert ours == pytest.approx(tuple(np.clip(theirs, -1, 1)), abs=1e-12, rel=1e-9)


@given(pairs(fewest=2))
def test_score_interval_agrees_with_statsmodels(pair: Pair) -> None:
    """Where its closed form is well conditioned; at the edges ours is checked below."""
    if not (0 < pair.x1 < pair.n1 and 0 < pair.x2 < pair.n2):
        return
    for corrected in (True, False):
        theirs = confint_proportions_2indep(
            *(pair.x1, pair.n1, pair.x2, pair.n2),
            compare="ratio",
            method="score",
            correction=corrected,
        )
        ours = bounds(ratio_score(pair, corrected=corrected))
        assert ours == pytest.approx(tuple(np.real(theirs)), rel=1e-4)


@given(pairs(fewest=1))
def test_score_interval_of_the_inverse_ratio(pair: Pair) -> None:
    low, high = bounds(ratio_score(pair))
    other_low, other_high = bounds(ratio_score(Pair(pair.x2, pair.n2, pair.x1, pair.n1)))
    assert low == pytest.approx(1 / other_high if other_high else math.inf, rel=1e-6, abs=1e-12)
    if other_low:
        assert high == pytest.approx(1 / other_low, rel=1e-6)
    else:
        assert high == math.inf


@given(pairs(fewest=1), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_intervals_hold_the_estimate_and_widen_with_the_level(pair: Pair, level: float) -> None:
    ratio = impact_ratio(pair)
    for method in (ratio_score, ratio_katz):
        low, high = bounds(method(pair, level=level))
        wider_low, wider_high = bounds(method(pair, level=0.995))
        assert wider_low <= low * (1 + 1e-9) and high <= wider_high * (1 + 1e-9)
        if ratio and method is ratio_score:
            assert low <= ratio * (1 + 1e-9) and ratio <= high * (1 + 1e-9)
    low, high = bounds(difference_newcombe(pair, level=level))
    assert low - 1e-9 <= pair.gap / (pair.n1 * pair.n2) <= high + 1e-9
    for rate in (wilson, clopper_pearson):
        low, high = bounds(rate(pair.x1, pair.n1, level=level))
        assert 0 <= low <= pair.x1 / pair.n1 <= high <= 1


def test_zero_cells() -> None:
    assert bounds(ratio_score(Pair(0, 10, 5, 10)))[0] == 0
    assert bounds(ratio_score(Pair(3, 23, 0, 10)))[1] == math.inf
    assert bounds(ratio_score(Pair(0, 10, 0, 10))) == (0, math.inf)
    low, high = bounds(ratio_score(Pair(29, 29, 1000, 1000)))
    assert 0.87 < low < 1 < high < 1.01
    katz = ratio_katz(Pair(0, 10, 5, 10))
    assert katz is not None and katz.method == "katz log, 1/2 added" and katz.low > 0
    low, high = bounds(ratio_katz(Pair(10, 10, 10, 10)))
    assert low < 1 < high
    odds = odds_ratio_woolf(Pair(0, 10, 5, 10))
    assert odds is not None and odds.method == "woolf log, 1/2 added"
    assert bounds(wilson(0, 10))[0] == 0 and bounds(wilson(10, 10))[1] == 1


def test_empty_groups_have_no_interval() -> None:
    empty = Pair(0, 0, 3, 7)
    assert wilson(0, 0) is None
    for method in (ratio_score, ratio_katz, difference_newcombe, odds_ratio_woolf, phi_delta):
        assert method(empty) is None
    assert cohens_h_normal(empty) is None
    assert scaled_difference(empty, 3.0) is None
    assert Proportion.from_counts(0, 0) == Proportion(0, 0, None, None)


def test_score_interval_holds_at_large_and_rare_counts() -> None:
    assert bounds(ratio_score(Pair(1, 10**7, 9, 10**7))) == pytest.approx(
        (0.0182, 0.6783), abs=1e-4
    )
    low, high = bounds(ratio_score(Pair(5 * 10**8, 10**9, 5 * 10**8 + 7, 10**9)))
    assert (low, high) == pytest.approx((0.999912, 1.000088), abs=1e-6)


def test_phi_and_h_intervals_agree_with_the_bootstrap() -> None:
    pair = Pair(120, 300, 260, 500)
    cells = np.array([[pair.x1, pair.n1 - pair.x1], [pair.x2, pair.n2 - pair.x2]])

    def both(drawn: Ints) -> Floats:
        each = [Pair(int(a), int(a + b), int(c), int(c + d)) for (a, b), (c, d) in drawn]
        return np.array([[phi(p), cohens_h(p)] for p in each], float)

    result = bootstrap(cells, both, how=Resampling(replicates=3000))
    for k, interval in enumerate((phi_delta(pair), cohens_h_normal(pair))):
        drawn = result.interval(k)
        assert drawn is not None
        assert bounds(interval) == pytest.approx(bounds(drawn), abs=0.012)


def test_shortfall_interval_is_the_scaled_difference() -> None:
    low, high = bounds(scaled_difference(MORRIS, 10.0))
    assert (low, high) == pytest.approx((0.3518, 6.1928), abs=5e-5)
    assert Estimate(4.0, scaled_difference(MORRIS, 10.0)).value == 4.0
