"""The durable record of steps, kept by DBOS Transact: the only module that knows it.

Each attempt at a job is one workflow, named `<job>:<attempt>`, which runs in the process that
claimed the job and nowhere else. A later attempt first cancels the one before it, so that a worker
that was only stalled can record nothing more, and then takes over what that one recorded. The
engine's own queues and its recovery by executor are not used (decision 4).

The record lives beside the store: in `<file>.jobs.db` for SQLite, in the schema `dbos` of the same
database for PostgreSQL. It is deleted when the job has ended.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Collection
from contextlib import closing
from typing import Any

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID, error
from sqlalchemy.engine import URL

from audit.canonical import Json, canonical_json, parse_json
from audit.jobs.interrupts import JobLost
from audit.jobs.rows import Claim

_VERSION = "1"
"""Of the form of the record. All releases share it: an attempt never runs in two processes."""
_CARRIED = "carried"
_OURS = "job:"  # steps of handlers are recorded under names of their own kind
_FORGET_AT_ONCE = 500
_REFUSED = (error.DBOSWorkflowConflictIDError, error.DBOSWorkflowCancelledError)
_ONE = threading.Lock()  # the engine is one for a process
_LOG = logging.getLogger(__name__)


class DurableSteps:
    """Runs attempts and keeps the results of their steps. One at a time in a process."""

    def __init__(self, url: URL, *, worker: str, slots: int) -> None:
        self._url = url
        self._worker = worker
        self._slots = slots
        self._bodies: dict[str, Callable[[], None]] = {}
        self._workflow: Callable[[str], None] | None = None

    def start(self) -> None:
        """Opens the record; makes or upgrades its tables."""
        if not _ONE.acquire(blocking=False):
            raise RuntimeError("a process can have one worker")
        engine_log = logging.getLogger("dbos")
        if not engine_log.handlers:  # without one it would write to the console by itself
            engine_log.addHandler(logging.NullHandler())
        try:
            DBOS(config=self._config())
            self._workflow = DBOS.workflow(name="attempt")(self._body_of())
            DBOS.listen_queues([])
            DBOS.launch()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Closes the record. Attempts that still run can record nothing more."""
        self._workflow = None
        DBOS.destroy(destroy_registry=True)
        _ONE.release()

    def run(self, run: Claim, body: Callable[[Recorder], None]) -> None:
        """Runs `body` as the attempt that `run` names, with the steps of earlier attempts."""
        if self._workflow is None:
            raise RuntimeError("the record of steps is not open")
        kept, earlier = self._take_over(run)
        name = _name(run.job, run.attempt)
        self._bodies[name] = lambda: self._carry_on(body, kept, earlier)
        try:
            with SetWorkflowID(name):
                self._workflow(name)
        except (error.DBOSException, *_REFUSED) as refusal:
            # The attempt was taken over meanwhile; the row of the job refuses it as well.
            _LOG.warning("attempt not recorded: %s", type(refusal).__name__, extra=_about(run))
        finally:
            del self._bodies[name]

    def forget(self, job: str, attempts: int) -> None:
        """Deletes the record of a job."""
        DBOS.delete_workflows([_name(job, attempt) for attempt in range(1, attempts + 1)])

    def forget_ended(self, ended: Callable[[Collection[str]], Collection[str]]) -> int:
        """Deletes the records of jobs that `ended` says have ended; returns how many.

        For what a crash between a job's end and `forget` left behind.
        """
        found = DBOS.list_workflows(load_input=False, load_output=False, limit=_FORGET_AT_ONCE)
        names = [status.workflow_id for status in found]
        gone = set(ended({_job(name) for name in names}))
        over = [name for name in names if _job(name) in gone]
        if over:
            DBOS.delete_workflows(over)
        return len(over)

    def _body_of(self) -> Callable[[str], None]:
        def attempt(name: str) -> None:
            body = self._bodies.get(name)
            if body is not None:
                body()

        return attempt

    def _take_over(self, run: Claim) -> tuple[dict[str, Json], list[str]]:
        """The results that earlier attempts kept, and the names of these attempts."""
        kept: dict[str, Json] = {}
        earlier: list[str] = []
        for attempt in range(run.attempt - 1, 0, -1):
            name = _name(run.job, attempt)
            DBOS.cancel_workflow(name)
            earlier.append(name)
            steps = [s for s in DBOS.list_workflow_steps(name) if s["error"] is None]
            for step in steps:
                if step["function_name"].startswith(_OURS):
                    kept.setdefault(step["function_name"].removeprefix(_OURS), step["output"])
            carried: list[Any] = [s["output"] for s in steps if s["function_name"] == _CARRIED]
            if carried:
                return {**carried[0], **kept}, earlier
        return kept, earlier

    def _carry_on(
        self, body: Callable[[Recorder], None], kept: dict[str, Json], earlier: list[str]
    ) -> None:
        if earlier:
            DBOS.run_step({"name": _CARRIED}, lambda: kept)
            DBOS.delete_workflows(earlier)
        body(Recorder(kept))

    def _config(self) -> DBOSConfig:
        url = self._url
        if url.get_backend_name() == "sqlite":
            url = url.set(drivername="sqlite", database=f"{url.database}.jobs.db")
            with closing(sqlite3.connect(str(url.database))) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
        return {
            "name": "fairwitness",
            "system_database_url": url.render_as_string(hide_password=False),
            "dbos_system_schema": "dbos",
            "sys_db_pool_size": self._slots + 4,
            "db_engine_kwargs": {"hide_parameters": True},
            "serializer": DBOSPortableJSONSerializer(),
            "application_version": _VERSION,
            "executor_id": self._worker,
            # What fails here shows in our own log; the engine's has words of errors, and each
            # outage of the database many times over.
            "log_level": "CRITICAL",
            "enable_otlp": False,
            "use_listen_notify": False,
            "notification_listener_polling_interval_sec": 0.25,  # a stop waits for it
            "scheduler_polling_interval_sec": 3600.0,
        }


class Recorder:
    """The steps of one attempt."""

    def __init__(self, kept: dict[str, Json]) -> None:
        self._kept = kept
        self._used: set[str] = set()

    def step(self, name: str, function: Callable[[], Json]) -> Json:
        """The kept result of the step, or that of `function`, kept before this returns."""
        if name in self._used:
            raise RuntimeError(f"two steps of one job are named {name!r}")
        self._used.add(name)
        if name in self._kept:
            return self._kept[name]
        failures: list[Exception] = []

        def guarded() -> Json:
            try:
                # What a later attempt would read: tuples become lists, and so on.
                return parse_json(canonical_json(function()))
            except Exception as failure:  # noqa: BLE001 - the edge of a job: raised again below
                failures.append(failure)
                raise _StepFailed from None  # the record must not hold the failure's words

        try:
            result: Any = DBOS.run_step({"name": _OURS + name}, guarded)
        except _REFUSED:
            raise JobLost(name) from None
        except _StepFailed:
            raise failures[0] from None
        self._kept[name] = result
        return result  # type: ignore[no-any-return]


class _StepFailed(Exception):
    """Stands in the record for any failure of a step."""


def _name(job: str, attempt: int) -> str:
    return f"{job}:{attempt}"


def _job(name: str) -> str:
    return name.partition(":")[0]


def _about(run: Claim) -> dict[str, object]:
    return {"job": run.job, "attempt": run.attempt}
