"""Searches, what they rest on, and transforms of templates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from audit.tables.base import Base, Id, Owned, owned, refers
from audit.tables.evidence import _Run


class TransformRow(Owned, Base):
    """A keyed transform of templates."""

    __tablename__ = "template_transforms"
    __table_args__ = (owned(), UniqueConstraint("tenant_id", "number"))

    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(500))
    revoked_at: Mapped[datetime | None]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class SearchBasisRow(Owned, Base):
    """A legal basis of searches."""

    __tablename__ = "search_bases"
    __table_args__ = (owned(),)

    legal_basis: Mapped[str] = mapped_column(String(1000))
    ended_at: Mapped[datetime | None]


class SearchRow(_Run, Base):
    """A search."""

    __tablename__ = "gallery_searches"
    __table_args__ = (
        owned(),
        refers("candidate_id", "candidates"),
        refers("interview_id", "interviews"),
        refers("media_id", "media"),
        refers("basis_id", "search_bases"),
        refers("job_id", "jobs"),
        Index(None, "tenant_id", "candidate_id"),
    )

    candidate_id: Mapped[str] = mapped_column(Id)
    interview_id: Mapped[str] = mapped_column(Id)
    media_id: Mapped[str] = mapped_column(Id)
    basis_id: Mapped[str] = mapped_column(Id)
    answers: Mapped[list[Any]]
    flag_id: Mapped[str | None] = mapped_column(Id)
