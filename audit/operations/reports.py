"""Reports: sealed with the data of whom they are about, and read.

A report about a candidate is sealed under that candidate, and dies with their data key. Others have
a key of their own. Names of stored files hold the attempt that wrote them: a worker that lost its
job can overwrite nothing that counts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from audit.canonical import Json
from audit.errors import BlobMissing, DataKeyDestroyed, NotFound, StepRefused
from audit.keyring import Context
from audit.ledger import EventKind
from audit.operations.announcements import announce
from audit.operations.changes import change
from audit.operations.keeping import keep_until
from audit.records.evidence import PackUsed, Report, ReportFile, RunState
from audit.records.issued import DocumentKind, ReportSchedule
from audit.store import ReadUnit, UnitOfWork
from audit.store.turns import take_turn
from audit.vault import Vault
from audit.webhooks.events import ReportReady

PURPOSE = "report"
RESULT = "result"
"""The form that holds the raw result of a check, comparison or audit, for programs."""
CUBE = "cube"
"""The counts of an audit: in evidence bundles, and nowhere else."""
WITH_RESULTS = (DocumentKind.INTERVIEW_INTEGRITY, DocumentKind.FAIRNESS_AUDIT)
"""Kinds whose automatic reports hold results that policies read."""


@dataclass(frozen=True, slots=True)
class Written:
    """One form of a report: its format, its media type and its bytes."""

    format: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What an automatic report is about: a check, a comparison or an audit (`subject`).

    `candidate_id`: whose it is. `job_id`: the job that makes both.
    """

    kind: DocumentKind
    subject: str
    candidate_id: str | None = None
    job_id: str | None = None

    @property
    def report_id(self) -> str:
        """One report comes with a subject: it has the characters of the subject's identifier."""
        return "rep_" + self.subject.partition("_")[2]

    @property
    def sealed_under(self) -> str:
        """Whose data key seals it."""
        return self.candidate_id or self.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What is known of the signed document of a report."""

    document_sha256: str
    key_id: str
    packs: tuple[PackUsed, ...] = ()


def series_of(kind: DocumentKind, subject: str, language: str, variant: str = "") -> str:
    """The same for reports of which a newer one supersedes the older."""
    return f"{kind.value}:{subject}:{language}:{variant}"


def seal(
    vault: Vault, tenant: str, home: About | Report, *, written: tuple[Written, ...], attempt: int
) -> tuple[ReportFile, ...]:
    """Seals the forms of a report, outside of any unit; they count once its row names them.

    Raises `DataKeyDestroyed` where the candidate was erased.
    """
    report_id = home.id if isinstance(home, Report) else home.report_id
    files = []
    for each in written:
        artefact = f"{report_id}-{each.format}-{attempt}"
        vault.store(Context(tenant, home.sealed_under, artefact, PURPOSE), [each.data])
        files.append(
            ReportFile(
                format=each.format,
                media_type=each.media_type,
                sha256=hashlib.sha256(each.data).hexdigest(),
                size_bytes=len(each.data),
                artefact=artefact,
            )
        )
    return tuple(files)


def issue(
    unit: UnitOfWork,
    about: About,
    files: tuple[ReportFile, ...],
    *,
    system_id: str | None,
    signed: Signed | None = None,
) -> Report:
    """The row of an automatic report whose forms are sealed; recorded and announced."""
    report = Report(
        id=about.report_id,
        kind=about.kind.value,
        subject=about.subject,
        candidate_id=about.candidate_id,
        system_id=system_id,
        job_id=about.job_id,
        series=series_of(about.kind, about.subject, "en"),
        sealed_under=about.sealed_under,
        finished_at=unit.now(),
        keep_until=keep_until(unit, "reports", system_id),
    )
    report = unit.add(_with(report, files, signed))
    _record(unit, report)
    announce(unit, ReportReady(report_id=report.id, subject_id=report.subject, kind=about.kind))
    return report


def complete(
    unit: UnitOfWork, report: Report, files: tuple[ReportFile, ...], signed: Signed
) -> Report:
    """An ordered report, finished: it supersedes the one before it in its series.

    Those whom its schedule names are told, or else all who want to be.
    """
    take_turn(unit, f"series/{report.series}")
    earlier = unit.every(
        Report, series=report.series, state=RunState.FINISHED, superseded_by=None, erased_at=None
    )
    number = max((each.number for each in unit.every(Report, series=report.series)), default=0)
    done = replace(
        report,
        state=RunState.FINISHED,
        finished_at=unit.now(),
        number=number + 1 if earlier or number > 1 else 1,
        keep_until=keep_until(unit, "reports", report.system_id),
    )
    done = unit.put(_with(done, files, signed))
    for each in earlier:
        change(unit, Report, each.id, lambda r: replace(r, superseded_by=done.id))
    _record(unit, done)
    told = ReportReady(
        report_id=done.id,
        subject_id=done.subject,
        kind=DocumentKind(done.kind),
        schedule_id=done.schedule_id,
    )
    announce(unit, told, only=_recipients(unit, done))
    return done


def readable(unit: ReadUnit, report_id: str) -> Report:
    """A report that is finished and was not erased.

    Raises:
        NotFound: there is no such report.
        StepRefused: it is not finished.
        DataKeyDestroyed: it was erased.
    """
    report = unit.get(Report, report_id)
    if report.erased_at is not None:
        raise DataKeyDestroyed(f"The report {report_id} was erased.")
    if report.state is not RunState.FINISHED:
        raise StepRefused(f"The report is {report.state.value}; there is nothing to read.")
    return report


def read(
    unit: UnitOfWork, report_id: str, format: str, *, through: str | None = None
) -> tuple[Report, ReportFile]:
    """A form of a report that is about to be given out; recorded. `through`: the link, if any.

    Raises:
        NotFound: there is no such report, or it has no such form.
        StepRefused: it is not finished.
        DataKeyDestroyed: it was erased.
    """
    report = readable(unit, report_id)
    found = form(report, format)
    note_read(unit, report, format, sha256=found.sha256, through=through)
    return report, found


def note_read(
    unit: UnitOfWork, report: Report, format: str, *, sha256: str, through: str | None = None
) -> None:
    """Records that something of a report is given out."""
    body: dict[str, Json] = {"format": format, "sha256": sha256}
    unit.record(
        EventKind.REPORT_READ, report.id, body if through is None else {**body, "link": through}
    )


def form(report: Report, format: str) -> ReportFile:
    """One form that can be given out. Raises `NotFound`."""
    found = file_of(report, format)
    if found is None or format == CUBE:
        forms = ", ".join(each.format for each in report.files if each.format != CUBE)
        raise NotFound(f"The report {report.id} has no form {format!r}; it has: {forms}.")
    return found


def content(vault: Vault, tenant: str, report: Report, file: ReportFile) -> Iterator[bytes]:
    """The plain bytes of one form, outside of any writing unit. See `Vault.open`."""
    return vault.open(Context(tenant, report.sealed_under, file.artefact, PURPOSE))


def whole(vault: Vault, tenant: str, report: Report, format: str) -> bytes | None:
    """All bytes of one form; None where the report does not have it.

    Raises `DataKeyDestroyed` or `BlobMissing` where it was erased.
    """
    file = file_of(report, format)
    return None if file is None else b"".join(content(vault, tenant, report, file))


@dataclass(frozen=True, slots=True)
class ResultReader:
    """Reads the results of past reports. Nothing leaves the service."""

    vault: Vault

    def __call__(self, unit: ReadUnit, report: Report, /) -> Mapping[str, Any] | None:
        """The parsed result; None where it was erased."""
        if report.erased_at is not None:
            return None
        try:
            text = whole(self.vault, unit.tenant, report, RESULT)
        except (DataKeyDestroyed, BlobMissing):
            return None
        if text is None:
            return None
        held: Mapping[str, Any] = json.loads(text)
        return held


def file_of(report: Report, format: str) -> ReportFile | None:
    """One form of a report."""
    return next((each for each in report.files if each.format == format), None)


def discard(vault: Vault, tenant: str, files: tuple[ReportFile, ...]) -> None:
    """Removes sealed forms that no report names."""
    for each in files:
        vault.erase_key(tenant, each.artefact)


def _with(report: Report, files: tuple[ReportFile, ...], signed: Signed | None) -> Report:
    if signed is None:
        return replace(report, files=files)
    return replace(
        report,
        files=files,
        document_sha256=signed.document_sha256,
        signed_by=signed.key_id,
        packs=signed.packs,
    )


def _record(unit: UnitOfWork, report: Report) -> None:
    hashes: dict[str, Json] = {each.format: each.sha256 for each in report.files}
    body: dict[str, Json] = {"kind": report.kind, "about": report.subject, "sha256": hashes}
    if report.document_sha256 is not None:
        body |= {"document_sha256": report.document_sha256, "signed_by": report.signed_by}
    unit.record(EventKind.REPORT_ISSUED, report.id, body)


def _recipients(unit: ReadUnit, report: Report) -> tuple[str, ...]:
    if report.schedule_id is None:
        return ()
    return unit.get(ReportSchedule, report.schedule_id).recipients
