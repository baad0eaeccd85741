"""Schedules of reports, of all tenants."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from audit.store.store import Store
from audit.tables.base import table_of
from audit.tables.issued import ReportScheduleRow

_TABLE = table_of(ReportScheduleRow)


def due_schedules(store: Store, now: datetime) -> tuple[tuple[str, str], ...]:
    """Tenant and id of schedules whose next period has ended, the one that waits longest first."""
    here = select(_TABLE.c.tenant_id, _TABLE.c.id).where(
        _TABLE.c.next_at <= now, _TABLE.c.ended_at.is_(None)
    )
    with store.system(read_only=True) as connection:
        rows = connection.execute(here.order_by(_TABLE.c.next_at, _TABLE.c.id)).all()
    return tuple((row.tenant_id, row.id) for row in rows)
