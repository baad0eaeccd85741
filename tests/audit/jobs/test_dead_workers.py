"""Workers that die, or seem to, neither lose a job nor do one twice in effect."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from audit.jobs import JobLost, Worker, rows
from audit.jobs.context import JobContext
from audit.jobs.durable import Recorder
from audit.jobs.outcomes import TAKEN_OVER, gave_up
from audit.jobs.rows import Claim, Claimant, Outcome
from audit.records.work import JobState, Queue
from audit.settings import Jobs
from audit.store import Store, UnitOfWork
from tests.audit.jobs.conftest import Desk, Start
from tests.audit.jobs.deeds import QUICK, Deeds

Working = Callable[..., AbstractContextManager[Worker]]


@pytest.mark.parametrize("seen", [True, False], ids=["same_machine", "by_silence"])
def test_a_killed_workers_job_is_done_once_with_its_steps_kept(
    desk: Desk, deeds: Deeds, working: Working, victim: Start, seen: bool
) -> None:
    job = desk.enqueue("stuck")
    process = victim("cpu", seen=seen)
    desk.until(lambda: deeds.told("second"), within_s=60)
    with working(queues=[Queue.LIGHT]):  # takes the job over, but may not run it
        process.kill()
        desk.until(lambda: desk.job(job).state is JobState.QUEUED, within_s=30)
        assert (desk.job(job).queue, desk.job(job).losses) == (Queue.CPU, 1)
    with working(queues=[Queue.CPU]):
        done = desk.ended(job)
    assert (done.state, done.attempts, done.losses) == (JobState.SUCCEEDED, 2, 0)
    told = [deeds.told(line) for line in ("first", "second", f"third after {process.pid}")]
    assert told == [1, 1, 1]
    assert desk.effects("of-stuck") == 1


def test_a_worker_that_only_stalled_is_refused_and_works_on(
    desk: Desk, deeds: Deeds, working: Working, victim: Start
) -> None:
    job = desk.enqueue("stalled")
    process = victim("cpu")
    desk.until(lambda: deeds.told("attempt 1"), within_s=60)
    process.send_signal(signal.SIGSTOP)
    with working():
        assert desk.ended(job).state is JobState.SUCCEEDED
    (deeds.folder / "go").touch()
    process.send_signal(signal.SIGCONT)
    desk.until(lambda: deeds.told("refused"))
    assert desk.ended(desk.enqueue("plain")).state is JobState.SUCCEEDED  # by the one that stalled
    assert (desk.job(job).attempts, desk.effects("of-stalled")) == (2, 1)


def test_a_job_that_kills_its_workers_ends_with_the_reason(
    desk: Desk, deeds: Deeds, working: Working, victim: Start
) -> None:
    job = desk.enqueue("fatal")
    victim("cpu").wait(timeout=60)
    followed: list[str | None] = []

    def follow(unit: UnitOfWork, job: object) -> None:
        followed.append(unit.tenant)

    settings = QUICK.model_copy(update={"give_up_after": 1})
    with working(queues=[Queue.LIGHT], settings=settings, endings={"fatal": follow}):
        done = desk.ended(job)
    assert (done.state, done.error_code, done.losses) == (JobState.FAILED, "job_gave_up", 1)
    assert done.error_detail and done.error_detail.startswith("1 workers in turn died")
    assert (deeds.told("begin"), deeds.told("killed"), followed) == (1, 1, ["acme"])


def claimed(store: Store, worker: str, *, kinds: tuple[str, ...] = ("plain",)) -> Claim:
    with store.system() as connection:
        who = Claimant(worker, kinds, store.now())
        (run,) = rows.claim(connection, Queue.CPU, limit=5, who=who)
    return run


def settled(store: Store, run: Claim, outcome: Outcome) -> JobState | None:
    with store.unit(run.tenant) as unit:
        return rows.settle(unit.connection, run, outcome, store.now())


def context_of(store: Store, run: Claim) -> JobContext:
    return JobContext(run, store=store, steps=Recorder({}), stopping=lambda: False)


def test_a_stalled_worker_may_write_nothing(desk: Desk, store: Store) -> None:
    job = desk.enqueue("plain")
    stalled = claimed(store, "wkr_a")
    assert settled(store, stalled, TAKEN_OVER) is JobState.QUEUED
    present = claimed(store, "wkr_b")
    assert (present.attempt, present.losses) == (2, 1)
    context = context_of(store, stalled)
    for attempt in (context.unit, context.completing):
        with pytest.raises(JobLost), attempt() as unit:
            unit.add(job)
    with pytest.raises(JobLost):
        context.progress(0.9, "too late")
    with pytest.raises(JobLost):
        context.check_cancelled()
    assert settled(store, stalled, Outcome(JobState.FAILED, code="x")) is None
    with context_of(store, present).completing():
        pass
    assert (desk.job(job).state, desk.job(job).stage) == (JobState.SUCCEEDED, "")


def test_each_job_is_claimed_by_one_worker(desk: Desk, store: Store) -> None:
    for _ in range(6):
        desk.enqueue("plain")
    seen = []
    for worker in ("wkr_a", "wkr_b", "wkr_c"):
        with store.system() as connection:
            who = Claimant(worker, ("plain",), store.now())
            seen += [run.job for run in rows.claim(connection, Queue.CPU, limit=4, who=who)]
    assert len(seen) == len(set(seen)) == 6


def test_silence_counts_and_signs_of_life_end_it(desk: Desk, store: Store) -> None:
    desk.enqueue("plain")
    run = claimed(store, "wkr_a")

    def silent(stale_s: float | None, gone: set[str] | None = None) -> list[Claim]:
        with store.system(read_only=True) as connection:
            return rows.silent(connection, stale_s=stale_s, gone=gone or set())

    assert silent(60) == []
    assert silent(0) == [run]
    assert silent(None) == []
    assert silent(None, {"wkr_a"}) == [run]
    with store.unit("acme") as unit:
        assert not rows.seize(unit.connection, run, stale_s=60)
        assert rows.seize(unit.connection, run, stale_s=0)
    with store.system() as connection:
        rows.beat(connection, "wkr_other", [run.job])
        rows.beat(connection, "wkr_a", [run.job])
    assert silent(5) == []


def test_deaths_count_until_a_step_ends(desk: Desk, store: Store) -> None:
    job = desk.enqueue("plain")
    for losses in range(2):
        run = claimed(store, f"wkr_{losses}")
        assert run.losses == losses
        settled(store, run, TAKEN_OVER)
    run = claimed(store, "wkr_c")
    with store.system() as connection:
        rows.forgive(connection, run)
    assert desk.job(job).losses == 0
    assert "3 workers" in str(gave_up(run).detail)


def test_a_dead_workers_job_that_was_to_stop_is_cancelled(desk: Desk, store: Store) -> None:
    job = desk.enqueue("plain")
    run = claimed(store, "wkr_a")
    with store.unit("acme") as unit:
        rows.request_cancel(unit, job.id)
    assert settled(store, run, TAKEN_OVER) is JobState.CANCELLED


def test_what_waits_is_counted_and_what_ended_can_be_forgotten(desk: Desk, store: Store) -> None:
    jobs = [desk.enqueue("plain", dedup_key=key) for key in ("a", "b", "c")]
    with store.system(read_only=True) as connection:
        (waiting,) = rows.backlog(connection)
    assert (waiting.queue, waiting.state, waiting.count) == (Queue.CPU, JobState.QUEUED, 3)
    assert waiting.oldest == jobs[0].created_at
    with store.unit("acme") as unit:
        rows.request_cancel(unit, jobs[0].id)
        rows.request_cancel(unit, jobs[1].id)
    with store.system() as connection:
        assert rows.ended(connection, [jobs[0].id, jobs[2].id, "none"]) == {jobs[0].id, "none"}
        assert rows.forget_ended(connection, jobs[0].created_at) == 0
        assert rows.forget_ended(connection, store.now(), prefix="a") == 1
        assert rows.forget_ended(connection, store.now()) == 1
    assert desk.job(jobs[2]).state is JobState.QUEUED


def test_one_worker_in_a_process(store: Store, deeds: Deeds, working: Working) -> None:
    with working(), pytest.raises(RuntimeError, match="one worker"):
        Worker(store, Jobs(), deeds.handlers(), [Queue.CPU]).start()
