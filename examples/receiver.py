"""A webhook receiver with nothing but the standard library: verifies, deduplicates, remembers.

python -m examples.receiver 9000 whsec_...
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_S = 300


def is_genuine(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Whether a message was signed with the secret a short while ago (Standard Webhooks, v1)."""
    stamp = headers.get("webhook-timestamp", "")
    if not stamp.isdecimal() or abs(time.time() - int(stamp)) > TOLERANCE_S:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers.get('webhook-id', '')}.{stamp}.".encode() + body
    ours = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(f"v1,{ours}", each) for each in given)


class Receiver(ThreadingHTTPServer):
    """Keeps each event once; `refused` counts messages that were not genuine."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.secret = ""
        self.events: dict[str, dict[str, object]] = {}
        self.received = 0
        self.refused = 0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}/hooks"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        """One message."""
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        genuine = is_genuine(self.server.secret, headers, body)
        with self.server.lock:
            self.server.received += 1
            if genuine:  # the same id again is the same event again: keep the first
                self.server.events.setdefault(headers["webhook-id"], json.loads(body))
            else:
                self.server.refused += 1
        self.send_response(204 if genuine else 401)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


if __name__ == "__main__":
    receiver = Receiver(int(sys.argv[1]))
    receiver.secret = sys.argv[2]
    print(f"listening at {receiver.url}")
    receiver.serve_forever()
