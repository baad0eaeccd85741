"""Finding and naming what was done to a ledger, from its entries and heads kept outside it.

Three kinds of evidence are used. An entry is checked against the hashes that it holds itself, which
names careless edits. The entries' order and numbers name what was removed, repeated or moved. Each
stretch between two heads is hashed anew against the later head's root, which nobody can forge
without the signing key: where it fails and no leaf hashes were kept outside, the stretch is named.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice, product

from audit.errors import NotCanonical
from audit.ledger.entries import BrokenRecord, LedgerEntry
from audit.ledger.heads import SignedHead, VerifyKey, head_is_signed
from audit.merkle import CompactRange

MOST_HASHES = 200_000  # leaf hashes spent on telling which of several claimants a head signed


class FaultKind(StrEnum):
    """What was found."""

    EDITED = "edited"
    REMOVED = "removed"
    INSERTED = "inserted"
    DUPLICATED = "duplicated"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    ALTERED = "altered"
    UNSEALED = "unsealed"
    UNPROVED = "unproved"
    HEAD_INVALID = "head_invalid"
    HEAD_CONFLICT = "head_conflict"
    HEAD_MISSING = "head_missing"
    LEAVES_INVALID = "leaves_invalid"
    ROW_ALTERED = "row_altered"
    TREE_ALTERED = "tree_altered"
    HEAD_REMOVED = "head_removed"
    KEY_ALTERED = "key_altered"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of the entries `sequence` to `last`, both included; None where it is of a head."""

    kind: FaultKind
    sequence: int | None
    last: int | None
    text: str


@dataclass(slots=True)
class _Row:
    """What is kept of a record: two hashes, not its body."""

    position: int
    own: int | None
    computed: str | None = None
    claimed: str | None = None
    trouble: str = ""
    sound: bool = True
    place: int | None = None
    entry: LedgerEntry | None = None  # kept where the entry is not sound, to find its place


@dataclass(slots=True)
class _Case:
    """The records by place, the heads that count, and the faults so far."""

    rows: list[_Row]
    heads: list[SignedHead]
    faults: list[Fault]
    places: dict[int, list[_Row]] = field(default_factory=dict)
    truth: dict[int, str] = field(default_factory=dict)
    edge: CompactRange = field(default_factory=CompactRange)

    @property
    def sealed(self) -> int:
        return self.heads[-1].size if self.heads else 0

    def add(self, kind: FaultKind, first: int, last: int, text: str) -> None:
        self.faults.append(Fault(kind, first, last, text))


def verify(
    entries: Iterable[LedgerEntry | BrokenRecord],
    heads: Sequence[SignedHead],
    *,
    keys: Iterable[VerifyKey],
    log: str,
    leaves: Sequence[str] = (),
) -> list[Fault]:
    """All faults of a ledger, by sequence; an empty list where every entry is as it was signed.

    `heads`, `keys` and `leaves` (entry hashes, hexadecimal) must come from outside the ledger: an
    export kept elsewhere. Heads of several exports may be given together. One pass; memory is a
    few hundred bytes an entry.
    """
    good, faults = _check_heads(heads, {key.key_id: key for key in keys}, log)
    case = _Case([_row(n, record) for n, record in enumerate(entries)], good, faults)
    _assign(case.rows)
    for row in case.rows:
        if row.place is not None:
            case.places.setdefault(row.place, []).append(row)
    kept = _checked_leaves(case, leaves)
    _check_tree(case, kept)
    _name_rows(case)
    _name_gaps(case)
    _name_moves(case)
    _name_unsealed(case)
    return sorted(case.faults, key=lambda f: (-1 if f.sequence is None else f.sequence, f.kind))


# --- heads ---


def _check_heads(
    heads: Sequence[SignedHead], keys: Mapping[str, VerifyKey], log: str
) -> tuple[list[SignedHead], list[Fault]]:
    good: dict[int, SignedHead] = {}
    faults: list[Fault] = []
    for head in sorted(set(heads), key=lambda each: (each.size, each.time, each.root)):
        reason = _head_trouble(head, keys, log)
        if reason:
            text = f"the head of size {head.size} at {head.time} does not count: {reason}"
            faults.append(Fault(FaultKind.HEAD_INVALID, None, None, text))
        elif good.setdefault(head.size, head).root != head.root:
            text = f"two heads of size {head.size} with different roots were signed"
            faults.append(Fault(FaultKind.HEAD_CONFLICT, None, None, text))
    if not good:
        text = "no head counts, so nothing can be proved"
        faults.append(Fault(FaultKind.HEAD_MISSING, None, None, text))
    return list(good.values()), faults


def _head_trouble(head: SignedHead, keys: Mapping[str, VerifyKey], log: str) -> str:
    key = keys.get(head.key_id)
    if head.log != log:
        return f"it is of another ledger, {head.log}"
    if key is None:
        return f"its key {head.key_id} is not among the given ones"
    if not head_is_signed(head, key):
        return "its signature does not fit"
    if key.last_size is not None and head.size > key.last_size:
        return f"its key {head.key_id} was retired at size {key.last_size}"
    return ""


def _checked_leaves(case: _Case, leaves: Sequence[str]) -> Sequence[str]:
    proved, refuted = borne_out(leaves, case.heads)
    if refuted is not None:
        text = f"the leaf hashes do not give the root of the head of size {refuted}"
        case.faults.append(Fault(FaultKind.LEAVES_INVALID, None, None, text))
    return proved


def sound_heads(
    heads: Sequence[SignedHead], keys: Iterable[VerifyKey], log: str
) -> list[SignedHead]:
    """The heads that these keys bear out, one of each size, the smallest first."""
    return _check_heads(heads, {key.key_id: key for key in keys}, log)[0]


def borne_out(
    leaves: Sequence[str], heads: Sequence[SignedHead]
) -> tuple[Sequence[str], int | None]:
    """The leaf hashes that sound heads cover, and the size of the first head that they contradict.

    From the last head before that one on, none counts.
    """
    edge, due = CompactRange(), {head.size: head.root for head in heads}
    proved = 0
    for leaf in leaves:
        edge.append(bytes.fromhex(leaf))
        if edge.size in due:
            if edge.root().hex() != due[edge.size]:
                return leaves[:proved], edge.size
            proved = edge.size
    return leaves[:proved], None


# --- each record by itself, and its place ---


def _row(position: int, record: LedgerEntry | BrokenRecord) -> _Row:
    if isinstance(record, BrokenRecord):
        return _Row(position, None, trouble=f"cannot be read: {record.reason}", sound=False)
    row = _Row(position, record.sequence, claimed=record.entry_hash)
    try:
        row.computed = record.leaf().hex()
        if not record.body_is_intact():
            row.trouble = "has a body other than the one whose hash it holds"
    except NotCanonical as error:
        row.trouble = str(error)
    if row.computed != row.claimed:
        row.trouble = row.trouble or "does not have the hash that it holds"
        row.sound = False
        row.entry = None if row.computed is None else record
    return row


def _assign(rows: list[_Row]) -> None:
    """Gives each record its place; a record that is not sound gets the one that is free there."""
    taken = {row.own for row in rows if row.sound}
    expected = 0
    for row in rows:
        row.place = row.own if row.sound else _free_place(row, expected, taken)
        if row.place is not None:
            taken.add(row.place)
            expected = row.place + 1


def _free_place(row: _Row, expected: int, taken: Set[int | None]) -> int | None:
    if expected not in taken and row.entry is not None:
        moved = replace(row.entry, sequence=expected)
        if moved.leaf().hex() == row.claimed:  # its number alone was edited
            return expected
    if row.own is not None and row.own not in taken:
        return row.own
    return None if expected in taken else expected


# --- the tree ---


def _check_tree(case: _Case, kept: Sequence[str]) -> None:
    """Finds, from head to head, which leaf hashes were signed; stops where that cannot be told."""
    for head in case.heads:
        start = case.edge.size
        segment = range(start, head.size)
        claims = [_claims(case, place, kept) for place in segment]
        if not all(claims):
            _note_unproved(case, start)
            return
        found = _signed_leaves(case.edge, claims, head.root)
        if found is None:
            text = (
                "differs from what was signed"
                if len(segment) == 1
                else (
                    f"are not what the head of size {head.size} signed: at least one was edited, "
                    "removed, inserted or moved with its hashes made to fit"
                )
            )
            case.add(FaultKind.ALTERED, start, head.size - 1, text)
            _note_unproved(case, head.size)
            return
        case.truth.update(zip(segment, found, strict=True))
        for leaf in found:
            case.edge.append(bytes.fromhex(leaf))


def _claims(case: _Case, place: int, kept: Sequence[str]) -> list[str]:
    if place < len(kept):
        return [kept[place]]
    rows = case.places.get(place, [])
    found = [row.computed for row in rows] + [row.claimed for row in rows]
    return list(dict.fromkeys(leaf for leaf in found if leaf is not None))


def _signed_leaves(edge: CompactRange, claims: list[list[str]], root: str) -> list[str] | None:
    tries = max(2, MOST_HASHES // max(1, len(claims)))
    for leaves in islice(_choices(claims), tries):
        grown = edge.copy()
        for leaf in leaves:
            grown.append(bytes.fromhex(leaf))
        if grown.root().hex() == root:
            return leaves
    return None


def _choices(claims: list[list[str]]) -> Iterator[list[str]]:
    yield [each[0] for each in claims]
    if any(len(each) > 1 for each in claims):
        yield [each[-1] for each in claims]
        yield from map(list, product(*claims))


def _note_unproved(case: _Case, start: int) -> None:
    present = [place for place in case.places if start <= place < case.sealed]
    if present:
        text = "cannot be tied to a head, because of what is missing or altered at or before them"
        case.add(FaultKind.UNPROVED, min(present), max(present), text)


# --- naming ---


def _name_rows(case: _Case) -> None:
    for place, rows in case.places.items():
        signed = case.truth.get(place)
        for row in rows:
            if row.trouble:
                case.add(
                    FaultKind.EDITED, place, place, f"at record {row.position + 1}: {row.trouble}"
                )
            elif len(rows) == 1 and signed is not None and row.computed != signed:
                case.add(FaultKind.EDITED, place, place, "is not the entry that was signed")
        if len(rows) > 1:
            _name_claimants(case, rows, signed)
    for row in case.rows:
        if row.place is None:
            place = _place_before(case.rows, row.position)
            text = f"record {row.position + 1}, after this entry, {row.trouble}"
            case.add(FaultKind.INSERTED, place, place, text)


def _name_claimants(case: _Case, rows: list[_Row], signed: str | None) -> None:
    place = rows[0].place or 0
    same = [row for row in rows if row.computed == (signed or rows[0].computed)]
    other = [row for row in rows if row not in same and not row.trouble]
    for row in same[1:]:
        text = f"occurs again as record {row.position + 1}"
        case.add(FaultKind.DUPLICATED, place, place, text)
    for row in other:
        which = "was not signed" if signed else "has another content"
        text = f"record {row.position + 1} also claims this number and {which}"
        case.add(FaultKind.INSERTED, place, place, text)


def _place_before(rows: list[_Row], position: int) -> int:
    earlier = (row.place for row in reversed(rows[:position]) if row.place is not None)
    return next(earlier, 0)


def _name_gaps(case: _Case) -> None:
    """Numbers below the largest one or the last head that no record has."""
    expected = 0
    for place in sorted(case.places):
        if place > expected:
            case.add(FaultKind.REMOVED, expected, place - 1, "missing")
        expected = place + 1
    if expected < case.sealed:
        text = f"missing at the end: the last head has {case.sealed} entries"
        case.add(FaultKind.TRUNCATED, expected, case.sealed - 1, text)


def _name_moves(case: _Case) -> None:
    """The fewest records whose moving back would put all into order."""
    order = [row for row in case.rows if row.place is not None]
    firsts = {row.place: row.position for row in reversed(order) if row.place is not None}
    places = sorted(firsts, key=lambda place: firsts[place])
    steady = _longest_rising(places)
    for place in (each for each in places if each not in steady):
        text = f"stands out of order, as record {firsts[place] + 1}"
        case.add(FaultKind.REORDERED, place, place, text)


def _longest_rising(places: list[int]) -> set[int]:
    """A longest strictly rising subsequence, by patience sorting; O(n log n)."""
    tops: list[int] = []
    before: dict[int, int | None] = {}
    for place in places:
        pile = bisect_left(tops, place)
        before[place] = tops[pile - 1] if pile else None
        tops[pile : pile + 1] = [place]
    found: set[int] = set()
    current = tops[-1] if tops else None
    while current is not None:
        found.add(current)
        current = before[current]
    return found


def _name_unsealed(case: _Case) -> None:
    beyond = [place for place in case.places if place >= case.sealed]
    if beyond:
        text = (
            f"no head covers what follows entry {case.sealed - 1}"
            if case.sealed
            else ("no head covers any entry")
        )
        case.add(FaultKind.UNSEALED, min(beyond), max(beyond), text)
