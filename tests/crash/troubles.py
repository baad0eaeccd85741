"""What can go wrong under a running fleet, each begun and ended at will."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.audit.vault.s3_endpoint import S3Endpoint
from tests.crash.fleet import Fleet

JUMPS_S = (-3600, -240, -20, 20, 240, 3600)


@dataclass(frozen=True)
class Trouble:
    """One kind: `name`, and what begins it and, when left, ends it."""

    name: str
    make: Callable[[], AbstractContextManager[object]]


def troubles(fleet: Fleet, rng: random.Random, disk: Path | None) -> list[Trouble]:
    """All kinds that this fleet and this machine can have. `disk`: a small file system of its own,
    where there is one.
    """
    processes = [name for name in fleet.names if name != "database"]
    found = [
        Trouble("process killed", lambda: killed(fleet, rng.choice(processes))),
        Trouble("process stalls", lambda: stalled(fleet, rng.choice(processes))),
    ]
    if fleet.database is not None:
        found.append(Trouble("database killed", lambda: killed(fleet, "database")))
    line, store, clocks = fleet.line, fleet.store, fleet.clocks
    if line is not None:
        found.append(
            Trouble("database unreachable, connections end", lambda: between(line.cut, line.heal))
        )
        found.append(
            Trouble("database silent, connections stay", lambda: between(line.hold, line.heal))
        )
    if store is not None:
        found.append(Trouble("media store answers with errors", lambda: failing(store, rng)))
        found.append(Trouble("media store does not answer", lambda: silent(store)))
    if clocks is not None:
        found.append(Trouble("clock jumps", lambda: jumped(clocks, rng)))
    if disk is not None:
        found.append(Trouble("disk full", lambda: filled(disk)))
    return found


@contextmanager
def killed(fleet: Fleet, name: str) -> Iterator[None]:
    """SIGKILL; started again at the end."""
    fleet.revive()
    fleet.kill(name)
    try:
        yield
    finally:
        fleet.start(name)


@contextmanager
def stalled(fleet: Fleet, name: str) -> Iterator[None]:
    """The process stands still, as one does whose disk or machine hangs, and then goes on."""
    fleet.revive()
    process = fleet.running[name]
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)


@contextmanager
def between(begin: Callable[[], None], end: Callable[[], None]) -> Iterator[None]:
    """Something on, then off."""
    begin()
    try:
        yield
    finally:
        end()


@contextmanager
def failing(store: S3Endpoint, rng: random.Random) -> Iterator[None]:
    """The next requests get errors of the server or of its limits."""
    store.fail_next.extend(rng.choices([500, 503, 429, 403], k=40))
    try:
        yield
    finally:
        store.fail_next.clear()


@contextmanager
def silent(store: S3Endpoint) -> Iterator[None]:
    """Requests wait."""
    with store.lock:
        yield


@contextmanager
def jumped(clocks: Path, rng: random.Random) -> Iterator[None]:
    """All processes of ours have another time of day; the database does not."""
    clocks.write_text(f"{rng.choice(JUMPS_S):+d}\n")
    try:
        yield
    finally:
        clocks.write_text("+0\n")


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Not a byte is left where data, media and working files lie."""
    ballast = disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb") as file:
        while True:
            file.write(bytes(1 << 20))
    with contextlib.suppress(OSError), (disk / "ballast2").open("wb") as file:
        while True:
            file.write(bytes(512))
            file.flush()
    try:
        yield
    finally:
        for each in (ballast, disk / "ballast2"):
            each.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path, mib: int) -> Iterator[Path | None]:
    """A file system in memory mounted at `folder`; None where this may not be done (not root)."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = shutil.which("mount")
    done = (
        mount is not None
        and os.geteuid() == 0
        and _ran([mount, "-t", "tmpfs", "-o", f"size={mib}m,mode=0700", "tmpfs", str(folder)])
    )
    try:
        yield folder if done else None
    finally:
        if done:
            _ran([shutil.which("umount") or "umount", "-l", str(folder)])


def _ran(words: list[str]) -> bool:
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


class Troublemaker(threading.Thread):
    """One trouble after another, each for `least_s` to `most_s` seconds, with pauses between."""

    def __init__(
        self,
        kinds: list[Trouble],
        rng: random.Random,
        *,
        seconds: float,
        least_s: float = 0.5,
        most_s: float = 6.0,
    ) -> None:
        super().__init__(daemon=True)
        self.begun: dict[str, int] = {kind.name: 0 for kind in kinds}
        self.error: BaseException | None = None
        self._kinds, self._rng, self._seconds = kinds, rng, seconds
        self._range = least_s, most_s
        self._over = threading.Event()

    def stop(self) -> None:
        """Begins no further one."""
        self._over.set()

    def run(self) -> None:
        """Every kind in turn, in an order drawn anew each time, until the time is over."""
        left = self._seconds
        try:
            while left > 0 and not self._over.is_set():
                for kind in self._rng.sample(self._kinds, len(self._kinds)):
                    lasts, rests = self._rng.uniform(*self._range), self._rng.uniform(0.5, 3.0)
                    with kind.make():
                        self.begun[kind.name] += 1
                        self._over.wait(lasts)
                    self._over.wait(rests)
                    left -= lasts + rests
                    if left <= 0 or self._over.is_set():
                        break
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            self.error = error
