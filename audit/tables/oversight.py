"""Flags, reviews, requests, policies, legal holds, webhooks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from audit.tables.base import Base, Id, Owned, owned, refers

_Reference = String(128)


class FlagRow(Owned, Base):
    """A flag."""

    __tablename__ = "flags"
    __table_args__ = (
        owned(),
        UniqueConstraint("tenant_id", "subject", "fingerprint"),
        refers("candidate_id", "candidates"),
        refers("interview_id", "interviews"),
        refers("system_id", "systems"),
        Index(None, "tenant_id", "state"),
        Index(None, "tenant_id", "candidate_id"),
    )

    fingerprint: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(Id)
    candidate_id: Mapped[str | None] = mapped_column(Id)
    interview_id: Mapped[str | None] = mapped_column(Id)
    system_id: Mapped[str | None] = mapped_column(Id)
    rule: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(64))
    severity: Mapped[str] = mapped_column(String(16))
    outcome: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(Text)
    about: Mapped[list[Any]]
    evidence: Mapped[list[Any]]
    recipients: Mapped[list[Any]]
    policy: Mapped[str] = mapped_column(_Reference)
    policy_sha256: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    review_id: Mapped[str | None] = mapped_column(Id)


class ReviewerRow(Owned, Base):
    """A reviewer."""

    __tablename__ = "reviewers"
    __table_args__ = (owned(), UniqueConstraint("tenant_id", "person"))

    person: Mapped[str] = mapped_column(_Reference)
    may_change: Mapped[bool]
    training: Mapped[str] = mapped_column(String(200))
    teams: Mapped[list[Any]]
    left_at: Mapped[datetime | None]


class ReviewRow(Owned, Base):
    """A review case."""

    __tablename__ = "reviews"
    __table_args__ = (
        owned(),
        refers("flag_id", "flags"),
        refers("request_id", "requests"),
        refers("candidate_id", "candidates"),
        Index(None, "tenant_id", "state", "due_at"),
        Index(None, "tenant_id", "candidate_id"),
    )

    flag_id: Mapped[str | None] = mapped_column(Id)
    request_id: Mapped[str | None] = mapped_column(Id)
    candidate_id: Mapped[str | None] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    assignee: Mapped[str | None] = mapped_column(_Reference)
    outcome: Mapped[str | None] = mapped_column(String(16))
    due_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    case: Mapped[dict[str, Any]]


class RequestRow(Owned, Base):
    """A person's request."""

    __tablename__ = "requests"
    __table_args__ = (
        owned(),
        refers("candidate_id", "candidates"),
        Index(None, "tenant_id", "state", "due_at"),
        Index(None, "tenant_id", "candidate_id"),
    )

    candidate_id: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16))
    due_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    overdue_told_at: Mapped[datetime | None]
    done: Mapped[list[Any]]
    request: Mapped[dict[str, Any]]


class CandidateLinkRow(Owned, Base):
    """A link to a candidate's own page."""

    __tablename__ = "candidate_links"
    __table_args__ = (
        owned(),
        refers("candidate_id", "candidates"),
        Index(None, "tenant_id", "candidate_id"),
        Index(None, "expires_at"),
    )

    candidate_id: Mapped[str] = mapped_column(Id)
    language: Mapped[str] = mapped_column(String(8))
    expires_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(_Reference)
    revoked_at: Mapped[datetime | None]


class PolicyRow(Owned, Base):
    """A version of a policy."""

    __tablename__ = "policies"
    __table_args__ = (owned(), UniqueConstraint("tenant_id", "name", "number"))

    name: Mapped[str] = mapped_column(String(64))
    number: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    active: Mapped[bool]


class LegalHoldRow(Owned, Base):
    """A legal hold."""

    __tablename__ = "legal_holds"
    __table_args__ = (
        owned(),
        refers("candidate_id", "candidates"),
        Index(None, "tenant_id", "candidate_id"),
    )

    candidate_id: Mapped[str | None] = mapped_column(Id)
    subject: Mapped[str | None] = mapped_column(Id)
    reason: Mapped[str] = mapped_column(String(500))
    reference: Mapped[str] = mapped_column(_Reference)
    released_at: Mapped[datetime | None]


class EndpointRow(Owned, Base):
    """A webhook endpoint."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (owned(),)

    url: Mapped[str] = mapped_column(String(500))
    events: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(String(16))
    sealed_secrets: Mapped[bytes] = mapped_column(LargeBinary)
    old_secret_until: Mapped[datetime | None]
    disabled_reason: Mapped[str | None] = mapped_column(String(200))


class DeliveryRow(Owned, Base):
    """A delivery."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        owned(),
        UniqueConstraint("tenant_id", "endpoint_id", "event_id"),
        refers("endpoint_id", "webhook_endpoints"),
        Index(None, "tenant_id", "state"),
    )

    endpoint_id: Mapped[str] = mapped_column(Id)
    event_id: Mapped[str] = mapped_column(_Reference)
    type: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None] = mapped_column(String(64))
    next_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
