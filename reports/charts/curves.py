"""Charts over two axes: lines with bands, steps, points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.charts.frame import (
    TICK_ROOM,
    axis_title,
    floor_axis,
    legend,
    line_sample,
    name,
    point_sample,
    step_sample,
    ticks,
    uprights,
)
from reports.charts.lettering import SMALL, fitting, width
from reports.charts.palette import GROUPS, Style, Theme
from reports.charts.reading import Mark, Plot, Series, plain
from reports.charts.scale import Scale, clock_values, holding, tick_texts
from reports.charts.svg import Drawing, Point

MOST_LINES = GROUPS
"""Lines in one chart; more cannot be told apart. Its table has all."""
_BANDS = 3
"""Lines that get a band each; more would hide one another."""
_NAMED = 16
"""Points that are named where there is room."""
_MARKS = 8
_MARKED = 14
"""Points of a line that stands alone and has marks; of more, none needs a shape."""
_HEIGHTS = {True: 220.0, False: 280.0}
_Placed = tuple[float, Mark]


@dataclass(frozen=True, slots=True)
class Axes:
    """Both axes; `names`: texts of x where it has no numbers, in their order."""

    x: Scale
    y: Scale
    names: tuple[str, ...]


def curves_svg(plot: Plot, theme: Theme) -> str:
    """A chart of the kinds `lines`, `steps` and `points`."""
    kind = plot.chart.kind
    series = plot.series[:MOST_LINES] if kind != "points" else plot.series
    shown = {each.code for each in series}
    marks = [mark for mark in plot.marks if mark.code in shown]
    drawing = Drawing(theme, plot.chart.id)
    samples = {"lines": line_sample, "steps": step_sample, "points": point_sample}
    top = legend(drawing, 0, series, samples[kind]) + 26
    axes = _axes(plot, marks, theme, top)
    floor = axes.y.start
    _frame(drawing, plot, axes, top)
    alone = len(series) == 1
    for n, each in enumerate(series):
        placed = _placed(plot, [m for m in marks if m.code == each.code], axes)
        if kind == "points":
            _points(drawing, plot, placed, axes)
        else:
            _line(drawing, plot, each, (placed, axes, len(series) <= _BANDS))
            if kind == "lines" and not (alone and len(placed) > _MARKED):
                _along_line(drawing, placed, (axes, each.style), n)
    _lines_across(drawing, plot, axes)
    if kind == "points":
        _names(drawing, plot, marks, axes)
    return drawing.finish(floor + (42 if plot.chart.x else 10), plot.title)


def _axes(plot: Plot, marks: Sequence[Mark], theme: Theme, top: float) -> Axes:
    column = plot.chart.value
    core = [m.value for m in marks if m.value is not None]
    core += [line.at for line in plot.across if not line.upright]
    ends = [end for m in marks for end in (m.low, m.high) if end is not None]
    log = plot.chart.log and min(core, default=1) > 0
    found = holding(core, ends, log=log)
    low, high = found.low, found.high
    if plot.chart.kind == "steps" and min(core, default=0) >= 0 and not log:
        low = 0.0
    elif min([*core, *ends], default=0) >= 0 and not log:
        low = 0.0 if low < 0.3 * high else max(0.0, low)
    if plot.chart.share and max(core, default=0) <= 1:
        high = min(high, 1.0)
    floor = top + _HEIGHTS[theme.narrow]
    y = Scale(low, high if high > low else low + 1, floor, top, log)
    wide = 0.0
    if column is not None:
        wide = max((width(t, SMALL) for _, t in ticks(y, plot, column, 42)), default=0.0)
    return _with_x(plot, marks, y, (wide + 8, theme.width - 14))


def _with_x(plot: Plot, marks: Sequence[Mark], y: Scale, span: Point) -> Axes:
    numbers = [m.x for m in marks if m.x is not None]
    if not numbers:
        names = tuple(dict.fromkeys(m.texts.get("x", m.label) for m in marks))
        return Axes(Scale(-0.3, max(len(names) - 0.7, 0.3), *span), y, names)
    numbers += [line.at for line in plot.across if line.upright]
    low, high = min(numbers), max(numbers)
    if plot.chart.kind == "points" or low == high:
        found = holding(numbers, ())
        low, high = found.low, found.high
    elif plot.chart.kind == "steps":
        high += _gap(numbers)
    return Axes(Scale(low, high, *span), y, ())


def _gap(numbers: Sequence[float]) -> float:
    """How wide the last step is: as wide as the one before."""
    places = sorted(set(numbers))
    return places[-1] - places[-2] if len(places) > 1 else 1.0


def _frame(drawing: Drawing, plot: Plot, axes: Axes, top: float) -> None:
    column, floor = plot.chart.value, axes.y.start
    for place, text in ticks(axes.y, plot, column, 42) if column else []:
        drawing.line((axes.x.start, place), (axes.x.end, place), stroke="grid")
        drawing.text((axes.x.start - 6, place + 4), text, size=SMALL, anchor="end", fill="soft")
    floor_axis(drawing, floor, _along(plot, axes), top)
    drawing.line((axes.x.start, floor), (axes.x.end, floor), stroke="line")
    if column:
        axis_title(drawing, (0, top - 12), plain(column.title), anchor="start")
    if plot.chart.x:
        axis_title(drawing, (axes.x.end, floor + 33), plain(plot.chart.x.title), anchor="end")


def _lines_across(drawing: Drawing, plot: Plot, axes: Axes) -> None:
    span = (axes.y.end, axes.y.start)
    uprights(drawing, [line for line in plot.across if line.upright], axes.x, span)
    for line in plot.across:
        if not line.upright and axes.y.inside(line.at):
            y = axes.y.at(line.at)
            drawing.line(
                (axes.x.start, y),
                (axes.x.end, y),
                stroke="limit",
                stroke_width=1.4,
                stroke_dasharray="5 3",
            )
            name(drawing, (axes.x.end, y - 5), line.name, anchor="end")


def _along(plot: Plot, axes: Axes) -> list[tuple[float, str]]:
    if axes.names:
        room = max(width(name, SMALL) for name in axes.names) + 12
        every = max(1, -(-int(len(axes.names) * min(room, 150)) // int(axes.x.end - axes.x.start)))
        return [
            (axes.x.at(n), fitting(name, 140, SMALL))
            for n, name in enumerate(axes.names)
            if n % every == 0
        ]
    if plot.chart.x is None:
        return []
    if plot.chart.x.show.startswith("clock"):
        values = clock_values(axes.x.high, int((axes.x.end - axes.x.start) // TICK_ROOM))
        values = [v for v in values if v >= axes.x.low]
        texts = tick_texts(values, plot.chart.x, plot.language, False)
        return list(zip([axes.x.at(v) for v in values], texts, strict=True))
    return ticks(axes.x, plot, plot.chart.x, TICK_ROOM)


def _placed(plot: Plot, marks: Sequence[Mark], axes: Axes) -> list[_Placed]:
    """Marks with their place along x; those without one are left out."""
    if axes.names:
        at = {name: float(n) for n, name in enumerate(axes.names)}
        return [(axes.x.at(at[m.texts.get("x", m.label)]), m) for m in marks]
    placed = [(m.x, m) for m in marks if m.x is not None]
    if plot.chart.kind != "points":
        placed.sort(key=lambda each: each[0])
    return [(axes.x.at(x), m) for x, m in placed]


def _runs(placed: Sequence[_Placed], held: str = "value") -> list[list[_Placed]]:
    """Stretches without a gap."""
    runs: list[list[_Placed]] = [[]]
    for each in placed:
        if getattr(each[1], held) is None:
            runs.append([])
        else:
            runs[-1].append(each)
    return [run for run in runs if run]


def _line(
    drawing: Drawing,
    plot: Plot,
    series: Series,
    drawn: tuple[Sequence[_Placed], Axes, bool],
) -> None:
    placed, axes, banded = drawn
    style, steps = series.style, plot.chart.kind == "steps"
    last = _gap([m.x for _, m in placed if m.x is not None] or [0.0]) if steps else 0.0
    wide = axes.x.at(axes.x.low + last) - axes.x.start
    for run in _runs(placed) if banded else ():
        _band(drawing, run, axes, style)
    ways = [[(x, axes.y.at(m.value or 0.0)) for x, m in run] for run in _runs(placed)]
    if steps:
        ways = [_stairs(way, wide) for way in ways]
    drawing.path(
        [way for way in ways if len(way) > 1],
        fill="none",
        stroke=style.tone,
        stroke_width=2,
        stroke_dasharray=style.dash or None,
        stroke_linejoin="round",
    )


def _band(drawing: Drawing, run: Sequence[_Placed], axes: Axes, style: Style) -> None:
    held = [
        (x, axes.y.at(m.low), axes.y.at(m.high))
        for x, m in run
        if m.low is not None and m.high is not None
    ]
    if len(held) > 1:
        over = [(x, high) for x, _, high in held]
        under = [(x, low) for x, low, _ in reversed(held)]
        drawing.path([[*over, *under]], fill=style.tone, fill_opacity=0.14)


def _stairs(way: Sequence[Point], last: float) -> list[Point]:
    made: list[Point] = []
    for n, (x, y) in enumerate(way):
        end = way[n + 1][0] if n + 1 < len(way) else x + last
        made += [(x, y), (end, y)]
    return made


def _along_line(
    drawing: Drawing, placed: Sequence[_Placed], how: tuple[Axes, Style], number: int
) -> None:
    """Marks on a line: on every point of a short one, on some of a long one, never all at once."""
    axes, style = how
    placed = [each for run in _runs(placed) for each in run]
    every = max(1, -(-len(placed) // _MARKS))
    for n, (x, mark) in enumerate(placed):
        alone = len(placed) == 1
        if alone or every == 1 or (n + number) % every == 0:
            point = (x, axes.y.at(mark.value or 0.0))
            drawing.mark(point, style, radius=3.5, title=mark.told)


def _points(drawing: Drawing, plot: Plot, placed: Sequence[_Placed], axes: Axes) -> None:
    for x, mark in placed:
        if mark.value is not None:
            y = axes.y.at(mark.value)
            drawing.mark((x, y), plot.style(mark), radius=5, title=mark.told)


def _names(drawing: Drawing, plot: Plot, marks: Sequence[Mark], axes: Axes) -> None:
    """Names beside points, where they hide neither points nor one another."""
    placed = [
        (x, axes.y.at(m.value), m) for x, m in _placed(plot, marks, axes) if m.value is not None
    ]
    if len(placed) > _NAMED:
        return
    taken = [(x - 6, x + 6, y) for x, y, _ in placed]
    for x, y, mark in placed:
        text = fitting(mark.label, 130, SMALL)
        wide = width(text, SMALL)
        for left in (x + 9, x - 9 - wide):
            spot = (left, left + wide, y)
            free = all(_apart(spot, other) for other in taken if other != (x - 6, x + 6, y))
            if text and free and axes.x.start <= left and left + wide <= axes.x.end + 10:
                name(drawing, (left, y + 4), text, anchor="start")
                taken.append(spot)
                break


def _apart(one: tuple[float, float, float], other: tuple[float, float, float]) -> bool:
    return one[1] < other[0] or other[1] < one[0] or abs(one[2] - other[2]) > 11
