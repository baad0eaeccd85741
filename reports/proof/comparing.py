"""Naming where a file differs from what it should be: line, page, table row or member."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from audit.errors import ProofUnreadable
from reports.proof.reading import Kind
from reports.proof.zips import layout, unpacked

MOST_PLACES = 20
_NEAR = 24
"""Bytes between two changes that are named as one."""
_EXCERPT = 60
_LONGEST_HEAD = 20_000
"""Bytes of an object of a PDF in which its type is looked for."""

_ID = re.compile(rb'\bid="([^"]{1,120})"')
_OBJECT = re.compile(rb"(?:^|[\r\n])(\d{1,9}) 0 obj\b")
_PAGE = re.compile(rb"/Type\s*/Page\b")
_KIDS = re.compile(rb"/Kids\s*\[([\d\sR]*)\]")
_CONTENTS = re.compile(rb"/Contents\s+(\d{1,9}) 0 R")


def differences(found: bytes, expected: bytes, kind: Kind) -> list[str]:
    """Places, in words, at which `found` is not `expected`; at most `MOST_PLACES`.

    Where bytes were added or taken away, all from the first to the last change is one place.
    """
    name_place = _PLACES[kind]
    named: dict[str, str] = {}
    for start, ours, theirs in _changes(found, expected):
        place = name_place(expected, start)
        packed = kind == "pdf"  # its bytes are no words
        said = "" if packed else _said(found[start:ours], expected[start:theirs])
        named.setdefault(place, said)
        if len(named) >= MOST_PLACES:
            break
    return [f"{place}{said}" for place, said in named.items()]


def _changes(found: bytes, expected: bytes) -> list[tuple[int, int, int]]:
    """Start, end in `found` and end in `expected` of each change."""
    shortest = min(len(found), len(expected))
    ours, theirs = (np.frombuffer(text, np.uint8) for text in (found, expected))
    if len(found) == len(expected):
        places = np.flatnonzero(ours != theirs)
        if not places.size:
            return []
        breaks = np.flatnonzero(np.diff(places) > _NEAR)
        starts = places[np.concatenate(([0], breaks + 1))]
        ends = places[np.concatenate((breaks, [places.size - 1]))] + 1
        return [(int(a), int(b), int(b)) for a, b in zip(starts, ends, strict=True)]
    apart = np.flatnonzero(ours[:shortest] != theirs[:shortest])
    start = int(apart[0]) if apart.size else shortest
    rest = shortest - start
    tail = np.flatnonzero(ours[len(ours) - rest :][::-1] != theirs[len(theirs) - rest :][::-1])
    same = int(tail[0]) if tail.size else rest
    return [(start, len(found) - same, len(expected) - same)]


def _said(ours: bytes, theirs: bytes) -> str:
    """The changed words, where both sides are short and readable."""
    texts = []
    for side in (ours, theirs):
        text = side[: _EXCERPT + 1].decode("utf-8", "replace")
        if len(side) > _EXCERPT or not text.isprintable() or "\N{REPLACEMENT CHARACTER}" in text:
            return ""
        texts.append(text)
    return f": {texts[0]!r} stands in place of {texts[1]!r}"


def _in_page(expected: bytes, at: int) -> str:
    line = expected.count(b"\n", 0, at) + 1
    known = [found[1] for found in _ID.finditer(expected, max(0, at - 200_000), at)]
    if known and known[-1].decode("utf-8", "replace").startswith("fairwitness-envelope"):
        return f"line {line}, in the embedded document"
    near = f", below “{known[-1].decode('utf-8', 'replace')}”" if known else ""
    row = expected.count(b"<tr", expected.rfind(b"<tbody", 0, at), at)
    in_table = expected.rfind(b"<tbody", 0, at) > expected.rfind(b"</tbody", 0, at)
    return f"line {line}{near}" + (f", row {row} of its table" if in_table and row else "")


def _in_pdf(expected: bytes, at: int) -> str:
    objects = list(_OBJECT.finditer(expected, 0, at + 1))
    if not objects:
        return f"the beginning of the PDF, byte {at}"
    number = int(objects[-1][1])
    if 0 <= expected.find(b"endobj", objects[-1].end()) < at:
        return f"the PDF, after object {number}"
    page = _pages(expected).get(number)
    return f"the PDF, in object {number}" if page is None else f"page {page} (object {number})"


def _pages(expected: bytes) -> dict[int, int]:
    """Numbers of the objects that are pages, or what pages show, with the number of the page."""
    starts = list(_OBJECT.finditer(expected))
    ends = [*(found.start() for found in starts[1:]), len(expected)]
    heads = {
        int(found[1]): expected[found.end() : min(end, found.end() + _LONGEST_HEAD)].partition(
            b"stream"
        )[0]
        for found, end in zip(starts, ends, strict=True)
    }
    kids = [int(n) for head in heads.values() for n in _numbers(head)]
    order = [n for n in kids if _PAGE.search(heads.get(n, b""))]
    made = {number: page for page, number in enumerate(order, 1)}
    for number, page in list(made.items()):
        contents = _CONTENTS.search(heads[number])
        if contents:
            made[int(contents[1])] = page
    return made


def _numbers(head: bytes) -> list[bytes]:
    found = _KIDS.search(head) if b"/Pages" in head else None
    return found[1].split()[::3] if found else []


def _in_zip(expected: bytes, at: int) -> str:
    for member in layout(expected):
        if member.header <= at < member.end:
            if at < member.start:
                return f"the archive's header of {member.name}"
            if member.name.endswith(".csv") and member.packed == member.size:
                row = unpacked(expected, member).count(b"\n", 0, at - member.start) + 1
                return f"{member.name}, line {row}"
            return member.name
    return "the archive's directory"


def differences_of_archive(found: bytes, expected: bytes) -> list[str]:
    """As `differences` for zip formats: by members, each with its line where it is a table."""
    try:
        ours = {m.name: unpacked(found, m) for m in layout(found)}
        theirs = {m.name: unpacked(expected, m) for m in layout(expected)}
    except ProofUnreadable:
        return differences(found, expected, "csv")
    named = [f"{name} was added" for name in ours if name not in theirs]
    for name, text in theirs.items():
        if name not in ours:
            named.append(f"{name} was removed")
        elif ours[name] != text:
            start = _changes(ours[name], text)[0]
            row = text.count(b"\n", 0, start[0]) + 1
            line = f", line {row}" if name.endswith(".csv") else ""
            said = _said(ours[name][start[0] : start[1]], text[start[0] : start[2]])
            named.append(f"{name}{line}{said}")
    return named[:MOST_PLACES] or differences(found, expected, "csv")


def _in_text(expected: bytes, at: int) -> str:
    return f"byte {at} of {len(expected)}"


_PLACES: dict[str, Callable[[bytes, int], str]] = {
    "json": _in_text,
    "html": _in_page,
    "pdf": _in_pdf,
    "csv": _in_zip,
    "docx": _in_zip,
    "bundle": _in_zip,
}
