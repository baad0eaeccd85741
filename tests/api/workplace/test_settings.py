"""Settings: keys and users. Forms make what API and command line make; secrets show once."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from api import keys
from api.workplace import users as accounts
from audit.records.access import ApiKey, Role
from audit.records.oversight import Reviewer
from audit.records.users import User, UserSession
from tests.api.workplace.conftest import Office, Person

KEYS, USERS = "/app/settings/keys", "/app/settings/users"
LATER = datetime(2199, 1, 1, tzinfo=UTC)
_MADE = re.compile(r'<input id="made"[^>]* value="([^"]+)"')


@pytest.fixture(scope="module")
def admin(office: Office) -> Person:
    return office.signed_in("admin", name="sets-up")


@pytest.fixture(scope="module")
def second(office: Office, admin: Person) -> Person:
    """Another administrator, so that neither of them is the last."""
    return office.signed_in("admin", name="sets-up-too")


@pytest.fixture(scope="module")
def compliance(office: Office) -> Person:
    return office.signed_in("compliance", name="sees-parts")


def shown(text: str) -> str:
    """The secret that a page shows."""
    found = _MADE.search(text)
    assert found is not None
    return found[1]


def told(office: Office, subject: str) -> list[tuple[str, dict[str, object]]]:
    with office.service.store.ledger("acme") as ledger:
        return [(e.kind.value, dict(e.body)) for e in ledger.entries() if e.subject == subject]


def wholly(office: Office) -> str:
    """All that acme's ledger says."""
    with office.service.store.ledger("acme") as ledger:
        return repr(list(ledger.entries()))


def of(office: Office, name: str) -> User:
    with office.service.store.reading("acme") as unit:
        found = unit.find(User, name=name)
        assert found is not None
        return found


def test_each_role_sees_its_parts(office: Office, admin: Person, compliance: Person) -> None:
    theirs = compliance.get("/app/settings").text
    assert "/app/settings/policies" in theirs and "/app/settings/keys" not in theirs
    ours = admin.get("/app/settings").text
    assert "/app/settings/keys" in ours and "/app/settings/webhooks" in ours
    assert compliance.get(KEYS).status_code == 403
    assert compliance.post(f"{KEYS}").status_code == 403


def test_a_key_is_made_shown_once_and_works(office: Office, admin: Person) -> None:
    form = {"role": "platform", "name": "Platform <b>one</b>", "scopes": ["checks:read"]}
    answer = admin.post(KEYS, {**form, "ends_on": "2199-01-01"})
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    text = shown(answer.text)
    made = f"key_{text.split('_')[1]}"
    with office.service.store.reading("acme") as unit:
        key = unit.get(ApiKey, made)
    assert key.scopes == ("checks:read",) and key.role is Role.PLATFORM
    assert key.expires_at is not None and key.expires_at.year == 2199
    assert told(office, made)[0][0] == "key_issued" and key.created_by == admin.id
    web = office.world.frame.client
    header = {"Authorization": f"Bearer {text}"}
    assert web.get("/v1/checks", headers=header).status_code == 200
    assert web.get("/v1/flags", headers=header).status_code == 403
    again, listed = admin.get(f"{KEYS}/{made}").text, admin.get(KEYS).text
    assert "Platform &lt;b&gt;one&lt;/b&gt;" in again
    assert text not in again + listed and text not in wholly(office)


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", " "), ("scopes", ""), ("scopes", "keys:write"), ("ends_on", "2001-01-01")],
)
def test_what_is_wrong_with_a_key_stands_beside_its_field(
    admin: Person, field: str, value: str
) -> None:
    form = {"role": "platform", "name": "Wrong", "scopes": "checks:read", "ends_on": ""}
    answer = admin.post(KEYS, {**form, field: value})
    assert answer.status_code == 422 and f'id="fault-{field}"' in answer.text
    assert "Wrong" in answer.text or field == "name"
    assert 'id="fault-role"' in admin.post(KEYS, {**form, "role": "king"}).text


def test_a_key_is_rolled_and_revoked(office: Office, admin: Person) -> None:
    old = admin.post(KEYS, {"role": "auditor", "name": "Rolls", "scopes": "flags:read"}).text
    path = f"{KEYS}/key_{shown(old).split('_')[1]}"
    assert 'id="fault-grace"' in admin.post(f"{path}/roll", {"grace": "9"}).text
    fresh = shown(admin.post(f"{path}/roll", {"grace": "3600"}).text)
    assert fresh != shown(old) and "It was rolled" in admin.get(path).text
    web = office.world.frame.client
    for text in (shown(old), fresh):
        answer = web.get("/v1/flags", headers={"Authorization": f"Bearer {text}"})
        assert answer.status_code == 200
    twice = admin.post(f"{path}/roll", {"grace": "0"})
    assert twice.status_code == 422 and "was replaced" in twice.text
    theirs = f"{KEYS}/key_{fresh.split('_')[1]}"
    assert 'id="fault-sure"' in admin.post(f"{theirs}/revoke").text
    assert admin.post(f"{theirs}/revoke", {"sure": "yes"}).status_code == 303
    refused = web.get("/v1/flags", headers={"Authorization": f"Bearer {fresh}"})
    assert refused.status_code == 401
    assert theirs not in admin.get(KEYS).text and theirs in admin.get(f"{KEYS}?every=1").text


def test_somebody_is_invited_as_the_command_line_does(office: Office, admin: Person) -> None:
    form = {"name": "ines", "role": "auditor", "person": "person-9"}
    answer = admin.post(USERS, form)
    link = shown(answer.text)
    assert answer.headers["cache-control"] == "no-store"
    user = of(office, "ines")
    assert user.role is Role.AUDITOR and user.person == "person-9"
    assert told(office, user.id) == [("user_changed", {"what": "added", "role": "auditor"})]
    token = link.rpartition("/")[2]
    assert office.world.frame.client.get(f"/app/welcome/{token}").status_code == 200
    again = admin.get(f"{USERS}/{user.id}").text
    assert "Invited" in again and token not in again + wholly(office)
    assert "ines" not in wholly(office)


@pytest.mark.parametrize(
    ("field", "value"), [("name", "two words"), ("person", "a b"), ("role", "king")]
)
def test_what_is_wrong_with_an_invitation_stands_beside_its_field(
    admin: Person, field: str, value: str
) -> None:
    form = {"name": "wrong", "role": "auditor", "person": ""}
    answer = admin.post(USERS, {**form, field: value})
    assert answer.status_code == 422 and f'id="fault-{field}"' in answer.text
    taken = admin.post(USERS, {**form, "name": admin.name})
    assert "has this sign-in name already" in taken.text


def test_nobody_changes_their_own_account(office: Office, admin: Person, second: Person) -> None:
    before = of(office, admin.name)
    own = f"{USERS}/{admin.id}"
    page = admin.get(own).text
    assert "This is you" in page and f"{own}/role" not in page
    for step, form in (
        ("role", {"role": "compliance"}),
        ("disable", {"sure": "yes"}),
        ("link", {"sure_link": "yes"}),
        ("sessions", {}),
    ):
        assert admin.post(f"{own}/{step}", form).status_code == 422, step
    assert of(office, admin.name) == before and second.get(own).status_code == 200
    assert admin.get("/app").status_code == 200


def test_a_role_counts_from_the_next_page_on(office: Office, admin: Person) -> None:
    person = office.signed_in("auditor", name="moves-on")
    assert person.get(KEYS).status_code == 403
    assert admin.post(f"{USERS}/{person.id}/role", {"role": "admin"}).status_code == 303
    assert person.get(KEYS).status_code == 200
    assert told(office, person.id)[-1][1] == {
        "what": "role changed",
        "role": "admin",
        "was": "auditor",
    }
    assert admin.post(f"{USERS}/{person.id}/role", {"role": "king"}).status_code == 422


def test_the_last_of_a_needed_role_stays(office: Office, admin: Person) -> None:
    """In another organisation, where there is one of each."""
    boss = office.signed_in("admin", "globex", name="only-admin")
    only = office.person("compliance", "globex", name="only-compliance")
    path = f"{USERS}/{only.id}"
    for step, form in (("disable", {"sure": "yes"}), ("role", {"role": "auditor"})):
        answer = boss.post(f"{path}/{step}", form)
        assert answer.status_code == 422 and "last one of role compliance" in answer.text
    office.person("compliance", "globex", name="another-compliance")
    assert boss.post(f"{path}/disable", {"sure": "yes"}).status_code == 303
    assert admin.get(path).status_code == 404


def test_sessions_end_and_a_link_lets_back_in(office: Office, admin: Person) -> None:
    person = office.signed_in("compliance", name="comes-back")
    path = f"{USERS}/{person.id}"
    assert admin.post(f"{path}/sessions").status_code == 303
    assert person.get("/app").status_code == 303
    with office.service.store.reading("acme") as unit:
        assert unit.count(UserSession, user_id=person.id) == 0
    assert person.sign_in().status_code == 303 and person.get("/app").status_code == 200
    assert admin.post(f"{path}/disable").status_code == 422
    assert admin.post(f"{path}/disable", {"sure": "yes"}).status_code == 303
    assert person.get("/app").status_code == 303 and person.sign_in().status_code == 401
    assert path not in admin.get(USERS).text and path in admin.get(f"{USERS}?every=1").text
    link = shown(admin.post(f"{path}/link", {"sure_link": "yes"}).text)
    assert "Password" in office.world.frame.client.get(link).text


def test_many_users_and_keys_come_in_pages(office: Office, admin: Person) -> None:
    with office.service.store.unit("acme") as unit:
        for at in range(26):
            accounts.add(unit, f"many-{at:02}-with-a-name-of-forty-characters", Role.AUDITOR)
            wanted = keys.Wanted(name=f"Key {at}", role=Role.AUDITOR, expires_at=LATER)
            keys.issue(unit, wanted)
    for path in (USERS, KEYS):
        first = admin.get(path).text
        assert first.count('<th scope="row">') == 25
        older = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
        second = admin.get(older).text
        assert 0 < second.count('<th scope="row">') <= 25 and ">Newest</a>" in second


def test_training_is_recorded_by_compliance_alone(
    office: Office, admin: Person, compliance: Person
) -> None:
    person = office.person("compliance", name="learns")
    path = f"{USERS}/{person.id}"
    form = {"training": "course-9", "teams": "team-1, team-2", "may_change": "yes"}
    assert admin.post(f"{path}/reviewer", form).status_code == 403
    assert compliance.post(f"{path}/role", {"role": "admin"}).status_code == 403
    wrong = compliance.post(f"{path}/reviewer", {**form, "training": ""})
    assert wrong.status_code == 422 and 'id="fault-training"' in wrong.text
    assert compliance.post(f"{path}/reviewer", form).status_code == 303
    assert compliance.post(f"{path}/reviewer", {"training": "course-10"}).status_code == 303
    with office.service.store.reading("acme") as unit:
        found = unit.find(Reviewer, person=person.reference)
    assert found is not None and found.training == "course-10"
    assert not found.may_change and found.teams == ()
    assert [each[1]["what"] for each in told(office, found.id)] == ["registered", "changed"]
    assert compliance.post(f"{path}/leave").status_code == 422
    assert compliance.post(f"{path}/leave", {"sure_leave": "yes"}).status_code == 303
    assert "Reviews no more" in compliance.get(path).text
