"""The database's revisions, and going up and down between them."""

from __future__ import annotations

from collections.abc import Callable

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from audit.errors import SchemaOutdated

_LOCK = 7_204_117


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Brings the database to a revision; all of it, or nothing. Several processes may call it."""
    _run(engine, lambda config: command.upgrade(config, revision))


def downgrade(engine: Engine, revision: str) -> None:
    """Takes the database back to an earlier revision; `base` removes everything."""
    _run(engine, lambda config: command.downgrade(config, revision))


def revisions() -> tuple[str, ...]:
    """All revisions, the first one first."""
    script = ScriptDirectory.from_config(_config(None))
    return tuple(reversed([each.revision for each in script.walk_revisions()]))


def needed() -> str:
    """The revision that this version of the software needs."""
    return revisions()[-1]


def present(engine: Engine) -> str | None:
    """The database's revision; None where it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def require(engine: Engine) -> None:
    """Raises `SchemaOutdated` unless the database has the revision that is needed."""
    found = present(engine)
    if found != needed():
        raise SchemaOutdated(
            f"The database has revision {found or 'none'}, and {needed()} is needed: run "
            "'fairwitness database upgrade'."
        )


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", "audit:migrations")
    config.attributes["connection"] = connection
    return config


def _run(engine: Engine, action: Callable[[Config], None]) -> None:
    with engine.connect() as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        action(_config(connection))
