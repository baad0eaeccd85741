"""Where in a tenant's sealed log entries about a subject stand."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select

from audit.ledger import EventKind
from audit.tables.base import table_of
from audit.tables.spine import EntryRow

_ENTRIES = table_of(EntryRow)


def sequences_about(
    connection: Connection, tenant: str, subjects: Collection[str], *, kinds: Collection[EventKind]
) -> list[int]:
    """Sequence numbers of the entries of these kinds about any of these subjects, in order."""
    statement = select(_ENTRIES.c.sequence).where(
        _ENTRIES.c.tenant_id == tenant,
        _ENTRIES.c.subject.in_(list(subjects)),
        _ENTRIES.c.kind.in_([kind.value for kind in kinds]),
    )
    return list(connection.execute(statement.order_by(_ENTRIES.c.sequence)).scalars())
