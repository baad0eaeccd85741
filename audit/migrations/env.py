"""Run by Alembic, with the connection that `audit.migrations` holds."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON

from audit.tables import Base
from audit.tables.base import Moment


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Our two types by their names in new revisions."""
    if kind == "type" and isinstance(item, Moment):
        return "Moment()"
    if kind == "type" and isinstance(item, JSON):
        return "Document"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=_render,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
