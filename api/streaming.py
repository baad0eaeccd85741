"""Bodies that are too large to be read at once, handed to work in a thread as they come.

Nothing is collected: the thread asks for the next piece when it has stored the last one.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from anyio import from_thread
from fastapi import Request
from starlette.requests import ClientDisconnect

from api.problems import Refusal

T = TypeVar("T")
Chunks = Iterator[bytes]
STALL_S = 60.0
"""Seconds without a byte after which a sender counts as gone."""
THREADS = 100
"""Bodies that are received at once in a process; more wait, and reads go on beside them."""
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
        return await anyio.to_thread.run_sync(
            lambda: work(_pieces(stream)), limiter=_limiter(request)
        )
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
    while (piece := from_thread.run(_next, stream)) is not None:
        if piece:
            yield piece


async def _next(stream: AsyncIterator[bytes]) -> bytes | None:
    try:
        with anyio.fail_after(STALL_S):
            return await anext(stream, None)
    except (ClientDisconnect, TimeoutError):
        raise SenderGone from None


def _limiter(request: Request) -> anyio.CapacityLimiter:
    """One for each app, made in its event loop."""
    state = request.app.state
    if not hasattr(state, "receiving"):
        state.receiving = anyio.CapacityLimiter(THREADS)
    limiter: anyio.CapacityLimiter = state.receiving
    return limiter
