"""Opening a database: SQLite (one file, write-ahead log) or PostgreSQL, told apart by the URL."""

from __future__ import annotations

import json
import select
import sqlite3
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError

from audit.errors import SettingsInvalid

READ_ONLY = "fairwitness_read_only"
_BUSY_MS = 60_000
_USED = "fairwitness_used"


def open_engine(url: str, *, pool_size: int = 20) -> Engine:
    """An engine for `sqlite:///file` or `postgresql://...` (psycopg 3).

    Raises `SettingsInvalid` for any other URL; the message leaves the URL out, it may hold a
    password.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingsInvalid(
            "database_url is not a database URL: sqlite:///FILE or postgresql://..."
        ) from None
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, pool_size)
    if parsed.get_backend_name() in {"postgresql", "postgres"}:
        return _postgresql(parsed, pool_size)
    raise SettingsInvalid(
        "database_url has an unknown kind of database: sqlite and postgresql are known"
    )


def _postgresql(url: URL, pool_size: int) -> Engine:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=pool_size,
        hide_parameters=True,
        json_serializer=_to_json,
    )
    event.listen(engine, "checkout", _refuse_closed)
    return engine


def _refuse_closed(connection: Any, record: Any, _proxy: object) -> None:
    """Replaces a connection whose server has gone, before it is used again.

    An idle connection has nothing to read, unless the server said goodbye or hung up. Looking at
    the socket costs a system call, where asking the server would cost a round trip each time. A
    new connection is not looked at: the end of a TLS handshake may still be waiting there.
    """
    if not record.info.setdefault(_USED, False):
        record.info[_USED] = True
        return
    looker = select.poll()
    looker.register(connection.fileno(), select.POLLIN)
    if looker.poll(0):
        raise DisconnectionError


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _sqlite(url: URL, pool_size: int) -> Engine:
    if not url.database or url.database == ":memory:":
        raise SettingsInvalid("database_url: SQLite needs a file, for example sqlite:///data.db")
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        pool_size=pool_size,
        max_overflow=pool_size,
        hide_parameters=True,
        json_serializer=_to_json,
        connect_args={"timeout": _BUSY_MS / 1000, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    """Durable at each commit, foreign keys on; the driver starts no transactions by itself."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={_BUSY_MS}",
        "trusted_schema=OFF",
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Writers take the lock at once: a reader that becomes a writer midway could only fail."""
    reading = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
