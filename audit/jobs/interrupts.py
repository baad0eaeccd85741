"""What ends the run of a job before its handler returns. Handlers let all but `RetryLater` pass.

JobInterrupt
├── JobCancelled    somebody asked that the job stop
├── JobReleased     this worker stops; another one goes on with the job
├── JobLost         another worker has the job: nothing of this run counts from here on
└── RetryLater      raised by a handler: not now, but after a while
"""

from __future__ import annotations


class JobInterrupt(Exception):
    """Base of what ends a run early."""


class JobCancelled(JobInterrupt):
    """The job was to stop, and this run did."""


class JobReleased(JobInterrupt):
    """The worker is stopping; the job goes back to its queue with its steps kept."""


class JobLost(JobInterrupt):
    """The job was given to another worker while this one was silent; it may not write any more."""


class RetryLater(JobInterrupt):
    """Raised by a handler to be run again after `delay_s` seconds. Steps that ended are kept.

    `reason` is a stable code, kept in the job's `error_code` while it waits.
    """

    def __init__(self, delay_s: float, reason: str) -> None:
        super().__init__(reason)
        self.delay_s = delay_s
        self.reason = reason
