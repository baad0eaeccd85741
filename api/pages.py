"""Pages for people: the API with examples, and what each problem means. No script, no network."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from api.examples import example
from api.problems import Kind

_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_CODE = re.compile(r"`([^`]+)`")
_METHODS = ("get", "head", "post", "put", "patch", "delete")


def api_page(document: Mapping[str, Any]) -> str:
    """The OpenAPI document as a page."""
    groups = [
        {"tag": tag, "operations": _operations(document, tag["name"])} for tag in document["tags"]
    ]
    return _templates().get_template("api.html").render(document=document, groups=groups)


def problems_page(kinds: Mapping[str, Kind]) -> str:
    """All problems."""
    return _templates().get_template("problems.html").render(kinds=list(kinds.values()))


def problem_page(kind: Kind) -> str:
    """One problem: what it means, and what to do."""
    return _templates().get_template("problem.html").render(kind=kind)


@cache
def style() -> str:
    """The style sheet of the pages."""
    return resources.files("api").joinpath("templates", "pages.css").read_text("utf-8")


def _operations(document: Mapping[str, Any], tag: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for path, methods in document["paths"].items():
        for method in _METHODS:
            operation = methods.get(method)
            if operation is not None and tag in operation.get("tags", ()):
                found.append(_operation(document, f"{method.upper()} {path}", operation))
    return found


def _operation(
    document: Mapping[str, Any], name: str, operation: Mapping[str, Any]
) -> dict[str, Any]:
    method, _, path = name.partition(" ")
    body = _body(document, operation)
    return {
        "id": operation["operationId"],
        "method": method,
        "path": path,
        "summary": operation["summary"],
        "description": operation.get("description", ""),
        "scope": operation.get("x-scope"),
        "parameters": [_resolved(document, each) for each in operation.get("parameters", ())],
        "curl": _curl(method, path, body, keyed="x-scope" in operation),
        "answers": [_answer(document, *each) for each in operation["responses"].items()],
    }


def _body(document: Mapping[str, Any], operation: Mapping[str, Any]) -> tuple[str, Any] | None:
    content = operation.get("requestBody", {}).get("content", {})
    for media_type, media in content.items():
        return media_type, _example(document, media)
    return None


def _example(document: Mapping[str, Any], media: Mapping[str, Any]) -> Any:
    if "example" in media:
        return media["example"]
    for each in media.get("examples", {}).values():
        return each["value"]
    return example(media.get("schema", {}), document["components"]["schemas"])


def _curl(method: str, path: str, body: tuple[str, Any] | None, *, keyed: bool) -> str:
    command = {"GET": "curl", "HEAD": "curl -I"}.get(method, f"curl -X {method}")
    parts = [command, f'"$FAIRWITNESS{path}"']
    if keyed:
        parts.append('-H "Authorization: Bearer $FAIRWITNESS_KEY"')
    if keyed and method == "POST":
        parts.append('-H "Idempotency-Key: $(uuidgen)"')
    if body is not None and body[0] == "application/json":
        parts.append("-H 'Content-Type: application/json'")
        parts.append(f"-d '{json.dumps(body[1], indent=2, ensure_ascii=False)}'")
    elif body is not None and isinstance(body[1], Mapping):
        parts.extend(f"-F '{name}={value}'" for name, value in body[1].items())
    return " \\\n  ".join(parts)


def _answer(document: Mapping[str, Any], status: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    found = _resolved(document, answer)
    shown = ""
    if status.startswith("2"):
        for media_type, media in found.get("content", {}).items():
            if media_type == "application/json":
                shown = json.dumps(_example(document, media), indent=2, ensure_ascii=False)
    return {"status": status, "description": found["description"], "example": shown}


def _resolved(document: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in part:
        return part
    found: Any = document
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def _words(text: str) -> Markup:
    """Plain words of the little Markdown that descriptions use: paragraphs and code."""
    paragraphs = [str(escape(_LINK.sub(r"\1", part))) for part in text.split("\n\n")]
    marked = [_CODE.sub(r"<code>\1</code>", part) for part in paragraphs]
    return Markup("".join(f"<p>{part}</p>" for part in marked))  # noqa: S704 - escaped above


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("api"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["words"] = _words
    return environment
