"""Telling other systems: one delivery for each endpoint that wants an event, in the transaction of
what happened. So nothing is told that was rolled back, and nothing that happened stays untold.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime

from audit.ids import new_id
from audit.jobs import enqueue
from audit.records.oversight import Delivery, Endpoint, EndpointState
from audit.records.work import Queue
from audit.store import UnitOfWork
from audit.webhooks import Event, EventType, Message, message

JOB = "webhook"
"""The kind of the jobs that deliver; their subject is the delivery."""
PRIORITY = 200
"""After other light work: a receiver may let each attempt wait for many seconds."""
EVERY_EVENT = "*"
"""Stands in an endpoint's events for all of them."""


def announce(
    unit: UnitOfWork,
    event: Event,
    at: datetime | None = None,
    *,
    only: Collection[str] = (),
) -> tuple[Delivery, ...]:
    """Has every active endpoint that takes this type of event told; returns the new deliveries.

    `at`: when it happened, the present time if not given. The same event at the same time has the
    same id and is told once: again is no error and gives nothing new.

    `only`: where any are named, these endpoints alone.
    """
    endpoints = [
        endpoint
        for endpoint in unit.every(Endpoint, state=EndpointState.ACTIVE)
        if (event.type in endpoint.events or EVERY_EVENT in endpoint.events)
        and (not only or endpoint.id in only)
    ]
    if not endpoints:
        return ()
    told = message(event, at or unit.now())
    made = []
    for endpoint in endpoints:
        if unit.find(Delivery, endpoint_id=endpoint.id, event_id=told.id) is not None:
            continue
        made.append(deliver(unit, endpoint, event.type, told))
    return tuple(made)


def deliver(unit: UnitOfWork, endpoint: Endpoint, kind: EventType, told: Message) -> Delivery:
    """Has one endpoint told, whatever types of events it takes."""
    delivery = unit.add(
        Delivery(
            id=new_id("dlv"),
            endpoint_id=endpoint.id,
            event_id=told.id,
            type=kind.value,
            payload=json.loads(told.body),
        )
    )
    enqueue(unit, kind=JOB, subject=delivery.id, queue=Queue.LIGHT, priority=PRIORITY)
    return delivery
