"""What is kept of references beside their recordings: templates, sealed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from audit.tables.base import Base, Id, Owned, owned, refers


class TemplateRow(Owned, Base):
    """A template of one segment of a reference; it goes with the reference, by whatever way."""

    __tablename__ = "biometric_templates"
    __table_args__ = (
        owned(),
        UniqueConstraint("tenant_id", "reference_id", "space", "segment"),
        refers("candidate_id", "candidates"),
        ForeignKeyConstraint(
            ["tenant_id", "reference_id"],
            ["biometric_references.tenant_id", "biometric_references.id"],
            ondelete="CASCADE",
        ),
        Index(None, "tenant_id", "candidate_id"),
        Index(None, "tenant_id", "space"),
        Index(None, "expires_at"),
    )

    candidate_id: Mapped[str] = mapped_column(Id)
    reference_id: Mapped[str] = mapped_column(Id)
    modality: Mapped[str] = mapped_column(String(16))
    space: Mapped[str] = mapped_column(String(160))
    segment: Mapped[int]
    start_s: Mapped[float]
    end_s: Mapped[float]
    amount: Mapped[float]
    quality: Mapped[float]
    conditions: Mapped[dict[str, Any]]
    recorded_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
