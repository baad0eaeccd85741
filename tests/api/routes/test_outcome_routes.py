"""Outcomes and connections to applicant tracking systems over HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from audit.ats import Source
from audit.ids import new_id
from audit.webhooks import Secret
from audit.webhooks.signatures import signed_headers
from tests.api.routes.registering import Registrar
from tests.audit.ats import payloads

EVENT = {"external_ref": "a", "outcome": "advanced", "occurred_at": "2026-03-01T09:00:00Z"}
HEADING = "candidate,job,stage,outcome,occurred_at\n"


def csv(acme: Registrar, text: str | bytes, query: str = "", **headers: str) -> httpx.Response:
    return acme.frame.send(
        "POST",
        f"/v1/outcomes/csv{query}",
        acme.keys["platform"],
        content=text,
        headers={"Content-Type": "text/csv; charset=utf-8", **headers},
    )


def connect(acme: Registrar, kind: str = "greenhouse", **more: Any) -> dict[str, Any]:
    system = acme.system()["id"]
    body = {"system_id": system, "kind": kind, "name": "Engineering", **more}
    return acme.post("admin", "/v1/ats/connections", body)  # type: ignore[no-any-return]


def tell(
    acme: Registrar, made: dict[str, Any], body: bytes, headers: dict[str, str]
) -> httpx.Response:
    sent = {"Content-Type": "application/json", **headers}
    return acme.frame.send("POST", made["path"], content=body, headers=sent)


def test_a_batch_is_taken_once(acme: Registrar) -> None:
    whose = acme.candidate("a", "DE")
    batch = {"outcomes": [{**EVENT, "external_event": f"e{n}"} for n in range(3)]}
    first = acme.post("platform", "/v1/outcomes", batch, 200)
    assert (first["taken"], first["duplicates"], len(first["items"])) == (3, 0, 3)
    again = acme.post("platform", "/v1/outcomes", batch, 200)
    assert (again["taken"], again["duplicates"], again["items"]) == (0, 3, first["items"])
    assert acme.get(f"/v1/candidates/{whose['id']}") == whose
    for query, count in {
        f"candidate_id={whose['id']}": 3,
        "outcome=rejected": 0,
        "source=api": 3,
        "stage=Final": 0,
    }.items():
        assert len(acme.get(f"/v1/outcomes?{query}")["items"]) == count
    assert acme.get(f"/v1/outcomes/{first['items'][0]['id']}") == first["items"][0]


def test_a_fault_names_its_field_and_leaves_nothing(acme: Registrar) -> None:
    acme.candidate("a", "DE")
    batch = {"outcomes": [EVENT, {**EVENT, "outcome": "Ghosted"}]}
    problem = acme.post("platform", "/v1/outcomes", batch, 422)
    assert problem["code"] == "outcome_invalid"
    assert problem["errors"][0]["pointer"] == "/outcomes/1/outcome"
    assert "'Ghosted' is not mapped" in problem["errors"][0]["detail"]
    assert acme.get("/v1/outcomes")["items"] == []
    partial = acme.post("platform", "/v1/outcomes?partial=true", batch, 200)
    assert (partial["taken"], partial["faulty"]) == (1, 1)
    many = {"outcomes": [EVENT] * 1001}
    assert acme.post("platform", "/v1/outcomes", many, 422)["code"] == "validation_failed"


def test_a_csv_file_is_imported_with_its_own_headings_and_words(acme: Registrar) -> None:
    acme.candidate("a", "DE")
    used = acme.system(outcome_words={"Onsite": "advanced"})
    text = "Applicant;job;stage;Decision;occurred_at;Overall\na;job-1;Screen;Onsite;2026-03-01;71\n"
    query = (
        f"?system_id={used['id']}&separator=semicolon&column=candidate:Applicant"
        "&column=outcome:Decision&score=total:Overall&zone=Europe/Berlin"
    )
    answer = csv(acme, text, query)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["rows"], answer.json()["taken"]) == (1, 1)
    kept = acme.get("/v1/outcomes")["items"][0]
    assert (kept["scores"], kept["system_id"]) == ({"total": 71.0}, used["id"])
    assert kept["occurred_at"] == "2026-02-28T23:00:00Z"
    again = csv(acme, text, query).json()
    assert (again["taken"], again["duplicates"]) == (0, 1)


def test_a_csv_file_that_cannot_be_used_says_where(light: Registrar) -> None:
    light.candidate("a", "DE")
    row = "a,job-1,Screen,Ghosted,2026-03-01T09:00:00Z\n"
    problem = csv(light, HEADING + row).json()
    assert problem["code"] == "outcome_invalid"
    assert problem["errors"][0]["detail"].startswith("row 2, outcome 'Ghosted' is not mapped")
    stranger = csv(light, HEADING + row.replace("a,", "b,").replace("Ghosted", "hired"))
    assert "is not registered" in stranger.json()["errors"][0]["detail"]
    for text, query, status in (
        (HEADING + row, "?zone=Nowhere/Here", 422),
        (HEADING + row, "?column=nonsense", 422),
        (HEADING + row, "?column=colour:Red", 422),
        (b"\xff\xfe", "", 422),
        ("", "", 422),
        (HEADING + row, f"?system_id={new_id('sys')}", 404),
    ):
        assert csv(light, text, query).status_code == status, (text, query)
    wrong = light.frame.send(
        "POST", "/v1/outcomes/csv", light.keys["platform"], json={"outcomes": []}
    )
    assert wrong.status_code == 415
    assert light.get("/v1/outcomes")["items"] == []


def test_a_csv_file_that_is_too_large_is_refused_in_pieces_too(light: Registrar) -> None:
    pieces = (b"x" * 1024 * 1024 for _ in range(9))
    answer = light.frame.send(
        "POST",
        "/v1/outcomes/csv",
        light.keys["platform"],
        content=pieces,
        headers={"Content-Type": "text/csv"},
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


def test_the_same_file_with_its_key_is_answered_once(light: Registrar) -> None:
    light.candidate("a", "DE")
    text = HEADING + "a,job-1,Screen,hired,2026-03-01T09:00:00Z\n"
    headers = {"Idempotency-Key": "file-1"}
    first, second = (csv(light, text, **headers) for _ in range(2))
    assert first.json() == second.json() and second.json()["taken"] == 1
    other = csv(light, text + "a,job-2,Screen,hired,2026-03-01T09:00:00Z\n", **headers)
    assert other.json()["code"] == "idempotency_mismatch"


def test_a_connection_shows_its_secret_once(acme: Registrar) -> None:
    made = connect(acme)
    shown = acme.get(f"/v1/ats/connections/{made['id']}", "admin")
    listed = acme.get("/v1/ats/connections", "admin")["items"]
    assert made["secret"] and "secret" not in shown and listed == [shown]
    assert "sealed" not in json.dumps(made)
    assert acme.get("/v1/ats/connections", "platform", 403)["code"] == "forbidden"
    key = acme.keys["admin"]
    path = f"/v1/ats/connections/{made['id']}"
    assert acme.frame.send("DELETE", path, key).status_code == 204
    assert acme.frame.send("DELETE", path, key).status_code == 404
    body, headers = payloads.signed(
        Source.GREENHOUSE, payloads.greenhouse("hire_candidate"), made["secret"]
    )
    assert tell(acme, made, body, headers).status_code == 401


def test_signed_messages_come_in_without_a_key(acme: Registrar) -> None:
    made = connect(acme)
    body, headers = payloads.signed(
        Source.GREENHOUSE, payloads.greenhouse("hire_candidate"), made["secret"]
    )
    ref = str(json.loads(body)["payload"]["application"]["candidate"]["id"])
    unknown = tell(acme, made, body, headers)
    assert (unknown.status_code, unknown.json()["reason"]) == (200, "candidate_unknown")
    acme.candidate(ref, "DE")
    assert tell(acme, made, body, headers).json()["taken"] == 1
    again = tell(acme, made, body, headers)
    assert (again.status_code, again.json()["duplicates"]) == (200, 1)
    assert acme.get("/v1/outcomes")["items"][0]["outcome"] == "hired"
    shown = acme.get(f"/v1/ats/connections/{made['id']}", "admin")
    assert (shown["received"], shown["ignored"], shown["version"]) == (3, 1, 1)


def test_a_message_that_is_not_signed_is_refused(acme: Registrar) -> None:
    made, other = connect(acme), connect(acme)
    body, headers = payloads.signed(
        Source.GREENHOUSE, payloads.greenhouse("hire_candidate"), other["secret"]
    )
    for given in (headers, {}, {"Signature": "sha256 " + "0" * 64}):
        answer = tell(acme, made, body, given)
        assert (answer.status_code, answer.json()["code"]) == (401, "signature_invalid")
    assert acme.get(f"/v1/ats/connections/{made['id']}", "admin")["received"] == 0
    unmapped, signature = payloads.signed(
        Source.GREENHOUSE, payloads.rejection("None specified"), made["secret"]
    )
    refused = tell(acme, made, unmapped, signature)
    assert (refused.status_code, refused.json()["code"]) == (422, "outcome_invalid")
    large = tell(acme, made, b" " * (1024 * 1024 + 1), headers)
    assert (large.status_code, large.json()["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize("kind", ["greenhouse", "lever", "ashby", "generic"])
def test_senders_without_the_secret_do_not_learn_which_connections_there_are(
    light: Registrar, kind: str
) -> None:
    there = connect(light, kind)["path"]
    nowhere = f"/v1/ats/{new_id('ats')}/events"
    for body in (b"{}", b"x", b"[1]", b"", b'{"token": "t", "signature": "s", "triggeredAt": 1}'):
        first, second = (tell(light, {"path": each}, body, {}) for each in (there, nowhere))
        assert (first.status_code, second.status_code) == (401, 401)
        assert first.json()["detail"] == second.json()["detail"]


def test_our_own_form_is_a_standard_webhook(light: Registrar) -> None:
    light.candidate("a", "DE")
    made = connect(light, "generic")
    event = {
        "candidate": "a",
        "job": "job-3",
        "stage": "Screen",
        "outcome": "rejected",
        "occurred_at": "2026-03-01T09:00:00Z",
    }
    body = json.dumps({"events": [event]}).encode()
    secret = [Secret.parse(made["secret"])]
    headers = signed_headers("msg_1", datetime.now(UTC), body, secret)
    assert tell(light, made, body, headers).json()["taken"] == 1
    assert tell(light, made, body + b"\n", headers).status_code == 401


def test_notes_are_read_with_a_key_of_the_tenant(acme: Registrar) -> None:
    made = connect(acme)
    path = f"/v1/ats/{made['id']}/notes"
    assert acme.get(f"{path}?since=2026-03-01T00:00:00Z&author=4411", "admin") == {
        "items": [],
        "next_cursor": None,
    }
    assert acme.get(f"{path}?since=yesterday", "admin", 422)["errors"][0]["pointer"] == "/since"
    other = Registrar(acme.frame, "globex")
    assert other.get(path, "admin", 404)["code"] == "not_found"
    assert other.get(f"/v1/ats/connections/{made['id']}", "admin", 404)["code"] == "not_found"
