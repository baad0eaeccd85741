"""Today: what needs a person now, what runs, what changed."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Response

from api.workplace.framing import VisitDep, router, signed_in
from api.workplace.reviews import OPEN_CASES, Row, row
from audit.operations import flags
from audit.records.evidence import Check, RunState
from audit.records.oversight import Flag, FlagState, Request, Review
from audit.records.work import Job
from audit.requests import RequestState
from audit.store import Page, ReadUnit
from audit.store.waiting import due_first, tally

pages = router()
_MOST = 8
_WAITING = tuple(each.value for each in RequestState if each is not RequestState.CLOSED)
_AT_WORK = (RunState.QUEUED, RunState.RUNNING)
_ENDED = (RunState.FINISHED, RunState.FAILED)


@dataclass(frozen=True, slots=True)
class Counted:
    """How much waits, and how much of it is overdue."""

    every: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True)
class Running:
    """A check at work; `percent`: 0 to 100."""

    check: Check
    percent: int
    stage: str


@dataclass(frozen=True, slots=True)
class Work:
    """Checks at work, and those that ended last."""

    running: tuple[Running, ...]
    ended: tuple[Check, ...]


@pages.get("", dependencies=[signed_in()])
def today(visit: VisitDep) -> Response:
    """The first page."""
    call, now = visit.call, visit.call.service.now()
    cases: list[Row] = []
    asked: tuple[Request, ...] = ()
    reviews, requests = Counted(), Counted()
    with call.reading() as unit:
        if call.may("reviews:read"):
            found = due_first(unit, Review, OPEN_CASES, limit=_MOST)
            cases = [row(each, now, visit.user.person) for each in found.items]
            reviews = Counted(*tally(unit, Review, OPEN_CASES, now))
        if call.may("requests:read"):
            asked = due_first(unit, Request, _WAITING, limit=_MOST).items
            requests = Counted(*tally(unit, Request, _WAITING, now))
        checks = _checks(unit) if call.may("checks:read") else None
        seen = _flags(visit, unit) if call.may("flags:read") else ()
    return visit.page(
        "today.html",
        cases=cases,
        asked=asked,
        reviews=reviews,
        requests=requests,
        flags=seen,
        work=checks,
    )


@pages.get("/jobs", dependencies=[signed_in()])
def jobs(visit: VisitDep) -> Response:
    """What runs, alone: the page asks for it again while it is open."""
    with visit.call.reading() as unit:
        checks = _checks(unit) if visit.call.may("checks:read") else None
    return visit.page("jobs.html", work=checks)


def _checks(unit: ReadUnit) -> Work:
    at_work = unit.page(Check, Page(limit=_MOST), {"state": _AT_WORK}).items
    by_id = (
        {job.id: job for job in unit.every(Job, id=tuple(each.job_id for each in at_work))}
        if at_work
        else {}
    )
    running = [
        Running(each, round(100 * by_id[each.job_id].progress), by_id[each.job_id].stage)
        for each in at_work
        if each.job_id in by_id
    ]
    ended = unit.page(Check, Page(limit=_MOST), {"state": _ENDED}).items
    return Work(tuple(running), ended)


def _flags(visit: VisitDep, unit: ReadUnit) -> tuple[Flag, ...]:
    where = {"state": FlagState.OPEN}
    return flags.list_flags(unit, Page(limit=_MOST), where, visit.user.role).items
