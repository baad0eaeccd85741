"""The multinomial bootstrap: repeatable, order-free, close to theory, honest about empty groups."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairness.bootstrap import (
    Resampling,
    bootstrap,
    bootstrap_impact,
    bounded,
    quotient,
    resample,
)
from fairness.intervals import wilson
from fairness.types import Floats, GroupCounts, Ints

FOUR = GroupCounts.of("race", [("a", 200, 90), ("b", 150, 60), ("c", 120, 66), ("d", 3, 2)])


def rates(cells: Ints) -> Floats:
    return quotient(cells[..., 0], cells.sum(axis=-1))


def test_replicates_keep_the_total_and_the_empty_cells() -> None:
    counts = np.array([[4, 0], [3, 9]])
    for chunk in resample(counts, Resampling(replicates=500)):
        assert (chunk.sum(axis=(1, 2)) == 16).all()
        assert (chunk[:, 0, 1] == 0).all()
        assert chunk.shape[1:] == counts.shape


def test_chunks_add_up() -> None:
    wide = np.ones(300_000, np.int64)
    sizes = [len(chunk) for chunk in resample(wide, Resampling(replicates=20))]
    assert sum(sizes) == 20 and len(sizes) > 1


def test_seeded_and_repeatable() -> None:
    one, same = bootstrap_impact(FOUR), bootstrap_impact(FOUR)
    other = bootstrap_impact(FOUR, Resampling(seed=1))
    assert one == same
    assert one != other


def test_rate_interval_is_near_wilsons() -> None:
    result = bootstrap_impact(FOUR)
    theory = wilson(90, 200)
    assert result.rates[0] is not None and theory is not None
    ours = (result.rates[0].low, result.rates[0].high)
    assert ours == pytest.approx((theory.low, theory.high), abs=0.01)


def test_which_group_is_the_highest() -> None:
    result = bootstrap_impact(FOUR)
    assert sum(result.highest) == pytest.approx(1.0)
    # d leads with 2 of 3 but is left out; then c is nearly sure.
    barred = bootstrap_impact(FOUR, excluded=(3,))
    assert barred.highest[3] == 0 and barred.ratios[3] is None
    assert barred.highest[2] > 0.9
    assert barred.rates[3] is not None


def test_equal_groups_share_the_chance_to_lead() -> None:
    equal = GroupCounts.of("f", [("a", 50, 25), ("b", 50, 25)])
    result = bootstrap_impact(equal)
    assert result.highest == pytest.approx((0.5, 0.5), abs=0.02)
    everybody = bootstrap_impact(GroupCounts.of("f", [("a", 50, 50), ("b", 50, 50)]))
    assert everybody.highest == pytest.approx((0.5, 0.5), abs=1e-9)


def test_ratios_of_a_chosen_referent_stay_at_or_below_one() -> None:
    result = bootstrap_impact(FOUR)
    assert all(interval is not None and interval.high <= 1 for interval in result.ratios)
    fixed = bootstrap_impact(FOUR, reference=1)
    assert fixed.ratios[2] is not None and fixed.ratios[2].high > 1
    assert fixed.ratios[1] is not None
    assert (fixed.ratios[1].low, fixed.ratios[1].high) == (1, 1)


def test_groups_that_get_nobody_are_reported() -> None:
    tiny = GroupCounts.of("f", [("one", 1, 1), ("many", 60, 20), ("none", 0, 0)])
    result = bootstrap_impact(tiny, Resampling(replicates=4000))
    # The one person is missed with chance (60/61)^61 = .365.
    assert result.without_persons[0] == pytest.approx(4000 * (60 / 61) ** 61, abs=150)
    assert result.without_persons[1:] == (0, 4000)
    assert result.rates[2] is None and result.ratios[2] is None
    assert result.rates[0] is not None


def test_nobody_selected_and_empty_tables() -> None:
    nobody = bootstrap_impact(GroupCounts.of("f", [("a", 5, 0), ("b", 7, 0)]))
    assert nobody.no_referent == nobody.replicates
    assert nobody.ratios == (None, None) and nobody.highest == (0, 0)
    empty = bootstrap_impact(GroupCounts.of("f", []))
    assert empty.rates == ()
    absent = bootstrap_impact(GroupCounts.of("f", [("a", 0, 0)]))
    assert absent.rates == (None,)


@settings(max_examples=20)
@given(st.permutations(range(4)))
def test_the_order_of_the_groups_does_not_matter(order: list[int]) -> None:
    turned = GroupCounts(
        FOUR.features,
        tuple(FOUR.groups[i] for i in order),
        FOUR.assessed[order],
        FOUR.selected[order],
    )
    one, other = (bootstrap_impact(c, Resampling(replicates=300)) for c in (FOUR, turned))
    assert other.rates == tuple(one.rates[i] for i in order)
    assert other.ratios == tuple(one.ratios[i] for i in order)
    assert other.highest == tuple(one.highest[i] for i in order)


def test_any_statistic_with_undefined_replicates() -> None:
    counts = np.array([[1, 0], [10, 20]])
    result = bootstrap(counts, rates, how=Resampling(replicates=2000))
    assert result.estimate == pytest.approx([1.0, 1 / 3])
    assert 500 < result.undefined[0] < 1000 and result.undefined[1] == 0
    interval = result.interval(0)
    assert interval is not None and (interval.low, interval.high) == (1, 1)
    never = bootstrap(np.array([[0, 0], [3, 4]]), rates, how=Resampling(replicates=50))
    assert never.interval(0) is None and never.interval(1) is not None


def test_percentiles_without_the_undefined_match_numpy() -> None:
    counts = np.array([[2, 1], [10, 20]])
    how = Resampling(replicates=3000)
    result = bootstrap(counts, rates, how=how)
    drawn = np.concatenate([rates(chunk) for chunk in resample(counts, how)])
    low, high = np.nanquantile(drawn, [0.025, 0.975], axis=0)
    assert result.low == pytest.approx(low) and result.high == pytest.approx(high)


def test_many_groups_get_fewer_replicates_and_a_note() -> None:
    how, notes = bounded(Resampling(), 2000)
    assert how.replicates == 2000 and [note.code for note in notes] == ["fewer_replicates"]
    assert bounded(Resampling(), 14) == (Resampling(), ())


def test_ten_thousand_replicates_over_fourteen_groups_are_quick() -> None:
    generator = np.random.default_rng(5)
    assessed = generator.integers(10_000, 10_000_000, 14)
    counts = GroupCounts(("f",), tuple((str(i),) for i in range(14)), assessed, assessed // 3)
    started = time.process_time()
    assert bootstrap_impact(counts).replicates == 10_000
    assert time.process_time() - started < 1.0
