"""From validated rows to a cube: the only step that sees persons.

    with open_rows(path, spec) as rows:
        cube = build(rows)

Scores stay exact while there are at most 4096 different ones; else they are counted in bins whose
width is a power of two, and the median and who is above it are worked out exactly beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from audit.errors import DataInvalid
from fairness.counting import codes_of, fetched, tables
from fairness.cube import Cube
from fairness.cube_merge import BINS, bin_width
from fairness.cube_parts import EVENTS, Grid, Histogram, MedianTable, MomentTable, ScoreFacts
from fairness.item_tables import item_tables
from fairness.layouts import DECISIONS, Layouts
from fairness.median_search import median_table
from fairness.rows import Rows, open_rows
from fairness.sources import quoted
from fairness.spec import AuditSpec
from fairness.tables import Table
from fairness.types import Note
from fairness.validation import unknown_note

EXACT_SCORES = 4096
# Histograms along axes may have as few bins as the last of these.
_FEWER_BINS = (BINS, 256, 64)
# Levels of an axis up to which each gets an exact median of a binned score.
_MEDIAN_LEVELS = 2000
# Products of scores above this would leave 128-bit integers in sums over 10^8 persons.
_LARGEST = 1e14


def cube_of(data: Any, spec: AuditSpec, *, ratings: Any = None) -> Cube:
    """The cube of a table: see `fairness.rows.open_rows`."""
    with open_rows(data, spec, ratings=ratings) as rows:
        return build(rows)


def build(rows: Rows) -> Cube:
    """Count the rows. Nothing in the result tells of a single person beyond small counts."""
    spec = rows.spec
    sizes = {c.dim: len(c.levels) + 1 for c in rows.codings.values()}
    features = [f"feature:{f}" for f in rows.features]
    named = [*spec.tables, *([spec.known_over] if spec.median_over == "known" else [])]
    layouts = Layouts(
        {axis: sizes[axis] for axis in rows.axes},
        {f: sizes[f] for f in features},
        rows.count,
        spec.limits.cells,
        tuple(tuple(f"feature:{f}" for f in table) for table in named if table),
        decisions=3 * (3 if "label" in rows.codings else 1),
    )
    persons = _persons(rows, layouts)
    histograms: list[Histogram] = []
    medians: list[MedianTable] = []
    for name in rows.scores:
        own = _histograms(rows, layouts, name)
        histograms += own
        if any(h.grid.width for h in own):
            medians += _medians(rows, layouts, name, own)
    return Cube(
        spec_hash=spec.sha256,
        axes=rows.axes,
        feature_levels={f: rows.levels(f) for f in rows.features},
        score_facts=tuple(ScoreFacts(s.name, s.higher_is_better, s.cut) for s in spec.scores),
        persons=tuple(persons),
        histograms=tuple(histograms),
        median_tables=tuple(medians),
        moment_tables=tuple(_moments(rows, layouts)),
        item_tables=item_tables(rows),
        undeclared=rows.undeclared,
        median_over=spec.median_over,
        known_over=spec.known_over,
        intersections=spec.tables,
        notes=(*rows.notes, *_notes(rows, persons)),
    )


def _persons(rows: Rows, layouts: Layouts) -> list[Table]:
    measures = {"n": "sum(n)"}
    for kind in EVENTS:
        if kind in rows.codings:
            measures[kind] = f"coalesce(sum(n) FILTER ({kind} = 1), 0)"
            measures[f"{kind}:known"] = f"coalesce(sum(n) FILTER ({kind} IS NOT NULL), 0)"
    wanted = [(*dims, *DECISIONS) for dims in layouts.of()]
    return tables(rows.con, rows.coded(scores=False), wanted, measures)


def _histograms(rows: Rows, layouts: Layouts, name: str) -> list[Histogram]:
    """One histogram per layout, exact or in the bins that keep it within the limit of cells."""
    exact = _exact_values(rows, name)
    facts = rows.numbers[f"s_{name}"]
    by_grid: dict[float, tuple[Grid, list[tuple[str, ...]]]] = {}
    for features in layouts.feature_sets():
        for axes in _axis_sets(layouts, features):
            grid = _grid(layouts, axes, features, exact, (facts.low, facts.high))
            by_grid.setdefault(grid.width, (grid, []))[1].append((*axes, *features))
    result = []
    for grid, wanted in by_grid.values():
        result += _counted(rows, name, grid, wanted)
    return result


def _axis_sets(layouts: Layouts, features: Sequence[str]) -> list[tuple[str, ...]]:
    """No axis, for the finest bins; and all axes, or those kept together with these features."""
    chosen = set(features)
    kept = [
        tuple(d for d in dims if d in layouts.axes)
        for dims in layouts.of()
        if {d for d in dims if d not in layouts.axes} == chosen
    ]
    return list(dict.fromkeys([(), *kept]))


def _exact_values(rows: Rows, name: str) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    """The different scores where they are few, rising; a sample spares counting many."""
    score = quoted(f"s_{name}")
    source = rows.counted.relation if rows.counted.scores else "keyed"
    sampled = rows.con.execute(
        f"SELECT count(DISTINCT {score}) FROM (SELECT {score} FROM {source} LIMIT 50000)"
    ).fetchone()
    if sampled and sampled[0] > EXACT_SCORES:
        return None
    found = rows.con.execute(
        f"SELECT DISTINCT {score} FROM {source} WHERE {score} IS NOT NULL LIMIT {EXACT_SCORES + 1}"
    ).fetchall()
    if len(found) > EXACT_SCORES:
        return None
    # Minus zero is zero.
    return np.unique(np.array([row[0] + 0.0 for row in found], np.float64))


def _grid(
    layouts: Layouts,
    axes: Sequence[str],
    features: Sequence[str],
    exact: np.ndarray[Any, np.dtype[np.float64]] | None,
    ends: tuple[float, float],
) -> Grid:
    if exact is not None and layouts.fits(axes, features, max(len(exact), 1)):
        return Grid(exact, size=len(exact))
    bins = next((b for b in _FEWER_BINS if layouts.fits(axes, features, b)), _FEWER_BINS[-1])
    width = bin_width(*ends, bins)
    first, last = (int(np.floor(end / width)) for end in ends)
    return Grid(np.empty(0), width, first, last - first + 1)


def _counted(
    rows: Rows, name: str, grid: Grid, wanted: Sequence[tuple[str, ...]]
) -> list[Histogram]:
    score = quoted(f"s_{name}")
    key = f"{score} + 0.0"
    if grid.width:
        # The bounds tell the engine that few bits hold the bin.
        place = f"(floor({score} / {grid.width!r}) - {grid.first})::INTEGER"
        key = f"least(greatest({place}, 0), {grid.size - 1})::SMALLINT"
    source = f"SELECT *, {key} AS bin FROM ({rows.coded(scores=True)}) WHERE {score} IS NOT NULL"
    layouts = [(*dims, *DECISIONS, "bin") for dims in wanted]
    if grid.width:
        found = tables(rows.con, source, layouts, {"n": "sum(n)"})
    else:
        values = grid.values
        found = [_exact_table(rows, source, dims, values) for dims in layouts]
    return [Histogram(name, grid, Table((*t.dims[:-1], "score"), *_rest(t))) for t in found]


def _rest(table: Table) -> tuple[Any, Any, Any]:
    return table.measures, table.codes, table.counts


def _exact_table(rows: Rows, source: str, dims: tuple[str, ...], values: Any) -> Table:
    columns = fetched(
        rows.con,
        f"SELECT {', '.join(map(quoted, dims))}, sum(n)::BIGINT AS n FROM ({source}) GROUP BY ALL",
    )
    codes = [codes_of(columns[d]) for d in dims[:-1]]
    codes.append(np.searchsorted(values, columns["bin"]).astype(np.int32))
    counts = np.asarray(columns["n"], np.int64)[:, None]
    return Table(dims, ("n",), np.stack(codes, axis=1), counts).combined()


def _medians(
    rows: Rows, layouts: Layouts, name: str, histograms: Sequence[Histogram]
) -> list[MedianTable]:
    """For everybody and for each level of each axis, with every set of features."""
    axes: list[str | None] = [None]
    axes += [a for a in layouts.axes if a != "stage" and layouts.axes[a] <= _MEDIAN_LEVELS]
    result = []
    for axis in axes:
        sets = [s for s in layouts.feature_sets() if layouts.fits([axis] if axis else [], s, 1)]
        plain = [h for h in histograms if h.grid.width and not set(h.table.dims) & {*layouts.axes}]
        result += median_table(rows, name, axis, sets, plain)
    return result


def _moments(rows: Rows, layouts: Layouts) -> list[MomentTable]:
    facts = rows.numbers.get("performance")
    if facts is None:
        return []
    result = []
    for name in rows.scores:
        own = rows.numbers[f"s_{name}"]
        scales = [_scale(f.low, f.high) for f in (own, facts)]
        for dims in layouts.of():
            result.append(_moment_table(rows, name, (*dims, *DECISIONS), scales[0], scales[1]))
    return result


def _scale(low: float, high: float) -> int:
    """Digits after the point to keep: eight or more below the largest value, at most ten."""
    largest = max(abs(low), abs(high), 1.0)
    if largest > _LARGEST:
        raise DataInvalid(
            f"values up to {largest:g} are too large to correlate; divide the column by a power "
            "of ten"
        )
    return max(0, 10 - int(np.ceil(np.log10(largest))))


def _moment_table(
    rows: Rows, name: str, dims: tuple[str, ...], x_scale: int, y_scale: int
) -> MomentTable:
    """Exact integer sums: the order of the rows and of the threads cannot change a digit."""
    spec = rows.spec
    x = f"round({quoted('s_' + name)} * 1e{x_scale})::HUGEINT"
    y = f"round(performance * 1e{y_scale})::HUGEINT"
    both = f"SELECT *, {x} AS x, {y} AS y FROM ({_rows_with_performance(rows)})"
    listed = ", ".join(map(quoted, dims))
    found = rows.con.execute(
        f"SELECT {listed}, sum(n), sum(x * n), sum(y * n), sum(x * x * n), sum(y * y * n), "
        f"sum(x * y * n) "
        f"FROM ({both}) WHERE x IS NOT NULL AND y IS NOT NULL GROUP BY {listed}"
    ).fetchmany(spec.limits.cells)
    width = len(dims)
    codes = np.array([[-1 if c is None else c for c in row[:width]] for row in found], np.int32)
    counts = np.empty((len(found), 6), dtype=object)
    for i, row in enumerate(found):
        counts[i] = [int(v) for v in row[width:]]
    measures = ("n", "x", "y", "xx", "yy", "xy")
    table = Table(dims, measures, codes.reshape(len(found), width), counts).combined()
    return MomentTable(name, x_scale, y_scale, table)


def _rows_with_performance(rows: Rows) -> str:
    """Codes, scores and performance of single rows."""
    return rows.coded_rows(["performance", *(f"s_{s}" for s in rows.scores)])


def _notes(rows: Rows, persons: Sequence[Table]) -> list[Note]:
    notes = []
    for feature in rows.features:
        table = next(t for t in persons if f"feature:{feature}" in t.dims)
        unknown = int(table.measure("n")[table.dim(f"feature:{feature}") < 0].sum())
        if unknown:
            notes.append(unknown_note(feature, unknown, rows.count))
    for axis in rows.axes:
        along = next((t for t in persons if axis in t.dims), None)
        missing = int(along.measure("n")[along.dim(axis) < 0].sum()) if along else 0
        if missing:
            text = f"{missing} of {rows.count} persons have no {axis}; no level of it counts them."
            notes.append(Note("axis_not_given", text, {"axis": axis, "missing": missing}))
    return notes
