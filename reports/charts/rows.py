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
_ROW = {"intervals": 24.0, "bars": 22.0}
_PAD = 5.0


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the labels, the plot and the figures are; values end `ends` before the right edge."""

    labels: float
    start: float
    end: float
    ends: float


@dataclass(frozen=True, slots=True)
class Group:
    """Items under one label, and the lines in which the label is written."""

    label: list[str]
    marks: list[Mark]


def rows_svg(plot: Plot, theme: Theme) -> str:
    """A chart of the kinds `intervals` and `bars`."""
    marks = plot.marks[:MOST_ROWS]
    drawing = Drawing(theme, plot.chart.id)
    columns = _columns(plot, marks, theme)
    groups = [
        Group(lines(label, columns.labels) if label else [], list(found))
        for label, found in groupby(marks, key=lambda mark: mark.label)
    ]
    scale = _scale(plot, marks, columns)
    sample = area_sample if plot.chart.kind == "bars" else shape_sample
    top = legend(drawing, 0, plot.series, sample) + (20 if plot.across else 6)
    end = top + sum(_height(group, plot, theme) for group in groups)
    column = plot.chart.value
    if column is not None:
        floor_axis(drawing, end, ticks(scale, plot, column, TICK_ROOM), top)
    y = top
    for group in groups:
        drawing.line((0, y), (theme.width, y), stroke="grid")
        _group(drawing, plot, group, (columns, scale, y))
        y += _height(group, plot, theme)
    drawing.line((0, end), (theme.width, end), stroke="line")
    uprights(drawing, plot.across, scale, (top, end))
    middle = ((scale.start + scale.end) / 2, end + 33)
    if column is not None:
        axis_title(drawing, middle, plain(column.title), anchor="middle")
    return drawing.finish(end + 42, plot.title)


def _columns(plot: Plot, marks: Sequence[Mark], theme: Theme) -> Columns:
    labels = max((width(mark.label) for mark in marks), default=0.0)
    written = [_written(mark, plot) for mark in marks]
    ends = max((width(text, SMALL) for _, text in written), default=0.0)
    values = max((_BOLD * width(text) for text, _ in written), default=0.0)
    ends = ends + 8 if ends else 0.0
    if values + ends > _FIGURES * theme.width:
        ends = 0.0
    if theme.narrow:
        return Columns(theme.width - 8, 6, theme.width - 6, ends)
    left = min(labels, _LABELS * theme.width)
    right = min(values, _FIGURES * theme.width) + ends
    return Columns(left, left + 14, theme.width - right - 14, ends)


def _scale(plot: Plot, marks: Sequence[Mark], columns: Columns) -> Scale:
    core = [mark.value for mark in marks if mark.value is not None]
    core += [line.at for line in plot.across]
    ends = [end for mark in marks for end in (mark.low, mark.high) if end is not None]
    log = plot.chart.log and all(v > 0 for v in core)
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


def _height(group: Group, plot: Plot, theme: Theme) -> float:
    each = _ROW[plot.chart.kind] * len(group.marks)
    if theme.narrow:
        beside = 0 if len(group.marks) == 1 else _LETTER * len(group.marks)
        label = max(len(group.label), 1 if len(group.marks) == 1 else 0)
        return each + beside + _LETTER * label + _PAD
    return max(each, _LETTER * len(group.label)) + _PAD


def _group(
    drawing: Drawing, plot: Plot, group: Group, placed: tuple[Columns, Scale, float]
) -> None:
    columns, scale, y = placed
    narrow = drawing.theme.narrow
    height = _height(group, plot, drawing.theme)
    first = y + 15 if narrow else y + height / 2 + 4 - _LETTER * (len(group.label) - 1) / 2
    told = group.marks[0].label
    for n, text in enumerate(group.label):
        cut = narrow and n == 0 and len(group.label) == 1 and len(group.marks) == 1
        value, _ = _written(group.marks[0], plot)
        room = columns.labels - (_BOLD * width(value) + columns.ends + 10 if cut else 0)
        drawing.text((0, first + n * _LETTER), fitting(text, max(room, 90)), title=told)
    step = _ROW[plot.chart.kind]
    start = y + _PAD / 2 + (0 if not narrow else _LETTER * max(len(group.label), 0))
    if not narrow:
        start = y + (height - step * len(group.marks)) / 2
    for mark in group.marks:
        single = narrow and len(group.marks) == 1
        figures_at = y + 15 + (_LETTER * (len(group.label) - 1) if single and group.label else 0)
        if narrow and not single:
            figures_at = start + 12
            start += _LETTER
        elif single:
            start = max(start, y + _PAD / 2 + _LETTER)
        else:
            figures_at = start + step / 2 + 4
        _figures(drawing, plot, mark, (columns.ends, figures_at))
        draw = _bar if plot.chart.kind == "bars" else _interval
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
