"""One table of groups: rates, impact ratios against the highest, tests, power, and a class each.

The classes and their exact rule are in `fairness.impact_rule`. The reference and the excluded
groups have no class, with a reason; a group without persons, or with no one to compare with, is
`undetectable`. All numbers of a comparison are focal against reference: negative differences and
ratios below 1 mean that the group is selected less often.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from audit.errors import InputError, SettingsInvalid
from fairness.bootstrap import ImpactBootstrap, Resampling, bootstrap_impact
from fairness.impact_notes import excluded_words, group_name, table_notes
from fairness.impact_rule import Deciding, ExactTest, Verdict, deciding_test, judge
from fairness.intervals import (
    Estimate,
    clopper_pearson,
    cohens_h_normal,
    difference_newcombe,
    odds_ratio_woolf,
    phi_delta,
    ratio_katz,
    ratio_score,
    scaled_difference,
    wilson,
)
from fairness.multiplicity import benjamini_hochberg, holm
from fairness.power import Design, Power, power
from fairness.rates import (
    Pair,
    below_four_fifths,
    cohens_h,
    excluded_groups,
    highest_groups,
    impact_ratio,
    odds_ratio,
    phi,
    rate_difference,
    reversed_by_one,
    selection_rate,
    shortfall_to_pooled_rate,
    shortfall_to_reference_rate,
)
from fairness.significance import ChiSquare, Significance, homogeneity, significance
from fairness.types import FindingClass, Group, GroupCounts, Interval, Note

MOST_GROUPS = 2_000
"""A table with more groups is refused: its tests would take minutes and nobody could read it."""

_BOSCHLOO_MOST_GROUPS = 40


@dataclass(frozen=True, slots=True)
class ImpactPolicy:
    """How a table is audited.

    Attributes:
        level: of all intervals, 0..1. alpha: two-sided level of the deciding test, 0..0.5.
        exclude_under_share: groups with a smaller share of the table's persons have no ratio and
            set no denominator; 0 excludes none. Needs a `justification`, which is printed.
        replicates, seed: of the bootstrap; 0 replicates leave it out.
        exact_test: the test that decides on small numbers.
        boschloo: whether Boschloo's test is computed too, the slowest of all; it never decides.
        reference: the group to compare with; None takes the highest rate of the table.
    """

    level: float = 0.95
    alpha: float = 0.05
    exclude_under_share: float = 0.0
    justification: str = ""
    replicates: int = 10_000
    seed: int = 0
    exact_test: ExactTest = ExactTest.FISHER
    boschloo: bool = True
    reference: Group | None = None

    def __post_init__(self) -> None:
        """Refuse values that cannot be used, with `SettingsInvalid`."""
        if not 0 < self.level < 1:
            raise SettingsInvalid(f"level must lie between 0 and 1, not {self.level}")
        if not 0 < self.alpha <= 0.5:
            raise SettingsInvalid(f"alpha must lie above 0 and up to 0.5, not {self.alpha}")
        if not 0 <= self.exclude_under_share < 1:
            raise SettingsInvalid(
                f"exclude_under_share must lie between 0 and 1, not {self.exclude_under_share}"
            )
        if self.exclude_under_share and not self.justification.strip():
            raise SettingsInvalid(
                "exclude_under_share needs a written justification: give it as justification, or "
                "set exclude_under_share to 0"
            )
        if self.replicates < 0:
            raise SettingsInvalid(f"replicates must be 0 or more, not {self.replicates}")


class Standing(StrEnum):
    """What a group is in its table."""

    REFERENCE = "reference"
    COMPARED = "compared"
    EXCLUDED = "excluded"
    NOT_COMPARED = "not_compared"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One group against the reference. Formulas and sources: `fairness.rates`, `.intervals`.

    Attributes:
        ratio: the impact ratio with its score interval. ratio_katz: its log-normal interval.
            ratio_bootstrap: its interval with the reference chosen anew in each replicate.
        below_four_fifths: decided on integers, not on `ratio`; None where there is no ratio.
        difference, odds_ratio, phi, cohens_h: effect sizes.
        shortfall_to_pooled_rate, shortfall_to_reference_rate: persons.
        reversed_by_one: None unless the group has the lower rate.
        significance: every test. deciding: the one that decides, with its corrected p values.
        power: what the numbers could have shown.
    """

    ratio: Estimate
    ratio_katz: Interval | None
    ratio_bootstrap: Interval | None
    below_four_fifths: bool | None
    difference: Estimate
    odds_ratio: Estimate
    phi: Estimate
    cohens_h: Estimate
    shortfall_to_pooled_rate: Estimate
    shortfall_to_reference_rate: Estimate
    reversed_by_one: bool | None
    significance: Significance
    deciding: Deciding
    power: Power


@dataclass(frozen=True, slots=True)
class ImpactRow:
    """One group of a table.

    Attributes:
        share: of the persons in the table's groups, 0..1; None for an empty table.
        rate: selection (or scoring) rate with its Wilson interval. rate_exact: Clopper-Pearson's.
            rate_bootstrap: the multinomial one.
        chance_highest: bootstrap chance that the group has the table's highest rate.
        comparison: None for the reference and where there is nothing to compare.
        finding: the class; None for the reference and for excluded groups. reason: why.
    """

    group: Group
    standing: Standing
    assessed: int
    selected: int
    share: float | None
    rate: Estimate
    rate_exact: Interval | None
    rate_bootstrap: Interval | None
    chance_highest: float | None
    comparison: Comparison | None
    finding: FindingClass | None
    reason: str


@dataclass(frozen=True, slots=True)
class ImpactTable:
    """A whole table; rows are in the order of the counts.

    Attributes:
        reference: whose rate the ratios divide by; None where nobody was selected.
        tied: every group with that same highest rate.
        homogeneity: chi-square of one rate for all groups.
        unknown_assessed, unknown_selected: persons in no group, because a level is unknown.
    """

    features: tuple[str, ...]
    basis: str
    policy: ImpactPolicy
    rows: tuple[ImpactRow, ...]
    reference: Group | None
    tied: tuple[Group, ...]
    homogeneity: ChiSquare | None
    assessed: int
    selected: int
    unknown_assessed: int
    unknown_selected: int
    notes: tuple[Note, ...]

    def row(self, *group: str) -> ImpactRow:
        """The row of a group, by its levels."""
        return next(row for row in self.rows if row.group == group)


def impact(counts: GroupCounts, policy: ImpactPolicy | None = None) -> ImpactTable:
    """Audit one table: each group against the reference, with every test, interval and a class.

    Raises `InputError` for more than `MOST_GROUPS` groups or a reference that is not in the table.
    """
    policy = policy or ImpactPolicy()
    _check(counts, policy)
    plan = _plan(counts, policy)
    draws = _bootstrap(counts, policy, plan)
    comparisons = _compare_all(counts, policy, plan, draws)
    rows = tuple(
        _row(counts, i, plan=plan, policy=policy, draws=draws, comparison=comparisons.get(i))
        for i in range(len(counts.groups))
    )
    return ImpactTable(
        features=counts.features,
        basis=counts.basis,
        policy=policy,
        rows=rows,
        reference=None if plan.reference is None else counts.groups[plan.reference],
        tied=tuple(counts.groups[i] for i in plan.tied),
        homogeneity=homogeneity(counts),
        assessed=int(counts.assessed.sum()),
        selected=int(counts.selected.sum()),
        unknown_assessed=counts.unknown_assessed,
        unknown_selected=counts.unknown_selected,
        notes=(
            *table_notes(counts, reference=plan.reference, tied=plan.tied, excluded=plan.excluded),
            *(draws.notes if draws else ()),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """Numbers of the reference, of all tied for it, of the excluded and of the compared groups."""

    reference: int | None
    tied: tuple[int, ...]
    excluded: tuple[int, ...]
    compared: tuple[int, ...]


def _check(counts: GroupCounts, policy: ImpactPolicy) -> None:
    if len(counts.groups) > MOST_GROUPS:
        raise InputError(
            f"a table of {' x '.join(counts.features)} has {len(counts.groups)} groups, more than "
            f"{MOST_GROUPS}: use fewer features together, or join levels"
        )
    if len(set(counts.groups)) != len(counts.groups):
        raise InputError(f"a table of {' x '.join(counts.features)} names a group twice")
    if policy.reference is not None and policy.reference not in counts.groups:
        raise InputError(f"the reference group {group_name(policy.reference)} is not in the table")


def _plan(counts: GroupCounts, policy: ImpactPolicy) -> _Plan:
    excluded = excluded_groups(counts, policy.exclude_under_share)
    if policy.reference is None:
        tied = highest_groups(counts, excluded)
        if tied and not counts.selected[tied[0]]:
            tied = ()
        reference = tied[0] if tied else None
    else:
        reference = counts.groups.index(policy.reference)
        tied = (reference,)
        if reference in excluded:
            raise InputError(
                f"the reference group {group_name(policy.reference)} is under the share below "
                "which groups are excluded: name another, or lower exclude_under_share"
            )
    rateable = reference is not None and bool(counts.assessed[reference])
    some_selected = bool(counts.selected.sum())
    compared = tuple(
        i
        for i in range(len(counts.groups))
        if rateable and some_selected and counts.assessed[i] and i not in (*excluded, reference)
    )
    return _Plan(reference, tied, excluded, compared)


def _bootstrap(counts: GroupCounts, policy: ImpactPolicy, plan: _Plan) -> ImpactBootstrap | None:
    if not policy.replicates:
        return None
    how = Resampling(policy.level, policy.replicates, policy.seed)
    fixed = plan.reference if policy.reference is not None else None
    return bootstrap_impact(counts, how, excluded=plan.excluded, reference=fixed)


def _compare_all(
    counts: GroupCounts, policy: ImpactPolicy, plan: _Plan, draws: ImpactBootstrap | None
) -> dict[int, Comparison]:
    """Every compared group against the reference, with p values corrected over all of them."""
    if plan.reference is None:
        return {}
    with_boschloo = policy.boschloo and len(plan.compared) <= _BOSCHLOO_MOST_GROUPS
    comparisons = {}
    for i in plan.compared:
        pair = Pair.of(counts, i, reference=plan.reference)
        tests = significance(pair, with_boschloo=with_boschloo)
        if tests is not None:
            drawn = draws.ratios[i] if draws else None
            comparisons[i] = _compare(pair, tests, policy=policy, drawn=drawn)
    p_values = [comparison.deciding.p_value for comparison in comparisons.values()]
    corrected = zip(holm(p_values), benjamini_hochberg(p_values), strict=True)
    return {
        i: replace(
            comparison,
            deciding=replace(comparison.deciding, holm=by_holm, benjamini_hochberg=by_share),
        )
        for (i, comparison), (by_holm, by_share) in zip(comparisons.items(), corrected, strict=True)
    }


def _compare(
    pair: Pair, tests: Significance, *, policy: ImpactPolicy, drawn: Interval | None
) -> Comparison:
    level = policy.level
    deciding = deciding_test(pair, tests, exact=policy.exact_test)
    ratio = impact_ratio(pair)
    exists = ratio is not None
    design = Design(
        focal=pair.n1,
        reference=pair.n2,
        reference_rate=pair.x2 / pair.n2,
        alpha=policy.alpha,
        exact=deciding.test != "pooled_z",
    )
    return Comparison(
        ratio=Estimate(float(ratio), ratio_score(pair, level=level))
        if ratio is not None
        else Estimate(None, None),
        ratio_katz=ratio_katz(pair, level=level) if exists else None,
        ratio_bootstrap=drawn,
        below_four_fifths=below_four_fifths(pair),
        difference=Estimate(rate_difference(pair), difference_newcombe(pair, level=level)),
        odds_ratio=Estimate(odds_ratio(pair), odds_ratio_woolf(pair, level=level)),
        phi=Estimate(phi(pair), phi_delta(pair, level=level)),
        cohens_h=Estimate(cohens_h(pair), cohens_h_normal(pair, level=level)),
        shortfall_to_pooled_rate=_shortfall(pair, level, to_pooled_rate=True),
        shortfall_to_reference_rate=_shortfall(pair, level, to_pooled_rate=False),
        reversed_by_one=reversed_by_one(pair),
        significance=tests,
        deciding=deciding,
        power=power(design),
    )


def _shortfall(pair: Pair, level: float, *, to_pooled_rate: bool) -> Estimate:
    value = shortfall_to_pooled_rate(pair) if to_pooled_rate else shortfall_to_reference_rate(pair)
    persons = pair.n1 * pair.n2 / pair.assessed if to_pooled_rate else float(pair.n1)
    if value is None:
        return Estimate(None, None)
    return Estimate(float(value), scaled_difference(pair, persons, level=level))


def _row(
    counts: GroupCounts,
    i: int,
    *,
    plan: _Plan,
    policy: ImpactPolicy,
    draws: ImpactBootstrap | None,
    comparison: Comparison | None,
) -> ImpactRow:
    x, n, total = int(counts.selected[i]), int(counts.assessed[i]), int(counts.assessed.sum())
    standing, finding, reason = _standing(counts, i, plan, policy)
    if comparison is not None and plan.reference is not None:
        verdict = _verdict(Pair.of(counts, i, reference=plan.reference), comparison, policy)
        standing, finding, reason = Standing.COMPARED, verdict.finding, verdict.reason
    return ImpactRow(
        group=counts.groups[i],
        standing=standing,
        assessed=n,
        selected=x,
        share=n / total if total else None,
        rate=Estimate(selection_rate(x, n), wilson(x, n, level=policy.level)),
        rate_exact=clopper_pearson(x, n, level=policy.level),
        rate_bootstrap=draws.rates[i] if draws else None,
        chance_highest=draws.highest[i] if draws else None,
        comparison=comparison,
        finding=finding,
        reason=reason,
    )


def _verdict(pair: Pair, comparison: Comparison, policy: ImpactPolicy) -> Verdict:
    return judge(pair, comparison.deciding, power=comparison.power, alpha=policy.alpha)


def _standing(
    counts: GroupCounts, i: int, plan: _Plan, policy: ImpactPolicy
) -> tuple[Standing, FindingClass | None, str]:
    """What a group is that is not compared, and why it is not."""
    unseen = FindingClass.UNDETECTABLE
    if i in plan.excluded:
        return (
            Standing.EXCLUDED,
            None,
            excluded_words(counts, i, policy.exclude_under_share, policy.justification),
        )
    if not counts.assessed[i]:
        return Standing.NOT_COMPARED, unseen, "Nobody of this group was assessed."
    if not counts.selected.sum():
        return (
            Standing.NOT_COMPARED,
            unseen,
            "Nobody was selected in any group, so no ratio exists.",
        )
    if plan.reference is None:
        text = "Nobody was selected in any group that could be the reference, so no ratio exists."
        return Standing.NOT_COMPARED, unseen, text
    if i == plan.reference and plan.compared:
        words = "the highest rate of the table" if policy.reference is None else "chosen beforehand"
        return Standing.REFERENCE, None, f"Reference: {words}."
    if i == plan.reference:
        return Standing.REFERENCE, unseen, "There is no other group to compare with."
    return Standing.NOT_COMPARED, unseen, "Nobody of the reference group was assessed."
