"""What is left out of a table cannot be worked out from what is left in."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fairness.spec_parts import Suppression
from fairness.suppression import SuppressedTable, suppress
from fairness.types import GroupCounts, Ints

POLICY = Suppression(below=5)


def test_without_a_threshold_nothing_is_left_out() -> None:
    (table,) = suppress([GroupCounts.of("sex", [("F", 3, 1), ("M", 2, 1)])], Suppression())
    assert table.rows == ((("F",), 3, 1), (("M",), 2, 1))
    assert table.note is None


def test_a_single_small_group_takes_the_next_smallest_with_it() -> None:
    counts = GroupCounts.of("race", [("A", 100, 50), ("B", 3, 1), ("C", 40, 20), ("D", 60, 30)])
    (alone,) = suppress([counts], Suppression(below=5, complementary=False))
    assert alone.hidden.tolist() == [False, True, False, False]
    (table,) = suppress([counts], POLICY)
    assert table.hidden.tolist() == [False, True, True, False]
    assert table.small.tolist() == [False, True, False, False]
    assert table.rows[1] == (("B",), None, None)
    assert table.note is not None
    assert table.note.facts == {"left_out": 2}


def test_few_selected_or_few_rejected_are_small_too() -> None:
    counts = GroupCounts.of("race", [("A", 100, 2), ("B", 100, 98), ("C", 100, 0), ("D", 9, 9)])
    (table,) = suppress([counts], Suppression(below=5, complementary=False))
    assert table.hidden.tolist() == [True, True, False, False]


def test_the_unknown_are_a_group_too() -> None:
    counts = GroupCounts(("sex",), (("F",), ("M",)), np.array([50, 60]), np.array([20, 30]), 2, 1)
    (table,) = suppress([counts], POLICY)
    assert table.unknown == (None, None)
    assert table.hidden.tolist() == [True, False]


def tables(cells: list[list[tuple[int, int]]]) -> list[GroupCounts]:
    """A two-way table and its two margins."""
    n = np.array([[c[0] for c in row] for row in cells])
    x = np.array([[min(c) for c in row] for row in cells])
    rows = [(f"r{i}",) for i in range(len(n))]
    columns = [(f"c{j}",) for j in range(len(n[0]))]
    both = tuple((r[0], c[0]) for r, c in itertools.product(rows, columns))
    return [
        GroupCounts(("row", "column"), both, n.reshape(-1), x.reshape(-1)),
        GroupCounts(("row",), tuple(rows), n.sum(axis=1), x.sum(axis=1)),
        GroupCounts(("column",), tuple(columns), n.sum(axis=0), x.sum(axis=0)),
    ]


def test_margins_do_not_give_a_cell_away() -> None:
    found = suppress(tables([[(3, 1), (40, 20), (50, 20)], [(60, 9), (70, 9), (80, 9)]]), POLICY)
    grid = found[0].hidden.reshape(2, 3)
    assert grid[0, 0]
    # Both its row and its column have another hole, or their margins have one.
    assert grid[0].sum() > 1 or found[1].hidden[0]
    assert grid[:, 0].sum() > 1 or found[2].hidden[0]


CELL = st.tuples(st.integers(0, 9), st.integers(0, 9))


def fitting(found: Sequence[SuppressedTable], total: int) -> Ints:
    """Every two-by-two table of whole counts with this total that gives the same publication."""
    a, b, c = np.meshgrid(*[np.arange(total + 1)] * 3, indexing="ij")
    d = total - a - b - c
    grids = np.stack([a, b, c, d], axis=-1).reshape(-1, 4)
    grids = grids[grids[:, 3] >= 0]
    sums = (np.eye(4), [[1, 1, 0, 0], [0, 0, 1, 1]], [[1, 0, 1, 0], [0, 1, 0, 1]])
    for table, matrix in zip(found, sums, strict=True):
        shown = grids @ np.array(matrix, np.int64).T
        same = (shown == table.counts.assessed) | table.hidden
        keep = same.all(axis=1)
        grids = grids[keep]
    return grids


@settings(max_examples=40)
@given(st.lists(st.lists(CELL, min_size=2, max_size=2), min_size=2, max_size=2))
def test_other_counts_give_the_same_publication(cells: list[list[tuple[int, int]]]) -> None:
    every = tables(cells)
    found = suppress(every, POLICY)
    grids = fitting(found, int(every[0].assessed.sum()))
    assert (grids == every[0].assessed).all(axis=1).any()
    for group in np.flatnonzero(found[0].small):
        assert len(np.unique(grids[:, group])) > 1
