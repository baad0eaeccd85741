"""The ledger in the database: the inbox that transactions write to, and the sealed log.

Events are written to the inbox in the transaction of what they record, so that neither is there
without the other and no two requests wait for one another. The sealer takes them into the Merkle
log in batches and signs a head, each second and before anybody reads the log.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from audit.errors import LedgerConflict, LedgerTampered, LedgerUnreadable
from audit.keyring import Context, KeyRing
from audit.ledger import (
    BrokenRecord,
    Ed25519Signer,
    Event,
    EventKind,
    HeadsExport,
    Ledger,
    LedgerEntry,
    SignedHead,
    VerifyKey,
)
from audit.merkle import HASH_BYTES, Node, peaks
from audit.tables.base import table_of
from audit.tables.spine import EntryRow, HeadRow, InboxRow, LogRow, NodeRow, SigningKeyRow

BATCH = 500
_SUBJECT = "ledger_signing"
_INBOX = table_of(InboxRow)
_ENTRIES = table_of(EntryRow)
_NODES = table_of(NodeRow)
_HEADS = table_of(HeadRow)
_KEYS = table_of(SigningKeyRow)
_LOGS = table_of(LogRow)


class StoredLog:
    """The log of one tenant, in a transaction that is under way (`audit.ledger.LedgerStore`)."""

    def __init__(self, connection: Connection, tenant: str) -> None:
        self._connection = connection
        self._tenant = tenant
        self._nodes: dict[tuple[int, int], bytes] = {}
        self._edge: list[tuple[int, int]] = []
        self._tall = 0

    def lock(self) -> None:
        """Makes other writers of this log wait until the transaction ends."""
        kind = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        fresh = kind.insert(_LOGS).values(tenant_id=self._tenant, size=0)
        self._connection.execute(fresh.on_conflict_do_nothing())
        here = _LOGS.c.tenant_id == self._tenant
        self._connection.execute(select(_LOGS.c.size).where(here).with_for_update())

    def size(self) -> int:
        """Entries so far."""
        statement = select(_LOGS.c.size).where(_LOGS.c.tenant_id == self._tenant)
        found = self._connection.execute(statement).scalar_one_or_none() or 0
        if not isinstance(found, int) or found < 0:  # SQLite keeps whatever was written
            raise LedgerTampered("the log does not say how many entries it has")
        self._edge, self._tall = peaks(found), found.bit_length()
        return found

    def add(self, entry: LedgerEntry, nodes: Sequence[Node]) -> None:
        """Appends an entry and the nodes that it completes."""
        here = (_LOGS.c.tenant_id == self._tenant) & (_LOGS.c.size == entry.sequence)
        done = self._connection.execute(update(_LOGS).where(here).values(size=entry.sequence + 1))
        if not done.rowcount:
            raise LedgerConflict(f"the next entry is not {entry.sequence}")
        row = {
            "tenant_id": self._tenant,
            "sequence": entry.sequence,
            "time": datetime.fromisoformat(entry.time),
            "kind": entry.kind.value,
            "actor": entry.actor,
            "subject": entry.subject,
            "line": entry.line(),
        }
        found = [
            {
                "tenant_id": self._tenant,
                "level": node.level,
                "position": node.index,
                "hash": node.hash,
            }
            for node in nodes
        ]
        try:
            self._connection.execute(insert(_ENTRIES).values(row))
            self._connection.execute(insert(_NODES), found)
        except IntegrityError:
            text = f"something is stored already in the place of entry {entry.sequence}"
            raise LedgerTampered(text) from None
        self._nodes.update({(node.level, node.index): node.hash for node in nodes})

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete node. Raises `LedgerTampered` where there is none."""
        if (level, index) not in self._nodes:
            self._read({(level, index), *self._edge, *_beside(level, index, self._tall)})
            if (level, index) not in self._nodes:
                raise LedgerTampered(f"the stored node {index} of level {level} is missing")
        return self._nodes[level, index]

    def _read(self, places: set[tuple[int, int]]) -> None:
        """Reads nodes at once: whoever asks for one of a proof asks for the others next."""
        if not (missing := sorted(places - self._nodes.keys())):
            return
        place = tuple_(_NODES.c.level, _NODES.c.position)
        rows = self._connection.execute(
            select(_NODES.c.level, _NODES.c.position, _NODES.c.hash).where(
                _NODES.c.tenant_id == self._tenant,
                place.in_(missing),
            )
        )
        for row in rows:
            if isinstance(row.hash, bytes) and len(row.hash) == HASH_BYTES:
                self._nodes[row.level, row.position] = row.hash

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[LedgerEntry]:
        """Entries with start <= sequence < stop, in order, in flat memory.

        Who reads one entry proves it next, as a rule: what its proof needs is read at once.
        """
        if stop == start + 1:
            self._read({*self._edge, *_beside(0, start, self._tall)})
        for _, line in self._lines(start, stop):
            yield LedgerEntry.from_line(line)

    def records(self) -> Iterator[LedgerEntry | BrokenRecord]:
        """What is stored, entry or not: for verification."""
        for sequence, line in self._lines(0, None):
            try:
                yield LedgerEntry.from_line(line)
            except LedgerUnreadable as error:
                yield BrokenRecord(sequence, str(error))

    def export(self) -> HeadsExport:
        """Heads, keys and leaves as they are stored; nothing is signed."""
        here = (_NODES.c.tenant_id == self._tenant) & (_NODES.c.level == 0)
        rows = self._connection.execute(
            select(_NODES.c.hash).where(here).order_by(_NODES.c.position)
        ).scalars()
        leaves = tuple(leaf.hex() for leaf in rows)
        return HeadsExport(self._tenant, tuple(self.heads()), tuple(self.verify_keys()), leaves)

    def _lines(self, start: int, stop: int | None) -> Iterator[tuple[int, bytes]]:
        while stop is None or start < stop:
            limit = BATCH if stop is None else min(BATCH, stop - start)
            here = (_ENTRIES.c.tenant_id == self._tenant) & (_ENTRIES.c.sequence >= start)
            statement = select(_ENTRIES.c.sequence, _ENTRIES.c.line).where(here)
            rows = self._connection.execute(
                statement.order_by(_ENTRIES.c.sequence).limit(limit)
            ).all()
            yield from ((row.sequence, _bytes(row.line)) for row in rows)
            if len(rows) < limit:
                return
            start = rows[-1].sequence + 1

    def add_head(self, head: SignedHead) -> None:
        """Keeps a head."""
        row = {"tenant_id": self._tenant, "size": head.size, "head": dict(head.to_json())}
        self._connection.execute(insert(_HEADS).values(row))

    def last_head(self) -> SignedHead | None:
        """The largest head."""
        found = self._heads(_HEADS.c.size.desc(), limit=1)
        return found[0] if found else None

    def heads(self) -> list[SignedHead]:
        """All heads, the smallest first."""
        return self._heads(_HEADS.c.size)

    def _heads(self, order: ColumnElement[Any], *, limit: int | None = None) -> list[SignedHead]:
        statement = select(_HEADS.c.head).where(_HEADS.c.tenant_id == self._tenant)
        try:
            rows = self._connection.execute(statement.order_by(order).limit(limit)).scalars().all()
            return [SignedHead.from_json(row) for row in rows]
        except (ValueError, LedgerUnreadable):  # SQLite keeps texts that are no JSON
            raise LedgerTampered("a stored head cannot be read") from None

    def put_key(self, key: VerifyKey) -> None:
        """Says up to which size a public key signs; the key itself came with its private half."""
        here = (_KEYS.c.tenant_id == self._tenant) & (_KEYS.c.key_id == key.key_id)
        self._connection.execute(update(_KEYS).where(here).values(last_size=key.last_size))

    def verify_keys(self) -> list[VerifyKey]:
        """All public keys, the oldest first."""
        statement = select(_KEYS.c.public, _KEYS.c.last_size)
        rows = self._connection.execute(
            statement.where(_KEYS.c.tenant_id == self._tenant).order_by(_KEYS.c.created_at)
        )
        try:
            return [VerifyKey(row.public, row.last_size) for row in rows]
        except TypeError:  # SQLite keeps texts in columns of bytes
            raise LedgerTampered("a stored signing key cannot be read") from None


def _beside(level: int, index: int, tall: int) -> Iterator[tuple[int, int]]:
    """What a node is hashed with on its way to the top of a tree that is so many levels tall."""
    for up in range(max(0, tall - level)):
        yield level + up, index >> up ^ 1


def signer(
    connection: Connection, tenant: str, *, ring: KeyRing, now: Callable[[], datetime]
) -> Ed25519Signer:
    """The tenant's signing key; made and sealed under the master keys when it is first needed."""
    here = (_KEYS.c.tenant_id == tenant) & (_KEYS.c.last_size.is_(None))
    row = connection.execute(select(_KEYS).where(here)).mappings().first()
    if row is not None:
        return Ed25519Signer.from_pem(ring.open(_context(tenant, row["key_id"]), row["sealed"]))
    return add_signer(connection, tenant, ring=ring, now=now)


def add_signer(
    connection: Connection, tenant: str, *, ring: KeyRing, now: Callable[[], datetime]
) -> Ed25519Signer:
    """A new signing key, stored."""
    fresh = Ed25519Signer(Ed25519PrivateKey.generate())
    key_id = VerifyKey(fresh.public).key_id
    row = {
        "tenant_id": tenant,
        "key_id": key_id,
        "public": fresh.public,
        "last_size": None,
        "sealed": ring.seal(_context(tenant, key_id), fresh.pem()),
        "created_at": now(),
    }
    connection.execute(insert(_KEYS).values(row))
    return fresh


def open_log(
    connection: Connection, tenant: str, *, ring: KeyRing, now: Callable[[], datetime]
) -> Ledger:
    """The tenant's ledger in this transaction, which holds it until it ends."""
    log = StoredLog(connection, tenant)
    log.lock()
    return Ledger(log, signer(connection, tenant, ring=ring, now=now), log=tenant, now=now)


def take_in(
    connection: Connection, tenant: str, *, ring: KeyRing, now: Callable[[], datetime]
) -> int:
    """Takes at most a batch of events from the inbox into the log and signs it; returns how many.

    An event keeps the time at which it was written.
    """
    if connection.execute(select(_INBOX.c.id).where(_INBOX.c.tenant_id == tenant)).first() is None:
        return 0
    ledger = open_log(connection, tenant, ring=ring, now=now)
    rows = connection.execute(
        select(_INBOX).where(_INBOX.c.tenant_id == tenant).order_by(_INBOX.c.id).limit(BATCH)
    ).all()
    for row in rows:
        event = Event(
            kind=EventKind(row.kind),
            tenant=tenant,
            actor=row.actor,
            subject=row.subject,
            body=json.loads(row.body),
        )
        ledger.append(event, at=row.time)
    if rows:
        connection.execute(delete(_INBOX).where(_INBOX.c.id.in_([row.id for row in rows])))
        ledger.seal()
    return len(rows)


def waiting(connection: Connection) -> dict[str, int]:
    """Tenants with events in the inbox, and how many."""
    statement = select(_INBOX.c.tenant_id, func.count()).group_by(_INBOX.c.tenant_id)
    return {row[0]: row[1] for row in connection.execute(statement)}


def _bytes(value: object) -> bytes:
    """SQLite keeps whatever type was written: an altered line may be text."""
    return value if isinstance(value, bytes) else str(value).encode()


def _context(tenant: str, key_id: str) -> Context:
    return Context(tenant=tenant, subject=_SUBJECT, artefact=key_id, purpose="signing_key")
