"""Fixtures for jobs: handlers, an embedded worker, and workers that can be killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from audit.jobs import Worker, enqueue
from audit.records.work import Job, Queue
from audit.store import Store
from tests.audit.jobs.deeds import QUICK, Deeds

ROOT = Path(__file__).resolve().parents[3]


class Desk:
    """What a platform does with jobs, as tenant `acme`."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def enqueue(self, kind: str, **order: Any) -> Job:
        """A committed job."""
        with self.store.unit("acme") as unit:
            return enqueue(unit, kind=kind, **{"subject": f"of-{kind}", **order})

    def job(self, job: Job) -> Job:
        """The job as it is now."""
        with self.store.reading("acme") as unit:
            return unit.get(Job, job.id)

    def effects(self, subject: str) -> int:
        """How many effects there are of jobs for a subject."""
        with self.store.reading("acme") as unit:
            return unit.count(Job, kind="effect", subject=subject)

    def until(self, condition: Callable[[], object], within_s: float = 15.0) -> None:
        """Waits until a condition holds."""
        end = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < end, "it did not happen in time"
            time.sleep(0.01)

    def ended(self, job: Job, within_s: float = 15.0) -> Job:
        """The job once it has ended."""
        self.until(lambda: self.job(job).state.final, within_s)
        return self.job(job)


@pytest.fixture
def desk(store: Store) -> Desk:
    """The store, as a platform uses it."""
    return Desk(store)


@pytest.fixture
def deeds(tmp_path: Path) -> Deeds:
    """The handlers."""
    return Deeds(tmp_path)


@pytest.fixture
def working(store: Store, deeds: Deeds) -> Callable[..., AbstractContextManager[Worker]]:
    """A worker of all queues, to be entered."""

    def make(**options: Any) -> Worker:
        settings = options.pop("settings", QUICK)
        queues = options.pop("queues", tuple(Queue))
        return Worker(store, settings, deeds.handlers(), queues, **options)

    return make


Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def victim(database_url: str, tmp_path: Path) -> Iterator[Start]:
    """Starts workers in processes of their own. `seen`: others may see that they are gone."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*queues: str, seen: bool = True) -> subprocess.Popen[bytes]:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "tests.audit.jobs.deeds", database_url, str(tmp_path)]
        process = subprocess.Popen(
            [*command, *queues],
            cwd=ROOT,
            env=os.environ | ({} if seen else {"TMPDIR": str(elsewhere)}),
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
