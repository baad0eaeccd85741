"""Which pointers there can be: the shapes of all facts, so that a wrong one is told at reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from audit.records.casework import RequestView, ReviewView
from audit.records.period import PeriodFacts
from audit.records.register import System
from reports.documents import CheckDocument
from reports.fairness_documents import AuditDocument

_SHAPES: Mapping[str, Any] = {
    "audit": AuditDocument,
    "period": PeriodFacts,
    "system": System,
    "check": CheckDocument,
    "request": RequestView,
    "review": ReviewView,
}
Schema = Mapping[str, Any]


def unknown_step(pattern: str, inside: str = "") -> str | None:
    """The first step of a pointer that leads nowhere in any facts; None where all do.

    `inside`: a further pointer, from the item of the last `*` of `pattern`. A list takes `*` or a
    place; an object with free names takes any name.
    """
    steps = pattern.split("/")[1:]
    if inside:
        last = max((n for n, step in enumerate(steps) if step == "*"), default=len(steps) - 1)
        steps = [*steps[: last + 1], *inside.split("/")[1:]]
    root = _root(steps[0])
    here: list[Schema] = [root]
    for step in steps[1:]:
        here = [inner for schema in here for inner in _into(schema, step, root)]
        if not here:
            return step
    return None


@cache
def _root(name: str) -> Schema:
    made: dict[str, Any] = TypeAdapter(_SHAPES[name]).json_schema(mode="serialization")
    return made


def _into(schema: Schema, step: str, root: Schema) -> Iterator[Schema]:
    """Where a step leads from any of the forms that a value of this schema can have."""
    for form in _forms(schema, root):
        if not set(form) - {"description", "title", "default"}:
            yield form  # anything at all
        if step in form.get("properties", {}):
            yield form["properties"][step]
        elif isinstance(form.get("additionalProperties"), Mapping):
            yield form["additionalProperties"]
        if "items" in form and (step == "*" or step.isdecimal()):
            yield form["items"]


def _forms(schema: Schema, root: Schema) -> Iterator[Schema]:
    if "$ref" in schema:
        yield from _forms(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    elif "anyOf" in schema:
        for each in schema["anyOf"]:
            yield from _forms(each, root)
    else:
        yield schema
