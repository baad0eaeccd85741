"""Adding cubes: months, employers, shards. Counts of the union of their (disjoint) persons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from audit.errors import DataInvalid
from fairness.cube_parts import (
    CubeData,
    Grid,
    Histogram,
    ItemTable,
    MomentTable,
)
from fairness.tables import Table, natural
from fairness.types import Ints, Note

Levels = dict[str, tuple[str, ...]]
Part = TypeVar("Part", Histogram, MomentTable, ItemTable)

# An exact histogram keeps as many different scores as this after merging; beyond, it is binned.
EXACT_SCORES = 16_384
# Bins that a binned histogram is given.
BINS = 1024


def merged_fields(left: CubeData, right: CubeData) -> dict[str, Any]:
    """Fields of the sum of two cubes; DataInvalid where they do not count the same things.

    Levels are united by name, exact histograms stay exact, bins are brought to the coarser of the
    two widths. Exact medians of binned scores cannot be added: the merged cube knows such a median
    only to its bin and says so. Nobody may be in both cubes; counts cannot show it.
    """
    _comparable(left, right)
    axes = _united(left.axes, right.axes, left.undeclared)
    features = _united(left.feature_levels, right.feature_levels, left.undeclared)
    names = {**axes, **{f"feature:{k}": v for k, v in features.items()}}
    sides = [_Recoder(side, names) for side in (left, right)]
    notes = _notes(left, right)
    return {
        "spec_hash": left.spec_hash,
        "axes": axes,
        "feature_levels": features,
        "score_facts": left.score_facts,
        "persons": _tables([s.persons for s in sides]),
        "histograms": _parts([s.histograms for s in sides], _add_histograms),
        "median_tables": (),
        "moment_tables": _parts([s.moments for s in sides], _add_moments),
        "item_tables": _parts([s.items for s in sides], _add_items),
        "undeclared": left.undeclared,
        "median_over": left.median_over,
        "known_over": left.known_over,
        "intersections": left.intersections,
        "merged_from": left.merged_from + right.merged_from,
        "notes": notes,
    }


class _Recoder:
    """One cube's tables in the codes of the united levels."""

    def __init__(self, cube: CubeData, names: Mapping[str, tuple[str, ...]]) -> None:
        own = {**cube.axes, **{f"feature:{k}": v for k, v in cube.feature_levels.items()}}
        self._maps = {
            dim: np.array([names[dim].index(level) for level in levels], np.int64)
            for dim, levels in own.items()
        }
        self.persons = [self._recoded(t) for t in cube.persons]
        self.histograms = [
            Histogram(h.score, h.grid, self._recoded(h.table)) for h in cube.histograms
        ]
        self.moments = [
            MomentTable(m.score, m.x_scale, m.y_scale, self._recoded(m.table))
            for m in cube.moment_tables
        ]
        self.items = [
            ItemTable(i.item, i.matching, i.levels, i.width, self._recoded(i.table))
            for i in cube.item_tables
        ]

    def _recoded(self, table: Table) -> Table:
        return table.recoded(self._maps)


def _comparable(left: CubeData, right: CubeData) -> None:
    checks: list[tuple[str, object, object]] = [
        ("sensitive features", sorted(left.feature_levels), sorted(right.feature_levels)),
        ("axes", sorted(left.axes), sorted(right.axes)),
        (
            "scores (name, direction, cut)",
            sorted(map(repr, left.score_facts)),
            sorted(map(repr, right.score_facts)),
        ),
        ("who counts into the median", _median_rule(left), _median_rule(right)),
    ]
    for what, a, b in checks:
        if a != b:
            raise DataInvalid(
                f"these cubes count different things and cannot be added: {what} are {a} in one "
                f"and {b} in the other; build both under one specification"
            )


def _median_rule(cube: CubeData) -> tuple[str, tuple[str, ...]]:
    return cube.median_over, cube.known_over if cube.median_over == "known" else ()


def _united(
    left: Mapping[str, tuple[str, ...]],
    right: Mapping[str, tuple[str, ...]],
    undeclared: Sequence[str],
) -> Levels:
    """Levels of both; stages must come in one order."""
    result: Levels = {}
    for name, levels in left.items():
        if name == "stage" and right[name] != levels:
            raise DataInvalid(
                f"these cubes have different stages and cannot be added: {', '.join(levels)} and "
                f"{', '.join(right[name])}"
            )
        every = (*levels, *(x for x in right[name] if x not in levels))
        result[name] = tuple(sorted(every, key=natural)) if name in undeclared else every
    return result


def _tables(sides: Sequence[Sequence[Table]]) -> tuple[Table, ...]:
    """Sums of the tables that both sides can give: the coarser of their layouts."""
    layouts = _common([[t.dims for t in side] for side in sides])
    return tuple(_sum([_at(side, dims) for side in sides]) for dims in layouts)


def _common(sides: Sequence[Sequence[tuple[str, ...]]]) -> list[tuple[str, ...]]:
    """Layouts of either side that the other side has too, or can be summed to."""
    found: list[tuple[str, ...]] = []
    for mine, theirs in (sides, sides[::-1]):
        for dims in mine:
            fits = any(set(dims) <= set(other) for other in theirs)
            if fits and not any(set(dims) == set(f) for f in found):
                found.append(dims)
    return found


def _at(tables: Sequence[Table], dims: tuple[str, ...]) -> Table:
    source = min((t for t in tables if set(dims) <= set(t.dims)), key=lambda t: len(t.codes))
    return source.over(dims)


def _sum(tables: Sequence[Table]) -> Table:
    """The sum of two tables; an event that only one side knows is unknown on the other."""
    left, right = tables
    measures = (*left.measures, *(m for m in right.measures if m not in left.measures))
    return _widened(left, measures).added(_widened(right, measures))


def _widened(table: Table, measures: tuple[str, ...]) -> Table:
    columns = [
        table.measure(m) if m in table.measures else np.zeros(len(table.codes), np.int64)
        for m in measures
    ]
    return Table(table.dims, measures, table.codes, np.stack(columns, axis=1))


def _parts(sides: Sequence[Sequence[Part]], add: Any) -> tuple[Part, ...]:
    """Pairs of the same score or question, at each layout that both sides can give, added."""
    left, right = sides
    result: list[Part] = []
    for name in dict.fromkeys(_name(p) for p in left):
        pair = [[p for p in side if _name(p) == name] for side in (left, right)]
        if not pair[1]:
            continue
        for dims in _common([[p.table.dims for p in side] for side in pair]):
            chosen = [
                min(
                    (p for p in side if set(dims) <= set(p.table.dims)),
                    key=lambda p: len(p.table.codes),
                )
                for side in pair
            ]
            result.append(add(*chosen, dims))
    return tuple(result)


def _name(part: Histogram | MomentTable | ItemTable) -> str:
    return part.item if isinstance(part, ItemTable) else part.score


def _add_histograms(left: Histogram, right: Histogram, dims: tuple[str, ...]) -> Histogram:
    left_map, right_map, grid = _one_grid(left.grid, right.grid)
    tables = [
        part.table.over(dims).recoded({"score": codes})
        for part, codes in ((left, left_map), (right, right_map))
    ]
    return Histogram(left.score, grid, tables[0].added(tables[1]))


def _one_grid(left: Grid, right: Grid) -> tuple[Ints, Ints, Grid]:
    """New codes of both sides' codes, and the grid that they stand for."""
    if left.width == right.width == 0.0:
        values = np.union1d(left.values, right.values)
        if len(values) <= EXACT_SCORES:
            maps = [np.searchsorted(values, g.values) for g in (left, right)]
            return maps[0], maps[1], Grid(values, size=len(values))
        width = bin_width(float(values[0]), float(values[-1]), BINS)
    else:
        width = max(left.width, right.width)
    coarse = [left.coarser(width), right.coarser(width)]
    filled = [g for g, _ in coarse if g.size]
    first = min((g.first for g in filled), default=0)
    end = max((g.first + g.size for g in filled), default=0)
    moved = [codes + (g.first - first) for g, codes in coarse]
    return moved[0], moved[1], Grid(np.empty(0), width, first, end - first)


def bin_width(low: float, high: float, bins: int) -> float:
    """The smallest power of two that covers low..high in at most `bins` (64 or more) bins.

    Never finer than 2^-50 of the largest value, so that the number of a bin is an exact integer.
    """
    largest = max(abs(low), abs(high), 2.0**-900)
    span = max(high / 2 - low / 2, largest * 2.0**-41) * 2
    width = float(2.0 ** np.floor(np.log2(span / bins)))
    while np.floor(high / width) - np.floor(low / width) + 1 > bins:
        width *= 2.0
    return width


def _add_moments(left: MomentTable, right: MomentTable, dims: tuple[str, ...]) -> MomentTable:
    x_scale, y_scale = max(left.x_scale, right.x_scale), max(left.y_scale, right.y_scale)
    a, b = (part.rescaled(x_scale, y_scale) for part in (left, right))
    return MomentTable(left.score, x_scale, y_scale, a.table.over(dims).added(b.table.over(dims)))


def _add_items(left: ItemTable, right: ItemTable, dims: tuple[str, ...]) -> ItemTable:
    if left.width != right.width:
        raise DataInvalid(
            f"matching scores of the question {left.item!r} were binned differently in these "
            "cubes; build one cube from both datasets"
        )
    matching = np.union1d(left.matching, right.matching)
    levels = np.union1d(left.levels, right.levels)
    tables = [
        p.table.over(dims).recoded(
            {
                "matching": np.searchsorted(matching, p.matching),
                "level": np.searchsorted(levels, p.levels),
            }
        )
        for p in (left, right)
    ]
    return ItemTable(left.item, matching, levels, left.width, tables[0].added(tables[1]))


def _notes(left: CubeData, right: CubeData) -> tuple[Note, ...]:
    notes = {(n.code, n.text): n for n in (*left.notes, *right.notes)}
    if left.spec_hash != right.spec_hash:
        text = "The merged cubes were built under different specifications that count the same."
        note = Note("merged_specifications", text)
        notes[(note.code, note.text)] = note
    return tuple(notes.values())
