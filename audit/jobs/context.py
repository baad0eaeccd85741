"""What a handler gets: its job, durable steps, progress, and transactions that count only once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, TypeAlias, TypeVar

from audit.canonical import Json
from audit.jobs import rows
from audit.jobs.interrupts import JobCancelled, JobLost, JobReleased
from audit.records.work import Job, JobState
from audit.store import Store, UnitOfWork

J = TypeVar("J", bound=Json)

_CHECK_EVERY_S = 0.25
_PROGRESS_EVERY_S = 0.5


class Steps(Protocol):
    """The durable record of a run's steps."""

    def step(self, name: str, function: Callable[[], Json]) -> Json:
        """The recorded result of the step, or what `function` returns, recorded before return."""


class JobContext:
    """One run of one job. Used by the handler's thread only."""

    def __init__(
        self, run: rows.Claim, *, store: Store, steps: Steps, stopping: Callable[[], bool]
    ) -> None:
        self.tenant = run.tenant
        self.job_id = run.job
        self.subject = run.subject
        self.attempt = run.attempt
        """How often the job was started, this run included: new tries and dead workers count."""
        self.completed = False
        """Whether `completing` has committed."""
        self._run = run
        self._store = store
        self._steps = steps
        self._stopping = stopping
        self._checked = 0.0
        self._told_stage = ""
        self._told_at = 0.0
        self._blamed = run.losses > 0
        self._inside = False

    def step(self, name: str, function: Callable[[], J]) -> J:
        """Runs `function` once and keeps its result: plain JSON without personal data.

        After a crash the job starts over, and steps that ended give their kept results at once.
        A step that a crash interrupted runs again, so what it writes needs a unique key, or belongs
        into `completing`. Names are unique in a job. Checks before it starts, as
        `check_cancelled` does.
        """
        if self._inside:
            raise RuntimeError("a step cannot start inside a transaction of its job")
        self.check_cancelled()
        result = self._steps.step(name, function)
        if self._blamed:
            with self._store.system() as connection:
                rows.forgive(connection, self._run)
            self._blamed = False
        return result  # type: ignore[return-value]

    def progress(self, fraction: float, stage: str) -> None:
        """Shows how far the job is: 0 to 1, and what is being done, in a few plain words.

        Written at most each half second, or when the stage changes; not inside a transaction of
        the job, which would wait for itself. Raises `JobLost`.
        """
        now = time.monotonic()
        recent = stage == self._told_stage and now - self._told_at < _PROGRESS_EVERY_S
        if recent or self._inside:
            return
        self._told_stage, self._told_at = stage, now
        with self._store.system() as connection:
            ours = rows.advance(
                connection,
                self._run,
                progress=min(max(fraction, 0.0), 1.0),
                stage=stage[:100],
                now=self._store.now(),
            )
        if not ours:
            raise JobLost(self.job_id)

    def check_cancelled(self) -> None:
        """Raises `JobCancelled`, `JobLost` or `JobReleased` where this run is to end. Cheap."""
        if self._stopping():
            raise JobReleased(self.job_id)
        now = time.monotonic()
        if now - self._checked < _CHECK_EVERY_S:
            return
        with self._store.system(read_only=True) as connection:
            stop = rows.held(connection, self._run)
        self._checked = now
        if stop is None:
            raise JobLost(self.job_id)
        if stop:
            raise JobCancelled(self.job_id)

    @contextmanager
    def unit(self) -> Iterator[UnitOfWork]:
        """A transaction of the job's tenant that commits only while this run has the job.

        Raises `JobLost` where it does not; nobody can take the job while the transaction is open.
        """
        with self._store.unit(self.tenant) as unit:
            if rows.held(unit.connection, self._run, lock=True) is None:
                raise JobLost(self.job_id)
            self._inside = True
            try:
                yield unit
            finally:
                self._inside = False

    @contextmanager
    def completing(self) -> Iterator[UnitOfWork]:
        """The transaction with which the job succeeds: its effects and its success, or neither.

        Nothing that counts may follow it. This is how an effect happens exactly once.
        """
        with self.unit() as unit:
            yield unit
            outcome = rows.Outcome(JobState.SUCCEEDED)
            rows.settle(unit.connection, self._run, outcome, self._store.now())
        self.completed = True


Handler: TypeAlias = Callable[[JobContext], None]
Ending: TypeAlias = Callable[[UnitOfWork, Job], None]
"""Called in the transaction in which a job of its kind is marked failed or cancelled by a worker:
writes what else follows from that."""
Handlers: TypeAlias = Mapping[str, Handler]
Endings: TypeAlias = Mapping[str, Ending]
