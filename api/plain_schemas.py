"""JSON schemas without references, for places of the OpenAPI document that the framework does not
fill in itself.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


def plain_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a model, with what it refers to put in its place. Not for recursive ones."""
    schema = model.model_json_schema()
    plain: dict[str, Any] = _resolved(schema, schema.pop("$defs", {}))
    return plain


def _resolved(value: Any, defined: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_resolved(each, defined) for each in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        named = defined[value["$ref"].rsplit("/", 1)[-1]]
        return _resolved({**named, **{k: v for k, v in value.items() if k != "$ref"}}, defined)
    return {name: _resolved(each, defined) for name, each in value.items()}
