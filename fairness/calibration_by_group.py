"""Calibration by group: at the same score, does the same share turn out well?

Scores are cut into bins; within a bin, groups are compared on the share with a positive label.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fairness.bootstrap import Resampling, bootstrap, quotient
from fairness.conditional import ConditionalDisparity, conditional_disparity
from fairness.intervals import Estimate, Proportion
from fairness.types import Floats, Group, Ints, Note, StrataCounts


@dataclass(frozen=True, slots=True)
class CalibrationCounts:
    """Labelled persons by group and score bin.

    Attributes:
        features, groups: as in `fairness.types`. score: its name.
        bins (b,): names of the bins, by rising score, for example "60 to 70".
        persons, positive (g, b): labelled persons, and those with a positive label, int64.
        score_sum (g, b): sum of their scores, float64; means are score_sum / persons.
        probability: whether the score is meant as a probability of a positive label (0..1).
    """

    features: tuple[str, ...]
    groups: tuple[Group, ...]
    score: str
    bins: tuple[str, ...]
    persons: Ints
    positive: Ints
    score_sum: Floats
    probability: bool = False

    def __post_init__(self) -> None:
        """Refuse counts that cannot be."""
        shape = (len(self.groups), len(self.bins))
        if not self.persons.shape == self.positive.shape == self.score_sum.shape == shape:
            raise ValueError("persons, positive and score_sum need one entry per group and bin")
        if (self.positive < 0).any() or (self.positive > self.persons).any():
            raise ValueError("0 <= positive <= persons must hold in every bin")


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """One bin of one group: mean score, share positive, and share less mean score (probability)."""

    name: str
    mean_score: float | None
    observed: Proportion
    error: float | None


@dataclass(frozen=True, slots=True)
class GroupCalibration:
    """One group.

    Attributes:
        bins: by rising score.
        expected_error: sum over bins of persons/all * |share - mean score|, 0..1, for a
            probability, else None. It cannot be below 0 and grows with noise in small samples.
        mean_error: share positive less mean score over all persons, -1..1, for a probability.
        against_reference: the group against the reference with the score bins as strata; None for
            the reference itself. A standardized difference below 0 means that at equal scores
            fewer of this group turn out well: the score flatters the group.
    """

    group: Group
    bins: tuple[CalibrationBin, ...]
    expected_error: Estimate
    mean_error: Estimate
    against_reference: ConditionalDisparity | None


@dataclass(frozen=True, slots=True)
class CalibrationTable:
    """All groups; `reference` is the one that the others are compared with."""

    features: tuple[str, ...]
    score: str
    reference: Group | None
    groups: tuple[GroupCalibration, ...]
    notes: tuple[Note, ...]


def calibration_by_group(
    counts: CalibrationCounts, *, reference: Group | None = None, how: Resampling | None = None
) -> CalibrationTable:
    """Calibration of one score, by group and against the reference (the largest unless named).

    Sources: Kleinberg, Mullainathan and Raghavan (2016), calibration within groups; Naeini, Cooper
    and Hauskrecht (2015) for the expected error; Wilson intervals for shares, Cochran-Mantel-
    Haenszel over bins for the comparison, bootstrap for the errors.
    """
    how = how or Resampling()
    base = _reference(counts, reference)
    rows = tuple(_group(counts, i, base=base, how=how) for i in range(len(counts.groups)))
    notes = []
    if base is None:
        notes.append(Note("no_labels", "Nobody has both a score and a label."))
    elif not counts.probability:
        text = (
            "The score is not a probability, so groups are compared with one another at equal "
            "scores, and not with the score itself."
        )
        notes.append(Note("score_not_probability", text))
    chosen = None if base is None else counts.groups[base]
    return CalibrationTable(counts.features, counts.score, chosen, rows, tuple(notes))


def _reference(counts: CalibrationCounts, wanted: Group | None) -> int | None:
    if wanted is not None:
        return counts.groups.index(wanted)
    totals = counts.persons.sum(axis=1)
    if not totals.sum():
        return None
    return min(range(len(totals)), key=lambda i: (-int(totals[i]), counts.groups[i]))


def _group(
    counts: CalibrationCounts, i: int, *, base: int | None, how: Resampling
) -> GroupCalibration:
    bins = tuple(_bin(counts, i, j, level=how.level) for j in range(len(counts.bins)))
    compared = None
    if base is not None and base != i:
        strata = _score_strata(counts)
        compared = conditional_disparity(
            strata, counts.groups[i], reference=counts.groups[base], level=how.level
        )
    expected, mean = Estimate(None, None), Estimate(None, None)
    if counts.probability and counts.persons[i].sum():
        expected, mean = _errors(counts, i, how)
    return GroupCalibration(counts.groups[i], bins, expected, mean, compared)


def _bin(counts: CalibrationCounts, i: int, j: int, *, level: float) -> CalibrationBin:
    persons = int(counts.persons[i, j])
    mean = float(counts.score_sum[i, j]) / persons if persons else None
    observed = Proportion.from_counts(int(counts.positive[i, j]), persons, level=level)
    known = counts.probability and mean is not None and observed.value is not None
    error = (observed.value or 0.0) - (mean or 0.0) if known else None
    return CalibrationBin(counts.bins[j], mean, observed, error)


def _score_strata(counts: CalibrationCounts) -> StrataCounts:
    """The bins as strata, a positive label as the selection."""
    return StrataCounts(
        features=counts.features,
        groups=counts.groups,
        by=(counts.score,),
        strata=tuple((name,) for name in counts.bins),
        assessed=counts.persons.T,
        selected=counts.positive.T,
    )


def _errors(counts: CalibrationCounts, i: int, how: Resampling) -> tuple[Estimate, Estimate]:
    """Expected and mean error of one group; mean scores within bins are taken as fixed."""
    cells = np.stack([counts.positive[i], counts.persons[i] - counts.positive[i]], axis=1)
    means = quotient(counts.score_sum[i], counts.persons[i])

    def errors(drawn: Ints) -> Floats:
        persons = drawn.sum(axis=-1)
        apart = drawn[..., 0] - np.nan_to_num(means) * persons
        total = persons.sum(axis=-1)
        return np.stack(
            [quotient(np.abs(apart).sum(axis=-1), total), quotient(apart.sum(axis=-1), total)],
            axis=-1,
        )

    result = bootstrap(cells, errors, how=how)
    first, second = (Estimate(float(result.estimate[k]), result.interval(k)) for k in (0, 1))
    return first, second
