"""Charts of questions, time and alternatives; `reports.charts_base` has what all charts share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from reports.charts_base import (
    MARKERS,
    Mark,
    Series,
    Words,
    canvas,
    dashes,
    finish,
    frame,
    gaps,
    heading,
    legend,
    marker,
    percent_axis,
    reference_line,
    short,
    tone,
)
from reports.charts_svg import TONES


@dataclass(frozen=True, slots=True)
class Bands:
    """Sizes of a difference between questions: up to `small` the first of `names`, up to `large`
    the second, above it the third."""

    small: float
    large: float
    names: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Shift:
    """A change of level found in one series: its number and the first period after it."""

    series: int
    period: int


@dataclass(frozen=True, slots=True)
class Point:
    """One alternative: its worst impact ratio, what it predicts, and how it is drawn.

    `kind`: what the legend calls it. `standing`: today, less_adverse, front or other.
    """

    ratio: float
    objective: float
    kind: str
    standing: str


def dif_chart(questions: Sequence[str], marks: Sequence[Mark], bands: Bands, words: Words) -> str:
    """A difference per question with its interval, on bands of size."""
    most = max(
        [abs(end) for m in marks for end in (m.value, m.low, m.high) if end is not None] or [0]
    )
    reach = max(1.25 * bands.large, 1.08 * most)
    with canvas(1.5 + 0.28 * len(questions)) as (figure, (axes,)):
        heading(axes, words)
        axes.axvspan(-bands.small, bands.small, color=TONES["faint"], linewidth=0, zorder=0)
        for edge in (bands.small, bands.large):
            for side in (-edge, edge):
                axes.axvline(side, color=TONES["limit"], linewidth=0.9, dashes=(4, 3), zorder=1)
        axes.axvline(0, color=TONES["soft"], linewidth=1, zorder=1)
        _band_names(axes, bands, reach)
        for row, item in enumerate(marks):
            if item.value is None:
                continue
            colour = TONES[item.tone]
            if item.low is not None and item.high is not None:
                axes.plot([item.low, item.high], [row, row], color=colour, linewidth=2)
            axes.plot([item.value], [row], marker="o", color=colour, markersize=6.5)
        axes.set_ylim(len(questions) - 0.4, -0.6)
        axes.set_xlim(-reach, reach)
        axes.set_yticks(range(len(questions)), [short(name) for name in questions])
        axes.tick_params(axis="y", length=0)
        frame(axes, words, vertical_only=True)
        return finish(figure, words)


def _band_names(axes: Axes, bands: Bands, reach: float) -> None:
    second, third = (bands.small + bands.large) / 2, (bands.large + reach) / 2
    places = zip((-third, -second, 0.0, second, third), (2, 1, 0, 1, 2), strict=True)
    for at, name in places:
        axes.annotate(
            bands.names[name],
            (at, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            color=TONES["limit"],
            fontsize=8.5,
            annotation_clip=False,
        )


def drift_chart(
    periods: Sequence[str],
    rates: Sequence[Series],
    *,
    ratios: Sequence[Series],
    shifts: Sequence[Shift],
    words: Words,
) -> str:
    """Rates per period above, impact ratios per period below; found changes between the periods."""
    with canvas(5.6, rows=2) as (figure, (upper, lower)):
        heading(upper, words)
        for axes, lines in ((upper, rates), (lower, ratios)):
            for i, line in enumerate(lines):
                _over_time(axes, i, line)
            axes.set_xlim(-0.4, len(periods) - 0.6)
            axes.grid(visible=True)
            axes.set_axisbelow(True)
        for shift in shifts:
            at = shift.period - 0.5
            upper.axvline(at, color=tone(shift.series), linewidth=1.6, dashes=(1.5, 2))
            lower.axvline(at, color=tone(shift.series), linewidth=1.6, dashes=(1.5, 2))
        upper.set_ylim(bottom=0)
        percent_axis(upper, vertical=True)
        upper.set_ylabel(words.y)
        upper.set_xticks(range(len(periods)), [""] * len(periods))
        lower.set_ylim(bottom=0)
        lower.set_ylabel("Impact ratio (no unit)")
        reference_line(lower, 0.8, "4/5", vertical=False)
        every = max(1, -(-len(periods) // 14))
        lower.set_xticks(range(0, len(periods), every), [short(p) for p in periods[::every]])
        lower.set_xlabel(words.x)
        legend(figure, upper, len(rates))
        return finish(figure, words)


def _over_time(axes: Axes, number: int, line: Series) -> None:
    places = range(len(line.values))
    axes.plot(
        places,
        gaps(line.values),
        label=short(line.label),
        color=tone(number),
        marker=marker(number),
        markersize=5,
        linewidth=1.6,
        linestyle=dashes(number),
    )
    for at, low, high in zip(places, line.low, line.high, strict=False):
        if low is not None and high is not None:
            axes.plot([at, at], [low, high], color=tone(number), linewidth=1, alpha=0.6)


STANDINGS = {
    "other": ("soft", 4.5, 0.55),
    "front": ("g0", 7.0, 1.0),
    "less_adverse": ("g2", 8.0, 1.0),
    "today": ("adverse", 11.0, 1.0),
}
"""How an alternative is drawn: tone, size in points, opacity; later ones lie on top."""


def pareto_chart(points: Sequence[Point], words: Words) -> str:
    """What an alternative predicts against its worst impact ratio; the front is joined."""
    kinds = list(dict.fromkeys(p.kind for p in points))
    with canvas(4.6) as (figure, (axes,)):
        heading(axes, words)
        for standing, (name, size, opacity) in STANDINGS.items():
            for kind in kinds:
                chosen = [p for p in points if (p.kind, p.standing) == (kind, standing)]
                axes.plot(
                    [p.ratio for p in chosen],
                    [p.objective for p in chosen],
                    color=TONES[name],
                    marker="*" if standing == "today" else MARKERS[kinds.index(kind) % 7],
                    markersize=size,
                    alpha=opacity,
                    linestyle="none",
                    label=_point_label(kind, standing) if chosen else "_none",
                )
        reference_line(axes, 0.8, "4/5")
        axes.set_xlim(left=min([0.77, *(p.ratio - 0.03 for p in points)]), right=1.03)
        frame(axes, words)
        legend(figure, axes, len(axes.get_legend_handles_labels()[1]))
        return finish(figure, words)


def _point_label(kind: str, standing: str) -> str:
    words = {"front": "on the front", "less_adverse": "less adverse"}
    if standing == "today":
        return "today’s way"
    return f"{kind}, {words[standing]}" if standing in words else kind
