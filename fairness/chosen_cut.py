"""What one cut score would do: each group's rate and impact ratio, from counts alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audit.errors import DataInvalid
from fairness.cube import Cube
from fairness.impact import ImpactPolicy, ImpactTable, impact
from fairness.types import GroupCounts

BASIS = "cut"


@dataclass(frozen=True, slots=True)
class ChosenCut:
    """A cut and what it would do.

    Attributes:
        asked: the cut that was asked for. cut: the one that was counted, in points of the score;
            they differ only where scores are counted in bins, which cannot be split.
        low, high: the lowest and highest score that anybody has.
        higher_is_better: selected are those at or above the cut; else those at or below it.
        width: of the bins, in points; 0 where scores are exact.
        current: the cut of the specification, or None.
        table: every group against the one with the highest rate at this cut.
    """

    asked: float
    cut: float
    low: float
    high: float
    higher_is_better: bool
    width: float
    current: float | None
    table: ImpactTable


def at_cut(
    cube: Cube,
    features: Sequence[str],
    score: str,
    cut: float | None,
    policy: ImpactPolicy | None = None,
) -> ChosenCut:
    """Selects everybody at or beyond `cut` and compares the groups.

    `cut`: in points of the score; None takes that of the specification, or else the median. Beyond
    the scores that there are, nobody or everybody is selected. `policy`: without a bootstrap where
    it is left out, so that it can follow a slider. Source: 29 CFR 1607.5H (cut scores), 1607.4D.

    Raises:
        DataInvalid: no such score or feature, or nobody has the score.
    """
    facts = cube.score(score)
    counts = cube.histogram(features, score)
    held = np.flatnonzero(counts.counts.sum(axis=0) + counts.unknown)
    if not len(held):
        raise DataInvalid(f"Nobody has a score on {score}.")
    half = counts.width / 2
    ends = counts.values - half if facts.higher_is_better else counts.values + half
    asked = cut if cut is not None else facts.cut
    if asked is None:
        middle = cube.median(score).value
        asked = middle if middle is not None else float(ends[held[0]])
    chosen = ends >= asked if facts.higher_is_better else ends <= asked
    counted = asked
    if counts.width and chosen.any():
        counted = ends[chosen].min() if facts.higher_is_better else ends[chosen].max()
    table = GroupCounts(
        counts.features,
        counts.groups,
        counts.counts.sum(axis=1),
        counts.counts[:, chosen].sum(axis=1),
        int(counts.unknown.sum()),
        int(counts.unknown[chosen].sum()),
        basis=BASIS,
    )
    return ChosenCut(
        asked=float(asked),
        cut=float(counted),
        low=float(counts.values[held[0]] - half),
        high=float(counts.values[held[-1]] + half),
        higher_is_better=facts.higher_is_better,
        width=float(counts.width),
        current=facts.cut,
        table=impact(table, policy or ImpactPolicy(replicates=0, boschloo=False)),
    )
