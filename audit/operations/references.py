"""References: recordings that stand for a candidate's face and voice, under a consent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from audit.errors import AlreadyExists, ConsentMissing, ProcessingStopped
from audit.ids import new_id
from audit.jobs import enqueue
from audit.ledger import EventKind
from audit.operations import media as media_operations
from audit.operations.consents import in_force
from audit.operations.erasure import erase_reference
from audit.operations.keeping import keep_until, refuse_held
from audit.operations.media import named, usable
from audit.operations.register import refuse_erased
from audit.records.evidence import Media, MediaKind, Reference
from audit.records.register import Candidate, Consent, Purpose, Stopped
from audit.records.work import Queue
from audit.store import ReadUnit, UnitOfWork

ENROL = "enrol"
"""Kind of the job that makes a reference's templates; its subject is the reference."""

KINDS = (MediaKind.REFERENCE, MediaKind.RECORDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReference:
    """A recording of a candidate, and the consent to comparing it."""

    media_id: str
    consent_id: str
    label: str = ""


def add_reference(unit: UnitOfWork, candidate_id: str, new: NewReference) -> Reference:
    """Makes a recording a reference, for as long as its consent holds, or less.

    Raises:
        NotFound, ReferenceUnknown, InputError: candidate, recording or consent cannot be used.
        ConsentMissing: the consent is none to comparing that is in force.
        ProcessingStopped: the candidate opted out, or withdrew a consent.
        AlreadyExists: the recording is a reference already.
    """
    candidate = unit.get(Candidate, candidate_id)
    refuse_erased(candidate)
    if candidate.stopped is not Stopped.NOT_STOPPED:
        raise ProcessingStopped("Automated processing of this candidate is stopped.")
    recording = usable(unit, new.media_id, candidate_id=candidate_id, kinds=KINDS)
    consent = named(unit, Consent, new.consent_id)
    if (
        consent.candidate_id != candidate_id
        or consent.purpose is not Purpose.BIOMETRIC_COMPARISON
        or not in_force(consent, unit.now(), recording.interview_id)
    ):
        raise ConsentMissing(
            f"{consent.id} is no consent of this candidate to the purpose biometric_comparison "
            "that is in force."
        )
    if unit.find(Reference, media_id=recording.id) is not None:
        raise AlreadyExists(f"{recording.id} is a reference already.")
    until = keep_until(unit, "references", media_operations.system_of(unit, recording.interview_id))
    reference = unit.add(
        Reference(
            id=new_id("ref"),
            candidate_id=candidate_id,
            media_id=recording.id,
            consent_id=consent.id,
            label=new.label,
            expires_at=min(until, consent.expires_at or until),
        )
    )
    body = {"media": recording.id, "consent": consent.id}
    unit.record(EventKind.REFERENCE_STORED, reference.id, body)
    enqueue(unit, kind=ENROL, subject=reference.id, queue=Queue.CPU)
    return reference


def references_in_force(unit: ReadUnit, candidate_id: str, at: datetime) -> tuple[Reference, ...]:
    """The candidate's references whose consent holds at a time, the newest first."""
    found = []
    for each in reversed(unit.every(Reference, candidate_id=candidate_id)):
        consent = unit.find(Consent, id=each.consent_id)
        held = consent is not None and in_force(consent, at, consent.interview_id)
        if held and (each.expires_at is None or each.expires_at > at):
            found.append(each)
    return tuple(found)


def remove_reference(unit: UnitOfWork, reference: Reference) -> None:
    """Removes a reference. A file that was stored for it alone is erased with it.

    Raises `StepRefused` where a legal hold keeps it.
    """
    refuse_held(unit, reference.candidate_id, reference.media_id)
    if unit.get(Media, reference.media_id).kind is MediaKind.REFERENCE:
        media_operations.erase(unit, reference.media_id)
    else:
        erase_reference(unit, reference, "request")
