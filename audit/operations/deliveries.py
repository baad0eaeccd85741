"""Deliveries of webhooks: what is to be sent, what came of an attempt, and sending it once more."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from audit.canonical import canonical_json
from audit.errors import StepRefused
from audit.jobs import enqueue
from audit.ledger import EventKind
from audit.operations.announcements import JOB, PRIORITY, deliver
from audit.operations.changes import change
from audit.operations.webhooks import (
    ENDPOINT_DISABLED,
    ENDPOINT_REMOVED,
    GONE,
    disable_endpoint,
    signing_secrets,
)
from audit.records.oversight import Delivery, DeliveryState, Endpoint, EndpointState
from audit.records.work import Job, JobState, Queue
from audit.store import Page, ReadUnit, UnitOfWork
from audit.webhooks import Attempt, EventType, Message, Secret, WebhookTest, message

MOST_REPLAYED = 100
"""Failed deliveries that are sent once more in one go."""
_ALIVE = (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class Order:
    """What a job is to send now: the same bytes at each attempt, and the secrets of today."""

    delivery: Delivery
    endpoint: Endpoint
    secrets: tuple[Secret, ...] = field(repr=False)

    @property
    def made(self) -> int:
        """Which attempt it is, from 1."""
        return self.delivery.attempts + 1

    @property
    def message(self) -> Message:
        """As it was announced."""
        return Message(self.delivery.event_id, canonical_json(self.delivery.payload))


def order_of(unit: ReadUnit, delivery_id: str, *, job_id: str, now: datetime) -> Order | str | None:
    """What this job has to send; a code where it cannot be sent, and None where it need not be.

    It need not where the delivery has ended, or another job has it: one that waited for its next
    try while the delivery was declared dead and then replayed.
    """
    delivery = unit.get(Delivery, delivery_id)
    if delivery.state is not DeliveryState.PENDING or not _in_charge(unit, delivery_id, job_id):
        return None
    endpoint = unit.get(Endpoint, delivery.endpoint_id)
    if endpoint.state is EndpointState.REMOVED:
        return ENDPOINT_REMOVED
    if endpoint.state is not EndpointState.ACTIVE:
        return ENDPOINT_DISABLED
    return Order(delivery, endpoint, signing_secrets(unit, endpoint, now))


def note_delivered(unit: UnitOfWork, order: Order, attempt: Attempt) -> None:
    """The receiver took it, whatever else was decided meanwhile."""
    moment = unit.now()

    def delivered(delivery: Delivery) -> Delivery:
        return replace(
            _tried(delivery, order, attempt), state=DeliveryState.DELIVERED, delivered_at=moment
        )

    change(unit, Delivery, order.delivery.id, delivered)


def note_retry(unit: UnitOfWork, order: Order, attempt: Attempt, next_at: datetime) -> None:
    """It is tried again at that time, unless it was declared dead meanwhile."""

    def again(delivery: Delivery) -> Delivery:
        if delivery.state is not DeliveryState.PENDING:
            return delivery
        return replace(_tried(delivery, order, attempt), next_at=next_at)

    change(unit, Delivery, order.delivery.id, again)


def note_dead(unit: UnitOfWork, order: Order, attempt: Attempt) -> None:
    """It is not tried again by itself."""

    def dead(delivery: Delivery) -> Delivery:
        if delivery.state is not DeliveryState.PENDING:
            return delivery
        return replace(_tried(delivery, order, attempt), state=DeliveryState.DEAD)

    change(unit, Delivery, order.delivery.id, dead)


def note_gone(unit: UnitOfWork, order: Order, attempt: Attempt) -> None:
    """The receiver wants nothing more: the endpoint is disabled, and what waits for it is dead.

    Raises `VersionConflict` where the endpoint was changed since the order was made.
    """
    disable_endpoint(unit, order.endpoint, why=GONE)

    def dead(delivery: Delivery) -> Delivery:
        return replace(_tried(delivery, order, attempt), state=DeliveryState.DEAD)

    change(unit, Delivery, order.delivery.id, dead)


def bury(unit: UnitOfWork, delivery_id: str, *, why: str, job_id: str) -> None:
    """Declares a delivery dead whose job cannot go on; `why`: a code."""
    if unit.find(Delivery, id=delivery_id) is None or _another(unit, delivery_id, job_id):
        return

    def dead(delivery: Delivery) -> Delivery:
        if delivery.state is not DeliveryState.PENDING:
            return delivery
        return replace(delivery, state=DeliveryState.DEAD, last_error=why, next_at=None)

    change(unit, Delivery, delivery_id, dead)


def replay(unit: UnitOfWork, delivery: Delivery) -> Delivery:
    """Sends a delivery once more: same id, same bytes, a new row of attempts.

    Raises:
        StepRefused: it is under way already, or its endpoint is not active.
        VersionConflict: it was changed since it was read.
    """
    if delivery.state is DeliveryState.PENDING and _living(unit, delivery.id, 1):
        raise StepRefused("The delivery is under way already.")
    endpoint = unit.get(Endpoint, delivery.endpoint_id)
    _refuse_inactive(endpoint)
    fresh = replace(delivery, state=DeliveryState.PENDING, attempts=0, last_error=None)
    fresh = unit.put(replace(fresh, last_status=None, next_at=None))
    enqueue(unit, kind=JOB, subject=delivery.id, queue=Queue.LIGHT, priority=PRIORITY)
    unit.record(
        EventKind.WEBHOOK_CHANGED,
        endpoint.id,
        {"change": "replayed", "delivery": delivery.id, "was": delivery.state.value},
    )
    return fresh


def replay_failed(unit: UnitOfWork, endpoint: Endpoint) -> tuple[Delivery, ...]:
    """Sends what an endpoint did not take once more, the newest `MOST_REPLAYED`, in order of time.

    Raises `StepRefused`: the endpoint is not active.
    """
    _refuse_inactive(endpoint)
    dead = {"endpoint_id": endpoint.id, "state": DeliveryState.DEAD}
    found = unit.page(Delivery, Page(limit=MOST_REPLAYED), dead).items
    return tuple(replay(unit, each) for each in reversed(found))


def send_test(unit: UnitOfWork, endpoint: Endpoint) -> Delivery:
    """Sends an endpoint a message that says nothing but that it is a test.

    Raises `StepRefused`: the endpoint is not active.
    """
    _refuse_inactive(endpoint)
    told = message(WebhookTest(endpoint_id=endpoint.id), unit.now())
    made = deliver(unit, endpoint, EventType.WEBHOOK_TEST, told)
    unit.record(EventKind.WEBHOOK_CHANGED, endpoint.id, {"change": "tested", "delivery": made.id})
    return made


def _refuse_inactive(endpoint: Endpoint) -> None:
    if endpoint.state is not EndpointState.ACTIVE:
        raise StepRefused(f"The endpoint is {endpoint.state.value}; nothing is sent to it.")


def _tried(delivery: Delivery, order: Order, attempt: Attempt) -> Delivery:
    return replace(
        delivery,
        attempts=order.made,
        last_status=attempt.status,
        last_error=attempt.problem.value if attempt.problem else None,
        next_at=None,
    )


def _in_charge(unit: ReadUnit, delivery_id: str, job_id: str) -> bool:
    """Whether this is the newest living job of the delivery."""
    found = _living(unit, delivery_id, 1)
    return bool(found) and found[0].id == job_id


def _another(unit: ReadUnit, delivery_id: str, job_id: str) -> bool:
    """Whether another living job has the delivery."""
    return any(job.id != job_id for job in _living(unit, delivery_id, 2))


def _living(unit: ReadUnit, delivery_id: str, most: int) -> tuple[Job, ...]:
    where = {"kind": JOB, "subject": delivery_id, "state": _ALIVE}
    return unit.page(Job, Page(limit=most), where).items
