"""Who gets in, for how long, and what is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest

from api.workplace import credentials, users
from audit.errors import AlreadyExists, InputError
from audit.records.access import Role
from audit.records.users import User, UserSession
from tests.api.client import TestClient
from tests.api.workplace.conftest import COOKIE, PASSWORD, Office, Person


def kinds(office: Office, person: Person) -> list[str]:
    """Kinds of the events under a user's id."""
    store = office.service.store
    with store.ledger(person.tenant) as ledger:
        return [each.kind.value for each in ledger.entries() if each.actor == person.id]


def change(office: Office, person: Person, **fields: object) -> None:
    with office.service.store.unit(person.tenant) as unit:
        unit.put(replace(unit.get(User, person.id), **fields))  # type: ignore[arg-type]


def session_of(office: Office, person: Person) -> UserSession:
    with office.service.store.reading(person.tenant) as unit:
        found = unit.find(UserSession, user_id=person.id)
    assert found is not None
    return found


def test_a_new_person_comes_in_by_the_link_and_nobody_by_it_again(office: Office) -> None:
    with office.service.store.unit("acme") as unit:
        user, token = users.add(unit, "ana@acme.example", Role.COMPLIANCE)
        secret = users.totp_secret(unit, user)
    person = office.person("compliance", name="browser")
    path = f"/app/welcome/{token}"
    page = person.get(path)
    assert page.status_code == 200 and secret in page.text.replace(" ", "")
    code = pyotp.TOTP(secret).at(office.service.now())
    short = person.plain(path, {"password": "short", "again": "short", "code": code})
    assert short.status_code == 422 and "12 to 200" in short.text
    wrong = person.plain(path, {"password": PASSWORD, "again": PASSWORD, "code": "12"})
    assert wrong.status_code == 422 and 'id="fault-code"' in wrong.text
    done = person.plain(path, {"password": PASSWORD, "again": PASSWORD, "code": code})
    assert len(re.findall(r"<li><code>\w{5}-\w{5}</code>", done.text)) == 10
    again = person.plain(path, {"password": PASSWORD, "again": PASSWORD, "code": code})
    assert again.status_code == 404
    form = {"name": "ANA@acme.example", "password": PASSWORD, "code": code}
    assert person.plain("/app/sign-in", form).headers["location"] == "/app"
    person.client.cookies.clear()
    assert person.plain("/app/sign-in", form).status_code == 401  # a code works once


def test_names_are_of_one_person(office: Office) -> None:
    with office.service.store.unit("globex") as unit, pytest.raises(InputError):
        users.add(unit, "two words", Role.ADMIN)
    office.person("admin", name="same")
    with pytest.raises(AlreadyExists), office.service.store.unit("globex") as unit:
        users.add(unit, "SAME", Role.ADMIN)


def test_the_cookie_is_for_this_site_and_no_script(office: Office) -> None:
    person = office.person("auditor", name="cookie")
    plain = person.sign_in().headers["set-cookie"]
    assert plain.startswith(f"{COOKIE}=ses_")
    assert "HttpOnly" in plain and "SameSite=lax" in plain and "Secure" not in plain
    app = person.client.app
    safe = TestClient(app, base_url="https://testserver")
    form = {"name": person.name, "password": PASSWORD, "code": person.codes.pop()}
    cookie = safe.post("/app/sign-in", data=form, follow_redirects=False).headers["set-cookie"]
    assert cookie.startswith("__Host-fairwitness=") and "Secure" in cookie
    assert "Path=/" in cookie and "Domain" not in cookie
    assert safe.get("/app").status_code == 200


def test_five_wrong_tries_lock_and_the_right_one_waits(office: Office) -> None:
    person = office.person("compliance", name="locked")
    for _ in range(users.MOST_TRIES):
        assert person.sign_in("000000", "wrong wrong wrong").status_code == 401
    assert person.sign_in().status_code == 401
    change(office, person, locked_until=office.service.now() - timedelta(seconds=1))
    assert person.sign_in().status_code == 303
    seen = kinds(office, person)
    assert seen.count("sign_in_refused") == users.MOST_TRIES + 1
    assert seen.count("signed_in") == 1


def test_a_recovery_code_works_once(office: Office) -> None:
    person = office.person("compliance", name="recovers")
    code = person.codes[0]
    assert person.sign_in(code.upper()).status_code == 303
    assert person.sign_in(code).status_code == 401


def test_unknown_and_wrong_are_told_alike(office: Office) -> None:
    person = office.person("compliance", name="alike")
    wrong = person.sign_in("000000", "wrong wrong wrong")
    unknown = person.plain("/app/sign-in", {"name": "n0body", "password": "x", "code": "y"})
    assert wrong.text.replace("alike", "?") == unknown.text.replace("n0body", "?")


@pytest.mark.parametrize("field", ["seen_at", "ends_at"])
def test_a_session_ends_when_idle_and_after_hours(office: Office, field: str) -> None:
    person = office.signed_in("compliance", name=f"ends-{field.replace('_', '-')}")
    assert person.get("/app").status_code == 200
    api = office.service.settings.api
    ago = timedelta(minutes=api.session_idle_min) if field == "seen_at" else timedelta()
    session = session_of(office, person)
    with office.service.store.unit("acme") as unit:
        unit.put(replace(session, **{field: unit.now() - ago}))  # type: ignore[arg-type]
    answer = person.get("/app/review")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/app/sign-in?to=/app/review"


def test_a_disabled_person_is_out_at_once(office: Office) -> None:
    person = office.signed_in("compliance", name="disabled")
    with office.service.store.unit("acme") as unit:
        users.disable(unit, unit.get(User, person.id))
    assert person.get("/app").status_code == 303
    assert person.sign_in().status_code == 401


def test_signing_out_here_and_everywhere(office: Office) -> None:
    person = office.signed_in("compliance", name="leaves")
    stale = person.client.cookies[COOKIE]
    assert person.sign_in().status_code == 303
    assert person.post("/app/sign-out-everywhere").status_code == 303
    assert person.get("/app").status_code == 200
    kept = person.client.cookies[COOKIE]
    for cookie, status in ((stale, 303), (kept, 200)):
        person.client.cookies.clear()
        person.client.cookies.set(COOKIE, cookie)
        assert person.get("/app").status_code == status
    assert person.post("/app/sign-out").headers["location"] == "/app/sign-in?done=signed_out"
    person.client.cookies.set(COOKIE, kept)
    assert person.get("/app").status_code == 303
    assert kinds(office, person).count("signed_out") == 2


def test_forms_of_others_are_refused(office: Office) -> None:
    person, other = (office.signed_in("compliance", name=each) for each in ("mine", "theirs"))
    path = "/app/sign-out-everywhere"
    token = person.token
    assert person.plain(path, {}).status_code == 403
    assert person.plain(path, {"token": other.token}).status_code == 403
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert person.plain(path, {"token": token}, headers=headers).status_code == 403
        form = {"name": "x", "password": "y", "code": "z"}
        assert person.plain("/app/sign-in", form, headers=headers).status_code == 403
    assert person.plain(path, {"token": token}).status_code == 303


@pytest.mark.parametrize("to", ["https://evil.example", "//evil.example", "/app//evil", "/\\evil"])
def test_nobody_is_sent_to_another_site(office: Office, to: str) -> None:
    client = TestClient(office.world.frame.client.app)
    assert f'value="{to}"' not in client.get("/app/sign-in", params={"to": to}).text
    back = client.get("/app/scheme", params={"as": "dark", "back": to}, follow_redirects=False)
    assert back.headers["location"] == "/app"


def test_a_key_opens_no_page_and_a_cookie_no_route(office: Office) -> None:
    person = office.signed_in("compliance", name="mixed")
    assert person.get("/v1/reviews").status_code == 401
    client = TestClient(office.world.frame.client.app)
    key = {"Authorization": f"Bearer {office.world.keys['compliance']}"}
    assert client.get("/app", headers=key, follow_redirects=False).status_code == 303


def test_no_page_holds_the_secret_in_the_clear_and_tables_hold_hashes(office: Office) -> None:
    person = office.signed_in("compliance", name="hashes")
    with office.service.store.reading("acme") as unit:
        user = unit.get(User, person.id)
    assert user.password_hash is not None and user.password_hash.startswith("$argon2id$")
    assert credentials.recovery_hash(person.codes[0]) in user.recovery
    assert " name=" not in repr(user) and "(name=" not in repr(user)
