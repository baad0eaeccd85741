"""Public pages with the summary of a bias audit: posted, superseded, taken down.

A page keeps its own copy of what was posted, so that it stays up whatever becomes of the report.
It stays for as long as the law asks: the clock `ll144.summary_posted` runs from the last use of the
tool, and as long as the tool is in use there is no last one.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from pydantic import Field

from audit import clocks
from audit.canonical import Json
from audit.errors import AlreadyExists, InputError, NotFound, PostingRequired, StepRefused
from audit.ids import new_id
from audit.ledger import EventKind
from audit.operations.reports import Written, readable
from audit.records.evidence import Report
from audit.records.issued import DocumentKind, Publication, PublishedSummary
from audit.records.register import System
from audit.store import ReadUnit, UnitOfWork

CLOCK = "ll144.summary_posted"
PLACE = "US-NY-NYC"
MOST_VERSIONS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """What is posted: `files` are those of the report; `logo` is a PNG that was made safe."""

    report_id: str
    slug: str
    name: str
    colour: str | None
    logo: bytes | None
    files: tuple[Written, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationView:
    """A public page."""

    id: Annotated[str, Field(description="Opaque identifier.")]
    version: Annotated[int, Field(description="Counts changes; also the ETag.", ge=1)]
    created_at: Annotated[datetime, Field(description="When it was first posted, UTC.")]
    updated_at: Annotated[datetime, Field(description="When it was last changed, UTC.")]
    system_id: Annotated[str, Field(description="Of which system.")]
    report_id: Annotated[str, Field(description="The report that is shown.")]
    slug: Annotated[str, Field(description="In its address.", examples=["example-talent-video"])]
    path: Annotated[
        str, Field(description="Its address.", examples=["/public/example-talent-video"])
    ]
    name: Annotated[str, Field(description="The organisation, as the page calls it.")]
    colour: Annotated[str | None, Field(description="Of its head.", examples=["#1f4e79"])]
    has_logo: Annotated[bool, Field(description="Whether it shows a logo.")]
    versions: Annotated[int, Field(description="How many summaries were posted so far.", ge=1)]
    stays_until: Annotated[
        datetime | None,
        Field(description="Until when the law asks for it; null: as long as the tool is used."),
    ]
    taken_down_at: Annotated[datetime | None, Field(description="When it was taken down.")]
    reason: Annotated[str, Field(description="Why it was taken down before its time, if so.")]


def post(unit: UnitOfWork, posting: Posting) -> Publication:
    """Posts a summary: a new page, or a new version of the system's page of that name.

    Raises:
        NotFound, DataKeyDestroyed: there is no such report, or not any more.
        StepRefused: the report is no finished summary of a system.
        AlreadyExists: another page has that name.
    """
    report = readable(unit, posting.report_id)
    if report.kind != DocumentKind.LL144_SUMMARY or report.system_id is None:
        raise StepRefused(
            "Only the summary of a system's bias audit can be posted (ll144_summary)."
        )
    there = unit.find(Publication, slug=posting.slug)
    if there is not None and there.system_id != report.system_id:
        raise AlreadyExists(f"The page {posting.slug!r} shows another system; choose another name.")
    page = _new(unit, posting, report) if there is None else _again(unit, posting, there)
    sha256 = report.document_sha256 or ""
    unit.add(
        PublishedSummary(
            id=new_id("pos"),
            publication_id=page.id,
            number=page.current,
            report_id=report.id,
            document_sha256=sha256,
            files={each.format: _kept(each) for each in posting.files},
            posted_at=unit.now(),
        )
    )
    body: dict[str, Json] = {
        "report": report.id,
        "system": report.system_id,
        "number": page.current,
        "document_sha256": sha256,
    }
    unit.record(EventKind.SUMMARY_POSTED, page.id, body)
    return page


def take_down(
    unit: UnitOfWork, publication_id: str, *, reason: str = "", force: bool = False
) -> Publication:
    """Takes a page down. Again is no error.

    Raises:
        PostingRequired: the law asks for it still, and it is not forced.
        InputError: it is forced without a reason.
    """
    page = unit.get(Publication, publication_id)
    if page.taken_down_at is not None:
        return page
    until = stays_until(unit, page)
    early = until is None or unit.now() < until
    if early and not force:
        when = f"until {until.date().isoformat()}" if until else "as long as the tool is in use"
        raise PostingRequired(
            f"{clocks.find(CLOCK).citation}: the summary stays posted {when}"
            f"{'' if until else ', and six months after: mark the system as retired first'}. To "
            "take it down all the same, force it and say why; that is recorded."
        )
    if early and not reason.strip():
        raise InputError("To take it down before its time, say why.")
    down = unit.put(replace(page, taken_down_at=unit.now(), reason=reason if early else ""))
    body: dict[str, Json] = {
        "system": page.system_id,
        "early": early,
        "stays_until": until.isoformat() if until else None,
        "reason": reason[:300] if early else "",
    }
    unit.record(EventKind.SUMMARY_TAKEN_DOWN, page.id, body)
    return down


def stays_until(unit: ReadUnit, page: Publication) -> datetime | None:
    """Until when the law asks for a page; None as long as its system is in use."""
    retired = unit.get(System, page.system_id).retired_at
    if retired is None:
        return None
    return clocks.due(clocks.find(CLOCK), retired, PLACE).ends_at


def shown(unit: ReadUnit, page: Publication) -> PublicationView:
    """A page as its organisation sees it."""
    return PublicationView(
        id=page.id,
        version=page.version,
        created_at=page.created_at,
        updated_at=page.updated_at,
        system_id=page.system_id,
        report_id=summary_of(unit, page).report_id,
        slug=page.slug,
        path=f"/public/{page.slug}",
        name=page.name,
        colour=page.colour,
        has_logo=page.logo is not None,
        versions=page.current,
        stays_until=stays_until(unit, page),
        taken_down_at=page.taken_down_at,
        reason=page.reason,
    )


def summary_of(unit: ReadUnit, page: Publication, number: int | None = None) -> PublishedSummary:
    """A version of what a page shows; without a number, the present one. Raises `NotFound`."""
    wanted = page.current if number is None else number
    found = unit.find(PublishedSummary, publication_id=page.id, number=wanted)
    if found is None:
        raise NotFound("There is no such version of this page.")
    return found


def page_of(unit: ReadUnit, slug: str) -> Publication:
    """The page of a name, for the public. Raises `NotFound`, also where it was taken down."""
    page = unit.find(Publication, slug=slug, taken_down_at=None)
    if page is None:
        raise NotFound("There is no such page, or not any more.")
    return page


def file_of(summary: PublishedSummary, format: str) -> Written:
    """One file of what was posted. Raises `NotFound`."""
    held: Mapping[str, str] | None = summary.files.get(format)
    if held is None:
        raise NotFound("This summary has no such file.")
    return Written(format, held["media_type"], base64.b64decode(held["base64"]))


def _new(unit: UnitOfWork, posting: Posting, report: Report) -> Publication:
    try:
        return unit.add(
            Publication(
                id=new_id("pub"),
                system_id=str(report.system_id),
                slug=posting.slug,
                name=posting.name,
                colour=posting.colour,
                logo=posting.logo,
                posted_at=unit.now(),
            )
        )
    except AlreadyExists:
        raise AlreadyExists(f"There is a page {posting.slug!r}; choose another name.") from None


def _again(unit: UnitOfWork, posting: Posting, page: Publication) -> Publication:
    if page.current >= MOST_VERSIONS:
        raise StepRefused(f"The page has {MOST_VERSIONS} versions; post under another name.")
    return unit.put(
        replace(
            page,
            name=posting.name,
            colour=posting.colour,
            logo=posting.logo,
            current=page.current + 1,
            taken_down_at=None,
            reason="",
        )
    )


def _kept(file: Written) -> dict[str, str]:
    return {
        "media_type": file.media_type,
        "sha256": hashlib.sha256(file.data).hexdigest(),
        "base64": base64.b64encode(file.data).decode(),
    }
