"""Calibration records fitted on comparisons, cross-validated over people."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from audit.calibration import Array, CalibrationRecord, Comparisons, cllr, elub, fit_logistic

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Label:
    """The words of a record; see `CalibrationRecord`."""

    id: str
    score: str
    model: str
    model_version: str
    hypotheses: tuple[str, str]
    datasets: tuple[str, ...]
    conditions: str
    date: str
    source: str


def merged(parts: list[Comparisons]) -> Comparisons:
    """Several sets as one, people of different sets kept apart."""
    first: list[np.ndarray] = []
    second: list[np.ndarray] = []
    most = 0
    for part in parts:
        first.append(part.first + most)
        second.append(part.second + most)
        most += int(part.persons.max()) + 1
    scores = np.concatenate([part.scores for part in parts])
    return Comparisons(scores, np.concatenate(first), np.concatenate(second))


def cross_validated(comparisons: Comparisons, seed: int = 0) -> tuple[Array, Array]:
    """log10 LRs of mated and non-mated comparisons from fits that saw none of their people.

    People with mated comparisons and people without are dealt to five folds apart; comparisons
    across folds are left out.
    """
    generator = np.random.default_rng(seed)
    mated_people = np.unique(comparisons.first[comparisons.is_mated])
    others = np.setdiff1d(comparisons.persons, mated_people)
    mated: list[Array] = []
    nonmated: list[Array] = []
    deals = [np.array_split(generator.permutation(p), FOLDS) for p in (mated_people, others)]
    for parts in zip(*deals, strict=True):
        test = np.concatenate(parts)
        slope, offset = _line(comparisons.of(np.setdiff1d(comparisons.persons, test)))
        held = comparisons.of(test)
        mated.append(held.mated * slope + offset)
        nonmated.append(held.nonmated * slope + offset)
    return np.concatenate(mated), np.concatenate(nonmated)


def _line(comparisons: Comparisons) -> tuple[float, float]:
    return fit_logistic(comparisons.mated, comparisons.nonmated, counts=_independent(comparisons))


def _independent(comparisons: Comparisons) -> tuple[int, int]:
    """How many mated and non-mated cases share no person: people, and half as many pairs."""
    mated = len(np.unique(comparisons.first[comparisons.is_mated]))
    apart = ~comparisons.is_mated
    people = np.union1d(comparisons.first[apart], comparisons.second[apart])
    return mated, len(people) // 2


def fit(comparisons: Comparisons, label: Label, *, groups: list[Array]) -> CalibrationRecord:
    """A record from all comparisons.

    Bounds are ELUB (Vergeer et al. 2016) of the cross-validated LRs, held within
    -log10(mated people + 1) .. log10(independent non-mated pairs + 1). `groups` are the non-mated
    scores of each group of people; the upper bound is the lowest that any group supports.
    """
    slope, offset = _line(comparisons)
    mated, nonmated = cross_validated(comparisons)
    lower, upper = elub(mated, nonmated)
    upper = min([upper, *(elub(mated, group * slope + offset)[1] for group in groups)])
    people, pairs = _independent(comparisons)
    lower = math.ceil(max(lower, -math.log10(people + 1)) * 100) / 100
    upper = math.floor(min(upper, math.log10(pairs + 1)) * 100) / 100
    bounded = (np.clip(part, lower, upper) for part in (mated, nonmated))
    return CalibrationRecord(
        id=label.id,
        score=label.score,
        model=label.model,
        model_version=label.model_version,
        slope=round(slope, 3),
        offset=round(offset, 3),
        lower=lower,
        upper=upper,
        hypotheses=label.hypotheses,
        n_mated=len(comparisons.mated),
        n_nonmated=len(comparisons.nonmated),
        n_persons=len(comparisons.persons),
        datasets=label.datasets,
        conditions=label.conditions,
        date=label.date,
        source=label.source,
        cllr=round(cllr(*bounded), 4),
    )


def narrowed(
    record: CalibrationRecord, comparisons: Comparisons, lower: float, upper: float
) -> CalibrationRecord:
    """The record with other bounds, and its cross-validated Cllr within them."""
    cost = cllr(*(np.clip(part, lower, upper) for part in cross_validated(comparisons)))
    return replace(record, lower=lower, upper=upper, cllr=round(cost, 4))


def as_toml(record: CalibrationRecord) -> str:
    """The record as a `[[record]]` row of calibration.toml."""
    lines = ["[[record]]"]
    for name in CalibrationRecord.__dataclass_fields__:
        lines.append(f"{name} = {_toml(getattr(record, name))}")
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)
