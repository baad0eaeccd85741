"""Today: what needs a person now, what runs, what changed; and files that start something."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from api.parts import FieldsAndFile
from api.routes.checks import refusals_recorded
from api.routes.whole_checks import WholeCheck, stored
from api.scopes import requires
from api.streaming import declared_length
from api.workplace.framing import HOME, FileRoute, Visit, VisitDep, router, signed_in
from api.workplace.reviews import OPEN_CASES, Row, row
from api.workplace.sending import taking_file
from audit.operations import checks, flags
from audit.records.evidence import Check, FairnessAudit, RunState
from audit.records.oversight import Flag, FlagState, Request, Review
from audit.records.register import Interview, System
from audit.records.work import Job
from audit.requests import RequestState
from audit.store import Page, ReadUnit
from audit.store.waiting import due_first, tally

pages = router()
sending = router(FileRoute)
_MOST = 8
_MOST_CHOICES = 50
_WAITING = tuple(each.value for each in RequestState if each is not RequestState.CLOSED)
_AT_WORK = (RunState.QUEUED, RunState.RUNNING)
_ENDED = (RunState.FINISHED, RunState.FAILED)


@dataclass(frozen=True, slots=True)
class Counted:
    """How much waits, and how much of it is overdue."""

    every: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """A check or an audit: what it is called, where its page is, and how it stands."""

    name: str
    path: str
    state: RunState
    at: datetime


@dataclass(frozen=True, slots=True)
class Running(Done):
    """One at work; `percent`: 0 to 100."""

    percent: int
    stage: str


@dataclass(frozen=True, slots=True)
class Work:
    """What is at work, and what ended last; the newest first."""

    running: tuple[Running, ...]
    ended: tuple[Done, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """What a recording may be of: an interview, or a new one with a system."""

    interviews: tuple[Interview, ...]
    systems: tuple[System, ...]


@pages.get("/recording", dependencies=[requires("checks:write")])
def recording(visit: VisitDep) -> Response:
    """The form for a recording, for roles whose Today is full of other things."""
    with visit.call.reading() as unit:
        choices = _choices(unit)
    return visit.page("recording.html", choices=choices)


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
        work = _work(visit, unit)
        is_near = call.may("checks:write") and not call.may("reviews:read")
        choices = _choices(unit) if is_near else None
        seen = _flags(visit, unit) if call.may("flags:read") else ()
    return visit.page(
        "today.html",
        cases=cases,
        asked=asked,
        reviews=reviews,
        requests=requests,
        flags=seen,
        work=work,
        choices=choices,
    )


@pages.get("/jobs", dependencies=[signed_in()])
def jobs(visit: VisitDep) -> Response:
    """What runs, alone: the page asks for it again while it is open."""
    with visit.call.reading() as unit:
        work = _work(visit, unit)
    return visit.page("jobs.html", work=work)


def _work(visit: Visit, unit: ReadUnit) -> Work | None:
    """Checks and audits that the role reads; None where it reads neither."""
    kinds = [
        kind
        for scope, kind in (("checks:read", Check), ("fairness_audits:read", FairnessAudit))
        if visit.call.may(scope)
    ]
    if not kinds:
        return None
    at_work = [each for kind in kinds for each in _some(unit, kind, _AT_WORK)]
    jobs = unit.every(Job, id=tuple(each.job_id for each in at_work)) if at_work else ()
    by_id = {job.id: job for job in jobs}
    running = [
        Running(*_told(each), round(100 * by_id[each.job_id].progress), by_id[each.job_id].stage)
        for each in at_work
        if each.job_id in by_id
    ]
    ended = [Done(*_told(each)) for kind in kinds for each in _some(unit, kind, _ENDED)]
    ended.sort(key=lambda each: each.at, reverse=True)
    return Work(tuple(running), tuple(ended[:_MOST]))


def _some(
    unit: ReadUnit, kind: type[Check] | type[FairnessAudit], states: tuple[RunState, ...]
) -> tuple[Check | FairnessAudit, ...]:
    return tuple(unit.page(kind, Page(limit=_MOST), {"state": states}).items)


def _told(run: Check | FairnessAudit) -> tuple[str, str, RunState, datetime]:
    if isinstance(run, FairnessAudit):
        return f"Audit {run.name}", f"{HOME}/fairness/{run.id}", run.state, run.updated_at
    name = f"Check of {run.interview_id[-6:]}"
    return name, f"{HOME}/interviews/{run.interview_id}", run.state, run.updated_at


def _choices(unit: ReadUnit) -> Choices:
    return Choices(
        unit.page(Interview, Page(limit=_MOST_CHOICES)).items,
        unit.page(System, Page(limit=_MOST_CHOICES)).items,
    )


@sending.post("/checks", dependencies=[requires("checks:write")])
async def send_recording(visit: VisitDep) -> Response:
    """Takes a recording and has it checked, as one call of the API does.

    Consents and laws are looked at before the file is taken.
    """
    call = visit.call
    length = declared_length(call.request)

    def work(form: FieldsAndFile, fields: dict[str, str]) -> Response:
        order = _order(fields)
        with refusals_recorded(call, order.interview_id or str(order.system_id)):
            media_id, interview_id = stored(call, order, form, length)
        with refusals_recorded(call, interview_id), call.unit(answers=False) as unit:
            checks.request_check(unit, order.check(interview_id, media_id))
        return visit.go(HOME, "check_started")

    return await taking_file(visit, work)


def _order(fields: dict[str, str]) -> WholeCheck:
    """The order of a form. Raises as the API does where it contradicts itself."""
    names = ("interview_id", "system_id", "candidate_ref", "job", "stage")
    given: dict[str, object] = {n: fields[n].strip() for n in names if fields.get(n, "").strip()}
    if "interview_id" in given:
        given = {"interview_id": given["interview_id"]}
    elif places := fields.get("places", "").replace(",", " ").split():
        given["jurisdictions"] = places
    try:
        return WholeCheck.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False)
        raise RequestValidationError([{**e, "loc": ("body", *e["loc"])} for e in found]) from None


def _flags(visit: VisitDep, unit: ReadUnit) -> tuple[Flag, ...]:
    where = {"state": FlagState.OPEN}
    return flags.list_flags(unit, Page(limit=_MOST), where, visit.user.role).items
