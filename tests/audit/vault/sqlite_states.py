"""Rows of uploads in an SQLite file: several processes share them, and they outlive a kill.

The smallest thing that keeps the promises of `UploadStates`; the product's own is in its database.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from datetime import datetime
from pathlib import Path

from audit.errors import AuditError
from audit.vault import UploadState

_NAMES = [field.name for field in fields(UploadState)]


class SqliteUploadStates:
    def __init__(self, path: Path) -> None:
        self._path = path
        with self._opened() as db:
            columns = ", ".join(_NAMES)
            db.execute(f"create table if not exists uploads ({columns}, unique (tenant, id))")
            db.execute("create table if not exists media (tenant, bytes)")

    def add(self, state: UploadState, *, most_bytes: int | None) -> bool:
        with self._opened() as db:
            used = db.execute(
                "select (select coalesce(sum(expected_bytes), 0) from uploads where tenant = ?)"
                " + (select coalesce(sum(bytes), 0) from media where tenant = ?)",
                (state.tenant, state.tenant),
            ).fetchone()[0]
            if most_bytes is not None and used + state.expected_bytes > most_bytes:
                return False
            self._insert(db, state)
            return True

    def get(self, tenant: str, upload: str) -> UploadState | None:
        with self._opened() as db:
            rows = list(_states(db, "tenant = ? and id = ?", (tenant, upload)))
        return rows[0] if rows else None

    def replace(self, old: UploadState, new: UploadState) -> UploadState | None:
        fresh = replace(new, revision=old.revision + 1)
        with self._opened() as db:
            done = db.execute(
                "delete from uploads where tenant = ? and id = ? and revision = ?",
                (old.tenant, old.id, old.revision),
            ).rowcount
            if not done:
                return None
            self._insert(db, fresh)
        return fresh

    def end(self, tenant: str, upload: str, *, why: AuditError | None) -> bool:
        with self._opened() as db:
            where = (tenant, upload)
            return db.execute("delete from uploads where tenant = ? and id = ?", where).rowcount > 0

    def finish(self, tenant: str, upload: str, stored_bytes: int) -> bool:
        with self._opened() as db:
            where = (tenant, upload)
            done = db.execute("delete from uploads where tenant = ? and id = ?", where).rowcount
            if done:
                db.execute("insert into media values (?, ?)", (tenant, stored_bytes))
            return done > 0

    def expired(self, now: datetime) -> Iterable[UploadState]:
        with self._opened() as db:
            return list(_states(db, "expires_at < ?", (now.isoformat(),)))

    def under_way(self, tenant: str, artefact: str) -> bool:
        with self._opened() as db:
            return bool(list(_states(db, "tenant = ? and artefact = ?", (tenant, artefact))))

    def _insert(self, db: sqlite3.Connection, state: UploadState) -> None:
        row = {**asdict(state), "expires_at": state.expires_at.isoformat()}
        marks = ", ".join("?" for _ in _NAMES)
        statement = f"insert into uploads values ({marks})"  # noqa: S608
        db.execute(statement, [row[name] for name in _NAMES])

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        try:
            db.execute("begin immediate")
            yield db
            db.execute("commit")
        finally:
            db.close()


def _states(db: sqlite3.Connection, where: str, values: tuple[str, ...]) -> Iterator[UploadState]:
    statement = f"select * from uploads where {where}"  # noqa: S608
    for row in db.execute(statement, values):
        held = dict(zip(_NAMES, row, strict=True))
        yield UploadState(**{**held, "expires_at": datetime.fromisoformat(held["expires_at"])})
