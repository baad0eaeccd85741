"""Links to reports that need no key: short-lived, recorded, and dead with their report.

A link's token is its identifier and an HMAC-SHA256 over all that it stands for, under a key of the
tenant that the key ring seals. The row says when it ends; without the row there is no link. So a
token can be made by nobody else, and taken back at once.
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import timedelta

from audit.canonical import Json
from audit.ids import new_id
from audit.ledger import EventKind, timestamp
from audit.operations.changes import change
from audit.operations.link_keys import id_in, link_key, nowhere, signed, stored_link_key
from audit.operations.reports import form, read, readable
from audit.records.evidence import Report, ReportFile
from audit.records.issued import ReportLink
from audit.store import ReadUnit, UnitOfWork

SHORTEST = timedelta(minutes=1)
LONGEST = timedelta(days=7)
USUAL = timedelta(hours=1)
_NAME = "report_links"
_FORMAT = "fairwitness-report-link/1"


def make_link(
    unit: UnitOfWork, report_id: str, format: str, lasts: timedelta = USUAL
) -> tuple[ReportLink, str]:
    """A link to one form of a report, and its token, which is shown this once.

    Raises:
        NotFound: there is no such report, or it has no such form.
        StepRefused, DataKeyDestroyed: it is not finished, or was erased.
    """
    report = readable(unit, report_id)
    file = form(report, format)
    link = unit.add(
        ReportLink(
            id=new_id("lnk"),
            report_id=report.id,
            format=format,
            sha256=file.sha256,
            expires_at=unit.now() + min(max(lasts, SHORTEST), LONGEST),
            created_by=unit.actor,
        )
    )
    body: dict[str, Json] = {
        "link": link.id,
        "format": format,
        "sha256": file.sha256,
        "expires_at": timestamp(link.expires_at),
    }
    unit.record(EventKind.REPORT_LINKED, report.id, body)
    return link, _token(unit, link, link_key(unit, _NAME))


def follow(unit: UnitOfWork, token: str) -> tuple[Report, ReportFile]:
    """What a token leads to, about to be given out; recorded.

    Raises:
        NotFound: it leads nowhere: not made here, ended, taken back; nobody learns which.
        DataKeyDestroyed: the report was erased.
    """
    link = unit.find(ReportLink, id=link_of(token) or "")
    key = stored_link_key(unit, _NAME)
    if link is None or key is None or not _is_of(unit, link, token, key):
        raise nowhere()
    if link.revoked_at is not None or link.expires_at <= unit.now():
        raise nowhere()
    report, file = read(unit, link.report_id, link.format, through=link.id)
    if file.sha256 != link.sha256:
        raise nowhere()
    return report, file


def revoke_link(unit: UnitOfWork, link_id: str) -> ReportLink:
    """Ends a link now. Again is no error. Raises `NotFound`."""
    now = unit.now()

    def revoked(link: ReportLink) -> ReportLink:
        return link if link.revoked_at is not None else replace(link, revoked_at=now)

    link = change(unit, ReportLink, link_id, revoked)
    if link.revoked_at == now:
        unit.record(EventKind.REPORT_LINK_REVOKED, link.report_id, {"link": link.id})
    return link


def link_of(token: str) -> str | None:
    """The identifier in a token that is written as one."""
    return id_in(token, "lnk")


def _is_of(unit: ReadUnit, link: ReportLink, token: str, key: bytes) -> bool:
    return hmac.compare_digest(token, _token(unit, link, key))


def _token(unit: ReadUnit, link: ReportLink, key: bytes) -> str:
    said: dict[str, Json] = {
        "format": _FORMAT,
        "tenant": unit.tenant,
        "link": link.id,
        "report": link.report_id,
        "form": link.format,
        "sha256": link.sha256,
        "expires_at": timestamp(link.expires_at),
    }
    return signed(key, link.id, said)
