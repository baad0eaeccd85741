"""Persons who sign in, and their sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from audit.tables.base import Base, Id, Owned, owned, refers


class UserRow(Owned, Base):
    """A person of a tenant who may sign in."""

    __tablename__ = "users"
    __table_args__ = (
        owned(),
        UniqueConstraint("name"),
        Index("ix_users_tenant_id_subject_hash", "tenant_id", "subject_hash", unique=True),
    )

    name: Mapped[str] = mapped_column(String(128))
    person: Mapped[str] = mapped_column(String(128))
    role: Mapped[str] = mapped_column(String(20))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    totp_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    totp_step: Mapped[int]
    recovery: Mapped[list[Any]]
    subject_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    link_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    link_until: Mapped[datetime | None]
    failed: Mapped[int]
    locked_until: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]


class UserSessionRow(Owned, Base):
    """A person who is signed in at one browser."""

    __tablename__ = "user_sessions"
    __table_args__ = (owned(), refers("user_id", "users"))

    user_id: Mapped[str] = mapped_column(Id)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]
