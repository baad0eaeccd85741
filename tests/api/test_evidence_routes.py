"""Uploads, media, checks, identities, reports and jobs over HTTP, on both databases."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from api.routes import jobs, media
from api.tasks import Bench, endings, handlers
from api.tasks import check as check_task
from audit.jobs import Worker
from audit.operations import checks, stopping
from audit.operations.uploads import Intake
from audit.records.register import Stopped
from audit.records.work import Queue
from tests.api.conftest import Frame
from tests.audit.operations import registered
from tests.evidence import QUICK, TENANT, Shelf, found, wav

OCTETS = {"Content-Type": "application/octet-stream"}


def shelf_of(web: Frame) -> Shelf:
    service = web.service
    return Shelf(service.settings, service.store, service.vault, service.intake)


def sent(web: Frame, key: str, content: bytes, **query: str) -> Any:
    return web.send(
        "POST",
        "/v1/media",
        key,
        params=query,
        content=content,
        headers={"Content-Type": "audio/wav"},
    )


def test_an_upload_over_http(both: Frame) -> None:
    key = both.key_of("platform")
    _, interview, _ = shelf_of(both).interview()
    content = wav(70.0)
    new = {
        "interview_id": interview.id,
        "size_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "name": "talk.wav",
    }
    made = both.send("POST", "/v1/uploads", key, json=new)
    assert made.status_code == 201, made.text
    where = made.headers["location"]
    assert made.headers["upload-offset"] == "0"
    half = len(content) // 2
    first = both.send(
        "PATCH", where, key, content=content[:half], headers={**OCTETS, "Upload-Offset": "0"}
    )
    assert (first.status_code, first.headers["upload-offset"]) == (204, str(half))
    early = both.send("POST", f"{where}/complete", key)
    assert (early.status_code, early.json()["code"]) == (422, "upload_invalid")
    again = both.send(
        "PATCH", where, key, content=content[:9], headers={**OCTETS, "Upload-Offset": "0"}
    )
    assert (again.status_code, again.json()["code"]) == (409, "upload_conflict")
    assert both.send("HEAD", where, key).headers["upload-offset"] == str(half)
    rest = both.send(
        "PATCH",
        where,
        key,
        content=content[half:],
        headers={**OCTETS, "Upload-Offset": str(half)},
    )
    assert rest.status_code == 204
    done = both.send("POST", f"{where}/complete", key)
    assert done.status_code == 201, done.text
    assert done.json()["sha256"] == new["sha256"]
    assert both.send("POST", f"{where}/complete", key).json() == done.json()
    assert both.send("GET", where, key).json()["state"] == "done"
    assert both.send("GET", done.headers["location"], key).json() == done.json()
    assert both.send("DELETE", where, key).status_code == 204


def test_media_in_one_request_is_answered_again(web: Frame) -> None:
    key = web.key_of("platform")
    _, interview, _ = shelf_of(web).interview()
    headers = {"Content-Type": "audio/wav", "Idempotency-Key": "one"}
    ask = {"params": {"interview_id": interview.id, "name": "a.wav"}, "content": wav()}
    first = web.send("POST", "/v1/media", key, headers=headers, **ask)
    second = web.send("POST", "/v1/media", key, headers=headers, **ask)
    assert (first.status_code, second.status_code) == (201, 201), first.text
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    listed = web.send("GET", "/v1/media", key, params={"interview_id": interview.id}).json()
    assert [each["id"] for each in listed["items"]] == [first.json()["id"]]


@pytest.mark.parametrize(
    ("content", "headers", "query", "status", "code"),
    [
        (b"words" * 99, {"Content-Type": "audio/wav"}, {}, 415, "media_type_refused"),
        (b"{}", {"Content-Type": "application/json"}, {}, 415, "unsupported_media_type"),
        (wav(), {"Content-Type": "audio/wav"}, {"sha256": "0" * 64}, 422, "hash_mismatch"),
        (wav(), {"Content-Type": "video/mp4"}, {}, 415, "media_type_refused"),
        (wav(), OCTETS, {"name": "x.exe"}, 415, "media_type_refused"),
        (wav(), OCTETS, {"kind": "table"}, 422, "validation_failed"),
    ],
)
def test_what_is_no_recording_is_refused_whole(
    web: Frame,
    content: bytes,
    headers: dict[str, str],
    query: dict[str, str],
    status: int,
    code: str,
) -> None:
    _, interview, _ = shelf_of(web).interview()
    key = web.key_of("platform")
    params = {"interview_id": interview.id, **query}
    answer = web.send("POST", "/v1/media", key, params=params, content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert list(web.service.vault.blobs.list()) == []


def test_recordings_are_read_by_compliance_alone_and_each_time_recorded(web: Frame) -> None:
    shelf = shelf_of(web)
    _, interview, _ = shelf.interview()
    content = wav()
    stored = shelf.recording(interview, content)
    where = f"/v1/media/{stored.id}/content"
    for role in ("platform", "auditor", "admin"):
        assert web.send("GET", where, web.key_of(role)).status_code == 403
    foreign = web.key_of("compliance", tenant="globex")
    assert web.send("GET", where, foreign).status_code == 404
    got = web.send("GET", where, web.key_of("compliance"))
    assert got.content == content
    assert got.headers["etag"] == f'"{stored.sha256}"'
    assert shelf.events(stored.id) == ["media_stored", "media_read"]
    gone = web.send("DELETE", f"/v1/media/{stored.id}", web.key_of("platform"))
    assert gone.status_code == 204
    assert web.send("GET", where, web.key_of("compliance")).status_code == 410


def test_tables_are_not_read_back(web: Frame) -> None:
    key = web.key_of("compliance")
    made = web.send(
        "POST",
        "/v1/fairness-audits/tables",
        key,
        params={"name": "t.csv"},
        content=b"a,b\n1,2\n",
        headers={"Content-Type": "text/csv"},
    )
    assert made.status_code == 201, made.text
    assert made.json()["kind"] == "table"
    assert web.send("GET", f"{made.headers['location']}/content", key).status_code == 409


@pytest.fixture
def worker(both: Frame, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """A worker whose checks find what is told."""
    monkeypatch.setattr(check_task, "_checked", found)
    service = both.service
    bench = Bench(service.settings, service.store, service.vault)
    with Worker(service.store, QUICK, handlers(bench), [Queue.CPU], endings=endings()) as running:
        yield running


def followed(web: Frame, key: str, where: str, **headers: str) -> list[dict[str, Any]]:
    """The data of all events until the end."""
    answer = web.send("GET", f"{where}/events", key, headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    lines = answer.text.splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data")]


@pytest.mark.usefixtures("worker")
def test_a_check_from_request_to_report(both: Frame) -> None:
    key = both.key_of("platform")
    shelf = shelf_of(both)
    _, interview, _ = shelf.interview()
    media_id = sent(both, key, wav(), interview_id=interview.id).json()["id"]
    body = {"interview_id": interview.id, "media_id": media_id}
    asked = both.send("POST", "/v1/checks", key, json=body, headers={"Idempotency-Key": "c1"})
    assert asked.status_code == 202, asked.text
    where = asked.headers["location"]
    assert followed(both, key, where)[-1]["state"] == "finished"
    done = both.send("GET", where, key)
    assert done.json()["findings"].keys() == {
        "authenticity",
        "presence",
        "identity",
        "assistance",
    }
    tagged = {"If-None-Match": done.headers["etag"]}
    assert both.send("GET", where, key, headers=tagged).status_code == 304
    job = both.send("GET", f"/v1/jobs/{asked.json()['job_id']}", key).json()
    assert (job["state"], job["progress"]) == ("succeeded", 1.0)
    assert set(job) == set(jobs.JobView.__slots__)
    again = both.send("POST", "/v1/checks", key, json=body, headers={"Idempotency-Key": "c1"})
    assert again.json()["id"] == asked.json()["id"]
    late = both.send("POST", f"{where}/cancel", key)
    assert (late.status_code, late.json()["code"]) == (409, "step_refused")
    file = f"/v1/reports/{done.json()['report_id']}/files/result"
    got = both.send("GET", file, both.key_of("auditor"))
    assert hashlib.sha256(got.content).hexdigest() == got.headers["etag"].strip('"')
    assert got.json()["run"]["content_sha256"] == done.json()["result_sha256"]
    known = {"If-None-Match": got.headers["etag"]}
    assert both.send("GET", file, both.key_of("auditor"), headers=known).status_code == 304
    assert both.send("GET", file, both.key_of("admin")).status_code == 403
    assert both.send("GET", file, both.key_of("auditor", tenant="globex")).status_code == 404
    page = both.send("GET", file.replace("result", "html"), both.key_of("auditor"))
    assert "sandbox" in page.headers["content-security-policy"]
    assert both.send("GET", file.replace("result", "cube"), key).status_code == 422
    kinds = shelf.events(done.json()["report_id"])
    assert kinds == ["report_issued", "report_read", "report_read"]
    assert shelf.events(where.rsplit("/", 1)[1]) == ["check_started", "check_finished"]


def test_events_resume_where_they_stopped(web: Frame) -> None:
    shelf = shelf_of(web)
    _, interview, _ = shelf.interview()
    recording = shelf.recording(interview)
    with shelf.store.unit(TENANT) as unit:
        order = checks.CheckOrder(interview_id=interview.id, media_id=recording.id)
        check = checks.request_check(unit, order)
        checks.cancel(unit, check.id)
    key = web.key_of("platform")
    where = f"/v1/checks/{check.id}"
    whole = web.send("GET", f"{where}/events", key).text
    assert whole.startswith("event: end\nid: ")
    last = whole.splitlines()[1].removeprefix("id: ")
    assert len(followed(web, key, where, **{"Last-Event-ID": last})) == 1
    assert web.send("GET", "/v1/checks/chk_" + "0" * 26 + "/events", key).status_code == 404


def test_a_refusal_has_a_code_and_a_trace(web: Frame) -> None:
    key = web.key_of("platform")
    shelf = shelf_of(web)
    candidate, interview, _ = shelf.interview()
    recording = shelf.recording(interview)
    with shelf.store.unit(TENANT) as unit:
        stopping.stop_candidate(unit, candidate.id, Stopped.OPTED_OUT)
    body = {"interview_id": interview.id, "media_id": recording.id}
    asked = web.send("POST", "/v1/checks", key, json=body)
    assert (asked.status_code, asked.json()["code"]) == (409, "processing_stopped")
    assert "opted out" in asked.json()["detail"]
    assert shelf.events(interview.id)[-1] == "check_refused"


def test_a_body_that_is_no_check_names_its_fields(web: Frame) -> None:
    key = web.key_of("platform")
    for body in ({}, {"interview_id": 1, "media_id": "x"}, [], "text"):
        answer = web.send("POST", "/v1/checks", key, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
        assert answer.json()["errors"]


def form(order: dict[str, Any], content: bytes, name: str = "talk.wav") -> dict[str, Any]:
    return {
        "files": [
            ("order", (None, json.dumps(order), "application/json")),
            ("file", (name, content, "audio/wav")),
        ]
    }


@pytest.mark.usefixtures("worker")
def test_one_call_does_a_whole_check(both: Frame) -> None:
    key = both.key_of("platform")
    with both.service.store.unit(TENANT) as unit:
        system = registered.system(unit)
    order = {
        "system_id": system.id,
        "candidate_ref": "applicant-77",
        "jurisdictions": ["US-NJ"],
        "consents": [
            {
                "purpose": "biometric_comparison",
                "text_version": "v1",
                "jurisdiction": "US-NJ",
                "given_at": registered.ago(hours=2).isoformat(),
                "reference": "envelope-9",
            }
        ],
    }
    content = wav(40.0)
    asked = both.send("POST", "/v1/checks", key, **form(order, content))
    assert asked.status_code == 202, asked.text
    assert asked.json()["identity_signals"] is True
    media_id = asked.json()["media_id"]
    facts = both.send("GET", f"/v1/media/{media_id}", key).json()
    assert facts["sha256"] == hashlib.sha256(content).hexdigest()
    assert facts["name"] == "talk.wav"
    assert followed(both, key, asked.headers["location"])[-1]["state"] == "finished"
    second = {"interview_id": asked.json()["interview_id"]}
    again = both.send("POST", "/v1/checks", key, **form(second, content))
    assert again.json()["candidate_id"] == asked.json()["candidate_id"]


def test_a_refused_whole_check_registers_nobody(web: Frame) -> None:
    key = web.key_of("platform")
    with web.service.store.unit(TENANT) as unit:
        system = registered.system(unit)
    order = {"system_id": system.id, "candidate_ref": "a-1", "jurisdictions": ["US-IL"]}
    asked = web.send("POST", "/v1/checks", key, **form(order, wav()))
    assert (asked.status_code, asked.json()["code"]) == (409, "consent_missing")
    assert web.send("GET", "/v1/candidates", key).json()["items"] == []
    assert list(web.service.vault.blobs.list()) == []


def test_forms_that_are_not_written_right_are_refused(web: Frame) -> None:
    key = web.key_of("platform")
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    for content in (
        b"",
        b"--x\r\n\r\n",
        b"no form",
        b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nabc\r\n--x--\r\n',
        b'--x\r\nContent-Disposition: form-data; name="order"\r\n\r\n{}',
        b"--x\r\n" + b"A" * 9000 + b": b\r\n\r\n",
    ):
        answer = web.send("POST", "/v1/checks", key, content=content, headers=kind)
        assert answer.status_code == 400, content
    none = {"Content-Type": "multipart/form-data"}
    assert web.send("POST", "/v1/checks", key, content=b"x", headers=none).status_code == 415


def test_references_and_comparisons_over_http(web: Frame) -> None:
    key = web.key_of("platform")
    shelf = shelf_of(web)
    candidate, interview, consent = shelf.interview()
    assert consent is not None
    stored, recording = shelf.reference(candidate), shelf.recording(interview)
    base = f"/v1/identities/{candidate.id}"
    body = {"media_id": stored.id, "consent_id": consent.id, "label": "First"}
    made = web.send("POST", f"{base}/references", key, json=body)
    assert made.status_code == 201, made.text
    listed = web.send("GET", f"{base}/references", key).json()["items"]
    assert [each["id"] for each in listed] == [made.json()["id"]]
    asked = web.send("POST", f"{base}/comparisons", key, json={"media_id": recording.id})
    assert asked.status_code == 202, asked.text
    assert '"compare"' in asked.headers["ratelimit"]
    read = web.send("GET", asked.headers["location"], key).json()
    assert read["state"] == "queued"
    other, _, _ = shelf.interview("applicant-2")
    wrong = asked.headers["location"].replace(candidate.id, other.id)
    assert web.send("GET", wrong, key).status_code == 404
    vector = web.send(
        "POST", f"{base}/comparisons", key, json={"media_id": recording.id, "embedding": [0.1]}
    )
    assert vector.status_code == 422
    assert web.send("GET", f"{base}/references", web.key_of("auditor")).status_code == 403
    place = f"{base}/references/{made.json()['id']}"
    assert web.send("DELETE", place, key).status_code == 204
    assert web.send("DELETE", place, key).status_code == 404


def test_media_is_pulled_from_registered_stores_only(web: Frame, tmp_path: Any) -> None:
    key = web.key_of("platform")
    shelf = shelf_of(web)
    _, interview, _ = shelf.interview()
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "a.wav").write_bytes(wav())
    listed = tmp_path / "stores.toml"
    listed.write_text(
        f'[[store]]\nname = "theirs"\nkind = "local"\npath = "{folder}"\ntenants = ["acme"]\n'
    )
    listed.chmod(0o600)
    storage = shelf.settings.storage.model_copy(update={"registered_stores": listed})
    settings = shelf.settings.model_copy(update={"storage": storage})
    intake = Intake.of(settings, shelf.store, shelf.vault)
    object.__setattr__(web.service, "intake", intake)
    ask = {"store": "theirs", "key": "a.wav", "interview_id": interview.id}
    made = web.send("POST", "/v1/media/pull", key, json=ask)
    assert made.status_code == 201, made.text
    assert (made.json()["source"], made.json()["name"]) == ("pull", "a.wav")
    for change in ({"key": "../stores.toml"}, {"store": "other"}, {"key": "https://x.y/a"}):
        bad = web.send("POST", "/v1/media/pull", key, json={**ask, **change})
        assert bad.status_code == 422
    absent = web.send("POST", "/v1/media/pull", key, json={**ask, "key": "b.wav"})
    assert absent.status_code == 404


def test_a_row_that_cannot_be_written_leaves_no_bytes(
    web: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, interview, _ = shelf_of(web).interview()

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(media.uploads, "finish", fail)
    answer = sent(web, web.key_of("platform"), wav(), interview_id=interview.id)
    assert answer.status_code == 500
    assert list(web.service.vault.blobs.list()) == []


def test_whose_media_it_is_has_to_be_said(web: Frame) -> None:
    answer = sent(web, web.key_of("platform"), wav())
    assert (answer.status_code, answer.json()["code"]) == (422, "input_error")
