"""What a candidate's own page shows: plain facts, no score, no finding, nobody else's data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from api.own_page import say
from audit.clocks import Deadline, RequestKind, find
from audit.errors import ClockInvalid
from audit.operations.own_page import may_withdraw
from audit.operations.requests import pending
from audit.records.evidence import Media, MediaKind, MediaState, Reference, Report
from audit.records.issued import Publication
from audit.records.oversight import LegalHold, Request
from audit.records.register import (
    Candidate,
    Consent,
    Demographics,
    Interview,
    Notice,
    System,
)
from audit.requests import Consequence, RequestState
from audit.store import ReadUnit
from reports.compose.letter_facts import Tool
from reports.compose.rights import Right, rights

OFFERED = (
    RequestKind.APPEAL,
    RequestKind.ACCESS,
    RequestKind.EXPLANATION,
    RequestKind.CORRECTION,
    RequestKind.DELETION,
)
"""What can be asked for beside an opt-out and a human, in the order of the page."""


@dataclass(frozen=True, slots=True)
class Home:
    """The first page."""

    used: tuple[System, ...]
    interviews: tuple[tuple[Interview, System], ...]
    told: tuple[Notice, ...]
    rights: tuple[Right, ...]
    asked: tuple[Request, ...]
    opt_out: Request | None
    human: Request | None


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that is kept; `until`: None where no end is set."""

    what: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Given:
    """A consent, and where it stands: in force, ended by itself, taken back."""

    consent: Consent
    ended: bool


@dataclass(frozen=True, slots=True)
class Data:
    """The page of the person's own data."""

    kept: tuple[Kept, ...]
    held: bool
    consents: tuple[Given, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline of a request."""

    on: date
    late: bool
    citation: str
    extended: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as the person who made it sees it: without who answered."""

    request: Request
    due: Due | None
    done: tuple[Consequence, ...]
    left: tuple[Consequence, ...]
    data_ready: bool
    data_given: bool
    can_withdraw: bool


def home(
    unit: ReadUnit, candidate: Candidate, *, now: datetime, language: str, base_url: str
) -> Home:
    """What is used, what the law says, and what was asked for."""
    of: dict[str, object] = {"candidate_id": candidate.id}
    interviews = unit.every(Interview, **of)
    asked = unit.every(Request, **of)
    ids = tuple(dict.fromkeys(each.system_id for each in interviews))
    systems = unit.every(System, id=ids) if ids else ()
    named = {each.id: each for each in systems}
    return Home(
        used=systems,
        interviews=tuple((each, named[each.system_id]) for each in interviews),
        told=unit.every(Notice, **of),
        rights=_rights(unit, candidate, systems, now.date(), language, base_url),
        asked=tuple(reversed(asked)),
        opt_out=next((each for each in asked if _stops(each)), None),
        human=_waiting(asked, RequestKind.HUMAN_ALTERNATIVE),
    )


def data(unit: ReadUnit, candidate: Candidate, *, now: datetime) -> Data:
    """What is kept of the person, and what they agreed to."""
    of: dict[str, object] = {"candidate_id": candidate.id}
    media = unit.every(Media, **of, state=MediaState.STORED)
    references = unit.every(Reference, **of)
    reports = unit.every(Report, **of, erased_at=None)
    reported = unit.find(Demographics, **of)
    holds = unit.every(LegalHold, released_at=None)
    kept = [Kept(_media(each), each.created_at, each.keep_until) for each in media]
    kept += [Kept("reference", each.created_at, each.expires_at) for each in references]
    kept += [Kept("report", each.created_at, each.keep_until) for each in reports]
    if reported is not None:
        kept.append(Kept("demographics", reported.collected_at, None))
    known = {candidate.id, *(each.id for each in (*media, *references, *reports))}
    return Data(
        kept=tuple(kept),
        held=any({each.candidate_id, each.subject} & known for each in holds),
        consents=tuple(_given(each, now) for each in unit.every(Consent, **of)),
    )


def shown(request: Request, now: datetime) -> Asked:
    """One request with its clock, what was done and what is left."""
    left = pending(request)
    done = tuple(Consequence(each) for each in request.done if each in set(Consequence))
    return Asked(
        request=request,
        due=_due(request, now),
        done=done,
        left=left,
        data_ready=Consequence.PROVIDE_DATA in left,
        data_given=Consequence.PROVIDE_DATA in done,
        can_withdraw=may_withdraw(request),
    )


def _due(request: Request, now: datetime) -> Due | None:
    """The first deadline to end of a request that waits."""
    if request.state is not RequestState.RECEIVED or request.request.due is None:
        return None
    first = request.request.due
    extended = first.extension.reason if first.extension else ""
    return Due(first.due_on, first.ends_at <= now, _citation(first), extended)


def _citation(deadline: Deadline) -> str:
    try:
        return find(deadline.clock).citation
    except ClockInvalid:
        return ""


def _stops(request: Request) -> bool:
    return request.kind is RequestKind.OPT_OUT and request.state is not RequestState.WITHDRAWN


def _waiting(asked: Iterable[Request], kind: RequestKind) -> Request | None:
    waiting = (RequestState.RECEIVED, RequestState.ANSWERED)
    return next((each for each in asked if each.kind is kind and each.state in waiting), None)


def _rights(
    unit: ReadUnit,
    candidate: Candidate,
    systems: tuple[System, ...],
    day: date,
    language: str,
    base_url: str,
) -> tuple[Right, ...]:
    ids = tuple(each.id for each in systems)
    posted = unit.every(Publication, system_id=ids, taken_down_at=None) if ids else ()
    human = say(language, "rights.human_here")
    here = {
        "alternative": human,
        "opt_out": say(language, "rights.opt_out_here"),
        "access": say(language, "rights.access_here"),
        "more": say(language, "rights.more_here"),
    }
    if posted:
        here["summary_url"] = f"{base_url.rstrip('/')}/public/{posted[0].slug}"
    places = candidate.jurisdictions or tuple(
        dict.fromkeys(place for each in systems for place in each.jurisdictions)
    )
    return rights(map(Tool.of, systems), places, day, language=language, here=here)


def _media(media: Media) -> str:
    return "recording" if media.kind is MediaKind.RECORDING else "reference_file"


def _given(consent: Consent, now: datetime) -> Given:
    return Given(consent, consent.expires_at is not None and consent.expires_at <= now)
