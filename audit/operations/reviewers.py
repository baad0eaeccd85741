"""The persons who may review, by opaque references: authority, training, teams."""

from __future__ import annotations

from dataclasses import replace

from audit.ids import new_id
from audit.ledger import EventKind
from audit.records.oversight import Reviewer
from audit.store import UnitOfWork


def register(
    unit: UnitOfWork, *, person: str, may_change: bool, training: str, teams: tuple[str, ...] = ()
) -> Reviewer:
    """Registers a reviewer. Raises `AlreadyExists`."""
    added = unit.add(
        Reviewer(
            id=new_id("rvr"), person=person, may_change=may_change, training=training, teams=teams
        )
    )
    _record(unit, added, "registered")
    return added


def put(unit: UnitOfWork, reviewer: Reviewer) -> Reviewer:
    """Writes a changed reviewer. Raises `VersionConflict`, `NotFound`."""
    changed = unit.put(reviewer)
    _record(unit, changed, "changed")
    return changed


def leave(unit: UnitOfWork, reviewer: Reviewer) -> Reviewer:
    """Ends a person's reviewing; decisions that they took stand. Again changes nothing."""
    if reviewer.left_at is not None:
        return reviewer
    left = unit.put(replace(reviewer, left_at=unit.now()))
    _record(unit, left, "left")
    return left


def _record(unit: UnitOfWork, reviewer: Reviewer, what: str) -> None:
    unit.record(
        EventKind.REVIEWER_CHANGED,
        reviewer.id,
        {
            "what": what,
            "person": reviewer.person,
            "may_change": reviewer.may_change,
            "trained": bool(reviewer.training.strip()),
            "teams": list(reviewer.teams),
        },
    )
