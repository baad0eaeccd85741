"""Verifying a ledger in its database: the entries, and all that is stored beside them.

The service searches entries by columns beside their lines, and proves and signs with stored nodes,
heads and keys. What was changed there and left the entries alone is found here and named for what
it is, so that nobody takes it for a changed entry, or a changed entry for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from audit.ledger.entries import BrokenRecord, LedgerEntry
from audit.ledger.heads import HeadsExport, SignedHead, VerifyKey
from audit.ledger.verification import Fault, FaultKind, borne_out, sound_heads, verify
from audit.merkle import HASH_BYTES, CompactRange

MOST_NODES = 20
"""Nodes that are named one by one; of more, how many there are."""


@dataclass(frozen=True, slots=True)
class StoredRow:
    """An entry's row: its columns in the order and form of the entry's fields, and its line."""

    sequence: object
    columns: dict[str, object]
    record: LedgerEntry | BrokenRecord


@dataclass(frozen=True, slots=True)
class StoredHead:
    """A head's row; `head` is None where it cannot be read."""

    size: object
    head: SignedHead | None


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A public key's row; `key` is None where it cannot be read."""

    key_id: object
    key: VerifyKey | None


class StoredTables(Protocol):
    """One log's tables as they are, whatever was done to them: reading them never fails."""

    def rows(self) -> Iterator[StoredRow]:
        """Entries, by their sequence."""
        ...

    def nodes(self) -> Iterator[tuple[object, object, object]]:
        """Level, position and hash of the tree's nodes, by level and position."""
        ...

    def stored_heads(self) -> list[StoredHead]:
        """Heads, by their size."""
        ...

    def stored_keys(self) -> list[StoredKey]:
        """Public keys, the oldest first."""
        ...

    def stored_size(self) -> object:
        """How many entries the log says that it has; None where it says nothing."""
        ...


@dataclass(slots=True)
class _Seen:
    """What passed while the entries were read: the leaf hashes from `proved` on, and rows that do
    not fit their entries.
    """

    proved: int
    leaves: list[bytes | None] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def through(self, rows: Iterable[StoredRow]) -> Iterator[LedgerEntry | BrokenRecord]:
        for position, row in enumerate(rows):
            record = row.record
            entry = record if isinstance(record, LedgerEntry) else None
            if entry is not None:
                self._compare(row, entry)
            if position >= self.proved:
                here = entry is not None and entry.sequence == position
                self.leaves.append(entry.leaf() if entry is not None and here else None)
            yield record

    def _compare(self, row: StoredRow, entry: LedgerEntry) -> None:
        fits = {name: getattr(entry, name) for name in row.columns}
        wrong = [name for name, value in row.columns.items() if value != fits[name]]
        if row.sequence != entry.sequence:
            wrong.insert(0, "sequence")
        if wrong:
            text = f"is as it was signed, but is stored under another {', '.join(wrong)}"
            at = entry.sequence
            self.faults.append(Fault(FaultKind.ROW_ALTERED, at, at, text))


def verify_stored(tables: StoredTables, log: str, kept: Sequence[HeadsExport]) -> list[Fault]:
    """All faults of a stored ledger; empty where everything is as it was signed and written.

    `kept`: exports that were kept outside. Without them only what does not fit the stored heads is
    found.
    """
    heads, keys = tables.stored_heads(), tables.stored_keys()
    nodes = list(tables.nodes())
    own = [each.head for each in heads if each.head is not None]
    if not (heads or kept or nodes or tables.stored_size()):
        return list(_unrecorded(tables.rows()))
    known = [each.key for each in keys if each.key is not None]
    trusted = {key.key_id: key for each in kept for key in each.keys}.values() if kept else known
    given = [head for each in kept for head in each.heads]
    sound = sound_heads([*own, *given], trusted, log)
    outside = max((each.leaves for each in kept), key=len, default=())
    # Where nothing was kept, the stored tree names what was altered, if the heads bear it out.
    proved, refuted = borne_out(outside or _level(nodes), sound)
    leaves = outside if refuted is not None and outside else proved
    seen = _Seen(len(proved))
    found = verify(
        seen.through(tables.rows()), [*own, *given], keys=trusted, log=log, leaves=leaves
    )
    found += seen.faults
    found += _tree_faults(nodes, tables.stored_size(), _whole(proved, seen.leaves))
    found += _head_faults(heads, given)
    found += _key_faults(keys, kept)
    return found


def _unrecorded(rows: Iterable[StoredRow]) -> Iterator[Fault]:
    if next(iter(rows), None) is not None:
        yield Fault(FaultKind.HEAD_MISSING, None, None, "no head counts, so nothing can be proved")


def _level(nodes: Iterable[tuple[object, object, object]]) -> tuple[str, ...]:
    """The leaf hashes from 0 on, as far as they are there."""
    leaves: list[str] = []
    for level, position, value in nodes:
        if level == 0 and position == len(leaves) and _is_hash(value):
            leaves.append(bytes(value).hex())  # type: ignore[call-overload]
    return tuple(leaves)


def _is_hash(value: object) -> bool:
    return isinstance(value, bytes | memoryview) and len(value) == HASH_BYTES


def _whole(proved: Sequence[str], stored: Sequence[bytes | None]) -> list[bytes]:
    """What the tree's leaves should be: as signed, then as the entries have them."""
    leaves = [bytes.fromhex(leaf) for leaf in proved]
    for leaf in stored:
        if leaf is None:
            break
        leaves.append(leaf)
    return leaves


def _tree_faults(
    nodes: Iterable[tuple[object, object, object]], size: object, leaves: Sequence[bytes]
) -> list[Fault]:
    edge = CompactRange()
    due = {(n.level, n.index): n.hash for leaf in leaves for n in edge.append(leaf)}
    held = {(level, position): value for level, position, value in nodes}
    faults = []
    for place in held.keys() - due.keys():
        faults.append(_node_fault(place, "has no place in the tree"))
    for place, value in due.items():
        if place not in held:
            faults.append(_node_fault(place, "is missing"))
        elif held[place] != value:
            faults.append(_node_fault(place, "is not the hash of its entries"))
    faults.sort(key=lambda each: (each.sequence is None, each.sequence, each.text))
    if len(faults) > MOST_NODES:
        text = f"{len(faults) - MOST_NODES} more nodes of the tree are not as they should be"
        faults[MOST_NODES:] = [Fault(FaultKind.TREE_ALTERED, None, None, text)]
    if size != len(leaves):
        text = f"the log says that it has {size} entries; its tree should have {len(leaves)}"
        faults.append(Fault(FaultKind.TREE_ALTERED, None, None, text))
    return faults


def _node_fault(place: tuple[object, object], what: str) -> Fault:
    level, position = place
    text = f"the stored node {position} of level {level} {what}"
    if not isinstance(level, int) or not isinstance(position, int) or not 0 <= level < 64:
        return Fault(FaultKind.TREE_ALTERED, None, None, text)
    first, last = position << level, ((position + 1) << level) - 1
    return Fault(FaultKind.TREE_ALTERED, first, last, text)


def _head_faults(heads: Iterable[StoredHead], given: Iterable[SignedHead]) -> Iterator[Fault]:
    stored = set()
    for each in heads:
        if each.head is None:
            text = f"the stored head of size {each.size} cannot be read"
            yield Fault(FaultKind.HEAD_INVALID, None, None, text)
        elif each.size != each.head.size:
            text = f"the head of size {each.head.size} is stored under the size {each.size}"
            yield Fault(FaultKind.HEAD_INVALID, None, None, text)
        stored.add(each.head)
    for head in sorted(set(given) - stored, key=lambda each: (each.size, each.time)):
        text = f"the head of size {head.size} that was kept outside is not stored any more"
        yield Fault(FaultKind.HEAD_REMOVED, None, None, text)


def _key_faults(keys: Iterable[StoredKey], kept: Sequence[HeadsExport]) -> Iterator[Fault]:
    stored: dict[str, VerifyKey] = {}
    for each in keys:
        if each.key is None or each.key.key_id != each.key_id:
            text = f"the stored signing key {each.key_id} is not the key of that name"
            yield Fault(FaultKind.KEY_ALTERED, None, None, text)
        else:
            stored[each.key.key_id] = each.key
    for export in kept:
        for key in export.keys:
            signed = [head.size for head in export.heads if head.key_id == key.key_id]
            trouble = _key_trouble(key, stored.get(key.key_id), max(signed, default=0))
            if trouble:
                text = f"the signing key {key.key_id} that was kept outside {trouble}"
                yield Fault(FaultKind.KEY_ALTERED, None, None, text)


def _key_trouble(kept: VerifyKey, stored: VerifyKey | None, signed: int) -> str:
    """A key may have been retired since the export, but at no size before what it had signed."""
    if stored is None:
        return "is not stored any more"
    if kept.last_size is not None and stored.last_size != kept.last_size:
        return f"was retired at size {kept.last_size}, and {stored.last_size} is stored"
    if stored.last_size is not None and stored.last_size < signed:
        return f"had signed {signed} entries, and is stored as retired at {stored.last_size}"
    return ""
