"""The OpenAPI document: what the framework writes, with scopes, keys and all problems added.

A route declares what it answers when all is well; which problems it may answer with follows from
what it takes, so that no route forgets one. `also(410)` adds what only the route knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.describing import describe, tidy
from api.guarding import GuardedRoute
from api.idempotency import REPLAYED
from api.problems import MEDIA_TYPE, Problem, kinds
from api.scopes import SCOPES

_BEARER = "api_key"
_WRITES = frozenset({"post", "put", "patch", "delete"})
_TAKES = {"body": (400, 413, 415, 422), "parameters": (422,), "path": (404,), "match": (412, 428)}


def also(*problems: int | str) -> dict[int | str, dict[str, Any]]:
    """Further problems of a route, for its `responses`: statuses, or codes that it answers with.

    Codes are named where they tell callers something about this route.
    """
    found: dict[int | str, dict[str, Any]] = {}
    for each in problems:
        status = each if isinstance(each, int) else kinds()[each].status
        answer = found.setdefault(status, {"description": "problem", "codes": []})
        if isinstance(each, str):
            answer["codes"].append(each)
    return found


def document(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            license_info=app.license_info,
            tags=app.openapi_tags,
            routes=app.routes,
        )
        for route in app.routes:
            if isinstance(route, GuardedRoute) and route.include_in_schema:
                for method in route.methods or ():
                    _complete(made, route, method.lower())
        _components(made)
        app.openapi_schema = made
    return app.openapi_schema


def _complete(made: dict[str, Any], route: GuardedRoute, method: str) -> None:
    operation = made["paths"][route.path_format][method]
    guard = route.guard
    parameters = operation.setdefault("parameters", [])
    names = {each["name"].lower() for each in parameters}
    if guard.scope is None:
        operation["x-public"] = guard.reason
    else:
        operation["x-scope"] = guard.scope
        operation["security"] = [{_BEARER: [guard.scope]}]
        words = f"Scope `{guard.scope}`: {SCOPES[guard.scope]}."
        operation["description"] = f"{operation.get('description', '')}\n\n{words}".strip()
        if method == "post":
            parameters.append({"$ref": "#/components/parameters/IdempotencyKey"})
    if not parameters:
        del operation["parameters"]
    _answers(operation, _statuses(operation, route, method, names))
    schemas = made["components"]["schemas"]
    describe(operation, method, schemas)
    if guard.scope is not None or guard.rate is not None:
        _headers(operation, versioned=_versioned(operation, schemas), method=method)


def _statuses(
    operation: dict[str, Any], route: GuardedRoute, method: str, names: set[str]
) -> set[int]:
    found = {500, 503}
    takes = {
        "body": "requestBody" in operation,
        "parameters": bool(names),
        "path": "{" in route.path_format,
        "match": "if-match" in names,
    }
    for what, here in takes.items():
        if here:
            found.update(_TAKES[what])
    if route.guard.rate is not None:
        found.add(429)
    if route.guard.scope is not None:
        found.update((401, 403, 404, 429))  # 404: what a query or a body names may not be there
        if method in _WRITES:
            found.add(409)
        if method == "post":
            found.add(422)
    return found


def _answers(operation: dict[str, Any], statuses: Iterable[int]) -> None:
    answers = operation["responses"]
    framework = answers.get("422", {}).get("content", {}).get("application/json", {})
    if framework.get("schema", {}).get("$ref", "").endswith("/HTTPValidationError"):
        del answers["422"]
    stated = {int(s) for s, answer in answers.items() if answer.get("description") == "problem"}
    codes = {s: answers[str(s)]["codes"] for s in stated if answers[str(s)].get("codes")}
    if codes:
        operation["x-problems"] = [code for status in sorted(codes) for code in codes[status]]
    for status in sorted({*statuses, *stated}):
        if status in stated or str(status) not in answers:  # else the route describes it itself
            answers[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    operation["responses"] = dict(sorted(answers.items()))


def _headers(operation: dict[str, Any], *, versioned: bool, method: str) -> None:
    answers = operation["responses"]
    for status in [each for each in answers if each.startswith("2")]:
        names = ["X-Request-Id", "RateLimit-Policy", "RateLimit"]
        names += ["ETag"] * versioned
        names += ["Location"] * (status in ("201", "202"))
        names += [REPLAYED] * (method == "post")
        refs = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
        answers[status]["headers"] = {**refs, **answers[status].get("headers", {})}
    if versioned and "200" in answers and method in ("get", "head"):
        answers["304"] = {"description": "The caller has that version (If-None-Match)."}
        operation["responses"] = dict(sorted(answers.items()))


def _versioned(operation: dict[str, Any], schemas: dict[str, Any]) -> bool:
    """Whether the answer is a thing with a version, and so has an ETag."""
    for status, answer in operation["responses"].items():
        schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
        if status.startswith("2") and "$ref" in schema:
            fields = schemas[schema["$ref"].rsplit("/", 1)[-1]].get("properties", {})
            return "version" in fields
    return False


def _components(made: dict[str, Any]) -> None:
    parts = made.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    tidy(schemas)
    parts["responses"] = {
        f"Problem{status}": _problem_response(status)
        for status in sorted({kind.status for kind in kinds().values()})
    }
    parts["parameters"] = {"IdempotencyKey": _IDEMPOTENCY}
    parts["headers"] = _HEADERS
    parts["securitySchemes"] = {_BEARER: _SCHEME}


def _problem_response(status: int) -> dict[str, Any]:
    here = [kind for kind in kinds().values() if kind.status == status]
    examples = {
        kind.code: {
            "summary": kind.title,
            "value": {
                "type": f"/problems/{kind.code}",
                "title": kind.title,
                "status": status,
                "detail": f"{kind.meaning[0].upper()}{kind.meaning[1:]}.",
                "instance": "/v1/...",
                "code": kind.code,
                "request_id": "rqt_01KAN8Q5V4T2M9C3XH7R0ZJ6WD",
            },
        }
        for kind in here
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": "; ".join(f"`{kind.code}`: {kind.title.lower()}" for kind in here),
        "content": {MEDIA_TYPE: {"schema": schema, "examples": examples}},
    }


_IDEMPOTENCY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Makes the request safe to repeat for a day: it takes effect once, and is "
    "answered again as it was. A new one for each new request, for example a UUID.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_SCHEME: dict[str, Any] = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "fw_<id>_<secret>",
    "description": "An API key; `/v1/keys` issues them.",
}
_HEADERS: dict[str, Any] = {
    name: {"description": words, "schema": {"type": "string"}}
    for name, words in {
        "X-Request-Id": "Names the request in our logs; taken from the request where it has one.",
        "RateLimit-Policy": "Quota and window in seconds: q and w.",
        "RateLimit": "What is left, and the seconds until it is full: r and t.",
        "ETag": "The version, for If-Match and If-None-Match.",
        "Location": "Where it is.",
        REPLAYED: "`true` where this is the answer to an earlier request with the same key.",
    }.items()
}
