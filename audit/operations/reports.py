"""Reports: sealed with the data of whom they are about, and read.

A check's report holds pictures of a face, so it is sealed under its candidate. A fairness audit's
holds counts, and is sealed under the audit. Names of stored files hold the attempt that wrote them:
a worker that lost its job can overwrite nothing that counts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from audit.canonical import Json
from audit.errors import BlobMissing, DataKeyDestroyed, NotFound
from audit.keyring import Context
from audit.ledger import EventKind
from audit.operations.announcements import announce
from audit.operations.keeping import keep_until
from audit.records.evidence import Report, ReportFile
from audit.store import ReadUnit, UnitOfWork
from audit.vault import Vault
from audit.webhooks.events import ReportReady

PURPOSE = "report"
RESULT = "json"
"""The form that holds the result itself, for programs."""


@dataclass(frozen=True, slots=True)
class Written:
    """One form of a report: its format, its media type and its bytes."""

    format: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a report is about: a check or an audit (`subject`). `candidate_id`: whose it is."""

    kind: str
    subject: str
    candidate_id: str | None = None

    @property
    def report_id(self) -> str:
        """There is one report of a subject: it has the characters of the subject's identifier."""
        return "rep_" + self.subject.partition("_")[2]


def seal(
    vault: Vault, tenant: str, about: About, *, written: tuple[Written, ...], attempt: int
) -> tuple[ReportFile, ...]:
    """Seals the forms of a report, outside of any unit; they count once `issue` names them.

    Raises `DataKeyDestroyed` where the candidate was erased.
    """
    files = []
    for each in written:
        artefact = f"{about.report_id}-{each.format}-{attempt}"
        context = Context(tenant, about.candidate_id or about.subject, artefact, PURPOSE)
        vault.store(context, [each.data])
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
    unit: UnitOfWork, about: About, files: tuple[ReportFile, ...], *, system_id: str | None
) -> Report:
    """The row of a report whose forms are sealed; recorded and announced."""
    report = unit.add(
        Report(
            id=about.report_id,
            kind=about.kind,
            subject=about.subject,
            candidate_id=about.candidate_id,
            files=files,
            keep_until=keep_until(unit, "reports", system_id),
        )
    )
    hashes: dict[str, Json] = {each.format: each.sha256 for each in files}
    body: dict[str, Json] = {"kind": report.kind, "about": report.subject, "sha256": hashes}
    unit.record(EventKind.REPORT_ISSUED, report.id, body)
    announce(unit, ReportReady(report_id=report.id, subject_id=report.subject))
    return report


def read(unit: UnitOfWork, report_id: str, format: str) -> tuple[Report, ReportFile]:
    """A form of a report that is about to be given out; recorded.

    Raises:
        NotFound: there is no such report, or it has no such form.
        DataKeyDestroyed: it was erased.
    """
    report = unit.get(Report, report_id)
    if report.erased_at is not None:
        raise DataKeyDestroyed(f"The report {report_id} was erased.")
    found = file_of(report, format)
    if found is None:
        forms = ", ".join(each.format for each in report.files)
        raise NotFound(f"The report {report_id} has no form {format!r}; it has: {forms}.")
    unit.record(EventKind.REPORT_READ, report.id, {"format": format, "sha256": found.sha256})
    return report, found


def content(vault: Vault, tenant: str, report: Report, file: ReportFile) -> Iterator[bytes]:
    """The plain bytes of one form, outside of any writing unit. See `Vault.open`."""
    subject = report.candidate_id or report.subject
    return vault.open(Context(tenant, subject, file.artefact, PURPOSE))


@dataclass(frozen=True, slots=True)
class ResultReader:
    """Reads the results of past reports, for dry runs of policies. Nothing leaves the service."""

    vault: Vault

    def __call__(self, unit: ReadUnit, report: Report, /) -> Mapping[str, Any] | None:
        """The parsed result; None where it was erased."""
        file = file_of(report, RESULT)
        if report.erased_at is not None or file is None:
            return None
        try:
            text = b"".join(content(self.vault, unit.tenant, report, file))
        except (DataKeyDestroyed, BlobMissing):
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
