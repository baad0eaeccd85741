"""Random changes of issued files: none may verify, and the altered thing should be named.

    python -m tests.reports.proof.tampering --count 1000

prints counts by format. Half of the changes are of one byte (another value, one more, one less),
half of one field: a value of the document or its proof, a word of a page, a member of an archive,
with checksums, sizes and lists of members made to fit, as somebody without the signing key could.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from audit.canonical import canonical_json
from audit.errors import ProofUnreadable
from reports.document.pointers import join
from reports.proof.bundle import MANIFEST, REPORT
from reports.proof.bundle_verifying import verify
from reports.proof.reading import EMBEDDED, SCRIPT
from reports.proof.zips import read_zip, write_zip
from tests.reports.proof.material import FORMATS, bundled, file_of, trust

SEED = 20261122
_END = 22


@dataclass(frozen=True, slots=True)
class Change:
    """Changed bytes, and where it is known the pointer, line or member that should be named."""

    kind: str
    data: bytes
    where: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One change: of which format, of what kind, and what came of verifying it.

    `named`: something is named; `right`: it is the changed pointer, line or member (`None`: the
    change was of a byte, whose place has no such name).
    """

    format: str
    change: str
    verdict: str
    named: bool
    right: bool | None
    said: str


def files() -> dict[str, bytes]:
    """One file of each format, and a bundle."""
    return {**{wanted: file_of(wanted) for wanted in FORMATS}, "bundle": bundled()}


def attempts(count: int, seed: int = SEED) -> Iterator[Attempt]:
    """`count` changes, spread evenly over the formats."""
    draw = random.Random(seed)
    held = files()
    names = list(held)
    for number in range(count):
        name = names[number % len(names)]
        by_byte = (number // len(names)) % 2 == 0
        change = _changed(name, held[name], draw, by_byte)
        while change.data == held[name]:
            change = _changed(name, held[name], draw, by_byte)
        yield _tried(name, change)


def _changed(name: str, data: bytes, draw: random.Random, by_byte: bool) -> Change:
    return _of_byte(data, draw) if by_byte else _of_field(name, data, draw)


def _tried(name: str, change: Change) -> Attempt:
    try:
        found = verify(change.data, trust())
    except ProofUnreadable as error:
        return Attempt(name, change.kind, "unreadable", False, None, str(error))
    named, said = bool(found.altered), "; ".join(found.altered)
    right = _right(change.where, found.altered) if change.where else None
    return Attempt(name, change.kind, found.verdict, named, right, said)


def _right(where: str, altered: tuple[str, ...]) -> bool:
    """Whether the place, or the part that it belongs to, is named."""
    if not where.startswith("/"):
        return any(where in text for text in altered)
    pointers = [text.split(" ")[0] for text in altered if text.startswith("/")]
    return any(where == p or where.startswith(p + "/") or p.startswith(where) for p in pointers)


# --- one byte ---


def _of_byte(data: bytes, draw: random.Random) -> Change:
    at = draw.randrange(len(data))
    way = draw.choice(("another", "another", "one more", "one less"))
    if way == "another":
        made = bytes([data[at] ^ draw.randrange(1, 256)])
        return Change(f"byte {way}", data[:at] + made + data[at + 1 :])
    if way == "one more":
        return Change(f"byte {way}", data[:at] + bytes([draw.randrange(256)]) + data[at:])
    return Change(f"byte {way}", data[:at] + data[at + 1 :])


# --- one field ---


def _of_field(name: str, data: bytes, draw: random.Random) -> Change:
    ways: dict[str, Callable[[bytes, random.Random], Change]] = {
        "json": _json_field,
        "html": _page_field,
        "pdf": _pdf_field,
    }
    return ways.get(name, _archive_field)(data, draw)


def _json_field(data: bytes, draw: random.Random) -> Change:
    value = json.loads(data)
    holder, key, where = draw.choice(list(_leaves(value)))
    where = "/proof" if where.startswith("/proof") else where.removeprefix("/document")
    if draw.random() < 0.1:
        del holder[key]
        return Change("field removed", canonical_json(value), where)
    holder[key] = _other(holder[key], draw)
    return Change("field changed", canonical_json(value), where)


def _leaves(value: Any, pointer: str = "") -> Iterator[tuple[Any, Any, str]]:
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, held in pairs:
        if isinstance(held, dict | list) and held:
            yield from _leaves(held, join(pointer, key))
        else:
            yield value, key, join(pointer, key)


def _other(value: object, draw: random.Random) -> object:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + draw.choice((1, -1, 0.01, 10))
    if isinstance(value, str) and re.fullmatch("[0-9a-f]{16,}", value):
        at = draw.randrange(len(value))
        return value[:at] + ("0" if value[at] != "0" else "1") + value[at + 1 :]
    if isinstance(value, str):
        return value[:-1] if value and draw.random() < 0.5 else value + "x"
    return "added"


def _page_field(data: bytes, draw: random.Random) -> Change:
    """A word or figure that readers see, or a field of the embedded document."""
    if draw.random() < 0.4:
        start = data.index(SCRIPT) + len(SCRIPT)
        end = data.index(b"</script>", start)
        change = _json_field(data[start:end], draw)
        inner = change.data.decode().replace("<", "\\u003c").encode()
        made = data[:start] + inner + data[end:]
        return Change(f"embedded {change.kind}", made, change.where)
    words = [
        w for w in re.finditer(rb">([^<>]{2,80})<", data[: data.index(SCRIPT)]) if w[1].strip()
    ]
    word = draw.choice(words)
    at = word.start(1)
    line = data.count(b"\n", 0, at) + 1
    return Change("shown text", data[:at] + b"9" + data[at + 1 :], f"line {line}")


def _pdf_field(data: bytes, draw: random.Random) -> Change:
    """Something else in a dictionary, or a stretch of a stream cut out."""
    if draw.random() < 0.5:
        number = draw.choice(list(re.finditer(rb"/[A-Z][A-Za-z]+ (\d+)", data)))
        at = number.start(1)
        return Change("number in PDF", data[:at] + b"7" + data[at + 1 :])
    at = draw.randrange(len(data) - 64)
    return Change("stretch of PDF", data[:at] + data[at + draw.randrange(2, 60) :])


def _archive_field(data: bytes, draw: random.Random) -> Change:
    """A member changed, added or removed; the archive made anew around it, its comment kept."""
    comment = data[data.rindex(b"PK\x05\x06") + _END :]
    members = read_zip(data)
    name = draw.choice(sorted(members))
    way = draw.choice(("changed", "changed", "changed", "added", "removed", "renamed"))
    if way == "changed":
        members[name] = _changed_member(name, members[name], draw)
    elif way == "added":
        members["extra.txt"] = b"one more"
    elif way == "renamed":
        members = {("x" + n if n == name else n): held for n, held in members.items()}
    else:
        del members[name]
    fitted = MANIFEST in members and draw.random() < 0.5  # then it is the manifest that is wrong
    if fitted:
        members[MANIFEST] = _manifest_made_to_fit(members)
    made = write_zip(members)
    where = "extra.txt" if way == "added" else name
    inside = way == "changed" and name in (EMBEDDED, REPORT)  # its own pointers are named then
    return Change(
        f"member {way}",
        made[:-2] + len(comment).to_bytes(2, "little") + comment,
        "" if inside or fitted else where,
    )


def _changed_member(name: str, data: bytes, draw: random.Random) -> bytes:
    if name.endswith(".json"):
        return _json_field(data, draw).data
    return _of_byte(data, draw).data


def _manifest_made_to_fit(members: dict[str, bytes]) -> bytes:
    try:
        value = json.loads(members[MANIFEST])
        for entry in value["members"]:
            held = members.get(entry["path"], b"")
            entry |= {"sha256": hashlib.sha256(held).hexdigest(), "size": len(held)}
    except (ValueError, KeyError, TypeError):
        return members[MANIFEST]  # it is itself what was changed
    return canonical_json(value)


def summary(found: list[Attempt]) -> list[str]:
    """Counts by format, and over all."""
    lines = []
    for name in [*dict.fromkeys(each.format for each in found), "all"]:
        here = [each for each in found if name in (each.format, "all")]
        verdicts = Counter(each.verdict for each in here)
        named = sum(each.named for each in here)
        known = [each.right for each in here if each.right is not None]
        lines.append(
            f"{name:<7} {len(here):>5} changes  {verdicts['verified']} verified  "
            f"{verdicts['failed']} not as signed  {verdicts['unreadable']} unreadable  "
            f"named {named} ({named / len(here):.1%})  "
            f"of {len(known)} fields, lines and members the right one {sum(known)}"
        )
    return lines


def main() -> None:
    """Prints the counts; exit 1 where one change verified."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--show", type=int, default=0, help="how many unnamed ones to print")
    given = parser.parse_args()
    found = list(attempts(given.count, given.seed))
    print("\n".join(summary(found)))  # noqa: T201  its output
    for each in [each for each in found if not each.named or each.right is False][: given.show]:
        print(each)  # noqa: T201
    if any(each.verdict != "failed" and each.verdict != "unreadable" for each in found):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
