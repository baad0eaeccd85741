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
    # One statement sees one state of the database: between two, an upload could become media, and
    # would be counted as neither.
    media = _total(unit, MediaRow, MediaState.STORED)
    uploads = _total(unit, UploadRow, UploadState.OPEN)
    return int(unit.connection.execute(select(media + uploads)).scalar_one())


def _total(unit: UnitOfWork, row: type[Base], state: MediaState | UploadState) -> Any:
    table: Any = cast("Table", row.__table__).c
    statement = select(func.coalesce(func.sum(table.size_bytes), 0))
    here = (table.tenant_id == unit.tenant, table.state == state.value)
    return statement.where(*here).scalar_subquery()
