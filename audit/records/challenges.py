"""Active challenges, from the link to the result."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from audit.challenges import Kind, Verdict
from audit.records.base import Record


class ChallengeState(StrEnum):
    """Where a challenge stands.

    `issued`: there is a link. `started`: cues were drawn, once. `committed`: the page said what it
    recorded. `answered`: the recording is here. `human`: a person takes its place.
    """

    ISSUED = "issued"
    STARTED = "started"
    COMMITTED = "committed"
    ANSWERED = "answered"
    FINISHED = "finished"
    FAILED = "failed"
    HUMAN = "human"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def final(self) -> bool:
        """Whether nothing more happens."""
        return self in _FINAL


_FINAL = frozenset(
    {
        ChallengeState.FINISHED,
        ChallengeState.FAILED,
        ChallengeState.HUMAN,
        ChallengeState.CANCELLED,
        ChallengeState.EXPIRED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge(Record):
    """One challenge of a candidate in an interview. `telemetry` is sealed."""

    candidate_id: str
    interview_id: str
    system_id: str
    state: ChallengeState = ChallengeState.ISSUED
    language: str
    kinds: tuple[Kind, ...]
    left_out: tuple[Kind, ...] = ()
    pace: int = 1
    expires_at: datetime
    nonce: str | None = field(default=None, repr=False)
    started_at: datetime | None = None
    commit_by: datetime | None = None
    committed_at: datetime | None = None
    recording_sha256: str | None = None
    recording_bytes: int | None = None
    telemetry: bytes | None = field(default=None, repr=False)
    media_id: str | None = None
    job_id: str | None = None
    verdict: Verdict | None = None
    reasons: tuple[str, ...] = ()
    result: dict[str, Any] | None = field(default=None, repr=False)
    error_code: str | None = None
    error_detail: str | None = None
    finished_at: datetime | None = None
    request_id: str | None = None
    created_by: str
