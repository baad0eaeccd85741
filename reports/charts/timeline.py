"""Timelines: lanes over one axis of minutes and seconds, stretches in patterns, numbered places."""

from __future__ import annotations

from dataclasses import dataclass

from reports.charts.frame import TICK_ROOM, area_sample, floor_axis, legend, uprights
from reports.charts.lettering import SMALL, lines, width
from reports.charts.palette import Theme
from reports.charts.reading import Mark, Plot
from reports.charts.scale import Scale, clock, clock_values
from reports.charts.svg import Drawing, Point

MOST_LANES = 60
_LABELS = 0.26
_LETTER = 14.0
_MOST_LINES = 3
_BAR = 14.0
_TALL = 40.0
_LEAST = 2.5
"""Units that the shortest stretch is wide."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One row: its name in lines, and what happens in it in the order of time."""

    name: list[str]
    marks: list[Mark]

    @property
    def levels(self) -> list[float]:
        """Values of its stretches, if they have any: a lane with a height."""
        return [mark.value for mark in self.marks if mark.value is not None]

    @property
    def ends(self) -> list[str]:
        """The most and, where it is drawn, the least of its values, as the column writes them."""
        texts = {m.value: m.texts.get("value", "") for m in self.marks if m.value is not None}
        if not texts:
            return []
        least = min(texts)
        return [texts[max(texts)], *([texts[least]] if least < 0 or self.curve else [])]

    @property
    def curve(self) -> bool:
        """Whether it is a measured series: every value belongs to an instant."""
        return bool(self.levels) and all(mark.low == mark.high for mark in self.marks)


def timeline_svg(plot: Plot, theme: Theme) -> str:
    """A chart of the kind `timeline`; stretches without a beginning are left out."""
    drawing = Drawing(theme, plot.chart.id)
    room = theme.width if theme.narrow else _LABELS * theme.width
    lanes = _lanes(plot, room)
    named = max((width(text) for lane in lanes for text in lane.name), default=0.0)
    start = 4.0 if theme.narrow else min(room, named) + 14
    right = max([10.0, *(width(text, SMALL) + 12 for lane in lanes for text in lane.ends)])
    scale = Scale(0.0, _end(plot), start, theme.width - right)
    shown = [s for s in plot.series if any(m.code == s.code for lane in lanes for m in lane.marks)]
    top = legend(drawing, 0, shown, area_sample) + (26 if plot.across else 12)
    end = top + sum(_height(lane, theme) for lane in lanes)
    most = max(2, int((scale.end - scale.start) // TICK_ROOM))
    times = clock_values(scale.high, most)
    floor_axis(drawing, end, [(scale.at(t), clock(t)) for t in times], top)
    y = top
    for lane in lanes:
        drawing.line((0, y), (theme.width, y), stroke="grid")
        _lane(drawing, plot, lane, (scale, y))
        y += _height(lane, theme)
    drawing.line((scale.start, end), (scale.end, end), stroke="line")
    uprights(drawing, plot.across, scale, (top, end))
    return drawing.finish(end + 22, plot.title)


def _lanes(plot: Plot, room: float) -> list[Lane]:
    found: dict[str, list[Mark]] = {}
    for mark in plot.marks:
        if mark.low is not None:
            found.setdefault(mark.label, []).append(mark)
    return [
        Lane(lines(name, room, _MOST_LINES), sorted(marks, key=lambda m: m.low or 0.0))
        for name, marks in list(found.items())[:MOST_LANES]
    ]


def _end(plot: Plot) -> float:
    ends = [t for m in plot.marks for t in (m.low, m.high) if t is not None]
    return max([0.1, *ends, *(line.at for line in plot.across)])


def _height(lane: Lane, theme: Theme) -> float:
    drawn = _TALL if lane.levels else _BAR
    if theme.narrow:
        return drawn + _LETTER * len(lane.name) + 10
    return max(drawn, _LETTER * len(lane.name)) + 12


def _lane(drawing: Drawing, plot: Plot, lane: Lane, placed: tuple[Scale, float]) -> None:
    scale, y = placed
    height = _height(lane, drawing.theme)
    letters = _LETTER * len(lane.name)
    narrow = drawing.theme.narrow
    first = y + 14 if narrow else y + height / 2 + 4 - (letters - _LETTER) / 2
    told = lane.marks[0].label if lane.name[-1].endswith("…") else ""
    for n, text in enumerate(lane.name):
        drawing.text((0, first + n * _LETTER), text, title=told)
    drawn = _TALL if lane.levels else _BAR
    top = y + letters + 6 if narrow else y + (height - drawn) / 2
    if lane.levels:
        _scale_texts(drawing, lane, (scale.end + 5, top))
    if lane.curve:
        _curve(drawing, plot, lane, (scale, top))
        return
    spots = [_stretch(drawing, plot, mark, (scale, top, _share(lane, mark))) for mark in lane.marks]
    free = -1e9
    for mark, spot in zip(lane.marks, spots, strict=True):
        number = mark.texts.get("x", "") if mark.x is not None else ""
        free = _number(drawing, number, spot, (free, scale.end))


def _bounds(lane: Lane) -> tuple[float, float]:
    """The ends of a lane's scale: heights stand on zero, curves on their least value."""
    levels = lane.levels if lane.curve else [0.0, *lane.levels]
    low, high = min(levels), max(levels)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _share(lane: Lane, mark: Mark) -> float:
    """How much of the lane's height a stretch has."""
    if not lane.levels:
        return 1.0
    low, high = _bounds(lane)
    return ((mark.value if mark.value is not None else low) - low) / (high - low)


def _scale_texts(drawing: Drawing, lane: Lane, at: Point) -> None:
    """The most and the least of a lane at its right end."""
    for text, y in zip(lane.ends, (9.0, _TALL), strict=False):
        drawing.text((at[0], at[1] + y), text, size=SMALL, fill="soft")


def _stretch(
    drawing: Drawing, plot: Plot, mark: Mark, placed: tuple[Scale, float, float]
) -> tuple[float, float, float]:
    """Draws one; where it starts and ends, and the line that its number stands on."""
    scale, top, share = placed
    style = plot.style(mark)
    full = _BAR if share == 1.0 and mark.value is None else _TALL
    tall = max(1.0, share * full) if mark.value is not None else full
    start = scale.at(mark.low or 0.0)
    end = scale.at(mark.high if mark.high is not None else (mark.low or 0.0))
    y = top + full - tall
    if end - start < _LEAST:
        start = min(max(start - _LEAST / 2, scale.start), scale.end - _LEAST)
        end = start + _LEAST
        drawing.add(
            "rect", x=start, y=y, width=_LEAST, height=tall, fill=style.tone, title=mark.told
        )
    else:
        drawing.area(style, x=start, y=y, width=end - start, height=tall, title=mark.told)
    return start, end, top + full / 2 + 4


def _number(
    drawing: Drawing, text: str, spot: tuple[float, float, float], room: tuple[float, float]
) -> float:
    """The number of a piece of evidence: on its stretch, else beside it, else left out."""
    start, end, y = spot
    wide = width(text, SMALL) + 6
    if not text:
        return room[0]
    inside = end - start >= wide + 4
    left = max((start + end - wide) / 2, room[0]) if inside else end + 2
    if inside and left + wide > end:
        return room[0]
    if not inside and left + wide > room[1] + 8:
        left = start - wide - 2
    if left < room[0]:
        return room[0]
    drawing.add(
        "rect", x=left, y=y - 11, width=wide, height=13.5, rx=3, fill="sheet", stroke="line"
    )
    drawing.text((left + wide / 2, y), text, size=SMALL, anchor="middle", font_weight="bold")
    return left + wide + 1


def _curve(drawing: Drawing, plot: Plot, lane: Lane, placed: tuple[Scale, float]) -> None:
    """A measured series, broken where nothing was measured."""
    scale, top = placed
    low, high = _bounds(lane)
    height = Scale(low, high, top + _TALL, top)
    runs: list[list[Point]] = [[]]
    for mark in lane.marks:
        if mark.value is None:
            runs.append([])
        else:
            runs[-1].append((scale.at(mark.low or 0.0), height.at(mark.value)))
    style = plot.style(lane.marks[0])
    drawing.path(
        [run if len(run) > 1 else [run[0], (run[0][0] + 1, run[0][1])] for run in runs if run],
        fill="none",
        stroke=style.tone,
        stroke_width=1.5,
        stroke_linejoin="round",
    )
