"""What happens to a request before its route: who sends it, whether they may, and what it brings.

All of it is done before the body is parsed, so that nobody without a key makes the service work.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from email.message import Message
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.params import Depends, Form
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.routing import Match
from starlette.types import Scope

from api.exchange import Exchange, exchange
from api.idempotency import Replay, checked_key
from api.principal import Principal, Token
from api.problems import Refusal, invalid
from api.scopes import Guard, RateClass
from api.state import Frame, frame
from audit.canonical import LARGEST_INTEGER, Json, parse_json
from audit.errors import NotCanonical

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_BEARER = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +(\S+) *")
_FRACTION = re.compile(rb"[0-9][.eE]")
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


class StrictRequest(Request):
    """A request whose body is limited and whose JSON is strict.

    Python's parser takes NaN and keys that come twice; neither database takes NUL or halves of
    surrogate pairs in texts. They are refused here rather than fail there.
    """

    most_bytes: int = 0
    _strict: Json

    async def body(self) -> bytes:
        """The whole body, once read."""
        if not hasattr(self, "_body"):
            self._body = await _read(self, self.most_bytes)
        return self._body

    async def json(self) -> Any:
        """The value of the body."""
        if not hasattr(self, "_strict"):
            self._strict = _parsed(await self.body())
        return self._strict


class GuardedRoute(APIRoute):
    """A route that states who may use it, with `requires(...)` or `public(...)`."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        dependencies: Sequence[Depends] | None = None,
        **options: Any,
    ) -> None:
        found = [d for d in dependencies or () if isinstance(d.dependency, Guard)]
        if len(found) != 1 or not isinstance(found[0].dependency, Guard):
            raise ValueError(f"{path}: state a scope with requires(), or public()")
        self.guard = found[0].dependency
        others = [d for d in dependencies or () if d is not found[0]]
        self._start = path.partition("{")[0]
        super().__init__(path, endpoint, dependencies=[*others, found[0]], **options)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the request is for this route. Most are not, and their start says so."""
        if not scope.get("root_path") and not scope["path"].startswith(self._start):
            return Match.NONE, {}
        return super().matches(scope)

    @property
    def rate(self) -> RateClass:
        """Which quota a request takes from."""
        if self.guard.rate is not None:
            return self.guard.rate
        return RateClass.READ if (self.methods or set()) <= _READING else RateClass.WRITE

    @property
    def takes_form(self) -> bool:
        """Whether the body is a form that the framework reads."""
        return self.body_field is not None and isinstance(self.body_field.field_info, Form)

    def get_route_handler(self) -> Handler:
        """The framework's handler, behind the checks."""
        inner = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            here = frame(request)
            served = exchange(request.scope)
            _refuse_nul(request)
            if self.guard.scope is not None:
                served.principal = await _authenticated(request, here)
                _allow(served, here, self)
                here.keys.note_use(served.principal.key_id)
            elif self.guard.rate is not None:
                address = request.client.host if request.client else "unknown"
                _take(served, here, self, f"address:{address}")
            strict = StrictRequest(request.scope, request.receive)
            strict.most_bytes = here.settings.body_kib * 1024
            await self._take_body(strict, served)
            return await _once(strict, inner, here)

        return guarded

    async def _take_body(self, request: StrictRequest, served: Exchange) -> None:
        if self.body_field is None:
            return
        if self.takes_form:
            _content_type(request, "multipart/form-data")
            return
        body = await request.body()
        if body:
            _content_type(request, "application/json")
            await request.json()
        served.body_hash = hashlib.sha256(body).hexdigest()


def area(tag: str, prefix: str) -> APIRouter:
    """A router of guarded routes under `/v1<prefix>`; an operation's id is its function's name."""
    return APIRouter(
        prefix=f"/v1{prefix}",
        tags=[tag],
        route_class=GuardedRoute,
        generate_unique_id_function=lambda route: route.name,
    )


async def _authenticated(request: Request, here: Frame) -> Principal:
    header = _BEARER.fullmatch(request.headers.get("authorization", ""))
    token = Token.parse(header[1]) if header else None
    if token is None:
        raise _not_authenticated("Send `Authorization: Bearer fw_...` with a valid key.")
    if here.keys.remembered(token):
        principal = here.keys.check(token)
    else:
        principal = await run_in_threadpool(here.keys.check, token)
    if principal is None:
        raise _not_authenticated("The key is unknown, expired or revoked.")
    return principal


def _not_authenticated(detail: str) -> Refusal:
    headers = {"WWW-Authenticate": 'Bearer realm="fairwitness"'}
    return Refusal("not_authenticated", detail, headers=headers)


def _allow(served: Exchange, here: Frame, route: GuardedRoute) -> None:
    assert served.principal is not None  # noqa: S101 - set on the line before
    _take(served, here, route, served.principal.key_id)
    if route.guard.scope not in served.principal.scopes:
        raise Refusal("forbidden", f"The key does not have the scope {route.guard.scope}.")


def _take(served: Exchange, here: Frame, route: GuardedRoute, whose: str) -> None:
    served.allowance = here.rates.take(whose, route.rate)
    if not served.allowance.allowed:
        raise Refusal(
            "rate_limited",
            f"The quota of {served.allowance.quota} {route.rate.value} requests a minute is used "
            f"up; wait {served.allowance.reset_s} seconds.",
        )


async def _once(request: StrictRequest, inner: Handler, here: Frame) -> Response:
    """The route's answer; for a POST with an Idempotency-Key, the one answer under that key."""
    served = exchange(request.scope)
    offered = request.headers.get("idempotency-key")
    if offered is None or served.principal is None or request.method != "POST":
        return await inner(request)
    key = checked_key(offered)
    here.in_flight.enter(served.principal, key)
    try:
        served.idempotency_key = key
        return await inner(request)
    except Replay as replay:
        return replay.response
    finally:
        here.in_flight.leave(served.principal, key)


def _refuse_nul(request: Request) -> None:
    """No database takes NUL in a text, and no identifier holds one."""
    if any("\0" in str(value) for value in request.path_params.values()):
        raise Refusal("not_found", "There is nothing with such an identifier.")
    for name, value in request.query_params.multi_items():
        if "\0" in name or "\0" in value:
            raise invalid("query", "", "A text holds a NUL character.", code="nul")


def _content_type(request: Request, wanted: str) -> None:
    message = Message()
    message["content-type"] = request.headers.get("content-type", "")
    given = message.get_content_type() if message["content-type"] else ""
    json_like = wanted == "application/json" and given.startswith("application/")
    if given == wanted or (json_like and given.endswith("+json")):
        return
    raise Refusal("unsupported_media_type", f"Send the body as {wanted}.")


async def _read(request: Request, most_bytes: int) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most_bytes:
        raise _too_large(most_bytes)
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > most_bytes:
            raise _too_large(most_bytes)
        pieces.append(piece)
    return b"".join(pieces)


def _too_large(most_bytes: int) -> Refusal:
    headers = {"Connection": "close"}  # what is left of the body is not read
    return Refusal(
        "payload_too_large", f"The body may have at most {most_bytes} bytes.", headers=headers
    )


def _parsed(body: bytes) -> Json:
    try:
        value = parse_json(body)
    except NotCanonical as error:
        raise invalid("body", "", f"Send strict JSON: {_reason(error)}", code="json") from None
    if _SUSPECT.search(body):
        _refuse_unstorable(value)
    return _numbers(value) if _FRACTION.search(body) else value


def _numbers(value: Json) -> Json:
    """5.0 is the integer 5 in JSON Schema and in canonical JSON, and so it is here."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= LARGEST_INTEGER:
        return int(value)
    if isinstance(value, Mapping):
        return {name: _numbers(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_numbers(each) for each in value]
    return value


def _reason(error: NotCanonical) -> str:
    """Where the parser stopped, without the text that it stopped at."""
    cause = error.__cause__ or error.__context__
    if isinstance(cause, json.JSONDecodeError):
        return f"{cause.msg} at line {cause.lineno}, column {cause.colno}."
    return "UTF-8, no NaN or infinity, no key twice, not nested too deeply."


def _refuse_unstorable(value: Json) -> None:
    text = json.dumps(value, ensure_ascii=False)
    if "\\u0000" in text.replace("\\\\", ""):
        raise invalid("body", "", "A text holds a NUL character.", code="nul")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise invalid(
            "body", "", "A text holds half of a surrogate pair.", code="surrogate"
        ) from None
