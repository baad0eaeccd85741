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
    found: dict[str, str] = {}
    _walk("", document, 0, found)
    return found


def altered_parts(document: Mapping[str, Any], parts: Mapping[str, str]) -> list[str]:
    """What differs from the signed parts, in words; empty where every part is as it was signed."""
    found = [text for pointer, digest in parts.items() for text in _one(document, pointer, digest)]
    return [*dict.fromkeys(found), *_added(document, parts)]


def _walk(pointer: str, value: Any, depth: int, found: dict[str, str]) -> bytes:
    members = _members(value)
    if depth >= DEEPEST or not members:
        text = canonical_json(value)
        found[pointer] = _short(text)
        return text
    inner: dict[str, str] = {}
    texts = [_walk(join(pointer, name), held, depth + 1, inner) for name, held in members]
    text = _joined(value, texts)
    if pointer in _ALWAYS or _worth(text, texts, inner):
        found |= inner
    else:
        found[pointer] = _short(text)
    return text


def _short(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:HASH_DIGITS]


def _worth(text: bytes, texts: list[bytes], inner: Mapping[str, str]) -> bool:
    roomy = len(text) >= WORTH_SPLITTING and len(text) >= SMALLEST_MEAN * len(texts)
    return roomy and all(len(pointer) <= LONGEST_POINTER for pointer in inner)


def _members(value: Any) -> list[tuple[str | int, Any]]:
    if isinstance(value, Mapping):
        return sorted(value.items(), key=lambda member: member[0].encode("utf-16-be", "replace"))
    return list(enumerate(value)) if isinstance(value, list | tuple) else []


def _joined(value: Any, texts: list[bytes]) -> bytes:
    if isinstance(value, Mapping):
        names = [canonical_json(name) for name, _ in _members(value)]
        return b"{" + b",".join(n + b":" + t for n, t in zip(names, texts, strict=True)) + b"}"
    return b"[" + b",".join(texts) + b"]"


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
