"""The outermost layer: request ids, headers of every answer, faults of ours, and what is observed.

Plain ASGI, so that streams pass through as they are. One layer does it all: each wraps `send` once.
"""

from __future__ import annotations

import json
import time
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.exchange import Exchange
from api.problems import INTERNAL, MEDIA_TYPE, kinds
from api.telemetry import Telemetry
from audit.store.availability import database_unavailable

REQUEST_ID = "X-Request-Id"
UNAVAILABLE = "unavailable"
CLOSED_BY_CLIENT = 499
SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_SECURITY_RAW = [(name.lower().encode(), value.encode()) for name, value in SECURITY.items()]
_DETAILS = {
    INTERNAL: "The service failed; nothing of the request was stored.",
    UNAVAILABLE: "The database does not answer; whether the request had an effect is not known: "
    "send it again with the same Idempotency-Key.",
}
_HSTS = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")


class Edge:
    """Wraps the app. Its broad `except` is the HTTP handler's: nothing is behind it but the server.

    Exceptions end here, since the server's own log would hold their messages, and those may hold
    what people sent.
    """

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request; anything that is none passes by."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        served = Exchange.begin(scope, Headers(scope=scope).get(REQUEST_ID.lower()))
        with self._telemetry.span(scope):
            await self._serve(scope, receive, _Answer(scope, served, send))

    async def _serve(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        served = answer.served
        began = time.perf_counter()
        try:
            await self._app(scope, receive, answer.send)
        except ClientDisconnect:
            answer.status = answer.status or CLOSED_BY_CLIENT
        except Exception as error:  # noqa: BLE001 - the HTTP handler is one of the outer edges
            away = database_unavailable(error)
            if not away:
                served.fault = error
            if answer.status:
                raise _Broken from None  # the answer has begun: only the connection can end
            await _fault(scope, served, answer.send, UNAVAILABLE if away else INTERNAL)
        finally:
            seconds = time.perf_counter() - began
            self._telemetry.served(scope, served, answer.status or 500, seconds)


class _Broken(Exception):
    """An answer broke off; the fault is in our log under its request id."""


class _Answer:
    """Adds the headers that all answers have, and sees the status."""

    def __init__(self, scope: Scope, served: Exchange, send: Send) -> None:
        self.served = served
        self._scope = scope
        self._send = send
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            raw = list(message.get("headers", ()))
            present = {name for name, _ in raw}
            raw += [each for each in _SECURITY_RAW if each[0] not in present]
            raw.append((REQUEST_ID.lower().encode(), self.served.request_id.encode()))
            if self._scope.get("scheme") == "https":
                raw.append(_HSTS)
            if self.served.allowance is not None:
                more = self.served.allowance.headers()
                raw += [(name.lower().encode(), value.encode()) for name, value in more.items()]
            message["headers"] = raw
        await self._send(message)


async def _fault(scope: MutableMapping[str, Any], served: Exchange, send: Send, code: str) -> None:
    """The problem, without the app: it is the app that failed."""
    kind = kinds()[code]
    served.problem = code
    body = {
        "type": f"/problems/{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": _DETAILS[code],
        "instance": scope["path"],
        "code": code,
        "request_id": served.request_id,
    }
    content = json.dumps(body).encode()
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(content)).encode()),
    ]
    if code == UNAVAILABLE:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": kind.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
