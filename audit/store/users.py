"""What a sign-in needs before the tenant is known, and sessions that are looked up or swept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update

from audit.records.users import User, UserSession
from audit.store.mapping import mapping
from audit.store.store import Store
from audit.tables.base import table_of
from audit.tables.users import UserRow, UserSessionRow

_USERS = table_of(UserRow)
_SESSIONS = table_of(UserSessionRow)


@dataclass(frozen=True, slots=True)
class Held:
    """A session with its user and tenant."""

    tenant: str
    user: User
    session: UserSession


def find_user(store: Store, name: str) -> tuple[str, User] | None:
    """The tenant and the user with this sign-in name."""
    return _user(store, _USERS.c.name == name)


def find_link(store: Store, link_hash: bytes) -> tuple[str, User] | None:
    """The tenant and the user whose link to choose a password has this hash."""
    return _user(store, _USERS.c.link_hash == link_hash)


def any_user(store: Store) -> bool:
    """Whether anybody can sign in."""
    with store.system(read_only=True) as connection:
        return connection.execute(select(_USERS.c.id).limit(1)).first() is not None


def find_session(store: Store, session_id: str) -> Held | None:
    """The session with this id, whoever's it is; None where there is none."""
    with store.system(read_only=True) as connection:
        held = select(_SESSIONS).where(_SESSIONS.c.id == session_id)
        session = connection.execute(held).mappings().first()
        if session is None:
            return None
        whose = select(_USERS).where(_USERS.c.id == session["user_id"])
        user = connection.execute(whose).mappings().one()
    return Held(
        user["tenant_id"], mapping(User).to_value(user), mapping(UserSession).to_value(session)
    )


def mark_seen(store: Store, session_id: str, at: datetime) -> None:
    """Notes that a session is used. That is no change of it: its version stays."""
    with store.system() as connection:
        here = _SESSIONS.c.id == session_id
        connection.execute(update(UserSessionRow).where(here).values(seen_at=at))


def forget_sessions(store: Store, *, user_id: str, but: str = "") -> int:
    """Ends all sessions of a user `but` one, and everybody's that are over; returns how many."""
    over = _SESSIONS.c.ends_at <= store.now()
    theirs = (_SESSIONS.c.user_id == user_id) & (_SESSIONS.c.id != but)
    with store.system() as connection:
        return int(connection.execute(delete(UserSessionRow).where(over | theirs)).rowcount)


def forget_session(store: Store, session_id: str) -> None:
    """Ends one session. Again is no error."""
    with store.system() as connection:
        connection.execute(delete(UserSessionRow).where(_SESSIONS.c.id == session_id))


def _user(store: Store, condition: ColumnElement[bool]) -> tuple[str, User] | None:
    with store.system(read_only=True) as connection:
        row = connection.execute(select(_USERS).where(condition)).mappings().first()
    return (row["tenant_id"], mapping(User).to_value(row)) if row else None
