"""The framing that the subprocess and its parent speak over pipes.

One message is a JSON header and a payload of raw bytes, each with its length before it. The
parent treats every byte that the subprocess sends as hostile.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from typing import Any, Protocol

HEAD = struct.Struct("<IQ")
"""Length of the JSON header and of the payload, bytes."""

HEADER_BYTES = 1 << 20
"""Longest JSON header."""

REQUEST_FD = 3
"""Where the subprocess reads its request (and what is fed to it after that)."""

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


def frame(header: Mapping[str, Any], *payload: Any) -> list[memoryview]:
    """The buffers of one message, in order."""
    views = [memoryview(part).cast("B") for part in payload]
    text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
    head = HEAD.pack(len(text), sum(view.nbytes for view in views))
    return [memoryview(head + text), *views]


class PipeChannel:
    """A `Channel` over two inherited descriptors."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd

    def receive(self) -> tuple[dict[str, Any], bytes]:
        """The next message; `EOFError` where the parent has closed its end."""
        header_bytes, payload_bytes = HEAD.unpack(self._exactly(HEAD.size))
        header: dict[str, Any] = json.loads(self._exactly(header_bytes))
        return header, self._exactly(payload_bytes)

    def send(self, header: Mapping[str, Any], *payload: Any) -> None:
        """Writes all of one message."""
        views = frame(header, *payload)
        while views:
            written = os.writev(self._write_fd, views[:BATCH])
            while views and written >= views[0].nbytes:
                written -= views.pop(0).nbytes
            if written:
                views[0] = views[0][written:]

    def _exactly(self, size: int) -> bytes:
        parts: list[bytes] = []
        while size:
            part = os.read(self._read_fd, min(size, 1 << 20))
            if not part:
                raise EOFError("the parent closed the pipe")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)
