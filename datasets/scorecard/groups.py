"""False flags of demographic cells against all, and what a trial costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from datasets.scorecard.model import CostEntry, GroupEntry, Interval, Judged
from datasets.scorecard.rates import answered, rate
from datasets.scorecard.resampling import Array, Clusters, Plan, percentiles, spread, widest
from datasets.trials import Trial

DIFFERENTIAL = 1.25
"""Greatest ratio of a cell's false-flag rate to the overall one: NIST's 25 % above."""


def group_rows(trials: Iterable[Trial], plan: Plan) -> list[GroupEntry]:
    """Each demographic cell of each corpus, the highest ratio first.

    The overall rate is of all bona fide trials of the corpus whose cell is known, the cell's own
    included. Trials without an answer count in neither.
    """
    corpora: dict[str, list[Trial]] = {}
    for trial in trials:
        if not trial.is_attack and trial.group:
            corpora.setdefault(trial.corpus, []).append(trial)
    rows = [
        _row(held, group, plan)
        for _, held in sorted(corpora.items())
        for group in sorted({t.group for t in held})
    ]
    return sorted(rows, key=lambda row: -(row.ratio if row.ratio is not None else -1.0))


def _row(held: Sequence[Trial], group: str, plan: Plan) -> GroupEntry:
    heard = answered(held)
    inside = answered(t for t in held if t.group == group)
    flags = rate([t.status == "review" for t in inside], inside, plan)
    overall = float(np.mean([t.status == "review" for t in heard])) if heard else None
    ratio, interval = None, None
    if overall and flags.value is not None and flags.exact is not None:
        ratio = flags.value / overall
        # The exact interval speaks where a cell has no flag, of which no bootstrap can draw one.
        exact = flags.exact[0] / overall, flags.exact[1] / overall
        drawn = spread(heard, lambda clusters: _drawn(heard, group, clusters, plan))
        interval = widest(exact, *drawn)
    return GroupEntry(
        corpus=held[0].corpus,
        group=group,
        presentations=sum(t.group == group for t in held),
        bpcer=flags,
        overall=overall,
        ratio=ratio,
        interval=interval,
        judged=_judged(flags.value, ratio, interval),
    )


def _drawn(heard: Sequence[Trial], group: str, clusters: Clusters, plan: Plan) -> Interval | None:
    flags = np.array([t.status == "review" for t in heard], dtype=np.float64)
    inside = np.array([t.group == group for t in heard], dtype=np.float64)
    ones = np.ones(len(heard))
    own, own_of = clusters.sums(flags * inside), clusters.sums(inside)
    every, every_of = clusters.sums(flags), clusters.sums(ones)

    def statistic(counts: Array) -> Array:
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio: Array = (counts @ own / (counts @ own_of)) / (
                counts @ every / (counts @ every_of)
            )
        return ratio

    return percentiles(clusters, statistic, plan)


def _judged(value: float | None, ratio: float | None, interval: Interval | None) -> Judged | None:
    if value is None:
        return None
    if ratio is None or interval is None:
        return "nobody_flagged"
    if ratio > DIFFERENTIAL:
        return "above" if interval[0] > DIFFERENTIAL else "above_uncertain"
    return "within" if interval[1] <= DIFFERENTIAL else "within_uncertain"


def cost(trials: Iterable[Trial]) -> CostEntry | None:
    """CPU seconds per face or second of speech; None where no trial was measured."""
    held = [t for t in trials if t.units > 0 and t.seconds > 0]
    if not held:
        return None
    units, seconds = sum(t.units for t in held), sum(t.seconds for t in held)
    return CostEntry(
        trials=len(held),
        units=units,
        seconds=seconds,
        per_unit=seconds / units,
        per_unit_95=float(np.percentile([t.seconds / t.units for t in held], 95.0)),
    )
