"""Canonical JSON (RFC 8785): one sequence of bytes for each plain value, so that it can be hashed.

Ledger entries, signed heads, report hashes and encryption contexts are all hashed or signed in this
form; anyone with an RFC 8785 library gets the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import rfc8785

from audit.errors import NotCanonical

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None

LARGEST_INTEGER = 2**53 - 1  # RFC 8785 section 3.2.2.3 with I-JSON (RFC 7493): exact as a double


def canonical_json(value: Json) -> bytes:
    """The RFC 8785 form of a plain value: None, bool, int, float, str, list, tuple, dict.

    UTF-8 bytes without white space, keys sorted by UTF-16 code units, numbers as ECMAScript writes
    them. Raises `NotCanonical` for NaN, infinities, integers beyond 2**53 - 1, keys that are not
    strings, lone surrogates, nesting beyond the interpreter's depth and every other type.
    """
    try:
        return rfc8785.dumps(value)
    except RecursionError:
        raise NotCanonical("the value is nested too deeply for canonical JSON") from None
    except ValueError as error:  # the library's own errors, and UnicodeEncodeError of a key
        raise NotCanonical(f"the value has no canonical JSON form: {error}") from None


def canonical_hash(value: Json) -> str:
    """SHA-256 of the canonical form, 64 lower-case hexadecimal digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def parse_json(data: bytes) -> Json:
    """The value of strict JSON text: UTF-8, no NaN or infinities, no key twice in an object.

    Integers beyond 2**53 - 1 become floats, as RFC 8785 reads them, so that canonical text parses
    to a value with the same canonical text. Raises `NotCanonical`.
    """
    try:
        value: Json = json.loads(
            data.decode("utf-8"),
            parse_int=_number,
            parse_constant=_no_constant,
            object_pairs_hook=_no_repeats,
        )
    except RecursionError:
        raise NotCanonical("the text is nested too deeply") from None
    except ValueError as error:  # JSONDecodeError and UnicodeDecodeError are kinds of it
        raise NotCanonical(f"the text is not strict JSON: {error}") from None
    return value


def parse_canonical(data: bytes) -> Json:
    """The value of text that is already in canonical form; any other byte raises `NotCanonical`."""
    value = parse_json(data)
    if canonical_json(value) != data:
        raise NotCanonical("the text is JSON, but not in its canonical form")
    return value


def _number(text: str) -> int | float:
    # Longer texts are never safe integers; int() of very long ones is slow and refused by Python.
    value = float(text) if len(text) > 17 else int(text)
    return value if abs(value) <= LARGEST_INTEGER else float(text)


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


def _no_repeats(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice in one object")
    return found
