"""Wrapped data keys in the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from audit.errors import DataKeyDestroyed
from audit.keyring import WrappedKey
from audit.tables.base import table_of
from audit.tables.spine import ErasedRow, WrappedKeyRow

_KEYS = table_of(WrappedKeyRow)
_ERASED = table_of(ErasedRow)

Begin = Callable[[], AbstractContextManager[Connection]]


def inside(connection: Connection) -> Begin:
    """Keys that are read and written in a transaction that is under way."""
    return lambda: nullcontext(connection)


class StoredWrappedKeys:
    """Wrapped keys in the database; each call in a transaction that `begin` gives."""

    def __init__(self, begin: Begin, now: Callable[[], datetime]) -> None:
        self._begin = begin
        self._now = now

    def newest(self, tenant: str, subject: str) -> WrappedKey | None:
        """The largest version; None where there never was one."""
        with self._begin() as connection:
            _refuse_erased(connection, tenant, subject)
            statement = select(_KEYS).where(_of(tenant, subject))
            row = (
                connection.execute(statement.order_by(_KEYS.c.key_version.desc()).limit(1))
                .mappings()
                .first()
            )
        return _key(row) if row else None

    def get(self, tenant: str, subject: str, *, version: int) -> WrappedKey | None:
        """One version; None where there never was one."""
        with self._begin() as connection:
            _refuse_erased(connection, tenant, subject)
            here = and_(_of(tenant, subject), _KEYS.c.key_version == version)
            row = connection.execute(select(_KEYS).where(here)).mappings().first()
        return _key(row) if row else None

    def add(self, key: WrappedKey) -> bool:
        """Keeps a new version; False where that version exists."""
        with self._begin() as connection:
            _lock(connection, key.tenant, key.subject)
            _refuse_erased(connection, key.tenant, key.subject)
            kind = postgresql if connection.dialect.name == "postgresql" else sqlite
            statement = kind.insert(_KEYS).values(_row(key)).on_conflict_do_nothing()
            # The count of rows does not tell a new row from one that was there in all drivers.
            return connection.execute(statement.returning(_KEYS.c.key_version)).first() is not None

    def replace(self, old: WrappedKey, new: WrappedKey) -> bool:
        """Puts `new` in the place of `old`; False unless `old` is still there."""
        here = and_(
            _of(old.tenant, old.subject),
            _KEYS.c.key_version == old.version,
            _KEYS.c.master == old.master,
            _KEYS.c.wrapped == old.wrapped,
        )
        with self._begin() as connection:
            return bool(connection.execute(update(_KEYS).where(here).values(_row(new))).rowcount)

    def destroy(self, tenant: str, subject: str) -> int:
        """Deletes all versions and remembers that the subject was erased; returns how many."""
        with self._begin() as connection:
            _lock(connection, tenant, subject)
            kind = postgresql if connection.dialect.name == "postgresql" else sqlite
            mark = kind.insert(_ERASED).values(
                tenant_id=tenant, subject=subject, erased_at=self._now()
            )
            connection.execute(mark.on_conflict_do_nothing())
            return int(connection.execute(delete(_KEYS).where(_of(tenant, subject))).rowcount)

    def not_under(self, master: str) -> Iterator[WrappedKey]:
        """All keys that another version of the master key wraps."""
        with self._begin() as connection:
            rows = connection.execute(select(_KEYS).where(_KEYS.c.master != master)).mappings()
            return iter([_key(row) for row in rows])


def _of(tenant: str, subject: str) -> ColumnElement[bool]:
    return and_(_KEYS.c.tenant_id == tenant, _KEYS.c.subject == subject)


def _lock(connection: Connection, tenant: str, subject: str) -> None:
    """Making a key and destroying all keys of a subject wait for one another.

    SQLite's writers do so anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 7))"),
            {"name": f"{tenant}/{subject}"},
        )


def _refuse_erased(connection: Connection, tenant: str, subject: str) -> None:
    here = and_(_ERASED.c.tenant_id == tenant, _ERASED.c.subject == subject)
    if connection.execute(select(_ERASED.c.subject).where(here)).first():
        raise DataKeyDestroyed("the data keys of this subject were destroyed")


def _row(key: WrappedKey) -> dict[str, object]:
    return {
        "tenant_id": key.tenant,
        "subject": key.subject,
        "key_version": key.version,
        "master": key.master,
        "wrapped": key.wrapped,
    }


def _key(row: RowMapping) -> WrappedKey:
    return WrappedKey(
        row["tenant_id"], row["subject"], row["key_version"], row["master"], row["wrapped"]
    )
