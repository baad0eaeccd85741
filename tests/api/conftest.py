"""The app over a real store, and keys for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.keys import Wanted, issue
from api.service import Service
from audit.keyring import LocalMasterKeys
from audit.records.access import Role
from audit.settings import Api, Settings, Storage
from audit.store import Store
from audit.vault import open_vault
from tests import databases
from tests.api.client import TestClient

KeyOf = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Frame:
    """An app that is served, and what it stands on."""

    client: TestClient
    service: Service
    key_of: KeyOf

    def send(
        self, method: str, path: str, key: str | None = None, **more: object
    ) -> httpx.Response:
        """One request with a key."""
        headers = dict(more.pop("headers", None) or {})  # type: ignore[call-overload]
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        return self.client.request(method, path, headers=headers, **more)  # type: ignore[arg-type]


@pytest.fixture
def light_store(
    tmp_path: Path, templates: dict[str, str], masters: LocalMasterKeys
) -> Iterator[Store]:
    """A store on SQLite, for what does not depend on the database."""
    url = databases.new_sqlite(tmp_path / "fairwitness.db", templates)
    opened = Store.open(url, masters, pool_size=5)
    opened.add_tenant("acme", "Acme")
    opened.add_tenant("globex", "Globex")
    yield opened
    opened.close()


def made_service(store: Store, folder: Path, **api: object) -> Service:
    """A service over a store, with settings of the HTTP frame."""
    storage = Storage(path=folder / "media", scratch_dir=folder / "scratch")
    settings = Settings(storage=storage, api=Api(**api))  # type: ignore[arg-type]
    return Service(
        settings=settings,
        store=store,
        vault=open_vault(storage, store.ring),
        ready={"database": store.ping},
    )


def keys_of(store: Store) -> KeyOf:
    """Issues keys directly."""

    def key_of(
        role: str = "admin", tenant: str = "acme", scopes: tuple[str, ...] | None = None
    ) -> str:
        with store.unit(tenant) as unit:
            end = unit.now() + timedelta(days=1)
            wanted = Wanted(name=role, role=Role(role), expires_at=end, scopes=scopes)
            return issue(unit, wanted).text

    return key_of


@pytest.fixture
def frame_of(tmp_path: Path) -> Iterator[Callable[..., Frame]]:
    """Makes frames over stores."""
    opened: list[TestClient] = []

    def make(store: Store, **api: object) -> Frame:
        service = made_service(store, tmp_path, **api)
        client = TestClient(create_app(service), client=("127.0.0.1", 40000))
        client.__enter__()
        opened.append(client)
        return Frame(client, service, keys_of(store))

    yield make
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def web(light_store: Store, frame_of: Callable[..., Frame]) -> Frame:
    """A frame on SQLite."""
    return frame_of(light_store)


@pytest.fixture
def both(store: Store, frame_of: Callable[..., Frame]) -> Frame:
    """A frame on SQLite and on PostgreSQL in turn."""
    return frame_of(store)
