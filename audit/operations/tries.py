"""How often a candidate's face and voice may be asked about: a bound that no number of keys lifts.

Whoever gets many answers about one reference can come nearer to it step by step (hill climbing),
even where each answer is only a word. Quotas of keys bound how fast; this bounds how many.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from audit.errors import TooManyTries
from audit.records.evidence import Comparison
from audit.records.searches import Search
from audit.store import UnitOfWork
from audit.store.mapping import mapping

MOST_A_DAY = 20
"""Comparisons and searches of one candidate in 24 hours. What an attacker who may send anything
would need is in docs/template-protection.md."""

_WITHIN = timedelta(hours=24)


def take_try(unit: UnitOfWork, candidate_id: str) -> None:
    """Raises `TooManyTries` where the candidate was asked about too often within a day."""
    done = sum(_asked(unit, kind, candidate_id) for kind in (Comparison, Search))
    if done >= MOST_A_DAY:
        raise TooManyTries(
            f"This candidate was compared or searched for {done} times within 24 hours; "
            f"{MOST_A_DAY} are allowed, whoever asks. Try again later."
        )


def _asked(unit: UnitOfWork, kind: type[Comparison] | type[Search], candidate_id: str) -> int:
    table = mapping(kind).table
    conditions = unit.conditions(kind, {"candidate_id": candidate_id})
    since = table.c.created_at > unit.now() - _WITHIN
    return unit.connection.execute(
        select(func.count()).select_from(table).where(since, *conditions)
    ).scalar_one()
