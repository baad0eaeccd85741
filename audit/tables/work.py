"""Jobs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from audit.tables.base import Base, Id, Owned, owned


class JobRow(Owned, Base):
    """A job: this row is the truth about it, whatever the engine believes."""

    __tablename__ = "jobs"
    __table_args__ = (
        owned(),
        UniqueConstraint("tenant_id", "dedup_key"),
        Index(None, "state", "queue", "priority", "id"),
        Index(None, "tenant_id", "subject"),
    )

    kind: Mapped[str] = mapped_column(String(64))
    queue: Mapped[str] = mapped_column(String(16))
    priority: Mapped[int] = mapped_column(default=100)
    subject: Mapped[str] = mapped_column(String(128))
    state: Mapped[str] = mapped_column(String(16))
    progress: Mapped[float] = mapped_column(default=0.0)
    stage: Mapped[str] = mapped_column(String(100), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    losses: Mapped[int] = mapped_column(default=0)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_detail: Mapped[str | None] = mapped_column(String(500))
    run_after: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    worker: Mapped[str | None] = mapped_column(Id)
    dedup_key: Mapped[str | None] = mapped_column(String(128))
