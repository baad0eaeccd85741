"""Public pages of summaries: posted, superseded, kept for as long as the law asks."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from api.tasks import issuing
from audit.operations import erasure
from audit.operations.answers import record_answers
from audit.operations.report_orders import ReportOrder
from audit.records.evidence import Report
from audit.records.issued import DocumentKind, RecordedAnswer
from audit.records.register import System
from audit.store import Store
from reports.proof.keys import KeyDirectory
from reports.proof.trust import Trust
from reports.proof.verifying import verify_report
from tests import filed
from tests.api.conftest import Frame
from tests.api.test_report_routes import events, made, send
from tests.api.world import World, served
from tests.evidence import TENANT

PERSONAL = re.compile(r"person-\d|(cand|key|chk|rvr)_[0-9A-Z]{26}|[\w.]+@[\w.]+\.\w")
LOGO = base64.b64encode(filed.PNG).decode()


@pytest.fixture
def world(store: Store, tmp_path: Path) -> Iterator[World]:
    """A tenant whose objects are served, on both databases in turn."""
    made = served(store, tmp_path)
    with made.client:
        yield World(made, TENANT)


@pytest.fixture
def light(light_store: Store, tmp_path: Path) -> Iterator[World]:
    """The same on SQLite, for what does not depend on the database."""
    made = served(light_store, tmp_path)
    with made.client:
        yield World(made, TENANT)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers make those forms that are quick."""
    monkeypatch.setattr(issuing, "FORMATS", filed.QUICK)


def posted(world: World, report: str, **more: Any) -> Any:
    body = {"report_id": report, "slug": "example-video", "name": "Example Inc", **more}
    return send(world, "POST", "/v1/publications", json=body)


def test_a_summary_is_posted_read_by_anybody_and_verifies(world: World) -> None:
    report = world.summary()
    made = posted(world, report, colour="#1F4E79", logo_png=LOGO)
    assert made.status_code == 201, made.text
    assert (made.json()["path"], made.json()["stays_until"]) == ("/public/example-video", None)
    page = world.frame.send("GET", "/public/example-video")
    assert page.status_code == 200
    for text in ("Example Inc", "Local Law 144", "data:image/png;base64,", "0.979", "Posted"):
        assert text in page.text
    assert "<script" not in page.text and 'content="noindex"' not in page.text
    assert page.headers["cache-control"] == "public, max-age=300"
    tag = {"If-None-Match": page.headers["etag"]}
    assert world.frame.send("GET", "/public/example-video", headers=tag).status_code == 304
    keys = world.frame.send("GET", "/public/example-video/report-keys.json")
    trust = Trust((KeyDirectory.from_bytes(keys.content),), (), ())
    for format in ("json", "html"):
        where = f"/public/example-video/versions/1/files/{format}"
        got = world.frame.send("GET", where)
        assert verify_report(got.content, trust).verdict == "verified"
        assert got.content == send(world, "GET", f"/v1/reports/{report}/files/{format}").content
    assert world.frame.send("GET", "/public/example-video/versions/2").status_code == 404
    assert events(world, made.json()["id"]) == ["summary_posted"]


def test_the_policy_lets_exactly_the_page_s_own_style_apply(light: World) -> None:
    posted(light, light.summary(), colour="#ffcc00")
    page = light.frame.send("GET", "/public/example-video")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    for style in re.findall(r"<style>(.*?)</style>", page.text, re.S):
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
        assert f"'sha256-{digest}'" in page.text.partition("<style>")[0]
    assert "background: #ffcc00; color: #14171a" in page.text  # dark letters on a light colour
    assert not re.search(r'\sstyle="', page.text)


def test_no_personal_data_is_posted(light: World) -> None:
    audit = light.audited()
    with light.store.unit(TENANT) as unit:
        given = TypeAdapter(dict[str, RecordedAnswer]).validate_python(filed.answers())
        record_answers(unit, light.system_of(audit), given)

    report = made(light, kind="ll144_summary", subject=audit)
    assert posted(light, report["id"]).status_code == 201
    files = [f"/versions/1/files/{each}" for each in filed.QUICK]
    for where in ("", *files):
        got = light.frame.send("GET", f"/public/example-video{where}")
        assert got.status_code == 200
        assert not PERSONAL.search(got.text), PERSONAL.search(got.text)


def test_an_incomplete_summary_is_refused(light: World) -> None:
    order = ReportOrder(kind=DocumentKind.LL144_SUMMARY, subject=light.audited())
    vault = light.service.vault
    report = filed.filed(light.store, vault, TENANT, order, compose=filed.summary(ready=False))
    answer = posted(light, report.id)
    assert (answer.status_code, answer.json()["code"]) == (409, "summary_incomplete")
    assert "ll144.distribution_date" in answer.json()["detail"]
    assert light.frame.send("GET", "/public/example-video").status_code == 404
    queued = posted(light, light.queued_report())
    assert (queued.status_code, queued.json()["code"]) == (409, "step_refused")


def test_versions_stay_reachable_and_names_are_one_systems(world: World) -> None:
    audit = world.audited()
    first = posted(world, world.summary(audit))
    again = posted(world, world.summary(audit), name="Example Holding")
    assert (first.json()["id"], again.json()["versions"]) == (again.json()["id"], 2)
    now = world.frame.send("GET", "/public/example-video").text
    assert "Example Holding" in now and "/public/example-video/versions/1" in now
    old = world.frame.send("GET", "/public/example-video/versions/1").text
    assert "This is an earlier version" in old and 'href="/public/example-video"' in old
    other = posted(world, world.summary())
    assert (other.status_code, other.json()["code"]) == (409, "already_exists")
    theirs = World(world.frame, "globex")
    body = {"report_id": theirs.summary(), "slug": "example-video", "name": "Globex"}
    taken = send(theirs, "POST", "/v1/publications", json=body)
    assert (taken.status_code, taken.json()["code"]) == (409, "already_exists")
    assert "Globex" not in world.frame.send("GET", "/public/example-video").text


def test_a_page_stays_until_six_months_after_the_last_use(world: World) -> None:
    audit = world.audited()
    page = posted(world, world.summary(audit)).json()["id"]
    where = f"/v1/publications/{page}"
    down = f"{where}/take-down"
    early = send(world, "POST", down, json={})
    assert (early.status_code, early.json()["code"]) == (409, "posting_required")
    assert "as long as the tool is in use" in early.json()["detail"]
    now = world.store.now()
    with world.store.unit(TENANT) as unit:
        system = unit.get(System, world.system_of(audit))
        unit.put(replace(system, retired_at=now))
    shown = send(world, "GET", where, "auditor").json()["stays_until"]
    early = send(world, "POST", down, json={})
    assert shown[:10] in early.json()["detail"] and early.status_code == 409
    unsaid = send(world, "POST", down, json={"force": True})
    assert (unsaid.status_code, unsaid.json()["code"]) == (422, "input_error")
    assert send(world, "POST", down, "platform", json={}).status_code == 403
    with world.store.unit(TENANT) as unit:
        system = unit.get(System, world.system_of(audit))
        unit.put(replace(system, retired_at=now - timedelta(days=190)))
    done = send(world, "POST", down, json={})
    assert done.status_code == 200 and done.json()["taken_down_at"] and not done.json()["reason"]
    assert world.frame.send("GET", "/public/example-video").status_code == 404
    assert world.frame.send("GET", "/public/example-video/versions/1").status_code == 404


def test_forced_earlier_the_reason_is_recorded(light: World) -> None:
    page = posted(light, light.summary()).json()["id"]
    why = "The tool was never used in the city."
    down = send(
        light,
        "POST",
        f"/v1/publications/{page}/take-down",
        json={"force": True, "reason": why},
    )
    assert (down.status_code, down.json()["reason"]) == (200, why)
    light.store.seal(TENANT)
    with light.store.stored_log(TENANT) as log:
        [entry] = [each for each in log.entries() if each.kind == "summary_taken_down"]
    assert (entry.body["early"], entry.body["reason"]) == (True, why)
    again = posted(light, light.summary())
    assert again.status_code == 409  # the name belongs to the other system
    light.frame.send("GET", "/public/example-video")


def test_what_is_posted_outlives_its_report(light: World) -> None:

    report = light.summary()
    posted(light, report)
    before = light.frame.send("GET", "/public/example-video").text
    with light.store.unit(TENANT) as unit:
        erasure.erase_report(unit, unit.get(Report, report))
    assert send(light, "GET", f"/v1/reports/{report}/files/json").status_code == 410
    light.frame.client.app.state.public_pages.clear()  # type: ignore[attr-defined]
    assert light.frame.send("GET", "/public/example-video").text == before


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("slug", "Example", "validation_failed"),
        ("slug", "-x-y", "validation_failed"),
        ("slug", "0123456789abcdef", "validation_failed"),
        ("slug", "a" * 65, "validation_failed"),
        ("colour", "red;}", "validation_failed"),
        ("name", "a\nb", "validation_failed"),
        ("logo_png", "not base64!", "validation_failed"),
        ("logo_png", "QUJD", "input_error"),
        ("logo_png", LOGO[:-8], "input_error"),
    ],
)
def test_what_does_not_belong_on_a_page_is_refused(
    light: World, field: str, value: str, code: str
) -> None:
    answer = posted(light, "rep_" + "0" * 26, **{field: value})
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text


def test_addresses_have_a_quota(light_store: Store, frame_of: Any) -> None:
    frame: Frame = frame_of(light_store, public_per_minute=3)
    answers = [frame.send("GET", "/public/nobody-here") for _ in range(4)]
    assert [each.status_code for each in answers] == [404, 404, 404, 429]
    assert answers[3].json()["code"] == "rate_limited" and "retry-after" in answers[3].headers
    assert frame.send("GET", "/links/lnk_x.y").status_code == 429
    assert frame.send("GET", "/healthz").status_code == 200
