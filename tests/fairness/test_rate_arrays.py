"""Rates for whole arrays: exact, and the same as one pair at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness import intervals, rates
from fairness.draws import MOST_DEALT, deal, share_as_large, stream
from fairness.rate_arrays import (
    below_four_fifths,
    highest,
    largest_groups,
    ratio_bounds,
    wilson_bounds,
)
from fairness.types import GroupCounts

rows = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 50)).map(lambda p: (min(p), max(p))),
    min_size=1,
    max_size=6,
)


def arrays(
    counts: list[tuple[int, int]],
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.int64]], ...]:
    return np.array([[x for x, _ in counts]], np.int64), np.array([n for _, n in counts], np.int64)


@given(rows)
def test_highest_and_four_fifths_agree_with_fractions(counts: list[tuple[int, int]]) -> None:
    selected, assessed = arrays(counts)
    groups = [(f"g{i}",) for i in range(len(counts))]
    best = highest(selected, assessed, groups=groups, eligible=assessed > 0)
    table = GroupCounts(("a",), tuple(groups), assessed, selected[0])
    expected = rates.highest_groups(table)
    if not selected.any():
        assert best[0] == -1
        return
    assert best[0] == expected[0]
    below = below_four_fifths(selected, assessed, reference=best)[0]
    for i in range(len(counts)):
        pair = rates.Pair.of(table, i, reference=int(best[0]))
        assert below[i] == bool(rates.below_four_fifths(pair))


@given(rows)
def test_wilson_is_that_of_one_rate(counts: list[tuple[int, int]]) -> None:
    selected, assessed = arrays(counts)
    low, high = wilson_bounds(selected[0], assessed, level=0.9)
    for i, (x, n) in enumerate(counts):
        expected = intervals.wilson(x, n, level=0.9)
        if expected is None:
            assert (low[i], high[i]) == (0, 1)
        else:
            assert (low[i], high[i]) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_exactly_four_fifths_of_billions_is_not_below() -> None:
    selected = np.array([[64 * 10**15, 80 * 10**15, 64 * 10**15 - 1]], np.int64)
    assessed = np.array([10**17, 10**17, 10**17], np.int64)
    groups = [("a",), ("b",), ("c",)]
    best = highest(selected, assessed, groups=groups, eligible=np.ones(3, np.bool_))
    assert best[0] == 1
    below = below_four_fifths(selected, assessed, reference=best)
    assert below.tolist() == [[False, False, True]]


def test_ratio_bounds_are_near_the_score_interval() -> None:
    low, high = ratio_bounds(
        (np.array([170]), np.array([390])), (np.array([412]), np.array([797])), level=0.95
    )
    expected = intervals.ratio_score(rates.Pair(170, 390, 412, 797))
    assert expected is not None
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high), abs=0.005)


def test_largest_groups_keep_their_order() -> None:
    persons = np.array([5, 0, 9, 5, 7], np.int64)
    groups = [("e",), ("d",), ("c",), ("b",), ("a",)]
    assert largest_groups(groups, persons, most=9).tolist() == [0, 2, 3, 4]
    assert largest_groups(groups, persons, most=3).tolist() == [2, 3, 4]


def test_draws_depend_on_seed_and_names_and_deal_everybody() -> None:
    assert stream(1, ("a", "b")).integers(1 << 40) == stream(1, ("a", "b")).integers(1 << 40)
    assert stream(1, ("a", "b")).integers(1 << 40) != stream(2, ("a", "b")).integers(1 << 40)
    persons = np.array([10, 0, 30], np.int64)
    few = deal(stream(0, ()), persons, taken=12, draws=50)
    assert (few.sum(axis=1) == 12).all()
    assert (few <= persons).all()
    many = deal(stream(0, ()), persons * MOST_DEALT, taken=1000, draws=50)
    assert (many.sum(axis=1) == 1000).all()
    assert many.mean(axis=0) == pytest.approx([250, 0, 750], abs=15)
    assert share_as_large(np.array([0.0, 1.0, 2.0]), 1.0) == 0.75
