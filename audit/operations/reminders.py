"""Reminders and overdue marks of requests and review cases: each told once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from audit.clocks import Deadline
from audit.jobs import SERVICE_TENANT
from audit.operations.announcements import announce
from audit.operations.changes import change
from audit.operations.requests import open_requests
from audit.operations.reviews import open_cases
from audit.records.oversight import Request, Review
from audit.reviews import Step
from audit.store import SYSTEM, Store, UnitOfWork
from audit.webhooks import RequestDue, RequestOverdue, ReviewDue, ReviewOverdue

REMINDED = "reminder sent"
OVERDUE = "overdue told"


@dataclass(slots=True)
class Reminded:
    """How many were told."""

    reminders: int = 0
    overdue: int = 0


def remind(store: Store, now: datetime) -> Reminded:
    """Tells of all tenants' requests and cases that are due soon, or overdue, and were not told of.

    Of several reminder points that passed meanwhile, one reminder is sent; of what is overdue, no
    more reminders.
    """
    total = Reminded()
    for tenant in store.tenants():
        if tenant == SERVICE_TENANT:
            continue
        with store.unit(tenant) as unit:
            for request in open_requests(unit):
                _request(unit, request, now, total)
            for review in open_cases(unit):
                _review(unit, review, now, total)
    return total


def _request(unit: UnitOfWork, request: Request, now: datetime, total: Reminded) -> None:
    if request.due_at is None:
        return
    if now >= request.due_at:
        if request.overdue_told_at is None:
            change(unit, Request, request.id, lambda r: replace(r, overdue_told_at=now))
            announce(unit, _told(RequestOverdue, request, request.due_at), request.due_at)
            total.overdue += 1
        return
    running = [d for d in request.request.deadlines if d.stopped_at is None]
    point = _passed(running, now)
    if point is not None and (request.reminded_at is None or request.reminded_at < point):
        change(unit, Request, request.id, lambda r: replace(r, reminded_at=now))
        announce(unit, _told(RequestDue, request, request.due_at), point)
        total.reminders += 1


def _review(unit: UnitOfWork, review: Review, now: datetime, total: Reminded) -> None:
    deadline = review.case.deadline
    if deadline is None or review.due_at is None:
        return
    if now >= review.due_at:
        if not _when(review, OVERDUE):
            _note(unit, review, OVERDUE, now)
            announce(unit, _told_of(ReviewOverdue, review, review.due_at), review.due_at)
            total.overdue += 1
        return
    point = _passed([deadline], now)
    if point is not None and all(at < point for at in _when(review, REMINDED)):
        _note(unit, review, REMINDED, now)
        announce(unit, _told_of(ReviewDue, review, review.due_at), point)
        total.reminders += 1


def _told(
    kind: type[RequestDue] | type[RequestOverdue], request: Request, due_at: datetime
) -> RequestDue | RequestOverdue:
    return kind(
        request_id=request.id,
        candidate_id=request.candidate_id,
        kind=request.kind,
        due_at=due_at,
    )


def _told_of(
    kind: type[ReviewDue] | type[ReviewOverdue], review: Review, due_at: datetime
) -> ReviewDue | ReviewOverdue:
    return kind(
        review_id=review.id,
        flag_id=review.flag_id,
        candidate_id=review.candidate_id,
        due_at=due_at,
    )


def _passed(deadlines: Iterable[Deadline], now: datetime) -> datetime | None:
    """The last reminder point that has passed."""
    points = (at for deadline in deadlines for at in deadline.reminders_at if at <= now)
    return max(points, default=None)


def _when(review: Review, what: str) -> list[datetime]:
    return [step.at for step in review.case.history if step.what == what]


def _note(unit: UnitOfWork, review: Review, what: str, now: datetime) -> None:
    def noted(each: Review) -> Review:
        history = (*each.case.history, Step(now, what, SYSTEM))
        return replace(each, case=replace(each.case, history=history))

    change(unit, Review, review.id, noted)
