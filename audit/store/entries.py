"""Search of the sealed log: entries by kind, by whom, about what and when, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from audit.ledger import EventKind, LedgerEntry
from audit.store.unit import Listing, ReadUnit
from audit.tables.base import table_of
from audit.tables.spine import EntryRow

_ENTRIES = table_of(EntryRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What is looked for; what is left out matches all.

    Attributes:
        kind: what happened. subject: what it happened to. actor: who did it.
        since, until: UTC; from the first, and before the second.
    """

    kind: EventKind | None = None
    subject: str = ""
    actor: str = ""
    since: datetime | None = None
    until: datetime | None = None


def sought(
    unit: ReadUnit, what: Sought, *, limit: int, before: int | None = None
) -> Listing[LedgerEntry]:
    """The newest entries that match, with a sequence below `before`.

    Events of the last second may not be sealed yet, and are then not among them. Only the log of
    the unit's tenant is read.
    """
    here = [_ENTRIES.c.tenant_id == unit.tenant]
    if what.kind is not None:
        here.append(_ENTRIES.c.kind == what.kind.value)
    if what.subject:
        here.append(_ENTRIES.c.subject == what.subject)
    if what.actor:
        here.append(_ENTRIES.c.actor == what.actor)
    if what.since is not None:
        here.append(_ENTRIES.c.time >= what.since)
    if what.until is not None:
        here.append(_ENTRIES.c.time < what.until)
    if before is not None:
        here.append(_ENTRIES.c.sequence < before)
    statement = select(_ENTRIES.c.line).where(*here).order_by(_ENTRIES.c.sequence.desc())
    rows = unit.connection.execute(statement.limit(limit + 1)).scalars().all()
    items = tuple(LedgerEntry.from_line(bytes(line)) for line in rows[:limit])
    return Listing(items, more=len(rows) > limit)
