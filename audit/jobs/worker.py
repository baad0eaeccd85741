"""A worker: takes up jobs of its queues, keeps them alive, and takes over those of dead workers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence

from audit.ids import new_id
from audit.jobs import rows
from audit.jobs.context import Endings, Handlers
from audit.jobs.durable import DurableSteps
from audit.jobs.outcomes import RELEASED, log_failure
from audit.jobs.presence import Presence
from audit.jobs.runner import Runner
from audit.jobs.schedules import Clockwork, Schedule
from audit.records.work import Queue
from audit.settings import Jobs
from audit.store import Store
from audit.store.availability import database_unavailable

_TEND_S = 1.0
_SWEEP_S = 600.0
_LOG = logging.getLogger(__name__)


class Worker:
    """Runs the jobs of `queues` whose kinds have a handler. There is one in a process."""

    def __init__(
        self,
        store: Store,
        settings: Jobs,
        handlers: Handlers,
        queues: Sequence[Queue],
        *,
        schedules: Sequence[Schedule] = (),
        endings: Endings | None = None,
    ) -> None:
        self.id = new_id("wkr")
        self._store = store
        self._settings = settings
        self._slots = {queue: _slots(settings, queue) for queue in queues}
        self._presence = Presence(self.id)
        self._clockwork = Clockwork(store, schedules)
        self._stopping = threading.Event()
        self._closed = threading.Event()
        self._runner = Runner(
            store,
            DurableSteps(store.engine.url, worker=self.id, slots=sum(self._slots.values())),
            handlers,
            endings or {},
            self._stopping,
            self._closed,
        )
        self._running: dict[rows.Claim, Queue] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._tender = _Tender(self._runner, settings, self._presence, self._wake)
        self._threads: list[threading.Thread] = []

    @property
    def running(self) -> tuple[rows.Claim, ...]:
        """The runs that are under way here."""
        with self._lock:
            return tuple(self._running)

    def start(self) -> None:
        """Opens the record of steps and begins to work, in threads of its own."""
        self._clockwork.prepare()
        self._runner.steps.start()
        self._presence.appear()
        self._store.engine.update_execution_options(**{rows.WAKE: self._wake.set})
        for loop in (self._dispatch, self._tend):
            thread = threading.Thread(target=loop, name=f"jobs{loop.__name__}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> bool:
        """Takes no new jobs, lets running ones end or reach their next step, releases the rest.

        False where a handler still runs after `stop_s`: its job is in its queue again, what it
        writes is refused, and the process should exit without waiting for its thread.
        """
        self._store.engine.update_execution_options(**{rows.WAKE: None})
        self._stopping.set()
        self._wake.set()
        deadline = time.monotonic() + self._settings.stop_s
        self._threads[0].join()  # it starts nothing more
        while self.running and time.monotonic() < deadline:
            time.sleep(0.02)
        left = self.running
        self._attempt("release jobs", lambda: self._release(left))
        self._closed.set()
        self._threads[1].join()
        self._presence.leave()
        self._runner.steps.stop()
        return not left

    def __enter__(self) -> Worker:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _release(self, left: Sequence[rows.Claim]) -> None:
        for run in left:
            self._runner.settle(run, RELEASED)

    def _dispatch(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(self._settings.poll_s)
            self._wake.clear()
            if not self._attempt("look for jobs", self._take_up):
                self._stopping.wait(self._settings.poll_s)

    def _take_up(self) -> None:
        free = self._free()
        who = rows.Claimant(self.id, tuple(self._runner.handlers), self._store.now())
        if self._stopping.is_set() or not free:
            return
        with self._store.system(read_only=True) as connection:
            if not rows.any_due(connection, free, who):
                return
        for queue, limit in free.items():
            with self._store.system() as connection:
                claims = rows.claim(connection, queue, limit=limit, who=who)
            for run in claims:
                with self._lock:
                    self._running[run] = queue
                threading.Thread(target=self._run, args=(run,), name=run.job, daemon=True).start()

    def _run(self, run: rows.Claim) -> None:
        try:
            self._runner.run(run)
        finally:
            with self._lock:
                del self._running[run]
            self._wake.set()

    def _free(self) -> dict[Queue, int]:
        with self._lock:
            busy = list(self._running.values())
        free = {queue: slots - busy.count(queue) for queue, slots in self._slots.items()}
        return {queue: count for queue, count in free.items() if count > 0}

    def _tend(self) -> None:
        every_s = min(_TEND_S, self._settings.beat_s)
        while not self._closed.wait(every_s):
            well = self._attempt("tend jobs", lambda: self._tender.tend(self.running))
            self._tender.well(well)
            if not self._stopping.is_set():
                self._attempt("keep schedules", self._clockwork.tick)

    def _attempt(self, what: str, action: Callable[[], None]) -> bool:
        """Whether the action succeeded. A loop goes on whatever happened in one turn."""
        try:
            action()
        except Exception as error:  # noqa: BLE001 - the edge of a worker's loops
            if database_unavailable(error):
                _LOG.warning("cannot %s: the database is away or busy", what)
            else:
                log_failure(f"cannot {what}", error, worker=self.id)
            return False
        return True


class _Tender:
    """Gives signs of life for this worker's jobs, and looks for those of others."""

    def __init__(
        self, runner: Runner, settings: Jobs, presence: Presence, wake: threading.Event
    ) -> None:
        self._runner = runner
        self._settings = settings
        self._presence = presence
        self._wake = wake
        self._beaten = self._swept = float("-inf")
        self._well_since: float | None = float("-inf")

    def well(self, well: bool) -> None:
        """Whether the database answered: after an outage all workers look silent for a while."""
        if not well:
            self._well_since = None
        elif self._well_since is None:
            self._well_since = time.monotonic()

    def tend(self, running: Sequence[rows.Claim]) -> None:
        """One turn: beat, take over, and now and then clear up."""
        now = time.monotonic()
        if running and now - self._beaten >= self._settings.beat_s:
            with self._runner.store.system() as connection:
                rows.beat(connection, running[0].worker, [run.job for run in running])
            self._beaten = now
        self._take_over(running, now)
        if now - self._swept >= _SWEEP_S:
            self._runner.steps.forget_ended(self._ended)
            self._swept = now

    def _take_over(self, running: Sequence[rows.Claim], now: float) -> None:
        patience_s = 2 * self._settings.beat_s
        trusted = self._well_since is not None and now - self._well_since >= patience_s
        stale_s = self._settings.stale_s if trusted else None
        with self._runner.store.system(read_only=True) as connection:
            gone = self._presence.gone(rows.workers(connection))
            silent = rows.silent(connection, stale_s=stale_s, gone=gone)
        ours = {(run.job, run.attempt) for run in running}
        for run in (each for each in silent if (each.job, each.attempt) not in ours):
            quiet_s = 0.0 if run.worker in gone else self._settings.stale_s
            give_up_after = self._settings.give_up_after
            if self._runner.bury(run, stale_s=quiet_s, give_up_after=give_up_after):
                _LOG.warning("took over a job", extra={"job": run.job, "from": run.worker})
                self._wake.set()
        self._presence.clear(gone)

    def _ended(self, jobs: Collection[str]) -> set[str]:
        with self._runner.store.system(read_only=True) as connection:
            return rows.ended(connection, jobs)


def _slots(settings: Jobs, queue: Queue) -> int:
    match queue:
        case Queue.CPU:
            return settings.cpu_slots
        case Queue.GPU:
            return settings.gpu_slots
        case Queue.LIGHT:
            return settings.light_slots
