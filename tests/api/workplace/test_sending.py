"""Today: a recording that is sent, and what is at work."""

from __future__ import annotations

import pytest

from audit.records.evidence import Check, Media
from audit.records.register import Candidate, Interview
from tests.api.workplace.conftest import Office, Person
from tests.api.workplace.test_pages import MOST_QUERIES, counted
from tests.evidence import wav


@pytest.fixture(scope="module")
def person(office: Office) -> Person:
    return office.signed_in("platform", name="sender")


def checked(office: Office) -> list[Check]:
    with office.service.store.reading("acme") as unit:
        return list(unit.every(Check))


def test_a_recording_of_an_interview_is_checked(office: Office, person: Person) -> None:
    interview = office.world.person().interview.id
    assert interview in person.get("/app").text
    done = person.send("/app/checks", "talk.wav", wav(), {"interview_id": interview})
    assert done.headers["location"] == "/app?done=check_started", done.text
    page = person.get("/app?done=check_started").text
    assert f"Check of {interview[-6:]}" in page and "is in the queue" in page
    [check] = [each for each in checked(office) if each.interview_id == interview]
    with office.service.store.reading("acme") as unit:
        assert unit.get(Media, check.media_id).size_bytes == len(wav())


def test_a_new_candidate_is_registered_with_the_recording(office: Office, person: Person) -> None:
    system = office.world.person().system.id
    fields = {
        "interview_id": "",
        "system_id": system,
        "candidate_ref": "applicant-77",
        "places": "US-NJ, DE",
        "stage": "Phone",
    }
    assert person.send("/app/checks", "talk.wav", wav(), fields).status_code in (303, 409)
    fields["places"], fields["candidate_ref"] = "US-NJ", "applicant-78"
    done = person.send("/app/checks", "talk.wav", wav(hertz=555), fields)
    assert done.status_code == 303, done.text
    with office.service.store.reading("acme") as unit:
        made = unit.find(Candidate, external_ref="applicant-78")
        assert made is not None and made.jurisdictions == ("US-NJ",)
        interview = unit.find(Interview, candidate_id=made.id)
    assert interview is not None and interview.stage == "Phone"


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({}, 422, "system_id"),
        ({"system_id": "sys_" + "0" * 26, "candidate_ref": "a"}, 404, "system"),
        ({"interview_id": "int_" + "0" * 26}, 409, "int_"),
        ({"interview_id": "nonsense"}, 422, "interview_id"),
    ],
)
def test_what_contradicts_itself_is_refused_before_the_file(
    office: Office, person: Person, fields: dict[str, str], status: int, words: str
) -> None:
    before = len(checked(office))
    answer = person.send("/app/checks", "talk.wav", wav(), fields)
    assert answer.status_code == status and words in answer.text
    assert len(checked(office)) == before


def test_where_the_law_asks_for_a_consent_nothing_is_taken(office: Office, person: Person) -> None:
    interview = office.world.person("US-IL").interview.id
    with office.service.store.reading("acme") as unit:
        before = len(unit.every(Media))
    answer = person.send("/app/checks", "talk.wav", wav(), {"interview_id": interview})
    with office.service.store.reading("acme") as unit:
        assert len(unit.every(Media)) == before + (answer.status_code == 303)
    assert answer.status_code == 409 and "onsent" in answer.text


def test_no_media_and_another_tenants_interview(office: Office, person: Person) -> None:
    interview = office.world.person().interview.id
    text = person.send("/app/checks", "talk.txt", b"hello", {"interview_id": interview})
    assert text.status_code == 415
    theirs = office.other.person().interview.id
    answer = person.send("/app/checks", "talk.wav", wav(), {"interview_id": theirs})
    assert answer.status_code == 409 and theirs in answer.text


def test_each_role_sees_what_it_may_start(office: Office, person: Person) -> None:
    compliance = office.signed_in("compliance", name="today-compliance").get("/app").text
    assert 'action="/app/fairness/tables"' in compliance and "/app/checks" not in compliance
    platform = person.get("/app").text
    assert 'action="/app/checks"' in platform and "/app/fairness/tables" not in platform
    auditor = office.signed_in("auditor", name="today-auditor").get("/app").text
    assert "data-drop" not in auditor


def test_today_of_each_role_needs_few_queries(office: Office, person: Person) -> None:
    office.world.fairness_audit()
    office.world.fairness_audit(finished=True)
    office.world.check()
    people = [office.signed_in(role, name=f"few-{role}") for role in ("compliance", "auditor")]
    for each in (person, *people):
        each.get("/app")
        with counted(office) as seen:
            assert each.get("/app").status_code == 200
        assert len(seen) <= MOST_QUERIES, (each.name, seen)


def test_audits_at_work_are_on_today(office: Office) -> None:
    compliance = office.signed_in("compliance", name="sees-audits")
    made = office.world.fairness_audit()
    page = compliance.get("/app/jobs").text
    assert f'href="/app/fairness/{made}"' in page and 'hx-trigger="every 3s"' in page
