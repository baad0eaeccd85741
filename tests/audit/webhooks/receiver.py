"""A receiver on loopback that keeps what it gets and answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Got:
    """One request."""

    path: str
    headers: Message
    body: bytes


@dataclass
class Receiver:
    """`answers`: status and headers of the next answers; 204 when none is left."""

    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    got: list[Got] = field(default_factory=list)
    meanwhile: Callable[[], None] | None = None
    port: int = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/hook?token=t0ken"

    def take(self, request: Got) -> tuple[int, dict[str, str]]:
        """Keeps a request and says how to answer it."""
        self.got.append(request)
        if self.meanwhile is not None:
            self.meanwhile()
        return self.answers.pop(0) if self.answers else (204, {})


@contextmanager
def receiving(*answers: int) -> Iterator[Receiver]:
    """A receiver that answers with these statuses and then with 204."""
    receiver = Receiver([(status, {}) for status in answers])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, headers = receiver.take(Got(self.path, self.headers, body))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if status != 204:
                self.wfile.write(b"Jane Doe was not hired")

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield receiver
        server.shutdown()
        thread.join(10)
