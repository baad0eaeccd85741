"""What belongs to reports: signing keys, links, recorded answers, schedules, publications."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from audit.records.base import Record

Scalar = bool | int | float | str


class DocumentKind(StrEnum):
    """Kinds of documents: those of `reports.document.model.Kind`."""

    INTERVIEW_INTEGRITY = "interview_integrity"
    IDENTITY_THREAD = "identity_thread"
    FAIRNESS_AUDIT = "fairness_audit"
    LL144_SUMMARY = "ll144_summary"
    ADVERSE_IMPACT_RECORD = "adverse_impact_record"
    GOVERNANCE = "governance"
    REGIME_FILE = "regime_file"
    CANDIDATE_NOTICE = "candidate_notice"
    ADVERSE_OUTCOME_DISCLOSURE = "adverse_outcome_disclosure"
    EXPLANATION_LETTER = "explanation_letter"


class Every(StrEnum):
    """How often a report is made: at the end of each of these, as the calendar has them."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey(Record):
    """A key that signs reports: public for good, private sealed under the key ring."""

    key_id: str
    public: bytes
    sealed: bytes | None = field(default=None, repr=False)
    valid_from: datetime
    retired_at: datetime | None = None
    revoked_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedDirectory(Record):
    """A published directory of keys, byte for byte. `number` counts from 0."""

    number: int
    sha256: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedSecret(Record):
    """A secret of the tenant that the service made for itself; sealed under the key ring."""

    name: str
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLink(Record):
    """A link to one form of a report that needs no key until it ends."""

    report_id: Annotated[str, Field(description="The report.")]
    format: Annotated[str, Field(description="Which form of it.", examples=["pdf"])]
    sha256: Annotated[str, Field(description="Of the file that it leads to.")]
    expires_at: Annotated[datetime, Field(description="When it ends.")]
    created_by: Annotated[str, Field(description="The key that made it.")]
    revoked_at: Annotated[datetime | None, Field(description="When it was taken back.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAnswer:
    """What a person answered for a field of a rule pack."""

    value: Annotated[
        Scalar, Field(description="As the field asks; a date as YYYY-MM-DD.", examples=[True])
    ]
    by: Annotated[str, Field(description="Opaque reference of the person.", examples=["person-12"])]
    function: Annotated[
        str, Field(description="Their function; readers see it.", examples=["Head of compliance"])
    ]
    on: Annotated[date, Field(description="The day on which it was recorded.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers(Record):
    """A version of what persons recorded for a system. Versions are never changed."""

    system_id: str
    number: int
    answers: dict[str, RecordedAnswer]
    recorded_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSchedule(Record):
    """A report that is made at the end of each period."""

    kind: Annotated[DocumentKind, Field(description="What is made.", examples=["governance"])]
    system_id: Annotated[str, Field(description="Of which system.")]
    every: Annotated[Every, Field(description="How long a period is.")]
    zone: Annotated[
        str, Field(description="Time zone whose days are counted.", examples=["America/New_York"])
    ]
    language: Annotated[str, Field(description="Language of the report.", examples=["en"])]
    packs: Annotated[
        tuple[str, ...], Field(description="Rule packs of a regime file.", examples=[["ll144"]])
    ] = ()
    recipients: Annotated[
        tuple[str, ...],
        Field(description="Webhook endpoints that are told; empty: all that take `report.ready`."),
    ] = ()
    next_since: Annotated[datetime, Field(description="Where the next period begins.")]
    next_at: Annotated[datetime, Field(description="When that period ends and its report is made.")]
    made: Annotated[int, Field(description="How many periods were taken up.", ge=0)] = 0
    ended_at: Annotated[datetime | None, Field(description="When the schedule was ended.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication(Record):
    """A public page with the summary of a system's bias audit."""

    system_id: Annotated[str, Field(description="Of which system.")]
    slug: Annotated[
        str,
        Field(
            description="The page is at `/public/{slug}`.",
            examples=["example-talent-video-interview"],
        ),
    ]
    name: Annotated[str, Field(description="The organisation, as the page calls it.")]
    colour: Annotated[
        str | None,
        Field(description="Of the page's head.", examples=["#1f4e79"]),
    ] = None
    logo: bytes | None = field(default=None, repr=False)
    current: Annotated[int, Field(description="The version that is shown.", ge=1)] = 1
    posted_at: Annotated[datetime, Field(description="When it was first posted.")]
    taken_down_at: Annotated[datetime | None, Field(description="When it was taken down.")] = None
    reason: Annotated[str, Field(description="Why it was taken down before its time.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedSummary(Record):
    """A version of a public page: the summary as it was posted, with its files."""

    publication_id: str
    number: int
    report_id: str
    document_sha256: str
    files: dict[str, Any] = field(repr=False)
    posted_at: datetime
