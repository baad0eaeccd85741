"""What a route sees of the request that it serves, and how it answers.

    @router.post(
        "", status_code=201, response_model=System, dependencies=[requires("systems:write")]
    )
    def create_system(call: Call, body: NewSystem) -> Response:
        with call.unit() as unit:
            system = unit.add(System(id=new_id("sys"), **fields))
            return call.created(unit, system)

The answer is made inside the unit, so that it is kept in the transaction of the effect; it leaves
after the commit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import Depends, Header, Request, Response
from pydantic import TypeAdapter

from api.exchange import exchange
from api.guarding import GuardedRoute, StrictRequest
from api.idempotency import Repetition, request_hash
from api.paging import PageRequest
from api.principal import Principal
from api.problems import Refusal, invalid
from api.service import Service
from api.state import Frame, frame
from audit.records.base import Record
from audit.store import Listing, ReadUnit, Store, UnitOfWork

V = TypeVar("V", bound=Record)
_ETAG = re.compile(r'"(\d{1,18})"')


class CallContext:
    """One request of a principal."""

    def __init__(self, request: Request, here: Frame, route: GuardedRoute) -> None:
        principal = exchange(request.scope).principal
        if principal is None:
            raise RuntimeError(f"{route.path} is public and has no principal: use ServiceDep")
        self.request = request
        self.principal: Principal = principal
        self._frame = here
        self._route = route
        self._fingerprint = exchange(request.scope).body_hash

    @property
    def service(self) -> Service:
        """What the frame stands on."""
        return self._frame.service

    @property
    def store(self) -> Store:
        """The store."""
        return self._frame.service.store

    @property
    def tenant(self) -> str:
        """The tenant of the key."""
        return self.principal.tenant

    @property
    def request_id(self) -> str:
        """Names the request in logs."""
        return exchange(self.request.scope).request_id

    def may(self, scope: str) -> bool:
        """Whether the key has a further scope."""
        return scope in self.principal.scopes

    def fingerprint(self, text: str) -> None:
        """What tells a body that is no JSON from another one: hashes of its parts."""
        self._fingerprint = text

    def forget_key(self, key_id: str) -> None:
        """Drops what this process remembers of a key that was changed. After the commit."""
        self._frame.keys.forget(key_id)

    @contextmanager
    def reading(self) -> Iterator[ReadUnit]:
        """Reads of the tenant in one transaction."""
        with self.store.reading(self.tenant) as unit:
            yield unit

    @contextmanager
    def unit(self, *, answers: bool = True) -> Iterator[UnitOfWork]:
        """The tenant's unit of work, with this key as the actor.

        A POST that was sent before is answered here as it was then, and the block does not run. A
        POST's unit has to make its answer with the methods below; `answers=False` is for units
        before that one.
        """
        repetition = self._repetition()
        with self.store.unit(self.tenant, actor=self.principal.key_id) as unit:
            if repetition is not None:
                repetition.look(unit)
            self._answered = False
            yield unit
            if answers and self.request.method == "POST" and not self._answered:
                raise RuntimeError(f"{self._route.path}: the answer is made outside of its unit")

    def created(self, unit: UnitOfWork, value: Any, location: str | None = None) -> Response:
        """201 with the value, its ETag and its address (left out: the path and its id)."""
        where = location or f"{self.request.url.path.rstrip('/')}/{value.id}"
        return self._kept(unit, self._response(value, 201, {"Location": where}))

    def accepted(self, unit: UnitOfWork, value: Any, location: str | None = None) -> Response:
        """202 with the value: it is there, and work on it goes on."""
        where = location or f"{self.request.url.path.rstrip('/')}/{value.id}"
        return self._kept(unit, self._response(value, 202, {"Location": where}))

    def changed(self, unit: UnitOfWork, value: Any) -> Response:
        """200 with the value after a change, and its new ETag."""
        return self._kept(unit, self._response(value, 200, {}))

    def nothing(self, unit: UnitOfWork) -> Response:
        """204 without a body."""
        return self._kept(unit, Response(status_code=204))

    def kept(self, unit: UnitOfWork, response: Response) -> Response:
        """Any other answer, whose body is there as bytes."""
        return self._kept(unit, response)

    def shown(self, value: Any) -> Response:
        """200 with the value and its ETag; 304 where the caller has that version."""
        response = self._response(value, 200, {})
        tag = response.headers.get("etag")
        known = [each.strip() for each in self.request.headers.get("if-none-match", "").split(",")]
        if tag and (tag in known or f"W/{tag}" in known):
            return Response(status_code=304, headers={"ETag": tag})
        return response

    def listing(
        self,
        page: PageRequest,
        listing: Listing[V],
        view: Callable[[V], Any] | None = None,
    ) -> Response:
        """200 with a page of a list; `view` makes each item what is shown of it."""
        adapter = _adapter(self._route.response_model)
        return self._response(adapter.validate_python(page.listed(listing, view)), 200, {})

    def _response(self, value: Any, status: int, headers: dict[str, str]) -> Response:
        version = getattr(value, "version", None)
        if isinstance(version, int):
            headers["ETag"] = f'"{version}"'
        body = _adapter(self._route.response_model).dump_json(value, by_alias=True)
        return Response(body, status, headers=headers, media_type="application/json")

    def _kept(self, unit: UnitOfWork, response: Response) -> Response:
        repetition = self._repetition()
        if repetition is not None:
            repetition.keep(unit, response)
        self._answered = True
        return response

    def _repetition(self) -> Repetition | None:
        key = exchange(self.request.scope).idempotency_key
        if key is None:
            return None
        url = self.request.url
        hashed = request_hash(self.request.method, url.path, url.query.encode(), self._fingerprint)
        route = f"{self.request.method} {self._route.path}"
        return Repetition(self.principal, key, route=route, request_hash=hashed)


class Versioned(Protocol):
    """Something with a version."""

    @property
    def version(self) -> int:
        """Counts changes."""
        ...


@dataclass(frozen=True, slots=True)
class Expected:
    """The version that the caller read; None stands for any (`If-Match: *`)."""

    version: int | None

    def check(self, value: Versioned) -> None:
        """Raises the refusal where the stored value has another version."""
        if self.version is not None and value.version != self.version:
            raise Refusal(
                "precondition_failed",
                f"It has version {value.version} now; read it again.",
                headers={"ETag": f'"{value.version}"'},
            )


async def _call(request: Request) -> CallContext:
    route = request.scope["route"]
    if not isinstance(route, GuardedRoute):
        raise TypeError(f"{request.url.path} is no guarded route")
    return CallContext(request, frame(request), route)


async def _service(request: Request) -> Service:
    return frame(request).service


async def _if_match(
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            description='The ETag that was read, for example `"3"`. Needed: 428 without it.',
            examples=['"3"'],
        ),
    ] = None,
) -> Expected:
    if if_match is None:
        raise Refusal("precondition_required", "Read it first, and send its ETag as If-Match.")
    if if_match.strip() == "*":
        return Expected(None)
    found = _ETAG.fullmatch(if_match.strip())
    if found is None:
        raise invalid("header", "/If-Match", 'Give one ETag as it was read, for example "3".')
    return Expected(int(found[1]))


async def _raw_body(request: Request) -> bytes:
    strict = StrictRequest(request.scope, request.receive)
    strict.most_bytes = frame(request).settings.body_kib * 1024
    return await strict.body()


@cache
def _adapter(model: Any) -> TypeAdapter[Any]:
    return TypeAdapter(model)


Call = Annotated[CallContext, Depends(_call)]
"""The request of a principal, for routes with a scope."""
ServiceDep = Annotated[Service, Depends(_service)]
"""The service, for public routes."""
IfMatch = Annotated[Expected, Depends(_if_match)]
"""The version that a change is for; routes of PATCH and PUT take it and call `check`."""
RawBody = Annotated[bytes, Depends(_raw_body)]
"""The body as it came, limited, for routes that declare no model: signed webhooks."""
