"""Charts of documents as SVG and PNG: the same list gives the same bytes on every machine.

Nothing is measured and no font is read here, so that a chart takes about a millisecond and does not
depend on what is installed. Series differ in shape, dash or pattern as well as in colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.charts.curves import MOST_LINES, curves_svg
from reports.charts.palette import NARROW, PAPER, PRINT, WIDE, Theme
from reports.charts.raster import png
from reports.charts.reading import Plot, plot
from reports.charts.rows import MOST_ROWS, rows_svg
from reports.charts.timeline import MOST_LANES, timeline_svg
from reports.document import model as m

__all__ = [
    "NARROW",
    "PAPER",
    "PRINT",
    "WIDE",
    "Left",
    "Sketch",
    "Theme",
    "chart_png",
    "chart_svg",
    "drawable",
    "left_out",
    "sketch",
]


@dataclass(frozen=True, slots=True)
class Left:
    """How many rows or lines of a chart are drawn, of how many."""

    drawn: int
    of: int


@dataclass(frozen=True, slots=True)
class Sketch:
    """A chart as one `<svg>` element, empty where nothing can be drawn, and what it leaves out."""

    svg: str
    left: Left | None


def sketch(document: m.Document, chart: m.Chart, theme: Theme = PRINT) -> Sketch:
    """`drawable`, `chart_svg` and `left_out` at once: the list is read one time only."""
    read = plot(document, chart)
    return Sketch(_draw(read, theme) if read.drawable else "", _left(read))


def drawable(document: m.Document, chart: m.Chart) -> bool:
    """Whether a chart has a value to draw; where not, its table says all."""
    return plot(document, chart).drawable


def chart_svg(document: m.Document, chart: m.Chart, theme: Theme = PRINT) -> str:
    """A chart as one `<svg>` element.

    `PRINT` is plain: colours, letters as text in DejaVu Sans. `WIDE` and `NARROW` have classes for
    the style sheet of pages. Raises `ValueError` where nothing can be drawn, `drawable` tells.
    """
    read = plot(document, chart)
    if not read.drawable:
        raise ValueError(f"the chart {chart.id!r} has no value to draw")
    return _draw(read, theme)


def chart_png(
    document: m.Document, chart: m.Chart, width_px: int, *, fonts: Sequence[Path] = ()
) -> bytes:
    """The printed chart as PNG on white, `width_px` wide. Raises as `chart_svg` does.

    `fonts`: folders that hold all fonts to be used; without any, those of the machine are, and the
    bytes are the same on machines with the same fonts only.
    """
    return png(chart_svg(document, chart, PRINT), PRINT.width, width_px, fonts)


def left_out(document: m.Document, chart: m.Chart) -> Left | None:
    """What a chart has no room for, None where it draws all; the table has every row."""
    return _left(plot(document, chart))


def _left(read: Plot) -> Left | None:
    chart = read.chart
    if chart.kind in ("intervals", "bars"):
        left = Left(min(MOST_ROWS, len(read.marks)), len(read.marks))
    elif chart.kind == "timeline":
        lanes = len({mark.label for mark in read.marks if mark.low is not None})
        left = Left(min(MOST_LANES, lanes), lanes)
    elif chart.kind == "points":
        return None
    else:
        left = Left(min(MOST_LINES, len(read.series)), len(read.series))
    return left if left.drawn < left.of else None


def _draw(read: Plot, theme: Theme) -> str:
    kind = read.chart.kind
    if kind == "timeline":
        return timeline_svg(read, theme)
    return rows_svg(read, theme) if kind in ("intervals", "bars") else curves_svg(read, theme)
