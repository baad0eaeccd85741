"""Transactions of a tenant that have to take turns."""

from __future__ import annotations

from sqlalchemy import text

from audit.store.unit import UnitOfWork


def take_turn(unit: UnitOfWork, what: str) -> None:
    """Waits until no other transaction of the tenant does `what`; held until this one ends.

    SQLite's writers wait for one another anyway.
    """
    if unit.connection.dialect.name == "postgresql":
        statement = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 13))")
        unit.connection.execute(statement, {"name": f"{unit.tenant}/{what}"})
