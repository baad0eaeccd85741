"""Forms that are sent twice: what they do is done once, and the answer is the same."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import text

from api import keys
from api.app import create_app
from api.idempotency import InFlight
from api.principal import Principal
from api.problems import Refusal
from api.workplace import repeating
from audit.records.access import ApiKey
from audit.records.base import Record
from audit.records.evidence import Report
from audit.records.issued import ReportLink
from audit.records.oversight import Endpoint, LegalHold, Request
from audit.records.register import System
from audit.records.users import User
from tests.api.client import TestClient
from tests.api.conftest import Frame
from tests.api.workplace.conftest import Office, Person
from tests.api.world import World

NEW_KEY = {"name": "Ours", "role": "auditor", "scopes": "flags:read"}
Make = tuple[str, type[Record], str, dict[str, object]]


def forms(office: Office) -> dict[str, Make]:
    """Who sends it, what it makes, where to, and its fields."""
    world = office.world
    whom, report = world.person().candidate.id, world.link()[0]
    of = {"name": "S", "vendor": "V", "system_version": "1", "mode": "ai_led"}
    return {
        "key": ("admin", ApiKey, "/app/settings/keys", NEW_KEY),
        "webhook": (
            "admin",
            Endpoint,
            "/app/settings/webhooks",
            {"url": "https://hooks.platform.example/in", "every": "1"},
        ),
        "user": ("admin", User, "/app/settings/users", {"name": "anew", "role": "auditor"}),
        "system": (
            "admin",
            System,
            "/app/systems",
            {**of, "decision_role": "informs", "jurisdictions": "DE"},
        ),
        "hold": (
            "admin",
            LegalHold,
            "/app/settings/retention/holds",
            {"what": whom, "reason": "R"},
        ),
        "report": (
            "compliance",
            Report,
            "/app/reports",
            {"kind": "regime_file", "subject": world.person().system.id},
        ),
        "link": (
            "compliance",
            ReportLink,
            f"/app/reports/{report}/links",
            {"form": "json", "lasts": "1d"},
        ),
        "request": (
            "compliance",
            Request,
            "/app/requests",
            {"candidate": whom, "kind": "access", "channel": "phone"},
        ),
    }


def once_of(person: Person, path: str = "/app") -> str:
    """The number of the forms on a page."""
    found = re.search(r'name="once" value="([^"]{22})"', person.get(path).text)
    assert found is not None
    return found[1]


def count(office: Office, kind: type[Record]) -> int:
    with office.service.store.reading("acme") as unit:
        return unit.count(kind)


@pytest.mark.parametrize(
    "name", ["key", "webhook", "user", "system", "hold", "report", "link", "request"]
)
def test_a_form_that_is_sent_twice_makes_one(office: Office, name: str) -> None:
    role, kind, path, fields = forms(office)[name]
    person = office.signed_in(role, name=f"{name}-maker")
    form = {**fields, "once": once_of(person)}
    before = count(office, kind)
    first = person.post(path, dict(form))
    assert first.status_code in (200, 303) and count(office, kind) == before + 1, first.text
    again = person.post(path, dict(form))
    assert (again.status_code, again.content) == (first.status_code, first.content)
    for header in ("location", "content-security-policy", "content-type"):
        assert again.headers.get(header) == first.headers.get(header)
    assert count(office, kind) == before + 1


def test_the_next_page_and_other_fields_and_other_people_make_another(office: Office) -> None:
    person = office.signed_in("admin", name="maker")
    form = {**NEW_KEY, "once": once_of(person)}
    first = person.post("/app/settings/keys", dict(form)).text
    before = count(office, ApiKey)
    assert person.post("/app/settings/keys", {**form, "name": "Other"}).text != first
    assert person.post("/app/settings/keys", {**form, "once": once_of(person)}).text != first
    other = office.signed_in("admin", name="maker-2")
    assert other.post("/app/settings/keys", dict(form)).text != first
    assert person.post("/app/settings/keys", dict(NEW_KEY)).status_code == 200  # no number: as ever
    assert count(office, ApiKey) == before + 4


def test_a_form_with_a_fault_can_be_sent_again(office: Office) -> None:
    person = office.signed_in("admin", name="hasty")
    form = {**NEW_KEY, "name": "", "once": once_of(person)}
    before = count(office, ApiKey)
    assert person.post("/app/settings/keys", dict(form)).status_code == 422
    assert person.post("/app/settings/keys", dict(form)).status_code == 422
    assert person.post("/app/settings/keys", {**form, "name": "Ours"}).status_code == 200
    assert count(office, ApiKey) == before + 1


def test_the_secret_is_sealed_where_the_answer_is_kept(office: Office) -> None:
    person = office.signed_in("admin", name="careful")
    page = person.post("/app/settings/keys", {**NEW_KEY, "once": once_of(person)}).text
    secret = re.search(r"fw_[0-9A-Z]{26}_[A-Za-z0-9_\-]{43}", page)
    assert secret is not None
    with office.service.store.system(read_only=True) as connection:
        rows = connection.execute(text("SELECT body FROM idempotency")).scalars().all()
    assert rows and not any(secret[0].encode() in bytes(row) for row in rows)


def test_where_the_answer_was_lost_the_form_is_refused_and_not_done_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeating, "LONGEST_WAIT_S", 0.0)
    monkeypatch.setattr(repeating.PageCall, "keep", lambda self, response: None)
    person = office.signed_in("admin", name="unlucky")
    form = {**NEW_KEY, "once": once_of(person)}
    assert person.post("/app/settings/keys", dict(form)).status_code == 200
    before = count(office, ApiKey)
    again = person.post("/app/settings/keys", dict(form))
    assert again.status_code == 409 and "sent before" in again.text
    assert count(office, ApiKey) == before


@pytest.mark.parametrize("processes", [1, 2])
def test_a_double_click_gives_both_the_one_answer(
    both: Frame, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    """The second comes while the first is at work, in the same process or in another."""
    world = World(both, "acme")
    office = Office(both.service, world, world)
    person = office.signed_in("admin")
    begun, go, waits = threading.Event(), threading.Event(), threading.Event()
    made: list[object] = []
    issue: Callable[..., object] = keys.issue

    def slow(*given: object, **named: object) -> object:
        made.append(None)
        begun.set()
        assert go.wait(30)
        return issue(*given, **named)

    enter = InFlight.enter

    def entered(self: InFlight, principal: Principal, key: str) -> None:
        try:
            enter(self, principal, key)
            if begun.is_set():
                waits.set()  # in another process nothing is under way: the database says so
        except Refusal:
            waits.set()
            raise

    monkeypatch.setattr(keys, "issue", slow)
    monkeypatch.setattr(InFlight, "enter", entered)
    clients = [person.client]
    if processes == 2:
        clients.append(TestClient(create_app(both.service), client=("127.0.0.1", 40003)))
        clients[1].cookies.update(person.client.cookies)
    form = {**NEW_KEY, "token": person.token, "once": once_of(person)}
    answers: list[httpx.Response] = []

    def send(client: TestClient) -> None:
        answers.append(client.post("/app/settings/keys", data=form, follow_redirects=False))

    threads = [threading.Thread(target=send, args=(clients[n % len(clients)],)) for n in range(2)]
    threads[0].start()
    assert begun.wait(30)
    threads[1].start()
    assert waits.wait(30)
    go.set()
    for each in threads:
        each.join()
    assert len(made) == 1
    assert [each.status_code for each in answers] == [200, 200]
    assert answers[0].content == answers[1].content and 'id="made"' in answers[0].text
