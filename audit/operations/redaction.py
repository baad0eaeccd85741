"""Taking out what says something of a person, and leaving what proves that the law was kept.

What stays of an erased candidate has opaque identifiers, times, kinds and states: enough to count,
and to show what was done when. Texts of any kind go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from audit.clocks import RequestKind
from audit.operations.changes import change
from audit.records.base import Record
from audit.records.challenges import Challenge
from audit.records.evidence import Check, Upload, UploadState
from audit.records.oversight import CandidateLink, Flag, Request, Review
from audit.records.register import Candidate, Consent, Interview, Outcome
from audit.requests import PersonRequest
from audit.reviews import ReviewCase
from audit.store import UnitOfWork

ERASED = "Erased."
V = TypeVar("V", bound=Record)


def redact_results(unit: UnitOfWork, candidate_id: str) -> int:
    """Takes out what checks found, what flags and reviews say of it; returns how many changed."""
    return sum(
        (
            _each(unit, Check, candidate_id, _check),
            _each(unit, Challenge, candidate_id, _challenge),
            _each(unit, Flag, candidate_id, _flag),
            _each(unit, Review, candidate_id, _review),
        )
    )


def redact_result(unit: UnitOfWork, check_id: str) -> None:
    """The same for one check, whose report was erased."""
    if unit.find(Check, id=check_id) is None:
        return
    change(unit, Check, check_id, _check)
    redact_flags(unit, check_id)


def redact_flags(unit: UnitOfWork, subject: str) -> None:
    """Takes out what the flags of a subject, and their reviews, say."""
    for flag in unit.every(Flag, subject=subject):
        change(unit, Flag, flag.id, _flag)
        for review in unit.every(Review, flag_id=flag.id):
            change(unit, Review, review.id, _review)


def redact_person(unit: UnitOfWork, candidate_id: str) -> int:
    """Takes out what leads back to the person: references of other systems, texts of requests.

    Outcomes stay under the candidate's opaque identifier: fairness audits count them. Requests for
    deletion keep their answer, which says what was erased and what was not. Links to the
    candidate's own page go: they lead nowhere any more.
    """
    for link in unit.every(CandidateLink, candidate_id=candidate_id):
        unit.remove(link)
    changed = sum(
        (
            _each(unit, Request, candidate_id, _request),
            _each(unit, Consent, candidate_id, lambda each: replace(each, reference="erased")),
            _each(unit, Outcome, candidate_id, _outcome),
            _each(unit, Upload, candidate_id, _upload),
            _each(unit, Interview, candidate_id, _interview),
        )
    )
    now = unit.now()

    def forgotten(candidate: Candidate) -> Candidate:
        return replace(candidate, external_ref=f"erased:{candidate.id}", erased_at=now)

    change(unit, Candidate, candidate_id, forgotten)
    return changed


def _each(unit: UnitOfWork, kind: type[V], candidate_id: str, how: Callable[[V], V]) -> int:
    return sum(
        change(unit, kind, value.id, how) != value
        for value in unit.every(kind, candidate_id=candidate_id)
    )


def _check(check: Check) -> Check:
    return replace(check, findings={}, gate=(), error_detail=None)


def _challenge(challenge: Challenge) -> Challenge:
    return replace(challenge, nonce=None, telemetry=None, result=None, error_detail=None)


def _flag(flag: Flag) -> Flag:
    return replace(flag, reason=ERASED, about=(), evidence=())


def _review(review: Review) -> Review:
    return replace(review, case=_case(review.case))


def _case(case: ReviewCase) -> ReviewCase:
    """Who decided what when stays: overrides and times are counted."""
    decisions = tuple(replace(d, rationale=ERASED, evidence=()) for d in case.decisions)
    # Evidence can be named in the steps too, in the words of whoever added it.
    history = tuple(replace(step, what=step.what.partition(":")[0]) for step in case.history)
    return replace(case, reason=ERASED, evidence=(), decisions=decisions, history=history)


def _request(request: Request) -> Request:
    if request.kind is RequestKind.DELETION:
        return replace(request, request=replace(request.request, details=""))
    return replace(request, request=_asked(request.request))


def _asked(request: PersonRequest) -> PersonRequest:
    extended = tuple(
        replace(d, extension=replace(d.extension, reason=ERASED)) if d.extension else d
        for d in request.deadlines
    )
    reply = request.reply
    if reply is not None:
        withheld = ERASED if reply.withheld else ""
        reply = replace(reply, rationale=ERASED, withheld=withheld)
    return replace(request, deadlines=extended, reply=reply, details="")


def _interview(interview: Interview) -> Interview:
    """When somebody answered goes; which questions were put stays."""
    untimed = tuple(replace(each, start_s=None, end_s=None) for each in interview.questions)
    return replace(interview, questions=untimed)


def _outcome(outcome: Outcome) -> Outcome:
    return replace(outcome, external_event=f"erased:{outcome.id}")


def _upload(upload: Upload) -> Upload:
    ended = UploadState.EXPIRED if upload.state is UploadState.OPEN else upload.state
    return replace(upload, state=ended, name="", sha256=None, media_type=None)
