"""Forms that are sent twice, by a double click or "reload": they take effect once.

Each page gives its forms a number of its own. The transaction in which a form takes effect keeps
that it did; the page that answered is kept after it, sealed for the session, and is given again to
whoever sends the same form with the same number and the same fields. That is the mechanism of
`api.idempotency`, without a header, so that it needs no script.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from api.call import CallContext
from api.exchange import exchange
from api.idempotency import Repetition, Replay
from api.principal import Principal
from api.problems import Refusal
from api.state import frame
from audit.store import UnitOfWork

LONGEST_WAIT_S = 10.0
"""How long the second waits for the first to be answered, before it is refused."""
FIELD = "once"
_STEP_S = 0.05
_FORM = re.compile(r"[A-Za-z0-9_\\-]{22}")
_UNANSWERED = 409
_NO_ANSWER = (
    "This form was sent before, and what answered it is not there. Look whether it is done before "
    "you fill it in anew."
)


class _Unanswered(Exception):
    """The first is at work, or its answer is not there. No page takes it for a fault of a form."""


class PageCall(CallContext):
    """A page's request. Its first unit keeps that a form with a number took effect."""

    _taken = False

    @contextmanager
    def unit(self, *, answers: bool = True) -> Iterator[UnitOfWork]:
        """The tenant's unit of work; raises `Replay` where the form took effect before."""
        repetition = None if self._taken else self._repetition()
        with self.store.unit(self.tenant, actor=self.principal.key_id) as unit:
            if repetition is not None:
                _look(repetition, unit)
            yield unit
            if repetition is not None:
                repetition.keep(unit, Response(status_code=_UNANSWERED))
        self._taken = self._taken or repetition is not None

    def keep(self, response: Response) -> None:
        """Keeps the page that answered a form which took effect; no file is kept."""
        repetition = self._repetition() if self._taken else None
        is_page = response.headers.get("content-type", "").startswith("text/html")
        if repetition is None or not (is_page or response.status_code == 303):
            return
        with self.store.unit(self.tenant, actor=self.principal.key_id) as unit:
            repetition.keep(unit, response)


def number(request: Request, form: Mapping[str, str], body: bytes) -> None:
    """Notes the number of a form, where it has one: it and the fields name the request."""
    if _FORM.fullmatch(form.get(FIELD, "")):
        served = exchange(request.scope)
        served.body_hash = hashlib.sha256(body).hexdigest()
        told = f"{request.method} {request.url.path} {served.body_hash}"
        served.idempotency_key = f"form-{hashlib.sha256(told.encode()).hexdigest()}"


async def answered(request: Request, inner: Callable[[], Awaitable[Response]]) -> Response:
    """The answer to a request: of a form that was sent before, the one that it had.

    Raises the refusal where the first is not answered after `LONGEST_WAIT_S`.
    """
    served = exchange(request.scope)
    if served.idempotency_key is None or served.principal is None:
        return await inner()
    until = time.monotonic() + LONGEST_WAIT_S
    while True:
        try:
            return await _alone(request, inner, served.principal, served.idempotency_key)
        except _Unanswered:
            if time.monotonic() > until:
                raise Refusal("idempotency_in_progress", _NO_ANSWER) from None
        await asyncio.sleep(_STEP_S)


async def _alone(
    request: Request, inner: Callable[[], Awaitable[Response]], who: Principal, key: str
) -> Response:
    """The answer, while this process serves no twin."""
    here = frame(request)
    try:
        here.in_flight.enter(who, key)
    except Refusal:
        raise _Unanswered from None
    try:
        return await _once(request, inner)
    finally:
        here.in_flight.leave(who, key)


async def _once(request: Request, inner: Callable[[], Awaitable[Response]]) -> Response:
    try:
        answer = await inner()
    except Replay as replay:
        return replay.response  # its headers but type and place are those of all pages
    call: PageCall | None = getattr(request.state, "call", None)
    if call is not None:
        await run_in_threadpool(call.keep, answer)
    return answer


def _look(repetition: Repetition, unit: UnitOfWork) -> None:
    try:
        repetition.look(unit)
    except Refusal:
        raise _Unanswered from None
    except Replay as replay:
        if replay.response.status_code == _UNANSWERED:
            raise _Unanswered from None
        raise
