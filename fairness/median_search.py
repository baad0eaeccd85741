"""Exact medians of scores with very many values, by narrowing intervals in SQL.

Each pass splits the interval that must hold a median into 1024 parts, counts them, and keeps from
the smallest to the largest score of the parts with the two middle ranks. No pass holds more than
counts; the last one fetches the few thousand scores that are left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from fairness.counting import fetched, tables
from fairness.cube_parts import Histogram, MedianTable, halves
from fairness.rows import Rows
from fairness.sources import quoted
from fairness.tables import Table
from fairness.types import Floats, Ints

# Scores that the last pass may fetch in all, and passes at most (each narrows by 1024).
_FETCHED = 200_000
_PASSES = 8
_PARTS = 1024


@dataclass(frozen=True, slots=True)
class _Search:
    """Where the two middle scores of one level lie; ranks count from 1 within low..high."""

    level: int
    low: float
    high: float
    lower_rank: int
    upper_rank: int
    inside: int
    persons: int


def median_table(
    rows: Rows,
    score: str,
    axis: str | None,
    feature_sets: Sequence[tuple[str, ...]],
    histograms: Sequence[Histogram] = (),
) -> list[MedianTable]:
    """Medians of everybody or of each level of `axis`, and who is above, per set of features.

    `histograms`: of everybody, one per set; they spare passes over all rows.
    """
    if not feature_sets:
        return []
    levels = len(rows.axes[axis]) if axis else 1
    source = _source(rows, score, axis)
    first = _from_histogram(rows, histograms) if axis is None else None
    searches = [first] if first else _start(rows, source)
    few = max(_FETCHED // max(len(searches), 1), 100)
    for _ in range(_PASSES):
        open_ = [s for s in searches if s.inside > few and s.low < s.high]
        if not open_:
            break
        done = [s for s in searches if s not in open_]
        searches = done + _narrowed(rows, source, open_)
    lower, upper = np.full(levels, np.nan), np.full(levels, np.nan)
    tied, persons = np.zeros(levels, np.int64), np.zeros(levels, np.int64)
    left = _fetched(rows, source, searches)
    for search in searches:
        a, b, ties = _finished(search, *left[search.level])
        lower[search.level], upper[search.level] = a, b
        tied[search.level], persons[search.level] = ties, search.persons
    if first:
        found = [_above_bins(rows, h, first, (lower[0], upper[0])) for h in histograms]
    else:
        found = _above(rows, score, axis, feature_sets, (lower, upper))
    return [MedianTable(score, axis, lower, upper, tied, persons, table) for table in found]


def _from_histogram(rows: Rows, histograms: Sequence[Histogram]) -> _Search | None:
    """The bins of the two middle scores; None where no histogram has who counts."""
    over = rows.spec.known_over if rows.spec.median_over == "known" else ()
    dims = [f"feature:{f}" for f in over]
    fitting = next((h for h in histograms if set(dims) <= set(h.table.dims)), None)
    if fitting is None or not fitting.grid.size:
        return None
    known = np.ones(len(fitting.table.codes), bool)
    for dim in dims:
        known &= fitting.table.dim(dim) >= 0
    counts = np.zeros(fitting.grid.size, np.int64)
    np.add.at(counts, fitting.table.dim("score")[known], fitting.table.measure("n")[known])
    persons = int(counts.sum())
    if not persons:
        return None
    low, high = halves(counts)
    below, grid = int(counts[:low].sum()), fitting.grid
    return _Search(
        0,
        (grid.first + low) * grid.width,
        # The next bin begins where this one ends.
        float(np.nextafter((grid.first + high + 1) * grid.width, -np.inf)),
        (persons + 1) // 2 - below,
        persons // 2 + 1 - below,
        int(counts[low : high + 1].sum()),
        persons,
    )


def _source(rows: Rows, score: str, axis: str | None) -> str:
    """Level, score and weight of everybody who counts into the median."""
    value = quoted(f"s_{score}")
    tests = [f"{value} IS NOT NULL", *([f"{quoted(axis)} IS NOT NULL"] if axis else [])]
    if rows.spec.median_over == "known":
        tests += [f"{quoted('feature:' + f)} IS NOT NULL" for f in rows.spec.known_over]
    level = quoted(axis) if axis else "0::SMALLINT"
    return (
        f"SELECT {level} AS level, {value} AS score, n FROM ({rows.coded(scores=True)}) "
        f"WHERE {' AND '.join(tests)}"
    )


def _start(rows: Rows, source: str) -> list[_Search]:
    found = rows.con.execute(
        f"SELECT level, min(score), max(score), sum(n)::BIGINT FROM ({source}) GROUP BY level"
    ).fetchall()
    return [
        _Search(level, low, high, (n + 1) // 2, n // 2 + 1, n, n) for level, low, high, n in found
    ]


def _narrowed(rows: Rows, source: str, searches: Sequence[_Search]) -> list[_Search]:
    rows.con.register("searches", _intervals(searches))
    # Halves keep the width finite for scores at both ends of what a double holds.
    part = f"floor((score / 2 - low / 2) / (high / 2 - low / 2) * {_PARTS})"
    found = rows.con.execute(
        f"SELECT level, least({part}, {_PARTS - 1})::INTEGER AS part, min(score), max(score), "
        f"sum(n)::BIGINT FROM ({source}) JOIN searches USING (level) "
        "WHERE score BETWEEN low AND high GROUP BY ALL ORDER BY level, part"
    ).fetchall()
    rows.con.unregister("searches")
    return [_within(s, [row[2:] for row in found if row[0] == s.level]) for s in searches]


def _within(search: _Search, parts: Sequence[tuple[float, float, int]]) -> _Search:
    """The search narrowed to the parts that hold the two ranks."""
    ends = np.cumsum([n for _, _, n in parts])
    first = int(np.searchsorted(ends, search.lower_rank))
    last = int(np.searchsorted(ends, search.upper_rank))
    below = int(ends[first - 1]) if first else 0
    return replace(
        search,
        low=parts[first][0],
        high=parts[last][1],
        lower_rank=search.lower_rank - below,
        upper_rank=search.upper_rank - below,
        inside=int(ends[last]) - below,
    )


def _intervals(searches: Sequence[_Search]) -> pa.Table:
    return pa.table(
        {
            "level": pa.array([s.level for s in searches], pa.int16()),
            "low": pa.array([s.low for s in searches], pa.float64()),
            "high": pa.array([s.high for s in searches], pa.float64()),
        }
    )


def _fetched(
    rows: Rows, source: str, searches: Sequence[_Search]
) -> dict[int, tuple[Floats, Ints]]:
    """The scores that are left of each search, rising, and how often each occurs."""
    rows.con.register("searches", _intervals(searches))
    columns = fetched(
        rows.con,
        f"SELECT level, score, sum(n)::BIGINT AS n FROM ({source}) JOIN searches USING (level) "
        "WHERE score BETWEEN low AND high GROUP BY ALL ORDER BY level, score",
    )
    rows.con.unregister("searches")
    level = np.asarray(columns["level"])
    scores, counts = np.asarray(columns["score"], np.float64), np.asarray(columns["n"], np.int64)
    return {s.level: (scores[level == s.level], counts[level == s.level]) for s in searches}


def _finished(search: _Search, scores: Floats, counts: Ints) -> tuple[float, float, int]:
    """The two middle scores, and how many equal both."""
    ends = np.cumsum(counts)
    first = int(np.searchsorted(ends, search.lower_rank))
    last = int(np.searchsorted(ends, search.upper_rank))
    tied = int(counts[first]) if first == last else 0
    return float(scores[first]), float(scores[last]), tied


def _above_bins(rows: Rows, part: Histogram, first: _Search, middles: tuple[float, float]) -> Table:
    """`_above` for everybody: whole bins from the histogram, the middle ones from the rows."""
    facts = next(s for s in rows.spec.scores if s.name == part.score)
    value, grid = quoted(f"s_{part.score}"), part.grid
    low, high = (int(np.floor(end / grid.width)) - grid.first for end in (first.low, first.high))
    n, bins = part.table.measure("n"), part.table.dim("score")
    beyond = bins > high if facts.higher_is_better else bins < low
    dims = tuple(d for d in part.table.dims if d.startswith("feature:"))
    counts = np.stack([n, np.where(beyond, n, 0)], axis=1)
    whole = Table(part.table.dims, ("n", "above"), part.table.codes, counts).over(dims)
    source = (
        f"SELECT * FROM ({rows.coded(scores=True)}) "
        f"WHERE {value} BETWEEN {first.low!r} AND {first.high!r}"
    )
    test = _favourable(value, facts.higher_is_better, [_number(m) for m in _edges(*middles)])
    measures = {"n": "0", "above": f"coalesce(sum(n) FILTER ({test}), 0)"}
    return whole.added(tables(rows.con, source, [dims], measures)[0])


def _edges(lower: Floats | float, upper: Floats | float) -> list[Floats]:
    """The two middle scores and their mean."""
    a, b = np.asarray(lower, np.float64), np.asarray(upper, np.float64)
    return [a, b, np.where(a == b, a, a / 2 + b / 2)]


def _number(value: Floats) -> str:
    return "NULL::DOUBLE" if np.isnan(value) else f"({float(value)!r})"


def _favourable(value: str, higher: bool, edges: Sequence[str]) -> str:
    """Whether a score is strictly on the favourable side, as in `fairness.medians`."""
    low, high, mean = edges
    if higher:
        return f"{value} > {low} AND ({value} >= {high} OR {value} > {mean})"
    return f"{value} < {high} AND ({value} <= {low} OR {value} < {mean})"


def _above(
    rows: Rows,
    score: str,
    axis: str | None,
    feature_sets: Sequence[tuple[str, ...]],
    medians: tuple[Floats, Floats],
) -> list[Table]:
    """Persons with a score, and those strictly on the favourable side of their level's median."""
    facts = next(s for s in rows.spec.scores if s.name == score)
    value, edges = quoted(f"s_{score}"), _edges(*medians)
    source = f"SELECT * FROM ({rows.coded(scores=True)}) WHERE {value} IS NOT NULL"
    names = ["low_middle", "high_middle", "mean_middle"]
    if axis:
        arrays = [pa.array(e, pa.float64(), from_pandas=True) for e in edges]
        arrays.append(pa.array(np.arange(len(edges[0])), pa.int16()))
        rows.con.register("medians", pa.table(arrays, names=[*names, "median_level"]))
        source = f"SELECT * FROM ({source}) JOIN medians ON {quoted(axis)} = median_level"
    else:
        names = [_number(e[0]) for e in edges]
    test = _favourable(value, facts.higher_is_better, names)
    layouts = [((axis,) if axis else ()) + tuple(s) for s in feature_sets]
    measures = {"n": "sum(n)", "above": f"coalesce(sum(n) FILTER ({test}), 0)"}
    found = tables(rows.con, source, layouts, measures)
    if axis:
        rows.con.unregister("medians")
    return found
