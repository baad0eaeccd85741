"""Telling a database that is away from a fault of ours."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# SQLSTATE: connections, serialisation, deadlocks, no room, memory or connections left, shutting
# down. SQLite's words for the same.
_TRANSIENT = ("08", "40001", "40P01", "53", "57P")
_SQLITE = ("locked", "busy", "disk is full", "disk I/O error", "unable to open database file")


def database_unavailable(error: BaseException) -> bool:
    """Whether the database was away, stopping, busy or full: trying again later may succeed."""
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    if type(error.orig).__module__ == "sqlite3":
        return any(words in str(error.orig) for words in _SQLITE)
    state = getattr(error.orig, "sqlstate", None)
    if state is None:  # no answer from a server at all
        return type(error).__name__ == "OperationalError"
    return str(state).startswith(_TRANSIENT)
