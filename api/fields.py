"""The fields of a JSON schema as rows of a table, for people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from api.examples import prefix

Schema = Mapping[str, Any]
_DEEPEST = 4
_LONGEST_PATTERN = 48
_ID = re.compile(r"\^\(?([a-z|]+)\)?_\[0-9A-HJKMNP-TV-Z\]\{26\}\$")
_FORMATS = {"date-time": "time", "date": "date", "binary": "bytes", "uri": "address"}
_TYPES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "boolean"}
_PATTERNS = {
    r"^[0-9a-f]{64}$": "64 hexadecimal digits",
    r"^[A-Za-z0-9][A-Za-z0-9_.:\-]{0,127}$": "letters, digits and `_.:-`",
    r"^[A-Z]{2}(-[A-Z0-9]{1,3}(-[A-Z0-9]{1,8})?)?$": "place, such as `US-NY-NYC`",
    r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$": "language, such as `en`",
    r"^[^\x00-\x1f\x7f]+$": "one line",
    r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$": "one line",
    r"^[!-~]+$": "visible ASCII",
    r"\S": "",
    r"^https?://[!-~]+$": "http(s) address",
    r"^https?://[!-~]{1,490}$": "http(s) address",
    r"^[a-z0-9_]{1,40}(\.[a-z0-9_]{1,40}){1,3}$": "name with dots",
    r"^[a-z][a-z0-9_]{0,31}$": "small letters, digits and `_`, at most 32",
    r"^[a-z][a-z0-9_]{0,63}$": "small letters, digits and `_`, at most 64",
    r"^[A-Za-z][A-Za-z0-9 _.\-]{0,31}$": "letters, digits, spaces and `_.-`",
    r"^[A-Za-z0-9][A-Za-z0-9 _+./\-]{0,63}$": "letters, digits, spaces and `_+./-`",
    r"^[A-Za-z0-9!#$&^_.+-]{1,60}/[A-Za-z0-9!#$&^_.+-]{1,60}$": "media type",
}
_SAID = ("at most 32", "at most 64")


@dataclass(frozen=True, slots=True)
class Row:
    """One field. `kind` and `meaning` hold the little Markdown of descriptions."""

    name: str
    depth: int
    kind: str
    needed: bool
    meaning: str


def rows(schema: Schema, components: Schema, *, sent: bool = True) -> list[Row]:
    """All fields, each followed by those inside it; a schema inside itself is not repeated.

    `sent`: of a request, where a field that is left out may have a default.
    """
    return list(_Fields(components, sent).of(schema, 0, frozenset()))


@dataclass(frozen=True, slots=True)
class _Fields:
    components: Schema
    sent: bool

    def of(self, schema: Schema, depth: int, inside: frozenset[str]) -> Iterator[Row]:
        for part in self._objects(schema, inside):
            found, known = self._resolved(part, inside)
            for name, field in found.get("properties", {}).items():
                meaning = self._meaning(field)
                needed = name in found.get("required", ())
                kind = self.kind(field)
                begins = prefix(str(found.get("title", "")), name)
                if begins:
                    kind = kind.replace("text", f"id `{begins}_…`", 1)
                yield Row(name, depth, kind.replace("of id ", "of ids "), needed, meaning)
                if depth < _DEEPEST:
                    yield from self.of(field, depth + 1, known)

    def kind(self, schema: Schema) -> str:
        """What a value is, in a few words."""
        found, _ = self._resolved(schema, frozenset())
        if "const" in found:
            return _code(found["const"])
        if found.get("enum"):
            return " | ".join(_code(each) for each in found["enum"])
        for word in ("anyOf", "oneOf"):
            if word in found and "properties" not in found:
                kinds = dict.fromkeys(self.kind(each) for each in found[word])
                return " or ".join(kinds)
        return self._of_type(found)

    def _of_type(self, schema: Schema) -> str:
        kind = schema.get("type")
        if kind == "array":
            items = self.kind(schema["items"]) if schema.get("items") else "anything"
            return _with(f"list of {_plural(items)}", _limits(schema, "Items", ""))
        if kind == "object":
            return self._dictionary(schema)
        if kind == "string":
            return _text(schema)
        return _with(_TYPES.get(str(kind), str(kind or "anything")), _range(schema))

    def _dictionary(self, schema: Schema) -> str:
        values = _values(schema)
        if "properties" in schema or not values:
            return "object"
        names = schema.get("propertyNames", {}).get("enum")
        first = " | ".join(_code(each) for each in names) if names else "name"
        return _with(
            f"object: {first} to {self.kind(values[0])}", _limits(schema, "Properties", "")
        )

    def _meaning(self, schema: Schema) -> str:
        options = [schema, *schema.get("anyOf", ())]
        refs = [each for each in options if "$ref" in each]
        options += [self._resolved(each, frozenset())[0] for each in refs]
        words = next((each["description"] for each in options if each.get("description")), "")
        default = schema.get("default")
        if not self.sent or default in (None, "", [], {}):
            return str(words)
        return f"{words} Left out: {_code(default)}.".strip()

    def _objects(self, schema: Schema, inside: frozenset[str]) -> Iterator[Schema]:
        """The schemas with fields that a value holds: itself, its items or its values."""
        found, known = self._resolved(schema, inside)
        if known == inside and "$ref" in schema:
            return
        if "properties" in found:
            yield schema
            return
        parts = [*found.get("anyOf", ()), *found.get("oneOf", ()), *_values(found)]
        if found.get("items"):
            parts.append(found["items"])
        for part in parts:
            yield from self._objects(part, inside)

    def _resolved(self, schema: Schema, inside: frozenset[str]) -> tuple[Schema, frozenset[str]]:
        if "$ref" not in schema:
            return schema, inside
        name = schema["$ref"].rsplit("/", 1)[-1]
        return self.components[name], inside | {name}


def _values(schema: Schema) -> list[Schema]:
    more = schema.get("additionalProperties")
    values = [*schema.get("patternProperties", {}).values()]
    return [*values, more] if isinstance(more, Mapping) and more else values


def _text(schema: Schema) -> str:
    pattern = schema.get("pattern", "").removeprefix("^$|")
    name = _ID.fullmatch(pattern)
    if name:
        return "id " + " or ".join(f"`{each}_…`" for each in name[1].split("|"))
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    if not pattern:
        return _with("text", _limits(schema, "Length", " characters"))
    words = _PATTERNS.get(pattern)
    if words is None:
        shown = pattern if len(pattern) <= _LONGEST_PATTERN else f"{pattern[:_LONGEST_PATTERN]}…"
        words = f"text like `{shown}`"
    words = words or "text"
    said = words.endswith(_SAID) or words == _PATTERNS[r"^[0-9a-f]{64}$"]
    return words if said else _with(words, _limits(schema, "Length", " characters"))


def _limits(schema: Schema, of: str, unit: str) -> str:
    least, most = schema.get(f"min{of}", 0), schema.get(f"max{of}")
    if most is None:
        return f"at least {least}{unit}" if least > 1 else ""
    if least == most:
        return f"{most}{unit}"
    return f"{least} to {most}{unit}" if least > 1 else f"at most {most}{unit}"


def _range(schema: Schema) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        return f"{least:g} to {most:g}" if most < 1e6 else f"from {least:g}"
    if least is not None:
        return f"from {least:g}"
    return f"up to {most:g}" if most is not None else ""


def _with(kind: str, limits: str) -> str:
    return f"{kind}, {limits}" if limits else kind


def _plural(kind: str) -> str:
    words = {"object": "objects", "whole number": "whole numbers", "place": "places"}
    first, comma, rest = kind.partition(",")
    return f"{words.get(first, first)}{comma}{rest}"


def _code(value: Any) -> str:
    words = {True: "true", False: "false", None: "null"}
    return f"`{words[value] if value is None or isinstance(value, bool) else value}`"
