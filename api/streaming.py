"""Bodies that are too large to be read at once, handed to work in a thread as they come.

Nothing is collected: the thread asks for the next piece when it has stored the last one.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from anyio import from_thread
from fastapi import Request
from starlette.requests import ClientDisconnect

from api.exchange import exchange
from api.principal import Principal
from api.problems import Refusal

T = TypeVar("T")
Chunks = Iterator[bytes]
STALL_S = 60.0
"""Seconds without a byte after which a sender counts as gone."""
PACE_BYTES = 64 * 1024
"""A sender that was waited for `STALL_S` in all and gave fewer bytes than this meanwhile is gone,
too: a byte now and then would hold a place for ever."""
THREADS = 100
"""Bodies that are received at once in a process; more wait, and reads go on beside them."""
SHARE = THREADS // 2
"""Of these, what one tenant may have, so that its slow senders hold no other tenant up."""
OCTETS = "application/octet-stream"


class SenderGone(ConnectionResetError):
    """The sender was cut off, or sends nothing more."""


async def received(request: Request, work: Callable[[Chunks], T]) -> T:
    """What `work` makes of the body; it runs in a thread, and gets the body in pieces.

    Raises:
        Refusal: the body stopped coming; what `work` had stored by then is its own matter.
    """
    stream = aiter(request.stream())
    try:
        places = _places(request)
        async with places.share(exchange(request.scope).principal):
            return await anyio.to_thread.run_sync(lambda: work(_pieces(stream)), limiter=places.all)
    except SenderGone:
        raise Refusal(
            "malformed_request",
            "The body ended before it was whole. Ask how much has arrived, and go on from there.",
            headers={"Connection": "close"},
        ) from None


def declared_length(request: Request) -> int | None:
    """How many bytes the body says that it has."""
    given = request.headers.get("content-length", "")
    return int(given) if given.isdecimal() and len(given) <= 18 else None


def content_type(request: Request) -> str:
    """The media type of the body, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def fingerprint(request: Request, sha256: str | None) -> str:
    """What tells one streamed body from another before it has come."""
    text = f"{sha256}\n{request.headers.get('content-length')}\n{content_type(request)}"
    return hashlib.sha256(text.encode()).hexdigest()


def binary_body(*types: str, description: str) -> dict[str, Any]:
    """What the OpenAPI document says of such a body."""
    schema = {"type": "string", "format": "binary"}
    content = {each: {"schema": schema} for each in types}
    body = {"required": True, "description": description, "content": content}
    return {"requestBody": body}


def _pieces(stream: AsyncIterator[bytes]) -> Chunks:
    """Only waiting for the sender counts against it, and not what is done with a piece."""
    waited, came = 0.0, 0
    while True:
        began = time.monotonic()
        piece = from_thread.run(_next, stream)
        if piece is None:
            return
        waited, came = waited + time.monotonic() - began, came + len(piece)
        if waited >= STALL_S:
            if came < PACE_BYTES:
                raise SenderGone
            waited, came = 0.0, 0
        if piece:
            yield piece


async def _next(stream: AsyncIterator[bytes]) -> bytes | None:
    try:
        with anyio.fail_after(STALL_S):
            return await anext(stream, None)
    except (ClientDisconnect, TimeoutError):
        raise SenderGone from None


class _Places:
    """Who may be received at once; made in the app's event loop."""

    def __init__(self) -> None:
        self.all = anyio.CapacityLimiter(THREADS)
        self._shares: dict[str, anyio.CapacityLimiter] = {}

    def share(self, principal: Principal | None) -> anyio.CapacityLimiter:
        """The share of a principal's tenant."""
        name = principal.tenant if principal else ""
        if name not in self._shares:
            self._shares[name] = anyio.CapacityLimiter(SHARE)
        return self._shares[name]


def _places(request: Request) -> _Places:
    state = request.app.state
    if not hasattr(state, "receiving"):
        state.receiving = _Places()
    places: _Places = state.receiving
    return places
