"""What candidates ask for: received, carried out, answered, closed, withdrawn.

What a step allows and brings with it is in `audit.requests`; here it is carried out, in the
transaction of the step. An opt-out stops everything when it is received. Nothing here touches a
score, a rank or a status.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from audit import requests
from audit.canonical import Json
from audit.clocks import RequestKind
from audit.errors import StepRefused
from audit.ids import new_id
from audit.ledger import EventKind
from audit.operations import places, reviews
from audit.operations.announcements import announce
from audit.operations.changes import change
from audit.operations.deletions import NOTHING_KEPT, Settlement, check_settled, finish_erasure
from audit.operations.human_paths import (
    check_about,
    open_alternative,
    open_appeal,
    open_reconsideration,
)
from audit.operations.stopping import stop_candidate
from audit.records.oversight import Request, Review
from audit.records.register import Candidate, Interview, Stopped, System
from audit.requests import Answer, Consequence, PersonRequest, Reply, RequestState
from audit.reviews import CaseState
from audit.store import ReadUnit, UnitOfWork
from audit.webhooks import CandidateOptedOut, RequestOpened

SKEW = timedelta(minutes=5)
"""How far the clock of a sender may be ahead of ours."""

BY_PEOPLE = (
    Consequence.CONFIRM_TO_PERSON,
    Consequence.PROVIDE_DATA,
    Consequence.PROVIDE_EXPLANATION,
    Consequence.CORRECT_DATA,
)
"""Consequences that people carry out, and say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asks for.

    Attributes:
        channel: how it came, one word.
        jurisdictions: where the person is, if other than what is stored of them.
        received_at: when it came in; None: now.
        about: what an appeal is against: ids of checks, flags, reviews, outcomes.
        hiring_teams: teams that are hiring the candidate and may not review an appeal.
        details: what the person wrote with it; never in the ledger, and gone with an erasure.
    """

    candidate_id: str
    kind: RequestKind
    channel: str
    jurisdictions: tuple[str, ...] = ()
    received_at: datetime | None = None
    about: tuple[str, ...] = ()
    hiring_teams: frozenset[str] = frozenset()
    details: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What is answered. `by`: who decided, if other than the key. `settlement`: for deletions."""

    answer: Answer
    rationale: str
    withheld: str = ""
    by: str = ""
    settlement: Settlement = NOTHING_KEPT


def receive(unit: UnitOfWork, asked: Asked) -> Request:
    """Takes in a request, starts its clocks, and carries out what waits for nobody.

    An opt-out that is in force already is given back as it is. A place without a calendar hinders
    no request: a note says that none of its clocks runs.

    Raises:
        StepRefused: the candidate's data were erased, the time lies in the future, or what an
            appeal is about is somebody else's.
        NotFound: there is no such candidate.
        ReferenceUnknown: there is nothing of what an appeal is said to be about.
    """
    candidate = unit.get(Candidate, asked.candidate_id)
    if candidate.erased_at is not None:
        raise StepRefused("The candidate's data were erased; nothing is left to ask for.")
    if asked.kind is RequestKind.OPT_OUT:
        standing = opt_out_of(unit, candidate.id)
        if standing is not None:
            return standing
    check_about(unit, candidate.id, asked.about)
    now = unit.now()
    if asked.received_at is not None and asked.received_at > now + SKEW:
        raise StepRefused("received_at lies in the future: a request is recorded once it is there.")
    person, consequences = _started(unit, candidate, asked, min(asked.received_at or now, now))
    request = unit.add(
        Request(
            id=person.id,
            candidate_id=candidate.id,
            kind=person.kind,
            state=person.state,
            due_at=_due_at(person),
            request=person,
        )
    )
    unit.record(
        EventKind.REQUEST_OPENED,
        request.id,
        {
            "candidate": candidate.id,
            "kind": request.kind.value,
            "channel": asked.channel,
            "received_at": person.received_at.isoformat(),
            "jurisdictions": list(person.jurisdictions),
            "clocks": [deadline.clock for deadline in person.deadlines],
        },
    )
    announce(
        unit,
        RequestOpened(
            request_id=request.id,
            candidate_id=candidate.id,
            kind=request.kind,
            due_at=request.due_at,
        ),
    )
    return _carry_out(unit, request, consequences, asked)


def answer(unit: UnitOfWork, request_id: str, decided: Decided) -> Request:
    """Answers a request, and carries out what the answer sets going.

    Raises `StepRefused`: see `audit.requests.answer`, and for deletions `check_settled`.
    """
    now = unit.now()
    reply = Reply(
        answer=decided.answer,
        rationale=decided.rationale,
        at=now,
        by=decided.by or unit.actor,
        withheld=decided.withheld,
    )
    request = unit.get(Request, request_id)
    holds: tuple[str, ...] = ()
    if request.kind is RequestKind.DELETION and decided.answer is not Answer.REFUSED:
        holds = check_settled(unit, request, decided.answer, decided.settlement)
    person, consequences = requests.answer(request.request, reply, holds=holds)
    request = unit.put(_with(request, person))
    unit.record(
        EventKind.REQUEST_ANSWERED,
        request.id,
        {
            "candidate": request.candidate_id,
            "kind": request.kind.value,
            "answer": decided.answer.value,
            "late": any(deadline.is_late for deadline in person.deadlines),
            **decided.settlement.facts(),
        },
    )
    asked = Asked(candidate_id=request.candidate_id, kind=request.kind, channel="")
    return _carry_out(unit, request, consequences, asked, decided.settlement)


def extend(
    unit: UnitOfWork, request_id: str, clock: str, *, reason: str, told_at: datetime | None
) -> Request:
    """Extends one of a request's deadlines; it was decided when the person was told at the latest.

    Raises `ExtensionRefused`, `StepRefused`.
    """
    now = unit.now()
    if told_at is not None and told_at > now + SKEW:
        raise StepRefused("told_at lies in the future: record it once the person was told.")
    decided_at = min(now, told_at or now)

    def extended(request: Request) -> Request:
        person = requests.prolong(
            request.request, clock, reason=reason, decided_at=decided_at, told_at=told_at
        )
        return _with(request, person)

    changed = change(unit, Request, request_id, extended)
    body: dict[str, Json] = {"clock": clock, "due_at": _text(changed.due_at)}
    unit.record(EventKind.REQUEST_EXTENDED, request_id, body)
    return changed


def carried_out(unit: UnitOfWork, request_id: str, consequence: Consequence) -> Request:
    """Notes that people have done what a request or its answer asks for.

    Raises `StepRefused` where that is not asked for now, or the service does it by itself.
    """
    if consequence not in BY_PEOPLE:
        raise StepRefused(f"The service does that by itself: {consequence.value}.")

    def noted(request: Request) -> Request:
        if consequence.value in request.done:
            return request
        if consequence not in pending(request):
            raise StepRefused(f"Nobody is waiting for that now: {consequence.value}.")
        return done(request, consequence)

    before = unit.get(Request, request_id)
    changed = change(unit, Request, request_id, noted)
    if changed.version != before.version:
        body = {"consequence": consequence.value}
        unit.record(EventKind.REQUEST_CARRIED_OUT, request_id, body)
    return changed


def close(unit: UnitOfWork, request_id: str) -> Request:
    """Closes an answered request whose consequences were all carried out."""
    now = unit.now()

    def closed(request: Request) -> Request:
        left = pending(request)
        if request.state is RequestState.ANSWERED and left:
            words = ", ".join(each.value for each in left)
            raise StepRefused(f"First carry out what the request or its answer asks for: {words}.")
        return _with(request, requests.close(request.request, now))

    changed = change(unit, Request, request_id, closed)
    body: dict[str, Json] = {"candidate": changed.candidate_id, "state": changed.state.value}
    unit.record(EventKind.REQUEST_CLOSED, request_id, body)
    return changed


def withdraw(unit: UnitOfWork, request_id: str) -> Request:
    """Takes a request back, as the person who made it alone may ask for.

    An opt-out that is taken back lets automated processing begin again, unless something else
    stands against it; what was cancelled stays cancelled.
    """
    now = unit.now()

    def withdrawn(request: Request) -> Request:
        return _with(request, requests.withdraw(request.request, now))

    changed = change(unit, Request, request_id, withdrawn)
    for review in unit.every(Review, request_id=request_id, kind=reviews.HUMAN_ALTERNATIVE):
        if review.state is not CaseState.CLOSED:
            reviews.end_alternative(unit, review.id, "withdrawn by the person")
    if changed.kind is RequestKind.OPT_OUT:
        _resume(unit, changed)
    body: dict[str, Json] = {"candidate": changed.candidate_id, "state": changed.state.value}
    unit.record(EventKind.REQUEST_CLOSED, request_id, body)
    return changed


def opt_out_of(unit: ReadUnit, candidate_id: str) -> Request | None:
    """The opt-out that is in force for a candidate."""
    found = unit.every(Request, candidate_id=candidate_id, kind=RequestKind.OPT_OUT)
    return next((each for each in found if each.state is not RequestState.WITHDRAWN), None)


def pending(request: Request) -> tuple[Consequence, ...]:
    """What a request or its answer asks for and nobody has done yet."""
    asked = list(requests.ON_RECEIPT.get(request.kind, ()))
    reply = request.request.reply
    if reply is not None and reply.answer is not Answer.REFUSED:
        asked += requests.ON_GRANT.get(request.kind, ())
    if request.state in (RequestState.CLOSED, RequestState.WITHDRAWN):
        return ()
    return tuple(each for each in asked if each.value not in request.done)


def done(request: Request, *consequences: Consequence) -> Request:
    """The request with these noted as carried out."""
    named = (*request.done, *(each.value for each in consequences))
    return replace(request, done=tuple(dict.fromkeys(named)))


def open_requests(unit: ReadUnit, **equals: object) -> tuple[Request, ...]:
    """All that wait for an answer: first those due first, those without a due date last."""
    found = unit.every(Request, state=RequestState.RECEIVED, **equals)
    return tuple(sorted(found, key=lambda r: (r.due_at is None, r.due_at or r.created_at, r.id)))


def _started(
    unit: ReadUnit, candidate: Candidate, asked: Asked, received_at: datetime
) -> tuple[PersonRequest, tuple[Consequence, ...]]:
    """The request with its clocks; without any where no place of the person has a calendar."""
    named = asked.jurisdictions or candidate.jurisdictions or _places_of_work(unit, candidate.id)
    request = PersonRequest(
        id=new_id("req"),
        person=candidate.id,
        kind=asked.kind,
        jurisdictions=places.known(named),
        received_at=received_at,
        channel=asked.channel,
        details=asked.details,
    )
    notes = [
        f"No calendar is known for {place}: no clock of it runs." for place in places.unknown(named)
    ]
    if not named:
        notes.append("No place of the person is known, so no clock runs.")
    if not request.jurisdictions:
        consequences = requests.ON_RECEIPT.get(asked.kind, ())
        return replace(request, notes=tuple(notes)), consequences
    started, consequences = requests.receive(request)
    return replace(started, notes=(*started.notes, *notes)), consequences


def _places_of_work(unit: ReadUnit, candidate_id: str) -> tuple[str, ...]:
    """Places of the systems that interviewed a candidate of whom no place is stored."""
    systems = {each.system_id for each in unit.every(Interview, candidate_id=candidate_id)}
    found = (place for id in sorted(systems) for place in unit.get(System, id).jurisdictions)
    return tuple(dict.fromkeys(found))


def _carry_out(
    unit: UnitOfWork,
    request: Request,
    consequences: Iterable[Consequence],
    asked: Asked,
    settlement: Settlement = NOTHING_KEPT,
) -> Request:
    finished: list[Consequence] = []
    notes: tuple[str, ...] = ()
    for consequence in consequences:
        if consequence is Consequence.ERASE:
            notes = finish_erasure(unit, request, settlement)
        elif consequence in _DEEDS:
            _DEEDS[consequence](unit, request, asked)
            finished.append(consequence)
    changed = done(request, *finished)
    # An erasure may have changed the stored request by now; only what is done is added to it.
    return change(
        unit,
        Request,
        request.id,
        lambda r: replace(r, done=tuple(dict.fromkeys((*changed.done, *notes)))),
    )


def _stop(unit: UnitOfWork, request: Request, _: Asked) -> None:
    cancelled = stop_candidate(unit, request.candidate_id, Stopped.OPTED_OUT)
    unit.record(
        EventKind.OPTED_OUT,
        request.candidate_id,
        {"request": request.id, "count": len(cancelled), "cancelled": list(cancelled[:100])},
    )


def _tell(unit: UnitOfWork, request: Request, _: Asked) -> None:
    announce(unit, CandidateOptedOut(candidate_id=request.candidate_id, request_id=request.id))


def _alternative(unit: UnitOfWork, request: Request, _: Asked) -> None:
    open_alternative(unit, request)


def _appeal(unit: UnitOfWork, request: Request, asked: Asked) -> None:
    open_appeal(unit, request, about=asked.about, hiring_teams=asked.hiring_teams)


def _reconsider(unit: UnitOfWork, request: Request, _: Asked) -> None:
    open_reconsideration(unit, request)


_DEEDS: Mapping[Consequence, Callable[[UnitOfWork, Request, Asked], None]] = {
    Consequence.STOP_AUTOMATED_PROCESSING: _stop,
    Consequence.TELL_PROCESSORS: _tell,
    Consequence.OPEN_HUMAN_ALTERNATIVE: _alternative,
    Consequence.OPEN_REVIEW: _appeal,
    Consequence.RECONSIDER_ON_CORRECTED_DATA: _reconsider,
}


def _resume(unit: UnitOfWork, request: Request) -> None:
    if opt_out_of(unit, request.candidate_id) is not None:
        return

    def resumed(candidate: Candidate) -> Candidate:
        if candidate.stopped is not Stopped.OPTED_OUT:
            return candidate
        return replace(candidate, stopped=Stopped.NOT_STOPPED, stopped_at=None)

    change(unit, Candidate, request.candidate_id, resumed)
    unit.record(EventKind.OPT_OUT_ENDED, request.candidate_id, {"request": request.id})


def _with(request: Request, person: PersonRequest) -> Request:
    return replace(request, request=person, state=person.state, due_at=_due_at(person))


def _due_at(person: PersonRequest) -> datetime | None:
    return person.due.ends_at if person.due else None


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
