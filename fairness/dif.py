"""Differential item functioning by matched comparison: Mantel-Haenszel and standardization.

A question functions differently if persons of two groups with the same matching score get
different scores on it. It is not the same as a difference in mean scores, and it does not say why.

Signs: `delta` and mean differences below 0 are against the focal group; `alpha` above 1 is too.

Classes of the Educational Testing Service, with a significance test at .05:

- Two levels (Zieky 1993; Dorans and Holland 1993): A where the Mantel-Haenszel chi-square is not
  significant or |delta| < 1; C where |delta| >= 1.5 and significantly above 1
  (|delta| - 1.645 * SE > 1); B else.
- More levels (Zwick, Thayer and Mazzeo 1997): AA where Mantel's chi-square is not significant or
  |mean difference / SD| <= .17; CC where it is above .25; BB else.

Sources: Holland and Thayer (1988), in Wainer and Braun (eds.), Test Validity, 129-145; Dorans and
Holland (1993) and Zieky (1993), in Holland and Wainer (eds.), Differential Item Functioning;
Zwick (2012), ETS Research Report 12-08 (the one-sided 1.645, and persons needed).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import chi2, norm

from audit.errors import InputError
from fairness.impact_notes import group_name
from fairness.intervals import Estimate, z_value
from fairness.items import Answers, Purification, purify
from fairness.multiplicity import benjamini_hochberg, holm
from fairness.power import TARGET_POWER
from fairness.rates import Pair
from fairness.significance import ChiSquare
from fairness.strata import stratified_test
from fairness.types import Floats, Group, Interval, Ints, ItemCounts, Note

DELTA_SCALE = 2.35
"""4 / 1.7: log odds to the delta scale of difficulty (Holland and Thayer 1988)."""
FEWEST_SMALLER, FEWEST_TOGETHER = 200, 500
"""Persons in the smaller group and in both that ETS asks for before use (Zwick 2012)."""
MOST_COMPARED = 50
_CLASS_ALPHA = 0.05
_ONE_SIDED = 1.645


@dataclass(frozen=True, slots=True)
class DifPolicy:
    """`alpha`: where a question is flagged; `level`: of intervals; `rounds`: most of purifying."""

    alpha: float = 0.05
    level: float = 0.95
    rounds: int = 10

    def __post_init__(self) -> None:
        """Refuse levels outside 0..1 and negative rounds."""
        if not (0 < self.alpha < 1 and 0 < self.level < 1 and self.rounds >= 0):
            raise InputError("alpha and level must lie between 0 and 1, rounds must be 0 or more")


@dataclass(frozen=True, slots=True)
class ItemDif:
    """One question, a focal group against a reference group; None where the counts give none.

    Attributes:
        kind: `dichotomous` (two levels) or `polytomous`.
        focal_persons, reference_persons: with an answer. strata_used: matching scores at which
            both groups are present and the answers vary.
        test: Mantel-Haenszel chi-square with continuity correction (dichotomous) or Mantel's
            without (polytomous); 1 degree of freedom. holm, benjamini_hochberg: its p corrected
            over the questions of the table.
        alpha: common odds ratio, reference over focal. delta: -2.35 * ln(alpha).
        mean_difference: standardized mean difference, focal less reference, in points of the
            question (two levels: in shares of the persons, STD P-DIF).
        standardized: `mean_difference` over the standard deviation of the question in both groups.
        homogeneity: Breslow-Day of the odds ratio over matching scores; significant where the
            difference depends on the matching score (dichotomous only).
        size: by size alone, without significance: A, B, C by |delta| 1 and 1.5, or AA, BB, CC.
        ets_class: with significance, as at the top of this module.
        detectable: the |delta| (polytomous: |standardized|) that would have been flagged with a
            chance of .8.
        flagged: test p < alpha. against: the group that the difference is against, if flagged.
    """

    item: str
    kind: str
    focal_persons: int
    reference_persons: int
    strata_used: int
    test: ChiSquare | None
    alpha: Estimate
    delta: Estimate
    mean_difference: Estimate
    standardized: Estimate
    homogeneity: ChiSquare | None
    size: str | None
    ets_class: str | None
    detectable: float | None
    flagged: bool
    against: Group | None
    words: str
    notes: tuple[Note, ...]
    holm: float | None = None
    benjamini_hochberg: float | None = None


@dataclass(frozen=True, slots=True)
class DifTable:
    """Every question for one focal group; `purification` is None where the anchor was not purified.

    `flagged`: the questions with p < alpha (uncorrected, as is usual for a screen).
    """

    features: tuple[str, ...]
    focal: Group
    reference: Group
    items: tuple[ItemDif, ...]
    flagged: tuple[str, ...]
    purification: Purification | None
    notes: tuple[Note, ...]

    def item(self, name: str) -> ItemDif:
        """The question with this name."""
        return next(item for item in self.items if item.item == name)


def mantel_haenszel_dif(
    items: Sequence[ItemCounts],
    focal: Group,
    *,
    reference: Group,
    policy: DifPolicy | None = None,
) -> DifTable:
    """Every question by Mantel-Haenszel (two levels) or Mantel (more), as counted."""
    return _table(items, focal, reference, policy or DifPolicy())


def purified_dif(
    answers: Answers, focal: Group, *, reference: Group, policy: DifPolicy | None = None
) -> DifTable:
    """The same, with flagged questions taken out of the matching score, iteratively.

    Where more than half of the questions are flagged, as in very large samples, only those whose
    difference is not negligible (class A or AA) are taken out, so that an anchor is left.
    """
    rule = policy or DifPolicy()

    def flag(items: Sequence[ItemCounts]) -> tuple[str, ...]:
        found = _table(items, focal, reference, rule)
        if not many_flagged(len(found.flagged), len(found.items)):
            return found.flagged
        return tuple(i.item for i in found.items if i.flagged and i.ets_class not in ("A", "AA"))

    purification = purify(answers, flag, rounds=rule.rounds)
    table = _table(purification.tables.items, focal, reference, rule)
    notes = (*purification.tables.notes, *purification.notes, *table.notes)
    return replace(table, purification=purification, notes=notes)


def many_flagged(flagged: int, questions: int) -> bool:
    """Whether more than half of the questions are flagged."""
    return 2 * flagged > questions


def many_flagged_note(flagged: int, questions: int) -> tuple[Note, ...]:
    """What that means, if so."""
    if not many_flagged(flagged, questions):
        return ()
    text = (
        f"{flagged} of {questions} questions are flagged. In large samples tiny differences are "
        "significant: go by the classes. A large difference in one question also shows as small "
        "opposite ones in the others."
    )
    return (Note("many_flagged", text, {"flagged": flagged, "questions": questions}),)


def largest_group(items: Sequence[ItemCounts]) -> Group | None:
    """The group with the most answers, the usual reference; ties go to the first in order."""
    if not items or not items[0].groups:
        return None
    persons = sum(item.counts.sum(axis=(1, 2)) for item in items)
    return items[0].groups[int(np.argmax(persons))]


def all_dif(
    answers: Answers, *, reference: Group | None = None, policy: DifPolicy | None = None
) -> tuple[DifTable, ...]:
    """`purified_dif` of every other group against `reference` (None: the largest group).

    At most `MOST_COMPARED` groups, the largest; a note in their tables says so.
    """
    tables = answers.tables()
    base = reference or largest_group(tables.items)
    if base is None:
        return ()
    groups = tables.items[0].groups
    if base not in groups:
        raise InputError(f"the reference group {group_name(base)} has no answers")
    persons = sum(item.counts.sum(axis=(1, 2)) for item in tables.items)
    largest = np.argsort(-np.asarray(persons), kind="stable").tolist()
    others = [i for i in largest if groups[i] != base]
    notes: tuple[Note, ...] = ()
    if len(others) > MOST_COMPARED:
        text = f"The {MOST_COMPARED} largest of {len(others)} groups were compared by question."
        notes = (Note("groups_cut", text, {"groups": len(others)}),)
    found = (
        purified_dif(answers, groups[i], reference=base, policy=policy)
        for i in sorted(others[:MOST_COMPARED])
    )
    return tuple(replace(table, notes=(*table.notes, *notes)) for table in found)


def matched_pair(item: ItemCounts, focal: Group, *, reference: Group) -> tuple[Ints, Ints]:
    """Counts (matching, levels) of the focal and the reference group, without unused levels."""
    for group in (focal, reference):
        if group not in item.groups:
            raise InputError(f"no answers of group {group_name(group)} to question {item.item}")
    first = item.counts[item.groups.index(focal)]
    second = item.counts[item.groups.index(reference)]
    return first, second


def used_levels(item: ItemCounts, pair: tuple[Ints, Ints]) -> tuple[Floats, Ints, Ints]:
    """Only the levels that somebody of the two groups got, and the counts at them."""
    used = (pair[0].sum(axis=0) + pair[1].sum(axis=0)) > 0
    return item.levels[used], pair[0][:, used], pair[1][:, used]


def _table(
    items: Sequence[ItemCounts], focal: Group, reference: Group, policy: DifPolicy
) -> DifTable:
    if focal == reference:
        raise InputError("the focal and the reference group are the same")
    rows = [_item(item, focal, reference, policy) for item in items]
    p_values = [row.test.p_value if row.test else None for row in rows]
    corrected = zip(rows, holm(p_values), benjamini_hochberg(p_values), strict=True)
    rows = [replace(row, holm=h, benjamini_hochberg=b) for row, h, b in corrected]
    return DifTable(
        items[0].features if items else (),
        focal,
        reference,
        tuple(rows),
        tuple(row.item for row in rows if row.flagged),
        None,
        _table_notes(rows),
    )


def _table_notes(rows: Sequence[ItemDif]) -> tuple[Note, ...]:
    if not rows:
        return (Note("no_questions", "There is no question to compare."),)
    flagged = sum(1 for row in rows if row.flagged)
    smaller = min(min(r.focal_persons, r.reference_persons) for r in rows)
    together = min(r.focal_persons + r.reference_persons for r in rows)
    notes = [*many_flagged_note(flagged, len(rows))]
    if smaller < FEWEST_SMALLER or together < FEWEST_TOGETHER:
        text = (
            f"Some question has {smaller} persons in its smaller group and {together} in both; "
            f"testing practice asks for {FEWEST_SMALLER} and {FEWEST_TOGETHER}. Differences that "
            "matter may have been missed, and sizes are uncertain: look at the intervals."
        )
        notes.append(Note("few_persons", text, {"smaller": smaller, "together": together}))
    if len(rows) < 5:
        text = (
            f"{len(rows)} questions make a short matching score: persons who are matched on it may "
            "differ, which can look like a difference in a question."
        )
        notes.append(Note("short_matching_score", text, {"questions": len(rows)}))
    return tuple(notes)


def _item(item: ItemCounts, focal: Group, reference: Group, policy: DifPolicy) -> ItemDif:
    levels, first, second = used_levels(item, matched_pair(item, focal, reference=reference))
    base = ItemDif(
        item=item.item,
        kind="dichotomous" if len(levels) == 2 else "polytomous",
        focal_persons=int(first.sum()),
        reference_persons=int(second.sum()),
        strata_used=_informative(first, second),
        test=None,
        alpha=Estimate(None, None),
        delta=Estimate(None, None),
        mean_difference=Estimate(None, None),
        standardized=Estimate(None, None),
        homogeneity=None,
        size=None,
        ets_class=None,
        detectable=None,
        flagged=False,
        against=None,
        words="",
        notes=(),
    )
    if not base.strata_used:
        text = (
            "No matching score has persons of both groups whose answers vary, so the two groups "
            "cannot be compared on this question."
        )
        return replace(base, words=text, notes=(Note("nothing_to_compare", text),))
    measured = _dichotomous if base.kind == "dichotomous" else _polytomous
    return _worded(measured(base, levels, (first, second), policy), (focal, reference), policy)


def _informative(first: Ints, second: Ints) -> int:
    both = (first.sum(axis=1) > 0) & (second.sum(axis=1) > 0)
    varied = ((first + second) > 0).sum(axis=1) > 1
    return int((both & varied).sum())


def _dichotomous(
    base: ItemDif, levels: Floats, pair: tuple[Ints, Ints], policy: DifPolicy
) -> ItemDif:
    first, second = pair
    cells = zip(
        first[:, 1].tolist(),
        first.sum(axis=1).tolist(),
        second[:, 1].tolist(),
        second.sum(axis=1).tolist(),
        strict=True,
    )
    result = stratified_test([Pair(*cell) for cell in cells], level=policy.level)
    alpha, delta, error = _alpha_delta(result.odds_ratio, policy.level)
    shares = standardized_mean_difference(np.array([0.0, 1.0]), pair, level=policy.level)
    test = mantel_test(np.array([0.0, 1.0]), pair, correction=0.5)
    notes = [n for n in result.notes if n.code == "one_sided_strata"]
    return replace(
        base,
        test=test,
        alpha=alpha,
        delta=delta,
        mean_difference=shares,
        standardized=_scaled(shares, _deviation(np.array([0.0, 1.0]), first + second)),
        homogeneity=result.breslow_day,
        size=delta_size(delta.value),
        ets_class=ets_class(delta.value, error, p_value=test.p_value if test else None),
        detectable=_detectable(error, policy.alpha),
        notes=tuple(notes),
    )


def _alpha_delta(odds: Estimate, level: float) -> tuple[Estimate, Estimate, float | None]:
    """From the odds ratio focal over reference: alpha, delta, and the standard error of delta."""
    nothing = Estimate(None, None)
    if not odds.value or odds.interval is None:
        return nothing, nothing, None
    low, high = odds.interval.low, odds.interval.high
    method = odds.interval.method
    alpha = Estimate(1 / odds.value, Interval(1 / high, 1 / low, level, method))
    bounds = Interval(DELTA_SCALE * math.log(low), DELTA_SCALE * math.log(high), level, method)
    error = (bounds.high - bounds.low) / (2 * z_value(level))
    return alpha, Estimate(DELTA_SCALE * math.log(odds.value), bounds), error


def delta_size(delta: float | None) -> str | None:
    """A, B or C by |delta| below 1, below 1.5, or more; without regard to significance."""
    if delta is None:
        return None
    return "A" if abs(delta) < 1 else "B" if abs(delta) < 1.5 else "C"


def ets_class(
    delta: float | None, standard_error: float | None, *, p_value: float | None
) -> str | None:
    """A, B or C with significance, as at the top of this module; None without a delta."""
    if delta is None or standard_error is None or p_value is None:
        return None
    if p_value >= _CLASS_ALPHA or abs(delta) < 1:
        return "A"
    large = abs(delta) >= 1.5 and abs(delta) - _ONE_SIDED * standard_error > 1
    return "C" if large else "B"


def standardized_mean_difference(
    levels: Floats, pair: tuple[Ints, Ints], *, level: float = 0.95
) -> Estimate:
    """Mean score of the focal group less that of the reference, at the focal group's matching.

    sum(w_m * (mean_focal_m - mean_reference_m)), w_m the share of the focal group's persons at
    matching score m, over the scores where both groups are present. With two levels it is STD
    P-DIF: Dorans and Kulick (1986), Journal of Educational Measurement 23:355; with more, Dorans
    and Schmitt (1991). Its variance is that of Mantel's hypergeometric model, sum(w_m^2 *
    (1/n_focal_m + 1/n_reference_m)^2 * var_m): Zwick and Thayer (1996), Journal of Educational and
    Behavioral Statistics 21:187, who found it to work better than the multinomial one.
    """
    first, second = pair
    n1, n2 = first.sum(axis=1), second.sum(axis=1)
    both = (n1 > 0) & (n2 > 0)
    if not both.any():
        return Estimate(None, None)
    first, second, n1, n2 = first[both], second[both], n1[both], n2[both]
    weights = n1 / n1.sum()
    value = float(weights @ (first @ levels / n1 - second @ levels / n2))
    variance = float(weights**2 @ ((1 / n1 + 1 / n2) ** 2 * _hypergeometric(levels, first, second)))
    spread = z_value(level) * math.sqrt(variance)
    widest = float(levels.max() - levels.min())
    bounds = Interval(
        max(value - spread, -widest), min(value + spread, widest), level, "mantel hypergeometric"
    )
    return Estimate(value, bounds)


def _hypergeometric(levels: Floats, first: Ints, second: Ints) -> Floats:
    """Variance of the focal group's sum of scores at each matching score, margins fixed.

    n1 * n2 / (n^2 * (n - 1)) * (n * sum(y^2 * n_y) - sum(y * n_y)^2). Source: Mantel (1963), JASA
    58:690.
    """
    both = (first + second).astype(np.float64)
    n1, n2, n = first.sum(axis=1), second.sum(axis=1), both.sum(axis=1)
    around = levels - levels.mean()
    spread = n * (both @ around**2) - (both @ around) ** 2
    result: Floats = n1 * n2 * spread / (n**2 * np.maximum(n - 1, 1))
    return result


def mantel_test(
    levels: Floats, pair: tuple[Ints, Ints], *, correction: float = 0.0
) -> ChiSquare | None:
    """Mantel's chi-square of equal mean scores given the matching score, 1 degree of freedom.

    (|sum(F_m) - sum(E(F_m))| - c)^2 / sum(var(F_m)), F_m the focal group's sum of scores, c = 0.
    With levels 0 and 1 and c = 1/2 it is Mantel-Haenszel's as Holland and Thayer (1988) write it
    and R's difR computes it, also where the sums differ by less than 1/2. None without variation.
    Sources: Mantel (1963), JASA 58:690; for DIF: Zwick, Donoghue and Grima (1993), Journal of
    Educational Measurement 30:233.
    """
    first, second = pair
    n1, n = first.sum(axis=1), (first + second).sum(axis=1)
    kept = n > 1
    around = levels - levels.mean()
    expected = n1[kept] / n[kept] * ((first + second)[kept] @ around)
    excess = float(np.sum(first[kept] @ around - expected))
    variance = float(np.sum(_hypergeometric(levels, first[kept], second[kept])))
    if variance <= 0:
        return None
    statistic = (abs(excess) - correction) ** 2 / variance
    return ChiSquare(statistic, 1, float(chi2.sf(statistic, 1)))


def _polytomous(
    base: ItemDif, levels: Floats, pair: tuple[Ints, Ints], policy: DifPolicy
) -> ItemDif:
    difference = standardized_mean_difference(levels, pair, level=policy.level)
    effect = _scaled(difference, _deviation(levels, pair[0] + pair[1]))
    test = mantel_test(levels, pair)
    error = None
    if effect.interval is not None:
        error = (effect.interval.high - effect.interval.low) / (2 * z_value(policy.level))
    return replace(
        base,
        test=test,
        mean_difference=difference,
        standardized=effect,
        size=_mean_size(effect.value),
        ets_class=polytomous_class(effect.value, p_value=test.p_value if test else None),
        detectable=_detectable(error, policy.alpha),
    )


def _deviation(levels: Floats, counts: Ints) -> float:
    persons = counts.sum(axis=0)
    n = persons.sum()
    mean = persons @ levels / n
    return math.sqrt(persons @ (levels - mean) ** 2 / max(n - 1, 1))


def _scaled(difference: Estimate, deviation: float) -> Estimate:
    if difference.value is None or difference.interval is None or not deviation:
        return Estimate(None, None)
    bounds = difference.interval
    scaled = replace(bounds, low=bounds.low / deviation, high=bounds.high / deviation)
    return Estimate(difference.value / deviation, scaled)


def _mean_size(effect: float | None) -> str | None:
    if effect is None:
        return None
    return "AA" if abs(effect) <= 0.17 else "BB" if abs(effect) <= 0.25 else "CC"


def polytomous_class(effect: float | None, *, p_value: float | None) -> str | None:
    """AA, BB or CC with significance, as at the top of this module; None without an effect."""
    if effect is None or p_value is None:
        return None
    return "AA" if p_value >= _CLASS_ALPHA else _mean_size(effect)


def _detectable(standard_error: float | None, alpha: float) -> float | None:
    """The size that a two-sided test at alpha finds with a chance of .8: (z + z) * SE."""
    if standard_error is None:
        return None
    return float(norm.isf(alpha / 2) + norm.ppf(TARGET_POWER)) * standard_error


def _worded(item: ItemDif, groups: tuple[Group, Group], policy: DifPolicy) -> ItemDif:
    """The flag, the direction, and both in words; a note where a large difference could hide."""
    flagged = item.test is not None and item.test.p_value < policy.alpha
    if not flagged:
        return replace(item, words=_unflagged_words(item), notes=(*item.notes, *_hidden(item)))
    value = item.mean_difference.value if item.delta.value is None else item.delta.value
    below = value is not None and value < 0
    focal, reference = groups
    against, other = (focal, reference) if below else (reference, focal)
    text = (
        f"{group_name(against)} candidates get lower scores on this question than "
        f"{group_name(other)} candidates with the same matching score"
        f"{_class_words(item.ets_class)}."
    )
    return replace(item, flagged=True, against=against, words=text)


_CLASS_WORDS = {"A": "negligible", "B": "moderate", "C": "large"}


def _class_words(found: str | None) -> str:
    return f" (class {found}, {_CLASS_WORDS[found[0]]})" if found else ""


def _largest_missed(item: ItemDif) -> float:
    return 1.5 if item.kind == "dichotomous" else 0.25


def _unflagged_words(item: ItemDif) -> str:
    if item.detectable is None or item.detectable > _largest_missed(item):
        return "No difference was found, but with these numbers a large one could have been missed."
    return "No difference was found at the same matching score."


def _hidden(item: ItemDif) -> tuple[Note, ...]:
    if item.detectable is None or item.detectable <= _largest_missed(item):
        return ()
    scale = "delta" if item.kind == "dichotomous" else "standard deviations"
    text = (
        f"A difference of {item.detectable:.2f} {scale} would have been found with a chance of "
        f"{TARGET_POWER:.0%}; class {'C' if item.kind == 'dichotomous' else 'CC'} begins at "
        f"{_largest_missed(item)}."
    )
    return (Note("undetectable", text, {"detectable": item.detectable}),)
