"""A body that is no JSON, taken in pieces: limited, hashed, and kept on disk beyond a megabyte."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from api.problems import Refusal

_IN_MEMORY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Spooled:
    """A body that was taken. `sha256`: of its bytes. The file is closed after the request."""

    file: BinaryIO
    sha256: str


class Spool:
    """The dependency of a route that takes a body of one content type, up to a size."""

    def __init__(self, content_type: str, most_bytes: int) -> None:
        self._type = content_type
        self._most = most_bytes

    async def __call__(self, request: Request) -> AsyncIterator[Spooled]:
        """The body. Raises `Refusal` where it is of another type, or too large."""
        given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if given != self._type:
            raise Refusal("unsupported_media_type", f"Send the body as {self._type}.")
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > self._most:
            raise self._too_large()
        digest = hashlib.sha256()
        size = 0
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
            async for piece in request.stream():
                size += len(piece)
                if size > self._most:
                    raise self._too_large()
                digest.update(piece)
                await run_in_threadpool(file.write, piece)
            file.seek(0)
            yield Spooled(file, digest.hexdigest())  # type: ignore[arg-type]

    def _too_large(self) -> Refusal:
        headers = {"Connection": "close"}  # what is left of the body is not read
        return Refusal(
            "payload_too_large", f"The body may have at most {self._most} bytes.", headers=headers
        )


def body_of(content_type: str, example: str) -> dict[str, Any]:
    """What the OpenAPI document says of such a body."""
    schema = {"type": "string", "format": "binary"}
    content = {content_type: {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}
