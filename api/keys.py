"""Issuing, rotating and revoking keys, inside a unit of work; for routes and the command line."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from api.principal import Principal, Token, usable
from api.problems import Refusal, invalid
from api.scopes import ROLE_SCOPES
from audit.errors import AlreadyExists, InputError, StepRefused
from audit.ids import new_id
from audit.jobs import SERVICE_TENANT
from audit.ledger import EventKind
from audit.records.access import ApiKey, Role
from audit.store import SYSTEM, Store, UnitOfWork
from audit.store.access import any_key

FIRST_TENANT = "main"
FIRST_NAME = "First administrator"
_TENANT = re.compile(r"[a-z0-9][a-z0-9_\-]{1,39}")
LONGEST_GRACE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Issued:
    """A key and its text, which is shown once."""

    key: ApiKey
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A key that is wanted. No scopes: all of the role's."""

    name: str
    role: Role
    expires_at: datetime
    scopes: tuple[str, ...] | None = None


def issue(unit: UnitOfWork, wanted: Wanted, *, by: Principal | None = None) -> Issued:
    """A new key. `by`: the key that asks, or None for the operator at the command line."""
    scopes = _scopes(wanted)
    _must_cover(by, scopes)
    if wanted.expires_at <= unit.now():
        raise invalid("body", "/expires_at", "Give a time that is to come.")
    token = Token.generate(new_id("key"))
    key = unit.add(
        ApiKey(
            id=token.key_id,
            name=wanted.name,
            role=wanted.role,
            scopes=scopes,
            secret_hash=token.hash(),
            created_by=unit.actor,
            expires_at=wanted.expires_at,
        )
    )
    unit.record(
        EventKind.KEY_ISSUED,
        key.id,
        {"role": key.role.value, "scopes": list(key.scopes), "expires_at": _text(key.expires_at)},
    )
    return Issued(key, token.text())


def rotate(
    unit: UnitOfWork,
    key: ApiKey,
    *,
    grace: timedelta,
    expires_at: datetime,
    by: Principal | None = None,
) -> Issued:
    """A new key with the rights of an old one, which goes on for `grace` and then expires."""
    if not usable(key, unit.now()) or key.replaced_by is not None:
        raise StepRefused("This key was replaced, revoked or has expired; issue a new one.")
    wanted = Wanted(name=key.name, role=key.role, scopes=key.scopes, expires_at=expires_at)
    fresh = issue(unit, wanted, by=by)
    end = unit.now() + grace
    old_end = min(end, key.expires_at) if key.expires_at else end
    unit.put(replace(key, expires_at=old_end, replaced_by=fresh.key.id))
    return fresh


def revoke(unit: UnitOfWork, key: ApiKey) -> ApiKey:
    """Ends a key at once. Again is no error. The last administrator's key stays."""
    if key.revoked_at is not None:
        return key
    if key.role is Role.ADMIN and not _other_admins(unit, key):
        raise StepRefused(
            "This is the last key that can manage keys: issue another one of role admin first."
        )
    revoked = unit.put(replace(key, revoked_at=unit.now()))
    unit.record(EventKind.KEY_REVOKED, key.id, {"role": key.role.value})
    return revoked


def first_admin_key(store: Store, *, days: int) -> str | None:
    """The text of a first administrator's key, with its tenant; None where there are keys already.

    Two processes that start together make one: the tenant can be made once.
    """
    if any_key(store):
        return None
    try:
        store.add_tenant(FIRST_TENANT, "Main")
    except AlreadyExists:
        return None
    return admin_key(store, FIRST_TENANT, name=FIRST_NAME, days=days)


def admin_key(store: Store, tenant: str, *, name: str, days: int) -> str:
    """The text of a new administrator's key of a tenant, for the operator at the command line."""
    with store.unit(tenant, actor=SYSTEM) as unit:
        end = unit.now() + timedelta(days=days)
        return issue(unit, Wanted(name=name, role=Role.ADMIN, expires_at=end)).text


def checked_tenant(tenant: str) -> str:
    """The id of a new tenant, if it is one: it is written into ledgers and names of objects."""
    if not _TENANT.fullmatch(tenant) or tenant == SERVICE_TENANT:
        raise InputError("A tenant's id has 2 to 40 small letters, digits and `-` or `_`.")
    return tenant


def _scopes(wanted: Wanted) -> tuple[str, ...]:
    allowed = ROLE_SCOPES[wanted.role]
    if wanted.scopes is None:
        return tuple(sorted(allowed))
    beyond = sorted(set(wanted.scopes) - allowed)
    if beyond:
        raise invalid(
            "body", "/scopes", f"The role {wanted.role.value} does not have: {', '.join(beyond)}."
        )
    if not wanted.scopes:
        raise invalid("body", "/scopes", "Give at least one scope, or leave them out.")
    return tuple(sorted(set(wanted.scopes)))


def _must_cover(by: Principal | None, scopes: Iterable[str]) -> None:
    """An administrator issues any key; a key narrower than that, none with more than it has."""
    if by is None or ROLE_SCOPES[by.role] <= by.scopes:
        return
    beyond = _beyond(by.scopes, scopes)
    if beyond:
        raise Refusal("forbidden", f"This key is narrower; it cannot give: {', '.join(beyond)}.")


def _beyond(held: Collection[str], scopes: Iterable[str]) -> list[str]:
    return sorted(set(scopes) - set(held))


def _other_admins(unit: UnitOfWork, key: ApiKey) -> bool:
    now = unit.now()
    return any(
        other.id != key.id and usable(other, now) and "keys:write" in other.scopes
        for other in unit.every(ApiKey, role=Role.ADMIN, revoked_at=None)
    )


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
