"""Searches, what they rest on, and transforms of templates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, String, UniqueConstraint
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


class AlikePairRow(Owned, Base):
    """Two who are alike; one row however often they are found."""

    __tablename__ = "alike_pairs"
    __table_args__ = (
        owned(),
        refers("candidate_id", "candidates"),
        refers("other_id", "candidates"),
        UniqueConstraint("tenant_id", "candidate_id", "other_id"),
        UniqueConstraint("tenant_id", "candidate_id", "subject_id"),
        Index(None, "tenant_id", "other_id"),
    )

    candidate_id: Mapped[str] = mapped_column(Id)
    other_id: Mapped[str | None] = mapped_column(Id)
    gallery_id: Mapped[str | None] = mapped_column(Id)
    subject_id: Mapped[str | None] = mapped_column(Id)
    likeness: Mapped[dict[str, Any]]
    search_id: Mapped[str] = mapped_column(Id)
    flag_id: Mapped[str | None] = mapped_column(Id)


class SharedGalleryRow(Owned, Base):
    """A gallery that several tenants search; of the tenant that keeps it."""

    __tablename__ = "shared_galleries"
    __table_args__ = (owned(),)

    name: Mapped[str] = mapped_column(String(200))
    purpose: Mapped[str] = mapped_column(String(1000))
    ended_at: Mapped[datetime | None]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class _Basis(Owned):
    """A recorded legal basis for taking part in a shared gallery."""

    gallery_id: Mapped[str] = mapped_column(Id)
    legal_basis: Mapped[str] = mapped_column(String(1000))
    document: Mapped[str] = mapped_column(String(128))
    recorded_by: Mapped[str] = mapped_column(String(128))
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class AdmissionRow(_Basis, Base):
    """A tenant that the keeper of a shared gallery lets in."""

    __tablename__ = "gallery_admissions"
    __table_args__ = (owned(), refers("gallery_id", "shared_galleries"))

    member: Mapped[str] = mapped_column(Id)


class MembershipRow(_Basis, Base):
    """That a tenant takes part in a shared gallery."""

    __tablename__ = "gallery_memberships"
    __table_args__ = (owned(),)

    keeper: Mapped[str] = mapped_column(Id)
    consent_texts: Mapped[list[Any]]


class SharedSubjectRow(Owned, Base):
    """A candidate in a shared gallery; it goes with the candidate's templates there."""

    __tablename__ = "shared_subjects"
    __table_args__ = (
        owned(),
        refers("membership_id", "gallery_memberships"),
        refers("candidate_id", "candidates"),
        UniqueConstraint("tenant_id", "membership_id", "candidate_id"),
    )

    membership_id: Mapped[str] = mapped_column(Id)
    gallery_id: Mapped[str] = mapped_column(Id)
    candidate_id: Mapped[str] = mapped_column(Id)


class SharedTemplateRow(Owned, Base):
    """A template in a shared gallery; it goes with its template and its subject."""

    __tablename__ = "shared_templates"
    __table_args__ = (
        owned(),
        refers("candidate_id", "candidates"),
        ForeignKeyConstraint(
            ["tenant_id", "subject_id"],
            ["shared_subjects.tenant_id", "shared_subjects.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "template_id"],
            ["biometric_templates.tenant_id", "biometric_templates.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("tenant_id", "subject_id", "template_id"),
        Index(None, "tenant_id", "template_id"),
        Index(None, "tenant_id", "space"),
    )

    subject_id: Mapped[str] = mapped_column(Id)
    template_id: Mapped[str] = mapped_column(Id)
    candidate_id: Mapped[str] = mapped_column(Id)
    modality: Mapped[str] = mapped_column(String(16))
    space: Mapped[str] = mapped_column(String(200))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
