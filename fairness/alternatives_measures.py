"""What one way of selecting would do: impact ratio, validity and utility, with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from fairness.distance_measures import superiority_interval
from fairness.intervals import Estimate, z_value
from fairness.rate_arrays import Bools, below_four_fifths, estimate, highest, may_set_reference
from fairness.types import Floats, Group, GroupCounts, Interval, Ints


@dataclass(frozen=True, slots=True)
class Persons:
    """The rows that a candidate is tried on; never part of a result.

    Attributes:
        group (n,): number of the group, -1 unknown. groups: their names.
        label (n,): later performance, NaN unknown; binary: whether it is 0 or 1 only.
    """

    group: Ints
    groups: tuple[Group, ...]
    label: Floats
    binary: bool

    def at(self, rows: Ints) -> Persons:
        """Some of the persons."""
        return Persons(self.group[rows], self.groups, self.label[rows], self.binary)


@dataclass(frozen=True, slots=True)
class Rules:
    """How outcomes are measured: `exclude_under` (see `rates.excluded_groups`), interval `level`,
    and the number of bootstrap `draws` of the worst ratio."""

    exclude_under: float | None
    level: float
    draws: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way of selecting, on one set of persons.

    Attributes:
        selected, assessed: persons of known groups; share: of all persons, 0..1.
        rates: (group, selected, assessed). worst_ratio: lowest impact ratio against the highest
            rate, of groups that are not excluded; worst_group has it. below_four_fifths: whether
            it is below 4/5, decided on integers.
        decision_validity: correlation of selected (0/1) and label, -1..1: phi for a 0/1 label.
        score_validity: area under the ROC curve (0/1 label) or Pearson's r of score and label;
            empty for a way that makes no score.
        utility: mean label of those selected less the mean label of all with one: what selecting
            gains (Brogden 1949, Personnel Psychology 2:171, per person and before costs).
    """

    selected: int
    assessed: int
    share: float
    rates: tuple[tuple[Group, int, int], ...]
    worst_ratio: Estimate
    worst_group: Group | None
    below_four_fifths: bool
    decision_validity: Estimate
    score_validity: Estimate
    utility: Estimate


def measure(
    persons: Persons,
    chosen: Bools,
    *,
    score: Floats | None,
    rules: Rules,
    generator: np.random.Generator,
) -> Outcome:
    """The outcome of selecting `chosen` of the persons; `score` ranked them, if anything did."""
    counts = group_counts(persons, chosen)
    worst, group, below = worst_ratio(counts, rules, generator)
    known = np.isfinite(persons.label)
    label, picked = persons.label[known], chosen[known]
    return Outcome(
        int(counts.selected.sum()),
        int(counts.assessed.sum()),
        float(chosen.mean()) if len(chosen) else 0.0,
        tuple(
            (name, int(x), int(n))
            for name, x, n in zip(counts.groups, counts.selected, counts.assessed, strict=True)
        ),
        worst,
        group,
        below,
        correlation(picked.astype(np.float64), label, level=rules.level),
        _score_validity(
            persons, None if score is None else score[known], label=label, level=rules.level
        ),
        _utility(picked, label, rules.level),
    )


def group_counts(persons: Persons, chosen: Bools) -> GroupCounts:
    """Persons and selected per known group."""
    known = persons.group >= 0
    size = len(persons.groups)
    return GroupCounts(
        ("group",),
        persons.groups,
        np.bincount(persons.group[known], minlength=size).astype(np.int64),
        np.bincount(persons.group[known & chosen], minlength=size).astype(np.int64),
    )


def worst_ratio(
    counts: GroupCounts, rules: Rules, generator: np.random.Generator
) -> tuple[Estimate, Group | None, bool]:
    """Lowest impact ratio, its group, and whether it is below four fifths.

    Interval: parametric bootstrap of each group's binomial, lowest and highest chosen anew in each
    draw; percentile. None where nobody is selected or fewer than two groups count.
    """
    eligible = may_set_reference(counts, rules.exclude_under)
    best = highest(counts.selected[None], counts.assessed, groups=counts.groups, eligible=eligible)
    able = np.flatnonzero(eligible)
    if best[0] < 0 or len(able) < 2:
        return Estimate(None, None), None, False
    n, x = counts.assessed[able], counts.selected[able]
    rates = x / n
    lowest = int(rates.argmin())
    below = below_four_fifths(counts.selected[None], counts.assessed, reference=best)[0] & eligible
    drawn = generator.binomial(n, rates, (rules.draws, len(able))) / n
    top = drawn.max(axis=1)
    ratios = np.where(top > 0, drawn.min(axis=1) / np.where(top > 0, top, 1.0), 1.0)
    tails = [(1 - rules.level) / 2, (1 + rules.level) / 2]
    low, high = np.quantile(ratios, tails) if rules.draws else (0.0, 1.0)
    interval = Interval(float(low), float(high), rules.level, "parametric bootstrap, percentile")
    value = float(rates[lowest] / rates.max())
    return Estimate(value, interval), counts.groups[able[lowest]], bool(below.any())


def correlation(x: Floats, y: Floats, *, level: float) -> Estimate:
    """Pearson's r with Fisher's z interval; nothing where either has no spread.

    Source: Fisher (1921), Metron 1:3.
    """
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Estimate(None, None)
    x, y = x - x.mean(), y - y.mean()
    r = float(x @ y / math.sqrt(float(x @ x) * float(y @ y)))
    if len(x) < 4 or abs(r) >= 1 - 1e-12:
        return estimate(max(min(r, 1.0), -1.0))
    half = z_value(level) / math.sqrt(len(x) - 3)
    middle = math.atanh(r)
    interval = Interval(math.tanh(middle - half), math.tanh(middle + half), level, "fisher z")
    return estimate(r, interval)


def _score_validity(
    persons: Persons, score: Floats | None, *, label: Floats, level: float
) -> Estimate:
    if score is None:
        return Estimate(None, None)
    if not persons.binary:
        return correlation(score, label, level=level)
    good = label == 1
    n, m = int(good.sum()), int((~good).sum())
    if not (n and m):
        return Estimate(None, None)
    area = (float(rankdata(score)[good].sum()) - n * (n + 1) / 2) / (n * m)
    return estimate(area, superiority_interval(area, (n, m), level=level))


def _utility(picked: Bools, label: Floats, level: float) -> Estimate:
    """mean(selected) - mean(all) = (1 - share) * (mean(selected) - mean(others)); Welch's error."""
    n, m = int(picked.sum()), int((~picked).sum())
    if not n:
        return Estimate(None, None)
    gain = float(label[picked].mean() - label.mean())
    if n < 2 or m < 2:
        return estimate(gain)
    error = math.sqrt(label[picked].var(ddof=1) / n + label[~picked].var(ddof=1) / m)
    half = z_value(level) * error * m / (n + m)
    return estimate(gain, Interval(gain - half, gain + half, level, "normal"))
