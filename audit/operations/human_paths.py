"""Ways on with a person in place of the machine: alternatives, appeals, reconsiderations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from audit.calendars import calendar
from audit.clocks import Deadline, RequestKind, due, for_request
from audit.errors import StepRefused
from audit.operations import places
from audit.operations.media import named
from audit.operations.persons import made_by, reviewed_by
from audit.operations.reviews import (
    APPEAL,
    HUMAN_ALTERNATIVE,
    RECONSIDERATION,
    Opening,
    open_review,
)
from audit.records.base import Record
from audit.records.evidence import Check, FairnessAudit
from audit.records.oversight import Flag, Request, Review
from audit.records.register import Interview, Outcome
from audit.store import ReadUnit, UnitOfWork

_DECIDED: Mapping[str, type[Record]] = {
    "chk": Check,
    "aud": FairnessAudit,
    "flg": Flag,
    "rev": Review,
    "out": Outcome,
    "int": Interview,
}


def open_alternative(unit: UnitOfWork, request: Request) -> Review:
    """Opens the human alternative, with the clock that a law has for it."""
    return open_review(
        unit,
        Opening(
            kind=HUMAN_ALTERNATIVE,
            reason="The candidate is to be heard by a person instead of the automated interview.",
            evidence=(request.id, *_interviews(unit, request.candidate_id)),
            request_id=request.id,
            candidate_id=request.candidate_id,
            deadline=legal_deadline(request, RequestKind.HUMAN_ALTERNATIVE),
        ),
    )


def open_appeal(
    unit: UnitOfWork,
    request: Request,
    *,
    about: Iterable[str] = (),
    hiring_teams: frozenset[str] = frozenset(),
) -> Review:
    """Opens the review that an appeal asks for, with the appeal's own clock.

    Whoever decided before, interviewed, or reviewed an earlier case of the candidate is barred.
    """
    candidate = request.candidate_id
    return open_review(
        unit,
        Opening(
            kind=APPEAL,
            reason="The candidate asks for a review by a person.",
            evidence=(request.id, *about, *_checks(unit, candidate)),
            request_id=request.id,
            candidate_id=candidate,
            deadline=legal_deadline(request, RequestKind.APPEAL),
            made_by=made_by(unit, candidate) | reviewed_by(unit, candidate),
            hiring_teams=hiring_teams,
        ),
    )


def check_about(unit: ReadUnit, candidate_id: str, about: Iterable[str]) -> None:
    """Raises `ReferenceUnknown` for what is not there, `StepRefused` for somebody else's."""
    for id in about:
        found: Record = named(unit, _DECIDED[id.partition("_")[0]], id)
        if getattr(found, "candidate_id", None) not in (None, candidate_id):
            raise StepRefused(f"{id} is not about this candidate.")


def open_reconsideration(unit: UnitOfWork, request: Request) -> Review:
    """Opens the review of results that rest on data which were corrected."""
    candidate = request.candidate_id
    return open_review(
        unit,
        Opening(
            kind=RECONSIDERATION,
            reason="Data of the candidate were corrected: look at the results again.",
            evidence=(request.id, *_checks(unit, candidate)),
            request_id=request.id,
            candidate_id=candidate,
            made_by=made_by(unit, candidate),
        ),
    )


def legal_deadline(request: Request, kind: RequestKind) -> Deadline | None:
    """The first deadline that a binding law sets for such a request; None where none does."""
    person = request.request
    found = [
        deadline
        for place in places.known(person.jurisdictions)
        for deadline in _deadlines(kind, place, person.received_at)
    ]
    return min(found, key=lambda deadline: deadline.ends_at, default=None)


def _deadlines(kind: RequestKind, place: str, received_at: datetime) -> list[Deadline]:
    day = calendar(place).day_of(received_at)
    return [due(clock, received_at, place) for clock in for_request(kind, place, day).clocks]


def _interviews(unit: ReadUnit, candidate_id: str) -> tuple[str, ...]:
    return tuple(each.id for each in unit.every(Interview, candidate_id=candidate_id))


def _checks(unit: ReadUnit, candidate_id: str) -> tuple[str, ...]:
    return tuple(each.id for each in unit.every(Check, candidate_id=candidate_id))
