"""Charts of a fairness audit: plain values in, one inline SVG out. No measuring here.

Every chart has a title, named axes with units, and marks that differ in shape or dash as well as
in colour. Values are numbers or None; what is None is not drawn. `reports.charts_svg` says how the
colours follow the page.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from reports.charts_base import (
    Mark,
    Series,
    Words,
    above,
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


def forest(axes: Axes, marks: Sequence[Mark | None], *, most: float) -> None:
    """Marks with intervals, the first on top; an interval that leaves the axis ends in an arrow."""
    for row, item in enumerate(marks):
        if item is None or item.value is None:
            continue
        colour = TONES[item.tone]
        if item.low is not None:
            high = most if item.high is None else item.high
            axes.plot([min(item.low, most), min(high, most)], [row, row], color=colour, linewidth=2)
            if high > most or item.high is None:
                axes.plot([most], [row], marker=">", color=colour, markersize=6, clip_on=False)
        if item.value <= most:
            axes.plot([item.value], [row], marker="o", color=colour, markersize=6.5, gid="mark")
    axes.set_ylim(len(marks) - 0.4, -0.6)
    axes.grid(visible=True, axis="x")
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)


def impact_chart(
    labels: Sequence[str], rates: Sequence[Mark], ratios: Sequence[Mark | None], words: Words
) -> str:
    """Rates with intervals on the left, impact ratios with intervals and 4/5 on the right.

    `words.x` names the rate; the ratio's axis names itself.
    """
    with canvas(1.25 + 0.34 * len(labels), columns=2) as (figure, (left, right)):
        figure.suptitle(words.title, x=0.005, ha="left", fontsize=11.5, fontweight="bold")
        highs = [m.high for m in rates if m.high is not None]
        highs += [m.value for m in rates if m.value is not None]
        forest(left, rates, most=1.0)
        left.set_xlim(0, min(1.0, 1.08 * max(highs, default=1.0) or 1.0))
        left.set_yticks(range(len(labels)), [short(label) for label in labels])
        left.set_xlabel(words.x)
        percent_axis(left)
        forest(right, ratios, most=_most_ratio(ratios))
        right.set_xlim(0, _most_ratio(ratios))
        right.set_yticks(range(len(labels)), [""] * len(labels))
        right.set_xlabel("Impact ratio (rate over the reference's rate, no unit)")
        reference_line(right, 0.8, "4/5")
        right.axvline(1, color=TONES["soft"], linewidth=1)
        return finish(figure, words)


def _most_ratio(ratios: Sequence[Mark | None]) -> float:
    ends = [m.high for m in ratios if m and m.high is not None]
    ends += [m.value for m in ratios if m and m.value is not None]
    return min(2.0, max(1.25, 1.05 * max(ends, default=1.0)))


def sweep_chart(
    cuts: Sequence[float], ratios: Sequence[Series], current_cut: float | None, words: Words
) -> str:
    """The impact ratio of each group at every cut, with 4/5 and the cut in force."""
    with canvas(4.1) as (figure, (axes,)):
        heading(axes, words)
        for i, line in enumerate(ratios):
            axes.plot(
                cuts,
                gaps(line.values),
                label=short(line.label),
                linewidth=1.8,
                color=tone(i),
                linestyle=dashes(i),
            )
            if len(ratios) <= 3 and line.low:
                axes.fill_between(
                    cuts, gaps(line.low), gaps(line.high), color=tone(i), alpha=0.15, linewidth=0
                )
        tops = [v for line in ratios for v in line.values if v is not None]
        axes.set_ylim(0, max(1.1, min(1.5, 1.05 * max(tops, default=1.0))))
        reference_line(axes, 0.8, "4/5", vertical=False)
        if current_cut is not None:
            axes.axvline(current_cut, color=TONES["ink"], linewidth=1.2)
            above(axes, current_cut, "cut in force")
        frame(axes, words)
        legend(figure, axes, len(ratios))
        return finish(figure, words)


def distribution_chart(
    edges: Sequence[float], shares: Sequence[Series], current_cut: float | None, words: Words
) -> str:
    """Step histograms: the share of a group's persons in each bin of the score."""
    with canvas(3.9) as (figure, (axes,)):
        heading(axes, words)
        for i, line in enumerate(shares):
            axes.stairs(
                [v or 0.0 for v in line.values],
                edges,
                label=short(line.label),
                color=tone(i),
                linewidth=1.8,
                linestyle=dashes(i),
            )
        axes.set_ylim(bottom=0)
        percent_axis(axes, vertical=True)
        if current_cut is not None:
            axes.axvline(current_cut, color=TONES["ink"], linewidth=1.2)
            above(axes, current_cut, "cut in force")
        frame(axes, words)
        legend(figure, axes, len(shares))
        return finish(figure, words)


def funnel_chart(
    stages: Sequence[str], groups: Sequence[tuple[str, Sequence[Mark]]], words: Words
) -> str:
    """Pass rate with interval of every group in every stage; stages from top to bottom."""
    step = 0.72 / max(len(groups), 1)
    with canvas(1.2 + len(stages) * (0.3 + 0.2 * len(groups))) as (figure, (axes,)):
        heading(axes, words)
        for i, (label, marks) in enumerate(groups):
            places = [row - 0.36 + step * (i + 0.5) for row in range(len(stages))]
            for place, item in zip(places, marks, strict=True):
                if item.low is not None and item.high is not None:
                    axes.plot([item.low, item.high], [place, place], color=tone(i), linewidth=1.8)
            axes.plot(
                gaps([m.value for m in marks]),
                places,
                label=short(label),
                color=tone(i),
                marker=marker(i),
                markersize=6,
                linestyle="none",
            )
        for row in range(1, len(stages)):
            axes.axhline(row - 0.5, color=TONES["line"], linewidth=0.8)
        axes.set_ylim(len(stages) - 0.5, -0.5)
        axes.set_yticks(range(len(stages)), [short(stage) for stage in stages])
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(0, 1.02)
        percent_axis(axes)
        frame(axes, words, vertical_only=True)
        legend(figure, axes, len(groups))
        return finish(figure, words)
