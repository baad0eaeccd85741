"""Where a ledger is kept: the protocol that the database implements, memory, and JSON lines."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Protocol

from audit.errors import LedgerConflict, LedgerUnreadable
from audit.ledger.entries import BrokenRecord, LedgerEntry
from audit.ledger.heads import HeadsExport, SignedHead, VerifyKey
from audit.merkle import MemoryNodes, Node

LONGEST_LINE = 64 * 1024  # bytes: four times what the largest body may take


class LedgerStore(Protocol):
    """Entries, complete tree nodes, heads and public keys of one ledger.

    `add` is atomic with what its transaction records, and raises `LedgerConflict` unless the
    entry's sequence is the next one (a unique key on (log, sequence) gives that).
    """

    def size(self) -> int:
        """Entries so far."""
        ...

    def add(self, entry: LedgerEntry, nodes: Sequence[Node]) -> None:
        """Appends an entry and the nodes that it completes."""
        ...

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete node."""
        ...

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[LedgerEntry]:
        """Entries with start <= sequence < stop, in order."""
        ...

    def add_head(self, head: SignedHead) -> None:
        """Keeps a head."""
        ...

    def last_head(self) -> SignedHead | None:
        """The largest head."""
        ...

    def heads(self) -> list[SignedHead]:
        """All heads, the smallest first."""
        ...

    def put_key(self, key: VerifyKey) -> None:
        """Keeps a public key, or replaces the one with the same id."""
        ...

    def verify_keys(self) -> list[VerifyKey]:
        """All public keys, the oldest first."""
        ...


class MemoryLedger:
    """A ledger in memory."""

    def __init__(self) -> None:
        self._entries: list[LedgerEntry] = []
        self._nodes: dict[tuple[int, int], bytes] = {}
        self._heads: list[SignedHead] = []
        self._keys: dict[str, VerifyKey] = {}

    def size(self) -> int:
        """Entries so far."""
        return len(self._entries)

    def add(self, entry: LedgerEntry, nodes: Sequence[Node]) -> None:
        """Appends an entry and the nodes that it completes."""
        if entry.sequence != len(self._entries):
            raise LedgerConflict(f"the next entry is {len(self._entries)}, not {entry.sequence}")
        self._entries.append(entry)
        self._nodes.update({(node.level, node.index): node.hash for node in nodes})

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete node."""
        return self._nodes[level, index]

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[LedgerEntry]:
        """Entries with start <= sequence < stop, in order."""
        return iter(self._entries[start:stop])

    def add_head(self, head: SignedHead) -> None:
        """Keeps a head."""
        self._heads.append(head)

    def last_head(self) -> SignedHead | None:
        """The largest head."""
        return self._heads[-1] if self._heads else None

    def heads(self) -> list[SignedHead]:
        """All heads, the smallest first."""
        return list(self._heads)

    def put_key(self, key: VerifyKey) -> None:
        """Keeps a public key, or replaces the one with the same id."""
        self._keys[key.key_id] = key

    def verify_keys(self) -> list[VerifyKey]:
        """All public keys, the oldest first."""
        return list(self._keys.values())


class FileLedger:
    """A ledger in a folder: `entries.jsonl`, one line for each entry, and `heads.json`.

    One process writes at a time. Each entry is on disk when `add` returns; a line that a crash cut
    short makes the next opening fail with its number, so that somebody looks.
    """

    def __init__(self, folder: Path, *, log: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._entries_path = folder / "entries.jsonl"
        self._heads_path = folder / "heads.json"
        self._log = log
        self._tree = MemoryNodes()
        self._load()

    def size(self) -> int:
        """Entries so far."""
        return self._tree.size

    def add(self, entry: LedgerEntry, nodes: Sequence[Node]) -> None:
        """Appends an entry and the nodes that it completes."""
        if entry.sequence != self._tree.size:
            raise LedgerConflict(f"the next entry is {self._tree.size}, not {entry.sequence}")
        with self._entries_path.open("ab") as file:
            file.write(entry.line() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._tree.append(nodes[0].hash)

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete node."""
        return self._tree.reader(level, index)

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[LedgerEntry]:
        """Entries with start <= sequence < stop, in order."""
        for record in islice(read_entries(self._entries_path), start, stop):
            if isinstance(record, BrokenRecord):
                raise LedgerUnreadable(f"line {record.position + 1}: {record.reason}")
            yield record

    def add_head(self, head: SignedHead) -> None:
        """Keeps a head."""
        self._save((*self._export.heads, head), self._export.keys)

    def last_head(self) -> SignedHead | None:
        """The largest head."""
        return self._export.heads[-1] if self._export.heads else None

    def heads(self) -> list[SignedHead]:
        """All heads, the smallest first."""
        return list(self._export.heads)

    def put_key(self, key: VerifyKey) -> None:
        """Keeps a public key, or replaces the one with the same id."""
        keys = {each.key_id: each for each in self._export.keys}
        self._save(self._export.heads, tuple({**keys, key.key_id: key}.values()))

    def verify_keys(self) -> list[VerifyKey]:
        """All public keys, the oldest first."""
        return list(self._export.keys)

    def _load(self) -> None:
        self._entries_path.touch()
        for entry in self.entries():
            self._tree.append(entry.leaf())
        if self._heads_path.exists():
            self._export = HeadsExport.from_bytes(self._heads_path.read_bytes())
        else:
            self._export = HeadsExport(self._log, (), ())
        if self._export.log != self._log:
            raise LedgerUnreadable(f"the folder holds the ledger {self._export.log}")

    def _save(self, heads: tuple[SignedHead, ...], keys: tuple[VerifyKey, ...]) -> None:
        self._export = HeadsExport(self._log, heads, keys)
        fresh = self._heads_path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(self._export.to_bytes())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._heads_path)


def write_entries(path: Path, entries: Iterable[LedgerEntry]) -> int:
    """Writes an exported ledger, one canonical line for each entry; returns how many."""
    count = 0
    with path.open("wb") as file:
        for entry in entries:
            file.write(entry.line() + b"\n")
            count += 1
    return count


def read_entries(path: Path) -> Iterator[LedgerEntry | BrokenRecord]:
    """The entries of an exported ledger in file order; a line that is none as `BrokenRecord`.

    Memory stays flat, whatever the file holds.
    """
    with path.open("rb") as file:
        lines = iter(lambda: file.readline(LONGEST_LINE), b"")
        for position, line in enumerate(lines):
            yield _record(position, line)


def _record(position: int, line: bytes) -> LedgerEntry | BrokenRecord:
    if not line.endswith(b"\n"):
        return BrokenRecord(position, "the line is cut off, or too long for an entry")
    try:
        return LedgerEntry.from_line(line[:-1])
    except LedgerUnreadable as error:
        return BrokenRecord(position, str(error))
