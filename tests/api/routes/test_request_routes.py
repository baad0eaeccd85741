"""People's requests, legal holds and retention over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from audit.records.evidence import Check, RunState
from audit.records.register import Candidate
from tests.api.routes.registering import Registrar, ago
from tests.audit.operations.people import Person, add_check, add_person


def person_of(registrar: Registrar, *places: str, tenant: str = "acme") -> Person:
    with registrar.frame.service.store.unit(tenant) as unit:
        return add_person(unit, *places)


def ask(registrar: Registrar, candidate: str, kind: str, **more: Any) -> dict[str, Any]:
    body = {"candidate_id": candidate, "kind": kind, "channel": "web form", **more}
    made: dict[str, Any] = registrar.post("platform", "/v1/requests", body)
    return made


def answer(registrar: Registrar, request: dict[str, Any], status: int = 200, **more: Any) -> Any:
    body = {"answer": "granted", "rationale": "Of course.", **more}
    return registrar.post("compliance", f"/v1/requests/{request['id']}/answer", body, status)


def test_an_opt_out_works_at_once_and_is_taken_back(acme: Registrar) -> None:
    person = person_of(acme, "DE")
    with acme.frame.service.store.unit("acme") as unit:
        queued = add_check(unit, person.interview, person.recording)
    made = ask(acme, person.id, "opt_out")
    assert made["state"] == "received" and made["pending"] == ["confirm_to_person"]
    assert made["deadlines"][0]["citation"].startswith("Regulation (EU) 2016/679")
    assert made["may_ask_again"] is True
    with acme.frame.service.store.reading("acme") as reading:
        assert reading.get(Candidate, person.id).stopped.value == "opted_out"
        assert reading.get(Check, queued.id).state is RunState.CANCELLED
    assert ask(acme, person.id, "opt_out")["id"] == made["id"]
    [case] = acme.get("/v1/reviews?kind=human_alternative", "compliance")["items"]
    assert case["request_id"] == made["id"] and case["due_at"] == made["due_at"]
    problem = acme.post(
        "compliance",
        f"/v1/reviews/{case['id']}/fulfil",
        {"interview_id": person.interview.id},
        409,
    )
    assert "marked as the human alternative" in problem["detail"]
    back = acme.post("platform", f"/v1/requests/{made['id']}/withdraw", {}, 200)
    assert back["state"] == "withdrawn" and back["pending"] == []
    candidate = acme.get(f"/v1/candidates/{person.id}")
    assert candidate["stopped"] == "not_stopped"


def test_a_platform_asks_and_compliance_answers(acme: Registrar) -> None:
    person = person_of(acme, "IE")
    made = ask(acme, person.id, "correction", received_at=ago(days=3))
    path = f"/v1/requests/{made['id']}"
    acme.post("platform", f"{path}/answer", {"answer": "granted", "rationale": "Yes."}, 403)
    longer = acme.post(
        "compliance",
        f"{path}/extend",
        {"clock": "gdpr.request", "reason": "Many systems.", "told_at": None},
        409,
    )
    assert longer["code"] == "extension_refused"
    answered = answer(acme, made, by="person-12")
    assert answered["reply"]["by"] == "person-12" and answered["pending"] == ["correct_data"]
    assert acme.post("compliance", f"{path}/close", {}, 409)["code"] == "step_refused"
    done = acme.post("compliance", f"{path}/done", {"consequence": "correct_data"}, 200)
    assert set(done["done"]) == {"correct_data", "reconsider_on_corrected_data"}
    assert acme.post("compliance", f"{path}/close", {}, 200)["state"] == "closed"
    assert answer(acme, made, 409)["code"] == "step_refused"
    other = Registrar(acme.frame, "globex")
    other.get(path, status=404)
    other.post("compliance", f"{path}/answer", {"answer": "granted", "rationale": "x"}, 404)


def test_requests_are_listed_as_they_are_due(light: Registrar) -> None:
    person = person_of(light, "DE")
    newer = ask(light, person.id, "access")
    older = ask(light, person.id, "explanation", received_at=ago(days=60))
    undated = ask(light, person.id, "access", jurisdictions=["GB"])
    assert undated["due_at"] is None and undated["notes"]
    first = light.get("/v1/requests/due?limit=1", "compliance")
    assert [each["id"] for each in first["items"]] == [older["id"]]
    assert first["items"][0]["overdue"] and first["items"][0]["standing"] == "overdue"
    rest = light.get(f"/v1/requests/due?cursor={first['next_cursor']}", "compliance")
    assert [each["id"] for each in rest["items"]] == [newer["id"], undated["id"]]
    late = light.get("/v1/requests/due?overdue=true", "compliance")["items"]
    assert [each["id"] for each in late] == [older["id"]]
    of = light.get(f"/v1/requests?kind=access&candidate_id={person.id}")["items"]
    assert [each["id"] for each in of] == [undated["id"], newer["id"]]
    assert light.get("/v1/requests?state=closed")["items"] == []


def test_an_export_is_handed_out_once_and_to_compliance_alone(acme: Registrar) -> None:
    person = person_of(acme, "DE")
    made = ask(acme, person.id, "access")
    path = f"/v1/requests/{made['id']}/export"
    acme.get(path, "compliance", 409)
    answer(acme, made)
    for role in ("platform", "auditor", "admin"):
        acme.get(path, role, 403)
    given = acme.frame.send("GET", path, acme.keys["compliance"])
    assert given.status_code == 200 and given.headers["cache-control"] == "no-store"
    assert given.headers["content-disposition"].startswith("attachment")
    assert given.json()["demographics"]["sex"] == "Female"
    assert given.json()["candidate"]["id"] == person.id
    assert acme.get(path, "compliance", 409)["code"] == "step_refused"


def test_an_explanation_is_text(light: Registrar) -> None:
    person = person_of(light, "DE")
    made = ask(light, person.id, "explanation")
    answer(light, made)
    found = light.get(f"/v1/requests/{made['id']}/explanation", "compliance")
    assert "made by Example" in found["systems"][0] and found["rights"]


def test_a_deletion_erases_and_is_proved(acme: Registrar) -> None:
    person = person_of(acme, "US-IL")
    made = ask(acme, person.id, "deletion")
    assert acme.get(f"/v1/requests/{made['id']}/duties", "compliance") == []
    partly = answer(
        acme, made, answer="partly_granted", withheld="Notices and consents.", by="person-12"
    )
    assert partly["done"] == ["erase"] and partly["pending"] == []
    assert acme.get(f"/v1/candidates/{person.id}")["external_ref"] == f"erased:{person.id}"
    proof = acme.get(f"/v1/retention/erasures/{person.id}", "auditor")
    assert proof["erased"] and proof["head"]["signature"]
    kinds = [each["entry"]["kind"] for each in proof["entries"]]
    assert kinds.count("media_erased") == 2 and "subject_erased" in kinds
    assert acme.post(
        "platform",
        "/v1/requests",
        {"candidate_id": person.id, "kind": "access", "channel": "mail"},
        409,
    )
    other = Registrar(acme.frame, "globex")
    other.get(f"/v1/retention/erasures/{person.id}", "auditor", 404)


def test_duties_and_holds_stand_against_erasure_until_they_are_settled(light: Registrar) -> None:
    person = person_of(light, "US-CA")
    made = ask(light, person.id, "deletion")
    duties = light.get(f"/v1/requests/{made['id']}/duties", "compliance")
    assert {each["clock"] for each in duties} == {"ca_crd.records", "ca_crd.demographics"}
    assert "11013(c)" in answer(light, made, 409)["detail"]
    despite = [
        {"clock": each["clock"], "reason": "No selection was made with it."} for each in duties
    ]
    hold = light.post(
        "compliance", "/v1/holds", {"subject": person.recording.id, "reason": "A dispute."}
    )
    assert hold["id"] in answer(light, made, 409, despite=despite)["detail"]
    assert light.get("/v1/holds?lifted=false", "auditor")["items"] == [hold]
    erasing = {"candidate_id": person.id}
    light.post("admin", "/v1/retention/erasures", erasing, 409)
    assert light.post("compliance", f"/v1/holds/{hold['id']}/lift", {}, 200)["released_at"]
    assert light.get("/v1/holds?lifted=false", "auditor")["items"] == []
    assert len(light.get("/v1/holds?lifted=true", "auditor")["items"]) == 1
    done = light.post("admin", "/v1/retention/erasures", {**erasing, "despite": despite})
    assert done["complete"] and done["erased"]["media"] == 2


@pytest.mark.parametrize(
    "body",
    [
        {"reason": "Neither."},
        {"reason": "", "candidate_id": "cand_" + "0" * 26},
        {"reason": "Both.", "candidate_id": "cand_" + "0" * 26, "subject": "med_" + "0" * 26},
    ],
)
def test_a_hold_is_on_one_thing_and_has_a_reason(light: Registrar, body: dict[str, str]) -> None:
    assert light.post("compliance", "/v1/holds", body, 422)["code"] == "validation_failed"


def test_what_the_sweep_would_erase_is_listed(light: Registrar) -> None:
    person = person_of(light, "US-IL")
    days = {each["artefact"]: each["days"] for each in light.get("/v1/retention/terms", "auditor")}
    assert days["media"] == 30
    assert light.get("/v1/retention/due?artefact=media", "auditor")["items"] == []
    path = "/v1/retention/due?artefact=media&by=2199-01-01T00:00:00Z"
    [found] = light.get(path, "auditor")["items"]
    assert found["id"] == person.recording.id and found["rule"] == "default"
    light.get("/v1/retention/due?artefact=secrets", "auditor", 422)
    light.get("/v1/retention/due", "auditor", 422)


def test_an_appeal_is_about_what_is_there_and_the_candidates(light: Registrar) -> None:
    person, other = person_of(light, "DE"), person_of(light, "DE")
    body = {"candidate_id": person.id, "kind": "appeal", "channel": "mail"}
    for about, code in (
        (other.check.id, "step_refused"),
        (other.check.id[:-4] + "0000", "reference_unknown"),
    ):
        problem = light.post("platform", "/v1/requests", {**body, "about": [about]}, 409)
        assert problem["code"] == code
    made = light.post("platform", "/v1/requests", {**body, "about": [person.outcome.id]})
    assert made["kind"] == "appeal"


def test_an_extension_is_recorded_once_the_person_was_told(light: Registrar) -> None:
    person = person_of(light, "DE")
    path = f"/v1/requests/{ask(light, person.id, 'access', received_at=ago(days=3))['id']}/extend"
    body = {"clock": "gdpr.request", "reason": "Many systems."}
    for told, code in ((ago(days=-1), "step_refused"), (ago(days=4), "extension_refused")):
        problem = light.post("compliance", path, {**body, "told_at": told}, 409)
        assert problem["code"] == code
    longer = light.post("compliance", path, {**body, "told_at": ago(hours=2)}, 200)
    assert longer["deadlines"][0]["extended"]
