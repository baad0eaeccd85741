"""The table of jobs: the truth about each one, changed only by compare-and-set.

A claim names a job, its worker and which attempt it is. Every write for a run of a job requires
that the row still has that worker and that attempt, so a worker that was taken for dead and comes
back can change nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NotRequired, TypedDict, Unpack, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Interval,
    Table,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from audit.errors import AlreadyExists
from audit.ids import new_id
from audit.records.work import Job, JobState, Queue
from audit.store import UnitOfWork
from audit.store.mapping import mapping
from audit.tables.base import Moment
from audit.tables.work import JobRow

WAKE = "fairwitness_wake_worker"
"""Execution option of the engine: what wakes the worker of this process after a commit."""

_JOBS = cast("Table", JobRow.__table__)
_JOB = _JOBS.c
_FINAL = tuple(state.value for state in JobState if state.final)
_DETAIL_LENGTH = 500


class Order(TypedDict):
    """What `enqueue` is told: `kind` names the handler, `subject` what it works on.

    Smaller `priority` goes first. Of the jobs of a tenant with the same `dedup_key` there is one
    only, for as long as its row is kept. `run_after`: not before this time.
    """

    kind: str
    subject: str
    queue: NotRequired[Queue]
    priority: NotRequired[int]
    dedup_key: NotRequired[str | None]
    run_after: NotRequired[datetime | None]


@dataclass(frozen=True, slots=True)
class Claim:
    """One run of a job by one worker."""

    job: str
    tenant: str
    kind: str
    subject: str
    attempt: int
    losses: int
    worker: str


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who claims: the worker, the kinds that it can do, and the present time."""

    worker: str
    kinds: Collection[str]
    now: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. `QUEUED` means that the job is to be run again, after `delay_s`."""

    state: JobState
    code: str | None = None
    detail: str | None = None
    delay_s: float = 0.0
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many jobs of a queue are in a state, and since when the oldest one is there."""

    queue: Queue
    state: JobState
    count: int
    oldest: datetime


def enqueue(unit: UnitOfWork, **order: Unpack[Order]) -> Job:
    """Stores a job in the caller's transaction; it runs once that is committed, and never before.

    Where a job with the same `dedup_key` is there already, that one is returned as it stands.
    """
    job = Job(id=new_id("job"), **{"queue": Queue.CPU, **order})  # type: ignore[arg-type]
    job = unit.add(job) if job.dedup_key is None else _add_once(unit, job)
    wake = unit.connection.get_execution_options().get(WAKE)
    if wake is not None:
        unit.after_commit.append(wake)
    return job


def _add_once(unit: UnitOfWork, job: Job) -> Job:
    moment = unit.now()
    row = {
        **mapping(Job).to_row(job),
        "tenant_id": unit.tenant,
        "created_at": moment,
        "updated_at": moment,
    }
    kind = postgresql if unit.connection.dialect.name == "postgresql" else sqlite
    keys = ["tenant_id", "dedup_key"]
    unit.connection.execute(
        kind.insert(_JOBS).values(row).on_conflict_do_nothing(index_elements=keys)
    )
    found = unit.find(Job, dedup_key=job.dedup_key)
    if found is None:
        raise AlreadyExists("The job with this key was removed at the same moment; try again.")
    return found


def request_cancel(unit: UnitOfWork, job_id: str) -> Job:
    """Cancels a queued job at once, and asks a running one to stop at its next check.

    Returns the job as it is then; a job that has ended stays as it is. Raises `NotFound`.
    """
    here = (_JOB.tenant_id == unit.tenant, _JOB.id == job_id)
    now = unit.now()
    values = {**_changed(now), "cancel_requested": True}
    waiting = update(_JOBS).where(*here, _JOB.state == JobState.QUEUED.value)
    ended = waiting.values(values | {"state": JobState.CANCELLED.value, "finished_at": now})
    if unit.connection.execute(ended).rowcount == 0:
        running = (_JOB.state == JobState.RUNNING.value, _JOB.cancel_requested.is_(False))
        unit.connection.execute(update(_JOBS).where(*here, *running).values(values))
    return unit.get(Job, job_id)


def any_due(connection: Connection, queues: Collection[Queue], who: Claimant) -> bool:
    """Whether a job waits that this worker could take. Reads only."""
    statement = select(_JOB.id).where(_JOB.queue.in_([q.value for q in queues]), *_due(who))
    return connection.execute(statement.limit(1)).first() is not None


def claim(connection: Connection, queue: Queue, *, limit: int, who: Claimant) -> list[Claim]:
    """Takes at most `limit` waiting jobs of a queue, the most urgent and oldest first."""
    due = (
        select(_JOB.id)
        .where(_JOB.queue == queue.value, *_due(who))
        .order_by(_JOB.priority, _JOB.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    taken = (
        update(_JOBS)
        .where(_JOB.id.in_(select(due.c.id)), _JOB.state == JobState.QUEUED.value)
        .values(
            _changed(who.now)
            | {
                "state": JobState.RUNNING.value,
                "worker": who.worker,
                "attempts": _JOB.attempts + 1,
                "heartbeat_at": _clock(connection),
                "started_at": func.coalesce(_JOB.started_at, literal(who.now, Moment())),
                "run_after": None,
                "error_code": None,
                "error_detail": None,
            }
        )
        .returning(*_claimed(), _JOB.priority)
    )
    rows = connection.execute(taken).all()
    return [Claim(*row[:-1]) for row in sorted(rows, key=lambda row: (row[-1], row[0]))]


def beat(connection: Connection, worker: str, jobs: Sequence[str]) -> None:
    """A sign of life for these jobs of a worker.

    Rows that a transaction holds are left out: who holds them is alive, and nobody takes them.
    """
    mine = (
        select(_JOB.id)
        .where(_JOB.id.in_(jobs), _JOB.worker == worker, _JOB.state == JobState.RUNNING.value)
        .with_for_update(skip_locked=True)
        .cte("mine")
    )
    connection.execute(
        update(_JOBS).where(_JOB.id.in_(select(mine.c.id))).values(heartbeat_at=_clock(connection))
    )


def held(connection: Connection, run: Claim, *, lock: bool = False) -> bool | None:
    """Whether the job is to stop; None where this run does not have the job any more.

    `lock`: the job cannot be taken away before the transaction ends.
    """
    statement = select(_JOB.cancel_requested).where(*_of(run))
    if lock:
        statement = statement.with_for_update(key_share=True)
    found: bool | None = connection.execute(statement).scalar_one_or_none()
    return found


def advance(
    connection: Connection, run: Claim, *, progress: float, stage: str, now: datetime
) -> bool:
    """Writes how far the run is. False where it does not have the job any more."""
    values = _changed(now) | {
        "progress": progress,
        "stage": stage,
        "heartbeat_at": _clock(connection),
    }
    return connection.execute(update(_JOBS).where(*_of(run)).values(values)).rowcount == 1


def forgive(connection: Connection, run: Claim) -> None:
    """A step ended: workers that died before it are not held against the job."""
    connection.execute(update(_JOBS).where(*_of(run)).values(losses=0))


def settle(connection: Connection, run: Claim, outcome: Outcome, now: datetime) -> JobState | None:
    """Writes how a run ended, and returns the job's state; None where the job is not its any more.

    A job that was to stop is cancelled instead of queued again.
    """
    stop = held(connection, run, lock=True)
    if stop is None:
        return None
    state = outcome.state
    if state is JobState.QUEUED and stop:
        state = JobState.CANCELLED
    values = _changed(now) | {
        "state": state.value,
        "error_code": outcome.code,
        "error_detail": outcome.detail and outcome.detail[:_DETAIL_LENGTH],
    }
    if state is JobState.SUCCEEDED:
        values["progress"] = 1.0
    if state.final:
        values["finished_at"] = now
    else:
        values["worker"] = None
        values["run_after"] = now + timedelta(seconds=outcome.delay_s)
    if outcome.lost:
        values["losses"] = run.losses + 1
    connection.execute(update(_JOBS).where(*_of(run)).values(values))
    return state


def workers(connection: Connection) -> set[str]:
    """The workers that have running jobs."""
    statement = select(_JOB.worker).where(_JOB.state == JobState.RUNNING.value).distinct()
    return {str(worker) for worker in connection.execute(statement).scalars()}


def silent(connection: Connection, *, stale_s: float | None, gone: Collection[str]) -> list[Claim]:
    """The running jobs of workers that are known to be gone, or silent for `stale_s` seconds.

    `stale_s` None: silence tells nothing now.
    """
    dead: ColumnElement[bool] = _JOB.worker.in_(gone)
    if stale_s is not None:
        dead = or_(dead, _JOB.heartbeat_at < _clock(connection, ago_s=stale_s))
    statement = select(*_claimed()).where(_JOB.state == JobState.RUNNING.value, dead)
    return [Claim(*row) for row in connection.execute(statement)]


def seize(connection: Connection, run: Claim, *, stale_s: float) -> bool:
    """Locks a job of a dead worker until the transaction ends.

    False where the worker was alive after all: it gave a sign, or holds the row in a transaction.
    `stale_s` 0: the worker is known to be gone.
    """
    statement = (
        select(_JOB.id)
        .where(*_of(run), _JOB.heartbeat_at <= _clock(connection, ago_s=stale_s))
        .with_for_update(skip_locked=True)
    )
    return connection.execute(statement).first() is not None


def ended(connection: Connection, jobs: Collection[str]) -> set[str]:
    """Which of these jobs have ended or do not exist."""
    alive = select(_JOB.id).where(_JOB.id.in_(jobs), _JOB.state.not_in(_FINAL))
    return set(jobs) - set(connection.execute(alive).scalars())


def backlog(connection: Connection) -> list[Backlog]:
    """What waits and what runs, of all tenants; for metrics."""
    statement = (
        select(_JOB.queue, _JOB.state, func.count(), func.min(_JOB.created_at))
        .where(_JOB.state.in_((JobState.QUEUED.value, JobState.RUNNING.value)))
        .group_by(_JOB.queue, _JOB.state)
    )
    return [
        Backlog(Queue(queue), JobState(state), count, oldest)
        for queue, state, count, oldest in connection.execute(statement)
    ]


def forget_ended(
    connection: Connection,
    before: datetime,
    *,
    prefix: str | None = None,
    kinds: Collection[str] | None = None,
) -> int:
    """Deletes the rows of jobs that ended before a time; returns how many.

    Their dedup keys count no longer. `prefix`: only those whose key starts with it. `kinds`: only
    these; nothing else may refer to such jobs.
    """
    statement = delete(_JOBS).where(_JOB.state.in_(_FINAL), _JOB.finished_at < before)
    if prefix is not None:
        statement = statement.where(_JOB.dedup_key.startswith(prefix, autoescape=True))
    if kinds is not None:
        statement = statement.where(_JOB.kind.in_(kinds))
    return connection.execute(statement).rowcount


def _due(who: Claimant) -> tuple[ColumnElement[bool], ...]:
    return (
        _JOB.state == JobState.QUEUED.value,
        _JOB.kind.in_(who.kinds),
        or_(_JOB.run_after.is_(None), _JOB.run_after <= who.now),
    )


def _of(run: Claim) -> tuple[ColumnElement[bool], ...]:
    return (
        _JOB.id == run.job,
        _JOB.tenant_id == run.tenant,
        _JOB.state == JobState.RUNNING.value,
        _JOB.worker == run.worker,
        _JOB.attempts == run.attempt,
    )


def _claimed() -> tuple[ColumnElement[Any], ...]:
    return (
        _JOB.id,
        _JOB.tenant_id,
        _JOB.kind,
        _JOB.subject,
        _JOB.attempts,
        _JOB.losses,
        _JOB.worker,
    )


def _changed(now: datetime) -> dict[str, Any]:
    return {"version": _JOB.version + 1, "updated_at": now}


def _clock(connection: Connection, ago_s: float = 0.0) -> Any:
    # Signs of life are compared between machines, so they carry the database's time. SQLite has
    # one machine and no clock of its own.
    ago = timedelta(seconds=ago_s)
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC) - ago
    return func.clock_timestamp(type_=DateTime(timezone=True)) - literal(ago, Interval())
