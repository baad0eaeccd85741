"""Comparisons of a recording with a candidate's references: asked for under consent, in bands.

An answer has a direction and a band of words for each reference, and neither score nor embedding:
whoever may ask often can learn little from one answer, and the next one is rate limited.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from audit.errors import ConsentMissing, InputError, StepRefused
from audit.ids import new_id
from audit.jobs import RetryLater, enqueue
from audit.ledger import EventKind
from audit.operations import gate, reports
from audit.operations.checks import REFUSALS
from audit.operations.media import system_of, usable
from audit.operations.references import KINDS, references_in_force
from audit.operations.reports import About, Signed
from audit.operations.tries import take_try
from audit.records.evidence import (
    Comparison,
    Media,
    MediaState,
    Reference,
    ReportFile,
    RunState,
)
from audit.records.issued import DocumentKind
from audit.records.register import Candidate, Interview
from audit.records.work import Job, JobState, Queue
from audit.store import ReadUnit, UnitOfWork

KIND = "compare"
MOST_REFERENCES = 5
_LONGEST_DETAIL = 500

Answer = Literal["same_person", "different_people", "neither", "inconclusive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """What one modality says of one reference.

    `answer`: which of two hypotheses the evidence supports, if any. `support`: how much, in the
    bands of ENFSI (2015); empty where inconclusive. `reason`: a stable code, where inconclusive.
    """

    reference_id: str
    modality: Literal["face", "voice"]
    answer: Answer
    support: str = ""
    reason: str | None = None

    def plain(self) -> dict[str, Any]:
        """As it is stored."""
        return {name: getattr(self, name) for name in type(self).__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a worker needs: the recording, and references with their files.

    `labels`: of the references in their order, then of the recording.
    """

    comparison: Comparison
    recording: Media
    references: tuple[tuple[Reference, Media], ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a worker found. `files`: the report's sealed forms."""

    bands: tuple[Band, ...]
    files: tuple[ReportFile, ...] = ()
    signed: Signed | None = None


def request_comparison(unit: UnitOfWork, candidate_id: str, media_id: str) -> Comparison:
    """A comparison of a recording with all references in force, with its job.

    Raises:
        NotFound, ReferenceUnknown, InputError: candidate or recording cannot be used.
        ProcessingStopped, ConsentMissing, JurisdictionMissing: it may not be compared.
        StepRefused: there is no reference in force.
        TooManyTries: the candidate was asked about too often.
    """
    unit.get(Candidate, candidate_id)
    recording = usable(unit, media_id, candidate_id=candidate_id, kinds=KINDS)
    _admit(unit, recording)
    references = [
        each
        for each in references_in_force(unit, candidate_id, unit.now())
        if each.media_id != recording.id
    ]
    if not references:
        raise StepRefused("The candidate has no reference under a consent that is in force.")
    take_try(unit, candidate_id)
    id = new_id("cmp")
    job = enqueue(unit, kind=KIND, subject=id, queue=Queue.CPU)
    return unit.add(
        Comparison(
            id=id,
            candidate_id=candidate_id,
            media_id=recording.id,
            reference_ids=tuple(each.id for each in references[:MOST_REFERENCES]),
            job_id=job.id,
        )
    )


def begin(unit: UnitOfWork, comparison_id: str) -> Work | None:
    """The comparison, running; None where it has ended. Consents are looked at again."""
    comparison = unit.get(Comparison, comparison_id)
    if comparison.state.final:
        return None
    recording = usable(unit, comparison.media_id, candidate_id=comparison.candidate_id, kinds=KINDS)
    _admit(unit, recording)
    held = references_in_force(unit, comparison.candidate_id, unit.now())
    pairs = [
        (each, unit.get(Media, each.media_id))
        for each in held
        if each.id in comparison.reference_ids
    ]
    kept = tuple(pair for pair in pairs if pair[1].state is MediaState.STORED)
    if not kept:
        raise ConsentMissing("No reference is under a consent that is in force any more.")
    if comparison.state is RunState.QUEUED:
        comparison = unit.put(replace(comparison, state=RunState.RUNNING))
    labels = tuple(label_of(unit, each) for each in (*(stored for _, stored in kept), recording))
    return Work(comparison=comparison, recording=recording, references=kept, labels=labels)


def label_of(unit: ReadUnit, media: Media) -> str:
    """What a recording is called in results of comparisons: always the same for the same one."""
    if media.interview_id is None:
        return f"reference of {media.created_at.date()} ({media.id[-6:]})"
    interview = unit.get(Interview, media.interview_id)
    return f"interview of {(interview.held_at or interview.created_at).date()} ({media.id[-6:]})"


def about(comparison: Comparison) -> About:
    """What the report of a comparison is about. It holds figures: only reviewers may read it."""
    return About(
        kind=DocumentKind.IDENTITY_THREAD,
        subject=comparison.id,
        candidate_id=comparison.candidate_id,
        job_id=comparison.job_id,
    )


def finish(unit: UnitOfWork, comparison_id: str, found: Found) -> Comparison | None:
    """Stores what was found; None where the comparison had ended by then.

    Raises `RetryLater` where a reference that was compared is no longer under a consent.
    """
    comparison = unit.get(Comparison, comparison_id)
    if comparison.state is not RunState.RUNNING:
        return None
    _admit(unit, unit.get(Media, comparison.media_id))
    held = {each.id for each in references_in_force(unit, comparison.candidate_id, unit.now())}
    compared = sorted({each.reference_id for each in found.bands})
    if not held.issuperset(compared):
        raise RetryLater(0.0, "consent_changed")
    body = {"media": comparison.media_id, "references": compared}
    unit.record(EventKind.REFERENCE_COMPARED, comparison.id, body)
    report = None
    if found.files:
        system = system_of(unit, unit.get(Media, comparison.media_id).interview_id)
        report = reports.issue(
            unit, about(comparison), found.files, system_id=system, signed=found.signed
        )
    return unit.put(
        replace(
            comparison,
            state=RunState.FINISHED,
            bands=tuple(each.plain() for each in found.bands),
            report_id=report.id if report else None,
            finished_at=unit.now(),
        )
    )


def ended(unit: UnitOfWork, job: Job) -> None:
    """What follows for the comparison from a job that failed or was cancelled. Once."""
    comparison = unit.find(Comparison, id=job.subject)
    if comparison is None or comparison.state.final:
        return
    stopped = job.state is JobState.CANCELLED or job.error_code in REFUSALS
    unit.put(
        replace(
            comparison,
            state=RunState.CANCELLED if stopped else RunState.FAILED,
            error_code=job.error_code,
            error_detail=(job.error_detail or "")[:_LONGEST_DETAIL] or None,
            finished_at=unit.now(),
        )
    )


def _admit(unit: UnitOfWork, recording: Media) -> None:
    """Whether it may be compared is a matter of the interview that it is of, and of its place."""
    if recording.interview_id is None:
        raise InputError(
            f"{recording.id} is of no interview, so that it is not known whose law applies. Store "
            "the recording with its interview."
        )
    interview = unit.get(Interview, recording.interview_id)
    admission = gate.admitted(unit, interview, unit.now())
    if not admission.identity_signals:
        raise ConsentMissing(" ".join(admission.reasons))
