"""What a chart draws, read from the list that its block names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reports.charts.palette import Style, styles
from reports.document import model as m
from reports.document.characters import printable
from reports.document.pointers import resolve
from reports.document.values import NOTHING, write


@dataclass(frozen=True, slots=True)
class Mark:
    """One item of the list. Numbers are None where the item has none.

    `texts`: what the columns `value`, `low`, `high`, `x` write; `x` is a number or, where the
    column holds texts, None. `reason`: why there is no value, if the data say.
    """

    label: str
    code: str
    x: float | None
    value: float | None
    low: float | None
    high: float | None
    texts: Mapping[str, str]
    reason: str = ""

    @property
    def told(self) -> str:
        """All of it in words, for those who point at it."""
        names = [t for t in (self.label, self.texts.get("series", "")) if t]
        held = [self.texts[n] for n in ("x", "value") if self._has(n)]
        ends = [self.texts[n] for n in ("low", "high") if self._has(n)]
        return ", ".join([*dict.fromkeys(names), *held, *([" – ".join(ends)] if ends else [])])

    def _has(self, name: str) -> bool:
        return name in self.texts and self.texts[name] != NOTHING


@dataclass(frozen=True, slots=True)
class Series:
    """Items of one kind: its code in the data, its name, how it looks."""

    code: str
    name: str
    style: Style


@dataclass(frozen=True, slots=True)
class Across:
    """A line across the chart."""

    at: float
    name: str
    upright: bool


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart with everything that it draws, in the order of its list."""

    chart: m.Chart
    language: m.Language
    marks: tuple[Mark, ...]
    series: tuple[Series, ...]
    across: tuple[Across, ...]
    title: str

    def style(self, mark: Mark) -> Style:
        """How a mark looks."""
        return next(s.style for s in self.series if s.code == mark.code)

    @property
    def drawable(self) -> bool:
        """Whether anything can be drawn."""
        if self.chart.kind == "timeline":
            return any(mark.low is not None for mark in self.marks)
        if self.chart.kind == "points":
            return any(mark.value is not None and mark.x is not None for mark in self.marks)
        return any(mark.value is not None for mark in self.marks)


def plot(document: m.Document, chart: m.Chart) -> Plot:
    """What `chart` draws of the document's data.

    Raises:
        Unresolved, NotWritable: of a document in which `reports.document.check` finds faults.
    """
    marks = tuple(_mark(chart, row, document) for row in resolve(document.data, chart.rows))
    codes = list(dict.fromkeys(mark.code for mark in marks))
    names = {mark.code: mark.texts.get("series", "") for mark in marks}
    looks = zip(codes, styles(codes), strict=True)
    return Plot(
        chart=chart,
        language=document.language,
        marks=marks,
        series=tuple(Series(code, names[code], style) for code, style in looks),
        across=tuple(_across(document, chart)),
        title=plain(chart.title),
    )


def plain(inline: m.Inline) -> str:
    """A sentence without its pointers."""
    return printable("".join(p if isinstance(p, str) else p.text for p in inline))


def numeric(value: Any) -> float | None:
    """A finite number, or None."""
    held = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if held and math.isfinite(value) else None


def _mark(chart: m.Chart, row: Any, document: m.Document) -> Mark:
    ways = {name: getattr(chart, name) for name in ("series", "x", "value", "low", "high")}
    held = {name: resolve(row, way.at) for name, way in ways.items() if way is not None}
    cells = {name: cell(row, way, document.language) for name, way in ways.items() if way}
    label = "" if chart.label is None else cell(row, chart.label, document.language)[0]
    return Mark(
        label=label,
        code=str(held.get("series", "")),
        x=numeric(held.get("x")),
        value=numeric(held.get("value")),
        low=numeric(held.get("low")),
        high=numeric(held.get("high")),
        texts={name: text for name, (text, _) in cells.items()},
        reason=cells["value"][1] if "value" in cells else "",
    )


def cell(row: Any, column: m.Column, language: str) -> tuple[str, str]:
    """What a column writes for a row, and why nothing is there if the row says so."""
    value = resolve(row, column.at)
    if value is not None:
        return printable(write(value, column.show, language)), ""
    reason = None if column.empty_at is None else resolve(row, column.empty_at)
    return printable(column.empty), "" if reason is None else printable(str(reason))


def _across(document: m.Document, chart: m.Chart) -> list[Across]:
    rows = chart.kind in ("intervals", "bars", "timeline")
    found = []
    for line in chart.lines:
        at = numeric(resolve(document.data, line.at))
        if at is not None:
            found.append(Across(at, plain(line.label), rows or line.axis == "x"))
    return found
