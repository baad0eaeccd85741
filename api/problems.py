"""Answers that say what went wrong: RFC 9457, `application/problem+json`.

`problems.toml` is the one source of what each code means and which status it has. What a caller is
told of a fault of ours is that there was one, and the request id under which it is logged.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from api.exchange import exchange
from audit.errors import AuditError

MEDIA_TYPE = "application/problem+json"
INTERNAL = "internal_error"
_MOST_ERRORS = 50
_NAMED = frozenset({503, 507})
"""Faults of ours that a caller can wait for, or tell the operator of."""
_OF_STATUS = {
    400: "malformed_request",
    404: "route_not_found",
    405: "method_not_allowed",
    413: "payload_too_large",
    415: "unsupported_media_type",
    503: "unavailable",
}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of problem: its row in `problems.toml`."""

    code: str
    status: int
    title: str
    meaning: str
    remedy: str


class FieldError(BaseModel):
    """One field that is missing or wrong. Its value is not repeated."""

    model_config = ConfigDict(frozen=True)

    place: Annotated[
        Literal["body", "query", "path", "header", "cookie"],
        Field(description="Which part of the request holds the field."),
    ]
    pointer: Annotated[
        str,
        Field(description="JSON Pointer within that part; empty: all of it.", examples=["/name"]),
    ]
    code: Annotated[str, Field(description="A stable code.", examples=["string_too_long"])]
    detail: Annotated[str, Field(description="What is wrong, in words.")]


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(frozen=True)

    type: Annotated[
        str,
        Field(description="A page that says what it means.", examples=["/problems/not_found"]),
    ]
    title: Annotated[str, Field(description="The kind, in a few words.", examples=["Not found"])]
    status: Annotated[int, Field(description="The HTTP status.", examples=[404], ge=400, le=599)]
    detail: Annotated[
        str,
        Field(description="What happened here.", examples=["There is no system 'sys_01J...'."]),
    ]
    instance: Annotated[
        str, Field(description="The path of the request.", examples=["/v1/systems/sys_01J..."])
    ]
    code: Annotated[str, Field(description="A stable code.", examples=["not_found"])]
    request_id: Annotated[str, Field(description="Names the request in our logs.")]
    errors: Annotated[
        list[FieldError] | None,
        Field(description="The fields that are wrong, where the code is `validation_failed`."),
    ] = None


class Refusal(Exception):
    """A problem that only HTTP has. `code` names its row in `problems.toml`."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors = tuple(errors)


def invalid(place: str, pointer: str, detail: str, *, code: str = "value_error") -> Refusal:
    """The refusal of one field; `detail` must not repeat the value."""
    error = FieldError.model_validate(
        {"place": place, "pointer": pointer, "code": code, "detail": detail}
    )
    return Refusal("validation_failed", detail, errors=[error])


@cache
def kinds() -> Mapping[str, Kind]:
    """All kinds of problems by code."""
    text = resources.files("api").joinpath("problems.toml").read_text("utf-8")
    rows = tomllib.loads(text)
    found = TypeAdapter(dict[str, Kind]).validate_python(
        {code: {"code": code, **row} for code, row in rows.items()}
    )
    return MappingProxyType(found)


def problem(
    request: Request,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[FieldError] = (),
) -> Response:
    """The answer."""
    kind = kinds()[code]
    body = {
        "type": f"/problems/{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "instance": request.url.path,
        "code": code,
        "request_id": exchange(request.scope).request_id,
    }
    if errors:
        body["errors"] = [error.model_dump() for error in errors]
    exchange(request.scope).problem = code
    content = json.dumps(body, ensure_ascii=True).encode()
    return Response(content, kind.status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def of_error(request: Request, error: AuditError) -> Response:
    """The answer to a failure that was raised on purpose.

    Its words are shown where the caller can do something about it. Where it is a fault of ours,
    they are logged and not shown: they may name files or keys.
    """
    status = kinds()[error.code].status
    if status < 500:
        return problem(request, error.code, str(error) or kinds()[error.code].meaning)
    exchange(request.scope).fault = error
    if status in _NAMED:
        headers = {"Retry-After": "5"} if status == 503 else None
        return problem(request, error.code, kinds()[error.code].meaning, headers=headers)
    return internal(request)


def internal(request: Request) -> Response:
    """The answer to a fault of ours."""
    return problem(request, INTERNAL, "The service failed; nothing of the request was stored.")


def of_validation(request: Request, error: RequestValidationError) -> Response:
    """The answer to a request that does not hold to the schema. Values are not repeated."""
    found = [_field_error(each) for each in error.errors()[:_MOST_ERRORS]]
    names = ", ".join(f"{each.place} {each.pointer or '(all)'}" for each in found[:5])
    detail = f"The request does not hold to the schema: {names}."
    return problem(request, "validation_failed", detail, errors=found)


def of_http(request: Request, error: HTTPException) -> Response:
    """The answer to what the framework refuses."""
    code = _OF_STATUS.get(error.status_code)
    if code is None:
        return internal(request)
    kind = kinds()[code]
    detail = kind.meaning[0].upper() + kind.meaning[1:] + "."
    headers = {"Allow": _methods(request)} if error.status_code == 405 else error.headers
    return problem(request, code, detail, headers=headers)


def add_handlers(app: FastAPI) -> None:
    """Makes the app answer with problems."""

    async def refusal(request: Request, error: Any) -> Response:
        return problem(
            request, error.code, error.detail, headers=error.headers, errors=error.errors
        )

    async def audit_error(request: Request, error: Any) -> Response:
        return of_error(request, error)

    async def validation(request: Request, error: Any) -> Response:
        return of_validation(request, error)

    async def http(request: Request, error: Any) -> Response:
        return of_http(request, error)

    app.add_exception_handler(Refusal, refusal)
    app.add_exception_handler(AuditError, audit_error)
    app.add_exception_handler(RequestValidationError, validation)
    app.add_exception_handler(HTTPException, http)


def _methods(request: Request) -> str:
    """What an address takes: the framework names the methods of one of its routes only.

    `/media/pull` is described apart from `/media/{media_id}`, which has its form too.
    """
    path = request.url.path
    every = [route for route in request.app.routes if isinstance(route, Route)]
    here = [each for each in every if each.path == path]
    here = here or [each for each in every if each.path_regex.match(path)]
    return ", ".join(sorted({method for each in here for method in each.methods or ()}))


def _field_error(error: Mapping[str, Any]) -> FieldError:
    place, *path = error["loc"] or ("body",)
    if error["type"] == "json_invalid":
        path = []
    steps = [str(step).replace("~", "~0").replace("/", "~1") for step in path]
    return FieldError.model_validate(
        {
            "place": place,
            "pointer": "".join(f"/{step}" for step in steps),
            "code": error["type"],
            "detail": error["msg"],
        }
    )
