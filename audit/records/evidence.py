"""Media, uploads, checks, biometric references, fairness audits and reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from audit.records.base import Record


class MediaKind(StrEnum):
    """What a stored file is."""

    RECORDING = "recording"
    REFERENCE = "reference"
    TABLE = "table"


class MediaState(StrEnum):
    """Whether its bytes are there."""

    STORED = "stored"
    ERASED = "erased"


class UploadState(StrEnum):
    """Where an upload stands."""

    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"
    EXPIRED = "expired"


class RunState(StrEnum):
    """Where a check, a comparison or an audit stands."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing more happens."""
        return self not in (RunState.QUEUED, RunState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Media(Record):
    """A stored file, sealed at rest."""

    candidate_id: Annotated[str | None, Field(description="Whose it is; null: a table.")] = None
    interview_id: Annotated[str | None, Field(description="Of which interview.")] = None
    kind: Annotated[MediaKind, Field(description="What it is.")] = MediaKind.RECORDING
    media_type: Annotated[str, Field(description="As found in its content.")]
    size_bytes: Annotated[int, Field(description="Size of the plain bytes.")]
    sha256: Annotated[str, Field(description="Of the plain bytes, hexadecimal.")]
    name: Annotated[str, Field(description="The name it came with, made safe; for people.")] = ""
    state: Annotated[MediaState, Field(description="Whether its bytes are there.")] = (
        MediaState.STORED
    )
    source: Annotated[str, Field(description="How it came.", examples=["upload", "pull"])] = (
        "upload"
    )
    keep_until: Annotated[datetime | None, Field(description="When it is erased.")] = None
    erased_at: Annotated[datetime | None, Field(description="When it was erased.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload(Record):
    """An upload that can be resumed."""

    candidate_id: Annotated[str | None, Field(description="Whose it is.")] = None
    interview_id: Annotated[str | None, Field(description="Of which interview.")] = None
    kind: Annotated[MediaKind, Field(description="What it is.")] = MediaKind.RECORDING
    state: Annotated[UploadState, Field(description="Where it stands.")] = UploadState.OPEN
    size_bytes: Annotated[int, Field(description="How many bytes were announced.")]
    sha256: Annotated[str | None, Field(description="What was announced.")] = None
    media_type: Annotated[str | None, Field(description="What was announced.")] = None
    name: Annotated[str, Field(description="Made safe; for people.")] = ""
    received_bytes: Annotated[int, Field(description="The offset to go on at.")] = 0
    parts: Annotated[int, Field(description="Pieces stored so far.")] = 0
    expires_at: Annotated[datetime, Field(description="When it is dropped.")]
    media_id: Annotated[str | None, Field(description="The stored file, when done.")] = None
    refused: Annotated[str | None, Field(description="Why it was refused.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Record):
    """Something that a job does."""

    job_id: Annotated[str, Field(description="The job that does it.")]
    state: Annotated[RunState, Field(description="Where it stands.")] = RunState.QUEUED
    error_code: Annotated[str | None, Field(description="Why it failed.")] = None
    error_detail: Annotated[str | None, Field(description="Why it failed, in words.")] = None
    finished_at: Annotated[datetime | None, Field(description="When it ended.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Run):
    """One check of a recording."""

    candidate_id: Annotated[str, Field(description="The candidate.")]
    interview_id: Annotated[str, Field(description="The interview.")]
    system_id: Annotated[str, Field(description="The system.")]
    media_id: Annotated[str, Field(description="The recording.")]
    reference_media: Annotated[
        tuple[str, ...], Field(description="Earlier recordings it is compared with.")
    ] = ()
    identity_signals: Annotated[
        bool, Field(description="Whether faces and voices were compared: needs consent.")
    ]
    gate: Annotated[
        tuple[str, ...], Field(description="Why it runs as it does: consents and laws, in words.")
    ] = ()
    findings: Annotated[
        dict[str, str],
        Field(
            description="The answers to the four questions, in the words of the report.",
            examples=[{"authenticity": "no_indication", "identity": "inconclusive"}],
        ),
    ]
    result_sha256: Annotated[str | None, Field(description="Of the canonical result.")] = None
    report_id: Annotated[str | None, Field(description="Its report.")] = None
    started_at: Annotated[datetime | None, Field(description="When it was started.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference(Record):
    """A recording that stands for a candidate's face and voice, under a consent."""

    candidate_id: Annotated[str, Field(description="The candidate.")]
    media_id: Annotated[str, Field(description="The recording.")]
    consent_id: Annotated[str, Field(description="The consent it rests on.")]
    label: Annotated[str, Field(description="For people.", examples=["First interview"])] = ""
    expires_at: Annotated[datetime | None, Field(description="When it is erased.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison(Run):
    """A comparison of a recording with a candidate's references; it answers in bands."""

    candidate_id: Annotated[str, Field(description="The candidate.")]
    media_id: Annotated[str, Field(description="The recording.")]
    reference_ids: Annotated[tuple[str, ...], Field(description="What it was compared with.")]
    bands: Annotated[
        tuple[dict[str, Any], ...],
        Field(description="For each reference and modality: the verbal band, never a score."),
    ] = ()
    report_id: Annotated[str | None, Field(description="Its report, for reviewers.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessAudit(Run):
    """A fairness audit."""

    name: Annotated[str, Field(description="For people.")]
    system_id: Annotated[str | None, Field(description="The system that is audited.")] = None
    source: Annotated[
        str, Field(description="outcomes: those stored here; or the id of an uploaded table.")
    ]
    spec: Annotated[dict[str, Any], Field(description="The specification, as it was given.")]
    since: Annotated[datetime | None, Field(description="Outcomes from this time on.")] = None
    until: Annotated[datetime | None, Field(description="Outcomes before this time.")] = None
    classes: Annotated[dict[str, int], Field(description="How many findings of each class.")]
    result_sha256: Annotated[str | None, Field(description="Of the canonical result.")] = None
    report_id: Annotated[str | None, Field(description="Its report.")] = None
    started_at: Annotated[datetime | None, Field(description="When it was started.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFile:
    """One form of a report."""

    format: Annotated[
        str, Field(description="json, html, pdf, csv or docx; or result, of checks and audits.")
    ]
    media_type: Annotated[str, Field(description="Its type.")]
    sha256: Annotated[str, Field(description="Of its plain bytes.")]
    size_bytes: Annotated[int, Field(description="Their number.")]
    artefact: Annotated[str, Field(description="Identifier of the stored bytes.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackUsed:
    """A rule pack that a report was made with."""

    id: Annotated[str, Field(description="The pack.", examples=["ll144"])]
    version: Annotated[str, Field(description="Its version.", examples=["2026-11-22"])]
    sha256: Annotated[str, Field(description="Hash of its meaning.")]
    fields: Annotated[tuple[str, ...], Field(description="Its fields that the report holds.")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Record):
    """A report, sealed at rest."""

    kind: Annotated[str, Field(description="Which document.", examples=["interview_integrity"])]
    subject: Annotated[
        str,
        Field(
            description="What it is about: a check, comparison, candidate, audit, system, outcome "
            "or request."
        ),
    ]
    candidate_id: Annotated[str | None, Field(description="Whose data it holds.")] = None
    system_id: Annotated[str | None, Field(description="Of which system.")] = None
    state: Annotated[RunState, Field(description="Where it stands.")] = RunState.FINISHED
    job_id: Annotated[str | None, Field(description="The job that makes it.")] = None
    error_code: Annotated[str | None, Field(description="Why it failed.")] = None
    error_detail: Annotated[str | None, Field(description="Why it failed, in words.")] = None
    started_at: Annotated[datetime | None, Field(description="When it was started.")] = None
    finished_at: Annotated[datetime | None, Field(description="When it ended.")] = None
    language: Annotated[str, Field(description="Its language.", examples=["en"])] = "en"
    order: Annotated[
        dict[str, Any] | None,
        Field(
            description="What was asked for, sealed where it tells of a candidate; null: it came "
            "with its check, comparison or audit.",
            examples=[None],
        ),
    ] = None
    automatic: Annotated[
        bool, Field(description="Whether it came with its check, comparison or audit.")
    ] = True
    series: Annotated[
        str, Field(description="The same for reports of which a newer one supersedes the older.")
    ] = ""
    number: Annotated[int, Field(description="Counts the reports of a series.", ge=1)] = 1
    superseded_by: Annotated[str | None, Field(description="The newer one, if any.")] = None
    schedule_id: Annotated[str | None, Field(description="The schedule that asked for it.")] = None
    period: Annotated[
        str | None, Field(description="Which period of the schedule.", examples=[None])
    ] = None
    document_sha256: Annotated[str | None, Field(description="Of the signed document.")] = None
    signed_by: Annotated[str | None, Field(description="The key that signed it.")] = None
    packs: Annotated[tuple[PackUsed, ...], Field(description="Rule packs that were applied.")] = ()
    files: Annotated[tuple[ReportFile, ...], Field(description="Its forms.")] = ()
    sealed_under: Annotated[
        str, Field(description="Whose data key seals it: a candidate, or one of its own.")
    ] = ""
    keep_until: Annotated[datetime | None, Field(description="When it is erased.")] = None
    erased_at: Annotated[datetime | None, Field(description="When it was erased.")] = None
