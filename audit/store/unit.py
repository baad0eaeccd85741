"""One transaction: what is read and written in it, and the events that it records.

Everything here is of one tenant. Each statement names the tenant; in PostgreSQL row-level security
stands beside that (`audit.store.security`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from audit.canonical import Json, canonical_json
from audit.errors import AlreadyExists, NotFound, ReferenceUnknown, VersionConflict
from audit.keyring import KeyRing
from audit.ledger import Event, EventKind
from audit.ledger.entries import check_event
from audit.records.base import Record
from audit.store.mapping import mapping
from audit.tables import spine

V = TypeVar("V", bound=Record)
T = TypeVar("T")
Filters = Mapping[str, object]
_INTO_INBOX = insert(spine.InboxRow).inline()


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list: at most `limit` items, older than the item `before`."""

    limit: int = 50
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A page of a list, the newest first; `more` says whether older ones follow."""

    items: tuple[T, ...]
    more: bool


class ReadUnit:
    """Reads of one tenant in one transaction."""

    def __init__(self, connection: Connection, tenant: str, *, ring: KeyRing) -> None:
        self.connection = connection
        self.tenant = tenant
        self.ring = ring

    def get(self, kind: type[V], /, id: str) -> V:
        """The value with this id. Raises `NotFound`, also where it is another tenant's."""
        found = self.find(kind, id=id)
        if found is None:
            raise NotFound(f"There is no {_name(kind)} {id!r}.")
        return found

    def find(self, kind: type[V], /, **equals: object) -> V | None:
        """The newest value whose fields equal these; None where there is none."""
        items = self.page(kind, Page(limit=1), equals).items
        return items[0] if items else None

    def page(self, kind: type[V], page: Page, where: Filters | None = None) -> Listing[V]:
        """A page of the values that match, the newest first.

        `where`: field to value; a tuple or list means any of these.
        """
        how = mapping(kind)
        conditions = self.conditions(kind, where or {})
        if page.before is not None:
            conditions.append(how.table.c.id < page.before)
        statement = (
            select(how.table)
            .where(*conditions)
            .order_by(how.table.c.id.desc())
            .limit(page.limit + 1)
        )
        rows = self.connection.execute(statement).mappings().all()
        items = tuple(how.to_value(row) for row in rows[: page.limit])
        return Listing(items, more=len(rows) > page.limit)

    def every(self, kind: type[V], /, **equals: object) -> tuple[V, ...]:
        """All values that match, the oldest first: for sets that are known to be small."""
        how = mapping(kind)
        statement = select(how.table).where(*self.conditions(kind, equals)).order_by(how.table.c.id)
        rows = self.connection.execute(statement).mappings()
        return tuple(how.to_value(row) for row in rows)

    def count(self, kind: type[V], /, **equals: object) -> int:
        """How many match."""
        table = mapping(kind).table
        statement = select(func.count()).select_from(table)
        return self.connection.execute(statement.where(*self.conditions(kind, equals))).scalar_one()

    def conditions(self, kind: type[V], where: Filters) -> list[ColumnElement[bool]]:
        """The tenant's condition and one for each field."""
        table = mapping(kind).table
        found: list[ColumnElement[bool]] = [table.c.tenant_id == self.tenant]
        for name, value in where.items():
            column = table.c[name]
            if isinstance(value, list | tuple | set | frozenset):
                found.append(column.in_([_plain(each) for each in value]))
            elif value is None:
                found.append(column.is_(None))
            else:
                found.append(column == _plain(value))
        return found


class UnitOfWork(ReadUnit):
    """Reads and writes of one tenant that are committed together, or not at all."""

    def __init__(
        self,
        connection: Connection,
        tenant: str,
        *,
        ring: KeyRing,
        actor: str,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(connection, tenant, ring=ring)
        self.actor = actor
        self.now = now
        self.after_commit: list[Callable[[], None]] = []

    def add(self, value: V) -> V:
        """Stores a new value; returns it with its times.

        Raises:
            AlreadyExists: a value with the same unique fields is there.
            ReferenceUnknown: it refers to something that is not this tenant's, or not there.
        """
        moment = self.now()
        value = replace(value, version=1, created_at=moment, updated_at=moment)
        how = mapping(type(value))
        self._write(how.insert, type(value), {**how.to_row(value), "tenant_id": self.tenant})
        return value

    def put(self, value: V) -> V:
        """Replaces the stored value of the same id and version; returns it with its new version.

        Raises:
            NotFound: there is none with this id.
            VersionConflict: it was changed since it was read.
        """
        how = mapping(type(value))
        changed = replace(value, version=value.version + 1, updated_at=self.now())
        here = and_(how.table.c.tenant_id == self.tenant, how.table.c.id == value.id)
        statement = (
            update(how.table)
            .where(here, how.table.c.version == value.version)
            .values({k: v for k, v in how.to_row(changed).items() if k not in ("id", "created_at")})
        )
        if self._write(statement, type(value)) == 0:
            self.get(type(value), value.id)
            raise VersionConflict(
                f"The {_name(type(value))} was changed since it was read; read it again."
            )
        return changed

    def remove(self, value: Record) -> None:
        """Deletes the value. Again is no error."""
        table = mapping(type(value)).table
        here = and_(table.c.tenant_id == self.tenant, table.c.id == value.id)
        self._write(delete(table).where(here), type(value))

    def record(self, kind: EventKind, subject: str, body: Mapping[str, Json]) -> None:
        """Writes an event that is committed with what it records; the sealer takes it to the log.

        Raises `EventInvalid` for what does not belong in the ledger.
        """
        event = Event(kind=kind, tenant=self.tenant, actor=self.actor, subject=subject, body=body)
        check_event(event)
        row = {
            "tenant_id": self.tenant,
            "kind": kind.value,
            "actor": self.actor,
            "subject": subject,
            "body": canonical_json(body).decode(),
            "time": self.now(),
        }
        self.connection.execute(_INTO_INBOX, row)

    def _write(
        self, statement: Any, kind: type[Record], row: Mapping[str, Any] | None = None
    ) -> int:
        try:
            return int(self.connection.execute(statement, row).rowcount)
        except IntegrityError as error:
            raise _refusal(error, kind) from error


def _refusal(error: IntegrityError, kind: type[Record]) -> Exception:
    """What the database refused, in words without its values."""
    text = str(error.orig).lower()
    if "foreign key" in text:
        return ReferenceUnknown(
            f"The {_name(kind)} refers to something that does not exist, or something refers to it."
        )
    if "unique" in text or "duplicate" in text:
        return AlreadyExists(f"A {_name(kind)} with the same identity exists already.")
    return error


def _plain(value: object) -> object:
    return getattr(value, "value", value)


def _name(kind: type[Record]) -> str:
    letters = [f" {c.lower()}" if c.isupper() else c for c in kind.__name__]
    return "".join(letters).strip()
