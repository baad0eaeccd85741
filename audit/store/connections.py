"""Connections to applicant tracking systems before it is known whose they are; their counts."""

from __future__ import annotations

from sqlalchemy import and_, select, update

from audit.records.register import AtsConnection
from audit.store.mapping import mapping
from audit.store.store import Store
from audit.store.unit import UnitOfWork
from audit.tables.base import table_of
from audit.tables.register import AtsConnectionRow

_TABLE = table_of(AtsConnectionRow)


def tenant_of_connection(store: Store, connection_id: str) -> str | None:
    """The tenant of a connection, whoever's it is; None where there is none."""
    with store.system(read_only=True) as connection:
        statement = select(_TABLE.c.tenant_id).where(_TABLE.c.id == connection_id)
        return connection.execute(statement).scalar_one_or_none()


def count_messages(
    unit: UnitOfWork, connection: AtsConnection, *, received: int = 0, ignored: int = 0
) -> None:
    """Adds to a connection's counts. That is no change of the connection: its version stays."""
    table = mapping(AtsConnection).table
    statement = (
        update(table)
        .where(and_(table.c.tenant_id == unit.tenant, table.c.id == connection.id))
        .values(received=table.c.received + received, ignored=table.c.ignored + ignored)
    )
    unit.connection.execute(statement)
