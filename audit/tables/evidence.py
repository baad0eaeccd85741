"""Media, uploads, checks, references, comparisons, fairness audits and reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from audit.tables.base import Base, Document, Id, Owned, owned, refers

_Hash = String(64)


class MediaRow(Owned, Base):
    """A stored file."""

    __tablename__ = "media"
    __table_args__ = (
        owned(),
        refers("candidate_id", "candidates"),
        refers("interview_id", "interviews"),
        Index(None, "tenant_id", "candidate_id"),
        Index(None, "state", "keep_until"),
    )

    candidate_id: Mapped[str | None] = mapped_column(Id)
    interview_id: Mapped[str | None] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(16))
    media_type: Mapped[str] = mapped_column(String(100))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(_Hash)
    name: Mapped[str] = mapped_column(String(255))
    state: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(32))
    keep_until: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]


class UploadRow(Owned, Base):
    """An upload under way."""

    __tablename__ = "uploads"
    __table_args__ = (
        owned(),
        refers("candidate_id", "candidates"),
        refers("interview_id", "interviews"),
        Index(None, "state", "expires_at"),
    )

    candidate_id: Mapped[str | None] = mapped_column(Id)
    interview_id: Mapped[str | None] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(_Hash)
    media_type: Mapped[str | None] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(255))
    received_bytes: Mapped[int] = mapped_column(BigInteger)
    parts: Mapped[int]
    expires_at: Mapped[datetime]
    media_id: Mapped[str | None] = mapped_column(Id)
    refused: Mapped[str | None] = mapped_column(String(500))


class _Run(Owned):
    """Something that a job does."""

    state: Mapped[str] = mapped_column(String(16))
    job_id: Mapped[str] = mapped_column(Id)
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_detail: Mapped[str | None] = mapped_column(String(500))
    finished_at: Mapped[datetime | None]


class CheckRow(_Run, Base):
    """A check."""

    __tablename__ = "checks"
    __table_args__ = (
        owned(),
        refers("candidate_id", "candidates"),
        refers("interview_id", "interviews"),
        refers("system_id", "systems"),
        refers("media_id", "media"),
        refers("job_id", "jobs"),
        Index(None, "tenant_id", "candidate_id"),
        Index(None, "tenant_id", "interview_id"),
        Index(None, "tenant_id", "system_id", "state"),
    )

    candidate_id: Mapped[str] = mapped_column(Id)
    interview_id: Mapped[str] = mapped_column(Id)
    system_id: Mapped[str] = mapped_column(Id)
    media_id: Mapped[str] = mapped_column(Id)
    reference_media: Mapped[list[Any]]
    identity_signals: Mapped[bool]
    gate: Mapped[list[Any]]
    findings: Mapped[dict[str, Any]]
    result_sha256: Mapped[str | None] = mapped_column(_Hash)
    report_id: Mapped[str | None] = mapped_column(Id)
    started_at: Mapped[datetime | None]


class ReferenceRow(Owned, Base):
    """A biometric reference: a recording under a consent."""

    __tablename__ = "biometric_references"
    __table_args__ = (
        owned(),
        refers("candidate_id", "candidates"),
        refers("media_id", "media"),
        refers("consent_id", "consents"),
        Index(None, "tenant_id", "candidate_id"),
        Index(None, "expires_at"),
    )

    candidate_id: Mapped[str] = mapped_column(Id)
    media_id: Mapped[str] = mapped_column(Id)
    consent_id: Mapped[str] = mapped_column(Id)
    label: Mapped[str] = mapped_column(String(200))
    expires_at: Mapped[datetime | None]


class ComparisonRow(_Run, Base):
    """A comparison."""

    __tablename__ = "comparisons"
    __table_args__ = (
        owned(),
        refers("candidate_id", "candidates"),
        refers("media_id", "media"),
        refers("job_id", "jobs"),
        Index(None, "tenant_id", "candidate_id"),
    )

    candidate_id: Mapped[str] = mapped_column(Id)
    media_id: Mapped[str] = mapped_column(Id)
    reference_ids: Mapped[list[Any]]
    bands: Mapped[list[Any]]
    report_id: Mapped[str | None] = mapped_column(Id)


class FairnessAuditRow(_Run, Base):
    """A fairness audit."""

    __tablename__ = "fairness_audits"
    __table_args__ = (
        owned(),
        refers("system_id", "systems"),
        refers("job_id", "jobs"),
        Index(None, "tenant_id", "system_id"),
    )

    name: Mapped[str] = mapped_column(String(200))
    system_id: Mapped[str | None] = mapped_column(Id)
    source: Mapped[str] = mapped_column(Id)
    spec: Mapped[dict[str, Any]]
    since: Mapped[datetime | None]
    until: Mapped[datetime | None]
    classes: Mapped[dict[str, Any]]
    result_sha256: Mapped[str | None] = mapped_column(_Hash)
    report_id: Mapped[str | None] = mapped_column(Id)
    started_at: Mapped[datetime | None]


class ReportRow(Owned, Base):
    """A report."""

    __tablename__ = "reports"
    __table_args__ = (
        owned(),
        UniqueConstraint("tenant_id", "schedule_id", "period"),
        refers("candidate_id", "candidates"),
        refers("system_id", "systems"),
        refers("job_id", "jobs"),
        Index(None, "tenant_id", "subject"),
        Index(None, "tenant_id", "candidate_id"),
        Index(None, "tenant_id", "series"),
        Index(None, "keep_until"),
    )

    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(Id)
    candidate_id: Mapped[str | None] = mapped_column(Id)
    system_id: Mapped[str | None] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(16))
    job_id: Mapped[str | None] = mapped_column(Id)
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_detail: Mapped[str | None] = mapped_column(String(500))
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    language: Mapped[str] = mapped_column(String(8))
    order: Mapped[dict[str, Any] | None] = mapped_column(Document)
    automatic: Mapped[bool]
    series: Mapped[str] = mapped_column(String(160))
    number: Mapped[int]
    superseded_by: Mapped[str | None] = mapped_column(Id)
    schedule_id: Mapped[str | None] = mapped_column(Id)
    period: Mapped[str | None] = mapped_column(String(40))
    document_sha256: Mapped[str | None] = mapped_column(_Hash)
    signed_by: Mapped[str | None] = mapped_column(String(16))
    packs: Mapped[list[Any]]
    files: Mapped[list[Any]]
    sealed_under: Mapped[str] = mapped_column(Id)
    keep_until: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
