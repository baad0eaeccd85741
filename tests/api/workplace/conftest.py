"""People who are signed in at the pages of a served app."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
import uvicorn

from api.service import Service
from api.workplace import sessions, users
from audit.operations import uploads
from audit.operations.media import MediaOrder
from audit.records.access import Role
from audit.records.evidence import MediaKind
from audit.store import Store
from tests import databases
from tests.api.client import TestClient
from tests.api.world import World, served

PASSWORD = "seven green chairs on a hill"


@dataclass
class Person:
    """Somebody with an account, and a browser."""

    client: TestClient
    tenant: str
    id: str
    name: str
    reference: str
    codes: list[str]

    def get(self, path: str, **more: object) -> httpx.Response:
        return self.client.get(path, follow_redirects=False, **more)  # type: ignore[arg-type]

    def post(self, path: str, form: dict[str, object] | None = None) -> httpx.Response:
        """A form with the token of the session."""
        return self.plain(path, {"token": self.token, **(form or {})})

    def plain(self, path: str, form: dict[str, object], **more: object) -> httpx.Response:
        """A form as it is."""
        return self.client.post(path, data=form, follow_redirects=False, **more)  # type: ignore[arg-type]

    def send(
        self, path: str, name: str, content: bytes, fields: dict[str, str] | None = None
    ) -> httpx.Response:
        """A form with a file, with the token of the session."""
        form = {"token": self.token, **(fields or {})}
        files = {"file": (name, content, "application/octet-stream")}
        return self.client.post(path, data=form, files=files, follow_redirects=False)

    @property
    def token(self) -> str:
        """Of the forms on the first page."""
        page = self.get("/app").text
        return page.partition('name="token" value="')[2].partition('"')[0]

    def sign_in(self, code: str | None = None, password: str = PASSWORD) -> httpx.Response:
        form = {"name": self.name, "password": password, "code": code or self.codes.pop()}
        return self.plain("/app/sign-in", form)


@dataclass
class Office:
    """A served app, two tenants and their people."""

    service: Service
    world: World
    other: World

    def person(self, role: str, tenant: str = "acme", name: str = "") -> Person:
        """A new person with an account, not signed in yet."""
        store = self.service.store
        name = name or f"{role}-{tenant}"
        with store.unit(tenant) as unit:
            user, token = users.add(unit, name, Role(role), person=f"p-{name}")
        invited = users.invited(store, token)
        assert invited is not None
        with store.unit(tenant, actor=user.id) as unit:
            code = pyotp.TOTP(users.totp_secret(unit, user)).at(unit.now())
            codes = users.choose(unit, user, PASSWORD, code)
        assert codes is not None
        client = TestClient(self.world.frame.client.app, client=("127.0.0.1", 40000))
        return Person(client, tenant, user.id, name, user.person, list(codes))

    def signed_in(self, role: str, tenant: str = "acme", name: str = "") -> Person:
        person = self.person(role, tenant, name)
        assert person.sign_in().status_code == 303
        return person

    def last_entry(self) -> int:
        """The number of the newest entry of acme's ledger; that of globex is shorter."""
        with self.service.store.ledger("acme") as ledger:
            return ledger.seal().size - 1

    def table(self, content: bytes, name: str = "people.csv") -> str:
        """A table of acme, as the API takes it."""
        order = MediaOrder(kind=MediaKind.TABLE, name=name)
        intake = self.service.intake
        got = uploads.receive_table(intake, "acme", order, chunks=[content])
        with self.service.store.unit("acme") as unit:
            return uploads.finish_table(unit, intake, order, got).id


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory,
    templates: dict[str, str],
) -> Iterator[Office]:
    folder: Path = tmp_path_factory.mktemp("office")
    url = databases.new_sqlite(folder / "fairwitness.db", templates)
    store = Store.open(url, databases.master_keys(), pool_size=5)
    store.add_tenant("acme", "Acme")
    store.add_tenant("globex", "Globex")
    frame = served(store, folder)
    with frame.client:
        yield Office(frame.service, World(frame, "acme"), World(frame, "globex"))
    store.close()


@pytest.fixture(scope="module")
def address(office: Office) -> Iterator[str]:
    """Where the office's app is served."""
    app = office.world.frame.client.app
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_config=None, lifespan="off", server_header=False)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, where it is installed."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium)
        yield started
        started.close()


COOKIE = sessions._PLAIN
