"""Differential item functioning by logistic regression, uniform and not.

Three models of a question's score, each by maximum likelihood on counts:

1. matching score; 2. matching score and group; 3. matching score, group, and their product.

Uniform (2 against 1): one group does better at every matching score. Nonuniform (3 against 2): the
difference depends on the matching score, and may change sides. Both (3 against 1). With more than
two levels the model is that of proportional odds.

Classes of size, by Nagelkerke's R2 of the larger model less that of the smaller, with the
likelihood-ratio test significant at .05 (A without):

- Zumbo and Thomas (1997): A below .13, B below .26, C from .26.
- Jodoin and Gierl (2001), stricter: A below .035, B below .07, C from .07.

Sources: Swaminathan and Rogers (1990), Journal of Educational Measurement 27:361; Zumbo (1999), A
Handbook on the Theory and Methods of DIF; Jodoin and Gierl (2001), Applied Measurement in
Education 14:329; Nagelkerke (1991), Biometrika 78:691.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from scipy.stats import chi2

from audit.errors import InputError
from fairness.dif import (
    DifPolicy,
    many_flagged,
    many_flagged_note,
    matched_pair,
    used_levels,
)
from fairness.impact_notes import group_name
from fairness.intervals import Estimate, z_value
from fairness.items import Answers, Purification, purify
from fairness.multiplicity import benjamini_hochberg, holm
from fairness.ordinal_regression import OrdinalFit, fit_ordinal
from fairness.significance import ChiSquare
from fairness.types import Floats, Group, Interval, Ints, ItemCounts, Note

MOST_LEVELS = 10
"""More levels are joined to this many, with about as many persons each; the model stays true."""
ZUMBO_THOMAS = (0.13, 0.26)
JODOIN_GIERL = (0.035, 0.07)
_CLASS_ALPHA = 0.05


class DifKind(StrEnum):
    """Which difference decides: see the top of this module."""

    BOTH = "both"
    UNIFORM = "uniform"
    NONUNIFORM = "nonuniform"


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """A likelihood-ratio test, Nagelkerke's R2 gained, and its classes A, B, C."""

    test: ChiSquare
    delta_r2: float
    zumbo_thomas: str
    jodoin_gierl: str


@dataclass(frozen=True, slots=True)
class LogisticDif:
    """One question, a focal group against a reference group; None where the counts give none.

    Attributes:
        kind: `binary` or `ordinal`. persons: (focal, reference).
        uniform, nonuniform, both: tests of the models at the top of this module.
        log_odds: of a higher score, focal less reference, at the same matching score (model 2).
        interaction: how much that changes per point of the matching score (model 3).
        crossing: the matching score at which the difference changes sides, where it lies within
            the scores seen and the nonuniform test is significant.
        flagged: the deciding test has p < alpha; holm, benjamini_hochberg: that p corrected over
            the questions. against: the group that a uniform difference is against, if flagged;
            None where the sides change.
    """

    item: str
    kind: str
    persons: tuple[int, int]
    uniform: LikelihoodRatio | None
    nonuniform: LikelihoodRatio | None
    both: LikelihoodRatio | None
    log_odds: Estimate
    interaction: Estimate
    crossing: float | None
    flagged: bool
    against: Group | None
    words: str
    notes: tuple[Note, ...]
    holm: float | None = None
    benjamini_hochberg: float | None = None

    def tested(self, kind: DifKind) -> LikelihoodRatio | None:
        """The test of one kind of difference."""
        return {
            DifKind.BOTH: self.both,
            DifKind.UNIFORM: self.uniform,
            DifKind.NONUNIFORM: self.nonuniform,
        }[kind]


@dataclass(frozen=True, slots=True)
class LogisticTable:
    """Every question for one focal group; `decides`: the kind of difference that flags."""

    features: tuple[str, ...]
    focal: Group
    reference: Group
    decides: DifKind
    items: tuple[LogisticDif, ...]
    flagged: tuple[str, ...]
    purification: Purification | None
    notes: tuple[Note, ...]

    def item(self, name: str) -> LogisticDif:
        """The question with this name."""
        return next(item for item in self.items if item.item == name)


def logistic_dif(
    items: Sequence[ItemCounts],
    focal: Group,
    *,
    reference: Group,
    decides: DifKind = DifKind.BOTH,
    policy: DifPolicy | None = None,
) -> LogisticTable:
    """Every question by logistic or proportional-odds regression, as counted."""
    rule = policy or DifPolicy()
    if focal == reference:
        raise InputError("the focal and the reference group are the same")
    groups = (focal, reference)
    rows = [_item(item, groups, decides, rule) for item in items]
    tests = [row.tested(decides) for row in rows]
    p_values = [found.test.p_value if found else None for found in tests]
    corrected = zip(rows, holm(p_values), benjamini_hochberg(p_values), strict=True)
    rows = [replace(row, holm=h, benjamini_hochberg=b) for row, h, b in corrected]
    flagged = tuple(row.item for row in rows if row.flagged)
    notes = many_flagged_note(len(flagged), len(rows))
    if not rows:
        notes = (Note("no_questions", "There is no question to compare."),)
    return LogisticTable(
        items[0].features if items else (),
        focal,
        reference,
        decides,
        tuple(rows),
        flagged,
        None,
        notes,
    )


def purified_logistic_dif(
    answers: Answers,
    focal: Group,
    *,
    reference: Group,
    decides: DifKind = DifKind.BOTH,
    policy: DifPolicy | None = None,
) -> LogisticTable:
    """The same, with flagged questions taken out of the matching score, iteratively.

    Where more than half of them are flagged, only those above Jodoin and Gierl's class A are.
    """
    rule = policy or DifPolicy()

    def table(items: Sequence[ItemCounts]) -> LogisticTable:
        return logistic_dif(items, focal, reference=reference, decides=decides, policy=rule)

    def flag(items: Sequence[ItemCounts]) -> tuple[str, ...]:
        found = table(items)
        if not many_flagged(len(found.flagged), len(found.items)):
            return found.flagged
        tests = {i.item: i.tested(decides) for i in found.items if i.flagged}
        return tuple(name for name, test in tests.items() if test and test.jodoin_gierl != "A")

    purification = purify(answers, flag, rounds=rule.rounds)
    found = table(purification.tables.items)
    notes = (*purification.tables.notes, *purification.notes, *found.notes)
    return replace(found, purification=purification, notes=notes)


@dataclass(frozen=True, slots=True)
class _Models:
    """The three fits, the log likelihood without any column, and the scale of the matching."""

    fits: tuple[OrdinalFit, OrdinalFit, OrdinalFit]
    empty: float
    persons: int
    middle: float
    spread: float


def _item(
    item: ItemCounts, groups: tuple[Group, Group], decides: DifKind, policy: DifPolicy
) -> LogisticDif:
    pair = matched_pair(item, groups[0], reference=groups[1])
    levels, first, second = used_levels(item, pair)
    kind = "binary" if len(levels) <= 2 else "ordinal"
    persons = (int(first.sum()), int(second.sum()))
    problem = _problem(item.matching, first, second)
    if problem is not None:
        nothing = Estimate(None, None)
        return LogisticDif(
            item.item, kind, persons, None, None, None, nothing, nothing, None, False, None,
            problem.text, (problem,),
        )  # fmt: skip
    first, second, joined = _joined(first, second)
    models = _fit(item.matching, first, second)
    uniform, nonuniform, both = _tests(models)
    log_odds, interaction = _effects(models, policy.level)
    result = LogisticDif(
        item=item.item,
        kind=kind,
        persons=persons,
        uniform=uniform,
        nonuniform=nonuniform,
        both=both,
        log_odds=log_odds,
        interaction=interaction,
        crossing=_crossing(models, nonuniform, item.matching[(first + second).sum(axis=1) > 0]),
        flagged=False,
        against=None,
        words="No difference was found at the same matching score.",
        notes=(*joined, *_separated(models)),
    )
    return _worded(result, groups, decides, policy.alpha)


def _problem(matching: Floats, first: Ints, second: Ints) -> Note | None:
    """Why nothing can be fitted, if so."""
    if not first.sum() or not second.sum():
        return Note("empty_group", "One of the two groups has no answers to this question.")
    if first.shape[1] < 2:
        return Note("no_variation", "Everybody got the same score on this question.")
    seen = (first + second).sum(axis=1) > 0
    if len(matching[seen]) < 3:
        text = "There are fewer than three matching scores, too few for a regression on them."
        return Note("few_matching_scores", text)
    return None


def _joined(first: Ints, second: Ints) -> tuple[Ints, Ints, tuple[Note, ...]]:
    """Neighbouring levels joined to `MOST_LEVELS` at most, about as many persons in each."""
    persons = (first + second).sum(axis=0)
    if len(persons) <= MOST_LEVELS:
        return first, second, ()
    before = np.cumsum(persons) - persons / 2
    places = np.minimum((before * MOST_LEVELS / persons.sum()).astype(int), MOST_LEVELS - 1)
    starts = np.flatnonzero(np.diff(places, prepend=-1))
    text = f"{len(persons)} different scores were joined to {len(starts)} levels."
    note = Note("levels_joined", text, {"scores": len(persons), "levels": len(starts)})
    return np.add.reduceat(first, starts, axis=1), np.add.reduceat(second, starts, axis=1), (note,)


def _fit(matching: Floats, first: Ints, second: Ints) -> _Models:
    """Models 1, 2 and 3, on the matching score with mean 0 and standard deviation 1."""
    weights = np.concatenate([first.sum(axis=1), second.sum(axis=1)])
    used = weights > 0
    scores = np.tile(matching, 2)[used]
    counts = np.vstack([first, second])[used]
    weights = weights[used]
    middle = float(np.average(scores, weights=weights))
    spread = math.sqrt(float(np.average((scores - middle) ** 2, weights=weights)))
    z = (scores - middle) / spread
    focal = (np.arange(len(used)) < len(matching))[used].astype(np.float64)
    design = np.column_stack([z, focal, z * focal])
    one, two, three = (fit_ordinal(design[:, :columns], counts) for columns in (1, 2, 3))
    totals = counts.sum(axis=0)
    empty = float(totals @ np.log(totals / totals.sum()))
    return _Models((one, two, three), empty, int(totals.sum()), middle, spread)


def nagelkerke(log_likelihood: float, empty: float, persons: int) -> float:
    """Nagelkerke's R2, 0..1: (1 - exp(2*(L0 - L)/n)) / (1 - exp(2*L0/n)), L of single persons."""
    gained = -math.expm1(2 * (empty - log_likelihood) / persons)
    return gained / -math.expm1(2 * empty / persons)


def _tests(models: _Models) -> tuple[LikelihoodRatio, LikelihoodRatio, LikelihoodRatio]:
    likelihoods = [fit.log_likelihood for fit in models.fits]
    r2 = [nagelkerke(value, models.empty, models.persons) for value in likelihoods]

    def between(small: int, large: int) -> LikelihoodRatio:
        statistic = max(2 * (likelihoods[large] - likelihoods[small]), 0.0)
        df = large - small
        test = ChiSquare(statistic, df, float(chi2.sf(statistic, df)))
        gained = max(r2[large] - r2[small], 0.0)
        return LikelihoodRatio(
            test,
            gained,
            r2_class(gained, ZUMBO_THOMAS, p_value=test.p_value),
            r2_class(gained, JODOIN_GIERL, p_value=test.p_value),
        )

    return between(0, 1), between(1, 2), between(0, 2)


def r2_class(delta_r2: float, limits: tuple[float, float], *, p_value: float) -> str:
    """A, B or C: see the top of this module."""
    if p_value >= _CLASS_ALPHA or delta_r2 < limits[0]:
        return "A"
    return "B" if delta_r2 < limits[1] else "C"


def _effects(models: _Models, level: float) -> tuple[Estimate, Estimate]:
    _, two, three = models.fits
    return _wald(two, 1, 1.0, level), _wald(three, 2, models.spread, level)


def _wald(fit: OrdinalFit, place: int, scale: float, level: float) -> Estimate:
    if fit.separated:
        return Estimate(None, None)
    value = float(fit.coefficients[place]) / scale
    spread = z_value(level) * math.sqrt(max(float(fit.covariance[place, place]), 0.0)) / scale
    return Estimate(value, Interval(value - spread, value + spread, level, "wald"))


def _crossing(models: _Models, nonuniform: LikelihoodRatio, seen: Floats) -> float | None:
    _, by_group, by_product = models.fits[2].coefficients
    if models.fits[2].separated or nonuniform.test.p_value >= _CLASS_ALPHA or not by_product:
        return None
    score = models.middle - models.spread * float(by_group / by_product)
    return score if seen.min() < score < seen.max() else None


def _separated(models: _Models) -> tuple[Note, ...]:
    if not any(fit.separated for fit in models.fits):
        return ()
    text = (
        "Some score or group decides the answer completely, so an effect has no finite size; the "
        "tests hold only roughly."
    )
    return (Note("separated", text),)


def _worded(
    item: LogisticDif, groups: tuple[Group, Group], decides: DifKind, alpha: float
) -> LogisticDif:
    found = item.tested(decides)
    if found is None or found.test.p_value >= alpha:
        return item
    if item.crossing is not None:
        text = (
            f"Which group does better depends on the matching score: below and above "
            f"{item.crossing:.3g} it is not the same one."
        )
        return replace(item, flagged=True, words=text)
    value = item.log_odds.value
    if value is None:
        text = "The groups differ at the same matching score; the size cannot be given."
        return replace(item, flagged=True, words=text)
    against, other = groups if value < 0 else groups[::-1]
    depends = item.nonuniform is not None and item.nonuniform.test.p_value < alpha
    text = (
        f"{group_name(against)} candidates get lower scores on this question than "
        f"{group_name(other)} candidates with the same matching score"
        f"{', the more or the less so the higher that score is' if depends else ''} "
        f"(Jodoin-Gierl class {found.jodoin_gierl})."
    )
    return replace(item, flagged=True, against=against, words=text)
