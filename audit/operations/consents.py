"""Consents: given, in force, withdrawn; and what a withdrawal brings with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from audit.canonical import Json
from audit.errors import StepRefused
from audit.ids import new_id
from audit.jobs import enqueue
from audit.ledger import EventKind
from audit.ledger.entries import timestamp
from audit.operations.changes import change
from audit.operations.demographics import drop_resting_on
from audit.operations.erasure import JOB as ERASE_BLOBS
from audit.operations.erasure import erase_medium, erase_reference
from audit.operations.holds import in_force as holds_in_force
from audit.operations.inputs import CandidateId, Code, Flag, Input, InterviewId, Moment, Reference
from audit.operations.register import refuse_erased
from audit.operations.stopping import stop_candidate
from audit.records.evidence import Media, MediaKind, MediaState
from audit.records.evidence import Reference as BiometricReference
from audit.records.register import Candidate, Consent, Interview, Purpose, Stopped
from audit.records.work import Queue
from audit.store import UnitOfWork

STOPPING = (Purpose.MEDIA_ANALYSIS, Purpose.AUTOMATED_EVALUATION)
"""Purposes whose withdrawal stops automated processing."""

SKEW = timedelta(minutes=5)
"""How far the clock of a sender may be ahead of ours."""
_MOST_NAMED = 100


class NewConsent(Input):
    """A candidate's consent to one purpose, as it was given."""

    candidate_id: Annotated[CandidateId, Field(description="Who consented.")]
    interview_id: Annotated[
        InterviewId | None, Field(description="If it is for one interview only.")
    ] = None
    purpose: Annotated[Purpose, Field(description="What for.", examples=["biometric_comparison"])]
    text_version: Annotated[
        Reference,
        Field(description="Version of the words agreed to.", examples=["biometric-2026-03"]),
    ]
    jurisdiction: Annotated[
        Code,
        Field(
            description="Whose law its text was written to meet. A law that asks for consent is "
            "met only by one that names its place, or a part of it.",
            examples=["US-IL"],
        ),
    ]
    given_at: Annotated[Moment, Field(description="When.", examples=["2026-11-20T14:55:00Z"])]
    reference: Annotated[
        Reference,
        Field(
            description="Where the signature or the record of it is kept.",
            examples=["envelope-88321"],
        ),
    ]
    written: Annotated[Flag, Field(description="Signed, on paper or electronically.")] = False
    expires_at: Annotated[Moment | None, Field(description="When it ends by itself.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A withdrawn consent, and what its withdrawal brought with it."""

    consent: Annotated[Consent, Field(description="The consent as it is now.")]
    references_erased: Annotated[
        tuple[str, ...], Field(description="Biometric references that rested on it.")
    ] = ()
    references_held: Annotated[
        tuple[str, ...],
        Field(description="Those kept under a legal hold, and not used any more."),
    ] = ()
    demographics_removed: Annotated[
        bool, Field(description="Whether demographics that rested on it were removed.")
    ] = False
    stopped: Annotated[
        Stopped, Field(description="Why automated processing of the candidate is stopped, if so.")
    ]


def give_consent(unit: UnitOfWork, new: NewConsent) -> Consent:
    """Records a consent. One to be checked lifts a stop for withdrawn consent, never an opt-out.

    Raises:
        NotFound: the candidate or interview is not this tenant's, or not there.
        StepRefused: the interview is somebody else's, or the times cannot be.
        CandidateErased: the candidate's data were erased.
    """
    candidate = unit.get(Candidate, new.candidate_id)
    refuse_erased(candidate)
    if new.interview_id is not None:
        interview = unit.get(Interview, new.interview_id)
        if interview.candidate_id != candidate.id:
            raise StepRefused("The interview is not one of this candidate.")
    if new.given_at > unit.now() + SKEW:
        raise StepRefused("given_at lies in the future: a consent is recorded once it is given.")
    if new.expires_at is not None and new.expires_at <= new.given_at:
        raise StepRefused("expires_at lies before given_at.")
    consent = unit.add(Consent(id=new_id("con"), **dict(new)))
    unit.record(EventKind.CONSENT_GIVEN, consent.id, _facts(consent))
    if candidate.stopped is Stopped.CONSENT_WITHDRAWN and consent.purpose in STOPPING:
        _lift(unit, candidate)
    return consent


def withdraw_consent(
    unit: UnitOfWork, consent: Consent, *, at: datetime | None = None
) -> Withdrawal:
    """Withdraws a consent, now or at an earlier time; a second time changes nothing.

    Biometric references that rest on it are erased, but for those under a legal hold, which are
    not used any more. Demographics that rest on it are removed. Withdrawing a consent to be
    analysed or evaluated stops automated processing of the candidate, and cancels what is under
    way, unless another such consent is in force.

    Raises `StepRefused` for a time before it was given, or in the future.
    """
    candidate = unit.get(Candidate, consent.candidate_id)
    if consent.withdrawn_at is not None:
        return Withdrawal(consent=consent, stopped=candidate.stopped)
    moment = at or unit.now()
    if not consent.given_at <= moment <= unit.now() + SKEW:
        raise StepRefused("A consent is withdrawn after it was given, and not in the future.")
    consent = unit.put(replace(consent, withdrawn_at=moment))
    erased, held = _erase_references(unit, consent)
    removed = consent.purpose is Purpose.DEMOGRAPHICS and drop_resting_on(unit, consent)
    body: dict[str, Json] = {
        **_facts(consent),
        "withdrawn_at": timestamp(moment),
        "references_erased": list(erased[:_MOST_NAMED]),
        "references_held": list(held[:_MOST_NAMED]),
        "demographics_removed": removed,
    }
    unit.record(EventKind.CONSENT_WITHDRAWN, consent.id, body)
    if _stops(unit, consent, candidate):
        stop_candidate(unit, candidate.id, Stopped.CONSENT_WITHDRAWN)
        _record_stopped(unit, candidate.id, Stopped.CONSENT_WITHDRAWN)
    return Withdrawal(
        consent=consent,
        references_erased=erased,
        references_held=held,
        demographics_removed=removed,
        stopped=unit.get(Candidate, candidate.id).stopped,
    )


def in_force(consent: Consent, at: datetime, interview_id: str | None = None) -> bool:
    """Whether a consent counts at a time: for all interviews, or for this one."""
    if consent.interview_id not in (None, interview_id):
        return False
    return fault_at(consent, at) is None


def fault_at(consent: Consent, at: datetime) -> str | None:
    """Why a consent does not count at a time, in words."""
    if consent.given_at > at:
        return "was given later"
    if consent.withdrawn_at is not None and consent.withdrawn_at <= at:
        return "was withdrawn"
    if consent.expires_at is not None and consent.expires_at <= at:
        return "has expired"
    return None


def _stops(unit: UnitOfWork, consent: Consent, candidate: Candidate) -> bool:
    """Whether a withdrawal stops processing of the candidate altogether."""
    if candidate.stopped is not Stopped.NOT_STOPPED or consent.purpose not in STOPPING:
        return False
    others = unit.every(Consent, candidate_id=candidate.id, purpose=consent.purpose)
    left = any(in_force(each, unit.now()) for each in others if each.id != consent.id)
    return consent.interview_id is None and not left


def _erase_references(
    unit: UnitOfWork, consent: Consent
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Erases the references that rest on a consent: ids of those erased, and of those held."""
    holds = holds_in_force(unit)
    erased, held = [], []
    for resting in unit.every(BiometricReference, consent_id=consent.id):
        if holds.on(resting.candidate_id, resting.id, resting.media_id):
            held.append(resting.id)
            continue
        erase_reference(unit, resting, "request")
        media = unit.get(Media, resting.media_id)
        used = unit.find(BiometricReference, media_id=media.id) is not None
        if media.kind is MediaKind.REFERENCE and media.state is MediaState.STORED and not used:
            erase_medium(unit, media, "request")
            enqueue(unit, kind=ERASE_BLOBS, subject=media.id, queue=Queue.LIGHT)
        erased.append(resting.id)
    return tuple(erased), tuple(held)


def _lift(unit: UnitOfWork, candidate: Candidate) -> None:
    """Ends a stop for withdrawn consent; any other stop stays."""

    def lifted(present: Candidate) -> Candidate:
        if present.stopped is not Stopped.CONSENT_WITHDRAWN:
            return present
        return replace(present, stopped=Stopped.NOT_STOPPED, stopped_at=None)

    if change(unit, Candidate, candidate.id, lifted).stopped is Stopped.NOT_STOPPED:
        _record_stopped(unit, candidate.id, Stopped.NOT_STOPPED)


def _record_stopped(unit: UnitOfWork, candidate_id: str, stopped: Stopped) -> None:
    body: dict[str, Json] = {"fields": ["stopped"], "stopped": stopped.value}
    unit.record(EventKind.CANDIDATE_CHANGED, candidate_id, body)


def _facts(consent: Consent) -> dict[str, Json]:
    """What the ledger keeps of a consent."""
    return {
        "candidate": consent.candidate_id,
        "interview": consent.interview_id,
        "purpose": consent.purpose.value,
        "jurisdiction": consent.jurisdiction,
        "text_version": consent.text_version,
        "written": consent.written,
        "given_at": timestamp(consent.given_at),
    }
