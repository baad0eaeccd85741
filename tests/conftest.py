"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from audit.inference import Models
from audit.keyring import LocalMasterKeys
from audit.settings import Settings
from audit.store import Store
from audit.weights import WeightStore
from tests import databases

# Machines that run the tests are busy and of any speed: no example may fail for being slow, and the
# examples are the same on each run.
hypothesis_settings.register_profile("fairwitness", deadline=None, derandomize=True)
hypothesis_settings.load_profile("fairwitness")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout; the test skips where it is absent."""
    folder = Path(os.environ.get("FAIRWITNESS_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real data folder {folder} is absent")
    return folder


@pytest.fixture(scope="session")
def settings() -> Settings:
    """Settings from the environment, with the checkout's own weights folder if it has one."""
    if "FAIRWITNESS_WEIGHTS_DIR" not in os.environ and (ROOT / ".weights").is_dir():
        return Settings(weights_dir=ROOT / ".weights")
    return Settings()


@pytest.fixture(scope="session")
def models(settings: Settings) -> Models:
    """The default weights; the test skips where they are not installed."""
    store = WeightStore(settings.weights_dir)
    missing = [row.id for row in store.manifest.default if not store.installed(row.id)]
    if missing:
        pytest.skip(
            f"weights not installed ({', '.join(missing)}): run 'fairwitness models install'"
        )
    return Models(store, threads=settings.threads, settings=settings)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of an empty PostgreSQL that runs for this session, without a database's name.

    `FAIRWITNESS_TEST_POSTGRESQL` names another server; else one is started from a wheel.
    """
    given = os.environ.get("FAIRWITNESS_TEST_POSTGRESQL")
    if given:
        yield given
        return
    with databases.started_postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """URLs of databases that tests copy: made once for each kind, when first asked for."""
    return {"folder": str(tmp_path_factory.mktemp("databases"))}


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(
    request: pytest.FixtureRequest, tmp_path: Path, templates: dict[str, str]
) -> Iterator[str]:
    """The URL of a new database with all tables, of both kinds in turn."""
    if request.param == "sqlite":
        yield databases.new_sqlite(tmp_path / "fairwitness.db", templates)
    else:
        server: str = request.getfixturevalue("postgresql")
        url = databases.new_postgresql(server, templates)
        yield url
        databases.drop_postgresql(server, url)


@pytest.fixture
def masters() -> LocalMasterKeys:
    """Master keys for one test."""
    return databases.master_keys()


@pytest.fixture
def store(database_url: str, masters: LocalMasterKeys) -> Iterator[Store]:
    """A store with the tenants `acme` and `globex`, on both kinds of database in turn."""
    opened = Store.open(database_url, masters, pool_size=5)
    opened.add_tenant("acme", "Acme")
    opened.add_tenant("globex", "Globex")
    yield opened
    opened.close()
