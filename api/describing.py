"""What the framework leaves unsaid in the OpenAPI document, or says in a way that misleads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from audit.records.base import START

_UNSAID = "Successful Response"
_START = START.isoformat().replace("+00:00", "Z")
_LIMITS = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}
_FIRST = {
    "201": "It is stored; `Location` says where.",
    "202": "It is accepted, and worked on; `Location` says where it is.",
}
_LIST = "A page of the list: `items`, and `next_cursor` while there is more."


def describe(operation: dict[str, Any], method: str, schemas: dict[str, Any]) -> None:
    """A sentence for each success that the route says nothing of."""
    for status, answer in operation["responses"].items():
        if answer.get("description") == _UNSAID:
            content = answer.get("content", {})
            schema = content.get("application/json", {}).get("schema", {})
            first = _FIRST.get(status)
            if first is None and method in ("post", "put", "patch") and _versioned(schema, schemas):
                first = "As it is now."
            words = (first, _words(schema, schemas) if content else "Done; nothing comes back.")
            answer["description"] = " ".join(each for each in words if each) or "The answer."


def _words(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    if schema.get("type") == "array":
        return "A list. Each item: " + _words(schema["items"], schemas)
    found = _named(schema, schemas)
    if "next_cursor" in found.get("properties", {}):
        return _LIST
    return str(found.get("description", "")).partition("\n\n")[0].replace("\n", " ")


def _versioned(schema: dict[str, Any], schemas: dict[str, Any]) -> bool:
    return "version" in _named(schema, schemas).get("properties", {})


def _named(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schemas.get(schema.get("$ref", "").rsplit("/", 1)[-1], {})
    return found


def tidy(schemas: dict[str, Any]) -> None:
    """Limits by the names that JSON Schema has for them; no defaults that stand for nothing."""
    for schema in _all(schemas):
        for name, proper in _LIMITS.items():
            if isinstance(schema.get(name), int | float):
                schema[proper] = schema.pop(name)
        if schema.get("default") == _START:
            del schema["default"]


def _all(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for each in value:
            yield from _all(each)
    elif isinstance(value, dict):
        yield value
        for each in list(value.values()):
            yield from _all(each)
