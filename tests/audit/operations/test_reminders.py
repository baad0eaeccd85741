"""Reminders and overdue marks: each told once, and for what still waits."""

from __future__ import annotations

from datetime import datetime, timedelta

from audit.clocks import RequestKind
from audit.operations import flags, requests
from audit.operations.flags import FlagContext
from audit.operations.reminders import remind
from audit.operations.requests import Asked, Decided
from audit.records.oversight import Delivery, Request, Review
from audit.requests import Answer
from audit.store import Store
from tests.audit.operations.people import Clock, add_candidate, add_person, listen
from tests.audit.test_policies import check

TYPES = ("request.due", "request.overdue", "review.due", "review.overdue")


def told(store: Store) -> list[str]:
    with store.reading("acme") as reading:
        return sorted(delivery.type for delivery in reading.every(Delivery))


def counts(store: Store, now: datetime) -> tuple[int, int]:
    found = remind(store, now)
    return found.reminders, found.overdue


def test_a_request_is_reminded_of_at_each_point_once_and_then_overdue_once(
    store: Store, clock: Clock
) -> None:
    with store.unit("acme") as unit:
        listen(unit, *TYPES)
        candidate = add_candidate(unit, "DE")
        asked = Asked(candidate_id=candidate.id, kind=RequestKind.ACCESS, channel="mail")
        request = requests.receive(unit, asked)
        undated = add_candidate(unit)
        requests.receive(
            unit, Asked(candidate_id=undated.id, kind=RequestKind.ACCESS, channel="mail")
        )
    [deadline] = request.request.deadlines
    first, second, third = deadline.reminders_at
    assert counts(store, first - timedelta(seconds=1)) == (0, 0)
    assert counts(store, first) == (1, 0)
    assert counts(store, first + timedelta(hours=1)) == (0, 0)
    assert counts(store, third) == (1, 0)  # the second and third point: one reminder
    assert second < third
    assert counts(store, deadline.ends_at) == (0, 1)
    assert counts(store, deadline.ends_at + timedelta(days=9)) == (0, 0)
    assert told(store) == ["request.due", "request.due", "request.overdue"]
    with store.reading("acme") as reading:
        found = reading.get(Request, request.id)
        assert (found.reminded_at, found.overdue_told_at) == (third, deadline.ends_at)


def test_nobody_is_reminded_of_what_was_answered(store: Store, clock: Clock) -> None:
    with store.unit("acme") as unit:
        listen(unit, *TYPES)
        candidate = add_candidate(unit, "DE")
        asked = Asked(candidate_id=candidate.id, kind=RequestKind.ACCESS, channel="mail")
        request = requests.receive(unit, asked)
        requests.answer(unit, request.id, Decided(answer=Answer.GRANTED, rationale="Yes."))
    assert counts(store, clock.advance(days=400)) == (0, 0)


def test_a_review_is_reminded_of_and_marked_overdue(store: Store, clock: Clock) -> None:
    with store.unit("acme") as unit:
        listen(unit, *TYPES)
        person = add_person(unit, "US-IL")
        [flag] = flags.raise_flags(
            unit, person.check.id, check(), FlagContext(candidate_id=person.id)
        )
        review = unit.get(Review, flag.review_id or "")
    assert review.case.deadline is not None and review.due_at is not None
    [point] = review.case.deadline.reminders_at
    assert counts(store, point) == (1, 0)
    assert counts(store, point + timedelta(minutes=15)) == (0, 0)
    assert counts(store, review.due_at) == (0, 1)
    assert counts(store, review.due_at + timedelta(days=1)) == (0, 0)
    assert told(store) == ["review.due", "review.overdue"]
    with store.reading("acme") as reading:
        history = [step.what for step in reading.get(Review, review.id).case.history]
    assert history == ["opened", "reminder sent", "overdue told"]
