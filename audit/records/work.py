"""Jobs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from audit.records.base import Record


class JobState(StrEnum):
    """Where a job stands; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing more happens."""
        return self in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


class Queue(StrEnum):
    """Kinds of machines."""

    CPU = "cpu"
    GPU = "gpu"
    LIGHT = "light"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Record):
    """Work that a worker does."""

    kind: Annotated[str, Field(description="What is done.", examples=["check"])]
    queue: Annotated[Queue, Field(description="The kind of machine that does it.")]
    subject: Annotated[str, Field(description="Identifier of what it is done to.")]
    state: Annotated[JobState, Field(description="Where it stands.")] = JobState.QUEUED
    priority: Annotated[int, Field(description="Smaller goes first.", ge=0, le=1000)] = 100
    progress: Annotated[float, Field(description="Share done, 0 to 1.", ge=0, le=1)] = 0.0
    stage: Annotated[str, Field(description="What is being done now.")] = ""
    attempts: Annotated[int, Field(description="How often it was started.", ge=0)] = 0
    losses: Annotated[
        int, Field(description="How many workers ended in its present step.", ge=0)
    ] = 0
    cancel_requested: Annotated[bool, Field(description="Whether it is to stop.")] = False
    error_code: Annotated[str | None, Field(description="Why it failed: a stable code.")] = None
    error_detail: Annotated[str | None, Field(description="Why it failed, in words.")] = None
    run_after: Annotated[datetime | None, Field(description="Not before this time.")] = None
    started_at: Annotated[datetime | None, Field(description="When it was first started.")] = None
    finished_at: Annotated[datetime | None, Field(description="When it ended.")] = None
    heartbeat_at: Annotated[datetime | None, Field(description="Last sign of its worker.")] = None
    worker: Annotated[str | None, Field(description="The process that runs it.")] = None
    dedup_key: Annotated[str | None, Field(description="At most one job has it.")] = None
