from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.line import Line


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    """A line to a socket that says everything back."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(tmp_path / "echo"))
    server.listen()

    def answer(one: socket.socket) -> None:
        with one:
            while data := one.recv(100):
                one.sendall(data)

    def serve() -> None:
        while True:
            try:
                one, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(one,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    made = Line(tmp_path / "echo")
    yield made
    made.close()
    server.close()


def call(line: Line) -> socket.socket:
    return socket.create_connection(("127.0.0.1", line.port), timeout=5)


def test_a_line_that_is_held_says_nothing_and_then_all(line: Line) -> None:
    with call(line) as one:
        one.sendall(b"first")
        assert one.recv(100) == b"first"
        line.hold()
        one.sendall(b"second")
        one.settimeout(0.2)
        with pytest.raises(TimeoutError):
            one.recv(100)
        line.heal()
        one.settimeout(5)
        assert one.recv(100) == b"second"


def test_a_line_that_is_cut_ends_what_there_is_and_takes_nothing_new(line: Line) -> None:
    with call(line) as one:
        one.sendall(b"first")
        assert one.recv(100) == b"first"
        line.cut()
        assert one.recv(100) == b""
    with call(line) as other:
        assert other.recv(100) == b""
    line.heal()
    with call(line) as again:
        again.sendall(b"third")
        assert again.recv(100) == b"third"
