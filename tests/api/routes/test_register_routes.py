"""Systems, candidates, interviews, consents and notices over HTTP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from audit.ids import new_id
from audit.records.register import Candidate, Demographics
from tests.api.routes.registering import SYSTEM, Registrar, ago


def test_a_system_is_registered_read_changed_and_retired(acme: Registrar) -> None:
    admin = acme.keys["admin"]
    answer = acme.frame.send("POST", "/v1/systems", admin, json=SYSTEM)
    made = answer.json()
    path = f"/v1/systems/{made['id']}"
    assert answer.status_code == 201
    assert (answer.headers["location"], answer.headers["etag"]) == (path, '"1"')
    send = acme.frame.send
    known = send("GET", path, admin, headers={"If-None-Match": '"1"'})
    assert known.status_code == 304
    body = {"system_version": "5.0", "outcome_words": {"Onsite": "advanced"}}
    assert send("PATCH", path, admin, json=body).status_code == 428
    stale = send("PATCH", path, admin, json=body, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    changed = send("PATCH", path, admin, json=body, headers={"If-Match": '"1"'})
    assert changed.status_code == 200 and changed.headers["etag"] == '"2"'
    assert (changed.json()["system_version"], changed.json()["name"]) == ("5.0", made["name"])
    assert acme.post("admin", f"{path}/retire", {}, 200)["retired_at"] is not None
    other = acme.system(mode="hybrid")
    for query, expected in {
        "": [other["id"], made["id"]],
        "?retired=true": [made["id"]],
        "?retired=false": [other["id"]],
        "?mode=hybrid": [other["id"]],
        "?limit=1": [other["id"]],
    }.items():
        page = acme.get(f"/v1/systems{query}")
        assert [each["id"] for each in page["items"]] == expected
    cursor = acme.get("/v1/systems?limit=1")["next_cursor"]
    rest = acme.get(f"/v1/systems?limit=1&cursor={cursor}")
    assert [each["id"] for each in rest["items"]] == [made["id"]] and rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({**SYSTEM, "mode": "robot"}, "/mode"),
        ({**SYSTEM, "name": "x" * 201}, "/name"),
        ({**SYSTEM, "colour": "red"}, "/colour"),
        ({**SYSTEM, "retention_days": {"media": -1}}, "/retention_days/media"),
        ({"name": "x"}, "/vendor"),
    ],
)
def test_a_wrong_field_is_named(light: Registrar, body: dict[str, Any], pointer: str) -> None:
    problem = light.post("admin", "/v1/systems", body, 422)
    assert problem["code"] == "validation_failed"
    assert pointer in [each["pointer"] for each in problem["errors"]]


def test_a_reference_is_no_name_and_taken_once(acme: Registrar) -> None:
    for ref in ("ada@example.com", "Ada Lovelace", "030-123-4567"):
        problem = acme.post("platform", "/v1/candidates", {"external_ref": ref}, 422)
        assert ref not in str(problem)
    made = acme.candidate("applicant-1", "US-IL")
    problem = acme.post("platform", "/v1/candidates", {"external_ref": "applicant-1"}, 409)
    assert problem["code"] == "already_exists"
    assert acme.get("/v1/candidates?external_ref=applicant-1")["items"] == [made]
    assert acme.get("/v1/candidates?external_ref=applicant-2")["items"] == []
    path = f"/v1/candidates/{made['id']}"
    changed = acme.frame.send(
        "PATCH",
        path,
        acme.keys["platform"],
        json={"jurisdictions": ["DE"]},
        headers={"If-Match": '"1"'},
    )
    assert changed.json()["jurisdictions"] == ["DE"] and changed.json()["locale"] == "en"
    assert acme.get(path) == changed.json()


def test_the_same_request_with_its_key_makes_one_candidate(acme: Registrar) -> None:
    body, headers = {"external_ref": "applicant-1"}, {"Idempotency-Key": "k-1"}
    answers = [
        acme.frame.send("POST", "/v1/candidates", acme.keys["platform"], json=body, headers=headers)
        for _ in range(2)
    ]
    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


def test_demographics_go_in_and_never_come_out(acme: Registrar) -> None:
    whose = acme.candidate()
    path, key = f"/v1/candidates/{whose['id']}/demographics", acme.keys["platform"]
    body = {"sex": "Female", "race_ethnicity": "declined", "lawful_basis": "employment_law"}
    stored = acme.frame.send("PUT", path, key, json=body)
    assert stored.status_code == 200
    assert set(stored.json()) == {"candidate_id", "collected_at", "stored_at"}
    assert acme.frame.send("PUT", path, key, json={"sex": "Female"}).status_code == 422
    other = {"sex": "Female", "consent_id": new_id("con")}
    assert acme.frame.send("PUT", path, key, json=other).status_code == 404
    for role in acme.keys:
        assert acme.frame.send("GET", path, acme.keys[role]).status_code == 405
    with acme.frame.service.store.reading("acme") as unit:
        assert unit.count(Demographics) == 1
    for _ in range(2):
        assert acme.frame.send("DELETE", path, key).status_code == 204
    with acme.frame.service.store.reading("acme") as unit:
        assert unit.count(Demographics) == 0


def test_an_interview_says_whether_it_may_be_checked(acme: Registrar) -> None:
    whose, used = acme.candidate("a", "US-IL"), acme.system()
    held = acme.interview(whose["id"], used["id"], stage="Phone screen", job="job-7")
    path = f"/v1/interviews/{held['id']}"
    refused = acme.get(f"{path}/admission")
    assert (refused["runs"], refused["code"]) == (False, "consent_missing")
    assert any("820 ILCS 42/5" in text for text in refused["reasons"])
    acme.consent(whose["id"], "media_analysis", "US-IL")
    notice = {
        "kind": "ai_interview",
        "jurisdiction": "US-IL",
        "text_version": "n1",
        "channel": "email",
        "given_at": ago(hours=1),
        "interview_id": held["id"],
    }
    acme.post("platform", "/v1/notices", notice)
    assert acme.get(f"{path}/admission")["runs"] is True
    acme.consent(whose["id"], "biometric_comparison", "US-IL", written=True)
    assert acme.get(f"{path}/admission")["identity_signals"] is True
    for query, count in {"stage=Phone+screen": 1, "stage=Final": 0, "job=job-7": 1}.items():
        assert len(acme.get(f"/v1/interviews?{query}")["items"]) == count
    human = acme.frame.send(
        "PATCH",
        path,
        acme.keys["platform"],
        json={"human_alternative": True},
        headers={"If-Match": '"1"'},
    )
    assert human.json()["human_alternative"] is True
    assert acme.get(f"{path}/admission")["code"] == "processing_stopped"


def test_a_consent_is_withdrawn_with_what_follows(acme: Registrar) -> None:
    whose = acme.candidate("a", "DE")
    given = acme.consent(whose["id"], "media_analysis", "DE")
    path = f"/v1/consents/{given['id']}"
    early = acme.post("platform", f"{path}/withdraw", {"withdrawn_at": ago(hours=2)}, 409)
    assert early["code"] == "step_refused"
    bare = acme.frame.send("POST", f"{path}/withdraw", acme.keys["platform"])
    assert bare.status_code == 200 and bare.json()["stopped"] == "consent_withdrawn"
    again = acme.post("platform", f"{path}/withdraw", {}, 200)
    assert again["consent"] == bare.json()["consent"] == acme.get(path)
    found = acme.get(f"/v1/consents?candidate_id={whose['id']}&purpose=media_analysis")
    assert [each["id"] for each in found["items"]] == [given["id"]]
    assert acme.get("/v1/consents?purpose=recording")["items"] == []
    assert acme.get(f"/v1/candidates/{whose['id']}")["stopped"] == "consent_withdrawn"


def test_a_notice_says_whether_it_came_in_time(acme: Registrar) -> None:
    whose, used = acme.candidate("a", "US-NY-NYC"), acme.system()
    body = {
        "kind": "pre_use",
        "jurisdiction": "US-NY-NYC",
        "text_version": "n1",
        "channel": "email",
        "given_at": ago(days=5),
        "candidate_id": whose["id"],
        "system_id": used["id"],
    }
    late = acme.post("platform", "/v1/notices", {**body, "use_on": ago(days=1)})
    open_end = acme.post("compliance", "/v1/notices", body)
    assert (late["in_time"], late["clock"]) == (False, "ll144.notice")
    assert (open_end["in_time"], open_end["clock"]) == (None, "ll144.notice")
    ids = [each["id"] for each in acme.get(f"/v1/notices?system_id={used['id']}")["items"]]
    assert ids == [open_end["id"], late["id"]]
    assert acme.get("/v1/notices?in_time=false")["items"] == [late]
    assert acme.get(f"/v1/notices/{late['id']}") == late


def test_nothing_of_another_tenant_is_there(acme: Registrar) -> None:
    whose, used = acme.candidate("a", "DE"), acme.system()
    held = acme.interview(whose["id"], used["id"])
    given = acme.consent(whose["id"], "recording", "DE")
    other = Registrar(acme.frame, "globex")
    for path in (
        f"/v1/systems/{used['id']}",
        f"/v1/candidates/{whose['id']}",
        f"/v1/interviews/{held['id']}",
        f"/v1/interviews/{held['id']}/admission",
        f"/v1/consents/{given['id']}",
    ):
        assert other.get(path, status=404)["code"] == "not_found"
    mine = other.candidate("a", "DE")
    body = {"candidate_id": mine["id"], "system_id": used["id"]}
    assert other.post("platform", "/v1/interviews", body, 404)["code"] == "not_found"
    for name in ("systems", "interviews", "consents", "notices", "outcomes"):
        assert other.get(f"/v1/{name}")["items"] == []


def test_an_erased_candidate_takes_nothing_more(light: Registrar) -> None:
    whose, used = light.candidate("a", "DE"), light.system()
    with light.frame.service.store.unit("acme") as unit:
        found = unit.get(Candidate, whose["id"])
        unit.put(replace(found, erased_at=unit.now()))
    body = {"candidate_id": whose["id"], "system_id": used["id"]}
    assert light.post("platform", "/v1/interviews", body, 410)["code"] == "candidate_erased"
