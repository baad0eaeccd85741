"""Webhook endpoints and deliveries over HTTP."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from api.telemetry import JsonLines
from audit.ids import new_id
from audit.keyring import Context
from audit.ledger import EventKind
from audit.operations.announcements import announce
from audit.records.oversight import Delivery, DeliveryState, Endpoint
from audit.records.work import Job, JobState
from audit.store import Store
from audit.webhooks import CheckCancelled, CheckFailed, Secret
from tests.api.conftest import Frame

URL = "https://hooks.platform.example/in?token=t0ken"
NEW = {"url": URL, "events": ["check.failed"]}
PATH = "/v1/webhooks"


@pytest.fixture
def admin(both: Frame) -> str:
    """A key that may manage webhooks."""
    return both.key_of()


def registered(web: Frame, key: str, **fields: object) -> dict[str, Any]:
    """A new endpoint, as the answer shows it."""
    answer = web.send("POST", PATH, key, json={**NEW, **fields})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{PATH}/{body['id']}"
    return body


def announced(web: Frame, count: int = 1, tenant: str = "acme") -> list[str]:
    """Ids of deliveries of new events."""
    found = []
    for _ in range(count):
        with web.service.store.unit(tenant) as unit:
            made = announce(unit, CheckFailed(check_id=new_id("chk"), error_code="x"))
        found += [each.id for each in made]
    return found


def ended(store: Store, id: str, state: str, tenant: str = "acme") -> None:
    """Marks a delivery and its job as ended."""
    with store.unit(tenant) as unit:
        unit.put(replace(unit.get(Delivery, id), state=DeliveryState(state)))
        for job in unit.every(Job, subject=id):
            unit.put(replace(job, state=JobState.SUCCEEDED))


def test_a_secret_is_shown_once_and_kept_sealed(
    both: Frame, admin: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made = registered(both, admin)
    secret = made.pop("secret")
    assert len(Secret.parse(secret).key) == 32
    shown = both.send("GET", f"{PATH}/{made['id']}", admin)
    assert shown.json() == made and shown.headers["etag"] == '"1"'
    listed = both.send("GET", PATH, admin)
    assert listed.json() == {"items": [made], "next_cursor": None}
    assert "sealed" not in shown.text + listed.text and secret not in shown.text + listed.text
    with both.service.store.reading("acme") as unit:
        stored = unit.get(Endpoint, made["id"])
        assert secret.removeprefix("whsec_").encode() not in stored.sealed_secrets
        id = stored.id
        context = Context(tenant="acme", subject=id, artefact=id, purpose="webhook_secrets")
        assert json.loads(unit.ring.open(context, stored.sealed_secrets)) == {"current": secret}
    lines = "\n".join(JsonLines().format(record) for record in caplog.records)
    assert "t0ken" not in lines and secret not in lines


def test_a_repeated_registration_gives_the_same_secret(both: Frame, admin: str) -> None:
    headers = {"Idempotency-Key": "a-key"}
    answers = [both.send("POST", PATH, admin, json=NEW, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    with both.service.store.reading("acme") as unit:
        assert unit.count(Endpoint) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.platform.example/",
        "https://hooks.platform.example:8443/",
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://2130706433/",
        "https://user:word@hooks.platform.example/",
        "http://localhost:8000/",
        "ftp://hooks.platform.example/",
        "https://" + "x" * 500,
        "",
    ],
)
def test_internal_and_strange_targets_are_refused(web: Frame, url: str) -> None:
    key = web.key_of()
    made = registered(web, key)
    change = f"{PATH}/{made['id']}"
    for answer in (
        web.send("POST", PATH, key, json={**NEW, "url": url}),
        web.send("PATCH", change, key, json={"url": url}, headers={"If-Match": '"1"'}),
    ):
        assert answer.status_code == 422
        assert answer.json()["code"] in ("target_refused", "validation_failed")
    assert web.send("GET", change, key).json()["url"] == URL


@pytest.mark.parametrize("events", [[], ["check.guessed"], ["**"], "check.failed", None, [None]])
def test_only_events_of_the_catalogue_are_taken(web: Frame, events: object) -> None:
    answer = web.send("POST", PATH, web.key_of(), json={**NEW, "events": events})
    assert answer.status_code == 422


def test_all_events_in_one_word(web: Frame) -> None:
    key = web.key_of()
    made = registered(web, key, events=["check.failed", "*", "check.failed"])
    assert made["events"] == ["*"]
    with web.service.store.unit("acme") as unit:
        assert len(announce(unit, CheckCancelled(check_id=new_id("chk")))) == 1


def test_a_change_needs_the_version_that_was_read(both: Frame, admin: str) -> None:
    path = f"{PATH}/{registered(both, admin)['id']}"
    change = {"url": "https://new.platform.example/", "events": ["review.due", "check.failed"]}
    assert both.send("PATCH", path, admin, json=change).status_code == 428
    first = both.send("PATCH", path, admin, json=change, headers={"If-Match": '"1"'})
    assert first.status_code == 200 and first.headers["etag"] == '"2"'
    assert {name: first.json()[name] for name in change} == change
    stale = both.send("PATCH", path, admin, json=change, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    same = both.send("PATCH", path, admin, json=change, headers={"If-Match": '"2"'})
    assert same.headers["etag"] == '"2"'
    unknown = both.send("PATCH", path, admin, json={"secret": "x"}, headers={"If-Match": "*"})
    assert unknown.status_code == 422


def test_disabling_ends_what_waits_and_enabling_allows_replay(both: Frame, admin: str) -> None:
    made = registered(both, admin)
    path = f"{PATH}/{made['id']}"
    (waiting,) = announced(both)
    off = both.send("PATCH", path, admin, json={"state": "disabled"}, headers={"If-Match": "*"})
    assert (off.json()["state"], off.json()["disabled_reason"]) == ("disabled", "asked")
    assert announced(both) == []
    dead = both.send("GET", f"{path}/deliveries?state=dead", admin).json()["items"]
    assert [(each["id"], each["last_error"]) for each in dead] == [(waiting, "endpoint_disabled")]
    replay = f"{PATH}/deliveries/{waiting}/replay"
    refused = both.send("POST", replay, admin)
    assert (refused.status_code, refused.json()["code"]) == (409, "step_refused")
    on = both.send("PATCH", path, admin, json={"state": "active"}, headers={"If-Match": "*"})
    assert (on.json()["state"], on.json()["disabled_reason"]) == ("active", None)
    again = both.send("POST", replay, admin)
    assert (again.status_code, again.json()["state"]) == (202, "pending")
    assert again.json()["event_id"] == dead[0]["event_id"]
    assert both.send("POST", replay, admin).status_code == 409
    only = both.send("GET", f"{PATH}?state=disabled", admin).json()["items"]
    assert only == []


def test_a_rotation_shows_the_new_secret_and_keeps_the_old_for_a_while(
    both: Frame, admin: str
) -> None:
    made = registered(both, admin)
    path = f"{PATH}/{made['id']}/rotate"
    rotated = both.send("POST", path, admin, json={})
    assert rotated.status_code == 200
    assert rotated.json()["secret"] != made["secret"]
    assert rotated.json()["old_secret_until"] > rotated.json()["updated_at"]
    leaked = both.send("POST", path, admin, json={"grace_s": 0}).json()
    assert leaked["old_secret_until"] is None
    assert len({made["secret"], rotated.json()["secret"], leaked["secret"]}) == 3
    for grace in (-1, 8 * 24 * 3600, "1", True):
        assert both.send("POST", path, admin, json={"grace_s": grace}).status_code == 422


def test_removal_destroys_the_secret_and_keeps_the_record(both: Frame, admin: str) -> None:
    made = registered(both, admin)
    path = f"{PATH}/{made['id']}"
    (waiting,) = announced(both)
    assert both.send("DELETE", path, admin).status_code == 204
    for method, more in (("GET", ""), ("DELETE", ""), ("GET", "/deliveries")):
        assert both.send(method, path + more, admin).status_code == 404
    assert both.send("POST", f"{path}/rotate", admin, json={}).status_code == 404
    assert both.send("GET", PATH, admin).json()["items"] == []
    kept = both.send("GET", f"{PATH}/deliveries/{waiting}", admin).json()
    assert (kept["state"], kept["last_error"]) == ("dead", "endpoint_removed")
    assert both.send("POST", f"{PATH}/deliveries/{waiting}/replay", admin).status_code == 409
    with both.service.store.reading("acme") as unit:
        stored = unit.get(Endpoint, made["id"])
    assert (stored.url, stored.sealed_secrets) == ("https://hooks.platform.example", b"")


def test_every_change_is_in_the_ledger_without_secrets(both: Frame, admin: str) -> None:
    made = registered(both, admin)
    path = f"{PATH}/{made['id']}"
    secret = both.send("POST", f"{path}/rotate", admin, json={}).json()["secret"]
    both.send("PATCH", path, admin, json={"events": ["*"]}, headers={"If-Match": "*"})
    both.send("DELETE", path, admin)
    with both.service.store.ledger("acme") as ledger:
        found = [e for e in ledger.entries() if e.kind is EventKind.WEBHOOK_CHANGED]
    changes = [each.body["change"] for each in found]
    assert changes == ["registered", "secret_rotated", "changed", "removed"]
    assert {each.body["host"] for each in found} == {"hooks.platform.example"}
    assert all(each.actor.startswith("key_") for each in found)
    text = repr(found)
    assert "t0ken" not in text and secret not in text and made["secret"] not in text


def test_deliveries_are_listed_in_pages_and_by_state_and_type(both: Frame, admin: str) -> None:
    made = registered(both, admin, events=["*"])
    first, second, third = announced(both, 3)
    ended(both.service.store, second, "dead")
    path = f"{PATH}/{made['id']}/deliveries"
    page = both.send("GET", f"{path}?limit=2", admin).json()
    assert [each["id"] for each in page["items"]] == sorted([first, second, third])[:0:-1]
    rest = both.send("GET", f"{path}?limit=2&cursor={page['next_cursor']}", admin).json()
    assert [each["id"] for each in rest["items"]] == [min(first, second, third)]
    assert rest["next_cursor"] is None
    for where in (path, f"{PATH}/deliveries"):
        dead = both.send("GET", f"{where}?state=dead", admin).json()["items"]
        assert [each["id"] for each in dead] == [second]
        none = both.send("GET", f"{where}?type=check.finished", admin).json()["items"]
        assert none == []
        assert both.send("GET", f"{where}?state=lost", admin).status_code == 422
    assert dead[0]["payload"]["type"] == "check.failed"


def test_a_foreign_tenant_sees_nothing(both: Frame, admin: str) -> None:
    made = registered(both, admin)
    (waiting,) = announced(both)
    ended(both.service.store, waiting, "dead")
    other = both.key_of(tenant="globex")
    path = f"{PATH}/{made['id']}"
    change: dict[str, Any] = {"json": {"state": "disabled"}, "headers": {"If-Match": "*"}}
    attempts = [
        both.send("GET", path, other),
        both.send("PATCH", path, other, **change),
        both.send("DELETE", path, other),
        both.send("POST", f"{path}/rotate", other, json={}),
        both.send("GET", f"{path}/deliveries", other),
        both.send("GET", f"{PATH}/deliveries/{waiting}", other),
        both.send("POST", f"{PATH}/deliveries/{waiting}/replay", other),
    ]
    assert {each.status_code for each in attempts} == {404}
    for where in (PATH, f"{PATH}/deliveries"):
        assert both.send("GET", where, other).json()["items"] == []
    unchanged = both.send("GET", path, admin)
    assert unchanged.headers["etag"] == '"1"'


@pytest.mark.parametrize("role", ["platform", "compliance", "auditor"])
def test_other_roles_have_no_say(web: Frame, role: str) -> None:
    made = registered(web, web.key_of())
    key = web.key_of(role)
    assert web.send("GET", PATH, key).status_code == 403
    assert web.send("POST", PATH, key, json=NEW).status_code == 403
    assert web.send("DELETE", f"{PATH}/{made['id']}", key).status_code == 403


def test_a_tenant_has_a_limited_number(web: Frame) -> None:
    key = web.key_of()
    ids = [registered(web, key)["id"] for _ in range(20)]
    full = web.send("POST", PATH, key, json=NEW)
    assert (full.status_code, full.json()["code"]) == (409, "step_refused")
    web.send("DELETE", f"{PATH}/{ids[0]}", key)
    registered(web, key)
