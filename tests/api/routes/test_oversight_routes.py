"""Flags, reviews, reviewers and policies over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from audit.operations import flags
from audit.operations.flags import FlagContext
from tests.api.conftest import Frame
from tests.api.routes.registering import Registrar
from tests.audit.operations.people import Person, add_check, add_person, add_report
from tests.audit.test_policies import check

POLICY = """policy: ours
version: 1
rules:
  - id: look
    match: {part: finding, verdict: [review]}
    flag: {kind: k, severity: low, outcome: for_information, reason: Look., recipients: [platform]}
"""


def flagged(frame: Frame, tenant: str = "acme") -> Person:
    """A person whose check raised a flag for review, and one for information to admins."""
    with frame.service.store.unit(tenant) as unit:
        person = add_person(unit, "US-IL")
        context = FlagContext(candidate_id=person.id, interview_id=person.interview.id)
        document = check("review", failed_signals=["av_sync"])
        flags.raise_flags(unit, person.check.id, document, context)
    return person


def put_policy(registrar: Registrar, text: str, name: str = "ours", role: str = "admin") -> Any:
    return registrar.frame.send(
        "PUT",
        f"/v1/policies/{name}",
        registrar.keys[role],
        content=text.encode(),
        headers={"Content-Type": "application/yaml"},
    )


def test_flags_are_seen_by_whom_they_are_meant_for(acme: Registrar) -> None:
    person = flagged(acme.frame)
    flagged(acme.frame, "globex")

    def rules(role: str, query: str = "") -> list[str]:
        return [each["rule"] for each in acme.get(f"/v1/flags{query}", role)["items"]]

    assert rules("platform") == ["check_review"]
    assert rules("admin") == ["software_fault"]
    assert rules("auditor") == []
    assert sorted(rules("compliance")) == ["check_review", "software_fault"]
    assert rules("compliance", "?severity=high&kind=interview_evidence") == ["check_review"]
    assert rules("compliance", f"?candidate_id={person.id}&state=closed") == []
    assert rules("compliance", f"?subject={person.check.id}&limit=1") != []
    page = acme.get("/v1/flags?limit=1", "compliance")
    rest = acme.get(f"/v1/flags?limit=1&cursor={page['next_cursor']}", "compliance")
    assert {page["items"][0]["rule"], rest["items"][0]["rule"]} == {
        "check_review",
        "software_fault",
    }
    assert rest["next_cursor"] is None
    fault = acme.get("/v1/flags", "admin")["items"][0]["id"]
    acme.get(f"/v1/flags/{fault}", "platform", 404)
    closed = acme.post("compliance", f"/v1/flags/{fault}/close", {}, 200)
    assert closed["state"] == "closed"
    assert acme.post("compliance", f"/v1/flags/{fault}/reopen", {}, 200)["state"] == "open"
    review = acme.get("/v1/flags", "platform")["items"][0]
    problem = acme.post("compliance", f"/v1/flags/{review['id']}/close", {}, 409)
    assert problem["code"] == "step_refused" and review["review_id"] in problem["detail"]


def test_a_case_goes_from_one_reviewer_to_the_next_unseen(acme: Registrar) -> None:
    flagged(acme.frame)
    [case] = acme.get("/v1/reviews", "compliance")["items"]
    path = f"/v1/reviews/{case['id']}"
    assert case["four_eyes"] and case["needs"] == 2 and case["made_by"]
    assert case["deadline"]["citation"] is None and not case["overdue"]
    for person in ("ann", "ben"):
        acme.post(
            "compliance",
            "/v1/reviewers",
            {"person": person, "may_change": True, "training": "course-3"},
        )
    decision = {"outcome": "upheld", "rationale": "Looked.", "evidence": [case["evidence"][0]]}
    acme.post("compliance", f"{path}/assign", {"reviewer": "ann"}, 200)
    assert acme.get("/v1/reviews?assignee=ann", "compliance")["items"][0]["id"] == case["id"]
    problem = acme.post("compliance", f"{path}/decide", {**decision, "reviewer": "ben"}, 409)
    assert problem["code"] == "step_refused"
    decided = acme.post("compliance", f"{path}/decide", {**decision, "reviewer": "ann"}, 200)
    assert len(decided["decisions"]) == 1
    assert acme.get(path, "auditor")["decisions"] == []
    assert acme.get(f"{path}?reviewer=ben", "auditor")["decisions"] == []
    assert acme.get(f"{path}?reviewer=nobody", "auditor")["decisions"] == []
    assert len(acme.get(f"{path}?reviewer=ann", "auditor")["decisions"]) == 1
    problem = acme.post("compliance", f"{path}/assign", {"reviewer": "ann"}, 409)
    assert problem["code"] == "not_independent"
    acme.post("compliance", f"{path}/evidence", {"evidence": "letter-1"}, 200)
    acme.post("compliance", f"{path}/conflicts", {"made_by": ["zoe"]}, 200)
    acme.post("compliance", f"{path}/assign", {"reviewer": "ben"}, 200)
    acme.post("compliance", f"{path}/decide", {**decision, "reviewer": "ben"}, 200)
    closed = acme.post("compliance", f"{path}/close", {}, 200)
    assert closed["outcome"] == "upheld" and len(closed["decisions"]) == 2
    sent = acme.post("compliance", f"{path}/result-sent", {}, 200)
    assert sent["result_sent_at"] is not None
    measures = acme.get("/v1/reviews/measures", "auditor")
    assert (measures["closed"], measures["override_rate"]) == (1, 0.0)
    later = acme.get("/v1/reviews/measures?since=2100-01-01T00:00:00Z", "auditor")
    assert later["opened"] == 0 and later["override_rate"] is None
    assert acme.get("/v1/reviews/due", "compliance")["items"] == []


def test_cases_are_listed_as_they_are_due_in_pages(light: Registrar) -> None:
    for _ in range(3):
        flagged(light.frame)
    first = light.get("/v1/reviews/due?limit=2", "compliance")
    second = light.get(f"/v1/reviews/due?limit=2&cursor={first['next_cursor']}", "compliance")
    ids = [each["id"] for each in first["items"] + second["items"]]
    assert len(set(ids)) == 3 and second["next_cursor"] is None
    due = [each["due_at"] for each in first["items"] + second["items"]]
    assert due == sorted(due)
    assert light.get("/v1/reviews/due?overdue=true", "compliance")["items"] == []
    other = Registrar(light.frame, "globex")
    assert other.get("/v1/reviews", "compliance")["items"] == []
    other.get(f"/v1/reviews/{ids[0]}", "compliance", 404)
    other.post("compliance", f"/v1/reviews/{ids[0]}/assign", {"reviewer": "ann"}, 404)


def test_reviewers_are_changed_with_what_was_read(light: Registrar) -> None:
    made = light.post(
        "compliance",
        "/v1/reviewers",
        {"person": "ann", "may_change": True, "training": "course-3", "teams": ["a", "a"]},
    )
    assert made["teams"] == ["a"]
    key, path = light.keys["compliance"], f"/v1/reviewers/{made['id']}"
    body = {"teams": ["b"]}
    assert light.frame.send("PATCH", path, key, json=body).status_code == 428
    fresh = light.frame.send("PATCH", path, key, json=body, headers={"If-Match": '"1"'})
    assert fresh.json()["teams"] == ["b"] and fresh.json()["training"] == "course-3"
    stale = light.frame.send("PATCH", path, key, json=body, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert light.post("compliance", f"{path}/leave", {}, 200)["left_at"] is not None
    assert light.get("/v1/reviewers?person=ann", "auditor")["items"][0]["id"] == made["id"]
    again = {"person": "ann", "may_change": True, "training": "x"}
    assert light.post("compliance", "/v1/reviewers", again, 409)["code"] == "already_exists"
    named = {**again, "person": "Ann Example"}
    assert light.post("compliance", "/v1/reviewers", named, 422)["code"] == "validation_failed"


def test_policies_are_added_activated_and_tried(acme: Registrar) -> None:
    standard = acme.get("/v1/policies/active", "auditor")
    assert standard["ours"] and standard["text"].startswith("# The policy")
    added = put_policy(acme, POLICY)
    assert added.status_code == 200 and not added.json()["active"]
    assert put_policy(acme, POLICY).json() == added.json()
    changed = POLICY.replace("low", "high")
    assert put_policy(acme, changed).json()["code"] == "already_exists"
    path = "/v1/policies/ours/versions/1"
    assert acme.post("admin", f"{path}/activate", {}, 200)["active"]
    assert acme.get(path, "auditor")["text"] == POLICY
    active = acme.get("/v1/policies/active?name=ours", "auditor")
    assert (active["name"], active["number"], active["ours"]) == ("ours", 1, False)
    assert len(acme.get("/v1/policies?active=true", "auditor")["items"]) == 1
    assert acme.get("/v1/policies?name=theirs", "auditor")["items"] == []
    acme.get("/v1/policies/ours/versions/2", "auditor", 404)
    other = Registrar(acme.frame, "globex")
    other.get(path, "auditor", 404)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"policy: ours\nversion: 1\nrules: [{id: x}]\n", "line 3"),
        (b"policy: \xff", "UTF-8"),
        (b"policy: ours\x00", "character"),
        (b"", "expected the fields"),
        (b"policy: ours\nversion: 99999999999999999999\nrules: []", "at most"),
    ],
)
def test_what_is_wrong_with_a_policy_is_said(light: Registrar, text: bytes, words: str) -> None:
    for method, path in (("PUT", "/v1/policies/ours"), ("POST", "/v1/policies/dry-run")):
        answer = light.frame.send(
            method,
            path,
            light.keys["admin"],
            content=text,
            headers={"Content-Type": "application/yaml"},
        )
        if method == "PUT" or words != "at most":
            assert answer.status_code == 422, answer.text
            assert answer.json()["code"] == "policy_invalid" and words in answer.json()["detail"]


def test_a_dry_run_reads_what_is_still_there(light: Registrar) -> None:
    with light.frame.service.store.unit("acme") as unit:
        person = add_person(unit)
        add_report(unit, add_check(unit, person.interview, person.recording))
    answer = light.frame.send(
        "POST",
        "/v1/policies/dry-run?name=ours&limit=5",
        light.keys["auditor"],
        content=POLICY.encode(),
        headers={"Content-Type": "application/yaml"},
    )
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["results"], found["unreadable"]) == (0, 2)  # their bytes were never stored
    assert (found["active"], found["given"]) == ("default/1", "ours/1")
