"""Row-level security in PostgreSQL: a second wall beside the tenant in every statement.

A unit of a tenant acts as the role `fairwitness_app`, which sees rows of the tenant that the
transaction names, and nothing where it names none. The log's sealed tables can be read by that role
and not written: only the sealer, which acts as the owner, writes them.
"""

from __future__ import annotations

from sqlalchemy import Connection

ROLE = "fairwitness_app"
TENANT = "fairwitness.tenant"
_ENTER = f"SELECT set_config('role', '{ROLE}', true), set_config('{TENANT}', %s, true)"
_ENTER_READING = f"{_ENTER}, set_config('transaction_read_only', 'on', true)"


def enter(connection: Connection, tenant: str, *, read_only: bool = False) -> None:
    """Makes the transaction the tenant's, in one round trip. Nothing to do in SQLite."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_ENTER_READING if read_only else _ENTER, (tenant,))
