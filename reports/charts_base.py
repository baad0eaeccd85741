"""What all charts share: their words, marks, canvas, axes and legend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from reports.charts_svg import GROUP_TONES, RC, TONES, inline_svg

Values = Sequence[float | None]

WIDTH_IN = 10.0
"""Width of every figure, inches; 72 units of the SVG to an inch."""
LONGEST_LABEL = 30
"""Characters of a label inside a chart; tables have the whole one."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (7, 2, 1.5, 2)))


@dataclass(frozen=True, slots=True)
class Words:
    """What a chart is called: `key` for ids, its `title`, a `summary` for those who cannot see it,
    and the names of the axes with their units."""

    key: str
    title: str
    summary: str
    x: str
    y: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A value with its interval, None where there is none; `tone`: a name of `charts_svg.TONES`."""

    value: float | None
    low: float | None = None
    high: float | None = None
    tone: str = "mark"


@dataclass(frozen=True, slots=True)
class Series:
    """One group's values along the x axis, with interval ends if any."""

    label: str
    values: Values
    low: Values = ()
    high: Values = ()


@contextmanager
def canvas(
    height_in: float, *, columns: int = 1, rows: int = 1
) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure of the common width with its axes, under the common settings."""
    with mpl.rc_context(RC):
        figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
        made = figure.subplots(rows, columns, squeeze=False)
        yield figure, [axes for line in made for axes in line]


def finish(figure: Figure, words: Words) -> str:
    """The SVG under the title that the words give."""
    return inline_svg(figure, key=words.key, title=words.title, summary=words.summary)


def short(label: str) -> str:
    """A label that fits a chart."""
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1].rstrip() + "…"


def tone(number: int) -> str:
    """The colour of a group by its place."""
    return TONES[GROUP_TONES[number % len(GROUP_TONES)]]


def marker(number: int) -> str:
    """The shape of a group by its place."""
    return MARKERS[number % len(MARKERS)]


def dashes(number: int) -> Any:
    """The line of a group by its place; colours start again with another dash."""
    return DASHES[(number + number // len(GROUP_TONES)) % len(DASHES)]


def percent_axis(axes: Axes, *, vertical: bool = False) -> None:
    """Ticks of shares as percent."""
    axis = axes.yaxis if vertical else axes.xaxis
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g}%"))


def reference_line(axes: Axes, at: float, text: str, *, vertical: bool = True) -> None:
    """A dashed line with its name."""
    draw = axes.axvline if vertical else axes.axhline
    draw(at, color=TONES["limit"], linewidth=1.2, dashes=(5, 3), zorder=1)
    axes.annotate(
        text,
        (at, 1) if vertical else (1, at),
        xycoords=("data", "axes fraction") if vertical else ("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="center" if vertical else "right",
        color=TONES["limit"],
        fontsize=8.5,
        annotation_clip=False,
    )


def gaps(values: Values) -> list[float]:
    """Values to draw; None becomes a gap."""
    return [float("nan") if v is None else v for v in values]


def above(axes: Axes, at: float, text: str) -> None:
    """A word over a place of the x axis."""
    axes.annotate(
        text,
        (at, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="center",
        color=TONES["ink"],
        fontsize=8.5,
        annotation_clip=False,
    )


def frame(axes: Axes, words: Words, *, vertical_only: bool = False) -> None:
    """Names of the axes, and a grid behind the marks."""
    axes.set_xlabel(words.x)
    axes.set_ylabel(words.y)
    axes.grid(visible=True, axis="x" if vertical_only else "both")
    axes.set_axisbelow(True)


def legend(figure: Figure, axes: Axes, entries: int) -> None:
    """Names of the groups below the axes."""
    if entries:
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside lower left", ncols=min(4, entries), handlelength=2.6
        )


def heading(axes: Axes, words: Words) -> None:
    """The chart's title, with room for words over the axes."""
    axes.set_title(words.title, fontsize=11.5, fontweight="bold", pad=18)
