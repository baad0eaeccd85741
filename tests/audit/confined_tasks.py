"""Tasks that misbehave, for the tests of the limited subprocess. Imported by a bare interpreter."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

from audit.confined.channel import HEAD, Channel, Refused
from audit.confined.entry import SourceFile


def echo(source: SourceFile, request: dict[str, Any], body: bytes, channel: Channel) -> None:
    channel.send({"kind": "echo", **request}, body)


def read_all(source: SourceFile, request: dict[str, Any], body: bytes, channel: Channel) -> None:
    channel.send({"kind": "data", "size": source.length}, source.read())


def fed(source: SourceFile, request: dict[str, Any], body: bytes, channel: Channel) -> None:
    for _ in range(request["items"]):
        _, data = channel.receive()
        channel.send({"kind": "got"}, data)


def stream(source: SourceFile, request: dict[str, Any], body: bytes, channel: Channel) -> None:
    for number in range(request["items"]):
        channel.send({"kind": "item", "number": number}, bytes([number % 251]) * request["size"])


def attempts(source: SourceFile, request: dict[str, Any], body: bytes, channel: Channel) -> None:
    """Tries what a subverted decoder would; reports what the system answered to each."""
    tries = {
        "read a file": lambda: Path("/etc/hostname").read_bytes(),
        "write a file": lambda: Path("/tmp/fairwitness-escape").write_bytes(b"x"),
        "open a socket": lambda: socket.socket().close(),
        "make a pipe": os.pipe,
        "duplicate": lambda: os.dup(0),
        "fork": _fork,
        "execute": lambda: os.execv("/bin/true", ["/bin/true"]),  # noqa: S606
        "signal the parent": lambda: os.kill(os.getppid(), signal.SIGTERM),
        "list a folder": lambda: list(Path("/").iterdir()),
        "write to the input": lambda: os.write(0, b"x"),
    }
    answers = {name: _answer(attempt) for name, attempt in tries.items()}
    channel.send({"kind": "answers", "environment": dict(os.environ), "answers": answers})


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _answer(attempt: Any) -> str:
    try:
        attempt()
    except OSError as error:
        return type(error).__name__
    return "done"


def thread(source: SourceFile, request: dict[str, Any], body: bytes, channel: Channel) -> None:
    done: list[int] = []
    worker = threading.Thread(target=lambda: done.append(1))
    worker.start()
    worker.join()
    channel.send({"kind": "threads", "done": len(done)})


def memory(source: SourceFile, request: dict[str, Any], body: bytes, channel: Channel) -> None:
    hoard = []
    while True:
        hoard.append(bytearray(1 << 24))


def spin(source: SourceFile, request: dict[str, Any], body: bytes, channel: Channel) -> None:
    while True:
        pass


def sleep(source: SourceFile, request: dict[str, Any], body: bytes, channel: Channel) -> None:
    channel.send({"kind": "pid", "pid": os.getpid()})
    time.sleep(3600)


def chatter(source: SourceFile, request: dict[str, Any], body: bytes, channel: Channel) -> None:
    while True:
        time.sleep(0.05)
        channel.send({"kind": "tick"})


def crash(source: SourceFile, request: dict[str, Any], body: bytes, channel: Channel) -> None:
    ctypes.string_at(0)


def fault(source: SourceFile, request: dict[str, Any], body: bytes, channel: Channel) -> None:
    raise RuntimeError("a fault of ours")


def refuse(source: SourceFile, request: dict[str, Any], body: bytes, channel: Channel) -> None:
    raise Refused(request["code"], "No\x1b[31m good.\n" + "x" * 10_000)


def garbage(source: SourceFile, request: dict[str, Any], body: bytes, channel: Channel) -> None:
    """Bytes that break the protocol, as a subverted subprocess may send them."""
    data = {
        "not json": HEAD.pack(4, -1, 0) + b"{{{{",
        "no object": HEAD.pack(2, -1, 0) + b"17",
        "huge header": HEAD.pack(1 << 30, -1, 0),
        "huge payload": HEAD.pack(2, -1, 1 << 62) + b"{}",
        "no such slot": HEAD.pack(2, 99, 10) + b"{}",
        "slot too small": HEAD.pack(2, 0, 1 << 22) + b"{}",
        "cut short": HEAD.pack(100, -1, 0) + b"{",
    }[request["how"]]
    os.write(1, data)


def spin_after_hello(
    source: SourceFile, request: dict[str, Any], body: bytes, channel: Channel
) -> None:
    channel.send({"kind": "pid", "pid": os.getpid()})
    while True:
        pass
