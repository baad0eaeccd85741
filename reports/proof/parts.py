"""Hashes of a document's members, so that a verifier can name what was altered.

A member is split into its own members while it is large and they are not tiny; what is not split is
one part. The proof signs the hashes of all parts, and with their pointers which members there are.
They only name alterations, so they are cut to 64 bits; that there is none is decided by the whole
document's SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from audit.canonical import canonical_json
from reports.document.pointers import Unresolved, join, resolve, steps

DEEPEST = 7
"""Members below this depth are never parts of their own."""
WORTH_SPLITTING = 1024
"""Bytes of canonical JSON from which a member is split."""
SMALLEST_MEAN = 80
"""Mean bytes of its members below which it is not: a hash and its pointer take about fifty."""
HASH_DIGITS = 16
LONGEST_POINTER = 500
_ALWAYS = frozenset({"", "/data", "/blocks", "/attachments", "/software"})


def parts_of(document: Mapping[str, Any]) -> dict[str, str]:
    """Hashes of the parts' canonical JSON by pointer; together they cover the document.

    `document` is plain JSON. Raises `NotCanonical` for what has no canonical form.
    """
    _, parts = _walk("", document, 0)
    return {pointer: _short(text) for pointer, text in parts}


def altered_parts(document: Mapping[str, Any], parts: Mapping[str, str]) -> list[str]:
    """What differs from the signed parts, in words; empty where every part is as it was signed."""
    found = [text for pointer, digest in parts.items() for text in _one(document, pointer, digest)]
    return [*dict.fromkeys(found), *_added(document, parts)]


def _walk(pointer: str, value: Any, depth: int) -> tuple[bytes, list[tuple[str, bytes]]]:
    """The canonical JSON of a value, and the texts of its parts by pointer; bytes are made once."""
    members = _members(value)
    if depth >= DEEPEST or not (_nested(members) or (pointer in _ALWAYS and members)):
        text = canonical_json(value)
        return text, [(pointer, text)]
    texts, inner = [], []
    for name, held in members:
        text, parts = _walk(join(pointer, name), held, depth + 1)
        texts.append(text)
        inner += parts
    text = _joined(value, members, texts)
    large = len(text) >= max(WORTH_SPLITTING, SMALLEST_MEAN * len(members))
    if (large or pointer in _ALWAYS) and all(len(name) <= LONGEST_POINTER for name, _ in inner):
        return text, inner
    return text, [(pointer, text)]


def _nested(members: list[tuple[str | int, Any]]) -> bool:
    return any(isinstance(held, Mapping | list | tuple) for _, held in members)


def _joined(value: Any, members: list[tuple[str | int, Any]], texts: list[bytes]) -> bytes:
    if not isinstance(value, Mapping):
        return b"[" + b",".join(texts) + b"]"
    names = (canonical_json(name) for name, _ in members)
    return b"{" + b",".join(n + b":" + t for n, t in zip(names, texts, strict=True)) + b"}"


def _short(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:HASH_DIGITS]


def _members(value: Any) -> list[tuple[str | int, Any]]:
    if isinstance(value, Mapping):
        return sorted(value.items(), key=lambda member: member[0].encode("utf-16-be", "replace"))
    return list(enumerate(value)) if isinstance(value, list | tuple) else []


def _one(document: Mapping[str, Any], pointer: str, digest: str) -> Iterator[str]:
    try:
        text = canonical_json(resolve(document, pointer))
    except Unresolved:
        yield f"{_first_missing(document, pointer)} was removed"
        return
    if _short(text) != digest:
        yield f"{pointer} was changed"


def _first_missing(document: Mapping[str, Any], pointer: str) -> str:
    names = steps(pointer)
    for count in range(1, len(names)):
        try:
            resolve(document, join("", *names[:count]))
        except Unresolved:
            return join("", *names[:count])
    return pointer


def _added(document: Mapping[str, Any], parts: Mapping[str, str]) -> Iterator[str]:
    known = {""}
    for pointer in parts:
        names = steps(pointer)
        known |= {join("", *names[:count]) for count in range(1, len(names) + 1)}
    for inner in sorted(known - set(parts)):
        try:
            members = _members(resolve(document, inner))
        except Unresolved:
            continue  # what was below it is said to be removed
        for name, _ in members:
            if join(inner, name) not in known:
                yield f"{join(inner, name)} was added"
