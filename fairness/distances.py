"""How far the scores of two groups are apart, from their histograms.

Each group is compared with one reference: the group with the highest mean score, unless another is
named. Signs are group less reference: negative where the group scores lower. Distances say nothing
about why scores differ, and nothing about a cut; `fairness.sweep` does cuts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtrit

from audit.errors import SettingsInvalid
from fairness.distance_measures import (
    bins_of_equal_count,
    into_bins,
    kolmogorov_smirnov,
    kolmogorov_smirnov_p,
    mann_whitney_p,
    overlap,
    quantile,
    shares_up_to,
    superiority,
    superiority_interval,
    wasserstein,
)
from fairness.draws import deal, share_as_large, stream
from fairness.intervals import Estimate, z_value
from fairness.multiplicity import holm
from fairness.rate_arrays import estimate, largest_groups, may_set_reference
from fairness.types import Floats, Group, GroupCounts, Interval, Ints, Note, ScoreCounts

PERCENTS = (10, 25, 50, 75, 90)
MOST_GROUPS = 100
# Replicates are drawn on at most this many bins, so that time and memory stay bounded.
MOST_BINS = 256
FEWEST_FOR_BOOTSTRAP = 10
BAND = "multinomial bootstrap, band"
PERCENTILE = "multinomial bootstrap, percentile"


@dataclass(frozen=True, slots=True)
class DistancePlan:
    """How to compare: interval `level`, `replicates` per pair of groups, their `seed`.

    `reference`: the group to compare with, or None for the highest mean of the groups that are
    not under the share `exclude_under` of all persons.
    """

    level: float = 0.95
    replicates: int = 1000
    seed: int = 0
    reference: Group | None = None
    exclude_under: float | None = None


@dataclass(frozen=True, slots=True)
class Quantile:
    """The score at or below which `percent` of 100 persons are."""

    percent: int
    value: float


@dataclass(frozen=True, slots=True)
class GroupScores:
    """One group's scores: mean with Student's interval, SD with n - 1 (None for one person)."""

    group: Group
    persons: int
    mean: Estimate
    sd: float | None
    quantiles: tuple[Quantile, ...]


@dataclass(frozen=True, slots=True)
class QuantileGap:
    """Quantile of the group less that of the reference, in points of the score."""

    percent: int
    gap: Estimate


@dataclass(frozen=True, slots=True)
class ChanceTest:
    """A distance against chance.

    Attributes:
        p_value: share of draws that are as large when persons are dealt to the two groups at
            random (a permutation test of the persons, right for ties), 0..1.
        by_chance: the distance that chance exceeds in 1 - level of the draws.
    """

    p_value: float
    by_chance: float


@dataclass(frozen=True, slots=True)
class ScoreDistance:
    """All distances of one group from the reference; None where the data give none, see `notes`.

    Attributes:
        mean_difference: points of the score, Welch's interval.
        cohens_d: mean difference over the pooled SD. hedges_g: d without its small-sample bias.
        ks: largest gap of the cumulative shares, 0..1. ks_p, ks_method: its textbook p.
        wasserstein: points of the score, 0 and up. wasserstein_sd: the same in pooled SDs.
        superiority: chance that a person of the group outscores one of the reference, ties half;
            .5 is no difference. rank_p, rank_method: Mann-Whitney; rank_adjusted_p: Holm over the
            groups.
        overlap: shared part of the two histograms, 0..1, in `overlap_bins` bins.
        ks_chance, wasserstein_chance: permutation tests.
    """

    group: Group
    reference: Group
    mean_difference: Estimate
    cohens_d: Estimate
    hedges_g: Estimate
    ks: Estimate
    ks_p: float
    ks_method: str
    ks_chance: ChanceTest | None
    wasserstein: Estimate
    wasserstein_sd: float | None
    wasserstein_chance: ChanceTest | None
    quantile_gaps: tuple[QuantileGap, ...]
    superiority: Estimate
    rank_p: float
    rank_method: str
    rank_adjusted_p: float
    overlap: Estimate
    overlap_bins: int
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Distances:
    """Scores per group, and each group's distance from the reference.

    `tied_share` (0..1): persons who share their exact score (or bin) with somebody.
    """

    features: tuple[str, ...]
    score: str
    groups: tuple[GroupScores, ...]
    reference: Group
    distances: tuple[ScoreDistance, ...]
    tied_share: float
    plan: DistancePlan
    notes: tuple[Note, ...]


def distances(counts: ScoreCounts, plan: DistancePlan | None = None) -> Distances | Note:
    """Score distances of every group from the reference; sources in `distance_measures`.

    A Note instead where no group has a score. `SettingsInvalid` where the named reference is no
    group with scores.
    """
    plan = plan or DistancePlan()
    persons = counts.counts.sum(axis=1)
    shown = largest_groups(counts.groups, persons, most=MOST_GROUPS)
    if not len(shown):
        return Note("no_scores", f"No person in a known group has a score on {counts.score}.")
    used = np.flatnonzero(counts.counts[shown].sum(axis=0))
    values = counts.values[used]
    histogram = counts.counts[np.ix_(shown, used)]
    groups = tuple(counts.groups[i] for i in shown)
    summaries = tuple(
        _summary(group, values, counts=row, level=plan.level)
        for group, row in zip(groups, histogram, strict=True)
    )
    best = _reference(counts.features, summaries, plan)
    found = [
        _distance((group, groups[best]), values, pair=(row, histogram[best]), plan=plan)
        for group, row in zip(groups, histogram, strict=True)
        if group != groups[best]
    ]
    adjusted = holm([item.rank_p for item in found])
    pooled = histogram.sum(axis=0)
    return Distances(
        counts.features,
        counts.score,
        summaries,
        groups[best],
        tuple(
            replace(item, rank_adjusted_p=item.rank_p if p is None else p)
            for item, p in zip(found, adjusted, strict=True)
        ),
        float(pooled[pooled > 1].sum() / pooled.sum()),
        plan,
        _notes(counts, len(groups)),
    )


def moments(values: Floats, counts: Ints) -> tuple[int, float, float | None]:
    """Persons, mean, and SD with n - 1 (None for fewer than two persons)."""
    n = int(counts.sum())
    mean = float(values @ counts / n)
    if n < 2:
        return n, mean, None
    return n, mean, math.sqrt(float(((values - mean) ** 2) @ counts) / (n - 1))


def _summary(group: Group, values: Floats, *, counts: Ints, level: float) -> GroupScores:
    n, mean, sd = moments(values, counts)
    interval = None
    if sd is not None:
        half = -float(stdtrit(n - 1, (1 - level) / 2)) * sd / math.sqrt(n)
        interval = Interval(mean - half, mean + half, level, "student t")
    quantiles = tuple(Quantile(p, float(quantile(values, counts, percent=p))) for p in PERCENTS)
    return GroupScores(group, n, Estimate(mean, interval), sd, quantiles)


def _reference(
    features: tuple[str, ...], groups: tuple[GroupScores, ...], plan: DistancePlan
) -> int:
    names = [item.group for item in groups]
    if plan.reference is not None:
        if plan.reference not in names:
            listed = ", ".join(" / ".join(name) for name in names[:10])
            raise SettingsInvalid(
                f"The reference group {' / '.join(plan.reference)} has no scores; "
                f"name one of: {listed}."
            )
        return names.index(plan.reference)
    persons = np.array([item.persons for item in groups], np.int64)
    table = GroupCounts(features, tuple(names), persons, np.zeros_like(persons))
    eligible = np.flatnonzero(may_set_reference(table, plan.exclude_under)).tolist()
    return min(eligible, key=lambda i: (-(groups[i].mean.value or 0), -groups[i].persons, names[i]))


def _distance(
    names: tuple[Group, Group], values: Floats, *, pair: tuple[Ints, Ints], plan: DistancePlan
) -> ScoreDistance:
    first, second = pair
    sizes = (int(first.sum()), int(second.sum()))
    difference, d, g, pooled_sd, notes = _standardized(values, pair, plan.level)
    drawn = _drawn(names[0], values, pair=pair, plan=plan)
    area = superiority(first, second)
    ks_p, ks_method = kolmogorov_smirnov_p(first, second)
    rank_p, rank_method = mann_whitney_p(first, second)
    w1 = float(wasserstein(values, first, second))
    if drawn.note:
        notes.append(drawn.note)
    return ScoreDistance(
        group=names[0],
        reference=names[1],
        mean_difference=difference,
        cohens_d=d,
        hedges_g=g,
        ks=Estimate(float(kolmogorov_smirnov(first, second)), drawn.ks),
        ks_p=ks_p,
        ks_method=ks_method,
        ks_chance=drawn.ks_chance,
        wasserstein=Estimate(w1, drawn.wasserstein),
        wasserstein_sd=w1 / pooled_sd if pooled_sd else None,
        wasserstein_chance=drawn.wasserstein_chance,
        quantile_gaps=tuple(
            QuantileGap(percent, Estimate(_gap(values, pair, percent=percent), interval))
            for percent, interval in zip(PERCENTS, drawn.gaps, strict=True)
        ),
        superiority=estimate(area, superiority_interval(area, sizes, level=plan.level)),
        rank_p=rank_p,
        rank_method=rank_method,
        rank_adjusted_p=rank_p,
        overlap=Estimate(drawn.overlap_value, drawn.overlap),
        overlap_bins=drawn.overlap_bins,
        notes=tuple(notes),
    )


def _gap(values: Floats, pair: tuple[Ints, Ints], *, percent: int) -> float:
    first, second = pair
    return float(
        quantile(values, first, percent=percent) - quantile(values, second, percent=percent)
    )


def _standardized(
    values: Floats, pair: tuple[Ints, Ints], level: float
) -> tuple[Estimate, Estimate, Estimate, float | None, list[Note]]:
    """Mean difference, Cohen's d, Hedges' g, the pooled SD, and why one is missing.

    d = (mean1 - mean2) / sqrt(((n1-1)s1^2 + (n2-1)s2^2) / (n1+n2-2)), variance
    (n1+n2)/(n1*n2) + d^2/(2(n1+n2)); g = d * (1 - 3/(4(n1+n2) - 9)). Sources: Cohen (1988),
    section 2.2; Hedges (1981), Journal of Educational Statistics 6:107; Hedges and Olkin (1985),
    chapter 5. Welch (1947), Biometrika 34:28 for the difference.
    """
    (n1, mean1, sd1), (n2, mean2, sd2) = (moments(values, counts) for counts in pair)
    if sd1 is None or sd2 is None:
        note = Note("one_person", "A group has one person, so its scores have no spread to use.")
        nothing = Estimate(None, None)
        return Estimate(mean1 - mean2, None), nothing, nothing, None, [note]
    pooled = math.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / (n1 + n2 - 2))
    difference = Estimate(mean1 - mean2, _welch((mean1, sd1, n1), (mean2, sd2, n2), level))
    if pooled == 0:
        text = "Within each group all scores are equal, so no standardized difference exists."
        nothing = Estimate(None, None)
        return difference, nothing, nothing, None, [Note("no_spread", text)]
    z = z_value(level)
    d = (mean1 - mean2) / pooled
    half = z * math.sqrt((n1 + n2) / (n1 * n2) + d * d / (2 * (n1 + n2)))
    # statsmodels and its pandas take seconds to import.
    from statsmodels.stats.meta_analysis import effectsize_smd

    g, variance = (float(v) for v in effectsize_smd(mean1, sd1, n1, mean2, sd2, n2))
    wide = z * math.sqrt(variance)
    return (
        difference,
        Estimate(d, Interval(d - half, d + half, level, "hedges-olkin")),
        Estimate(g, Interval(g - wide, g + wide, level, "hedges-olkin")),
        pooled,
        [],
    )


def _welch(
    first: tuple[float, float, int], second: tuple[float, float, int], level: float
) -> Interval:
    (mean1, sd1, n1), (mean2, sd2, n2) = first, second
    a, b = sd1**2 / n1, sd2**2 / n2
    difference = mean1 - mean2
    if a + b == 0:
        return Interval(difference, difference, level, "welch t")
    df = (a + b) ** 2 / (a * a / (n1 - 1) + b * b / (n2 - 1))
    half = -float(stdtrit(df, (1 - level) / 2)) * math.sqrt(a + b)
    return Interval(difference - half, difference + half, level, "welch t")


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What needs replicates; None everywhere for groups that are too small for them."""

    ks: Interval | None
    ks_chance: ChanceTest | None
    wasserstein: Interval | None
    wasserstein_chance: ChanceTest | None
    gaps: tuple[Interval | None, ...]
    overlap_value: float
    overlap: Interval | None
    overlap_bins: int
    note: Note | None


def _drawn(group: Group, values: Floats, *, pair: tuple[Ints, Ints], plan: DistancePlan) -> _Drawn:
    """Bootstrap intervals and permutation tests of one pair.

    Each group keeps its number of persons; its scores are drawn from its own histogram. Where
    groups are alike a distance lies at the edge of what it can be, and percentiles of replicates
    miss the truth. So the interval is value +- q, q the quantile of the distance between the
    replicate's and the observed difference of the two distributions: by the triangle inequality it
    holds for any distributions. Source: van der Vaart and Wellner (1996), section 3.7, for the
    two-sample bootstrap.
    """
    used = np.flatnonzero(pair[0] + pair[1])
    values, pair = values[used], (pair[0][used], pair[1][used])
    bins = bins_of_equal_count(pair[0] + pair[1], MOST_BINS)
    first, second = into_bins(pair[0], bins), into_bins(pair[1], bins)
    pooled = first + second
    smallest = min(int(first.sum()), int(second.sum()))
    parts = bins_of_equal_count(pooled, min(max(math.isqrt(smallest), 5), 20))
    shared = float(overlap(into_bins(first, parts), into_bins(second, parts)))
    if smallest < FEWEST_FOR_BOOTSTRAP:
        text = (
            f"A group has fewer than {FEWEST_FOR_BOOTSTRAP} persons, too few to draw from; "
            "distances that need draws have no interval."
        )
        empty = tuple(None for _ in PERCENTS)
        note = Note("too_few_to_draw", text, {"persons": smallest})
        return _Drawn(None, None, None, None, empty, shared, None, int(parts[-1]) + 1, note)
    generator = stream(plan.seed, group)
    middles = np.bincount(bins, (pair[0] + pair[1]) * values) / pooled
    one, two = (
        generator.multinomial(counts.sum(), counts / counts.sum(), plan.replicates)
        for counts in (first, second)
    )
    dealt = deal(generator, pooled, taken=int(first.sum()), draws=plan.replicates)
    ks, w1 = float(kolmogorov_smirnov(*pair)), float(wasserstein(values, *pair))
    moved = shares_up_to(one) - shares_up_to(two) - (shares_up_to(first) - shares_up_to(second))
    errors = np.abs(moved)
    cells = np.diff(
        moved[:, np.searchsorted(parts, np.arange(parts[-1] + 1), "right") - 1], axis=1, prepend=0.0
    )
    return _Drawn(
        _band(ks, errors.max(axis=1), level=plan.level, most=1.0),
        _chance(ks, kolmogorov_smirnov(dealt, pooled - dealt), plan.level),
        _band(w1, errors[:, :-1] @ np.diff(middles), level=plan.level, most=math.inf),
        _chance(w1, wasserstein(middles, dealt, pooled - dealt), plan.level),
        _gap_intervals(values, pair, drawn=(middles, first, second, one, two), level=plan.level),
        shared,
        _band(shared, np.abs(cells).sum(axis=1) / 2, level=plan.level, most=1.0),
        int(parts[-1]) + 1,
        None,
    )


def _gap_intervals(
    values: Floats,
    pair: tuple[Ints, Ints],
    *,
    drawn: tuple[Floats, Ints, Ints, Ints, Ints],
    level: float,
) -> tuple[Interval | None, ...]:
    """Percentile intervals, shifted by what the bins move the estimate."""
    middles, first, second, one, two = drawn
    tails = [(1 - level) / 2, (1 + level) / 2]
    intervals = []
    for percent in PERCENTS:
        gaps = quantile(middles, one, percent=percent) - quantile(middles, two, percent=percent)
        shift = _gap(values, pair, percent=percent) - _gap(
            middles, (first, second), percent=percent
        )
        low, high = np.quantile(gaps, tails) + shift
        intervals.append(Interval(float(low), float(high), level, PERCENTILE))
    return tuple(intervals)


def _band(value: float, errors: Floats, *, level: float, most: float) -> Interval:
    """value +- the quantile of the errors, within 0..most."""
    half = float(np.quantile(errors, level))
    return Interval(max(value - half, 0.0), min(value + half, most), level, BAND)


def _chance(value: float, draws: Floats, level: float) -> ChanceTest:
    return ChanceTest(share_as_large(draws, value), float(np.quantile(draws, level)))


def _notes(counts: ScoreCounts, groups: int) -> tuple[Note, ...]:
    notes = []
    left_out = len(counts.groups) - groups
    if left_out:
        text = f"{left_out} groups are not compared: they have no scores, or are the smallest."
        notes.append(Note("groups_left_out", text, {"left_out": left_out}))
    if counts.width:
        text = f"Scores are counted in bins of {counts.width:g}; persons of one bin count as tied."
        notes.append(Note("binned_scores", text, {"width": counts.width}))
    unknown = int(counts.unknown.sum())
    if unknown:
        text = f"{unknown} persons with an unknown level are in no group."
        notes.append(Note("unknown_level", text, {"unknown": unknown}))
    if groups == 1:
        notes.append(Note("one_group", "There is one group, so there is nothing to compare."))
    return tuple(notes)
