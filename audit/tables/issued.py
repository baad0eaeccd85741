"""What belongs to reports: signing keys, links, recorded answers, schedules, publications."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from audit.tables.base import Base, Id, Owned, owned, refers

_Hash = String(64)


class ReportKeyRow(Owned, Base):
    """A key that signs reports."""

    __tablename__ = "report_keys"
    __table_args__ = (owned(), UniqueConstraint("tenant_id", "key_id"))

    key_id: Mapped[str] = mapped_column(String(16))
    public: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    valid_from: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(300))


class KeyDirectoryRow(Owned, Base):
    """A published directory of keys."""

    __tablename__ = "report_key_directories"
    __table_args__ = (owned(), UniqueConstraint("tenant_id", "number"))

    number: Mapped[int]
    sha256: Mapped[str] = mapped_column(_Hash)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class SealedSecretRow(Owned, Base):
    """A secret that the service made for itself."""

    __tablename__ = "sealed_secrets"
    __table_args__ = (owned(), UniqueConstraint("tenant_id", "name"))

    name: Mapped[str] = mapped_column(String(64))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class ReportLinkRow(Owned, Base):
    """A link to one form of a report."""

    __tablename__ = "report_links"
    __table_args__ = (
        owned(),
        refers("report_id", "reports"),
        Index(None, "tenant_id", "report_id"),
        Index(None, "expires_at"),
    )

    report_id: Mapped[str] = mapped_column(Id)
    format: Mapped[str] = mapped_column(String(16))
    sha256: Mapped[str] = mapped_column(_Hash)
    expires_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(128))
    revoked_at: Mapped[datetime | None]


class AnswersRow(Owned, Base):
    """A version of what persons recorded for a system."""

    __tablename__ = "recorded_answers"
    __table_args__ = (
        owned(),
        UniqueConstraint("tenant_id", "system_id", "number"),
        refers("system_id", "systems"),
    )

    system_id: Mapped[str] = mapped_column(Id)
    number: Mapped[int]
    answers: Mapped[dict[str, Any]]
    recorded_by: Mapped[str] = mapped_column(String(128))


class ReportScheduleRow(Owned, Base):
    """A report that is made at the end of each period."""

    __tablename__ = "report_schedules"
    __table_args__ = (
        owned(),
        refers("system_id", "systems"),
        Index(None, "tenant_id", "next_at"),
    )

    kind: Mapped[str] = mapped_column(String(32))
    system_id: Mapped[str] = mapped_column(Id)
    every: Mapped[str] = mapped_column(String(16))
    zone: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(8))
    packs: Mapped[list[Any]]
    recipients: Mapped[list[Any]]
    next_since: Mapped[datetime]
    next_at: Mapped[datetime]
    made: Mapped[int]
    ended_at: Mapped[datetime | None]


class PublicationRow(Owned, Base):
    """A public page. Its slug is one of the whole service: it stands in the page's address."""

    __tablename__ = "publications"
    __table_args__ = (owned(), UniqueConstraint("slug"), refers("system_id", "systems"))

    system_id: Mapped[str] = mapped_column(Id)
    slug: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    colour: Mapped[str | None] = mapped_column(String(7))
    logo: Mapped[bytes | None] = mapped_column(LargeBinary)
    current: Mapped[int]
    posted_at: Mapped[datetime]
    taken_down_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(500))


class PublishedSummaryRow(Owned, Base):
    """A version of a public page, with its files: base64 by format."""

    __tablename__ = "published_summaries"
    __table_args__ = (
        owned(),
        UniqueConstraint("tenant_id", "publication_id", "number"),
        refers("publication_id", "publications"),
        refers("report_id", "reports"),
    )

    publication_id: Mapped[str] = mapped_column(Id)
    number: Mapped[int]
    report_id: Mapped[str] = mapped_column(Id)
    document_sha256: Mapped[str] = mapped_column(_Hash)
    files: Mapped[dict[str, Any]]
    posted_at: Mapped[datetime]
