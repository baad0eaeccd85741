"""Webhook deliveries of an endpoint, all at once."""

from __future__ import annotations

from sqlalchemy import update

from audit.records.oversight import Delivery, DeliveryState
from audit.store.mapping import mapping
from audit.store.unit import UnitOfWork


def end_pending(unit: UnitOfWork, endpoint_id: str, *, why: str) -> int:
    """Declares dead what still waits for an endpoint; `why`: a code. Returns how many.

    Change the endpoint in the same transaction before: so two that end its deliveries take turns.
    """
    table = mapping(Delivery).table
    waiting = unit.conditions(
        Delivery, {"endpoint_id": endpoint_id, "state": DeliveryState.PENDING}
    )
    statement = (
        update(table)
        .where(*waiting)
        .values(
            state=DeliveryState.DEAD.value,
            last_error=why,
            next_at=None,
            version=table.c.version + 1,
            updated_at=unit.now(),
        )
    )
    return int(unit.connection.execute(statement).rowcount)
