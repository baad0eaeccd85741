"""What people and rules around the score do, by group.

Overrides, opt-outs, withdrawals, review outcomes and fraud flags are events with a rate per group.
For most of them a high rate is unfavourable, so the reference is the lowest rate of the table, and
the ratio of a group's rate to it is 1 or more; for favourable ones (moved up by a reviewer, review
upheld for the candidate) it is the highest, and the ratio 1 or less. The four-fifths comparison and
the classes are those of `fairness.impact_rule`, always of the lower against the higher rate: a rate
of more than 5/4 of the lowest is below four fifths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import duckdb
import numpy as np

from audit.errors import InputError
from fairness.impact import ImpactPolicy
from fairness.impact_notes import group_name
from fairness.impact_rule import Deciding, deciding_test, judge, p_words
from fairness.intervals import Estimate, Proportion, difference_newcombe, ratio_score
from fairness.multiplicity import benjamini_hochberg, holm
from fairness.power import Design, Power, power
from fairness.rates import (
    Pair,
    below_four_fifths,
    excluded_groups,
    highest_groups,
    impact_ratio,
    rate_difference,
    reversed_by_one,
)
from fairness.significance import ChiSquare, homogeneity, significance
from fairness.sql import conditions, level_columns, levels_listed
from fairness.types import FindingClass, Group, GroupCounts, Note


class Direction(StrEnum):
    """Whether the event is good or bad for the person it happens to."""

    FAVOURABLE = "favourable"
    UNFAVOURABLE = "unfavourable"


DIRECTIONS = {
    "opted_out": Direction.UNFAVOURABLE,
    "withdrew": Direction.UNFAVOURABLE,
    "flagged": Direction.UNFAVOURABLE,
    "overridden_down": Direction.UNFAVOURABLE,
    "overridden_up": Direction.FAVOURABLE,
    "review_favourable": Direction.FAVOURABLE,
}
"""Of the events known here; others are taken as unfavourable, with a note."""


@dataclass(frozen=True, slots=True)
class EventRow:
    """One group.

    Attributes:
        rate: of persons to whom it happened, with Wilson's interval.
        ratio: its rate over the reference's, with a score interval; None where the reference's
            rate is 0. difference: of the rates, with Newcombe's interval.
        below_four_fifths: the lower of the two rates is below 4/5 of the higher, in integers.
        deciding: the test that decides, with p corrected over the table's groups. power: of it.
        finding: None for the reference and for excluded groups.
    """

    group: Group
    rate: Proportion
    is_reference: bool
    excluded: bool
    ratio: Estimate
    difference: Estimate
    below_four_fifths: bool | None
    deciding: Deciding | None
    power: Power | None
    finding: FindingClass | None
    reason: str


@dataclass(frozen=True, slots=True)
class EventTable:
    """One kind of event by group; `homogeneity`: chi-square of one rate for all groups."""

    kind: str
    direction: Direction
    features: tuple[str, ...]
    reference: Group | None
    rows: tuple[EventRow, ...]
    homogeneity: ChiSquare | None
    persons: int
    happened: int
    unknown_persons: int
    unknown_happened: int
    notes: tuple[Note, ...]

    def row(self, *group: str) -> EventRow:
        """The row of a group, by its levels."""
        return next(row for row in self.rows if row.group == group)


def event_disparity(
    kind: str,
    counts: GroupCounts,
    *,
    direction: Direction | None = None,
    policy: ImpactPolicy | None = None,
) -> EventTable:
    """Rates of one kind of event per group, each against the lowest (or highest) rate.

    `counts`: "selected" are the persons to whom it happened. `policy`: levels, exclusions and the
    exact test; its `reference` is used if given, its bootstrap is not.
    """
    rule = policy or ImpactPolicy()
    way = direction or DIRECTIONS.get(kind, Direction.UNFAVOURABLE)
    excluded = excluded_groups(counts, rule.exclude_under_share)
    reference = _reference(counts, way, rule, excluded)
    rows = [
        _row(counts, i, reference=reference, excluded=i in excluded, how=(kind, way, rule))
        for i in range(len(counts.groups))
    ]
    p_values = [row.deciding.p_value if row.deciding else None for row in rows]
    corrected = zip(rows, holm(p_values), benjamini_hochberg(p_values), strict=True)
    return EventTable(
        kind=kind,
        direction=way,
        features=counts.features,
        reference=None if reference is None else counts.groups[reference],
        rows=tuple(
            row
            if row.deciding is None
            else replace(row, deciding=replace(row.deciding, holm=h, benjamini_hochberg=b))
            for row, h, b in corrected
        ),
        homogeneity=homogeneity(counts),
        persons=int(counts.assessed.sum()),
        happened=int(counts.selected.sum()),
        unknown_persons=counts.unknown_assessed,
        unknown_happened=counts.unknown_selected,
        notes=_notes(kind, counts, reference, direction is None and kind not in DIRECTIONS),
    )


def human_loop(
    events: Mapping[str, GroupCounts], *, policy: ImpactPolicy | None = None
) -> tuple[EventTable, ...]:
    """`event_disparity` of every kind of event, in the order given."""
    return tuple(event_disparity(kind, counts, policy=policy) for kind, counts in events.items())


def _reference(
    counts: GroupCounts, way: Direction, policy: ImpactPolicy, excluded: Sequence[int]
) -> int | None:
    if policy.reference is not None:
        if policy.reference not in counts.groups:
            name = group_name(policy.reference)
            raise InputError(f"the reference group {name} is not in the table")
        return counts.groups.index(policy.reference)
    if way is Direction.UNFAVOURABLE:
        # The lowest rate of happening is the highest rate of not happening.
        counts = replace(counts, selected=counts.assessed - counts.selected, unknown_selected=0)
    highest = highest_groups(counts, excluded)
    return highest[0] if highest else None


def _row(
    counts: GroupCounts,
    i: int,
    *,
    reference: int | None,
    excluded: bool,
    how: tuple[str, Direction, ImpactPolicy],
) -> EventRow:
    kind, way, policy = how
    happened, persons = int(counts.selected[i]), int(counts.assessed[i])
    nothing = Estimate(None, None)
    row = EventRow(
        group=counts.groups[i],
        rate=Proportion.from_counts(happened, persons, level=policy.level),
        is_reference=i == reference,
        excluded=excluded,
        ratio=nothing,
        difference=nothing,
        below_four_fifths=None,
        deciding=None,
        power=None,
        finding=None,
        reason="",
    )
    alone = sum(1 for n in counts.assessed if n) < 2
    if excluded:
        return replace(row, reason=f"Excluded from ratios. {policy.justification.strip()}")
    if not persons or reference is None or alone or not counts.assessed[reference]:
        text = "Nobody of this group is counted." if not persons else "No other group to compare."
        return replace(row, finding=FindingClass.UNDETECTABLE, reason=text)
    if i == reference:
        return replace(row, reason="Reference.")
    return _compared(row, Pair.of(counts, i, reference=reference), (kind, way, policy))


def _compared(row: EventRow, pair: Pair, how: tuple[str, Direction, ImpactPolicy]) -> EventRow:
    kind, way, policy = how
    # Classes are decided on the lower rate against the higher, whichever of them is unfavourable.
    unfavourable = way is Direction.UNFAVOURABLE
    decided = Pair(pair.x2, pair.n2, pair.x1, pair.n1) if unfavourable else pair
    tests = significance(decided, with_boschloo=False)
    if tests is None:
        return row
    deciding = deciding_test(decided, tests, exact=policy.exact_test)
    design = Design(
        decided.n1,
        decided.n2,
        decided.x2 / decided.n2,
        alpha=policy.alpha,
        exact=deciding.test != "pooled_z",
    )
    chance = power(design)
    ratio = impact_ratio(pair)
    verdict = judge(decided, deciding, power=chance, alpha=policy.alpha)
    return replace(
        row,
        ratio=Estimate(float(ratio), ratio_score(pair, level=policy.level))
        if ratio is not None
        else Estimate(None, None),
        difference=Estimate(rate_difference(pair), difference_newcombe(pair, level=policy.level)),
        below_four_fifths=below_four_fifths(decided),
        deciding=deciding,
        power=chance,
        finding=verdict.finding,
        reason=_reason(kind, pair, decided, deciding, chance),
    )


def _reason(kind: str, pair: Pair, decided: Pair, deciding: Deciding, chance: Power) -> str:
    """Why a group has its class, in the words of events."""
    name = kind.replace("_", " ")
    rates = f"{name}: {pair.x1} of {pair.n1} against {pair.x2} of {pair.n2} in the reference"
    words = "not below" if decided.gap <= 0 else "the reference's, which is not below"
    side = "below" if below_four_fifths(decided) else words
    moved = " One event moved between the two would reverse it." if reversed_by_one(decided) else ""
    detect = ""
    if chance.at_four_fifths is not None:
        detect = (
            " A true ratio of four fifths would have been found with a chance of "
            f"{chance.at_four_fifths:.0%}."
        )
    return (
        f"{rates}; the lower rate is {side} four fifths of the higher "
        f"({p_words(deciding.p_value)}).{moved}{detect}"
    )


def _notes(
    kind: str, counts: GroupCounts, reference: int | None, unclear: bool
) -> tuple[Note, ...]:
    notes = []
    if unclear:
        text = f"Whether {kind.replace('_', ' ')} is good or bad for a person is taken as bad."
        notes.append(Note("direction_assumed", text))
    if not counts.selected.sum():
        notes.append(Note("never_happened", "It happened to nobody in any group."))
    elif reference is not None and not counts.selected[reference]:
        text = (
            f"It happened to nobody of {group_name(counts.groups[reference])}, the reference, so "
            "no ratio exists; the differences and tests stand."
        )
        notes.append(Note("reference_rate_zero", text))
    if counts.unknown_assessed:
        text = f"{counts.unknown_assessed} persons are in no group: a level is unknown."
        notes.append(Note("unknown_group", text, {"persons": counts.unknown_assessed}))
    return tuple(notes)


@dataclass(frozen=True, slots=True)
class Overrides:
    """Decisions in which a person overrode the tool, by the direction.

    up: of those that the tool would not have moved forward, "selected" were moved forward.
    down: of those that it would have, "selected" were not.
    """

    up: GroupCounts
    down: GroupCounts


def override_counts(
    connection: duckdb.DuckDBPyConnection,
    features: Sequence[str],
    *,
    where: Mapping[str, str] | None = None,
) -> Overrides:
    """Overrides in view `audit_rows`, where outcome and override are both known.

    What the tool would have done is the outcome, turned round where it was overridden.
    """
    names = tuple(features)
    condition, parameters = conditions(where or {})
    rows = connection.execute(
        f"""SELECT outcome <> overridden AS forward, overridden, count(*),
            {levels_listed(names)}
        FROM (SELECT outcome, overridden, {", ".join(level_columns(names))} FROM audit_rows
            WHERE outcome IS NOT NULL AND overridden IS NOT NULL AND {condition})
        GROUP BY ALL""",
        parameters,
    ).fetchall()
    cells = [(bool(row[0]), bool(row[1]), int(row[2]), tuple(row[3:])) for row in rows]
    return Overrides(_overrides(cells, names, False), _overrides(cells, names, True))


def _overrides(
    cells: Sequence[tuple[bool, bool, int, tuple[str | None, ...]]],
    features: tuple[str, ...],
    forward: bool,
) -> GroupCounts:
    groups: tuple[Group, ...] = tuple(
        sorted({tuple(map(str, group)) for *_, group in cells if None not in group})
    )
    place: dict[tuple[str | None, ...], int] = {group: i for i, group in enumerate(groups)}
    # The last place holds persons with an unknown level.
    assessed, overridden = np.zeros((2, len(groups) + 1), np.int64)
    for tool, turned, n, group in cells:
        if tool is forward:
            at = place.get(group if None in group else tuple(map(str, group)), len(groups))
            assessed[at] += n
            overridden[at] += n if turned else 0
    kind = "overridden_down" if forward else "overridden_up"
    return GroupCounts(
        features,
        groups,
        assessed[:-1],
        overridden[:-1],
        int(assessed[-1]),
        int(overridden[-1]),
        f"event:{kind}",
    )
