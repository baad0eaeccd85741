"""A job is done once in effect, in its order, and its row says how it ended."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import text

from audit.errors import NotFound
from audit.jobs import Worker, enqueue, request_cancel
from audit.records.work import Job, JobState, Queue
from audit.settings import Jobs
from audit.store import Store, UnitOfWork
from audit.store.engine import open_engine
from tests import databases
from tests.audit.jobs.conftest import Desk
from tests.audit.jobs.deeds import QUICK, Deeds

Working = Callable[..., AbstractContextManager[Worker]]


def test_a_job_runs_and_its_row_says_so(desk: Desk, working: Working) -> None:
    job = desk.enqueue("plain")
    assert (job.state, job.queue, job.attempts) == (JobState.QUEUED, Queue.CPU, 0)
    with working() as worker:
        done = desk.ended(job)
    assert (done.state, done.progress, done.stage) == (JobState.SUCCEEDED, 1.0, "half")
    assert (done.attempts, done.losses, done.worker) == (1, 0, worker.id)
    assert done.started_at and done.finished_at and done.started_at <= done.finished_at
    assert done.version > job.version
    assert desk.effects("of-plain") == 1


def test_a_transaction_that_fails_leaves_no_job(desk: Desk, store: Store) -> None:
    with pytest.raises(NotFound), store.unit("acme") as unit:
        enqueue(unit, kind="plain", subject="of-plain")
        unit.get(Job, "job_unknown")
    with store.reading("acme") as unit:
        assert unit.count(Job) == 0


def test_a_commit_wakes_the_worker_of_the_process_at_once(desk: Desk, working: Working) -> None:
    with working(settings=Jobs(poll_s=60, stop_s=2)):
        time.sleep(0.1)
        begun = time.monotonic()
        desk.ended(desk.enqueue("plain"))
    assert time.monotonic() - begun < 10


def test_one_job_for_a_key_of_a_tenant(desk: Desk, store: Store, working: Working) -> None:
    first = desk.enqueue("plain", dedup_key="k")
    assert desk.enqueue("wrong", dedup_key="k").id == first.id
    with store.unit("globex") as unit:
        assert enqueue(unit, kind="idle", subject="other", dedup_key="k").id != first.id
    with working():
        desk.ended(first)
    assert desk.enqueue("plain", dedup_key="k").state is JobState.SUCCEEDED


def test_urgent_jobs_go_first_and_older_ones_before_newer(
    desk: Desk, deeds: Deeds, working: Working
) -> None:
    orders = [("c", 100), ("e", 900), ("a", 1), ("d", 100), ("b", 50)]
    jobs = []
    for subject, priority in orders:
        jobs.append(desk.enqueue("plain", subject=subject, priority=priority))
        time.sleep(0.002)
    with working():
        for job in jobs:
            desk.ended(job)
    assert deeds.order == ["a", "b", "c", "d", "e"]


def test_a_worker_leaves_other_queues_other_kinds_and_later_jobs_alone(
    desk: Desk, store: Store, working: Working
) -> None:
    kept = [desk.enqueue("plain", queue=Queue.GPU), desk.enqueue("not known here")]
    later = store.now().replace(year=store.now().year + 1)
    kept.append(desk.enqueue("plain", run_after=later))
    with working(queues=[Queue.CPU]):
        desk.ended(desk.enqueue("plain", priority=1000))
    assert {desk.job(job).state for job in kept} == {JobState.QUEUED}


def test_cancelling(desk: Desk, store: Store, deeds: Deeds, working: Working) -> None:
    queued = desk.enqueue("plain", queue=Queue.GPU)
    with store.unit("acme") as unit:
        assert request_cancel(unit, queued.id).state is JobState.CANCELLED
    with store.unit("globex") as unit, pytest.raises(NotFound):
        request_cancel(unit, queued.id)
    running = desk.enqueue("patient")
    with working(queues=[Queue.CPU]):
        desk.until(lambda: deeds.told("waiting"))
        with store.unit("acme") as unit:
            asked = request_cancel(unit, running.id)
        assert (asked.state, asked.cancel_requested) == (JobState.RUNNING, True)
        assert desk.ended(running).state is JobState.CANCELLED
        done = desk.ended(desk.enqueue("plain"))
    with store.unit("acme") as unit:
        assert request_cancel(unit, done.id).state is JobState.SUCCEEDED


def test_failures_have_codes_and_safe_words(
    desk: Desk, working: Working, caplog: pytest.LogCaptureFixture
) -> None:
    with working():
        wrong = desk.ended(desk.enqueue("wrong"))
        broken = desk.ended(desk.enqueue("broken"))
    assert (wrong.state, wrong.error_code) == (JobState.FAILED, "data_invalid")
    assert wrong.error_detail == "row 3 has no score"
    assert (broken.state, broken.error_code) == (JobState.FAILED, "internal_error")
    logged = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.message for record in logged] == ["job failed: KeyError"]
    assert any("in broken" in frame or "broken" in frame for frame in logged[0].frames)  # type: ignore[attr-defined]
    assert "Ada" not in f"{broken}{[vars(record) for record in caplog.records]}"


def test_a_later_try_keeps_the_steps_that_ended(desk: Desk, deeds: Deeds, working: Working) -> None:
    with working():
        done = desk.ended(desk.enqueue("twice"))
    assert (done.state, done.attempts, done.losses) == (JobState.SUCCEEDED, 3, 0)
    assert (done.error_code, deeds.told("once"), deeds.told("sent")) == (None, 1, 1)
    assert desk.effects("of-twice") == 1


def test_the_record_of_steps_is_deleted_with_the_end(desk: Desk, working: Working) -> None:
    with working() as worker:
        desk.ended(desk.enqueue("twice"))
        desk.ended(desk.enqueue("wrong"))
        desk.until(lambda: not worker.running)
        assert worker._runner.steps.forget_ended(lambda jobs: jobs) == 0


def test_what_follows_from_a_failure_is_written_with_it(
    desk: Desk, store: Store, working: Working
) -> None:
    def follow(unit: UnitOfWork, job: Job) -> None:
        enqueue(unit, kind="effect", subject=f"{job.state}", queue=Queue.GPU)

    def fail(unit: UnitOfWork, job: Job) -> None:
        follow(unit, job)
        raise KeyError

    with working(endings={"wrong": follow, "plain": follow, "broken": fail}):
        for kind in ("wrong", "plain", "broken"):
            desk.ended(desk.enqueue(kind))
    assert desk.effects("failed") == 1  # of "wrong" only: an ending that fails leaves nothing


def test_a_stop_releases_a_job_and_another_worker_ends_it(
    desk: Desk, deeds: Deeds, working: Working
) -> None:
    job = desk.enqueue("patient")
    with working():
        desk.until(lambda: deeds.told("waiting"))
    released = desk.job(job)
    assert (released.state, released.worker, released.losses) == (JobState.QUEUED, None, 0)
    with working():
        desk.until(lambda: deeds.told("waiting") == 2)
        with desk.store.unit("acme") as unit:
            request_cancel(unit, job.id)
        assert desk.ended(job).attempts == 2


def test_a_handler_that_does_not_end_at_a_stop_writes_nothing_more(
    desk: Desk, deeds: Deeds, working: Working
) -> None:
    job = desk.enqueue("pausing")
    worker = working(settings=Jobs(poll_s=0.05, stop_s=0.1))
    assert isinstance(worker, Worker)
    worker.start()
    desk.until(lambda: deeds.told("pausing"))
    assert worker.stop() is False
    assert desk.job(job).state is JobState.QUEUED
    deeds.go.set()
    desk.until(lambda: not worker.running)
    assert desk.effects("of-pausing") == 0
    with working():
        assert desk.ended(job).state is JobState.SUCCEEDED
    assert desk.effects("of-pausing") == 1


def test_a_worker_that_lost_its_job_changes_nothing(
    desk: Desk, store: Store, deeds: Deeds, working: Working
) -> None:
    job = desk.enqueue("pausing")
    with working(settings=QUICK.model_copy(update={"beat_s": 60.0})) as worker:
        desk.until(lambda: deeds.told("pausing"))
        with store.system() as connection:  # as if another one had thought this worker dead
            connection.execute(text("UPDATE jobs SET attempts = 2, worker = 'another'"))
        deeds.go.set()
        desk.until(lambda: not worker.running)
    left = desk.job(job)
    assert (left.state, left.worker, left.attempts) == (JobState.RUNNING, "another", 2)
    assert desk.effects("of-pausing") == 0


def test_a_start_that_fails_leaves_the_process_as_it_was(
    desk: Desk, store: Store, deeds: Deeds, working: Working
) -> None:
    away = open_engine("sqlite:////nowhere/at/all.db")
    elsewhere = Worker(Store(away, databases.master_keys()), QUICK, deeds.handlers(), [Queue.CPU])
    with pytest.raises(sqlite3.OperationalError):
        elsewhere.start()
    with working():
        assert desk.ended(desk.enqueue("plain")).state is JobState.SUCCEEDED


def test_a_job_outlives_the_loss_of_every_connection(
    desk: Desk, store: Store, deeds: Deeds, working: Working
) -> None:
    if store.engine.dialect.name != "postgresql":
        return  # a file has no connections to lose; the crash tests kill its process
    job = desk.enqueue("pausing")
    kill = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with working() as worker:
        desk.until(lambda: deeds.told("pausing"))
        with store.system() as connection:
            connection.execute(text(kill))
        deeds.go.set()
        assert desk.ended(job, within_s=30).state is JobState.SUCCEEDED
        desk.until(lambda: not worker.running)
    assert desk.effects("of-pausing") == 1
