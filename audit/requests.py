"""What persons ask for: from an opt-out to deletion (`audit.clocks.RequestKind`).

    received -> answered (granted, partly granted, refused) -> closed
         \\-> withdrawn

Pure: a step returns the new request and, where it has any, the consequences that the service
carries out. An opt-out stops automated processing when it is received, not when somebody gets to
it; no request has a consequence that lowers a score, a rank or a status.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from audit.calendars import calendar
from audit.clocks import (
    Deadline,
    Direction,
    RequestKind,
    State,
    due,
    extend,
    find,
    for_request,
    running_in,
    state,
    stop,
)
from audit.errors import StepRefused

_URGENCY = (State.OVERDUE, State.REMINDER, State.PENDING, State.RUN_OUT, State.STOPPED)


class RequestState(StrEnum):
    """Where a request stands."""

    RECEIVED = "received"
    ANSWERED = "answered"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class Answer(StrEnum):
    """What was decided on a request."""

    GRANTED = "granted"
    PARTLY_GRANTED = "partly_granted"
    REFUSED = "refused"


class Consequence(StrEnum):
    """What the service does because of a request. None of them touches a score or a status."""

    STOP_AUTOMATED_PROCESSING = "stop_automated_processing"
    TELL_PROCESSORS = "tell_processors"
    CONFIRM_TO_PERSON = "confirm_to_person"
    OPEN_HUMAN_ALTERNATIVE = "open_human_alternative"
    OPEN_REVIEW = "open_review"
    PROVIDE_DATA = "provide_data"
    PROVIDE_EXPLANATION = "provide_explanation"
    CORRECT_DATA = "correct_data"
    RECONSIDER_ON_CORRECTED_DATA = "reconsider_on_corrected_data"
    ERASE = "erase"


ON_RECEIPT: Mapping[RequestKind, tuple[Consequence, ...]] = {
    RequestKind.OPT_OUT: (
        Consequence.STOP_AUTOMATED_PROCESSING,
        Consequence.TELL_PROCESSORS,
        Consequence.CONFIRM_TO_PERSON,
        Consequence.OPEN_HUMAN_ALTERNATIVE,
    ),
    RequestKind.APPEAL: (Consequence.OPEN_REVIEW,),
}
"""Consequences that wait for nobody."""

ON_GRANT: Mapping[RequestKind, tuple[Consequence, ...]] = {
    RequestKind.HUMAN_ALTERNATIVE: (Consequence.OPEN_HUMAN_ALTERNATIVE,),
    RequestKind.ACCESS: (Consequence.PROVIDE_DATA,),
    RequestKind.CORRECTION: (
        Consequence.CORRECT_DATA,
        Consequence.RECONSIDER_ON_CORRECTED_DATA,
    ),
    RequestKind.EXPLANATION: (Consequence.PROVIDE_EXPLANATION,),
    RequestKind.DELETION: (Consequence.ERASE,),
}
"""Consequences of an answer that grants all or a part of the request."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a request. `withheld`: what a refusal or a partial answer keeps back."""

    answer: Answer
    rationale: str
    at: datetime
    by: str
    withheld: str = ""


@dataclass(frozen=True, slots=True)
class PersonRequest:
    """One request of one person.

    Attributes:
        jurisdictions: where the person is; each brings its clocks.
        deadlines: one for each binding clock, in the order of the jurisdictions.
        notes: what the law leaves open: rights without a period, jurisdictions without a clock.
        details: what the person wrote with it, in their own words; empty: nothing.
        no_new_asking_until: deadlines before which the person may not be asked to opt in again.
    """

    id: str
    person: str
    kind: RequestKind
    jurisdictions: tuple[str, ...]
    received_at: datetime
    channel: str
    state: RequestState = RequestState.RECEIVED
    deadlines: tuple[Deadline, ...] = ()
    no_new_asking_until: tuple[Deadline, ...] = ()
    notes: tuple[str, ...] = ()
    reply: Reply | None = None
    closed_at: datetime | None = None
    details: str = ""

    @property
    def due(self) -> Deadline | None:
        """The deadline that ends first of those still running; None where no law sets one."""
        running = [d for d in self.deadlines if d.stopped_at is None]
        return min(running, key=lambda d: d.ends_at, default=None)


def receive(request: PersonRequest) -> tuple[PersonRequest, tuple[Consequence, ...]]:
    """The request with its clocks running, and what to do at once.

    Nothing is asked of the person before this: no account and no reason.

    Raises:
        StepRefused: no jurisdiction is given, or the time has no zone.
        ClockInvalid: a jurisdiction has no calendar.
    """
    if request.state is not RequestState.RECEIVED or request.deadlines:
        raise StepRefused("A request is received once.")
    if not request.jurisdictions:
        raise StepRefused("Give at least one jurisdiction of the person: clocks depend on it.")
    if request.received_at.utcoffset() is None:
        raise StepRefused("Give the time of receipt with its time zone.")
    deadlines: dict[str, Deadline] = {}
    notes: list[str] = []
    for place in request.jurisdictions:
        day = calendar(place).day_of(request.received_at)
        found = for_request(request.kind, place, day)
        notes += found.notes
        for clock in found.clocks:
            _keep_stricter(deadlines, due(clock, request.received_at, place))
    waits = _started(request, "opt_out_received", "wait")
    received = replace(
        request,
        deadlines=tuple(deadlines.values()),
        no_new_asking_until=waits if request.kind is RequestKind.OPT_OUT else (),
        notes=tuple(dict.fromkeys(notes)),
    )
    return received, ON_RECEIPT.get(request.kind, ())


def answer(
    request: PersonRequest, reply: Reply, *, holds: Iterable[str] = ()
) -> tuple[PersonRequest, tuple[Consequence, ...]]:
    """The answered request, its clocks stopped, and what the answer sets going.

    `holds`: legal holds and duties to keep that cover what should be erased, in words.

    Raises:
        StepRefused: an opt-out is refused, a reason or what is withheld is missing, or all of what
            should be erased is said to be erased in spite of a hold.
    """
    _need(request, RequestState.RECEIVED)
    _check_time(request, reply.at)
    _check_reply(request.kind, reply, tuple(holds))
    answered = replace(
        request,
        state=RequestState.ANSWERED,
        reply=reply,
        deadlines=tuple(stop(d, reply.at) for d in request.deadlines),
    )
    refused = reply.answer is Answer.REFUSED
    return answered, () if refused else ON_GRANT.get(request.kind, ())


def _check_reply(kind: RequestKind, reply: Reply, holds: tuple[str, ...]) -> None:
    if not reply.rationale.strip():
        raise StepRefused("An answer needs its rationale.")
    if kind is RequestKind.OPT_OUT and reply.answer is not Answer.GRANTED:
        raise StepRefused("An opt-out is in force since it was received; it cannot be refused.")
    if reply.answer is Answer.PARTLY_GRANTED and not reply.withheld.strip():
        raise StepRefused("Say what is withheld, and why.")
    if kind is RequestKind.DELETION and holds and reply.answer is Answer.GRANTED:
        raise StepRefused(
            f"Not all can be erased: {'; '.join(holds)}. Grant it in part, or refuse."
        )


def prolong(
    request: PersonRequest,
    clock_id: str,
    *,
    reason: str,
    decided_at: datetime,
    told_at: datetime | None = None,
) -> PersonRequest:
    """The request with one of its deadlines extended as that clock allows.

    Raises:
        ExtensionRefused: the clock has no extension, or not one like this.
        StepRefused: no such clock runs for the request.
    """
    _need(request, RequestState.RECEIVED)
    if clock_id not in {d.clock for d in request.deadlines}:
        raise StepRefused(f"The clock {clock_id} does not run for this request.")
    clock = find(clock_id)
    changed = tuple(
        extend(clock, d, reason=reason, decided_at=decided_at, told_at=told_at)
        if d.clock == clock_id
        else d
        for d in request.deadlines
    )
    return replace(request, deadlines=changed)


def close(request: PersonRequest, at: datetime) -> PersonRequest:
    """The request after all consequences of its answer were carried out."""
    _need(request, RequestState.ANSWERED)
    _check_time(request, at)
    return replace(request, state=RequestState.CLOSED, closed_at=at)


def withdraw(request: PersonRequest, at: datetime) -> PersonRequest:
    """The request taken back by the person, who alone can do that."""
    if request.kind is RequestKind.OPT_OUT:
        _need(request, RequestState.RECEIVED, RequestState.ANSWERED, RequestState.CLOSED)
    else:
        _need(request, RequestState.RECEIVED)
    _check_time(request, at)
    return replace(
        request,
        state=RequestState.WITHDRAWN,
        closed_at=at,
        deadlines=tuple(stop(d, at) for d in request.deadlines),
    )


def may_process(requests: Iterable[PersonRequest], person: str) -> bool:
    """Whether a person's interviews may be processed automatically.

    Not from the receipt of an opt-out on, whatever became of it, until the person takes it back.
    """
    return not any(
        r.person == person
        and r.kind is RequestKind.OPT_OUT
        and r.state is not RequestState.WITHDRAWN
        for r in requests
    )


def may_ask_again(request: PersonRequest, now: datetime) -> bool:
    """Whether a person who opted out may be asked to opt in again."""
    return all(state(d, now) is State.RUN_OUT for d in request.no_new_asking_until)


def standing(request: PersonRequest, now: datetime) -> State | None:
    """Where the request's clocks stand, the most urgent first; None where none runs."""
    found = {state(d, now) for d in request.deadlines}
    return next((s for s in _URGENCY if s in found), None)


def _started(request: PersonRequest, event: str, direction: Direction) -> tuple[Deadline, ...]:
    found: dict[str, Deadline] = {}
    for place in request.jurisdictions:
        day = calendar(place).day_of(request.received_at)
        for clock in running_in(place, day):
            if clock.starts == event and clock.direction == direction:
                _keep_stricter(found, due(clock, request.received_at, place))
    return tuple(found.values())


def _keep_stricter(found: dict[str, Deadline], new: Deadline) -> None:
    """Of one clock in several places (two member states), the deadline that asks for more."""
    old = found.get(new.clock)
    earlier = old is None or new.ends_at < old.ends_at
    if earlier == (new.direction == "act_by") or old is None:
        found[new.clock] = new


def _need(request: PersonRequest, *allowed: RequestState) -> None:
    if request.state not in allowed:
        raise StepRefused(
            f"The request is {request.state.value}; this step needs it {' or '.join(allowed)}."
        )


def _check_time(request: PersonRequest, at: datetime) -> None:
    if at.utcoffset() is None:
        raise StepRefused("A step needs a time with a time zone.")
    last = request.reply.at if request.reply else request.received_at
    if at < last:
        raise StepRefused(f"A step at {at.isoformat()} would come before the last one.")
