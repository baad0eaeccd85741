"""What the end of a run means for its job: see the table in docs/jobs.md."""

from __future__ import annotations

import errno
import logging
import traceback
from collections.abc import Iterator

from audit.errors import AuditError, StorageFull, StorageUnavailable
from audit.jobs.interrupts import JobCancelled, JobLost, JobReleased, RetryLater
from audit.jobs.rows import Claim, Outcome
from audit.records.work import JobState
from audit.store.availability import database_unavailable

GAVE_UP = "job_gave_up"
INTERNAL = "internal_error"
UNAVAILABLE = "database_unavailable"
NO_STORAGE = "storage_unavailable"

SUCCEEDED = Outcome(JobState.SUCCEEDED)
RELEASED = Outcome(JobState.QUEUED)
TAKEN_OVER = Outcome(JobState.QUEUED, lost=True)

_LONGEST_DELAY_S = 30.0
_LONGEST_FOR_STORAGE_S = 300.0
_TRIES_FOR_STORAGE = 40
"""Three hours: after that a media store that is full or away is told as the job's end."""
_LOG = logging.getLogger(__name__)


def outcome_of(error: BaseException, run: Claim) -> Outcome | None:
    """The outcome of a run that ended with an error; None where the job is another worker's."""
    match error:
        case JobLost():
            return None
        case JobReleased():
            return RELEASED
        case JobCancelled():
            return Outcome(JobState.CANCELLED)
        case RetryLater():
            return Outcome(JobState.QUEUED, code=error.reason, delay_s=error.delay_s)
    if _without_storage(error) and run.attempt < _TRIES_FOR_STORAGE:
        delay_s = min(2.0 ** min(run.attempt, 10), _LONGEST_FOR_STORAGE_S)
        return Outcome(JobState.QUEUED, code=NO_STORAGE, delay_s=delay_s)
    match error:
        case AuditError():
            return Outcome(JobState.FAILED, code=error.code, detail=str(error))
    if database_unavailable(error):
        delay_s = min(2.0 ** min(run.attempt, 10), _LONGEST_DELAY_S)
        return Outcome(JobState.QUEUED, code=UNAVAILABLE, delay_s=delay_s)
    log_failure("job failed", error, job=run.job, kind=run.kind)
    detail = f"The service failed at this job. Its log names the cause under {run.job}."
    return Outcome(JobState.FAILED, code=INTERNAL, detail=detail)


def _without_storage(error: BaseException) -> bool:
    """Whether the media store or a working folder was full or away, which may pass."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(error, StorageFull | StorageUnavailable)


def gave_up(run: Claim) -> Outcome:
    """The outcome of a job that its workers did not survive."""
    deaths = run.losses + 1
    detail = f"{deaths} workers in turn died in the same step of this job, without an error."
    return Outcome(JobState.FAILED, code=GAVE_UP, detail=detail, lost=True)


def log_failure(what: str, error: BaseException, **about: object) -> None:
    """Logs where an error was raised and its type; never its words, which may hold data."""
    about["cause"] = [type(each).__name__ for each in _causes(error)]
    about["frames"] = [
        f"{frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    _LOG.error("%s: %s", what, type(error).__name__, extra=about)


def _causes(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__
