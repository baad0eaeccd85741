"""A log's tables read as they are, for verification: nothing that was written there is an error."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    LargeBinary,
    Select,
    case,
    cast,
    func,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

from audit.errors import AuditError, EventInvalid, LedgerUnreadable
from audit.ledger import (
    BrokenRecord,
    Fault,
    HeadsExport,
    LedgerEntry,
    SignedHead,
    StoredHead,
    StoredKey,
    StoredRow,
    VerifyKey,
    timestamp,
    verify_stored,
)
from audit.merkle import HASH_BYTES
from audit.store.log import BATCH
from audit.store.store import Store
from audit.tables.base import table_of
from audit.tables.spine import EntryRow, HeadRow, LogRow, NodeRow, SigningKeyRow

_ENTRIES = table_of(EntryRow)
_NODES = table_of(NodeRow)
_HEADS = table_of(HeadRow)
_KEYS = table_of(SigningKeyRow)
_LOGS = table_of(LogRow)


def verify_log(store: Store, tenant: str, kept: Sequence[HeadsExport]) -> tuple[int, list[Fault]]:
    """The size of a tenant's stored log, and all faults of it. `kept`: heads from outside.

    Waiting events are taken in before. Where the log refuses that, what is wrong is among the
    faults; where nothing else is wrong, the refusal is raised.
    """
    refusal: AuditError | None = None
    try:
        store.seal(tenant)
    except AuditError as error:
        refusal = error
    with store.still() as connection:
        tables = RawLog(connection, tenant)
        faults = verify_stored(tables, tenant, kept)
        heads = [each.head.size for each in tables.stored_heads() if each.head is not None]
    if refusal is not None and not faults:
        raise refusal
    return max(heads, default=0), faults


class RawLog:
    """The tables of one log (`audit.ledger.StoredTables`). SQLite keeps any type in any column."""

    def __init__(self, connection: Connection, tenant: str) -> None:
        self._connection = connection
        self._tenant = tenant
        self._loose = connection.dialect.name == "sqlite"

    def rows(self) -> Iterator[StoredRow]:
        """Entries, by their sequence, in flat memory."""
        columns = ("time", "kind", "actor", "subject")
        statement = select(
            self._number(_ENTRIES.c.sequence),
            self._bytes(_ENTRIES.c.line),
            *(self._bytes(_ENTRIES.c[name]) for name in columns),
        ).where(_ENTRIES.c.tenant_id == self._tenant)
        for row in self._all(statement.order_by(_ENTRIES.c.sequence)):
            values = dict(zip(columns, map(_decoded, row[2:]), strict=True))
            values["time"] = _moment(values["time"])
            yield StoredRow(row[0], values, _record(row[0], row[1]))

    def nodes(self) -> Iterator[tuple[object, object, object]]:
        """Level, position and hash."""
        numbers = [self._number(_NODES.c.level), self._number(_NODES.c.position)]
        statement = select(*numbers, self._bytes(_NODES.c.hash)).where(
            _NODES.c.tenant_id == self._tenant
        )
        for row in self._all(statement.order_by(_NODES.c.level, _NODES.c.position)):
            yield row[0], row[1], row[2]

    def stored_heads(self) -> list[StoredHead]:
        """Heads, by their size."""
        statement = select(self._number(_HEADS.c.size), self._bytes(_HEADS.c.head))
        rows = self._all(
            statement.where(_HEADS.c.tenant_id == self._tenant).order_by(_HEADS.c.size)
        )
        return [StoredHead(row[0], _head(row[1])) for row in rows]

    def stored_keys(self) -> list[StoredKey]:
        """Public keys, the oldest first."""
        wanted = (
            self._bytes(_KEYS.c.key_id),
            self._bytes(_KEYS.c.public),
            self._number(_KEYS.c.last_size),
        )
        statement = select(*wanted).where(_KEYS.c.tenant_id == self._tenant)
        rows = self._all(statement.order_by(_KEYS.c.created_at))
        return [StoredKey(_decoded(row[0]), _key(row[1], row[2])) for row in rows]

    def stored_size(self) -> object:
        """What the log says."""
        statement = select(self._number(_LOGS.c.size)).where(_LOGS.c.tenant_id == self._tenant)
        return self._connection.execute(statement).scalar_one_or_none()

    def _all(self, statement: Select[Any]) -> Iterator[Any]:
        return iter(self._connection.execute(statement, execution_options={"yield_per": BATCH}))

    def _number(self, column: Column[Any]) -> Any:
        """A whole number, or bytes that are none."""
        if not self._loose:
            return column
        plain = type_coerce(column, NullType())
        return case(
            (func.typeof(column).in_(["integer", "null"]), plain), else_=self._bytes(column)
        )

    def _bytes(self, column: Column[Any]) -> Any:
        """Texts, too, are bytes in SQLite: one may be no text in any encoding."""
        return cast(column, LargeBinary) if self._loose else type_coerce(column, NullType())


def _decoded(value: object) -> object:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _moment(value: object) -> object:
    """A stored time as entries write it; anything else as it is."""
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else value
        if not isinstance(time, datetime):
            return value
        return timestamp(time if time.tzinfo else time.replace(tzinfo=UTC))
    except (ValueError, EventInvalid):
        return value


def _record(sequence: object, line: object) -> LedgerEntry | BrokenRecord:
    position = sequence if isinstance(sequence, int) else -1
    if not isinstance(line, bytes):
        return BrokenRecord(position, "the line is none of an entry")
    try:
        return LedgerEntry.from_line(line)
    except LedgerUnreadable as error:
        return BrokenRecord(position, str(error))


def _head(value: object) -> SignedHead | None:
    try:
        fields = json.loads(value) if isinstance(value, bytes) else value
        return SignedHead.from_json(fields)  # type: ignore[arg-type]
    except (ValueError, LedgerUnreadable):
        return None


def _key(public: object, last_size: object) -> VerifyKey | None:
    if not isinstance(public, bytes) or len(public) != HASH_BYTES:
        return None
    if last_size is not None and not isinstance(last_size, int):
        return None
    return VerifyKey(public, last_size)
