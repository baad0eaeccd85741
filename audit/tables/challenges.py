"""Active challenges."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from audit.tables.base import Base, Document, Id, Owned, owned, refers


class ChallengeRow(Owned, Base):
    """A challenge."""

    __tablename__ = "challenges"
    __table_args__ = (
        owned(),
        refers("candidate_id", "candidates"),
        refers("interview_id", "interviews"),
        refers("system_id", "systems"),
        refers("media_id", "media"),
        refers("job_id", "jobs"),
        refers("request_id", "requests"),
        Index(None, "tenant_id", "candidate_id"),
        Index(None, "tenant_id", "interview_id"),
        Index(None, "tenant_id", "recording_sha256"),
    )

    candidate_id: Mapped[str] = mapped_column(Id)
    interview_id: Mapped[str] = mapped_column(Id)
    system_id: Mapped[str] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(8))
    kinds: Mapped[list[Any]]
    left_out: Mapped[list[Any]]
    pace: Mapped[int]
    expires_at: Mapped[datetime]
    nonce: Mapped[str | None] = mapped_column(String(64))
    started_at: Mapped[datetime | None]
    commit_by: Mapped[datetime | None]
    committed_at: Mapped[datetime | None]
    recording_sha256: Mapped[str | None] = mapped_column(String(64))
    recording_bytes: Mapped[int | None] = mapped_column(BigInteger)
    telemetry: Mapped[bytes | None] = mapped_column(LargeBinary)
    media_id: Mapped[str | None] = mapped_column(Id)
    job_id: Mapped[str | None] = mapped_column(Id)
    verdict: Mapped[str | None] = mapped_column(String(16))
    reasons: Mapped[list[Any]]
    result: Mapped[dict[str, Any] | None] = mapped_column(Document)
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_detail: Mapped[str | None] = mapped_column(String(500))
    finished_at: Mapped[datetime | None]
    request_id: Mapped[str | None] = mapped_column(Id)
    created_by: Mapped[str] = mapped_column(String(128))
