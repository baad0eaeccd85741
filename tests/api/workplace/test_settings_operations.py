"""Settings: webhooks with tests and replays, retention and holds."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from audit.operations import register
from audit.operations.webhooks import signing_secrets
from audit.records.oversight import Delivery, DeliveryState, Endpoint, EndpointState, LegalHold
from audit.records.register import System
from audit.records.work import Job, JobState
from tests.api.workplace.conftest import Office, Person

HOOKS, KEPT = "/app/settings/webhooks", "/app/settings/retention"
FORM = {"url": "https://hooks.platform.example/in?token=t0ken", "events": ["check.finished"]}
_MADE = re.compile(r'<input id="made"[^>]* value="([^"]+)"')


@pytest.fixture(scope="module")
def admin(office: Office) -> Person:
    return office.signed_in("admin", name="tells-others")


@pytest.fixture(scope="module")
def compliance(office: Office) -> Person:
    return office.signed_in("compliance", name="keeps-things")


@pytest.fixture(scope="module")
def foreign(office: Office) -> Person:
    return office.signed_in("admin", "globex", name="elsewhere")


@pytest.fixture
def path(admin: Person) -> str:
    """The page of an endpoint that was added by form."""
    return page_of(admin.post(HOOKS, FORM).text)


def page_of(text: str) -> str:
    """Where a page of an endpoint is."""
    return HOOKS + text.partition(f'action="{HOOKS}')[2].partition("/test")[0]


def endpoint(office: Office, path: str) -> Endpoint:
    with office.service.store.reading("acme") as unit:
        return unit.get(Endpoint, path.rpartition("/")[2])


def secrets(office: Office, path: str) -> list[str]:
    with office.service.store.reading("acme") as unit:
        found = unit.get(Endpoint, path.rpartition("/")[2])
        return [each.reveal() for each in signing_secrets(unit, found, office.service.now())]


def changes(office: Office, path: str) -> list[str]:
    with office.service.store.ledger("acme") as ledger:
        subject = path.rpartition("/")[2]
        return [str(e.body["change"]) for e in ledger.entries() if e.subject == subject]


def sent(office: Office, path: str) -> tuple[Delivery, ...]:
    with office.service.store.reading("acme") as unit:
        return unit.every(Delivery, endpoint_id=path.rpartition("/")[2])


def shown(text: str) -> str:
    found = _MADE.search(text)
    assert found is not None
    return found[1]


def test_an_endpoint_is_added_and_its_secret_shown_once(office: Office, admin: Person) -> None:
    answer = admin.post(HOOKS, FORM)
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    made, secret = page_of(answer.text), shown(answer.text)
    assert secrets(office, made) == [secret]
    assert endpoint(office, made).events == ("check.finished",)
    with office.service.store.ledger("acme") as ledger:
        assert secret not in repr(list(ledger.entries()))
    assert secret not in admin.get(made).text + admin.get(HOOKS).text
    assert changes(office, made) == ["registered"]


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("url", {"url": "ftp://elsewhere"}),
        ("url", {"url": "https://127.0.0.1/in"}),
        ("events", {"events": []}),
        ("events", {"events": ["moon.risen"]}),
    ],
)
def test_what_is_wrong_with_an_endpoint_stands_beside_its_field(
    admin: Person, path: str, field: str, change: dict[str, object]
) -> None:
    for there, more in ((HOOKS, {}), (f"{path}/change", {"version": "1", "state": "active"})):
        answer = admin.post(there, {**FORM, **more, **change})
        assert answer.status_code == 422 and f'id="fault-{field}"' in answer.text, there


def test_an_endpoint_is_changed_and_never_over_somebody_else(
    office: Office, admin: Person, path: str
) -> None:
    form = {**FORM, "every": "1", "state": "disabled", "version": "1"}
    assert admin.post(f"{path}/change", form).status_code == 303
    found = endpoint(office, path)
    assert found.events == ("*",) and found.state is EndpointState.DISABLED
    late = admin.post(f"{path}/change", {**form, "state": "active"})
    assert late.status_code == 422 and "changed it meanwhile" in late.text
    refused = admin.post(f"{path}/test")
    assert refused.status_code == 422 and "nothing is sent" in refused.text
    assert sent(office, path) == ()


def test_a_secret_is_rotated_and_an_endpoint_removed(
    office: Office, admin: Person, path: str
) -> None:
    [old] = secrets(office, path)
    fresh = shown(admin.post(f"{path}/rotate", {"grace": "3600"}).text)
    assert secrets(office, path) == [fresh, old]
    assert admin.post(f"{path}/rotate", {"grace": "1"}).status_code == 422
    assert 'id="fault-sure"' in admin.post(f"{path}/remove").text
    assert admin.post(f"{path}/remove", {"sure": "yes"}).status_code == 303
    assert admin.get(path).status_code == 404
    assert changes(office, path) == ["registered", "secret_rotated", "removed"]


def test_a_test_goes_out_whatever_the_endpoint_takes(
    office: Office, admin: Person, path: str
) -> None:
    assert admin.post(f"{path}/test").status_code == 303
    [made] = sent(office, path)
    assert made.type == "webhook.test" and made.state is DeliveryState.PENDING
    assert made.payload["data"]["endpoint_id"] == path.rpartition("/")[2]
    with office.service.store.reading("acme") as unit:
        [job] = unit.every(Job, subject=made.id)
    assert job.kind == "webhook" and job.state is JobState.QUEUED
    assert changes(office, path) == ["registered", "tested"]
    assert "webhook.test" in admin.get(path).text
    page = admin.get(f"/app/settings/deliveries/{made.id}").text
    assert made.event_id in page and "Under way" in page


def test_failed_ones_are_sent_again_alone_or_all(office: Office, admin: Person, path: str) -> None:
    for _ in range(3):
        admin.post(f"{path}/test")
    with office.service.store.unit("acme") as unit:
        for each in sent(office, path):
            unit.put(replace(each, state=DeliveryState.DEAD, attempts=10, last_status=500))
            [job] = unit.every(Job, subject=each.id)
            unit.put(replace(job, state=JobState.FAILED))
    first = sent(office, path)[0]
    page = admin.get(f"{path}?state=dead").text
    assert "all 3 failed ones" in page and page.count('data-label="State"') == 3
    one = f"/app/settings/deliveries/{first.id}"
    assert admin.post(f"{one}/replay").status_code == 303
    assert admin.post(f"{one}/replay").status_code == 422
    assert admin.post(f"{path}/replay").status_code == 303
    again = sent(office, path)
    assert {(each.state, each.attempts) for each in again} == {(DeliveryState.PENDING, 0)}
    assert {each.event_id for each in again} == {each.event_id for each in sent(office, path)}
    assert changes(office, path).count("replayed") == 3
    nothing = admin.post(f"{path}/replay")
    assert nothing.status_code == 422 and "has failed" in nothing.text


def test_others_see_no_endpoint(
    admin: Person, compliance: Person, foreign: Person, path: str
) -> None:
    assert compliance.get(path).status_code == 403
    assert foreign.get(path).status_code == foreign.post(f"{path}/test").status_code == 404
    assert path not in foreign.get(HOOKS).text and path in admin.get(HOOKS).text


def test_days_are_shown_by_kind_system_and_law(office: Office, compliance: Person) -> None:
    system = office.world.someone.system
    with office.service.store.unit("acme") as unit:
        change = register.SystemChange(
            jurisdictions=("US-IL", "US-CA"), retention_days={"media": 17}
        )
        register.change_system(unit, unit.get(System, system.id), change)
    page = compliance.get(KEPT).text
    assert "30 days" in page and "17 days" in page and "365 days" in page
    assert f"/app/systems/{system.id}" in page
    assert "740 ILCS 14/15" in page and "US-CA" in page


def test_what_ends_next_is_listed_with_its_hold(office: Office, compliance: Person) -> None:
    kept = office.world.media()
    page = compliance.get(f"{KEPT}/due?kind=media&within=90").text
    assert kept.id in page
    row = page.partition(kept.id)[2].partition("</tr>")[0]
    assert "By 1 legal hold" not in row
    answer = compliance.post(f"{KEPT}/holds", {"what": kept.id, "reason": "Suit.", "reference": ""})
    assert answer.status_code == 303
    row = compliance.get(f"{KEPT}/due?kind=media&within=90").text.partition(kept.id)[2]
    assert "By 1 legal hold" in row.partition("</tr>")[0]
    assert kept.id not in compliance.get(f"{KEPT}/due?kind=media&within=0").text


def test_a_hold_is_set_and_lifted(
    office: Office, admin: Person, compliance: Person, foreign: Person
) -> None:
    candidate = office.world.person().candidate
    form = {"what": candidate.external_ref, "reason": "Complaint <i>7</i>", "reference": "matter-7"}
    assert compliance.post(f"{KEPT}/holds", form).status_code == 303
    with office.service.store.reading("acme") as unit:
        [hold] = unit.every(LegalHold, candidate_id=candidate.id)
    page = admin.get(f"{KEPT}/holds").text
    assert "Complaint &lt;i&gt;7" in page and f"/app/candidates/{candidate.id}" not in page
    lift = f"{KEPT}/holds/{hold.id}/lift"
    assert foreign.post(lift, {"sure": "yes"}).status_code == 404
    assert f'id="fault-sure-{hold.id}"' in compliance.post(lift).text
    assert compliance.post(lift, {"sure": "yes"}).status_code == 303
    with office.service.store.ledger("acme") as ledger:
        told = [e.kind.value for e in ledger.entries() if e.subject == hold.id]
    assert told == ["legal_hold_set", "legal_hold_lifted"]
    assert hold.id not in compliance.get(f"{KEPT}/holds").text
    assert "lifted" in compliance.get(f"{KEPT}/holds?every=1").text


@pytest.mark.parametrize(
    ("field", "value"),
    [("what", "nobody-like-that"), ("what", "med_1"), ("reason", " "), ("reference", "a b")],
)
def test_what_is_wrong_with_a_hold_stands_beside_its_field(
    office: Office, compliance: Person, field: str, value: str
) -> None:
    candidate = office.world.someone.candidate
    form = {"what": candidate.id, "reason": "Complaint.", "reference": "", field: value}
    answer = compliance.post(f"{KEPT}/holds", form)
    assert answer.status_code == 422 and f'id="fault-{field}"' in answer.text


def test_an_auditor_reads_retention_and_changes_nothing(office: Office) -> None:
    auditor = office.signed_in("auditor", name="reads-retention")
    page = auditor.get(f"{KEPT}/holds").text
    assert "Set a hold" not in page and auditor.post(f"{KEPT}/holds").status_code == 403
