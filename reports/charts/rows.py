"""Charts with a row for each item: intervals and bars, with the figures beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from reports.charts.frame import (
    TICK_ROOM,
    area_sample,
    axis_title,
    floor_axis,
    legend,
    name,
    shape_sample,
    ticks,
    uprights,
)
from reports.charts.lettering import SMALL, fitting, lines, width
from reports.charts.palette import Theme
from reports.charts.reading import Mark, Plot, plain
from reports.charts.scale import Range, Scale, holding
from reports.charts.svg import Drawing
from reports.document.catalogue import catalogue

MOST_ROWS = 40
"""Items that one chart draws; its table has all."""
_LABELS = 0.36
_FIGURES = 0.34
"""Most shares of the width that labels and figures take."""
_LETTER = 15.0
_BOLD = 1.12
_ABOVE = 0.6
_ROW = {"intervals": 24.0, "bars": 22.0}
_PAD = 5.0


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the labels, the plot and the figures are.

    Values end `ends` before the right edge, intervals at it. `above`: labels and figures stand over
    their marks; without it, figures stand beside them.
    """

    labels: float
    start: float
    end: float
    ends: float
    above: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Items under one label, the lines in which it is written, and how high all of it is."""

    label: list[str]
    marks: list[Mark]
    height: float


def rows_svg(plot: Plot, theme: Theme) -> str:
    """A chart of the kinds `intervals` and `bars`."""
    marks = plot.marks[:MOST_ROWS]
    drawing = Drawing(theme, plot.chart.id)
    found = [list(own) for _, own in groupby(marks, key=lambda mark: mark.label)]
    columns = _columns(plot, found, theme)
    groups = [_grouped(own, columns, plot, theme) for own in found]
    scale = _scale(plot, marks, columns)
    sample = area_sample if plot.chart.kind == "bars" else shape_sample
    top = legend(drawing, 0, plot.series, sample) + (20 if plot.across else 6)
    end = top + sum(group.height for group in groups)
    column = plot.chart.value
    if column is not None:
        floor_axis(drawing, end, ticks(scale, plot, column, TICK_ROOM), top)
        middle = ((scale.start + scale.end) / 2, end + 33)
        axis_title(drawing, middle, plain(column.title), anchor="middle")
    uprights(drawing, plot.across, scale, (top, end))
    y = top
    for group in groups:
        drawing.line((0, y), (theme.width, y), stroke="grid")
        _group(drawing, plot, group, (columns, scale, y))
        y += group.height
    drawing.line((0, end), (theme.width, end), stroke="line")
    return drawing.finish(end + 42, plot.title)


def _columns(plot: Plot, groups: Sequence[Sequence[Mark]], theme: Theme) -> Columns:
    marks = [mark for own in groups for mark in own]
    labels = max((width(mark.label) for mark in marks), default=0.0)
    written = [_written(mark, plot) for mark in marks]
    ends = max((width(text, SMALL) for _, text in written), default=0.0)
    values = max((_BOLD * width(text) for text, _ in written), default=0.0)
    above = theme.narrow and all(len(own) == 1 for own in groups)
    most = (_ABOVE if above else _FIGURES) * theme.width
    values = min(values, most)
    ends = ends + 8 if ends and values + ends + 8 <= most else 0.0
    right = theme.width - values - ends - 14
    if theme.narrow:
        room = right if above else theme.width
        return Columns(room, 6, theme.width - 6 if above else right, ends, above)
    left = min(labels, _LABELS * theme.width)
    return Columns(left, left + 14, right, ends, above=False)


def _grouped(marks: list[Mark], columns: Columns, plot: Plot, theme: Theme) -> Group:
    label = lines(marks[0].label, columns.labels, 3) if marks[0].label else []
    rows = _ROW[plot.chart.kind] * len(marks)
    letters = _LETTER * len(label)
    if theme.narrow:
        letters = max(letters, _LETTER if columns.above else 0)
        return Group(label, marks, rows + letters + _PAD)
    return Group(label, marks, max(rows, letters) + _PAD)


def _scale(plot: Plot, marks: Sequence[Mark], columns: Columns) -> Scale:
    core = [mark.value for mark in marks if mark.value is not None]
    core += [line.at for line in plot.across]
    ends = [end for mark in marks for end in (mark.low, mark.high) if end is not None]
    log = plot.chart.log and plot.chart.kind == "intervals"
    found = holding(core, ends, log=log)
    low, high = found.low, found.high
    if plot.chart.kind == "bars":
        found = holding([*core, 0.0], ends)
        low = 0.0 if min([*core, *ends], default=0) >= 0 else found.low
        high = max(0.0, found.high)
    elif plot.chart.share:
        low = max(0.0, low) if min(core, default=0) >= 0 else low
    if plot.chart.share and max(core, default=0) <= 1:
        high = min(high, 1.0) if plot.chart.kind == "bars" else min(high, 1.02)
    return _apart(Range(low, high), columns, log)


def _apart(ends: Range, columns: Columns, log: bool) -> Scale:
    high = ends.high if ends.high > ends.low else ends.low + 1.0
    return Scale(ends.low, high, columns.start, columns.end, log)


def _group(
    drawing: Drawing, plot: Plot, group: Group, placed: tuple[Columns, Scale, float]
) -> None:
    columns, scale, y = placed
    narrow, step = drawing.theme.narrow, _ROW[plot.chart.kind]
    middle = y + group.height / 2
    first = y + 14 if narrow else middle + 4 - _LETTER * (len(group.label) - 1) / 2
    cut = bool(group.label) and group.label[-1].endswith("…")
    for n, text in enumerate(group.label):
        told = group.marks[0].label if cut else ""
        drawing.text((0, first + n * _LETTER), text, title=told)
    rows = step * len(group.marks)
    start = y + group.height - rows - 1 if narrow else middle - rows / 2
    draw = _bar if plot.chart.kind == "bars" else _interval
    for mark in group.marks:
        line = y + 14 if columns.above else start + step / 2 + 4
        _figures(drawing, plot, mark, (columns.ends, line))
        draw(drawing, plot, mark, (scale, start + step / 2))
        start += step


def _figures(drawing: Drawing, plot: Plot, mark: Mark, at: tuple[float, float]) -> None:
    """The value, and its ends where all of them fit; `at`: the room for ends, and the line."""
    value, ends = _written(mark, plot)
    right = drawing.theme.width
    if at[0] and ends:
        drawing.text((right, at[1]), ends, size=SMALL, anchor="end", fill="soft")
    value = fitting(value, _FIGURES * right)
    drawing.text((right - at[0], at[1]), value, anchor="end", font_weight="bold")


def _written(mark: Mark, plot: Plot) -> tuple[str, str]:
    """The value and its interval in words."""
    low, high = mark.texts.get("low"), mark.texts.get("high")
    if mark.value is None or (mark.low is None and mark.high is None):
        return mark.texts.get("value", ""), ""
    words = catalogue(plot.language)
    texts = [
        words.word("between", "open") if end is None else text
        for end, text in ((mark.low, low), (mark.high, high))
    ]
    return mark.texts.get("value", ""), f"{texts[0]} {words.word('between', 'to')} {texts[1]}"


def _interval(drawing: Drawing, plot: Plot, mark: Mark, at: tuple[Scale, float]) -> None:
    scale, y = at
    if mark.value is None:
        _why(drawing, mark, (scale.start, y))
        return
    style = plot.style(mark)
    if mark.low is not None or mark.high is not None:
        _whisker(drawing, mark, (scale, y), style.tone)
    x = scale.at(mark.value)
    if scale.inside(mark.value) and not (scale.log and mark.value <= 0):
        drawing.mark((x, y), style, title=mark.told)
    else:
        _arrow(drawing, (x, y), style.tone, right=mark.value > scale.low)


def _why(drawing: Drawing, mark: Mark, at: tuple[float, float]) -> None:
    """In place of a mark: why there is none."""
    room = drawing.theme.width - at[0] - 110
    name(drawing, (at[0] + 4, at[1] + 4), fitting(mark.reason, room, SMALL), anchor="start")


def _whisker(drawing: Drawing, mark: Mark, at: tuple[Scale, float], tone: str) -> None:
    """The interval; an end off the axis, or one that is not there, is an arrow."""
    scale, y = at
    low = scale.low if mark.low is None else mark.low
    high = scale.high if mark.high is None else mark.high
    start, end = scale.at(low), scale.at(high)
    drawing.line((start, y), (end, y), stroke=tone, stroke_width=2, title=mark.told)
    for given, x, right in ((mark.low, start, False), (mark.high, end, True)):
        if given is None or not scale.inside(given):
            _arrow(drawing, (x, y), tone, right=right)
        else:
            drawing.line((x, y - 3.5), (x, y + 3.5), stroke=tone, stroke_width=2)


def _arrow(drawing: Drawing, at: tuple[float, float], tone: str, *, right: bool) -> None:
    x, y = at
    back = -6 if right else 6
    tip = 4 if right else -4
    drawing.path([[(x + back, y - 5), (x + tip, y), (x + back, y + 5)]], fill=tone)


def _bar(drawing: Drawing, plot: Plot, mark: Mark, at: tuple[Scale, float]) -> None:
    scale, y = at
    if mark.value is None:
        _why(drawing, mark, (scale.start, y))
        return
    style = plot.style(mark)
    zero, end = scale.at(0.0), scale.at(mark.value)
    left, wide = min(zero, end), max(1.0, abs(end - zero))
    drawing.area(style, x=left, y=y - 7, width=wide, height=14, title=mark.told)
    if mark.low is not None and mark.high is not None:
        for tone, weight in (("sheet", 3.5), ("ink", 1.5)):
            start, stop = scale.at(mark.low), scale.at(mark.high)
            drawing.line((start, y), (stop, y), stroke=tone, stroke_width=weight)
        for x in (scale.at(mark.low), scale.at(mark.high)):
            drawing.line((x, y - 3), (x, y + 3), stroke="ink", stroke_width=1.5)
