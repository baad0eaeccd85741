"""Jobs: enqueued in the caller's transaction, done by workers, once in effect. See docs/jobs.md."""

from audit.jobs.context import Ending, Handler, JobContext
from audit.jobs.interrupts import JobCancelled, JobInterrupt, JobLost, JobReleased, RetryLater
from audit.jobs.rows import Backlog, backlog, enqueue, forget_ended, request_cancel
from audit.jobs.schedules import SERVICE_TENANT, Schedule, every
from audit.jobs.worker import Worker

__all__ = [
    "SERVICE_TENANT",
    "Backlog",
    "Ending",
    "Handler",
    "JobCancelled",
    "JobContext",
    "JobInterrupt",
    "JobLost",
    "JobReleased",
    "RetryLater",
    "Schedule",
    "Worker",
    "backlog",
    "enqueue",
    "every",
    "forget_ended",
    "request_cancel",
]
