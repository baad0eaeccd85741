"""Progress as server-sent events: the row of a job, looked at twice a second, until it ends."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import anyio
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from api.call import CallContext
from audit.records.evidence import RunState
from audit.records.work import Job
from audit.store import ReadUnit

LOOK_S = 0.5
ALIVE_S = 15.0
LONGEST_S = 3600.0
_ID = re.compile(r"^[0-9]{1,12}-[0-9]{1,12}$")

_DATA: dict[str, Any] = {
    "type": "object",
    "required": ["id", "state", "progress", "stage"],
    "properties": {
        "id": {"type": "string", "description": "The check or audit."},
        "state": {"type": "string", "enum": [each.value for each in RunState]},
        "progress": {"type": "number", "minimum": 0, "maximum": 1, "description": "Share done."},
        "stage": {"type": "string", "description": "What is being done."},
    },
}
_EVENT: dict[str, Any] = {
    "type": "object",
    "description": "One event of the stream.",
    "required": ["event", "id", "data"],
    "properties": {
        "event": {"type": "string", "enum": ["progress", "end"]},
        "id": {"type": "string", "pattern": _ID.pattern},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": _DATA,
        },
    },
}
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events `progress`, and one `end`. Each has an id: send the last one as "
        "`Last-Event-ID` to be told only what came after.",
        "content": {"text/event-stream": {"schema": _EVENT}},
    }
}


@dataclass(frozen=True, slots=True)
class Seen:
    """Where something stands: a check or an audit, with its job."""

    version: int
    state: RunState
    job: Job

    @property
    def id(self) -> str:
        """Changes with what is told."""
        return f"{self.version}-{self.job.version}"

    def event(self, subject: str) -> bytes:
        """The event that tells it."""
        name = "end" if self.state.final else "progress"
        data = {
            "id": subject,
            "state": self.state.value,
            "progress": 1.0 if self.state is RunState.FINISHED else self.job.progress,
            "stage": self.job.stage,
        }
        return f"event: {name}\nid: {self.id}\ndata: {json.dumps(data)}\n\n".encode()


Look = Callable[[ReadUnit], Seen]


def progress_of(call: CallContext, subject: str, look: Look) -> StreamingResponse:
    """The stream; `look` reads where it stands. Raises `NotFound` before anything is sent."""
    first = _looked(call, look)
    known = call.request.headers.get("last-event-id", "")
    told = known if _ID.fullmatch(known) else None
    return StreamingResponse(
        _told(call, subject, look, (first, told)),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def _told(
    call: CallContext, subject: str, look: Look, start: tuple[Seen, str | None]
) -> AsyncIterator[bytes]:
    seen, told = start
    began = spoke = time.monotonic()
    while True:
        now = time.monotonic()
        if seen.id != told or seen.state.final:
            yield seen.event(subject)
            told, spoke = seen.id, now
        elif now - spoke >= ALIVE_S:
            yield b": alive\n\n"
            spoke = now
        if seen.state.final or now - began > LONGEST_S or call.service.stopping.is_set():
            return
        await anyio.sleep(LOOK_S)
        seen = await run_in_threadpool(_looked, call, look)


def _looked(call: CallContext, look: Look) -> Seen:
    with call.reading() as unit:
        return look(unit)
