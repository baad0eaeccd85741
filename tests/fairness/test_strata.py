"""Tests over strata: published values, statsmodels' gaps closed, coverage of Sato's interval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import StratifiedTable

from fairness.intervals import difference_newcombe
from fairness.rates import Pair, impact_ratio, rate_difference
from fairness.strata import (
    mantel_haenszel_difference,
    mantel_haenszel_ratio,
    pairs_by_stratum,
    stratified_test,
)
from fairness.types import StrataCounts
from tests.fairness.test_rates import pairs

# UCBAdmissions as R ships it: (men admitted, rejected, women admitted, rejected), departments A-F.
UCB = [
    (512, 313, 89, 19),
    (353, 207, 17, 8),
    (120, 205, 202, 391),
    (138, 279, 131, 244),
    (53, 138, 94, 299),
    (22, 351, 24, 317),
]
UCB_PAIRS = [Pair(a, a + b, c, c + d) for a, b, c, d in UCB]


def ucb_strata() -> StrataCounts:
    table = np.array(UCB)
    return StrataCounts(
        features=("sex",),
        groups=(("Male",), ("Female",)),
        by=("department",),
        strata=tuple((letter,) for letter in "ABCDEF"),
        assessed=np.stack([table[:, :2].sum(1), table[:, 2:].sum(1)], axis=1),
        selected=table[:, [0, 2]],
    )


def test_ucb_admissions_as_in_the_r_documentation() -> None:
    result = stratified_test(UCB_PAIRS)
    assert result.cmh_corrected is not None
    assert result.cmh_corrected.statistic == pytest.approx(1.4269, abs=5e-5)
    assert result.cmh_corrected.p_value == pytest.approx(0.2323, abs=5e-5)
    assert result.odds_ratio.value == pytest.approx(0.9046968, abs=5e-8)
    interval = result.odds_ratio.interval
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((0.7719074, 1.0603298), abs=5e-8)


def test_pairs_of_a_stratified_table() -> None:
    assert list(pairs_by_stratum(ucb_strata(), ("Male",), reference=("Female",))) == UCB_PAIRS


def test_mussel_four_tables() -> None:
    """The 2 x 2 x 4 example of audit-AI (McDonald, Handbook of Biological Statistics)."""
    tables = [
        (56, 69, 40, 77),
        (61, 257, 57, 301),
        (73, 65, 71, 79),
        (71, 48, 55, 48),
    ]
    result = stratified_test([Pair(a, a + b, c, c + d) for a, b, c, d in tables])
    assert result.cmh is not None and result.breslow_day is not None
    assert result.cmh.statistic == pytest.approx(5.320928, abs=5e-7)
    assert result.cmh.p_value == pytest.approx(0.021071, abs=5e-7)
    assert result.odds_ratio.value == pytest.approx(1.317485, abs=5e-7)
    assert result.breslow_day.statistic == pytest.approx(0.529486, abs=5e-7)
    assert result.breslow_day.p_value == pytest.approx(0.912367, abs=5e-7)
    assert result.breslow_day.df == 3


def test_strata_that_say_nothing_are_left_out_and_told() -> None:
    silent = [Pair(0, 0, 3, 9), Pair(0, 5, 0, 7), Pair(4, 4, 6, 6)]
    mixed = stratified_test([*UCB_PAIRS, *silent])
    assert (mixed.strata_used, mixed.strata_left_out) == (6, 3)
    assert mixed.cmh == stratified_test(UCB_PAIRS).cmh
    assert [note.code for note in mixed.notes] == ["strata_left_out"]
    nothing = stratified_test(silent)
    assert nothing.cmh is None and nothing.odds_ratio.value is None
    assert [note.code for note in nothing.notes] == ["no_informative_stratum"]
    assert stratified_test([]).cmh is None


def test_one_stratum_and_one_sided_strata() -> None:
    one = stratified_test([Pair(2, 10, 15, 25)])
    assert one.cmh is not None and one.breslow_day is None
    assert one.cmh.statistic == pytest.approx(2.138963**2 * 34 / 35, abs=1e-5)
    assert [note.code for note in one.notes] == ["one_stratum"]
    never = stratified_test([Pair(0, 5, 3, 6), Pair(0, 7, 2, 9)])
    assert never.odds_ratio.value == 0 and never.odds_ratio.interval is None
    assert never.breslow_day is None
    assert [note.code for note in never.notes] == ["one_sided_strata"]
    always = stratified_test([Pair(5, 5, 3, 6)])
    assert always.odds_ratio.value is None


def test_the_correction_never_makes_the_statistic_larger() -> None:
    result = stratified_test([Pair(5, 10, 5, 10)])
    assert result.cmh is not None and result.cmh_corrected is not None
    assert result.cmh.statistic == 0
    assert (result.cmh_corrected.statistic, result.cmh_corrected.p_value) == (0, 1)


def test_a_tiny_p_is_not_rounded_to_zero() -> None:
    result = stratified_test([Pair(4000, 10000, 6000, 10000)])
    assert result.cmh is not None and 0 < result.cmh.p_value < 1e-100


@given(st.lists(pairs(most=50, fewest=1), min_size=1, max_size=6))
def test_the_order_of_strata_does_not_matter(tables: list[Pair]) -> None:
    turned = list(reversed(tables))
    one, other = stratified_test(tables), stratified_test(turned)
    assert (one.cmh is None) == (other.cmh is None)
    if one.cmh is not None and other.cmh is not None:
        assert one.cmh.statistic == pytest.approx(other.cmh.statistic)
    first, second = mantel_haenszel_difference(tables), mantel_haenszel_difference(turned)
    assert first.value == pytest.approx(second.value, abs=1e-12)


@given(pairs(most=80, fewest=1))
def test_one_stratum_standardizes_to_the_crude_comparison(pair: Pair) -> None:
    assert mantel_haenszel_difference([pair]).value == pytest.approx(rate_difference(pair))
    ratio = impact_ratio(pair)
    value = mantel_haenszel_ratio([pair]).value
    assert value is None if ratio is None else value == pytest.approx(float(ratio))


def test_sato_interval_is_near_newcombes_in_one_large_stratum() -> None:
    pair = Pair(1200, 4000, 1500, 4200)
    ours, theirs = mantel_haenszel_difference([pair]).interval, difference_newcombe(pair)
    assert ours is not None and theirs is not None
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=2e-4)


def test_intervals_cover_in_many_tiny_strata() -> None:
    """True difference -.1 and ratio .7 in 120 strata of 3 and 4 persons: 95 % must hold them."""
    generator = np.random.default_rng(11)
    rates = generator.uniform(0.2, 0.6, 120)
    held_difference = held_ratio = 0
    for _ in range(200):
        second = generator.binomial(4, rates)
        for focal_rates, measure in ((rates - 0.1, 0), (rates * 0.7, 1)):
            first = generator.binomial(3, focal_rates)
            tables = [Pair(int(a), 3, int(b), 4) for a, b in zip(first, second, strict=True)]
            if measure == 0:
                interval = mantel_haenszel_difference(tables).interval
                held_difference += interval is not None and interval.low <= -0.1 <= interval.high
            else:
                interval = mantel_haenszel_ratio(tables).interval
                held_ratio += interval is not None and interval.low <= 0.7 <= interval.high
    assert 180 <= held_difference <= 200
    assert 180 <= held_ratio <= 200


def test_standardized_measures_without_anything_to_compare() -> None:
    assert mantel_haenszel_difference([Pair(0, 0, 3, 5)]).value is None
    assert mantel_haenszel_ratio([Pair(3, 5, 0, 5)]).value is None
    zero = mantel_haenszel_ratio([Pair(0, 5, 3, 5)])
    assert zero.value == 0 and zero.interval is None


def test_homogeneity_at_a_common_odds_ratio_of_one() -> None:
    result = stratified_test([Pair(5, 10, 45, 90), Pair(45, 90, 5, 10)])
    assert result.odds_ratio.value == 1
    assert result.breslow_day is not None
    assert result.breslow_day.statistic == pytest.approx(0)
    opposite = stratified_test([Pair(30, 50, 20, 50), Pair(20, 50, 30, 50)])
    assert opposite.odds_ratio.value == 1
    assert opposite.breslow_day is not None
    # Expected counts are 25 of 50 in every cell: 2 * 5^2 / (25/4).
    assert opposite.breslow_day.statistic == pytest.approx(8)


@given(st.lists(pairs(40), min_size=2, max_size=5))
def test_homogeneity_is_that_of_statsmodels_where_it_has_one(tables: list[Pair]) -> None:
    result = stratified_test(tables)
    if result.tarone is None or result.breslow_day is None or result.odds_ratio.value is None:
        return
    if abs(result.odds_ratio.value - 1) < 0.01:
        return
    used = [p for p in tables if not p.degenerate]
    cells = [[[p.x1, p.n1 - p.x1], [p.x2, p.n2 - p.x2]] for p in used]
    oracle = StratifiedTable(np.moveaxis(np.array(cells, float), 0, 2))
    for found, adjust in ((result.breslow_day, False), (result.tarone, True)):
        assert found.statistic == pytest.approx(
            oracle.test_equal_odds(adjust=adjust).statistic, rel=1e-6, abs=1e-8
        )
