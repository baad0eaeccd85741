"""How much media a tenant has: counted in the transaction that adds more, so that a quota holds."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Table, func, select, text

from audit.records.evidence import MediaState, UploadState
from audit.store.unit import UnitOfWork
from audit.tables.base import Base
from audit.tables.evidence import MediaRow, UploadRow


def reserved_bytes(unit: UnitOfWork) -> int:
    """Bytes of the tenant's stored media and of its open uploads, as they were announced.

    Until the transaction ends, no other one of the tenant's gets an answer from this function.
    """
    if unit.connection.dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:tenant, 12))")
        unit.connection.execute(lock, {"tenant": unit.tenant})
    return sum(
        _total(unit, row, state.value)
        for row, state in ((MediaRow, MediaState.STORED), (UploadRow, UploadState.OPEN))
    )


def _total(unit: UnitOfWork, row: type[Base], state: str) -> int:
    table: Any = cast("Table", row.__table__).c
    statement = select(func.coalesce(func.sum(table.size_bytes), 0))
    here = (table.tenant_id == unit.tenant, table.state == state)
    return int(unit.connection.execute(statement.where(*here)).scalar_one())
