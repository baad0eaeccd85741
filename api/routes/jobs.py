"""Jobs: how far the work of a check, a comparison or an audit is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import Field

from api.call import Call
from api.guarding import area
from api.routes.paths import JobId
from api.scopes import requires
from audit.records.work import Job, JobState, Queue

router = area("Jobs", "/jobs")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job, without what concerns its worker alone."""

    id: Annotated[str, Field(description="Opaque identifier.")]
    version: Annotated[int, Field(description="Counts changes; also the ETag.", ge=1)]
    kind: Annotated[str, Field(description="What is done.", examples=["check"])]
    subject: Annotated[str, Field(description="Identifier of what it is done to.")]
    queue: Annotated[Queue, Field(description="The kind of machine that does it.")]
    state: Annotated[JobState, Field(description="Where it stands.")]
    progress: Annotated[float, Field(description="Share done, 0 to 1.", ge=0, le=1)]
    stage: Annotated[str, Field(description="What is being done now.")]
    attempts: Annotated[int, Field(description="How often it was started.", ge=0)]
    cancel_requested: Annotated[bool, Field(description="Whether it is to stop.")]
    error_code: Annotated[str | None, Field(description="Why it failed: a stable code.")]
    created_at: Annotated[datetime, Field(description="When it was asked for.")]
    started_at: Annotated[datetime | None, Field(description="When it was first started.")]
    finished_at: Annotated[datetime | None, Field(description="When it ended.")]


@router.get("/{job_id}", response_model=JobView, dependencies=[requires("checks:read")])
def read_job(call: Call, job_id: JobId) -> Response:
    """How far the work is. The result is in what it is done to."""
    with call.reading() as unit:
        return call.shown(view(unit.get(Job, job_id)))


def view(job: Job) -> JobView:
    """What is shown of a job."""
    return JobView(**{name: getattr(job, name) for name in JobView.__slots__})
