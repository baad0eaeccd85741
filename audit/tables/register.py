"""Systems, candidates, interviews, consents, notices and outcomes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from audit.tables.base import Base, Id, Owned, owned, refers

Reference = String(128)


class SystemRow(Owned, Base):
    """A hiring tool."""

    __tablename__ = "systems"
    __table_args__ = (owned(),)

    name: Mapped[str] = mapped_column(String(200))
    vendor: Mapped[str] = mapped_column(String(200))
    system_version: Mapped[str] = mapped_column(String(100))
    mode: Mapped[str] = mapped_column(String(20))
    decision_role: Mapped[str] = mapped_column(String(30))
    data_types: Mapped[list[Any]]
    jurisdictions: Mapped[list[Any]]
    retention_days: Mapped[dict[str, Any]]
    outcome_words: Mapped[dict[str, Any]]
    notice_url: Mapped[str | None] = mapped_column(String(500))
    policy: Mapped[str] = mapped_column(String(64))
    retired_at: Mapped[datetime | None]


class CandidateRow(Owned, Base):
    """A candidate."""

    __tablename__ = "candidates"
    __table_args__ = (owned(), UniqueConstraint("tenant_id", "external_ref"))

    external_ref: Mapped[str] = mapped_column(Reference)
    jurisdictions: Mapped[list[Any]]
    locale: Mapped[str] = mapped_column(String(35))
    stopped: Mapped[str] = mapped_column(String(20))
    stopped_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]


class DemographicsRow(Owned, Base):
    """Demographics of a candidate, sealed."""

    __tablename__ = "demographics"
    __table_args__ = (
        owned(),
        UniqueConstraint("tenant_id", "candidate_id"),
        refers("candidate_id", "candidates"),
    )

    candidate_id: Mapped[str] = mapped_column(Id)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    collected_at: Mapped[datetime]


class InterviewRow(Owned, Base):
    """An interview."""

    __tablename__ = "interviews"
    __table_args__ = (
        owned(),
        refers("candidate_id", "candidates"),
        refers("system_id", "systems"),
        Index(None, "tenant_id", "candidate_id"),
        Index(None, "tenant_id", "system_id"),
    )

    candidate_id: Mapped[str] = mapped_column(Id)
    system_id: Mapped[str] = mapped_column(Id)
    job: Mapped[str] = mapped_column(Reference)
    stage: Mapped[str] = mapped_column(Reference)
    location: Mapped[str] = mapped_column(Reference)
    mode: Mapped[str | None] = mapped_column(String(20))
    interviewer: Mapped[str | None] = mapped_column(Reference)
    questions: Mapped[list[Any]]
    coached: Mapped[bool | None]
    held_at: Mapped[datetime | None]
    human_alternative: Mapped[bool]


class ConsentRow(Owned, Base):
    """A consent."""

    __tablename__ = "consents"
    __table_args__ = (
        owned(),
        refers("candidate_id", "candidates"),
        refers("interview_id", "interviews"),
        Index(None, "tenant_id", "candidate_id"),
    )

    candidate_id: Mapped[str] = mapped_column(Id)
    interview_id: Mapped[str | None] = mapped_column(Id)
    purpose: Mapped[str] = mapped_column(String(32))
    text_version: Mapped[str] = mapped_column(Reference)
    jurisdiction: Mapped[str] = mapped_column(String(32))
    given_at: Mapped[datetime]
    reference: Mapped[str] = mapped_column(Reference)
    written: Mapped[bool]
    expires_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class NoticeRow(Owned, Base):
    """A notice that was given."""

    __tablename__ = "notices"
    __table_args__ = (
        owned(),
        refers("candidate_id", "candidates"),
        refers("system_id", "systems"),
        refers("interview_id", "interviews"),
        Index(None, "tenant_id", "candidate_id"),
        Index(None, "tenant_id", "system_id"),
    )

    kind: Mapped[str] = mapped_column(String(64))
    jurisdiction: Mapped[str] = mapped_column(String(32))
    text_version: Mapped[str] = mapped_column(Reference)
    channel: Mapped[str] = mapped_column(String(32))
    given_at: Mapped[datetime]
    candidate_id: Mapped[str | None] = mapped_column(Id)
    system_id: Mapped[str | None] = mapped_column(Id)
    interview_id: Mapped[str | None] = mapped_column(Id)
    use_on: Mapped[datetime | None]
    in_time: Mapped[bool | None]
    clock: Mapped[str | None] = mapped_column(String(64))


class OutcomeRow(Owned, Base):
    """An outcome."""

    __tablename__ = "outcomes"
    __table_args__ = (
        owned(),
        UniqueConstraint("tenant_id", "source", "external_event"),
        refers("candidate_id", "candidates"),
        refers("system_id", "systems"),
        refers("interview_id", "interviews"),
        Index(None, "tenant_id", "candidate_id"),
        Index(None, "tenant_id", "system_id", "occurred_at"),
    )

    candidate_id: Mapped[str] = mapped_column(Id)
    system_id: Mapped[str | None] = mapped_column(Id)
    interview_id: Mapped[str | None] = mapped_column(Id)
    job: Mapped[str] = mapped_column(Reference)
    stage: Mapped[str] = mapped_column(Reference)
    location: Mapped[str] = mapped_column(Reference)
    word: Mapped[str] = mapped_column(Reference)
    outcome: Mapped[str] = mapped_column(String(20))
    occurred_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(32))
    external_event: Mapped[str] = mapped_column(Reference)
    scores: Mapped[dict[str, Any]]
    decided_by: Mapped[str | None] = mapped_column(Reference)
    overridden: Mapped[bool | None]


class AtsConnectionRow(Owned, Base):
    """Where outcomes come from."""

    __tablename__ = "ats_connections"
    __table_args__ = (owned(), refers("system_id", "systems"))

    system_id: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(200))
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary)
    received: Mapped[int]
    ignored: Mapped[int]
    disabled_at: Mapped[datetime | None]
