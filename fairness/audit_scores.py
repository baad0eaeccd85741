"""The part of an audit that is about scores and time: distances, cuts, calibration, validity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from audit.errors import DataInvalid
from fairness.bootstrap import Resampling
from fairness.calibration_by_group import (
    CalibrationCounts,
    CalibrationTable,
    calibration_by_group,
)
from fairness.cube import NOT_GIVEN, Cube
from fairness.distances import DistancePlan, Distances, distances
from fairness.drift import Drift, DriftPlan, drift
from fairness.result import AuditSettings, Distribution, SweepAudit, ValidityAudit
from fairness.sweep import CutRange, Sweep, sweep
from fairness.types import Floats, Ints, Note, ScoreCounts, StrataCounts
from fairness.validity import score_deviations, validity

# Cuts that a sweep lists, and bars of a histogram.
SWEEP_CUTS = 200
BARS = 30
CALIBRATION_BINS = 10
# A few scores are shown as they are, with a bar each.
_BARS_PER_VALUE = 41

Features = tuple[str, ...]


def score_distances(
    cube: Cube, features: Features, score: str, settings: AuditSettings
) -> Distances | Note:
    """How far the groups' scores lie apart."""
    plan = DistancePlan(
        level=settings.level, seed=settings.seed, exclude_under=settings.exclude_under_share
    )
    return distances(cube.histogram(features, score), plan)


def distribution(cube: Cube, features: Features, score: str) -> Distribution | None:
    """A histogram to draw; None where nobody has a score."""
    counts = cube.histogram(features, score)
    total = counts.counts.sum(axis=0) + counts.unknown
    if not total.sum():
        return None
    seen = np.flatnonzero(total)
    values = counts.values[seen]
    edges = _edges(values, counts.width)
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    bars = np.zeros((len(counts.groups) + 1, len(edges) - 1), np.int64)
    for row, part in enumerate([*counts.counts[:, seen], counts.unknown[seen]]):
        np.add.at(bars[row], place, part)
    kept = [i for i in range(len(counts.groups)) if bars[i].sum()]
    groups = tuple(counts.groups[i] for i in kept)
    return Distribution(features, score, groups, edges, bars[kept], bars[-1])


def _edges(values: Floats, width: float) -> Floats:
    """Edges of equal bars over the values; whole numbers stay in the middle of theirs."""
    low, high = float(values[0]), float(values[-1])
    whole = not width and bool((values == np.round(values)).all())
    if low == high:
        return np.array([low - 0.5, low + 0.5])
    if whole:
        step = max(1, int(np.ceil((high - low + 1) / _BARS_PER_VALUE)))
        bars = int(np.ceil((high - low + 1) / step))
        return low - 0.5 + step * np.arange(bars + 1, dtype=np.float64)
    edges: Floats = np.linspace(low - width / 2, high + width / 2, BARS + 1)
    if not width:
        edges[-1] = np.nextafter(high, np.inf)
    return edges


def cut_sweep(
    cube: Cube, features: Features, score: str, settings: AuditSettings
) -> SweepAudit | Note:
    """Every impact ratio at every cut, in the score's own direction."""
    facts = cube.score(score)
    counts = cube.histogram(features, score)
    found = sweep(
        counts if facts.higher_is_better else _mirrored(counts),
        exclude_under=settings.exclude_under_share,
        most_cuts=SWEEP_CUTS,
        level=settings.level,
    )
    if isinstance(found, Note):
        return found
    if not facts.higher_is_better:
        found = _turned(found)
    return SweepAudit(facts.higher_is_better, facts.cut, found)


def _mirrored(counts: ScoreCounts) -> ScoreCounts:
    return replace(
        counts,
        values=-counts.values[::-1],
        counts=counts.counts[:, ::-1],
        unknown=counts.unknown[::-1],
    )


def _turned(found: Sweep) -> Sweep:
    """A sweep of mirrored scores with its cuts turned back and rising."""
    names = (
        *("selected", "rates", "rate_low", "rate_high", "ratios", "ratio_low", "ratio_high"),
        *("reference", "below", "lowest"),
    )
    turned = {name: getattr(found, name)[::-1] for name in names}
    kept = tuple(
        CutRange(-k.high, -k.low, k.cuts, k.share_at_high, k.share_at_low)
        for k in reversed(found.kept)
    )
    return replace(found, cuts=-found.cuts[::-1] + 0.0, kept=kept, **turned)


def over_time(cube: Cube, features: Features, settings: AuditSettings) -> Drift | Note:
    """Rates and disparities from period to period, oldest first."""
    try:
        counts = cube.strata(features, by=("period",))
    except DataInvalid as error:
        return Note("periods_not_kept", f"{' x '.join(features)} over time: {error}.")
    order = {level: i for i, level in enumerate(cube.levels("period"))}
    places = [i for i, s in enumerate(counts.strata) if s != (NOT_GIVEN,)]
    places.sort(key=lambda i: order[counts.strata[i][0]])
    plan = DriftPlan(
        alpha=settings.alpha,
        level=settings.level,
        seed=settings.seed,
        exclude_under=settings.exclude_under_share,
    )
    return drift(
        StrataCounts(
            counts.features,
            counts.groups,
            counts.by,
            tuple(counts.strata[i] for i in places),
            counts.assessed[places],
            counts.selected[places],
        ),
        plan,
    )


def calibrated(
    cube: Cube, features: Features, score: str, settings: AuditSettings
) -> CalibrationTable | Note:
    """Whether the same score means the same performance in every group."""
    parts = [cube.histogram(features, score, where={"label": x}) for x in ("poor", "good")]
    everybody = parts[0].counts + parts[1].counts
    total = everybody.sum(axis=0)
    if not total.sum():
        name = " x ".join(features)
        return Note(
            "no_labelled_scores", f"No person of a known {name} has both {score} and a label."
        )
    bins = _calibration_bins(total)
    starts = np.flatnonzero(np.diff(bins, prepend=-1))
    values = parts[0].values

    def summed(counts: Ints) -> Ints:
        return np.add.reduceat(counts, starts, axis=1)

    ends = [*(starts[1:] - 1), len(values) - 1]
    names = tuple(_bin_name(values[i], values[j]) for i, j in zip(starts, ends, strict=True))
    counts = CalibrationCounts(
        features,
        parts[0].groups,
        score,
        names,
        summed(everybody),
        summed(parts[1].counts),
        np.add.reduceat(everybody * values, starts, axis=1),
    )
    how = Resampling(settings.level, min(settings.replicates, 2000), settings.seed)
    return calibration_by_group(counts, how=how)


def _calibration_bins(total: Ints) -> Ints:
    """Number of the bin of each score: about as many labelled persons in each, ties together."""
    before = np.cumsum(total) - total
    bins: Ints = before * CALIBRATION_BINS // max(int(total.sum()), 1)
    return np.minimum(bins, CALIBRATION_BINS - 1)


def _bin_name(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def validities(cube: Cube, features: Features, settings: AuditSettings) -> Iterator[ValidityAudit]:
    """Score against later performance, by group; only of scores that have both."""
    known = {table.score for table in cube.moment_tables}
    for score in [s for s in cube.scores if s in known]:
        moments = cube.moments(features, score)
        if moments.n.sum():
            spread = score_deviations(cube.histogram(features, score))
            yield ValidityAudit(
                score, validity(moments, unrestricted_sd=spread, level=settings.level)
            )
