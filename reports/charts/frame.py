"""What charts share around their marks: legends, axes, lines across."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reports.charts.lettering import SMALL, fitting, width
from reports.charts.palette import Style
from reports.charts.reading import Across, Plot, Series
from reports.charts.scale import Range, Scale, logarithmic, nice, tick_texts
from reports.charts.svg import Drawing
from reports.document import model as m

LEGEND_ROW = 20.0
_SAMPLE = 30.0
_GAP = 18.0
TICK_ROOM = 64.0

Sample = Callable[[Drawing, float, float, Style], None]
"""Draws how a series looks in 26 units of width from x on, in the middle of y."""


def legend(drawing: Drawing, top: float, series: Sequence[Series], sample: Sample) -> float:
    """Names of the series; where it ends. Nothing where there is only one without a name."""
    named = [s for s in series if s.name]
    if not named:
        return top
    x, y = 0.0, top + 10
    for each in named:
        room = drawing.theme.width - _SAMPLE
        text = fitting(each.name, room)
        wide = _SAMPLE + width(text)
        if x and x + wide > drawing.theme.width:
            x, y = 0.0, y + LEGEND_ROW
        sample(drawing, x, y, each.style)
        drawing.text((x + _SAMPLE, y + 4), text)
        x += wide + _GAP
    return y + LEGEND_ROW - 4


def shape_sample(drawing: Drawing, x: float, y: float, style: Style) -> None:
    """A mark on a stroke, as intervals have it."""
    drawing.line((x + 2, y), (x + 22, y), stroke=style.tone, stroke_width=2)
    drawing.mark((x + 12, y), style)


def point_sample(drawing: Drawing, x: float, y: float, style: Style) -> None:
    """A mark alone."""
    drawing.mark((x + 14, y), style)


def step_sample(drawing: Drawing, x: float, y: float, style: Style) -> None:
    """A line with its dashes."""
    dashes = style.dash or None
    drawing.line((x, y), (x + 26, y), stroke=style.tone, stroke_width=2, stroke_dasharray=dashes)


def line_sample(drawing: Drawing, x: float, y: float, style: Style) -> None:
    """A line with its dashes and its mark."""
    step_sample(drawing, x, y, style)
    drawing.mark((x + 13, y), style, radius=3.5)


def area_sample(drawing: Drawing, x: float, y: float, style: Style) -> None:
    """A stretch in its pattern."""
    drawing.area(style, x=x + 1, y=y - 6, width=23, height=12)


def ticks(scale: Scale, plot: Plot, column: m.Column, room: float) -> list[tuple[float, str]]:
    """Round values along an axis with their texts; `room`: units that each needs."""
    most = max(2, int(abs(scale.end - scale.start) // room))
    ends = Range(scale.low, scale.high)
    values = logarithmic(ends, most) if scale.log else nice(ends, most)
    if column.show == "integer":
        values = [v for v in values if v.is_integer()] or values
    share = plot.chart.share and column is plot.chart.value
    texts = tick_texts(values, column, plot.language, share)
    return list(zip([scale.at(v) for v in values], texts, strict=True))


def floor_axis(drawing: Drawing, y: float, placed: Sequence[tuple[float, str]], top: float) -> None:
    """Ticks of a horizontal axis under `y`, with lines up to `top`."""
    for x, text in placed:
        drawing.line((x, top), (x, y), stroke="grid")
        half = width(text, SMALL) / 2
        left = min(max(x, half), drawing.theme.width - half)
        drawing.text((left, y + 15), text, size=SMALL, anchor="middle", fill="soft")


def axis_title(drawing: Drawing, at: tuple[float, float], text: str, *, anchor: str) -> None:
    """The name of an axis."""
    shown = fitting(text, drawing.theme.width, SMALL)
    drawing.text(at, shown, size=SMALL, anchor=anchor, fill="soft")


def uprights(
    drawing: Drawing, lines: Sequence[Across], scale: Scale, span: tuple[float, float]
) -> None:
    """Dashed lines from top to bottom, their names above."""
    free = -1e9
    for line in sorted(lines, key=lambda each: each.at):
        if not scale.inside(line.at):
            continue
        x = scale.at(line.at)
        drawing.line(
            (x, span[0]), (x, span[1]), stroke="limit", stroke_width=1.4, stroke_dasharray="5 3"
        )
        half = width(line.name, SMALL) / 2
        left = min(max(x, half), drawing.theme.width - half)
        if left - half > free:
            name(drawing, (left, span[0] - 5), line.name, anchor="middle")
            free = left + half + 4


def name(drawing: Drawing, at: tuple[float, float], text: str, *, anchor: str) -> None:
    """What a line or a point is called."""
    drawing.text(at, text, size=SMALL, anchor=anchor, fill="limit")
