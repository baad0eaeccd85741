"""The sweep over cut scores."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness.sweep import Sweep, sweep
from fairness.types import Note, ScoreCounts


def histogram(rows: list[list[int]], values: list[float] | None = None) -> ScoreCounts:
    counts = np.array(rows, np.int64)
    size = counts.shape[1]
    return ScoreCounts(
        ("sex",),
        tuple((f"g{i}",) for i in range(len(rows))),
        "score",
        np.array(values if values is not None else range(size), np.float64),
        counts,
        np.zeros(size, np.int64),
    )


def swept(counts: ScoreCounts, exclude_under: float | None = None) -> Sweep:
    result = sweep(counts, exclude_under=exclude_under)
    assert isinstance(result, Sweep)
    return result


tables = st.integers(2, 4).flatmap(
    lambda groups: st.integers(1, 6).flatmap(
        lambda size: st.lists(
            st.lists(st.integers(0, 12), min_size=size, max_size=size),
            min_size=groups,
            max_size=groups,
        )
    )
)


def test_ricci_at_the_cut_of_70(shared_data: Path) -> None:
    frame = pd.read_csv(shared_data / "fairness" / "algofairness" / "ricci.csv")
    frame = frame[frame["Position"] == "Captain"]
    values = np.unique(frame["Combine"])
    races = ("W", "B", "H")
    rows = [
        [int(((frame["Combine"] == v) & (frame["Race"] == r)).sum()) for v in values] for r in races
    ]
    result = swept(histogram(rows, values.tolist()))
    at = int(np.searchsorted(result.cuts, 70.0))
    assert result.selected[at].tolist() == [16, 3, 3]
    assert result.assessed.tolist() == [25, 8, 8]
    assert result.ratios[at, 1] == pytest.approx(0.5859375, abs=1e-12)
    assert result.below[at].tolist() == [False, True, True]


def test_exactly_four_fifths_is_kept() -> None:
    result = swept(histogram([[36, 64], [20, 80]]))
    assert result.ratios[1, 0] == pytest.approx(0.8)
    assert not result.below.any()
    (kept,) = result.kept
    assert (kept.low, kept.high, kept.cuts) == (0.0, 1.0, 2)
    assert kept.share_at_low == 1.0
    assert kept.share_at_high == pytest.approx(144 / 200)


def test_range_of_cuts_that_keep_four_fifths_is_interrupted() -> None:
    result = swept(histogram([[1, 5, 0, 4], [1, 0, 5, 4]]))
    assert result.below.any(axis=1).tolist() == [False, False, True, False]
    assert [(r.low, r.high) for r in result.kept] == [(0.0, 1.0), (3.0, 3.0)]


def test_excluded_group_is_shown_but_sets_no_reference() -> None:
    counts = histogram([[500, 500], [600, 400], [0, 3]])
    assert swept(counts).reference[1] == 2
    result = swept(counts, exclude_under=0.02)
    assert result.reference[1] == 0
    assert result.ratios[1, 2] == 2.0
    assert result.excluded == (("g2",),)


def test_all_tied_empty_and_nobody() -> None:
    tied = swept(histogram([[4], [9]]))
    assert tied.rates.tolist() == [[1.0, 1.0]]
    assert not tied.below.any()
    with_empty = swept(histogram([[4, 1], [0, 0]]))
    assert with_empty.groups == (("g0",),)
    assert "groups_left_out" in {note.code for note in with_empty.notes}
    nobody = sweep(histogram([[0, 0], [0, 0]]))
    assert isinstance(nobody, Note)
    assert nobody.code == "no_scores"


def test_bins_are_cut_at_their_lower_edge_and_many_cuts_are_thinned() -> None:
    base = histogram([[1] * 50, [1] * 50], [i + 0.5 for i in range(50)])
    binned = ScoreCounts(
        base.features, base.groups, "score", base.values, base.counts, base.unknown, 1.0
    )
    result = sweep(binned, most_cuts=7)
    assert isinstance(result, Sweep)
    assert len(result.cuts) == 7
    assert (result.cuts[0], result.cuts[-1]) == (0.0, 49.0)
    assert "cuts_thinned" in {note.code for note in result.notes}


@given(tables)
def test_rates_fall_with_the_cut_and_match_a_plain_count(rows: list[list[int]]) -> None:
    result = sweep(histogram(rows))
    if isinstance(result, Note):
        assert not np.array(rows).any()
        return
    assert (np.diff(result.rates, axis=0) <= 0).all()
    assert (result.ratio_low <= result.ratio_high).all()
    for row in result.rows():
        persons = rows[int(row.group[0][1:])]
        assert row.selected == sum(persons[int(row.cut) :])
        assert row.ratio.value is not None
        assert 0 <= row.ratio.value <= 1
        best = rows[int(row.reference[0][1:])]
        x2, n2 = sum(best[int(row.cut) :]), sum(best)
        assert row.below_four_fifths == (5 * row.selected * n2 < 4 * x2 * row.assessed)


@given(tables, st.randoms(use_true_random=False))
def test_order_of_groups_does_not_matter(rows: list[list[int]], random: object) -> None:
    counts = histogram(rows)
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]
    moved = ScoreCounts(
        counts.features,
        tuple(counts.groups[i] for i in order),
        counts.score,
        counts.values,
        counts.counts[order],
        counts.unknown,
    )
    first, second = sweep(counts), sweep(moved)
    if isinstance(first, Note) or isinstance(second, Note):
        assert first == second
        return
    position = [second.groups.index(group) for group in first.groups]
    assert (first.ratios == second.ratios[:, position]).all()
    assert first.kept == second.kept


def test_a_thousand_cuts_of_fourteen_groups_take_milliseconds() -> None:
    rng = np.random.default_rng(0)
    counts = histogram(rng.integers(0, 200, (14, 1000)).tolist())
    took = []
    for _ in range(3):
        start = time.perf_counter()
        result = swept(counts)
        took.append(time.perf_counter() - start)
    assert result.rates.shape == (1000, 14)
    assert min(took) < 0.25, "milliseconds on an idle machine; a wide margin for a busy one"
