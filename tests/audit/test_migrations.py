"""Every revision up and down, on both kinds of database; the last one has all tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect

from audit import migrations
from audit.errors import SchemaOutdated
from audit.store.engine import open_engine
from audit.tables import Base
from tests import databases


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without tables."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        url = databases.empty_postgresql(request.getfixturevalue("postgresql"))
    engine = open_engine(url)
    yield engine
    engine.dispose()
    if request.param == "postgresql":
        databases.drop_postgresql(request.getfixturevalue("postgresql"), url)


def test_the_last_revision_has_exactly_the_declared_tables(empty: Engine) -> None:
    migrations.upgrade(empty)
    with empty.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []
    assert migrations.present(empty) == migrations.needed()
    migrations.require(empty)


def test_each_revision_goes_up_and_down(empty: Engine) -> None:
    for revision in migrations.revisions():
        migrations.upgrade(empty, revision)
        migrations.downgrade(empty, "-1")
        migrations.upgrade(empty, revision)
    migrations.downgrade(empty, "base")
    assert inspect(empty).get_table_names() in ([], ["alembic_version"])


def test_a_database_of_another_revision_is_refused(empty: Engine) -> None:
    with pytest.raises(SchemaOutdated, match="database upgrade"):
        migrations.require(empty)


def test_again_is_no_error(empty: Engine) -> None:
    migrations.upgrade(empty)
    migrations.upgrade(empty)
    assert migrations.present(empty) == migrations.needed()


def test_every_table_of_a_tenant_is_under_row_level_security(empty: Engine) -> None:
    if empty.dialect.name != "postgresql":
        pytest.skip("SQLite has no row-level security")
    migrations.upgrade(empty)
    with empty.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relrowsecurity"
        )
        secured = set(rows.scalars())
    owned = {t.name for t in Base.metadata.sorted_tables if "tenant_id" in t.columns}
    assert secured == owned
