"""The part of an audit that is about who was selected: impact tables and what refines them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from audit.errors import DataInvalid
from fairness.accuracy import AccuracyTable, accuracy
from fairness.bootstrap import Resampling
from fairness.conditional import ConditionalDisparity, compare, pooled, simpson_check
from fairness.cube import Cube
from fairness.funnel import FunnelResult, funnel_rates
from fairness.human_loop import EventTable
from fairness.impact import ImpactPolicy, impact
from fairness.intersections import IntersectionPlan, Intersections, intersections
from fairness.rates import Pair
from fairness.result import AuditSettings, ConditionalAudit, Finding, TableAudit
from fairness.strata import (
    mantel_haenszel_difference,
    mantel_haenszel_ratio,
    pairs_by_stratum,
    stratified_test,
)
from fairness.types import Group, GroupCounts, Note, StrataCounts

# Classes and stages beyond these get no table of their own, and a note says so.
MOST_CLASSES = 20
MOST_STAGES = 12
# Strata that are listed; the tests use all of them.
STRATA_LISTED = 200
# Groups of a table beyond which only the largest are compared within strata.
_MOST_CONDITIONAL_GROUPS = 60
# Axes whose levels are comparable work: rates are compared within them.
STRATA_AXES = ("job", "location")

Features = tuple[str, ...]


def policy_of(settings: AuditSettings) -> ImpactPolicy:
    """How impact tables are made under these settings."""
    return ImpactPolicy(
        level=settings.level,
        alpha=settings.alpha,
        exclude_under_share=settings.exclude_under_share or 0.0,
        justification=settings.exclude_justification,
        replicates=settings.replicates,
        seed=settings.seed,
    )


def all_tables(cube: Cube) -> tuple[Features, ...]:
    """Each feature by itself, then the intersections that the specification asks for."""
    return (*((f,) for f in cube.features), *cube.intersections)


def impact_tables(
    cube: Cube, features: Features, settings: AuditSettings
) -> Iterator[TableAudit | Note]:
    """Tables of one combination of features: selection, scoring rates, classes, stages."""
    policy = policy_of(settings)
    name = " x ".join(features)
    counts = cube.counts(features)
    if counts.assessed.sum() + counts.unknown_assessed:
        yield _table(counts, "selection", f"Selection by {name}", policy)
    for score in cube.scores:
        yield _scoring(cube, features, score, policy)
    yield from _bounds(cube, features)
    for level in cube.levels("class")[:MOST_CLASSES]:
        yield _table(
            cube.in_class(features, level), f"class:{level}", f"Class {level} by {name}", policy
        )
    if len(features) == 1:
        for stage in cube.levels("stage")[:MOST_STAGES]:
            entered = cube.counts(features, where={"stage": stage})
            yield _table(entered, f"stage:{stage}", f"Passing {stage} by {name}", policy)


def _bounds(cube: Cube, features: Features) -> Iterator[Note]:
    """What gets no table because there is too much of it."""
    for axis, most in (("class", MOST_CLASSES), ("stage", MOST_STAGES)):
        have = len(cube.levels(axis))
        if have > most and (axis == "class" or len(features) == 1):
            text = f"Of {have} levels of {axis}, the first {most} got an impact table."
            yield Note("levels_without_table", text, {"axis": axis, "levels": have})


def _table(counts: GroupCounts, basis: str, title: str, policy: ImpactPolicy) -> TableAudit:
    named = GroupCounts(
        counts.features,
        counts.groups,
        counts.assessed,
        counts.selected,
        counts.unknown_assessed,
        counts.unknown_selected,
        basis,
    )
    table_id = f"{basis}:{'*'.join(counts.features)}"
    return TableAudit(table_id, title, None, None, impact(named, policy))


def _scoring(cube: Cube, features: Features, score: str, policy: ImpactPolicy) -> TableAudit | Note:
    name = " x ".join(features)
    try:
        counts, median = cube.scoring(features, score), cube.median(score)
    except DataInvalid as error:
        text = f"The scoring rate of {score} by {name} was not computed: {error}."
        return Note("scoring_not_kept", text, {"score": score, "features": name})
    table_id = f"scoring:{score}:{'*'.join(features)}"
    title = f"Scoring above the median of {score} by {name}"
    return TableAudit(table_id, title, score, median, impact(counts, policy))


def findings(
    tables: Sequence[TableAudit], events: Sequence[EventTable] = ()
) -> tuple[Finding, ...]:
    """Every row with a class, in the order of the tables and then of the events."""
    found = []
    for place, table in enumerate(tables):
        reference = table.impact.reference
        rate = table.impact.row(*reference).rate.value if reference is not None else None
        for row in table.impact.rows:
            if row.finding is not None:
                found_id = f"{table.id}:{'*'.join(row.group)}"
                found.append(Finding(found_id, "tables", place, reference, rate, row))
    for place, event in enumerate(events):
        reference = event.reference
        rate = event.row(*reference).rate.value if reference is not None else None
        for line in event.rows:
            if line.finding is not None:
                found_id = f"{event_id(event)}:{'*'.join(line.group)}"
                found.append(Finding(found_id, "events", place, reference, rate, line))
    return tuple(found)


def event_id(table: EventTable) -> str:
    """Unique among the events of an audit."""
    return f"event:{table.kind}:{'*'.join(table.features)}"


def conditional(
    cube: Cube, features: Features, settings: AuditSettings, table: TableAudit
) -> Iterator[ConditionalAudit | Note]:
    """Each group against the reference of its selection table, within jobs and locations."""
    reference = table.impact.reference
    if reference is None:
        return
    for axis in STRATA_AXES:
        if len(cube.levels(axis)) < 2:
            continue
        try:
            strata = cube.strata(features, by=(axis,))
        except DataInvalid as error:
            text = f"{' x '.join(features)} within {axis} was not computed: {error}."
            yield Note("strata_not_kept", text, {"axis": axis})
            continue
        for group in _largest(strata, reference):
            yield _conditional(strata, group, reference, settings.level)


def _largest(strata: StrataCounts, reference: Group) -> list[Group]:
    """The groups to compare, in the order of the table."""
    persons = strata.assessed.sum(axis=0)
    keep = set(np.argsort(-persons, kind="stable")[:_MOST_CONDITIONAL_GROUPS].tolist())
    return [g for i, g in enumerate(strata.groups) if i in keep and persons[i] and g != reference]


def _conditional(
    strata: StrataCounts, focal: Group, reference: Group, level: float
) -> ConditionalAudit:
    pairs = pairs_by_stratum(strata, focal, reference=reference)
    difference = mantel_haenszel_difference(pairs, level=level)
    listed = _listed(pairs)
    disparity = ConditionalDisparity(
        focal=focal,
        reference=reference,
        by=strata.by,
        strata=tuple(strata.strata[i] for i in listed),
        crude=compare(pooled(pairs), level=level),
        within=tuple(compare(pairs[i], level=level) for i in listed),
        standardized_difference=difference,
        standardized_ratio=mantel_haenszel_ratio(pairs, level=level),
        test=stratified_test(pairs, level=level),
        simpson=simpson_check(pairs, adjusted=difference.value),
    )
    notes = []
    if len(listed) < len(pairs):
        text = (
            f"The {len(listed)} largest of {len(pairs)} strata are listed; tests and standardized "
            "figures use all of them."
        )
        notes.append(Note("strata_not_listed", text, {"listed": len(listed), "all": len(pairs)}))
    return ConditionalAudit(strata.features, disparity, len(pairs), tuple(notes))


def _listed(pairs: Sequence[Pair]) -> list[int]:
    """Numbers of the largest strata, in their own order."""
    by_size = sorted(range(len(pairs)), key=lambda i: (-(pairs[i].n1 + pairs[i].n2), i))
    return sorted(by_size[:STRATA_LISTED])


def accuracy_by_label(
    cube: Cube, features: Features, settings: AuditSettings
) -> AccuracyTable | Note:
    """Decisions against later performance; a Note where nobody has both."""
    labels = cube.labels(features)
    if not _labelled(labels):
        name = " x ".join(features)
        text = f"No person of a known {name} has both a decision and a label."
        return Note("no_labelled_decisions", text, {"features": name})
    return accuracy(labels, how=Resampling(settings.level, settings.replicates, settings.seed))


def _labelled(labels: object) -> bool:
    names = ("true_positive", "false_positive", "false_negative", "true_negative")
    return any(getattr(labels, name).sum() for name in names)


def intersection_view(
    cube: Cube, features: Features, settings: AuditSettings
) -> Intersections | Note:
    """What the cells of an intersection show beyond their features."""
    plan = IntersectionPlan(
        exclude_under=settings.exclude_under_share, level=settings.level, seed=settings.seed
    )
    return intersections(cube.counts(features), plan)


def stages(cube: Cube, features: Features, settings: AuditSettings) -> FunnelResult | Note:
    """Stage by stage and the bottom line."""
    return funnel_rates(
        cube.funnel(features), exclude_under=settings.exclude_under_share, level=settings.level
    )
