"""Pages for people: the API with examples, and what each problem means. No script, no network."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from importlib import resources
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from api.examples import example
from api.fields import rows
from api.problems import Kind

_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_CODE = re.compile(r"`([^`]+)`")
_METHODS = ("get", "head", "post", "put", "patch", "delete")
_JSON, _FORM = "application/json", "multipart/form-data"
_REFERENCE = "#/components/responses/Problem"
Document = Mapping[str, Any]


def api_page(document: Document, kinds: Mapping[str, Kind]) -> str:
    """The OpenAPI document as a page."""
    groups = [
        {"tag": tag, "operations": _operations(document, tag["name"], kinds)}
        for tag in document["tags"]
    ]
    return _templates().get_template("api.html").render(document=document, groups=groups)


def problems_page(kinds: Mapping[str, Kind]) -> str:
    """All problems, by status."""
    ordered = sorted(kinds.values(), key=lambda kind: kind.status)
    groups = [
        {"status": status, "title": _title(status), "kinds": list(here)}
        for status, here in groupby(ordered, key=lambda kind: kind.status)
    ]
    return _templates().get_template("problems.html").render(groups=groups)


def problem_page(kind: Kind) -> str:
    """One problem: what it means, and what to do."""
    return _templates().get_template("problem.html").render(kind=kind)


@cache
def style() -> str:
    """The style sheet of the pages."""
    return resources.files("api").joinpath("templates", "pages.css").read_text("utf-8")


def _operations(document: Document, tag: str, kinds: Mapping[str, Kind]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for path, methods in document["paths"].items():
        for method in _METHODS:
            operation = methods.get(method)
            if operation is not None and tag in operation.get("tags", ()):
                shown = _operation(document, f"{method.upper()} {path}", operation)
                found.append(shown | _problems(operation, kinds))
    return found


def _operation(document: Document, name: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    method, _, path = name.partition(" ")
    parameters = [_resolved(document, each) for each in operation.get("parameters", ())]
    bodies = _bodies(document, operation)
    request = operation.get("requestBody", {})
    call = _Call(method, path, _values(document, parameters), keyed="x-scope" in operation)
    return {
        "id": operation["operationId"],
        "method": method,
        "path": path,
        "summary": _summary(operation),
        "description": operation.get("description", "").partition("\n\nScope `")[0],
        "scope": operation.get("x-scope"),
        "parameters": _parameters(document, parameters),
        "bodies": bodies,
        "about_body": request.get("description", ""),
        "optional_body": bool(bodies) and not request.get("required", False),
        "calls": [call.command(*each) for each in _sendings(bodies)],
        "answers": [_answer(document, *each) for each in operation["responses"].items()],
    }


def _summary(operation: Mapping[str, Any]) -> str:
    """The summary; one that the framework made of the name is written like the others."""
    name, summary = operation["operationId"].replace("_", " "), str(operation["summary"])
    return name.capitalize() if summary.lower() == name else summary


def _parameters(document: Document, parameters: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each parameter as a field, and where it goes."""
    found = []
    for each in parameters:
        schema = {**each.get("schema", {}), "description": each.get("description", "")}
        field = rows({"properties": {each["name"]: schema}}, document["components"]["schemas"])[0]
        needed = each.get("required", False)
        found.append({"place": each["in"], "field": field, "needed": needed})
    return found


def _bodies(document: Document, operation: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What may be sent; media types that take bytes alike are one."""
    found: list[dict[str, Any]] = []
    components = document["components"]["schemas"]
    for media_type, media in operation.get("requestBody", {}).get("content", {}).items():
        schema = media.get("schema", {})
        fields = rows(schema, components)
        if not fields and found and not found[-1]["fields"]:
            found[-1]["media_types"].append(media_type)
            continue
        shown = _example(document, media, sent=True)
        found.append({"media_types": [media_type], "fields": fields, "example": shown})
    return found


def _sendings(bodies: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    if not bodies:
        return [("", None)]
    return [(each["media_types"][0].replace("*", "mp4"), each["example"]) for each in bodies]


def _example(
    document: Document, media: Mapping[str, Any], *, sent: bool = False, done: bool = True
) -> Any:
    if "example" in media:
        return media["example"]
    for each in media.get("examples", {}).values():
        return each["value"]
    components = document["components"]["schemas"]
    return example(media.get("schema", {}), components, sent=sent, done=done)


def _values(
    document: Document, parameters: list[Mapping[str, Any]]
) -> list[tuple[Mapping[str, Any], Any]]:
    """Each parameter with an example."""
    return [(each, each.get("example", _example(document, each, sent=True))) for each in parameters]


class _Call:
    """An operation as a command line."""

    def __init__(
        self, method: str, path: str, values: list[tuple[Mapping[str, Any], Any]], *, keyed: bool
    ) -> None:
        self._command = {"GET": "curl", "HEAD": "curl -I"}.get(method, f"curl -X {method}")
        self._keyed = keyed
        self._repeatable = keyed and method == "POST"
        self._headers: list[str] = []
        query: list[str] = []
        for each, value in values:
            name = each["name"]
            if each["in"] == "path":
                path = path.replace(f"{{{name}}}", str(value))
            elif each["in"] == "query" and each.get("required"):
                query.append(f"{name}={value}")
            elif name == "If-Match" or (each["in"] == "header" and each.get("required")):
                self._headers.append(f"-H '{name}: {value}'")
        self._address = f'"$FAIRWITNESS{path}{"?" if query else ""}{"&".join(query)}"'

    def command(self, media_type: str, body: Any) -> str:
        """With one of its bodies."""
        parts = [f"{self._command} {self._address}"]
        if self._keyed:
            parts.append('-H "Authorization: Bearer $FAIRWITNESS_KEY"')
        if self._repeatable:
            parts.append('-H "Idempotency-Key: $(uuidgen)"')
        parts += [*self._headers, *_sent(media_type, body)]
        return " \\\n  ".join(parts)


def _sent(media_type: str, body: Any) -> list[str]:
    if not media_type:
        return []
    if media_type == _FORM:
        return [f"-F '{name}={_part(value)}'" for name, value in body.items()]
    head = f"-H 'Content-Type: {media_type}'"
    if body == "(bytes)":
        return [head, "--data-binary @file"]
    text = body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False)
    return [
        head,
        "--data-binary " + _quoted(text) if isinstance(body, str) else f"-d {_quoted(text)}",
    ]


def _part(value: Any) -> str:
    if value == "(bytes)":
        return "@file"
    return f"{json.dumps(value, indent=2, ensure_ascii=False)};type={_JSON}"


def _quoted(text: str) -> str:
    inside = text.replace("'", "'\\''")
    return f"'{inside}'"


def _answer(document: Document, status: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    shown, fields = "", []
    if status.startswith("2"):
        for media_type, media in answer.get("content", {}).items():
            schema = media.get("schema", {})
            if media_type in (_JSON, "text/event-stream"):
                fields = rows(schema, document["components"]["schemas"], sent=False)
            if media_type == _JSON and fields:
                found = _example(document, media, done=status != "202")
                shown = json.dumps(found, indent=2, ensure_ascii=False)
    words = answer.get("description", "")
    return {
        "status": status,
        "description": words,
        "example": shown,
        "fields": fields,
        "own": not answer.get("$ref", "").startswith(_REFERENCE),
    }


def _problems(operation: Mapping[str, Any], kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """Problems that tell something of this operation, and the statuses that any may have."""
    here = [kinds[code] for code in operation.get("x-problems", ())]
    references = (each.get("$ref", "") for each in operation["responses"].values())
    statuses = [int(each.removeprefix(_REFERENCE)) for each in references if each]
    others = [{"status": status, "title": _title(status)} for status in statuses]
    return {"problems": here, "others": others}


def _title(status: int) -> str:
    return HTTPStatus(status).phrase


def _resolved(document: Document, part: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in part:
        return part
    found: Any = document
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def _inline(text: str) -> Markup:
    """Words with code, without a paragraph."""
    words = str(escape(_LINK.sub(r"\1", text)))
    return Markup(_CODE.sub(r"<code>\1</code>", words))  # noqa: S704 - escaped above


def _words(text: str) -> Markup:
    """Plain words of the little Markdown that descriptions use: paragraphs and code."""
    return Markup("").join(Markup("<p>{}</p>").format(_inline(part)) for part in text.split("\n\n"))


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
    environment.filters["inline"] = _inline
    return environment
