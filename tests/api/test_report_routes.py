"""Reports over HTTP: every kind from order to file, by a worker, on both databases."""

from __future__ import annotations

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from api.report_access import LETTERS
from api.tasks import Bench, endings, handlers, issuing
from api.tasks.report import SCHEDULES
from audit.jobs import SERVICE_TENANT, Worker, enqueue
from audit.operations import comparisons, erasure, leftovers, report_orders, retention
from audit.operations import reports as report_operations
from audit.operations.comparisons import Found
from audit.operations.report_orders import ReportOrder
from audit.operations.reports import RESULT, Written
from audit.records.evidence import Report, RunState
from audit.records.issued import DocumentKind, SigningKey
from audit.records.oversight import Delivery
from audit.records.register import System
from audit.records.work import Queue
from audit.result import ComparisonResult
from audit.store import Store
from audit.store.public import forget_links
from reports.canonical import canonical
from reports.comparison import comparison_document
from reports.document.check import faults
from reports.document.model import Kind
from reports.packs import pack
from reports.proof.bundle_verifying import verify
from reports.proof.envelope import Envelope
from reports.proof.keys import KeyDirectory
from reports.proof.trust import Trust
from tests import filed
from tests.api.asking import Asking
from tests.api.world import World, served
from tests.evidence import QUICK, TENANT
from tests.reports import material

FORMS = {"json", "html", "pdf", "csv", "docx"}
TYPES = {
    "json": "application/json",
    "html": "text/html",
    "pdf": "application/pdf",
    "csv": "application/zip",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}

ANSWER = {"value": True, "by": "person-12", "function": "Head of compliance", "on": "2026-03-02"}
TEXT = {"text": "As the job asks.", "by": "HR office", "on": "2026-03-02"}
REASON = {"reason": "Lost."}
OWN_PACK = """pack: own_rules
version: {version}
title: Our own rules
citation: Works agreement 7
status: in_force
read: primary
sources:
  - The agreement was read.
who: employer
sections:
  - id: people
    title: People
    fields:
      - id: own_rules.who
        title: {word} answers questions?
        recorded: text
"""


@pytest.fixture(autouse=True)
def forms(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Which forms workers make: all where a test is about them, else those that are quick."""
    if request.node.name.endswith(("verifies_offline[sqlite]", "chooses_the_form")):
        return FORMS
    monkeypatch.setattr(issuing, "FORMATS", filed.QUICK)
    return set(filed.QUICK)


@pytest.fixture
def world(store: Store, tmp_path: Path) -> Iterator[World]:
    """A tenant whose objects are served, on both databases in turn."""
    made = served(store, tmp_path)
    store.add_tenant(SERVICE_TENANT, "The service itself")
    with made.client:
        yield World(made, TENANT)


@pytest.fixture
def light(light_store: Store, tmp_path: Path) -> Iterator[World]:
    """The same on SQLite, for what does not depend on the database."""
    made = served(light_store, tmp_path)
    with made.client:
        yield World(made, TENANT)


def worker(world: World) -> Worker:
    service = world.service
    bench = Bench(service.settings, service.store, service.vault)
    return Worker(service.store, QUICK, handlers(bench), tuple(Queue), endings=endings())


def send(world: World, method: str, path: str, role: str = "compliance", **more: Any) -> Any:
    return world.frame.send(method, path, world.keys[role], **more)


def ended(world: World, where: str) -> dict[str, Any]:
    """The report once it has ended."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found: dict[str, Any] = send(world, "GET", where).json()
        if RunState(found["state"]).final:
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def made(world: World, **body: Any) -> dict[str, Any]:
    """A report as it is when its worker is done."""
    asked = send(world, "POST", "/v1/reports", json=body)
    assert asked.status_code == 202, asked.text
    assert asked.json()["state"] == "queued"
    with worker(world):
        done = ended(world, asked.headers["location"])
    assert done["state"] == "finished", done
    return done


def file(world: World, report: dict[str, Any], format: str) -> bytes:
    got = send(world, "GET", f"/v1/reports/{report['id']}/files/{format}")
    assert got.status_code == 200, got.text
    assert got.headers["etag"].strip('"') == hashlib.sha256(got.content).hexdigest()
    content: bytes = got.content
    return content


def trust(world: World) -> Trust:
    """What an auditor has who kept the public directory."""
    found = send(world, "GET", "/v1/report-keys", "auditor")
    return Trust((KeyDirectory.from_bytes(found.content),), (), ())


def test_kinds_of_the_store_are_those_of_documents() -> None:
    """All but the scorecard, which is about detectors and belongs to no tenant."""
    assert {kind.value for kind in DocumentKind} == set(get_args(Kind)) - {"scorecard"}
    assert {kind.value for kind in LETTERS} < set(get_args(Kind))
    assert set(report_orders.SUBJECTS) == set(DocumentKind)


def test_every_kind_is_made_signed_and_verifies_offline(world: World, forms: set[str]) -> None:
    """Of each of the ten: ordered, done by a worker, all formats there, each verified."""
    orders = Asking(world).create_report()
    assert {each.json["kind"] for each in orders} == {kind.value for kind in DocumentKind}
    thread = next(each for each in orders if each.json["kind"] == "identity_thread")
    thread.json["subject"] = compared(world)
    asked = []
    for each in orders:
        answer = send(world, "POST", "/v1/reports", json=each.json)
        assert answer.status_code == 202, (each.json, answer.text)
        asked.append(answer.headers["location"])
    with worker(world):
        done = [ended(world, where) for where in asked]
    assert [d["state"] for d in done] == ["finished"] * 10, [d["error_detail"] for d in done]
    known = trust(world)
    for report in done:
        assert {each["format"] for each in report["files"]} == forms
        envelope = Envelope.model_validate_json(file(world, report, "json"))
        document = envelope.document
        assert (document.kind, document.id) == (report["kind"], report["id"])
        assert document.publisher == "Acme" and faults(document) == []
        assert envelope.proof.document_sha256 == report["document_sha256"]
        assert envelope.proof.ledger_head is not None
        for format in forms:
            found = verify(file(world, report, format), known)
            assert found.verdict == "verified", (report["kind"], format, found.checks)
    [german] = [d for d in done if d["kind"] == "candidate_notice"]
    page = file(world, german, "html").decode()
    assert '<html lang="de"' in page and "As the job asks." in page


def compared(world: World) -> str:
    """A candidate with a checked interview, and a comparison whose result is kept."""
    candidate, comparison = world.comparison()
    with world.store.unit(TENANT) as unit:
        work = comparisons.begin(unit, comparison)
    assert work is not None
    pair = material.comparison().pairs[0]
    first, last = work.labels
    result = ComparisonResult((first, last), (replace(pair, first=first, second=last),))
    data = canonical(comparison_document(result))
    written = (Written(RESULT, "application/json", data),)
    about, vault = comparisons.about(work.comparison), world.service.vault
    files = report_operations.seal(vault, TENANT, about, written=written, attempt=1)
    with world.store.unit(TENANT) as unit:
        comparisons.finish(unit, comparison, Found(bands=(), files=files))
    world.check_of(candidate)
    return candidate


def test_a_thread_tells_of_checks_and_comparisons_under_the_same_names(light: World) -> None:
    candidate = compared(light)
    report = made(light, kind="identity_thread", subject=candidate)
    data = Envelope.model_validate_json(file(light, report, "json")).document.data
    sessions = data["thread"]["sessions"]
    [comparison] = data["thread"]["comparisons"]
    labels = {each["label"] for each in sessions}
    assert set(comparison["recordings"]) <= labels
    [checked] = [each for each in sessions if each.get("check")]
    assert checked["label"] in comparison["recordings"]
    assert data["thread"]["candidate"] == candidate
    assert [c["purpose"] for c in data["thread"]["consents"]] == ["biometric_comparison"]


def test_who_may_read_and_make_what(light: World) -> None:
    thread = ReportOrder(kind=DocumentKind.IDENTITY_THREAD, subject=light.person().candidate.id)
    letter = ReportOrder(kind=DocumentKind.CANDIDATE_NOTICE, subject=light.person().system.id)
    check = light.check(finished=True)
    rows = {}
    for order in (thread, letter):
        with light.store.unit(TENANT) as unit:
            rows[order.kind] = report_orders.request_report(unit, order).id
    rows[DocumentKind.LL144_SUMMARY] = light.summary()
    with light.store.reading(TENANT) as unit:
        [own] = unit.every(Report, subject=check)
    rows[DocumentKind.INTERVIEW_INTEGRITY] = own.id
    may = {
        DocumentKind.IDENTITY_THREAD: {"compliance", "auditor"},
        DocumentKind.CANDIDATE_NOTICE: {"compliance", "platform"},
        DocumentKind.LL144_SUMMARY: {"compliance", "auditor", "platform", "admin"},
        DocumentKind.INTERVIEW_INTEGRITY: {"compliance", "auditor", "platform"},
    }
    for kind, id in rows.items():
        for role in light.keys:
            got = send(light, "GET", f"/v1/reports/{id}", role)
            assert (got.status_code == 200) == (role in may[kind]), (kind, role)
            listed = send(light, "GET", "/v1/reports", role).json()["items"]
            assert (id in {each["id"] for each in listed}) == (role in may[kind]), (kind, role)
            only = send(light, "GET", f"/v1/reports?kind={kind.value}", role)
            assert (only.status_code == 200) == (role in may[kind]), (kind, role)
    for each in Asking(light).create_report():
        answers = {
            role: send(light, "POST", "/v1/reports", role, json=each.json).status_code
            for role in ("auditor", "admin", "platform")
        }
        assert (answers["auditor"], answers["admin"]) == (403, 403)
        theirs = DocumentKind(each.json["kind"]) in (*LETTERS, DocumentKind.INTERVIEW_INTEGRITY)
        assert answers["platform"] == (202 if theirs else 403), each.json


def test_an_order_is_answered_again_and_cancelled(light: World) -> None:
    body = {"kind": "regime_file", "subject": light.person().system.id, "packs": ["ll144"]}
    once = {"Idempotency-Key": "r-1"}
    first = send(light, "POST", "/v1/reports", json=body, headers=once)
    again = send(light, "POST", "/v1/reports", json=body, headers=once)
    assert first.json() == again.json() and again.headers["idempotency-replayed"] == "true"
    where = first.headers["location"]
    early = send(light, "GET", f"{where}/files/json")
    assert (early.status_code, early.json()["code"]) == (409, "step_refused")
    assert send(light, "GET", f"{where}/content").status_code == 409
    gone = send(light, "POST", f"{where}/cancel")
    assert gone.json()["state"] == "cancelled"
    assert send(light, "POST", f"{where}/cancel").json()["state"] == "cancelled"
    told = send(light, "GET", f"{where}/events").text
    assert told.startswith("event: end")
    with worker(light):
        time.sleep(0.3)
    assert send(light, "GET", where).json()["state"] == "cancelled"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"kind": "governance"}, 422, "validation_failed"),
        ({"kind": "identity_thread"}, 422, "input_error"),
        ({"packs": ["no_such_pack"]}, 422, "pack_invalid"),
        ({"language": "de"}, 422, "input_error"),
        ({"recorded": {"ll144.no_such": ANSWER}}, 422, "input_error"),
        (
            {"recorded": {"ll144.auditor_independent": {**ANSWER, "value": "x"}}},
            422,
            "pack_invalid",
        ),
        ({"subject": "sys_" + "0" * 26}, 409, "reference_unknown"),
        ({"kind": "fairness_audit", "subject": "aud_" + "0" * 26}, 409, "reference_unknown"),
        (
            {"kind": "candidate_notice", "letter": {"texts": {"reasons": [TEXT]}}},
            422,
            "input_error",
        ),
        (
            {"kind": "candidate_notice", "letter": {"texts": {"purpose": [TEXT, TEXT]}}},
            422,
            "input_error",
        ),
    ],
)
def test_orders_that_cannot_be_carried_out_are_refused_at_once(
    light: World, change: dict[str, Any], status: int, code: str
) -> None:
    body = {"kind": "regime_file", "subject": light.someone.system.id, **change}
    answer = send(light, "POST", "/v1/reports", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_a_report_that_cannot_be_made_says_why_and_is_told(light: World) -> None:
    light.endpoint()
    body = {"kind": "ll144_summary", "subject": light.person().system.id}
    asked = send(light, "POST", "/v1/reports", json=body)
    with worker(light):
        done = ended(light, asked.headers["location"])
    assert (done["state"], done["error_code"]) == ("failed", "step_refused")
    assert "fairness audit" in done["error_detail"]
    with light.store.reading(TENANT) as unit:
        [told] = [d for d in unit.every(Delivery) if d.type == "report.failed"]
    assert told.payload["data"]["error_code"] == "step_refused"


def test_a_newer_report_supersedes_the_older_and_both_stay(light: World) -> None:
    system = light.person().system.id
    body = {"kind": "regime_file", "subject": system, "packs": ["ll144"], "on": "2026-11-22"}
    recorded = {"ll144.scope.reasons": {**ANSWER, "value": "An office in the city."}}
    first = made(light, **body)
    second = made(light, **body, recorded=recorded)
    other = made(light, **{**body, "packs": ["ugesp"]})
    assert (first["number"], second["number"], other["number"]) == (1, 2, 1)
    assert first["series"] == second["series"] != other["series"]
    where = f"/v1/reports/{first['id']}"
    assert send(light, "GET", where).json()["superseded_by"] == second["id"]
    current = send(light, "GET", f"/v1/reports?subject={system}&current=true").json()["items"]
    assert {each["id"] for each in current} == {second["id"], other["id"]}
    assert file(light, first, "json") != file(light, second, "json")
    text = file(light, second, "json").decode()
    assert "Head of compliance (person-12)" in text and "An office in the city." in text
    found = send(light, "GET", f"{where}/diff?with={second['id']}").json()
    numbers = {each["at"]: (each["before"], each["after"]) for each in found["numbers"]}
    before, after = numbers["/summary/recorded"]
    assert after - before == 1
    assert all(each["difference"] in (1, -1) for each in found["numbers"])
    page = send(light, "GET", f"{where}/diff?with={second['id']}", headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert "What changed between two reports" in page.text
    wrong = send(light, "GET", f"{where}/diff?with={light.summary()}")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "input_error")


def test_accept_chooses_the_form(light: World) -> None:
    report = made(light, kind="regime_file", subject=light.person().system.id, packs=["ugesp"])
    where = f"/v1/reports/{report['id']}/content"
    for format, media_type in TYPES.items():
        got = send(light, "GET", where, headers={"Accept": media_type})
        assert got.headers["content-type"].partition(";")[0] == media_type
        assert got.content == file(light, report, format)
        assert "accept" in got.headers["vary"].lower()
        known = {"Accept": media_type, "If-None-Match": got.headers["etag"]}
        assert send(light, "GET", where, headers=known).status_code == 304
    page = send(light, "GET", where, headers={"Accept": "text/html"})
    assert "sandbox" in page.headers["content-security-policy"]
    none = send(light, "GET", where, headers={"Accept": "image/png"})
    assert (none.status_code, none.json()["code"]) == (406, "not_acceptable")
    saved = send(light, "GET", f"/v1/reports/{report['id']}/files/docx").headers
    assert saved["content-disposition"] == f'attachment; filename="{report["id"]}.docx"'
    assert send(light, "GET", f"/v1/reports/{report['id']}/files/result").status_code == 404


def test_a_link_needs_no_key_ends_and_is_recorded(world: World) -> None:
    report = world.summary()
    where = f"/v1/reports/{report}/links"
    link = send(world, "POST", where, json={"format": "html", "expires_in": 60}).json()
    path = link["path"]
    key_free = world.frame.send("GET", path)
    assert key_free.status_code == 200 and key_free.text.startswith("<!DOCTYPE html>")
    assert key_free.headers["cache-control"] == "no-store"
    assert "sandbox" in key_free.headers["content-security-policy"]
    kinds = events(world, report)
    assert kinds[-2:] == ["report_linked", "report_read"]
    for wrong in (path[:-1] + ("A" if path[-1] != "A" else "B"), path[:-4], "/links/x", f"{path}x"):
        answer = world.frame.send("GET", wrong)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    listed = send(world, "GET", where).json()["items"]
    assert [each["id"] for each in listed] == [link["id"]]
    assert path.rpartition(".")[2] not in json.dumps(listed)
    assert send(world, "DELETE", f"{where}/{link['id']}").status_code == 204
    assert world.frame.send("GET", path).status_code == 404
    other = send(world, "POST", where, json={"format": "json", "expires_in": 60}).json()
    now = world.store.now
    world.store.now = lambda: now() + timedelta(seconds=61)
    assert world.frame.send("GET", other["path"]).status_code == 404
    world.store.now = now
    assert world.frame.send("GET", other["path"]).status_code == 200
    assert send(world, "POST", where, "auditor", json={"format": "json"}).status_code == 403


def test_a_link_of_one_tenant_opens_nothing_of_another(light: World) -> None:
    theirs = World(light.frame, "globex")
    _, link, token = light.link()
    _, _, other = theirs.link()
    forged = f"{link}.{other.partition('.')[2]}"
    assert light.frame.send("GET", f"/links/{forged}").status_code == 404
    assert light.frame.send("GET", f"/links/{token}").status_code == 200


def test_links_that_ended_long_ago_are_forgotten(light: World) -> None:
    report, link, _ = light.link()
    assert forget_links(light.store, light.store.now()) == 0
    assert forget_links(light.store, light.store.now() + timedelta(hours=2)) == 1
    assert send(light, "GET", f"/v1/reports/{report}/links").json()["items"] == []
    assert events(light, report).count("report_linked") == 1 and link


def test_a_schedule_makes_its_report_and_tells_its_recipients(world: World) -> None:
    chosen, other = world.endpoint(), world.endpoint()
    body = {
        "kind": "governance",
        "system_id": world.person().system.id,
        "every": "month",
        "zone": "Europe/Berlin",
        "first": (world.store.now() - timedelta(days=32)).date().isoformat(),
        "recipients": [chosen],
    }
    asked = send(world, "POST", "/v1/report-schedules", json=body)
    assert asked.status_code == 201, asked.text
    with world.store.unit(SERVICE_TENANT) as unit:
        enqueue(unit, kind=SCHEDULES, subject=SCHEDULES)
    with worker(world):
        end = time.monotonic() + 60
        found: list[dict[str, Any]] = []
        while not (found and RunState(found[0]["state"]).final) and time.monotonic() < end:
            found = send(world, "GET", "/v1/reports?kind=governance").json()["items"]
            time.sleep(0.05)
    [report] = found[-1:]
    assert (report["state"], report["schedule_id"]) == ("finished", asked.json()["id"]), report
    data = Envelope.model_validate_json(file(world, report, "json")).document.data
    assert data["period"]["counts"]["since"][:7] <= report["period"]
    assert data["period"]["ledger"]["faults"] == 0
    with world.store.reading(TENANT) as unit:
        told = [d.endpoint_id for d in unit.every(Delivery) if d.type == "report.ready"]
    assert chosen in told and other not in told
    where = f"/v1/report-schedules/{asked.json()['id']}"
    assert send(world, "POST", f"{where}/end", "auditor").status_code == 403
    assert send(world, "POST", f"{where}/end").json()["ended_at"] is not None
    assert send(world, "GET", "/v1/report-schedules?running=true").json()["items"] == []


def test_a_candidates_erasure_ends_reports_links_and_orders(light: World) -> None:
    person = light.person()
    body = {"kind": "adverse_outcome_disclosure", "subject": light.outcome_of(person)}
    text = "The answers did not name the law that the job is about."
    body["letter"] = {"texts": {"reasons": [{"text": text, "by": "HR office", "on": "2026-03-02"}]}}
    done = made(light, **body)
    assert text.encode() in file(light, done, "json")
    link = send(light, "POST", f"/v1/reports/{done['id']}/links", json={"format": "html"}).json()
    waiting = send(light, "POST", "/v1/reports", json=body).json()
    with light.store.reading(TENANT) as unit:
        assert text not in str(unit.get(Report, waiting["id"]))
    with light.store.unit(TENANT) as unit:
        assert erasure.erase_candidate(unit, person.candidate.id).complete
    assert light.frame.send("GET", link["path"]).status_code == 410
    gone = send(light, "GET", f"/v1/reports/{done['id']}/files/json")
    assert (gone.status_code, gone.json()["code"]) == (410, "data_key_destroyed")
    with worker(light):
        time.sleep(0.3)
    left = send(light, "GET", f"/v1/reports/{waiting['id']}").json()
    assert (left["state"], left["files"], left["order"]) == ("cancelled", [], None)
    assert send(light, "POST", "/v1/reports", json=body).status_code == 410


def test_retention_erases_reports_by_their_system_and_keeps_results(light: World) -> None:
    system = light.person().system.id
    done = made(light, kind="regime_file", subject=system, packs=["ll144"])
    with light.store.unit(TENANT) as unit:
        unit.put(replace(unit.get(System, system), retention_days={"reports": 1}))
    later = light.store.now() + timedelta(days=2)
    swept = retention.sweep(light.store, later)
    assert swept.erased["reports"] >= 1
    gone = send(light, "GET", f"/v1/reports/{done['id']}/files/json")
    assert gone.status_code == 410
    assert leftovers.sweep(light.store, light.service.vault, age=timedelta(seconds=-1)) >= len(
        filed.QUICK
    )


def test_a_bundle_verifies_offline_with_what_proves_it(world: World) -> None:
    report = world.summary()
    got = send(world, "GET", f"/v1/reports/{report}/bundle", "auditor")
    assert got.status_code == 200, got.text
    with zipfile.ZipFile(io.BytesIO(got.content)) as archive:
        names = set(archive.namelist())
        receipts = json.loads(archive.read("ledger/receipts.json"))
    assert {"report.json", "report.html", "manifest.json", "keys/directory.json"} <= names
    assert any(name.startswith("packs/ll144.") for name in names)
    assert [each["entry"]["kind"] for each in receipts] == ["audit_finished", "report_issued"]
    found = verify(got.content, trust(world))
    assert found.verdict == "verified", found.checks
    assert events(world, report)[-1] == "report_read"


def test_keys_are_rotated_and_revoked_in_public(world: World) -> None:
    report = world.summary()
    first = KeyDirectory.from_bytes(send(world, "GET", "/v1/report-keys", "auditor").content)
    assert first.publisher == "Acme" and first.sequence == 0
    name = first.newest.key_id
    public = world.frame.send("GET", f"/public/{name}/report-keys.json")
    assert public.content == first.json_bytes and "public" in public.headers["cache-control"]
    assert send(world, "POST", "/v1/report-keys/rotate", "compliance").status_code == 403
    rotated = send(world, "POST", "/v1/report-keys/rotate", "admin")
    second = KeyDirectory.from_bytes(rotated.content)
    assert second.newest.key_id != name and second.key(name).retired_at is not None
    content = send(world, "GET", f"/v1/reports/{report}/files/html").content
    assert verify(content, Trust((first, second), (), ())).verdict == "verified"
    where = f"/v1/report-keys/{name}/revoke"
    lost = send(world, "POST", where, "admin", json={"reason": "Stolen."})
    third = KeyDirectory.from_bytes(lost.content)
    assert third.key(name).revoked_at is not None and third.sequence == 2
    assert verify(content, Trust((third,), (), ())).verdict == "key_not_valid"
    again = send(world, "POST", where, "admin", json={"reason": "Stolen."})
    assert (again.status_code, again.json()["code"]) == (409, "report_key_unusable")
    unknown = send(world, "POST", "/v1/report-keys/" + "0" * 16 + "/revoke", "admin", json=REASON)
    assert unknown.status_code == 404
    assert events(world, f"report_key:{name}") == [
        "report_key_changed",
        "report_key_changed",
        "report_key_changed",
    ]
    assert world.frame.send("GET", f"/public/{name}/report-keys.json").content == lost.content
    assert world.frame.send("GET", "/public/nobody/report-keys.json").status_code == 404
    assert world.frame.send("GET", "/public/" + "0" * 16 + "/report-keys.json").status_code == 404


def test_private_keys_are_in_no_row_in_plain(light: World) -> None:
    light.report_key()
    with light.store.reading(TENANT) as unit:
        [held] = unit.every(SigningKey)
    assert held.sealed is not None and b"PRIVATE KEY" not in held.sealed
    assert "sealed" not in repr(held)


def test_answers_are_versions_that_reports_are_answered_from(world: World) -> None:
    audit = world.audited()
    system = world.system_of(audit)
    where = f"/v1/systems/{system}/answers"
    empty = send(world, "GET", where, "auditor")
    assert (empty.json()["version"], empty.headers["etag"]) == (0, '"0"')
    body = {"answers": filed.answers()}
    assert send(world, "PUT", where, json=body).status_code == 428
    tag = {"If-Match": '"0"'}
    assert send(world, "PUT", where, "auditor", json=body, headers=tag).status_code == 403
    put = send(world, "PUT", where, json=body, headers=tag)
    assert (put.status_code, put.json()["version"]) == (200, 1), put.text
    assert send(world, "PUT", where, json=body, headers=tag).status_code == 412
    same = send(world, "PUT", where, json=body, headers={"If-Match": '"1"'})
    assert same.json()["version"] == 1
    less = {"answers": {"ll144.scope.reasons": {**ANSWER, "value": "Because."}}}
    changed = send(world, "PUT", where, json=less, headers={"If-Match": '"1"'})
    assert changed.json()["version"] == 2
    assert send(world, "GET", f"{where}?version=1").json()["answers"] == body["answers"]
    assert send(world, "GET", f"{where}?version=7").status_code == 404
    late = {"ll144.scope.reasons": {**ANSWER, "value": "x", "on": "2199-01-01"}}
    for wrong in (late, {"ll144.no_such": ANSWER}):
        answer = send(world, "PUT", where, json={"answers": wrong}, headers={"If-Match": '"2"'})
        assert answer.status_code == 422
    assert events(world, system).count("answers_recorded") == 2
    back = send(world, "PUT", where, json=body, headers={"If-Match": '"2"'})
    assert back.json()["version"] == 3
    report = made(world, kind="ll144_summary", subject=audit)
    document = Envelope.model_validate_json(file(world, report, "json")).document
    assert not document.data["shown"].get("open")
    assert "person-12" not in file(world, report, "html").decode()
    assert "Head of compliance" in file(world, report, "html").decode()


def test_packs_are_listed_read_and_their_changes_traced(light: World) -> None:
    listed = send(light, "GET", "/v1/rule-packs?on=2026-11-22", "auditor").json()
    found = {each["id"]: each for each in listed["items"]}
    assert found["ll144"]["standing"] == "in_force" and found["ll144"]["fields"] > 30
    assert len(found) >= 15
    one = send(light, "GET", "/v1/rule-packs/ll144").json()
    assert one["pack"]["sha256"] == pack("ll144").sha256
    assert sum(len(each["fields"]) for each in one["sections"]) == one["pack"]["fields"]
    assert send(light, "GET", "/v1/rule-packs/no_such").status_code == 404
    assert send(light, "GET", "/v1/rule-packs/ll144?version=2020-01-01").status_code == 404


def test_the_impact_of_a_changed_pack(light: World, tmp_path: Path) -> None:
    own = tmp_path / "packs"
    own.mkdir()
    settings = light.service.settings.model_copy(update={"packs_dir": own})
    object.__setattr__(light.service, "settings", settings)
    (own / "own_rules.2026-01-01.yaml").write_text(
        OWN_PACK.format(version="2026-01-01", word="Who")
    )
    system = light.person().system.id
    report = made(light, kind="regime_file", subject=system, packs=["own_rules"])
    (own / "own_rules.2026-02-01.yaml").write_text(
        OWN_PACK.format(version="2026-02-01", word="Which person")
    )
    found = send(light, "GET", "/v1/rule-packs/own_rules/impact?from_version=2026-01-01").json()
    assert (found["from_version"], found["to_version"]) == ("2026-01-01", "2026-02-01")
    [change] = found["changes"]
    assert (change["id"], change["what"]) == ("own_rules.who", "altered")
    assert found["reports"] == [
        {
            "report_id": report["id"],
            "kind": "regime_file",
            "superseded": False,
            "parts": ["own_rules.who"],
        }
    ]
    assert found["looked_at"] == 1
    same = send(
        light,
        "GET",
        "/v1/rule-packs/own_rules/impact?from_version=2026-02-01&to_version=2026-02-01",
    ).json()
    assert (same["changes"], same["reports"], same["looked_at"]) == ([], [], 0)
    bundle = send(light, "GET", f"/v1/reports/{report['id']}/bundle")
    with zipfile.ZipFile(io.BytesIO(bundle.content)) as archive:
        assert "packs/own_rules.2026-01-01.yaml" in archive.namelist()


def events(world: World, subject: str) -> list[str]:
    """Kinds of the events of a subject, the oldest first."""
    world.store.seal(TENANT)
    with world.store.stored_log(TENANT) as log:
        return [each.kind.value for each in log.entries() if each.subject == subject]
