"""A cube as text: names of levels and counts, no person; the same cube gives the same bytes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from audit.errors import DataInvalid
from fairness.cube_parts import (
    CubeData,
    Grid,
    Histogram,
    ItemTable,
    MedianTable,
    MomentTable,
    ScoreFacts,
)
from fairness.tables import Table
from fairness.types import Note

FORMAT = "fairwitness-cube-1"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Table(_Model):
    dims: tuple[str, ...]
    measures: tuple[str, ...] = Field(min_length=1)
    codes: tuple[tuple[int, ...], ...]
    counts: tuple[tuple[int, ...], ...]


class _Score(_Model):
    name: str
    higher_is_better: bool
    cut: float | None


class _Histogram(_Model):
    score: str
    values: tuple[float, ...]
    width: float = Field(ge=0)
    first: int
    size: int = Field(ge=0)
    table: _Table


class _Median(_Model):
    score: str
    axis: str | None
    lower: tuple[float | None, ...]
    upper: tuple[float | None, ...]
    tied: tuple[int, ...]
    persons: tuple[int, ...]
    table: _Table


class _Moments(_Model):
    score: str
    x_scale: int = Field(ge=0, le=40)
    y_scale: int = Field(ge=0, le=40)
    table: _Table


class _Item(_Model):
    item: str
    matching: tuple[float, ...]
    levels: tuple[float, ...]
    width: float = Field(ge=0)
    table: _Table


class _Note(_Model):
    code: str
    text: str
    facts: dict[str, float | int | str]


class _Cube(_Model):
    format: str
    spec_hash: str
    axes: dict[str, tuple[str, ...]]
    feature_levels: dict[str, tuple[str, ...]]
    scores: tuple[_Score, ...]
    persons: tuple[_Table, ...] = Field(min_length=1)
    histograms: tuple[_Histogram, ...]
    medians: tuple[_Median, ...]
    moments: tuple[_Moments, ...]
    items: tuple[_Item, ...]
    undeclared: tuple[str, ...]
    median_over: str
    known_over: tuple[str, ...]
    intersections: tuple[tuple[str, ...], ...]
    merged_from: int = Field(ge=1)
    notes: tuple[_Note, ...]


def to_json(cube: CubeData) -> str:
    """The cube's text; codes and counts are written column by column."""
    return json.dumps(
        {
            "format": FORMAT,
            "spec_hash": cube.spec_hash,
            "axes": dict(cube.axes),
            "feature_levels": dict(cube.feature_levels),
            "scores": [asdict(s) for s in cube.score_facts],
            "persons": [_table(t) for t in cube.persons],
            "histograms": [
                {
                    "score": h.score,
                    "values": h.grid.values.tolist(),
                    "width": h.grid.width,
                    "first": h.grid.first,
                    "size": h.grid.size,
                    "table": _table(h.table),
                }
                for h in cube.histograms
            ],
            "medians": [_median(m) for m in cube.median_tables],
            "moments": [
                {
                    "score": m.score,
                    "x_scale": m.x_scale,
                    "y_scale": m.y_scale,
                    "table": _table(m.table),
                }
                for m in cube.moment_tables
            ],
            "items": [
                {
                    "item": i.item,
                    "matching": i.matching.tolist(),
                    "levels": i.levels.tolist(),
                    "width": i.width,
                    "table": _table(i.table),
                }
                for i in cube.item_tables
            ],
            "undeclared": cube.undeclared,
            "median_over": cube.median_over,
            "known_over": cube.known_over,
            "intersections": cube.intersections,
            "merged_from": cube.merged_from,
            "notes": [asdict(n) for n in cube.notes],
        },
        ensure_ascii=False,
        allow_nan=False,
    )


def _table(table: Table) -> dict[str, Any]:
    return {
        "dims": table.dims,
        "measures": table.measures,
        "codes": table.codes.T.tolist(),
        "counts": table.counts.T.tolist(),
    }


def _median(part: MedianTable) -> dict[str, Any]:
    return {
        "score": part.score,
        "axis": part.axis,
        "lower": [None if math.isnan(v) else v for v in part.lower],
        "upper": [None if math.isnan(v) else v for v in part.upper],
        "tied": part.tied.tolist(),
        "persons": part.persons.tolist(),
        "table": _table(part.table),
    }


def fields_from_json(text: str) -> dict[str, Any]:
    """Fields of a cube; DataInvalid where the text is not one or its counts cannot be."""
    try:
        raw = _Cube.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(x) for x in first["loc"]) or "the file"
        raise DataInvalid(f"this is not a cube of counts: {place}: {first['msg']}") from None
    if raw.format != FORMAT:
        raise DataInvalid(f"this cube has the format {raw.format!r}; this version reads {FORMAT!r}")
    sizes = _sizes(raw)
    return {
        "spec_hash": raw.spec_hash,
        "axes": dict(raw.axes),
        "feature_levels": dict(raw.feature_levels),
        "score_facts": tuple(ScoreFacts(s.name, s.higher_is_better, s.cut) for s in raw.scores),
        "persons": tuple(_read_table(t, sizes) for t in raw.persons),
        "histograms": tuple(_read_histogram(h, sizes) for h in raw.histograms),
        "median_tables": tuple(_read_median(m, sizes) for m in raw.medians),
        "moment_tables": tuple(
            MomentTable(m.score, m.x_scale, m.y_scale, _read_table(m.table, sizes, exact=True))
            for m in raw.moments
        ),
        "item_tables": tuple(_read_item(i, sizes) for i in raw.items),
        "undeclared": raw.undeclared,
        "median_over": raw.median_over,
        "known_over": raw.known_over,
        "intersections": raw.intersections,
        "merged_from": raw.merged_from,
        "notes": tuple(Note(n.code, n.text, n.facts) for n in raw.notes),
    }


def _sizes(raw: _Cube) -> dict[str, int]:
    """How many codes each dimension has."""
    return {
        "outcome": 2,
        "label": 2,
        **{name: len(levels) for name, levels in raw.axes.items()},
        **{f"feature:{name}": len(levels) for name, levels in raw.feature_levels.items()},
    }


def _read_table(raw: _Table, sizes: Mapping[str, int], *, exact: bool = False) -> Table:
    cells = len(raw.counts[0])
    columns = [*raw.codes, *raw.counts]
    if (
        len(raw.codes) != len(raw.dims)
        or len(raw.counts) != len(raw.measures)
        or any(len(c) != cells for c in columns)
    ):
        raise DataInvalid("a table of this cube has columns of different lengths")
    try:
        codes = np.array(raw.codes, np.int32).reshape(len(raw.dims), cells).T
        counts = np.array(raw.counts, object if exact else np.int64)
    except OverflowError:
        raise DataInvalid("a table of this cube has a number that is too large") from None
    for name, column in zip(raw.dims, codes.T, strict=True):
        if name not in sizes:
            raise DataInvalid(f"a table of this cube has the unknown dimension {name!r}")
        if cells and not -1 <= column.min() <= column.max() < sizes[name]:
            raise DataInvalid(f"a table of this cube has codes of {name} that stand for no level")
    if cells and (counts[0] < 0).any():
        raise DataInvalid("a table of this cube has a negative count")
    return Table(raw.dims, raw.measures, codes, np.ascontiguousarray(counts.T))


def _read_histogram(raw: _Histogram, sizes: Mapping[str, int]) -> Histogram:
    grid = Grid(np.array(raw.values, np.float64), raw.width, raw.first, raw.size)
    table = _read_table(raw.table, {**sizes, "score": len(grid.points)})
    if (np.diff(grid.points) <= 0).any() or (table.dim("score") < 0).any():
        raise DataInvalid(f"the scores {raw.score!r} of this cube are not in rising order")
    return Histogram(raw.score, grid, table)


def _read_median(raw: _Median, sizes: Mapping[str, int]) -> MedianTable:
    levels = 1 if raw.axis is None else sizes.get(raw.axis, sizes.get(f"feature:{raw.axis}", 0))
    columns = (raw.lower, raw.upper, raw.tied, raw.persons)
    if any(len(c) != levels for c in columns):
        raise DataInvalid(f"medians of {raw.score!r} in this cube are not one per level")
    lower, upper = (
        np.array([math.nan if v is None else v for v in side]) for side in (raw.lower, raw.upper)
    )
    return MedianTable(
        raw.score,
        raw.axis,
        lower,
        upper,
        np.array(raw.tied, np.int64),
        np.array(raw.persons, np.int64),
        _read_table(raw.table, sizes),
    )


def _read_item(raw: _Item, sizes: Mapping[str, int]) -> ItemTable:
    table = _read_table(
        raw.table, {**sizes, "matching": len(raw.matching), "level": len(raw.levels)}
    )
    return ItemTable(raw.item, np.array(raw.matching), np.array(raw.levels), raw.width, table)
