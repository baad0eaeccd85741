"""Decisions against what turned out, by group: error rates, predictive values and their gaps.

Positive means selected; true means that the label agrees. All shares are in 0..1 over the persons
who have a label; who was not selected often has none, so read `unlabelled` first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import numpy as np

from fairness.bootstrap import Resampling, bootstrap, bounded, quotient
from fairness.intervals import Estimate, Proportion, difference_newcombe, ratio_score
from fairness.rates import Pair, impact_ratio, rate_difference
from fairness.types import Floats, Group, Ints, LabelCounts, Note


class Measure(StrEnum):
    """A share of labelled persons; TP, FP, FN and TN are the four counts.

    Sources: Hardt, Price and Srebro (2016), "Equality of Opportunity in Supervised Learning"
    (true and false positive rate); Chouldechova (2017), Big Data 5:153 (predictive values).
    """

    TRUE_POSITIVE_RATE = "true_positive_rate"  # TP / (TP + FN)
    FALSE_POSITIVE_RATE = "false_positive_rate"  # FP / (FP + TN)
    FALSE_NEGATIVE_RATE = "false_negative_rate"  # FN / (TP + FN)
    TRUE_NEGATIVE_RATE = "true_negative_rate"  # TN / (FP + TN)
    POSITIVE_PREDICTIVE_VALUE = "positive_predictive_value"  # TP / (TP + FP)
    NEGATIVE_PREDICTIVE_VALUE = "negative_predictive_value"  # TN / (TN + FN)
    FALSE_DISCOVERY_RATE = "false_discovery_rate"  # FP / (TP + FP)
    FALSE_OMISSION_RATE = "false_omission_rate"  # FN / (TN + FN)
    ACCURACY = "accuracy"  # (TP + TN) / all
    BASE_RATE = "base_rate"  # (TP + FN) / all
    SELECTION_RATE = "selection_rate"  # (TP + FP) / all


_TP, _FP, _FN, _TN = range(4)
_ALL = (_TP, _FP, _FN, _TN)
_PARTS: Mapping[Measure, tuple[tuple[int, ...], tuple[int, ...]]] = {
    Measure.TRUE_POSITIVE_RATE: ((_TP,), (_TP, _FN)),
    Measure.FALSE_POSITIVE_RATE: ((_FP,), (_FP, _TN)),
    Measure.FALSE_NEGATIVE_RATE: ((_FN,), (_TP, _FN)),
    Measure.TRUE_NEGATIVE_RATE: ((_TN,), (_FP, _TN)),
    Measure.POSITIVE_PREDICTIVE_VALUE: ((_TP,), (_TP, _FP)),
    Measure.NEGATIVE_PREDICTIVE_VALUE: ((_TN,), (_TN, _FN)),
    Measure.FALSE_DISCOVERY_RATE: ((_FP,), (_TP, _FP)),
    Measure.FALSE_OMISSION_RATE: ((_FN,), (_TN, _FN)),
    Measure.ACCURACY: ((_TP, _TN), _ALL),
    Measure.BASE_RATE: ((_TP, _FN), _ALL),
    Measure.SELECTION_RATE: ((_TP, _FP), _ALL),
}


@dataclass(frozen=True, slots=True)
class Gap:
    """How far a measure of one group lies from that of the reference group.

    `difference` is group less reference, `ratio` group over reference (Aequitas calls it
    disparity); None where either does not exist.
    """

    difference: Estimate
    ratio: Estimate


@dataclass(frozen=True, slots=True)
class GroupAccuracy:
    """One group: labelled persons, those without a label, every measure, every gap.

    The reference group has no gaps.
    """

    group: Group
    labelled: int
    unlabelled: int
    measures: Mapping[Measure, Proportion]
    gaps: Mapping[Measure, Gap]


@dataclass(frozen=True, slots=True)
class AccuracyTable:
    """All groups, and the widest gaps over the groups that have the measure.

    Attributes:
        reference: the group that gaps are taken from (the one with most labelled persons unless
            another is asked for).
        differences, ratios: largest less smallest, and smallest over largest, per measure.
        equalized_odds_difference, equalized_odds_ratio: the worse of those of the true and the
            false positive rate. equal_opportunity_difference, equal_opportunity_ratio: of the true
            positive rate alone. Intervals are bootstrapped; a largest-less-smallest is never below
            0, and is biased upwards in small samples.
    """

    features: tuple[str, ...]
    reference: Group | None
    groups: tuple[GroupAccuracy, ...]
    differences: Mapping[Measure, Estimate]
    ratios: Mapping[Measure, Estimate]
    equalized_odds_difference: Estimate
    equalized_odds_ratio: Estimate
    equal_opportunity_difference: Estimate
    equal_opportunity_ratio: Estimate
    notes: tuple[Note, ...]


def accuracy(
    labels: LabelCounts, *, reference: Group | None = None, how: Resampling | None = None
) -> AccuracyTable:
    """Every measure of every group with Wilson intervals, gaps to the reference, widest gaps.

    A gap's ratio has a score interval and its difference Newcombe's; the widest gaps have
    multinomial bootstrap intervals (`how`).
    """
    how, notes = bounded(how or Resampling(), len(labels.groups))
    cells = label_cells(labels)
    base = _reference(labels, cells, reference)
    widest = _widest_gaps(cells, how)
    differences = dict(zip(Measure, widest[: len(Measure)], strict=True))
    ratios = dict(zip(Measure, widest[len(Measure) : -2], strict=True))
    return AccuracyTable(
        features=labels.features,
        reference=None if base is None else labels.groups[base],
        groups=tuple(
            _group_row(labels, cells, i, base=base, level=how.level) for i in range(len(cells))
        ),
        differences=differences,
        ratios=ratios,
        equalized_odds_difference=widest[-2],
        equalized_odds_ratio=widest[-1],
        equal_opportunity_difference=differences[Measure.TRUE_POSITIVE_RATE],
        equal_opportunity_ratio=ratios[Measure.TRUE_POSITIVE_RATE],
        notes=(*notes, *_notes(labels, cells)),
    )


def label_cells(labels: LabelCounts) -> Ints:
    """Counts of shape (groups, 4): true positive, false positive, false and true negative."""
    return np.stack(
        [labels.true_positive, labels.false_positive, labels.false_negative, labels.true_negative],
        axis=1,
    )


def measure_values(cells: Ints, measure: Measure) -> Floats:
    """The measure over cells of shape (..., 4); NaN where its lower part is 0."""
    above, below = _PARTS[measure]
    return quotient(cells[..., list(above)].sum(axis=-1), cells[..., list(below)].sum(axis=-1))


def _spans(cells: Ints) -> dict[Measure, tuple[Floats, Floats]]:
    """Largest less smallest, and smallest over largest group, of every measure."""
    spans = {}
    for measure in Measure:
        low, high = _extremes(measure_values(cells, measure))
        spans[measure] = (high - low, quotient(low, high))
    return spans


def _gap_statistics(cells: Ints) -> Floats:
    """All differences, all ratios, equalized odds difference and ratio: (r, groups, 4) to (r, k).

    Equalized odds take the worse of the true and the false positive rate. Sources: Hardt, Price and
    Srebro (2016); Agarwal et al. (2018), "A Reductions Approach to Fair Classification".
    """
    spans = _spans(cells)
    tpr, fpr = spans[Measure.TRUE_POSITIVE_RATE], spans[Measure.FALSE_POSITIVE_RATE]
    odds = [np.fmax(tpr[0], fpr[0]), np.fmin(tpr[1], fpr[1])]
    columns = [span[0] for span in spans.values()] + [span[1] for span in spans.values()] + odds
    return np.stack(columns, axis=-1)


def _extremes(values: Floats) -> tuple[Floats, Floats]:
    """Smallest and largest over the last axis; NaN where fewer than two groups have a value."""
    known = ~np.isnan(values)
    few = known.sum(axis=-1) < 2
    low = np.where(known, values, np.inf).min(axis=-1, initial=np.inf)
    high = np.where(known, values, -np.inf).max(axis=-1, initial=-np.inf)
    return np.where(few, np.nan, low), np.where(few, np.nan, high)


def _widest_gaps(cells: Ints, how: Resampling) -> tuple[Estimate, ...]:
    result = bootstrap(cells, _gap_statistics, how=how)
    return tuple(
        Estimate(None, None) if np.isnan(value) else Estimate(float(value), result.interval(k))
        for k, value in enumerate(result.estimate)
    )


def _reference(labels: LabelCounts, cells: Ints, wanted: Group | None) -> int | None:
    if wanted is not None:
        return labels.groups.index(wanted)
    if not cells.sum():
        return None
    totals = cells.sum(axis=1)
    return min(range(len(totals)), key=lambda i: (-int(totals[i]), labels.groups[i]))


def _group_row(
    labels: LabelCounts, cells: Ints, i: int, *, base: int | None, level: float
) -> GroupAccuracy:
    parts = {measure: _counts(cells, i, measure) for measure in Measure}
    gaps = {}
    if base is not None and base != i:
        for measure, (count, of) in parts.items():
            gaps[measure] = _gap(Pair(count, of, *_counts(cells, base, measure)), level)
    return GroupAccuracy(
        group=labels.groups[i],
        labelled=int(cells[i].sum()),
        unlabelled=int(labels.unlabelled[i]),
        measures={m: Proportion.from_counts(*part, level=level) for m, part in parts.items()},
        gaps=gaps,
    )


def _counts(cells: Ints, i: int, measure: Measure) -> tuple[int, int]:
    above, below = _PARTS[measure]
    return int(cells[i, list(above)].sum()), int(cells[i, list(below)].sum())


def _gap(pair: Pair, level: float) -> Gap:
    ratio: Fraction | None = impact_ratio(pair)
    return Gap(
        Estimate(rate_difference(pair), difference_newcombe(pair, level=level)),
        Estimate(None, None)
        if ratio is None
        else Estimate(float(ratio), ratio_score(pair, level=level)),
    )


def _notes(labels: LabelCounts, cells: Ints) -> tuple[Note, ...]:
    notes = []
    if not cells.sum():
        notes.append(Note("no_labels", "Nobody has a label, so no error rate can be told."))
    missing = int(labels.unlabelled.sum())
    if missing:
        text = (
            f"{missing} persons have no label and are in no rate here. Labels are usually missing "
            "for those who were not selected; rates of the labelled need not hold for them."
        )
        notes.append(Note("unlabelled", text, {"unlabelled": missing}))
    for name, present in (
        ("positive", cells[:, [_TP, _FN]].sum(axis=1)),
        ("negative", cells[:, [_FP, _TN]].sum(axis=1)),
    ):
        lacking = ["/".join(g) for g, n in zip(labels.groups, present, strict=True) if not n]
        if lacking and cells.sum():
            text = f"No person with a {name} label in: {', '.join(lacking)}."
            notes.append(Note(f"no_{name}_labels", text, {"groups": len(lacking)}))
    return tuple(notes)
