"""Checks: asked for, begun by a worker, ended once in effect.

A worker may die at any moment and another one start over. What counts is written in one
transaction with the end of the job, and only while the check runs: a check that was cancelled
meanwhile, or whose candidate no longer agrees, stores nothing of what was found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from audit.canonical import Json
from audit.errors import ConsentMissing, JurisdictionMissing, ProcessingStopped, StepRefused
from audit.ids import new_id
from audit.jobs import RetryLater, enqueue, request_cancel
from audit.ledger import EventKind
from audit.operations import gate, reports
from audit.operations.announcements import announce
from audit.operations.flags import FlagContext, policy_in_force, raise_flags
from audit.operations.media import named, usable
from audit.operations.references import references_in_force
from audit.operations.reports import About, Signed
from audit.records.evidence import (
    Check,
    Media,
    MediaKind,
    MediaState,
    ReportFile,
    RunState,
)
from audit.records.issued import DocumentKind
from audit.records.register import Interview, QuestionAsked
from audit.records.work import Job, JobState, Queue
from audit.store import ReadUnit, UnitOfWork
from audit.types import Question, Status
from audit.webhooks.events import CheckCancelled, CheckFailed, CheckFinished

KIND = "check"
MOST_REFERENCES = 5
REFUSALS = (ProcessingStopped.code, ConsentMissing.code, JurisdictionMissing.code)
"""Why a check is not begun, or stopped in the middle: see `audit.operations.gate`."""

_LONGEST_DETAIL = 500
_COMPARABLE = (MediaKind.RECORDING, MediaKind.REFERENCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOrder:
    """What is to be checked. `references`: earlier recordings of the candidate to compare with."""

    interview_id: str
    media_id: str
    references: tuple[str, ...] = ()
    priority: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a worker needs.

    `identity`: whether faces and voices may be compared. `optional_signals`: those off by default
    that the organisation's active policy asks for. `marked`: questions whose answers are marked.
    """

    check: Check
    recording: Media
    references: tuple[Media, ...]
    identity: bool
    optional_signals: tuple[str, ...] = ()
    marked: tuple[QuestionAsked, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a worker found. `document`: the parsed result; `files`: the report's sealed forms."""

    document: Mapping[str, Any]
    files: tuple[ReportFile, ...]
    identity: bool
    signed: Signed | None = None


def request_check(unit: UnitOfWork, order: CheckOrder) -> Check:
    """A check with its job, if consents and laws allow it.

    Raises:
        ProcessingStopped, ConsentMissing, JurisdictionMissing: they do not; `refused` records it.
        ReferenceUnknown, InputError, DataKeyDestroyed: interview or media cannot be used.
    """
    interview = named(unit, Interview, order.interview_id)
    recording = _recording(unit, interview, order.media_id)
    given = [
        usable(unit, each, candidate_id=interview.candidate_id, kinds=_COMPARABLE).id
        for each in order.references
    ]
    admission = gate.admitted(unit, interview, unit.now())
    compared: tuple[str, ...] = ()
    if admission.identity_signals:
        stored = [
            each.media_id for each in references_in_force(unit, interview.candidate_id, unit.now())
        ]
        every = [each for each in dict.fromkeys([*given, *stored]) if each != recording.id]
        compared = tuple(every[:MOST_REFERENCES])
    id = new_id("chk")
    job = enqueue(unit, kind=KIND, subject=id, queue=Queue.CPU, priority=order.priority)
    return unit.add(
        Check(
            id=id,
            candidate_id=interview.candidate_id,
            interview_id=interview.id,
            system_id=interview.system_id,
            media_id=recording.id,
            reference_media=compared,
            job_id=job.id,
            identity_signals=admission.identity_signals,
            gate=admission.reasons,
            findings={},
        )
    )


def refused(unit: UnitOfWork, subject: str, *, code: str) -> None:
    """Records that a check was refused, in a transaction of its own. `subject`: the interview."""
    unit.record(EventKind.CHECK_REFUSED, subject, {"code": code})


def begin(unit: UnitOfWork, check_id: str) -> Work | None:
    """The check, running; None where it has ended. Started over, it begins but once.

    Consents are looked at again: what was agreed to when it was asked for may be withdrawn by now.
    Raises what `gate.admitted` does, which cancels the check.
    """
    check = unit.get(Check, check_id)
    if check.state.final:
        return None
    interview = unit.get(Interview, check.interview_id)
    admission = gate.admitted(unit, interview, unit.now())
    identity = check.identity_signals and admission.identity_signals
    begun = replace(check, identity_signals=identity)
    if identity != check.identity_signals:
        begun = replace(begun, gate=admission.reasons, reference_media=())
    if check.state is RunState.QUEUED:
        begun = replace(begun, state=RunState.RUNNING, started_at=unit.now())
        body: dict[str, Json] = {
            "interview": check.interview_id,
            "media": check.media_id,
            "identity_signals": identity,
            "references": len(begun.reference_media),
        }
        unit.record(EventKind.CHECK_STARTED, check.id, body)
    if begun != check:
        begun = unit.put(begun)
    recording = _recording(unit, interview, check.media_id)
    earlier = (unit.get(Media, each) for each in begun.reference_media)
    usable_now = tuple(each for each in earlier if each.state is MediaState.STORED)
    return Work(
        check=begun,
        recording=recording,
        references=usable_now,
        identity=identity,
        optional_signals=policy_in_force(unit, check.system_id).optional_signals,
        marked=tuple(each for each in interview.questions if each.end_s is not None),
    )


def about(check: Check) -> About:
    """What the report of a check is about."""
    return About(
        kind=DocumentKind.INTERVIEW_INTEGRITY,
        subject=check.id,
        candidate_id=check.candidate_id,
        job_id=check.job_id,
    )


def finish(unit: UnitOfWork, check_id: str, found: Found) -> Check | None:
    """Stores the result of a check with all that follows; None where it had ended by then.

    Raises:
        ProcessingStopped, ConsentMissing: it may not be done any more; nothing is stored.
        RetryLater: comparing was agreed to, and is no longer; it has to be done without.
    """
    check = unit.get(Check, check_id)
    if check.state is not RunState.RUNNING:
        return None
    interview = unit.get(Interview, check.interview_id)
    admission = gate.admitted(unit, interview, unit.now())
    if found.identity and not admission.identity_signals:
        raise RetryLater(0.0, "consent_changed")
    report = reports.issue(
        unit, about(check), found.files, system_id=check.system_id, signed=found.signed
    )
    findings = {name: str(each["verdict"]) for name, each in found.document["findings"].items()}
    finished = unit.put(
        replace(
            check,
            state=RunState.FINISHED,
            findings=findings,
            result_sha256=found.document["run"]["content_sha256"],
            report_id=report.id,
            finished_at=unit.now(),
        )
    )
    unit.record(EventKind.CHECK_FINISHED, check.id, _facts(finished))
    context = FlagContext(
        candidate_id=check.candidate_id,
        interview_id=check.interview_id,
        system_id=check.system_id,
    )
    raise_flags(unit, check.id, found.document, context)
    announce(
        unit,
        CheckFinished(
            check_id=check.id,
            system_id=check.system_id,
            interview_id=check.interview_id,
            candidate_id=check.candidate_id,
            verdicts={Question(name): Status(verdict) for name, verdict in findings.items()},
        ),
    )
    return finished


def ended(unit: UnitOfWork, job: Job) -> None:
    """What follows for the check from a job that failed or was cancelled. Once."""
    check = unit.find(Check, id=job.subject)
    if check is None or check.state.final:
        return
    if job.state is JobState.CANCELLED or job.error_code in REFUSALS:
        _cancelled(unit, check, code=job.error_code, detail=job.error_detail)
        return
    code = job.error_code or "internal_error"
    unit.put(
        replace(
            check,
            state=RunState.FAILED,
            error_code=code,
            error_detail=(job.error_detail or "")[:_LONGEST_DETAIL] or None,
            finished_at=unit.now(),
        )
    )
    unit.record(EventKind.CHECK_FAILED, check.id, {"code": code})
    announce(unit, CheckFailed(check_id=check.id, error_code=code))


def cancel(unit: UnitOfWork, check_id: str) -> Check:
    """Cancels a queued check now, and has a running one stop at its next stage.

    Cancelled already is no error. Raises `StepRefused` for one that has finished or failed.
    """
    check = unit.get(Check, check_id)
    if check.state in (RunState.FINISHED, RunState.FAILED):
        raise StepRefused(f"The check has {check.state.value}; there is nothing to cancel.")
    if check.state is RunState.CANCELLED:
        return check
    job = request_cancel(unit, check.job_id)
    return _cancelled(unit, check) if job.state is JobState.CANCELLED else unit.get(Check, check.id)


def _recording(unit: ReadUnit, interview: Interview, media_id: str) -> Media:
    kinds = (MediaKind.RECORDING,)
    found = usable(unit, media_id, candidate_id=interview.candidate_id, kinds=kinds)
    if found.interview_id not in (None, interview.id):
        raise StepRefused(f"{media_id} is the recording of another interview.")
    return found


def _cancelled(
    unit: UnitOfWork, check: Check, *, code: str | None = None, detail: str | None = None
) -> Check:
    cancelled = unit.put(
        replace(
            check,
            state=RunState.CANCELLED,
            error_code=code,
            error_detail=detail and detail[:_LONGEST_DETAIL],
            finished_at=unit.now(),
        )
    )
    unit.record(EventKind.CHECK_CANCELLED, check.id, {"code": code})
    announce(unit, CheckCancelled(check_id=check.id))
    return cancelled


def _facts(check: Check) -> dict[str, Json]:
    return {
        "report": check.report_id,
        "result_sha256": check.result_sha256,
        "verdicts": dict(check.findings),
        "identity_signals": check.identity_signals,
    }
