"""The framing that the subprocess and its parent speak over pipes.

One message is a JSON header and a payload of raw bytes, each with its length before it. Large
payloads go through shared memory where the system has it: one copy on each side, and none of the
kernel's. The parent treats every byte that the subprocess sends as hostile.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
from collections.abc import Mapping
from typing import Any, Protocol

HEAD = struct.Struct("<IiQ")
"""Length of the JSON header; slot of shared memory, or INLINE; length of the payload, bytes."""

INLINE = -1

HEADER_BYTES = 1 << 20
"""Longest JSON header."""

SLOTS = 4
"""Payloads that may wait in shared memory at once."""

LARGE_BYTES = 1 << 16
"""Payloads from this size on go through shared memory."""

BATCH = 64
"""Buffers per writev; POSIX allows 16 at least, Linux and macOS 1024."""


class Refused(Exception):
    """The subprocess's own words for why an input cannot be read.

    `code`: `limit` (a limit was hit) or `unreadable` (not media, or broken).
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Channel(Protocol):
    """What a task talks to."""

    def receive(self) -> tuple[dict[str, Any], bytes]:
        """The next message of the parent."""
        ...

    def send(self, header: Mapping[str, Any], *payload: Any) -> None:
        """A message to the parent; `payload` are objects with the buffer protocol."""
        ...


def head(header: Mapping[str, Any], payload_bytes: int, slot: int = INLINE) -> memoryview:
    """What comes before a payload."""
    text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
    return memoryview(HEAD.pack(len(text), slot, payload_bytes) + text)


class PipeChannel:
    """A `Channel` over two inherited pipes.

    `shared` holds `SLOTS` payloads; a byte on `free_fd` says that the oldest one was taken.
    """

    def __init__(
        self, read_fd: int, write_fd: int, *, shared: mmap.mmap | None = None, free_fd: int = -1
    ) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._free_fd = free_fd
        self._shared = memoryview(shared) if shared is not None else memoryview(b"")
        self._slot_bytes = len(self._shared) // SLOTS
        self._used = 0

    def receive(self) -> tuple[dict[str, Any], bytes]:
        """The next message; `EOFError` where the parent has closed its end."""
        header_bytes, _, payload_bytes = HEAD.unpack(_exactly(self._read_fd, HEAD.size))
        header: dict[str, Any] = json.loads(_exactly(self._read_fd, header_bytes))
        return header, _exactly(self._read_fd, payload_bytes)

    def send(self, header: Mapping[str, Any], *payload: Any) -> None:
        """Writes all of one message."""
        views = [memoryview(part).cast("B") for part in payload]
        size = sum(view.nbytes for view in views)
        if LARGE_BYTES <= size <= self._slot_bytes:
            self._write([head(header, size, self._share(views))])
        else:
            self._write([head(header, size), *views])

    def _share(self, views: list[memoryview]) -> int:
        """Put a payload into the next slot, once the parent has taken what was there."""
        slot = self._used % SLOTS
        if self._used >= SLOTS:
            _exactly(self._free_fd, 1)
        self._used += 1
        at = slot * self._slot_bytes
        for view in views:
            self._shared[at : at + view.nbytes] = view
            at += view.nbytes
        return slot

    def _write(self, views: list[memoryview]) -> None:
        while views:
            written = os.writev(self._write_fd, views[:BATCH])
            while views and written >= views[0].nbytes:
                written -= views.pop(0).nbytes
            if written:
                views[0] = views[0][written:]


def _exactly(fd: int, size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        part = os.read(fd, min(size, 1 << 20))
        if not part:
            raise EOFError("the parent closed the pipe")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
