"""Rates of a set of comparisons, as rows and curves of docs/verification.md."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from audit.calibration import (
    Array,
    Comparisons,
    bootstrap,
    cllr,
    cllr_min,
    clopper_pearson,
    equal_error_rate,
    fmr,
    fnmr,
    rule_of_three,
    weighted_eer,
)

ROUNDS = 200
POINTS = 160


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One data set under one kind of comparison, against one scale.

    `log10` maps scores to bounded log10 LRs; `review_below` and `clear_from` are its thresholds.
    """

    name: str
    kind: str
    comparisons: Comparisons
    log10: Array
    review_below: float
    clear_from: float
    note: str = ""

    @property
    def eer(self) -> float:
        """Equal error rate."""
        return equal_error_rate(self.comparisons.mated, self.comparisons.nonmated)[0]


HEADER = (
    "| set | compared | people | mated | non-mated | EER, 95 % interval over people | at score | "
    "mated sent to review | mated passed | non-mated passed | Cllr | Cllr_min |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|"
)


def row(found: Evaluated) -> str:
    """One line of the table."""
    pairs = found.comparisons
    rate, threshold = equal_error_rate(pairs.mated, pairs.nonmated)
    low, high = bootstrap(pairs, weighted_eer, rounds=ROUNDS, seed=1)
    mated = pairs.is_mated
    cells = [
        found.name + (f" ({found.note})" if found.note else ""),
        found.kind,
        str(len(pairs.persons)),
        str(len(pairs.mated)),
        str(len(pairs.nonmated)),
        _rate(rate, low, high, len(pairs.persons)),
        f"{threshold:.3f}",
        _share(float(fnmr(pairs.mated, found.review_below)), len(pairs.mated)),
        f"{1 - float(fnmr(pairs.mated, found.clear_from)):.1%}",
        _share(float(fmr(pairs.nonmated, found.clear_from)), len(pairs.nonmated)),
        f"{cllr(found.log10[mated], found.log10[~mated]):.3f}",
        f"{cllr_min(pairs.mated, pairs.nonmated):.3f}",
    ]
    return "| " + " | ".join(cells) + " |"


def _rate(rate: float, low: float, high: float, people: int) -> str:
    if rate > 0.0:
        return f"{rate:.2%} ({low:.2%} to {high:.2%})"
    return f"none seen (below {rule_of_three(people):.0%} by the rule of three over people)"


def _share(rate: float, trials: int) -> str:
    errors = round(rate * trials)
    low, high = clopper_pearson(errors, trials)
    return f"{errors} of {trials} ({low:.1%} to {high:.1%})"


def table(found: list[Evaluated]) -> str:
    """All rows, worst equal error rate first."""
    ordered = sorted(found, key=lambda one: -one.eer)
    return "\n".join([HEADER, *(row(one) for one in ordered)])


def curves(found: list[Evaluated], path: Path, title: str) -> None:
    """False match against false non-match rate of each set, an SVG of repeatable bytes."""
    with rc_context({"svg.hashsalt": "fairwitness", "svg.fonttype": "none"}):
        figure = Figure(figsize=(6.4, 4.6), layout="constrained")
        axes = figure.add_subplot()
        for one in sorted(found, key=lambda each: -each.eer):
            x, y = _curve(one.comparisons)
            axes.plot(x, y, label=f"{one.name}, {one.kind}", linewidth=1.2)
        axes.set(
            xscale="symlog",
            yscale="symlog",
            xlabel="false match rate",
            ylabel="false non-match rate",
            title=title,
            xlim=(0, 1),
            ylim=(0, 1),
        )
        axes.set_xscale("symlog", linthresh=1e-3)
        axes.set_yscale("symlog", linthresh=1e-3)
        axes.grid(visible=True, linewidth=0.3)
        axes.legend(fontsize=7)
        figure.savefig(path, format="svg", metadata={"Date": None})


def _curve(pairs: Comparisons) -> tuple[Array, Array]:
    both = np.concatenate([pairs.mated, pairs.nonmated])
    thresholds = np.unique(
        np.concatenate(
            [
                np.quantile(pairs.mated, np.linspace(0, 1, POINTS // 2)),
                np.quantile(pairs.nonmated, 1 - np.geomspace(1e-5, 1, POINTS // 2)),
                [both.max() + 1e-6],
            ]
        )
    )
    return np.round(fmr(pairs.nonmated, thresholds), 5), np.round(fnmr(pairs.mated, thresholds), 5)
