"""Selection rates and impact ratios over time: what changed between periods, and when.

Persons are taken as independent. Rates that move for reasons outside the tool (another season,
other jobs) show as change too; the odds ratio against the reference group, taken within each
period, does not move with what moves both groups alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy.stats import chi2, norm

from fairness.draws import stream
from fairness.drift_changes import (
    LogOdds,
    Search,
    Split,
    odds_search,
    rate_search,
    segments,
)
from fairness.intervals import Estimate, Proportion, difference_newcombe, z_value
from fairness.multiplicity import holm
from fairness.rate_arrays import (
    Bools,
    below_four_fifths,
    estimate,
    highest,
    largest_groups,
    may_set_reference,
    ratio_to,
)
from fairness.rates import Pair
from fairness.significance import ChiSquare, fisher, homogeneity, pooled_z
from fairness.strata import StratifiedTest, pairs_by_stratum, stratified_test
from fairness.types import Group, GroupCounts, Interval, Ints, Note, StrataCounts

MOST_GROUPS = 50
MOST_PERIODS = 520
FISHER_BELOW = 5.0


@dataclass(frozen=True, slots=True)
class DriftPlan:
    """How to look for drift.

    Attributes:
        minimum: persons of a group in a period under which the period is shown but not tested.
        alpha: error rate of the change search. level: of the intervals.
        draws: series without a change per search. seed: of those draws.
        exclude_under: share of a period's persons under which a group sets no denominator there.
    """

    minimum: int = 10
    alpha: float = 0.05
    level: float = 0.95
    draws: int = 999
    seed: int = 0
    exclude_under: float | None = None


@dataclass(frozen=True, slots=True)
class PeriodRate:
    """One group in one period; `reference`: the highest rate of that period, None if no ratio.

    `small`: fewer persons than the plan's minimum, so that no test uses this period.
    """

    period: str
    group: Group
    rate: Proportion
    ratio: Estimate
    reference: Group | None
    below_four_fifths: bool
    small: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A group's rate in one period less that in the tested period before it, -1..1.

    `test`: "pooled z", or "fisher exact" where an expected count is below 5. `adjusted_p`: Holm
    over all changes of all groups. Interval: Newcombe.
    """

    group: Group
    before: str
    after: str
    difference: Estimate
    test: str
    p_value: float
    adjusted_p: float


@dataclass(frozen=True, slots=True)
class Trend:
    """A straight line over the tested periods, numbered 0, 1, 2, ...

    `slope` per period: of the rate (Cochran-Armitage), or of the log odds ratio.
    """

    slope: Estimate
    z: float
    p_value: float


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """A found change of level: the first period after it, and the level on either side.

    The levels are rates, or odds ratios against the reference. `p_value`: see
    `fairness.drift_changes`.
    """

    period: str
    before: float
    after: float
    statistic: float
    p_value: float


@dataclass(frozen=True, slots=True)
class ChangeSearch:
    """Result of a change search.

    Attributes:
        p_value: of the best first split; None where there are no two periods with information.
        adjusted_p: Holm over the groups. changes: empty unless adjusted_p is at most alpha.
    """

    p_value: float | None
    adjusted_p: float | None
    changes: tuple[ChangePoint, ...]


@dataclass(frozen=True, slots=True)
class GroupDrift:
    """One group's own rate over time.

    `constant`: Pearson chi-square of one rate in all tested periods.
    """

    group: Group
    periods_tested: int
    constant: ChiSquare | None
    trend: Trend | None
    search: ChangeSearch


@dataclass(frozen=True, slots=True)
class DisparityDrift:
    """A group's odds ratio against its reference over time.

    Attributes:
        reference: the group with the highest rate over all periods together.
        strata: Cochran-Mantel-Haenszel, common odds ratio, Breslow-Day and Tarone over periods.
        woolf: Woolf's chi-square that the odds ratio is the same in all tested periods.
        trend: of the log odds ratio. search: for a change of the odds ratio.
    """

    group: Group
    reference: Group
    periods_tested: int
    strata: StratifiedTest
    woolf: ChiSquare | None
    trend: Trend | None
    search: ChangeSearch


@dataclass(frozen=True, slots=True)
class Drift:
    """Everything over time; `periods` in the order of the counts given, oldest first."""

    features: tuple[str, ...]
    periods: tuple[str, ...]
    rates: tuple[PeriodRate, ...]
    changes: tuple[Change, ...]
    groups: tuple[GroupDrift, ...]
    disparities: tuple[DisparityDrift, ...]
    plan: DriftPlan
    notes: tuple[Note, ...]


def drift(counts: StrataCounts, plan: DriftPlan | None = None) -> Drift | Note:
    """Rates, impact ratios, changes, trends and change points over the strata of `counts`.

    The strata are the periods, oldest first. A Note instead where nobody was assessed. Sources:
    the sections named in each result; monitoring over time, 29 CFR 1607.15A(2)(c).
    """
    plan = plan or DriftPlan()
    shown = largest_groups(counts.groups, counts.assessed.sum(axis=0), most=MOST_GROUPS)
    if not len(shown):
        return Note("nobody_assessed", "Nobody of a known group was assessed in any period.")
    kept = StrataCounts(
        counts.features,
        tuple(counts.groups[i] for i in shown),
        counts.by,
        counts.strata[-MOST_PERIODS:],
        counts.assessed[-MOST_PERIODS:, shown],
        counts.selected[-MOST_PERIODS:, shown],
    )
    periods = tuple(" / ".join(level) for level in kept.strata)
    return Drift(
        counts.features,
        periods,
        _period_rates(kept, periods, plan),
        _changes(kept, periods, plan),
        _own_drifts(kept, periods, plan),
        _disparities(kept, periods, plan),
        plan,
        _notes(counts, kept, plan),
    )


def _table(counts: StrataCounts, period: int) -> GroupCounts:
    return GroupCounts(
        counts.features, counts.groups, counts.assessed[period], counts.selected[period]
    )


def _period_rates(
    counts: StrataCounts, periods: tuple[str, ...], plan: DriftPlan
) -> tuple[PeriodRate, ...]:
    rows: list[PeriodRate] = []
    for t, period in enumerate(periods):
        table = _table(counts, t)
        eligible = may_set_reference(table, plan.exclude_under)
        reference = highest(
            table.selected[None], table.assessed, groups=counts.groups, eligible=eligible
        )
        below = below_four_fifths(table.selected[None], table.assessed, reference=reference)[0]
        best = int(reference[0])
        for i, group in enumerate(counts.groups):
            x, n = int(table.selected[i]), int(table.assessed[i])
            ratio = ratio_to(best, table, i, level=plan.level)
            rows.append(
                PeriodRate(
                    period,
                    group,
                    Proportion.from_counts(x, n, level=plan.level),
                    ratio,
                    counts.groups[best] if best >= 0 else None,
                    bool(below[i]),
                    n < plan.minimum,
                )
            )
    return tuple(rows)


def _tested(counts: StrataCounts, group: int, plan: DriftPlan) -> Ints:
    """Positions of the periods with enough persons of the group."""
    return np.flatnonzero(counts.assessed[:, group] >= max(plan.minimum, 1))


def _changes(counts: StrataCounts, periods: tuple[str, ...], plan: DriftPlan) -> tuple[Change, ...]:
    """Each tested period against the tested one before it, with Holm over all of them."""
    found: list[Change] = []
    for i, group in enumerate(counts.groups):
        tested = _tested(counts, i, plan).tolist()
        for earlier, later in pairwise(tested):
            pair = Pair(
                int(counts.selected[later, i]),
                int(counts.assessed[later, i]),
                int(counts.selected[earlier, i]),
                int(counts.assessed[earlier, i]),
            )
            difference = estimate(
                pair.gap / (pair.n1 * pair.n2), difference_newcombe(pair, level=plan.level)
            )
            test, p = _two_periods(pair)
            found.append(Change(group, periods[earlier], periods[later], difference, test, p, p))
    adjusted = holm([change.p_value for change in found])
    return tuple(
        replace(change, adjusted_p=p if p is not None else change.p_value)
        for change, p in zip(found, adjusted, strict=True)
    )


def _two_periods(pair: Pair) -> tuple[str, float]:
    """Pooled Z; Fisher where the smallest expected count is below 5 (Cochran 1954)."""
    rarer = min(pair.selected, pair.assessed - pair.selected)
    if rarer * min(pair.n1, pair.n2) / pair.assessed < FISHER_BELOW:
        return "fisher exact", fisher(pair)
    z = pooled_z(pair)
    return "pooled z", z.p_value if z else 1.0


def _own_drifts(
    counts: StrataCounts, periods: tuple[str, ...], plan: DriftPlan
) -> tuple[GroupDrift, ...]:
    series, searches = [], []
    for i, group in enumerate(counts.groups):
        tested = _tested(counts, i, plan)
        x, n = counts.selected[tested, i], counts.assessed[tested, i]
        series.append((x, n))
        generator = stream(plan.seed, ("rate", *group))
        search = rate_search(x, n, draws=plan.draws, generator=generator)
        searches.append((search, tuple(periods[t] for t in tested)))
    results = _searched(searches, plan, odds=False)
    return tuple(
        GroupDrift(
            group,
            len(x),
            homogeneity(GroupCounts(("period",), tuple((str(t),) for t in range(len(x))), n, x)),
            _rate_trend(x, n, plan.level),
            result,
        )
        for group, (x, n), result in zip(counts.groups, series, results, strict=True)
    )


def _searched(
    searches: Sequence[tuple[Search, tuple[str, ...]]], plan: DriftPlan, *, odds: bool
) -> tuple[ChangeSearch, ...]:
    """First splits of all groups, Holm over them, and all changes of those that remain."""
    firsts: list[Split | None] = [search(0, len(periods)) for search, periods in searches]
    p_values = [first.p_value if first else None for first in firsts]
    results = []
    for (search, periods), first, p in zip(searches, firsts, holm(p_values), strict=True):
        if first is None or p is None or p > plan.alpha:
            results.append(ChangeSearch(first.p_value if first else None, p, ()))
            continue
        known = {(0, len(periods)): first}
        found = segments(
            lambda start, end, known=known, search=search: (  # type: ignore[misc]
                known.get((start, end)) or search(start, end)
            ),
            len(periods),
            alpha=plan.alpha,
        )
        points = tuple(_point(split, periods, odds) for split in found)
        results.append(ChangeSearch(first.p_value, p, points))
    return tuple(results)


def _point(split: Split, periods: tuple[str, ...], odds: bool) -> ChangePoint:
    before, after = split.before, split.after
    if odds:
        before, after = math.exp(before), math.exp(after)
    return ChangePoint(periods[split.first], before, after, split.statistic, split.p_value)


def _rate_trend(selected: Ints, assessed: Ints, level: float) -> Trend | None:
    """Cochran-Armitage test of a linear trend in rates over equally spaced periods.

    slope = sum((t - m)(x - n*p)) / S, S = sum(n*(t - m)^2), Z = slope * sqrt(S / (p*(1-p))).
    Sources: Cochran (1954), Biometrics 10:417; Armitage (1955), Biometrics 11:375.
    """
    total, chosen = int(assessed.sum()), int(selected.sum())
    if len(assessed) < 3 or not 0 < chosen < total:
        return None
    times = np.arange(len(assessed), dtype=np.float64)
    p = chosen / total
    centred = times - (times * assessed).sum() / total
    spread = float((assessed * centred**2).sum())
    slope = float((centred * (selected - assessed * p)).sum()) / spread
    return _line(slope, math.sqrt(p * (1 - p) / spread), level)


def _line(slope: float, error: float, level: float) -> Trend:
    z = slope / error
    half = z_value(level) * error
    interval = Interval(slope - half, slope + half, level, "normal")
    return Trend(Estimate(slope, interval), z, float(2 * norm.sf(abs(z))))


def _disparities(
    counts: StrataCounts, periods: tuple[str, ...], plan: DriftPlan
) -> tuple[DisparityDrift, ...]:
    """Each group against the one with the highest rate over all periods together."""
    totals = GroupCounts(
        counts.features, counts.groups, counts.assessed.sum(axis=0), counts.selected.sum(axis=0)
    )
    eligible = may_set_reference(totals, plan.exclude_under)
    best = int(
        highest(totals.selected[None], totals.assessed, groups=counts.groups, eligible=eligible)[0]
    )
    if best < 0:
        return ()
    others = [i for i in range(len(counts.groups)) if i != best]
    series, searches = [], []
    for i in others:
        tested = np.intersect1d(_tested(counts, i, plan), _tested(counts, best, plan))
        tested = tested[_informs(counts, (i, best), tested)]
        mine = (counts.selected[tested, i], counts.assessed[tested, i])
        theirs = (counts.selected[tested, best], counts.assessed[tested, best])
        generator = stream(plan.seed, ("odds", *counts.groups[i]))
        search = odds_search(mine, theirs, draws=plan.draws, generator=generator)
        searches.append((search, tuple(periods[t] for t in tested)))
        series.append(LogOdds.of(mine, theirs))
    results = _searched(searches, plan, odds=True)
    reference = counts.groups[best]
    return tuple(
        DisparityDrift(
            counts.groups[i],
            reference,
            len(odds.values),
            stratified_test(
                pairs_by_stratum(counts, counts.groups[i], reference=reference), level=plan.level
            ),
            _woolf(odds),
            _odds_trend(odds, plan.level),
            result,
        )
        for i, odds, result in zip(others, series, results, strict=True)
    )


def _informs(counts: StrataCounts, groups: tuple[int, int], periods: Ints) -> Bools:
    """Where neither nobody nor everybody of both groups together was selected."""
    chosen = counts.selected[periods][:, groups].sum(axis=1)
    persons = counts.assessed[periods][:, groups].sum(axis=1)
    return np.asarray((chosen > 0) & (chosen < persons), np.bool_)


def _woolf(odds: LogOdds) -> ChiSquare | None:
    """sum(w * (log OR - mean)^2) over the periods, w the inverse variances; periods - 1 df.

    Source: Woolf (1955), Annals of Human Genetics 19:251.
    """
    df = len(odds.values) - 1
    if df < 1:
        return None
    statistic = float((odds.weights * (odds.values - odds.common()) ** 2).sum())
    return ChiSquare(statistic, df, float(chi2.sf(statistic, df)))


def _odds_trend(odds: LogOdds, level: float) -> Trend | None:
    """Weighted regression of the log odds ratio on the period number, inverse variance weights."""
    if len(odds.values) < 3:
        return None
    times = np.arange(len(odds.values), dtype=np.float64)
    centred = times - (times * odds.weights).sum() / odds.weights.sum()
    spread = float((odds.weights * centred**2).sum())
    slope = float((odds.weights * centred * odds.values).sum()) / spread
    return _line(slope, 1 / math.sqrt(spread), level)


def _notes(counts: StrataCounts, kept: StrataCounts, plan: DriftPlan) -> tuple[Note, ...]:
    notes = []
    groups = len(counts.groups) - len(kept.groups)
    if groups:
        text = f"{groups} groups are not shown: nobody assessed, or among the smallest."
        notes.append(Note("groups_left_out", text, {"left_out": groups}))
    periods = len(counts.strata) - len(kept.strata)
    if periods:
        text = f"The {periods} oldest periods are not shown."
        notes.append(Note("periods_left_out", text, {"left_out": periods}))
    small = int((kept.assessed < plan.minimum).sum())
    if small:
        text = (
            f"{small} of {kept.assessed.size} group-periods have fewer than {plan.minimum} persons "
            "and are shown but not tested."
        )
        notes.append(Note("small_periods", text, {"small": small}))
    if len(kept.strata) < 2:
        notes.append(Note("one_period", "There is one period, so nothing can change."))
    return tuple(notes)
