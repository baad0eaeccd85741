"""Row-level security for new tables, in PostgreSQL; in SQLite there is nothing to do."""

from __future__ import annotations

from collections.abc import Iterable

from alembic import op

from audit.store.security import ROLE, TENANT

_CREATE_ROLE = f"""
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN
    CREATE ROLE {ROLE} NOLOGIN NOINHERIT;
  END IF;
  IF NOT pg_has_role(current_user, '{ROLE}', 'SET') THEN
    EXECUTE format('GRANT {ROLE} TO %I', current_user);
  END IF;
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO {ROLE}', current_schema());
END $$
"""


def create_role() -> None:
    """Makes the role that tenants' transactions act as, unless it is there."""
    if _is_postgresql():
        op.execute(_CREATE_ROLE)


def secure(tables: Iterable[str], *, verbs: str = "SELECT, INSERT, UPDATE, DELETE") -> None:
    """Limits tables to the rows of the transaction's tenant.

    `verbs`: what a tenant's transaction may do; nothing where it is empty.
    """
    if not _is_postgresql():
        return
    for name in tables:
        op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY tenant ON {name} "
            f"USING (tenant_id = current_setting('{TENANT}', true)) "
            f"WITH CHECK (tenant_id = current_setting('{TENANT}', true))"
        )
        if verbs:
            op.execute(f"GRANT {verbs} ON {name} TO {ROLE}")


def share_counter(table: str, column: str = "id") -> None:
    """Lets tenants' transactions count the rows that they add to a table."""
    if _is_postgresql():
        op.execute(f"GRANT USAGE ON SEQUENCE {table}_{column}_seq TO {ROLE}")


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
