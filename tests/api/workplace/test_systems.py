"""The pages of systems: registered, changed, retired; what follows from how they are used."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.records.register import Mode, Notice, System
from tests.api.workplace.conftest import Office, Person

FORM = {
    "name": "Video interview",
    "vendor": "Example Talent",
    "system_version": "4.2",
    "mode": "ai_led",
    "decision_role": "substantially_assists",
    "jurisdictions": "US-NY-NYC, US-IL",
    "data_types": "video voice",
    "days_media": "30",
    "outcome_words": "Onsite = advanced\nNo = rejected",
}


@pytest.fixture(scope="module")
def admin(office: Office) -> Person:
    return office.signed_in("admin", name="registers")


@pytest.fixture(scope="module")
def compliance(office: Office) -> Person:
    return office.signed_in("compliance", name="profiles")


@pytest.fixture(scope="module")
def path(admin: Person) -> str:
    """The page of a system that was registered by form."""
    answer = admin.post("/app/systems", FORM)
    assert answer.status_code == 303
    return answer.headers["location"].partition("?")[0]


def stored(office: Office, path: str) -> System:
    with office.service.store.reading("acme") as unit:
        return unit.get(System, path.rpartition("/")[2])


def test_a_system_is_registered_as_the_api_does(office: Office, path: str) -> None:
    system = stored(office, path)
    assert system.mode is Mode.AI_LED and system.jurisdictions == ("US-NY-NYC", "US-IL")
    assert system.retention_days == {"media": 30} and system.outcome_words["No"] == "rejected"
    with office.service.store.ledger("acme") as ledger:
        told = [each.kind.value for each in ledger.entries() if each.subject == system.id]
    assert told[0] == "system_registered"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("mode", "by_magic"),
        ("jurisdictions", "Atlantis"),
        ("notice_url", "javascript:alert(1)"),
        ("retention_days", "soon"),
        ("outcome_words", "Onsite"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(admin: Person, field: str, value: str) -> None:
    sent = "days_media" if field == "retention_days" else field
    answer = admin.post("/app/systems", {**FORM, sent: value})
    assert answer.status_code == 422 and f'id="fault-{field}"' in answer.text
    assert "Example Talent" in answer.text


def test_a_change_stores_what_differs_and_never_over_somebody_else(
    office: Office, admin: Person, path: str
) -> None:
    version = str(stored(office, path).version)
    form = {**FORM, "version": version, "vendor": "Example Talent Inc"}
    assert admin.post(f"{path}/change", form).status_code == 303
    with office.service.store.ledger("acme") as ledger:
        last = [each for each in ledger.entries() if each.subject == path.rpartition("/")[2]][-1]
    assert last.body["fields"] == ["vendor"]
    late = admin.post(f"{path}/change", {**form, "vendor": "Other"})
    assert late.status_code == 422 and "changed this system meanwhile" in late.text
    assert stored(office, path).vendor == "Example Talent Inc"


def test_the_profile_follows_mode_and_places(compliance: Person, admin: Person, path: str) -> None:
    led = compliance.get(path).text
    assert "29 CFR 1607.4D" in led and "AI leads" in led
    assert "Bias audit not older than one year" in led and "No finished audit is recorded" in led
    answer = admin.post("/app/systems", {**FORM, "mode": "human_led", "jurisdictions": ""})
    person_led = compliance.get(answer.headers["location"]).text
    assert "29 CFR 1607.4D" not in person_led and "A person leads" in person_led
    assert "Bias audit not older" not in person_led


def test_the_year_of_an_audit_counts_from_the_newest(office: Office, compliance: Person) -> None:
    audit = office.world.audited()
    system = office.world.system_of(audit)
    with office.service.store.unit("acme") as unit:
        found = unit.get(System, system)
        unit.put(replace(found, jurisdictions=("US-NY-NYC",)))
    page = compliance.get(f"/app/systems/{system}").text
    assert "Due in 36" in page and f"/app/fairness/{audit}" in page


def test_a_published_notice_is_recorded(office: Office, compliance: Person, path: str) -> None:
    form = {
        "kind": "pre_use",
        "jurisdiction": "US-NY-NYC",
        "text_version": "notice-1",
        "channel": "page",
        "given_on": "",
    }
    wrong = compliance.post(f"{path}/notices", form)
    assert wrong.status_code == 422 and 'id="fault-given_on"' in wrong.text
    late = compliance.post(f"{path}/notices", {**form, "given_on": "2199-01-01"})
    assert late.status_code == 422 and "lies in the future" in late.text
    form = {**form, "given_on": "2026-01-05", "use_on": "2026-02-05"}
    assert compliance.post(f"{path}/notices", form).status_code == 303
    assert "in time" in compliance.get(path).text
    with office.service.store.reading("acme") as unit:
        assert unit.count(Notice, system_id=path.rpartition("/")[2]) == 1


def test_a_retired_system_says_so_and_is_listed_apart(
    office: Office, admin: Person, compliance: Person
) -> None:
    made = admin.post("/app/systems", {**FORM, "name": "Old tool"}).headers["location"]
    path = made.partition("?")[0]
    assert "Old tool" in compliance.get("/app/systems").text
    assert compliance.post(f"{path}/retire").status_code == 403
    assert admin.post(f"{path}/retire").status_code == 303
    assert stored(office, path).retired_at is not None
    assert "Old tool" not in compliance.get("/app/systems").text
    assert "Old tool" in compliance.get("/app/systems?retired=1").text
    assert "takes no new interviews" in compliance.get(path).text
