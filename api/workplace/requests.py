"""Requests: what people ask for, the clocks of their laws, and the answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Query, Response
from pydantic import TypeAdapter

from api.routes.paths import RequestId
from api.scopes import requires
from api.workplace import words
from api.workplace.framing import HEADERS, HOME, Visit, VisitDep, router
from audit.clocks import RequestKind
from audit.errors import ExtensionRefused, InputError, NotFound, StepRefused
from audit.operations import deletions, disclosures, requests
from audit.operations.deletions import Against, Settlement
from audit.operations.disclosures import Export
from audit.operations.erasure import Artefact
from audit.operations.requests import BY_PEOPLE, Asked, Decided
from audit.records.casework import RequestView, show_request
from audit.records.oversight import Request, Review
from audit.records.register import Candidate
from audit.requests import Answer, Consequence, RequestState
from audit.store import Page, ReadUnit, UnitOfWork
from audit.store.waiting import due_first, tally

pages = router()
PATH = f"{HOME}/requests"
_WAITING = (RequestState.RECEIVED.value, RequestState.ANSWERED.value)
_ENDED = (RequestState.CLOSED.value, RequestState.WITHDRAWN.value)
_SHOWN = 25
_MOST_ENDED = 50
_LONGEST = 4000
_ANSWERS = {
    Answer.GRANTED: "Granted",
    Answer.PARTLY_GRANTED: "Granted in part",
    Answer.REFUSED: "Refused",
}
_KEPT = {
    Artefact.REFERENCES: "Biometric references",
    Artefact.MEDIA: "Recordings",
    Artefact.DEMOGRAPHICS: "Answers about the person's groups",
    Artefact.REPORTS: "Reports",
}


@pages.get("/requests", dependencies=[requires("requests:read")])
def inbox(
    visit: VisitDep,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
    ended: Annotated[bool, Query()] = False,
) -> Response:
    """Requests that are not closed, those due first before others; or those that have ended."""
    return _inbox(visit, page, ended=ended)


@pages.post("/requests", dependencies=[requires("requests:write")])
def take_in(visit: VisitDep) -> Response:
    """Takes in a request that came by another way than the candidate's own page."""
    kind, channel = visit.form.get("kind", ""), visit.form.get("channel", "").strip()
    faults = {} if channel else {"channel": "Say how it came: by letter, telephone, web form."}
    if kind not in {each.value for each in RequestKind}:
        faults["kind"] = "Choose what the person asks for."
    if faults:
        return _inbox(visit, 1, faults=faults)
    try:
        with visit.call.unit(answers=False) as unit:
            person = _candidate(unit, visit.form.get("candidate", "").strip())
            asked = Asked(candidate_id=person.id, kind=RequestKind(kind), channel=channel[:32])
            made = requests.receive(unit, asked)
    except (NotFound, InputError) as error:
        return _inbox(visit, 1, faults={"candidate": str(error)})
    return visit.go(f"{PATH}/{made.id}", "request_taken")


@pages.get("/requests/{request_id}", dependencies=[requires("requests:read")])
def request(visit: VisitDep, request_id: RequestId) -> Response:
    """One request: its clocks, what was done and what is left, and the answer."""
    return _request(visit, request_id)


@pages.post("/requests/{request_id}/answer", dependencies=[requires("requests:answer")])
def answer(visit: VisitDep, request_id: RequestId) -> Response:
    """Stores the answer, and carries out what it sets going."""
    form = visit.form
    if form.get("answer") not in {each.value for each in Answer}:
        return _request(visit, request_id, faults={"answer": "Choose an answer."})
    if not form.get("rationale", "").strip():
        fault = "Say why, in words for the person: they receive them."
        return _request(visit, request_id, faults={"rationale": fault})
    keep = {each.value for each in Artefact} & set(form.get("keep", "").split("\n"))

    def answered(unit: UnitOfWork) -> None:
        found = unit.get(Request, request_id)
        known = _duties(unit, found)
        despite = tuple(
            (each.clock, text)
            for each in known
            if (text := form.get(f"despite {each.clock}", "").strip()[:_LONGEST])
        )
        decided = Decided(
            answer=Answer(form["answer"]),
            rationale=form["rationale"].strip()[:_LONGEST],
            withheld=form.get("withheld", "").strip()[:_LONGEST],
            by=visit.user.person,
            settlement=Settlement(keep=frozenset(map(Artefact, keep)), despite=despite),
        )
        requests.answer(unit, request_id, decided)

    return _step(visit, request_id, answered, "request_answered", "answer")


@pages.post("/requests/{request_id}/extend", dependencies=[requires("requests:answer")])
def extend(visit: VisitDep, request_id: RequestId) -> Response:
    """Extends a deadline as its law allows, the person being told now."""
    reason = visit.form.get("reason", "").strip()[:_LONGEST]
    if not reason:
        fault = "Say why more time is needed: the person is told."
        return _request(visit, request_id, faults={"reason": fault})

    def extended(unit: UnitOfWork) -> None:
        told = unit.now() if visit.form.get("told") else None
        clock = visit.form.get("clock", "")
        requests.extend(unit, request_id, clock, reason=reason, told_at=told)

    return _step(visit, request_id, extended, "request_extended", "reason")


@pages.post("/requests/{request_id}/done", dependencies=[requires("requests:answer")])
def done(visit: VisitDep, request_id: RequestId) -> Response:
    """Notes what people have done."""
    what = visit.form.get("what", "")
    if what not in {each.value for each in BY_PEOPLE}:
        return _request(visit, request_id, faults={"done": "Choose what was done."})

    def noted(unit: UnitOfWork) -> None:
        requests.carried_out(unit, request_id, Consequence(what))

    return _step(visit, request_id, noted, "request_done", "done")


@pages.post("/requests/{request_id}/close", dependencies=[requires("requests:answer")])
def close(visit: VisitDep, request_id: RequestId) -> Response:
    """Closes an answered request of which nothing is left to do."""

    def closed(unit: UnitOfWork) -> None:
        requests.close(unit, request_id)

    return _step(visit, request_id, closed, "request_closed", "done")


@pages.post("/requests/{request_id}/withdraw", dependencies=[requires("requests:write")])
def withdraw(visit: VisitDep, request_id: RequestId) -> Response:
    """Takes a request back, because the person asked for that."""

    def withdrawn(unit: UnitOfWork) -> None:
        requests.withdraw(unit, request_id)

    return _step(visit, request_id, withdrawn, "request_withdrawn", "withdraw")


@pages.post("/requests/{request_id}/export", dependencies=[requires("requests:answer")])
def export(visit: VisitDep, request_id: RequestId) -> Response:
    """All that is stored of the person, as a file: once for a request. The ledger keeps it."""
    with visit.call.unit(answers=False) as unit:
        made = disclosures.export(unit, request_id)
    name = f'attachment; filename="{request_id}.json"'
    headers = {**HEADERS, "Cache-Control": "no-store", "Content-Disposition": name}
    content = TypeAdapter(Export).dump_json(made, indent=1)
    return Response(content, headers=headers, media_type="application/json")


def _step(
    visit: Visit, request_id: str, act: Callable[[UnitOfWork], None], said: str, field: str
) -> Response:
    """Does it; where law or state refuse it, the page says so beside what was filled in."""
    try:
        with visit.call.unit(answers=False) as unit:
            act(unit)
    except (StepRefused, ExtensionRefused) as error:
        return _request(visit, request_id, faults={field: str(error)})
    return visit.go(f"{PATH}/{request_id}", said)


def _inbox(
    visit: Visit, page: int, *, ended: bool = False, faults: dict[str, str] | None = None
) -> Response:
    now = visit.call.service.now()
    with visit.call.reading() as unit:
        if ended:
            found = unit.page(Request, Page(limit=_MOST_ENDED), {"state": _ENDED})
        else:
            found = due_first(unit, Request, _WAITING, limit=_SHOWN, skip=(page - 1) * _SHOWN)
        every, late = tally(unit, Request, (RequestState.RECEIVED.value,), now)
    rows = [(each, _standing(each, visit)) for each in found.items]
    return visit.page(
        "requests/inbox.html",
        status=422 if faults else 200,
        rows=rows,
        page=page,
        more=found.more and not ended,
        ended=ended,
        every=every,
        late=late,
        kinds=[each.value for each in RequestKind],
        faults=faults or {},
        given=visit.form,
    )


def _standing(each: Request, visit: Visit) -> words.Standing:
    """An answer ends the clock: what is answered is not overdue any more."""
    due = each.due_at if each.state is RequestState.RECEIVED else None
    return words.standing(due, visit.call.service.now())


def _request(visit: Visit, request_id: str, *, faults: dict[str, str] | None = None) -> Response:
    now = visit.call.service.now()
    with visit.call.reading() as unit:
        found = unit.get(Request, request_id)
        shown = show_request(found, now, requests.pending(found))
        candidate = unit.get(Candidate, found.candidate_id) if _sees_people(visit) else None
        open_cases = (
            unit.page(Review, Page(limit=5), {"request_id": request_id}).items
            if visit.call.may("reviews:read")
            else ()
        )
        answers = visit.call.may("requests:answer") and shown.state is RequestState.RECEIVED
        duties = _duties(unit, found) if answers else ()
    return visit.page(
        "requests/request.html",
        status=422 if faults else 200,
        request=shown,
        candidate=candidate,
        cases=open_cases,
        duties=duties,
        kept=[(each.value, text) for each, text in _KEPT.items()],
        answers=_offered(shown) if answers else [],
        by_people=[each for each in shown.pending if each in BY_PEOPLE],
        by_service=[each for each in shown.pending if each not in BY_PEOPLE],
        standing=_standing(found, visit),
        extends=answers and any(each.extended is None for each in shown.deadlines),
        exports=_exports(visit, shown),
        faults=faults or {},
        given=visit.form,
        longest=_LONGEST,
    )


def _offered(shown: RequestView) -> list[tuple[str, str]]:
    """An opt-out is in force since it came: it is answered, and never refused."""
    only = {Answer.GRANTED} if shown.kind is RequestKind.OPT_OUT else set(_ANSWERS)
    return [(each.value, text) for each, text in _ANSWERS.items() if each in only]


def _exports(visit: Visit, shown: RequestView) -> bool:
    return visit.call.may("requests:answer") and Consequence.PROVIDE_DATA in shown.pending


def _duties(unit: ReadUnit, found: Request) -> tuple[Against, ...]:
    """Laws that want something kept, where deletion is asked for."""
    if found.kind is not RequestKind.DELETION:
        return ()
    return deletions.against(unit, found.candidate_id)


def _sees_people(visit: Visit) -> bool:
    return visit.call.may("candidates:read")


def _candidate(unit: ReadUnit, given: str) -> Candidate:
    """By id, or by the organisation's own reference.

    Raises `InputError`: there is none like that.
    """
    named = {"id": given} if given.startswith("cand_") else {"external_ref": given}
    found = unit.find(Candidate, **named) if given else None
    if found is None:
        raise InputError("No candidate has this id or reference. Register the candidate first.")
    return found
