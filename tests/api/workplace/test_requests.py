"""Requests on pages: taken in, answered, done and closed; what a law refuses is said."""

from __future__ import annotations

import json

import pytest

from audit.clocks import RequestKind
from audit.operations import own_page
from audit.records.oversight import Request
from audit.records.register import Candidate, Stopped
from audit.requests import RequestState
from tests.api.workplace.conftest import Office, Person


@pytest.fixture(scope="module")
def person(office: Office) -> Person:
    return office.signed_in("compliance", name="ruth")


def stored(office: Office, request_id: str) -> Request:
    with office.service.store.reading("acme") as unit:
        return unit.get(Request, request_id)


def test_an_opt_out_by_letter_is_taken_in_answered_and_closed(
    office: Office, person: Person
) -> None:
    candidate = office.world.person("US-NY-NYC").candidate
    form: dict[str, object] = {
        "candidate": candidate.external_ref,
        "kind": "opt_out",
        "channel": "letter",
    }
    taken = person.post("/app/requests", form)
    path = taken.headers["location"].partition("?")[0]
    request_id = path.rpartition("/")[2]
    with office.service.store.reading("acme") as unit:
        assert unit.get(Candidate, candidate.id).stopped is not Stopped.NOT_STOPPED
    page = person.get(path).text
    assert candidate.external_ref in page and "Refused" not in page
    said = person.post(f"{path}/answer", {"answer": "granted", "rationale": "You opted out."})
    assert said.headers["location"] == f"{path}?done=request_answered"
    assert stored(office, request_id).request.reply is not None
    early = person.post(f"{path}/close")
    assert early.status_code == 422 and "confirm_to_person" in early.text
    person.post(f"{path}/done", {"what": "confirm_to_person"})
    closed = person.post(f"{path}/close")
    assert closed.headers["location"] == f"{path}?done=request_closed"
    assert stored(office, request_id).state is RequestState.CLOSED
    assert request_id in person.get("/app/requests?ended=true").text
    assert request_id not in person.get("/app/requests").text


def test_what_is_wrong_is_said_beside_what_was_filled_in(office: Office, person: Person) -> None:
    nobody = person.post("/app/requests", {"candidate": "x-1", "kind": "access", "channel": "post"})
    assert nobody.status_code == 422 and "No candidate has this" in nobody.text
    assert 'value="x-1"' in nobody.text
    made = office.world.request("access")
    path = f"/app/requests/{made}"
    empty = person.post(f"{path}/answer", {"answer": "refused", "rationale": " "})
    assert empty.status_code == 422 and "in words for the person" in empty.text
    part = person.post(f"{path}/answer", {"answer": "partly_granted", "rationale": "A part of it"})
    assert part.status_code == 422 and "Say what is withheld" in part.text
    assert "A part of it</textarea>" in part.text
    assert stored(office, made).state is RequestState.RECEIVED


def test_data_are_handed_out_once(office: Office, person: Person) -> None:
    made = office.world.answered("access")
    path = f"/app/requests/{made}"
    assert "Hand out the data, once" in person.get(path).text
    first = person.post(f"{path}/export")
    assert first.headers["content-disposition"] == f'attachment; filename="{made}.json"'
    assert json.loads(first.content)["candidate"]["id"] == stored(office, made).candidate_id
    assert "Hand out the data, once" not in person.get(path).text
    assert person.post(f"{path}/export").status_code == 409


def test_a_deletion_settles_each_duty_to_keep(office: Office, person: Person) -> None:
    someone = office.world.person("US-CA")
    office.world.media(someone)
    made = office.world.request_of(someone.candidate.id, RequestKind.DELETION.value)
    path = f"/app/requests/{made}"
    page = person.get(path).text
    assert "Laws that say to keep" in page and 'name="despite ' in page
    form: dict[str, object] = {"answer": "granted", "rationale": "As you asked."}
    refused = person.post(f"{path}/answer", form)
    assert refused.status_code == 422 and stored(office, made).state is RequestState.RECEIVED
    clock = page.partition('name="despite ')[2].partition('"')[0]
    kept: dict[str, object] = {
        "answer": "partly_granted",
        "rationale": "As far as law lets us.",
        "withheld": "Recordings, which the law says to keep.",
        "keep": "media\nreferences\ndemographics\nreports",
    }
    answered = person.post(f"{path}/answer", kept)
    assert answered.status_code == 303, (clock, answered.text)
    reply = stored(office, made).request.reply
    assert reply is not None and reply.withheld and reply.by == person.reference


def test_a_deadline_is_extended_once_and_a_request_is_taken_back(
    office: Office, person: Person
) -> None:
    made = office.world.request("access", "DE")
    path = f"/app/requests/{made}"
    before = stored(office, made).due_at
    clock = stored(office, made).request.deadlines[0].clock
    form: dict[str, object] = {"clock": clock, "reason": "Many recordings.", "told": "yes"}
    assert person.post(f"{path}/extend", form).status_code == 303
    after = stored(office, made).due_at
    assert before is not None and after is not None and after > before
    assert person.post(f"{path}/extend", form).status_code == 422
    assert person.post(f"{path}/withdraw").status_code == 303
    assert stored(office, made).state is RequestState.WITHDRAWN


def test_an_auditor_sees_no_requests(office: Office) -> None:
    auditor = office.signed_in("auditor", name="otto")
    assert auditor.get("/app/requests").status_code == 403
    assert "/app/requests" not in auditor.get("/app").text


def test_what_the_person_wrote_is_shown_to_who_answers(office: Office) -> None:
    compliance = office.signed_in("compliance", name="reader")
    candidate = office.world.person().candidate
    with office.service.store.unit("acme") as unit:
        words = "Wrong: <Berlin>\nRight: Hamburg"
        made = own_page.ask(unit, candidate, RequestKind.CORRECTION, words)
    page = compliance.get(f"/app/requests/{made.id}").text
    assert "What the person wrote" in page and "Wrong: &lt;Berlin&gt;" in page
    assert "by own page" in page
