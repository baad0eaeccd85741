"""What waits for a person, in the order in which it is due: a page of it, read by the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import func, select

from audit.records.oversight import Request, Review
from audit.store.mapping import mapping
from audit.store.unit import Listing, ReadUnit

W = TypeVar("W", Review, Request)


def due_first(
    unit: ReadUnit, kind: type[W], states: Sequence[str], *, limit: int, skip: int = 0
) -> Listing[W]:
    """Those in one of these states, those due first before others; without a date, last."""
    how = mapping(kind)
    due = how.table.c.due_at
    statement = (
        select(how.table)
        .where(*unit.conditions(kind, {"state": tuple(states)}))
        .order_by(due.is_(None), due, how.table.c.id)
        .offset(skip)
        .limit(limit + 1)
    )
    rows = unit.connection.execute(statement).mappings().all()
    items = tuple(how.to_value(row) for row in rows[:limit])
    return Listing(items, more=len(rows) > limit)


def tally(unit: ReadUnit, kind: type[W], states: Sequence[str], now: datetime) -> tuple[int, int]:
    """How many are in one of these states, and how many of them should have ended by `now`."""
    table = mapping(kind).table
    over = func.count().filter(table.c.due_at <= now)
    here = unit.conditions(kind, {"state": tuple(states)})
    every, late = unit.connection.execute(select(func.count(), over).where(*here)).one()
    return int(every), int(late)
