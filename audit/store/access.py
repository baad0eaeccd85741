"""What a request needs before its tenant is known, and answers kept for repeated requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, insert, select, text, update

from audit.records.access import ApiKey
from audit.store.mapping import mapping
from audit.store.store import Store
from audit.store.unit import UnitOfWork
from audit.tables.access import ApiKeyRow, IdempotencyRow

_KEYS = ApiKeyRow.__table__
_ANSWERS = IdempotencyRow.__table__


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """The answer to a request with an Idempotency-Key. `body` is sealed by whoever keeps it."""

    principal: str
    key: str
    route: str
    request_hash: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    created_at: datetime
    expires_at: datetime


def find_key(store: Store, key_id: str) -> tuple[str, ApiKey] | None:
    """The tenant and the key with this id, whoever's it is; None where there is none."""
    with store.system(read_only=True) as connection:
        row = connection.execute(select(_KEYS).where(_KEYS.c.id == key_id)).mappings().first()
    return (row["tenant_id"], mapping(ApiKey).to_value(row)) if row else None


def any_key(store: Store) -> bool:
    """Whether anybody has a key."""
    with store.system(read_only=True) as connection:
        return connection.execute(select(_KEYS.c.id).limit(1)).first() is not None


def mark_used(store: Store, key_id: str, at: datetime) -> None:
    """Notes when a key was last used. That is no change of the key: its version stays."""
    with store.system() as connection:
        connection.execute(update(ApiKeyRow).where(_KEYS.c.id == key_id).values(last_used_at=at))


def claim_answer(unit: UnitOfWork, principal: str, key: str) -> bool:
    """Whether this transaction alone works for that Idempotency-Key, until it ends.

    Where it is false, another one does at this moment. SQLite's writers wait for one another.
    """
    if unit.connection.dialect.name != "postgresql":
        return True
    statement = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 11))")
    name = "\n".join((unit.tenant, principal, key))
    return bool(unit.connection.execute(statement, {"name": name}).scalar_one())


def kept_answer(unit: UnitOfWork, principal: str, key: str) -> KeptAnswer | None:
    """The answer that was kept and has not expired; None where there is none."""
    here = and_(_of(unit.tenant, principal, key), _ANSWERS.c.expires_at > unit.now())
    row = unit.connection.execute(select(_ANSWERS).where(here)).mappings().first()
    if row is None:
        return None
    return KeptAnswer(**{name: value for name, value in row.items() if name != "tenant_id"})


def keep_answer(unit: UnitOfWork, answer: KeptAnswer) -> None:
    """Keeps an answer in the transaction of its effect, in the place of one that has expired."""
    here = _of(unit.tenant, answer.principal, answer.key)
    unit.connection.execute(delete(IdempotencyRow).where(here))
    row = {name: getattr(answer, name) for name in KeptAnswer.__slots__}
    row.update(headers=dict(answer.headers), tenant_id=unit.tenant)
    unit.connection.execute(insert(IdempotencyRow).values(row))


def forget_answers(store: Store) -> int:
    """Deletes the answers that have expired; returns how many."""
    with store.system() as connection:
        statement = delete(IdempotencyRow).where(_ANSWERS.c.expires_at <= store.now())
        return int(connection.execute(statement).rowcount)


def _of(tenant: str, principal: str, key: str) -> ColumnElement[bool]:
    return and_(
        _ANSWERS.c.tenant_id == tenant,
        _ANSWERS.c.principal == principal,
        _ANSWERS.c.key == key,
    )
