"""What a failure means: try again, or the end."""

from __future__ import annotations

import errno
import sqlite3

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from audit.errors import DataInvalid, StorageFull, StorageUnavailable
from audit.jobs import JobCancelled, JobLost, JobReleased, RetryLater
from audit.jobs.outcomes import outcome_of
from audit.jobs.rows import Claim, Outcome
from audit.records.work import JobState
from audit.store.availability import database_unavailable


def run(attempt: int = 1) -> Claim:
    return Claim("job_1", "acme", "kind", "subject", attempt, 0, "wkr_1")


def wrapped(error: Exception, kind: type[DBAPIError] = OperationalError) -> DBAPIError:
    return kind("SELECT", {}, error)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (JobLost("x"), None),
        (JobReleased("x"), Outcome(JobState.QUEUED)),
        (JobCancelled("x"), Outcome(JobState.CANCELLED)),
        (RetryLater(9.0, "busy"), Outcome(JobState.QUEUED, code="busy", delay_s=9.0)),
        (DataInvalid("row 3"), Outcome(JobState.FAILED, code="data_invalid", detail="row 3")),
    ],
)
def test_known_ends(error: Exception, outcome: Outcome | None) -> None:
    assert outcome_of(error, run()) == outcome


@pytest.mark.parametrize("error", [MemoryError(), SystemExit(1), KeyError("Ada")])
def test_unknown_ends_say_nothing_of_their_cause(error: BaseException) -> None:
    outcome = outcome_of(error, run())
    assert outcome and (outcome.state, outcome.code) == (JobState.FAILED, "internal_error")
    assert "Ada" not in str(outcome.detail)
    assert "job_1" in str(outcome.detail)


def test_a_missing_database_is_waited_for_longer_each_time() -> None:
    gone = wrapped(psycopg.OperationalError("connection refused"))
    delays = [outcome_of(gone, run(attempt)) for attempt in (1, 2, 3, 50)]
    assert [each and (each.state, each.delay_s) for each in delays] == [
        (JobState.QUEUED, delay) for delay in (2.0, 4.0, 8.0, 30.0)
    ]


@pytest.mark.parametrize(
    "error",
    [
        StorageFull("there is no room"),
        StorageUnavailable("the store does not answer"),
        OSError(errno.ENOSPC, "No space left on device"),
    ],
)
def test_a_store_that_is_full_or_away_is_waited_for_but_not_without_end(error: Exception) -> None:
    ends = [outcome_of(error, run(attempt)) for attempt in (1, 3, 39, 40)]
    assert [each and (each.state, each.delay_s) for each in ends[:3]] == [
        (JobState.QUEUED, delay) for delay in (2.0, 8.0, 300.0)
    ]
    assert ends[3] and ends[3].state is JobState.FAILED


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (wrapped(sqlite3.OperationalError("database is locked")), True),
        (wrapped(sqlite3.OperationalError("no such table: jobs")), False),
        (wrapped(psycopg.errors.AdminShutdown()), True),
        (wrapped(psycopg.errors.DeadlockDetected()), True),
        (wrapped(psycopg.errors.DiskFull()), True),
        (wrapped(sqlite3.OperationalError("database or disk is full")), True),
        (wrapped(sqlite3.OperationalError("disk I/O error")), True),
        (wrapped(psycopg.errors.UndefinedTable(), ProgrammingError), False),
        (wrapped(psycopg.InterfaceError("closed"), InterfaceError), False),
        (PoolTimeout(), True),
        (ValueError(), False),
    ],
)
def test_which_errors_of_a_database_pass(error: Exception, away: bool) -> None:
    assert database_unavailable(error) is away


def test_a_connection_that_was_lost_is_one_of_them() -> None:
    lost = InterfaceError("SELECT", {}, psycopg.InterfaceError("closed"))
    lost.connection_invalidated = True
    assert database_unavailable(lost)
