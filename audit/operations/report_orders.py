"""Reports that are asked for: ordered, begun by a worker, ended once in effect.

An order names its subject and what the document is to hold. The worker reads the facts from the
store and has them composed; this part knows neither documents nor laws.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from audit.canonical import canonical_hash, canonical_json, parse_json
from audit.clocks import RequestKind
from audit.errors import InputError, ReferenceUnknown, StepRefused
from audit.ids import new_id
from audit.jobs import enqueue, request_cancel
from audit.keyring import Context
from audit.operations.announcements import announce
from audit.operations.media import named
from audit.operations.register import refuse_erased
from audit.operations.reports import Signed, complete, series_of
from audit.records.evidence import Check, FairnessAudit, Report, ReportFile, RunState
from audit.records.issued import DocumentKind, ReportSchedule
from audit.records.oversight import Request
from audit.records.register import Candidate, Outcome, System
from audit.records.work import Job, JobState, Queue
from audit.store import ReadUnit, UnitOfWork
from audit.webhooks.events import ReportFailed

KIND = "report"
SUBJECTS: Mapping[DocumentKind, tuple[str, ...]] = {
    DocumentKind.INTERVIEW_INTEGRITY: ("chk",),
    DocumentKind.IDENTITY_THREAD: ("cand",),
    DocumentKind.FAIRNESS_AUDIT: ("aud", "sys"),
    DocumentKind.LL144_SUMMARY: ("aud", "sys"),
    DocumentKind.ADVERSE_IMPACT_RECORD: ("aud", "sys"),
    DocumentKind.GOVERNANCE: ("sys",),
    DocumentKind.REGIME_FILE: ("sys",),
    DocumentKind.CANDIDATE_NOTICE: ("sys",),
    DocumentKind.ADVERSE_OUTCOME_DISCLOSURE: ("out",),
    DocumentKind.EXPLANATION_LETTER: ("req",),
}
"""What each kind is about, by the letters that its identifiers begin with. Of a system (`sys`), an
audit's documents are those of its newest audit."""
_PRIORITY = 110
_LONGEST_DETAIL = 500
_SEALED = "sealed"
_UNSAID = frozenset({"recorded", "letter"})
"""Parts of an order that make no series of its own: another answer makes a newer version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOrder:
    """What is to be made. `options`: plain JSON that the kind's builder reads.

    `schedule`, `period`: of a schedule, which of its periods.
    """

    kind: DocumentKind
    subject: str
    language: str = "en"
    options: Mapping[str, Any] = field(default_factory=dict)
    schedule: ReportSchedule | None = None
    period: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a worker needs: the report, running, and what was asked for."""

    report: Report
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """Whom a subject belongs to."""

    candidate_id: str | None = None
    system_id: str | None = None


def request_report(unit: UnitOfWork, order: ReportOrder) -> Report:
    """A report with its job.

    Raises:
        InputError: the kind is about something else.
        ReferenceUnknown: there is no such subject.
        StepRefused: the check or audit has no result.
        CandidateErased: the candidate's data were erased.
    """
    whose = whose_is(unit, order.kind, order.subject)
    _check_outcome(unit, order, whose)
    id = new_id("rep")
    job = enqueue(unit, kind=KIND, subject=id, queue=Queue.CPU, priority=_PRIORITY)
    chosen = {name: each for name, each in order.options.items() if name not in _UNSAID}
    variant = canonical_hash(chosen)[:32] if chosen else ""
    return unit.add(
        Report(
            id=id,
            kind=order.kind.value,
            subject=order.subject,
            candidate_id=whose.candidate_id,
            system_id=whose.system_id,
            state=RunState.QUEUED,
            job_id=job.id,
            language=order.language,
            order=_kept(unit, id, whose.candidate_id, order.options),
            automatic=False,
            series=series_of(order.kind, order.subject, order.language, variant),
            schedule_id=order.schedule.id if order.schedule else None,
            period=order.period,
            sealed_under=whose.candidate_id or id,
        )
    )


def options_of(unit: ReadUnit, report: Report) -> Mapping[str, Any]:
    """What was asked for, opened. Raises `DataKeyDestroyed` where the candidate was erased."""
    held = report.order or {}
    if _SEALED not in held:
        return held
    sealed = base64.b64decode(held[_SEALED])
    opened: Any = parse_json(unit.ring.open(_context(unit, report.id, report.sealed_under), sealed))
    return dict(opened)


def whose_is(unit: ReadUnit, kind: DocumentKind, subject: str) -> Whose:
    """Whom the subject of such a document belongs to. Raises as `request_report`."""
    wanted, given = SUBJECTS[kind], subject.partition("_")[0]
    if given not in wanted:
        names = " or ".join(f"`{each}_...`" for each in wanted)
        raise InputError(f"A document of the kind {kind.value} is about {names}.")
    return _WHOSE[given](unit, subject)


def begin(unit: UnitOfWork, report_id: str) -> Work | None:
    """The report, running; None where it has ended or was erased. Begins but once."""
    report = unit.get(Report, report_id)
    if report.state.final or report.erased_at is not None:
        return None
    if report.state is RunState.QUEUED:
        report = unit.put(replace(report, state=RunState.RUNNING, started_at=unit.now()))
    return Work(report=report, options=options_of(unit, report))


def finish(
    unit: UnitOfWork, report_id: str, files: tuple[ReportFile, ...], signed: Signed
) -> Report | None:
    """Stores what was made, with all that follows; None where it had ended by then."""
    report = unit.get(Report, report_id)
    if report.state is not RunState.RUNNING or report.erased_at is not None:
        return None
    return complete(unit, report, files, signed)


def ended(unit: UnitOfWork, job: Job) -> None:
    """What follows for the report from a job that failed or was cancelled. Once."""
    report = unit.find(Report, id=job.subject)
    if report is None or report.state.final:
        return
    cancelled = job.state is JobState.CANCELLED
    code = job.error_code or (None if cancelled else "internal_error")
    unit.put(
        replace(
            report,
            state=RunState.CANCELLED if cancelled else RunState.FAILED,
            error_code=code,
            error_detail=(job.error_detail or "")[:_LONGEST_DETAIL] or None,
            finished_at=unit.now(),
        )
    )
    if not cancelled and code is not None:
        told = ReportFailed(report_id=report.id, subject_id=report.subject, error_code=code)
        announce(unit, told)


def cancel(unit: UnitOfWork, report_id: str) -> Report:
    """Cancels a queued report now, and has a running one stop at its next stage.

    Cancelled already is no error. Raises `StepRefused` for one that has finished or failed.
    """
    report = unit.get(Report, report_id)
    if report.state in (RunState.FINISHED, RunState.FAILED) or report.job_id is None:
        raise StepRefused(f"The report has {report.state.value}; there is nothing to cancel.")
    if report.state is not RunState.CANCELLED:
        job = request_cancel(unit, report.job_id)
        if job.state.final:
            ended(unit, job)
    return unit.get(Report, report_id)


def _kept(
    unit: UnitOfWork, id: str, candidate_id: str | None, options: Mapping[str, Any]
) -> dict[str, Any]:
    """The options as they are stored: sealed where they may tell of a candidate."""
    if candidate_id is None or not options:
        return dict(options)
    sealed = unit.ring.seal(_context(unit, id, candidate_id), canonical_json(dict(options)))
    return {_SEALED: base64.b64encode(sealed).decode()}


def _context(unit: ReadUnit, id: str, subject: str) -> Context:
    return Context(tenant=unit.tenant, subject=subject, artefact=id, purpose="report_order")


def _of_check(unit: ReadUnit, subject: str) -> Whose:
    check = named(unit, Check, subject)
    if check.state is not RunState.FINISHED or not check.findings:
        raise StepRefused("The check has no result, or not any more: there is nothing to report.")
    return Whose(candidate_id=check.candidate_id, system_id=check.system_id)


def _of_audit(unit: ReadUnit, subject: str) -> Whose:
    audit = named(unit, FairnessAudit, subject)
    if audit.state is not RunState.FINISHED:
        raise StepRefused(f"The audit is {audit.state.value}: there is nothing to report.")
    return Whose(system_id=audit.system_id)


def _of_candidate(unit: ReadUnit, subject: str) -> Whose:
    candidate = named(unit, Candidate, subject)
    refuse_erased(candidate)
    return Whose(candidate_id=candidate.id)


def _of_system(unit: ReadUnit, subject: str) -> Whose:
    return Whose(system_id=named(unit, System, subject).id)


def _of_outcome(unit: ReadUnit, subject: str) -> Whose:
    outcome = named(unit, Outcome, subject)
    _of_candidate(unit, outcome.candidate_id)
    return Whose(candidate_id=outcome.candidate_id, system_id=outcome.system_id)


def _of_request(unit: ReadUnit, subject: str) -> Whose:
    request = named(unit, Request, subject)
    if request.kind is not RequestKind.EXPLANATION:
        raise StepRefused(f"The request asks for something else: {request.kind.value}.")
    return _of_candidate(unit, request.candidate_id)


def _check_outcome(unit: ReadUnit, order: ReportOrder, whose: Whose) -> None:
    """The outcome that a letter names has to be the same candidate's."""
    named_one = order.options.get("letter", {}).get("outcome_id")
    if named_one and named(unit, Outcome, named_one).candidate_id != whose.candidate_id:
        raise ReferenceUnknown(f"The candidate has no outcome {named_one!r}.")


_WHOSE = {
    "chk": _of_check,
    "aud": _of_audit,
    "cand": _of_candidate,
    "sys": _of_system,
    "out": _of_outcome,
    "req": _of_request,
}
