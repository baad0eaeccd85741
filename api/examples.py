"""An example value of a JSON schema, for pages that show what to send and what comes back."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

_DEEPEST = 12
_UNIQUE = "01KAN8Q5V4T2M9C3XH7R0ZJ6WD"
_DIGEST = "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"
_FORMATS = {
    "date-time": "2026-03-02T09:00:00Z",
    "date": "2026-03-02",
    "uri": "https://example.org/hook",
    "binary": "(bytes)",
}
_PLAIN: Mapping[str, Any] = {"number": 0.5, "boolean": True, "null": None}
_ID_PATTERN = re.compile(r"\^\(?([a-z]{2,5})[a-z|)]*_\[0-9A-HJKMNP-TV-Z\]")
_NUMBERS: Mapping[str, int] = {"size_bytes": 104_857_600, "retention_days": 30, "days": 30}
_KNOWN = frozenset({"candidate_id", "interview_id", "system_id", "keep_until", "due_at"})
"""Fields that may be null and seldom are: answers show a value."""
_KNOWN_WHEN_DONE = frozenset({"started_at", "finished_at", "report_id", "result_sha256"})
_RESULTS = frozenset({"findings", "bands", "classes"})
_LAST = ("finished", "succeeded")
"""The state of work that is done."""

Schema = Mapping[str, Any]


def example(schema: Schema, components: Schema, *, sent: bool = False, done: bool = True) -> Any:
    """A value that a reader understands: the schema's own examples where it has some.

    `sent`: of a request. What may be left out is, unless it has an example.
    `done`: of an answer. Whether work that it tells of is done, or has not begun.
    """
    return _Examples(components, sent, done).of(schema, "", "", 0)


@dataclass(frozen=True, slots=True)
class _Examples:
    """Makes examples; `name` is the field's, `owner` the name of the schema around it."""

    components: Schema
    sent: bool
    done: bool

    def of(self, schema: Schema, name: str, owner: str, depth: int) -> Any:
        stated = self._stated(schema, name)
        if stated is not None or depth > _DEEPEST:
            return stated
        if "$ref" in schema:
            return self.of(self._named(schema), name, owner, depth + 1)
        for word in ("anyOf", "oneOf", "allOf"):
            if word in schema and "properties" not in schema:
                return self._one(schema[word], name, owner, depth)
        return self._of_type(schema, name, owner, depth)

    def _named(self, schema: Schema) -> Schema:
        found: Schema = self.components[schema["$ref"].rsplit("/", 1)[-1]]
        return found

    def _stated(self, schema: Schema, name: str) -> Any:
        if name == "state" and not self.sent and self.done:
            last = set(_LAST) & set(self._words(schema))
            if last:
                return last.pop()
        if name in _RESULTS and not self.done:
            return None
        if schema.get("examples"):
            return schema["examples"][0]
        if schema.get("default") not in (None, "", [], {}):
            return schema["default"]
        if schema.get("enum"):
            return schema["enum"][0]
        return schema.get("const")

    def _words(self, schema: Schema) -> list[Any]:
        found = self._named(schema) if "$ref" in schema else schema
        return list(found.get("enum", ()))

    def _one(self, options: list[Schema], name: str, owner: str, depth: int) -> Any:
        there = [each for each in options if each.get("type") != "null"]
        stated = [each["examples"][0] for each in there if each.get("examples")]
        if stated:
            return stated[0]
        known = name in _KNOWN or (self.done and name in _KNOWN_WHEN_DONE)
        if len(there) < len(options) and not self.sent and not known:
            return None
        return self.of(there[0], name, owner, depth + 1)

    def _of_type(self, schema: Schema, name: str, owner: str, depth: int) -> Any:
        kind = schema.get("type")
        if kind == "array":
            return self._list(schema, name, owner, depth)
        if kind == "object" or "properties" in schema:
            return self._object(schema, depth)
        if kind == "string":
            return _text(schema, name, owner)
        if kind == "integer":
            return _NUMBERS.get(name, max(1, int(schema.get("minimum", 1))))
        return _PLAIN.get(str(kind))

    def _list(self, schema: Schema, name: str, owner: str, depth: int) -> list[Any]:
        if "prefixItems" in schema:
            return [self.of(each, name, owner, depth + 1) for each in schema["prefixItems"]]
        items = schema.get("items")
        if not items:
            return []
        if (schema.get("default") == [] and "$ref" not in items and not self.sent) or (
            name in _RESULTS and not self.done
        ):
            return []
        return [self.of(items, name, owner, depth + 1)]

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        fields = schema.get("properties", {})
        owner = str(schema.get("title", ""))
        shown = list(fields)
        if self.sent:
            needed = schema.get("required", ())
            shown = [each for each in fields if each in needed or _has_example(fields[each])]
            shown = shown or list(fields)[:1]
        return {each: self.of(fields[each], each, owner, depth + 1) for each in shown}


def _has_example(schema: Schema) -> bool:
    options = (schema, *schema.get("anyOf", ()))
    return any(each is not None for one in options for each in one.get("examples", ()))


def _text(schema: Schema, name: str, owner: str) -> str:
    pattern = schema.get("pattern", "")
    begins = _ID_PATTERN.match(pattern)
    if begins:
        return f"{begins[1]}_{_UNIQUE}"
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    if "[0-9a-f]{64}" in pattern or name.endswith(("sha256", "hash")):
        return _DIGEST
    return _known(owner, name) or name.replace("_", " ") or "text"


def prefix(owner: str, name: str) -> str | None:
    """How identifiers in a field begin; `owner`: the name of the schema that has it."""
    found = _book()["prefixes"]
    known: str | None = found.get(f"{_short(owner)}.{name}", found.get(name))
    return known


def _short(owner: str) -> str:
    return owner.removesuffix("View")


def _known(owner: str, name: str) -> str | None:
    book, begins = _book(), prefix(owner, name)
    if begins:
        return f"{begins}_{_UNIQUE}"
    for each in (f"{_short(owner)}.{name}", name):
        if each in book["words"]:
            return str(book["words"][each])
        if each in book["digests"]["names"]:
            return _DIGEST
    return None


@cache
def _book() -> dict[str, Any]:
    return tomllib.loads(resources.files("api").joinpath("examples.toml").read_text("utf-8"))
