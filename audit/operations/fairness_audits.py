"""Fairness audits: asked for, begun by a worker, ended once in effect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from audit.canonical import Json
from audit.errors import InputError, StepRefused
from audit.ids import new_id
from audit.jobs import enqueue, request_cancel
from audit.ledger import EventKind
from audit.operations import reports
from audit.operations.announcements import announce
from audit.operations.flags import FlagContext, raise_flags
from audit.operations.media import named, usable
from audit.operations.reports import About, Signed
from audit.records.evidence import FairnessAudit, Media, MediaKind, ReportFile, RunState
from audit.records.issued import DocumentKind
from audit.records.register import System
from audit.records.work import Job, JobState, Queue
from audit.store import UnitOfWork
from audit.webhooks.events import FairnessAuditFinished

KIND = "fairness_audit"
OUTCOMES = "outcomes"
"""The source that stands for the outcomes stored here."""
_LONGEST_DETAIL = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditOrder:
    """What is to be audited. `spec`: a checked specification; empty = drafted, for outcomes."""

    name: str
    source: str
    spec: Mapping[str, Any]
    system_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a worker needs. `table`: the uploaded table, where the source is one."""

    audit: FairnessAudit
    table: Media | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a worker found. `document`: the parsed audit.json; `files`: its sealed forms."""

    document: Mapping[str, Any]
    files: tuple[ReportFile, ...]
    signed: Signed | None = None


def request_audit(unit: UnitOfWork, order: AuditOrder) -> FairnessAudit:
    """An audit with its job.

    Raises:
        ReferenceUnknown, DataKeyDestroyed: there is no such system or table, or not any more.
        InputError: the order contradicts itself.
    """
    if order.system_id is not None:
        named(unit, System, order.system_id)
    if order.since is not None and order.until is not None and order.since >= order.until:
        raise InputError("`since` must lie before `until`.")
    if order.source != OUTCOMES:
        _table(unit, order.source)
        if not order.spec:
            raise InputError(
                "An uploaded table needs a specification: `spec` says what its columns mean."
            )
        if order.since is not None or order.until is not None:
            raise InputError("`since` and `until` choose stored outcomes, not rows of a table.")
    id = new_id("aud")
    job = enqueue(unit, kind=KIND, subject=id, queue=Queue.CPU)
    return unit.add(
        FairnessAudit(
            id=id,
            name=order.name,
            system_id=order.system_id,
            source=order.source,
            spec=dict(order.spec),
            since=order.since,
            until=order.until,
            job_id=job.id,
            classes={},
        )
    )


def begin(unit: UnitOfWork, audit_id: str) -> Work | None:
    """The audit, running; None where it has ended. Started over, it begins but once."""
    audit = unit.get(FairnessAudit, audit_id)
    if audit.state.final:
        return None
    table = None if audit.source == OUTCOMES else _table(unit, audit.source)
    if audit.state is RunState.QUEUED:
        audit = unit.put(replace(audit, state=RunState.RUNNING, started_at=unit.now()))
        body: dict[str, Json] = {"system": audit.system_id, "source": audit.source}
        unit.record(EventKind.AUDIT_STARTED, audit.id, body)
    return Work(audit=audit, table=table)


def about(audit: FairnessAudit) -> About:
    """What the report of an audit is about."""
    return About(kind=DocumentKind.FAIRNESS_AUDIT, subject=audit.id, job_id=audit.job_id)


def finish(unit: UnitOfWork, audit_id: str, found: Found) -> FairnessAudit | None:
    """Stores the result of an audit with all that follows; None where it had ended by then."""
    audit = unit.get(FairnessAudit, audit_id)
    if audit.state is not RunState.RUNNING:
        return None
    report = reports.issue(
        unit, about(audit), found.files, system_id=audit.system_id, signed=found.signed
    )
    classes = Counter(str(each["finding"]) for each in found.document["findings"])
    finished = unit.put(
        replace(
            audit,
            state=RunState.FINISHED,
            classes=dict(sorted(classes.items())),
            result_sha256=found.document["run"]["content_sha256"],
            report_id=report.id,
            finished_at=unit.now(),
        )
    )
    body: dict[str, Json] = {
        "report": report.id,
        "result_sha256": finished.result_sha256,
        "classes": dict(finished.classes),
    }
    unit.record(EventKind.AUDIT_FINISHED, audit.id, body)
    raise_flags(unit, audit.id, found.document, FlagContext(system_id=audit.system_id))
    announce(unit, FairnessAuditFinished(audit_id=audit.id, system_id=audit.system_id))
    return finished


def ended(unit: UnitOfWork, job: Job) -> None:
    """What follows for the audit from a job that failed or was cancelled. Once."""
    audit = unit.find(FairnessAudit, id=job.subject)
    if audit is None or audit.state.final:
        return
    cancelled = job.state is JobState.CANCELLED
    code = job.error_code or ("cancelled" if cancelled else "internal_error")
    unit.put(
        replace(
            audit,
            state=RunState.CANCELLED if cancelled else RunState.FAILED,
            error_code=code,
            error_detail=(job.error_detail or "")[:_LONGEST_DETAIL] or None,
            finished_at=unit.now(),
        )
    )
    unit.record(EventKind.AUDIT_FAILED, audit.id, {"code": code})


def cancel(unit: UnitOfWork, audit_id: str) -> FairnessAudit:
    """Cancels a queued audit now, and has a running one stop at its next stage.

    Cancelled already is no error. Raises `StepRefused` for one that has finished or failed.
    """
    audit = unit.get(FairnessAudit, audit_id)
    if audit.state in (RunState.FINISHED, RunState.FAILED):
        raise StepRefused(f"The audit has {audit.state.value}; there is nothing to cancel.")
    if audit.state is not RunState.CANCELLED:
        job = request_cancel(unit, audit.job_id)
        if job.state.final:
            ended(unit, job)
    return unit.get(FairnessAudit, audit_id)


def _table(unit: UnitOfWork, media_id: str) -> Media:
    return usable(unit, media_id, candidate_id=None, kinds=(MediaKind.TABLE,))
