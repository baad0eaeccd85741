"""Start of the limited subprocess: take rights away, then run one named task."""

from __future__ import annotations

import io
import mmap
import os
from collections.abc import Callable
from importlib import import_module
from typing import Any

from audit.confined import lockdown
from audit.confined.channel import Channel, PipeChannel, Refused


class SourceFile(io.RawIOBase):
    """The inherited input, read by position so that it shares no offset with the parent."""

    def __init__(self, fd: int) -> None:
        super().__init__()
        self._fd = fd
        self._at = 0
        self.length = os.fstat(fd).st_size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.length}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            size = max(0, self.length - self._at)
        data = os.pread(self._fd, size, self._at)
        self._at += len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


Task = Callable[[SourceFile, dict[str, Any], bytes, Channel], None]
"""A task gets the input, the request and its payload, and a channel for its results."""


def main(config: dict[str, Any]) -> None:
    """Run the task that `config` names; see `audit.sandbox.run` for the other end."""
    lockdown.die_with(config["parent"])
    lockdown.bound(config["memory_bytes"], config["cpu_s"])
    module, _, function = config["task"].partition(":")
    task: Task = getattr(import_module(module), function)
    source = SourceFile(0)
    size = config["shared_bytes"]
    shared = mmap.mmap(config["shared_fd"], size) if size else None
    channel = PipeChannel(config["request_fd"], 1, shared=shared, free_fd=config["free_fd"])
    filtered = lockdown.close_doors()
    channel.send({"kind": "ready", "filtered": filtered})
    request, payload = channel.receive()
    serve(lambda: task(source, request, payload, channel), channel)


def serve(work: Callable[[], None], channel: Channel) -> None:
    """Run `work` and close with one message: `end`, or `refused` with code and text."""
    try:
        work()
    except Refused as refusal:
        channel.send({"kind": "refused", "code": refusal.code, "text": refusal.text})
    except MemoryError:
        channel.send({"kind": "refused", "code": "memory", "text": ""})
    else:
        channel.send({"kind": "end"})
