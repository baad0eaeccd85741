"""Users: added with a link by which they choose a password, signed in, locked out, disabled.

Each step is an event of the ledger under the user's id; neither that nor a log holds their name.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from api.workplace import credentials
from audit.canonical import Json
from audit.errors import InputError, StepRefused
from audit.ids import new_id
from audit.keyring import Context
from audit.ledger import EventKind
from audit.records.access import Role
from audit.records.users import User, UserSession
from audit.store import SYSTEM, ReadUnit, Store, UnitOfWork
from audit.store.turns import take_turn
from audit.store.users import any_user, find_link, find_user, forget_sessions

LINK_LASTS = timedelta(hours=24)
MOST_TRIES = 5
LOCKED_FOR = timedelta(minutes=15)
_NEEDED = (Role.ADMIN, Role.COMPLIANCE)
"""Roles without which people's requests go unanswered, or nobody can be let in."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+\-]{1,127}")
_PERSON = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:\-]{0,127}")


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that was just opened, and the secret that its cookie holds."""

    session: UserSession
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody signs in with."""

    name: str = field(repr=False)
    password: str = field(repr=False)
    code: str = field(repr=False)


def add(unit: UnitOfWork, name: str, role: Role, *, person: str = "") -> tuple[User, str]:
    """A new user, and the token of the link by which they choose their password.

    Raises `InputError`, or `AlreadyExists` where somebody has the name.
    """
    if not _NAME.fullmatch(name):
        raise InputError("A sign-in name has 2 to 128 letters, digits and any of `_ . @ + -`.")
    if person and not _PERSON.fullmatch(person):
        raise InputError("A person's reference has letters, digits and any of `_ . : -`.")
    id, token = new_id("usr"), secrets.token_urlsafe(32)
    user = unit.add(
        User(
            id=id,
            name=name.lower(),
            person=person or id,
            role=role,
            totp_sealed=_sealed(unit, id),
            link_hash=_hash(token),
            link_until=unit.now() + LINK_LASTS,
        )
    )
    unit.record(EventKind.USER_CHANGED, id, {"what": "added", "role": role.value})
    return user, token


def renew(unit: UnitOfWork, user: User) -> str:
    """A new link for a user: password, codes and recovery codes are void from now on."""
    token = secrets.token_urlsafe(32)
    unit.put(
        replace(
            user,
            password_hash=None,
            totp_sealed=_sealed(unit, user.id),
            recovery=(),
            link_hash=_hash(token),
            link_until=unit.now() + LINK_LASTS,
            failed=0,
            locked_until=None,
            disabled_at=None,
        )
    )
    unit.record(EventKind.USER_CHANGED, user.id, {"what": "link renewed"})
    return token


def disable(unit: UnitOfWork, user: User) -> User:
    """Ends what a user may do. Their sessions are refused from then on."""
    unit.record(EventKind.USER_CHANGED, user.id, {"what": "disabled"})
    return unit.put(replace(user, disabled_at=unit.now(), link_hash=None, link_until=None))


def refuse_last(unit: UnitOfWork, user: User) -> None:
    """Raises `StepRefused` where nobody else of the user's role could sign in and do its work.

    Two who end each other at the same moment take turns: the second finds nobody else.
    """
    take_turn(unit, "users")
    if user.role not in _NEEDED or not _can(user) or user.disabled_at is not None:
        return
    others = unit.every(User, role=user.role, disabled_at=None)
    if not any(each.id != user.id and _can(each) for each in others):
        raise StepRefused(
            f"This is the last one of role {user.role.value} who can sign in. "
            "Give somebody else this role first, and let them choose a password."
        )


def change_role(unit: UnitOfWork, user: User, role: Role) -> User:
    """Gives a user another role, which is looked at anew with each page that they open."""
    if user.role is role:
        return user
    refuse_last(unit, user)
    changed = unit.put(replace(user, role=role))
    told = {"what": "role changed", "role": role.value, "was": user.role.value}
    unit.record(EventKind.USER_CHANGED, user.id, told)
    return changed


def note_sessions_ended(unit: UnitOfWork, user: User) -> None:
    """Records that somebody else signs a user out everywhere."""
    unit.record(EventKind.USER_CHANGED, user.id, {"what": "sessions ended"})


def first_link(store: Store, tenant: str) -> str | None:
    """The token of a first user's link, where nobody can sign in yet."""
    if any_user(store):
        return None
    with store.unit(tenant, actor=SYSTEM) as unit:
        return add(unit, "first", Role.COMPLIANCE)[1]


def invited(store: Store, token: str) -> tuple[str, User] | None:
    """Whose link it is, with the tenant; None where it was used or is over."""
    found = find_link(store, _hash(token))
    if found is None or found[1].disabled_at is not None:
        return None
    until = found[1].link_until
    return found if until is not None and until > store.now() else None


def totp_secret(unit: ReadUnit, user: User) -> str:
    """The secret of a user's codes."""
    return unit.ring.open(_context(unit.tenant, user.id), user.totp_sealed).decode()


def choose(unit: UnitOfWork, user: User, password: str, code: str) -> tuple[str, ...] | None:
    """Takes the password of an invited user, and gives their recovery codes, shown this once.

    None where the code is not one of the application that was set up.
    """
    if credentials.totp_step(totp_secret(unit, user), code, unit.now()) is None:
        return None
    codes = credentials.recovery_codes()
    unit.put(
        replace(
            user,
            password_hash=credentials.hashed(password),
            recovery=tuple(credentials.recovery_hash(each) for each in codes),
            link_hash=None,
            link_until=None,
        )
    )
    unit.record(EventKind.USER_CHANGED, user.id, {"what": "password chosen"})
    return codes


def sign_in(store: Store, attempt: Attempt, *, lasts: timedelta) -> Opened | None:
    """A new session; None where the name, the password or the code is not right, or it is locked.

    A code is taken once. After `MOST_TRIES` refusals in a row a user is locked for `LOCKED_FOR`.
    """
    found = find_user(store, attempt.name.strip().lower())
    right = credentials.is_password(attempt.password, found[1].password_hash if found else None)
    if found is None:
        return None
    tenant, read = found
    with store.unit(tenant, actor=read.id) as unit:
        user, now = unit.get(User, read.id), unit.now()
        locked = user.locked_until is not None and user.locked_until > now
        if locked or user.disabled_at is not None or user.password_hash != read.password_hash:
            why = "locked" if locked else "disabled"
            unit.record(EventKind.SIGN_IN_REFUSED, user.id, {"why": why})
            return None
        proven = _second(unit, user, attempt.code) if right else None
        if proven is None:
            _refused(unit, user)
            return None
        unit.put(replace(proven, failed=0, locked_until=None))
        return begin(unit, user, lasts, {"recovery_codes_left": len(proven.recovery)})


def note_sign_out(unit: UnitOfWork, where: str) -> None:
    """Records that the unit's user signs out: here, or everywhere."""
    unit.record(EventKind.SIGNED_OUT, unit.actor, {"where": where})


def sign_out_everywhere(store: Store, tenant: str, user_id: str, *, but: str = "") -> int:
    """Ends a user's sessions `but` one; returns how many."""
    with store.unit(tenant, actor=user_id) as unit:
        note_sign_out(unit, "everywhere")
    return forget_sessions(store, user_id=user_id, but=but)


def named(store: Store, name: str) -> tuple[str, User]:
    """The tenant and the user with that name. Raises `StepRefused`."""
    found = find_user(store, name.lower())
    if found is None:
        raise StepRefused("There is no user with this sign-in name.")
    return found


def _can(user: User) -> bool:
    """Whether they have something to sign in with."""
    return user.password_hash is not None or user.subject_hash is not None


def _second(unit: UnitOfWork, user: User, code: str) -> User | None:
    """The user as they are after a code or a recovery code was used up; None: it is neither."""
    step = credentials.totp_step(totp_secret(unit, user), code, unit.now())
    if step is not None:
        return replace(user, totp_step=step) if step > user.totp_step else None
    spent = credentials.recovery_hash(code)
    if spent not in user.recovery:
        return None
    return replace(user, recovery=tuple(each for each in user.recovery if each != spent))


def _refused(unit: UnitOfWork, user: User) -> None:
    failed = user.failed + 1
    over = failed >= MOST_TRIES
    until = unit.now() + LOCKED_FOR if over else None
    unit.put(replace(user, failed=0 if over else failed, locked_until=until))
    unit.record(
        EventKind.SIGN_IN_REFUSED, user.id, {"why": "wrong", "tries": failed, "locked": over}
    )


def begin(unit: UnitOfWork, user: User, lasts: timedelta, facts: Mapping[str, Json]) -> Opened:
    """A new session of somebody who has proven who they are; `facts` go into the ledger."""
    secret, now = secrets.token_bytes(32), unit.now()
    session = unit.add(
        UserSession(
            id=new_id("ses"),
            user_id=user.id,
            secret_hash=hashlib.sha256(secret).digest(),
            seen_at=now,
            ends_at=now + lasts,
        )
    )
    unit.record(EventKind.SIGNED_IN, user.id, facts)
    return Opened(session, secret)


def _sealed(unit: UnitOfWork, id: str) -> bytes:
    return unit.ring.seal(_context(unit.tenant, id), credentials.new_totp().encode())


def _context(tenant: str, id: str) -> Context:
    return Context(tenant, id, id, "totp")


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
