"""Deliveries by a worker to a receiver on loopback, on both databases."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest

from api.telemetry import JsonLines
from api.webhook_task import WebhookTask, webhook_endings, webhook_handlers
from audit.errors import VersionConflict
from audit.ids import new_id
from audit.jobs import Handler, Worker, enqueue
from audit.ledger import EventKind
from audit.operations import deliveries
from audit.operations.announcements import JOB, announce
from audit.operations.webhooks import (
    EndpointChange,
    FreshEndpoint,
    NewEndpoint,
    SecretRotation,
    change_endpoint,
    endpoint_of,
    register_endpoint,
    remove_endpoint,
    rotate_secret,
)
from audit.records.oversight import Delivery, DeliveryState, Endpoint, EndpointState
from audit.records.work import Job, JobState, Queue
from audit.settings import Settings, Webhooks
from audit.store import Store
from audit.store.store import utc_now
from audit.webhooks import (
    CheckFailed,
    CheckFinished,
    EventType,
    Secret,
    Sender,
    TargetRules,
    verify,
)
from audit.webhooks.events import message_id
from audit.webhooks.targets import Address
from tests.audit.jobs.deeds import QUICK
from tests.audit.webhooks.receiver import Receiver, receiving

RULES = TargetRules(http_loopback=True)
DELIVERED, DEAD, PENDING = DeliveryState.DELIVERED, DeliveryState.DEAD, DeliveryState.PENDING


class Soon(random.Random):
    """Draws the shortest waiting time."""

    def uniform(self, a: float, b: float) -> float:
        return a


class Late(random.Random):
    """Draws the longest waiting time."""

    def uniform(self, a: float, b: float) -> float:
        return b


class Post:
    """Endpoints and deliveries of `acme`, and a worker that delivers."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.worker: Worker | None = None

    def work(self, *, rng: random.Random | None = None, most: int = 10, **sender: Any) -> None:
        """Starts to deliver."""
        task = WebhookTask(
            self.store,
            Sender(RULES, **sender),
            max_attempts=most,
            rng=rng or Soon(),
        )
        handlers: dict[str, Handler] = {JOB: task}
        self.worker = Worker(self.store, QUICK, handlers, [Queue.LIGHT], endings=webhook_endings())
        self.worker.start()

    def rest(self) -> None:
        """Stops delivering."""
        if self.worker is not None:
            self.worker.stop()
            self.worker = None

    def endpoint(self, url: str, *events: str) -> FreshEndpoint:
        """A registered endpoint."""
        new = NewEndpoint.model_validate({"url": url, "events": events or ["*"]})
        with self.store.unit("acme") as unit:
            return register_endpoint(unit, new, RULES)

    def tell(self, event: CheckFailed | CheckFinished | None = None) -> str:
        """Announces an event; the id of its one delivery."""
        told = event or CheckFailed(check_id=new_id("chk"), error_code="media_unreadable")
        with self.store.unit("acme") as unit:
            (delivery,) = announce(unit, told)
        return delivery.id

    def delivery(self, id: str) -> Delivery:
        """As it is now."""
        with self.store.reading("acme") as unit:
            return unit.get(Delivery, id)

    def jobs(self, id: str) -> tuple[Job, ...]:
        """The jobs of a delivery, the oldest first."""
        with self.store.reading("acme") as unit:
            return unit.every(Job, kind=JOB, subject=id)

    def change(self, endpoint: Endpoint, **fields: object) -> Endpoint:
        """Changes an endpoint as it is now."""
        with self.store.unit("acme") as unit:
            current = endpoint_of(unit, endpoint.id)
            return change_endpoint(unit, current, EndpointChange(**fields), RULES)  # type: ignore[arg-type]

    def now_is(self, endpoint: Endpoint) -> Endpoint:
        """As it is now."""
        with self.store.reading("acme") as unit:
            return unit.get(Endpoint, endpoint.id)

    def replay(self, id: str) -> Delivery:
        """Sends it once more."""
        with self.store.unit("acme") as unit:
            return deliveries.replay(unit, unit.get(Delivery, id))

    def until(self, condition: Callable[[], object], within_s: float = 15.0) -> None:
        """Waits until a condition holds."""
        end = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < end, "it did not happen in time"
            time.sleep(0.01)

    def ended(self, id: str) -> Delivery:
        """The delivery, once it and its jobs have ended."""
        self.until(lambda: self.delivery(id).state is not PENDING)
        self.until(lambda: all(job.state.final for job in self.jobs(id)))
        return self.delivery(id)


@pytest.fixture
def post(store: Store) -> Iterator[Post]:
    """Deliveries on both kinds of database in turn."""
    opened = Post(store)
    yield opened
    opened.rest()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """One that takes everything."""
    with receiving() as opened:
        yield opened


def later(hours: float) -> Callable[[], datetime]:
    """A clock that is ahead."""
    return lambda: utc_now() + timedelta(hours=hours)


def test_a_message_is_delivered_and_verifies(
    post: Post, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fresh = post.endpoint(receiver.url, "check.failed")
    with post.store.unit("acme") as unit:
        finished = CheckFinished(check_id=new_id("chk"), verdicts={})
        assert announce(unit, finished) == ()  # of another type than was asked for
    id = post.tell()
    post.work()
    done = post.ended(id)
    assert (done.state, done.attempts, done.last_status) == (DELIVERED, 1, 204)
    assert done.last_error is None and done.next_at is None and done.delivered_at is not None
    (got,) = receiver.got
    assert verify(got.headers, got.body, [Secret.parse(fresh.secret)]) == done.event_id  # type: ignore[arg-type]
    assert message_id(EventType.CHECK_FAILED, got.body) == done.event_id
    (job,) = post.jobs(id)
    assert job.state is JobState.SUCCEEDED
    lines = "\n".join(JsonLines().format(record) for record in caplog.records)
    assert id in lines and fresh.endpoint.id in lines
    for hidden in (fresh.secret, fresh.secret.removeprefix("whsec_"), "t0ken"):
        assert hidden not in lines and hidden not in repr(fresh)


def test_retries_send_the_same_bytes_and_are_no_losses(post: Post) -> None:
    with receiving(500, 503, 302, 429) as receiver:
        fresh = post.endpoint(receiver.url)
        id = post.tell()
        post.work()
        done = post.ended(id)
        assert (done.state, done.attempts, done.last_error) == (DELIVERED, 5, None)
        assert len({(each.headers["webhook-id"], each.body) for each in receiver.got}) == 1
        for each in receiver.got:
            verify(each.headers, each.body, [Secret.parse(fresh.secret)])  # type: ignore[arg-type]
    (job,) = post.jobs(id)
    assert (job.attempts, job.losses, job.error_code) == (5, 0, None)


def test_a_receiver_says_how_long_to_wait(post: Post, receiver: Receiver) -> None:
    receiver.answers = [(503, {"Retry-After": "7200"})]
    post.endpoint(receiver.url)
    id = post.tell()
    before = utc_now()
    post.work()
    post.until(lambda: post.delivery(id).next_at)
    waiting = post.delivery(id)
    assert (waiting.state, waiting.attempts, waiting.last_status) == (PENDING, 1, 503)
    assert waiting.last_error == "status" and waiting.next_at is not None
    assert timedelta(hours=2) <= waiting.next_at - before < timedelta(hours=2.1)
    post.until(lambda: post.jobs(id)[0].state is JobState.QUEUED)
    assert post.jobs(id)[0].error_code == "status" and len(receiver.got) == 1
    with post.store.unit("acme") as unit:  # as after a crash before the job was put back
        unit.put(replace(post.jobs(id)[0], run_after=None))
    post.until(lambda: post.jobs(id)[0].error_code == "not_yet")
    post.store.now = later(3)  # type: ignore[method-assign]
    assert post.ended(id).state is DELIVERED
    assert len(receiver.got) == 2


def test_after_the_last_attempt_it_is_dead_and_can_be_replayed(post: Post) -> None:
    with receiving(500, 500) as receiver:
        post.endpoint(receiver.url)
        id = post.tell()
        post.work(most=2)
        dead = post.ended(id)
        assert (dead.state, dead.attempts, dead.last_status) == (DEAD, 2, 500)
        assert dead.last_error == "status" and dead.next_at is None
        with post.store.reading("acme") as unit:
            assert unit.find(Delivery, state=DEAD) == dead
        again = post.replay(id)
        assert (again.state, again.attempts) == (PENDING, 0)
        done = post.ended(id)
        assert (done.state, done.attempts) == (DELIVERED, 1)
        first = done.delivered_at
        assert post.replay(id).delivered_at == first
        assert post.ended(id).delivered_at != first
        assert len(receiver.got) == 4
        assert len({(each.headers["webhook-id"], each.body) for each in receiver.got}) == 1
    assert len(post.jobs(id)) == 3


def test_gone_disables_the_endpoint_and_ends_what_waits(post: Post) -> None:
    with receiving(410) as receiver, receiving() as other:
        fresh = post.endpoint(receiver.url)
        first, second = post.tell(), post.tell()
        beside = post.endpoint(other.url)
        with post.store.unit("acme") as unit:  # the second waits for its next try
            (job,) = post.jobs(second)
            unit.put(replace(job, run_after=utc_now() + timedelta(hours=1)))
        post.work()
        assert post.ended(first).last_status == 410
        dead = post.delivery(second)
        assert (dead.state, dead.last_error, dead.attempts) == (DEAD, "endpoint_disabled", 0)
        gone = post.now_is(fresh.endpoint)
        assert (gone.state, gone.disabled_reason) == (EndpointState.DISABLED, "gone")
        with post.store.unit("acme") as unit:
            told = announce(unit, CheckFailed(check_id=new_id("chk"), error_code="x"))
        assert [each.endpoint_id for each in told] == [beside.endpoint.id]
        enabled = post.change(gone, state="active")
        assert enabled.disabled_reason is None
        post.replay(first)
        assert post.ended(first).state is DELIVERED
    with post.store.ledger("acme") as ledger:
        changes = [e.body["change"] for e in ledger.entries() if e.kind is _CHANGED]
    assert changes == ["registered", "registered", "disabled", "enabled", "replayed"]


_CHANGED = EventKind.WEBHOOK_CHANGED


def test_an_endpoint_is_disabled_once_by_many_answers(post: Post) -> None:
    with receiving(*[410] * 12) as receiver:
        fresh = post.endpoint(receiver.url)
        ids = [post.tell() for _ in range(12)]
        post.work()
        assert {post.ended(id).state for id in ids} == {DEAD}
        assert post.now_is(fresh.endpoint).version == 2
        assert {job.state for id in ids for job in post.jobs(id)} == {JobState.SUCCEEDED}
    with post.store.ledger("acme") as ledger:
        found = [e for e in ledger.entries() if e.body.get("change") == "disabled"]
    assert len(found) == 1


def test_gone_counts_for_the_endpoint_that_said_it(post: Post) -> None:
    with receiving(410) as receiver, receiving() as moved:
        fresh = post.endpoint(receiver.url)
        receiver.meanwhile = lambda: [post.change(fresh.endpoint, url=moved.url), None][1]  # type: ignore[func-returns-value]
        id = post.tell()
        post.work()
        assert post.ended(id).state is DELIVERED
        assert post.now_is(fresh.endpoint).state is EndpointState.ACTIVE
        assert (len(receiver.got), len(moved.got)) == (1, 1)


def test_what_was_answered_before_a_crash_is_not_sent_again(
    post: Post, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.endpoint(receiver.url)
    id = post.tell()
    calls = []
    noted = deliveries.note_delivered

    def dying(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) == 1:
            raise VersionConflict("somebody was faster")
        noted(*arguments)

    monkeypatch.setattr(deliveries, "note_delivered", dying)
    post.work()
    assert post.ended(id).state is DELIVERED
    assert (len(calls), len(receiver.got)) == (2, 1)


def test_while_a_secret_rotates_both_sign(post: Post, receiver: Receiver) -> None:
    fresh = post.endpoint(receiver.url)
    with post.store.unit("acme") as unit:
        rotated = rotate_secret(unit, fresh.endpoint, SecretRotation(grace_s=3600))
    post.work()
    post.ended(post.tell())
    old, new = Secret.parse(fresh.secret), Secret.parse(rotated.secret)
    (got,) = receiver.got
    assert len(got.headers["webhook-signature"].split()) == 2
    for secret in (old, new):
        verify(got.headers, got.body, [secret])  # type: ignore[arg-type]
    post.store.now = later(1.1)  # type: ignore[method-assign]
    post.ended(post.tell())
    got = receiver.got[-1]
    assert len(got.headers["webhook-signature"].split()) == 1
    verify(got.headers, got.body, [new], now=post.store.now())  # type: ignore[arg-type]


def test_a_name_that_turns_inward_is_refused_at_sending(post: Post, receiver: Receiver) -> None:
    inside: list[Address] = [ip_address("10.0.0.7")]
    post.endpoint("https://hooks.example.com/x")
    id = post.tell()
    post.work(most=1, resolver=lambda _host, _port: inside)
    dead = post.ended(id)
    assert (dead.state, dead.last_error, dead.last_status) == (DEAD, "target_refused", None)


def test_what_is_rolled_back_is_not_told(post: Post, receiver: Receiver) -> None:
    post.endpoint(receiver.url)
    with pytest.raises(LookupError), post.store.unit("acme") as unit:
        assert announce(unit, CheckFailed(check_id=new_id("chk"), error_code="x"))
        raise LookupError
    post.work()
    post.ended(post.tell())
    assert len(receiver.got) == 1
    with post.store.reading("acme") as unit:
        assert unit.count(Delivery) == unit.count(Job, kind=JOB) == 1


def test_a_job_that_waited_leaves_a_replayed_delivery_to_the_new_one(
    post: Post, receiver: Receiver
) -> None:
    receiver.answers = [(500, {})]
    fresh = post.endpoint(receiver.url)
    id = post.tell()
    post.work(rng=Late())
    post.until(lambda: post.jobs(id)[0].error_code == "status")
    post.rest()
    disabled = post.change(fresh.endpoint, state="disabled")
    assert disabled.disabled_reason == "asked"
    assert (post.delivery(id).state, post.delivery(id).last_error) == (DEAD, "endpoint_disabled")
    post.change(disabled, state="active")
    post.replay(id)
    post.store.now = later(1)  # type: ignore[method-assign]
    post.work()
    assert post.ended(id).state is DELIVERED
    assert len(receiver.got) == 2
    assert {job.state for job in post.jobs(id)} == {JobState.SUCCEEDED}


def test_a_delivery_does_not_outlive_its_endpoint(post: Post, receiver: Receiver) -> None:
    fresh = post.endpoint(receiver.url)
    waiting = post.tell()
    with post.store.unit("acme") as unit:
        remove_endpoint(unit, unit.get(Endpoint, fresh.endpoint.id))
        late = unit.add(replace(post_of(fresh.endpoint), id=new_id("dlv")))  # announced meanwhile
        enqueue(unit, kind=JOB, subject=late.id, queue=Queue.LIGHT)
    post.work()
    for id in (waiting, late.id):
        dead = post.ended(id)
        assert (dead.state, dead.last_error) == (DEAD, "endpoint_removed")
    assert receiver.got == []


def post_of(endpoint: Endpoint) -> Delivery:
    """A delivery to an endpoint."""
    return Delivery(
        id="", endpoint_id=endpoint.id, event_id="msg_1", type="check.failed", payload={}
    )


def test_a_job_that_cannot_go_on_leaves_a_dead_delivery(post: Post, receiver: Receiver) -> None:
    fresh = post.endpoint(receiver.url)
    id = post.tell()
    post.store.ring.shred("acme", fresh.endpoint.id)
    post.work()
    dead = post.ended(id)
    assert (dead.state, dead.last_error) == (DEAD, "data_key_destroyed")
    assert post.jobs(id)[0].state is JobState.FAILED


def test_the_service_delivers_as_its_settings_say(post: Post, receiver: Receiver) -> None:
    settings = Settings(webhooks=Webhooks(allow_http_loopback=True, max_attempts=1))
    post.endpoint(receiver.url)
    id = post.tell()
    with Worker(post.store, QUICK, webhook_handlers(post.store, settings), [Queue.LIGHT]):
        assert post.ended(id).state is DELIVERED
