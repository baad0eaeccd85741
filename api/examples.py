"""An example value of a JSON schema, for pages that show what to send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DEEPEST = 8
_FORMATS = {
    "date-time": "2026-03-01T09:00:00Z",
    "date": "2026-03-01",
    "uri": "https://example.org/hook",
    "binary": "(bytes)",
}
_PLAIN: Mapping[str, Any] = {"integer": 1, "number": 0.5, "boolean": True, "null": None}
Schema = Mapping[str, Any]


def example(schema: Schema, components: Schema, depth: int = 0) -> Any:
    """A value that a reader understands: the schema's own examples where it has some."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return example(components[name], components, depth + 1)
    stated = _stated(schema)
    if stated is not None:
        return stated
    for word in ("anyOf", "oneOf", "allOf"):
        for option in schema.get(word, ()):
            if option.get("type") != "null":
                return example(option, components, depth + 1)
    return _of_type(schema, components, depth)


def _stated(schema: Schema) -> Any:
    for word in ("examples", "enum"):
        if schema.get(word):
            return schema[word][0]
    return schema.get("const", schema.get("default"))


def _of_type(schema: Schema, components: Schema, depth: int) -> Any:
    kind = schema.get("type")
    if depth > _DEEPEST:
        return None
    if kind == "array":
        items = schema.get("items")
        return [example(items, components, depth + 1)] if items else []
    if kind == "object" or "properties" in schema:
        fields = schema.get("properties", {})
        return {name: example(field, components, depth + 1) for name, field in fields.items()}
    if kind == "string":
        return _FORMATS.get(schema.get("format", ""), schema.get("title", "text").lower())
    return _PLAIN.get(str(kind))
