"""Runs the subprocess's tasks here, where coverage and debuggers reach them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from audit.confined.channel import Channel
from audit.confined.entry import SourceFile, Task

LIMITS = {
    "pixels": 4096 * 2304,
    "still_pixels": 64_000_000,
    "streams": 16,
    "packets": 100_000,
    "nesting": 32,
}


class Inbox(Channel):
    """Collects what a task sends; hands out what it is fed."""

    def __init__(self, feed: Iterable[bytes] = ()) -> None:
        self.headers: list[dict[str, Any]] = []
        self.payloads: list[bytes] = []
        self._feed = iter(feed)

    def receive(self) -> tuple[dict[str, Any], bytes]:
        return {}, next(self._feed)

    def send(self, header: Mapping[str, Any], *payload: Any) -> None:
        self.headers.append(dict(header))
        self.payloads.append(b"".join(bytes(memoryview(part).cast("B")) for part in payload))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [header for header in self.headers if header["kind"] == kind]


def run_task(
    task: Task, path: Path, *, body: bytes = b"", feed: Iterable[bytes] = (), **request: Any
) -> Inbox:
    """What `task` says about the file at `path`."""
    inbox = Inbox(feed)
    fd = os.open(path, os.O_RDONLY)
    try:
        task(SourceFile(fd), {**LIMITS, **request}, body, inbox)
    finally:
        os.close(fd)
    return inbox


def orders(how: list[int], times_s: list[float]) -> bytes:
    """The body of a request for frames."""
    return bytes(how) + np.asarray(times_s, dtype=np.float64).tobytes()
