"""Which groups of an audit are left out of what is published, under the specification's policy.

A group that one table must leave out is left out of every part with the same features.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from fairness.human_loop import EventTable
from fairness.impact import ImpactTable
from fairness.result import AuditResult
from fairness.spec_parts import Suppression
from fairness.suppression import SuppressedTable, suppress
from fairness.types import Group, GroupCounts

Features = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Withheld:
    """What to leave out.

    Attributes:
        groups: left-out groups by the features of their table.
        unknown: features of tables whose unknown persons are left out too.
        below: counts from 1 to below this are small.
    """

    groups: Mapping[Features, frozenset[Group]]
    unknown: frozenset[Features]
    below: int

    def hides(self, features: Iterable[str], group: Iterable[str]) -> bool:
        """Whether a group of a table with these features is left out."""
        return tuple(group) in self.groups.get(tuple(features), frozenset())

    def small(self, *counts: int | None) -> bool:
        """Whether one of the counts is from 1 to below the threshold."""
        return any(n is not None and 0 < n < self.below for n in counts)


def withheld(result: AuditResult) -> Withheld | None:
    """What the audit's policy leaves out; None where it leaves nothing out."""
    settings = result.settings
    if not settings.suppress_below:
        return None
    policy = Suppression(
        below=settings.suppress_below, complementary=settings.suppress_complementary
    )
    groups: dict[Features, set[Group]] = {}
    unknown: set[Features] = set()
    for family in _families(result):
        for table in suppress(family, policy):
            features = table.counts.features
            groups.setdefault(features, set()).update(_hidden(table))
            if table.unknown_hidden:
                unknown.add(features)
    return Withheld(
        {features: frozenset(found) for features, found in groups.items()},
        frozenset(unknown),
        settings.suppress_below,
    )


def _hidden(table: SuppressedTable) -> Iterator[Group]:
    for group, gone in zip(table.counts.groups, table.hidden.tolist(), strict=True):
        if gone:
            yield group


def _families(result: AuditResult) -> Iterator[list[GroupCounts]]:
    """Tables of the same persons by the same measure, which add up to one another."""
    yield [
        GroupCounts(
            (f.name,),
            tuple((level,) for level in f.levels),
            np.array(f.persons, np.int64),
            np.zeros(len(f.levels), np.int64),
            f.unknown,
        )
        for f in result.features
    ]
    families: dict[str, list[GroupCounts]] = {}
    for table in result.tables:
        measure = f"{table.impact.basis}:{table.score}"
        families.setdefault(measure, []).append(_of_impact(table.impact))
    for event in result.events:
        families.setdefault(f"event:{event.kind}", []).append(_of_event(event))
    yield from families.values()


def _of_impact(table: ImpactTable) -> GroupCounts:
    return GroupCounts(
        table.features,
        tuple(row.group for row in table.rows),
        np.array([row.assessed for row in table.rows], np.int64),
        np.array([row.selected for row in table.rows], np.int64),
        table.unknown_assessed,
        table.unknown_selected,
        table.basis,
    )


def _of_event(table: EventTable) -> GroupCounts:
    return GroupCounts(
        table.features,
        tuple(row.group for row in table.rows),
        np.array([row.rate.of for row in table.rows], np.int64),
        np.array([row.rate.count for row in table.rows], np.int64),
        table.unknown_persons,
        table.unknown_happened,
    )
