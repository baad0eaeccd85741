"""A line to the database that can be cut or held, as a network between two machines can."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

_PIECE = 65_536


class Line:
    """Forwards TCP connections on the loopback to a PostgreSQL's Unix socket.

    `hold` keeps every connection and lets nothing through, as a network does that drops packets;
    `cut` ends all connections and takes no new ones; `heal` ends both.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._open = threading.Event()
        self._open.set()
        self._cut = False
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._lock = threading.Lock()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self) -> None:
        """Nothing passes; nobody is told."""
        self._open.clear()

    def cut(self) -> None:
        """Every connection ends now, and new ones at once."""
        self._cut = True
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            _close(*pair)

    def heal(self) -> None:
        """All is as before; what was held passes."""
        self._cut = False
        self._open.set()

    def close(self) -> None:
        """Ends the line for good."""
        self.cut()
        self._open.set()
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._server.accept()
                threading.Thread(target=self._join, args=(here,), daemon=True).start()

    def _join(self, here: socket.socket) -> None:
        self._open.wait()
        there = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            if self._cut:
                raise ConnectionRefusedError
            there.connect(str(self._target))
        except OSError:
            _close(here, there)
            return
        with self._lock:
            self._pairs.add((here, there))
        for one, other in ((here, there), (there, here)):
            threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(_PIECE):
                self._open.wait()
                other.sendall(data)
        _close(one, other)
        with self._lock:
            self._pairs -= {(one, other), (other, one)}


def _close(*sockets: socket.socket) -> None:
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
