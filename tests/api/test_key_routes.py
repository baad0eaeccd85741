"""Keys over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from api.keys import FIRST_TENANT, admin_key, first_admin_key
from api.scopes import ROLE_SCOPES
from audit.ledger import EventKind
from audit.records.access import Role
from audit.store import Store
from tests.api.conftest import Frame

NEW = {"name": "Interview platform", "role": "platform"}


def test_a_key_is_shown_once_and_works(both: Frame) -> None:
    admin = both.key_of()
    made = both.send("POST", "/v1/keys", admin, json=NEW)
    assert made.status_code == 201
    body = made.json()
    assert made.headers["location"] == f"/v1/keys/{body['id']}"
    assert made.headers["etag"] == '"1"'
    assert set(body["scopes"]) == ROLE_SCOPES[Role.PLATFORM]
    assert both.send("GET", "/v1/keys", body["key"]).status_code == 403
    shown = both.send("GET", f"/v1/keys/{body['id']}", admin)
    assert shown.status_code == 200 and "key" not in shown.json()
    assert "secret" not in shown.text and body["key"] not in shown.text
    listed = both.send("GET", "/v1/keys", admin).json()["items"]
    assert next(each["id"] for each in listed) == body["id"] and "key" not in listed[0]


def test_a_key_may_be_narrower_and_not_wider_than_its_role(web: Frame) -> None:
    admin = web.key_of()
    narrow = web.send("POST", "/v1/keys", admin, json={**NEW, "scopes": ["checks:read"]})
    assert narrow.json()["scopes"] == ["checks:read"]
    for scopes in (["keys:write"], [], ["none:such"]):
        wide = web.send("POST", "/v1/keys", admin, json={**NEW, "scopes": scopes})
        assert wide.status_code == 422
        assert wide.json()["errors"][0]["pointer"] == "/scopes"


def test_a_narrow_administrator_gives_no_more_than_it_has(web: Frame) -> None:
    narrow = web.key_of(scopes=("keys:read", "keys:write"))
    wide = web.send("POST", "/v1/keys", narrow, json={"name": "x", "role": "admin"})
    assert wide.status_code == 403
    same = {"name": "x", "role": "admin", "scopes": ["keys:read"]}
    assert web.send("POST", "/v1/keys", narrow, json=same).status_code == 201
    other = web.send("POST", "/v1/keys", web.key_of(), json=NEW).json()["id"]
    assert web.send("POST", f"/v1/keys/{other}/rotate", narrow, json={}).status_code == 403


def test_times_of_expiry_are_to_come_and_have_a_zone(web: Frame) -> None:
    admin = web.key_of()
    past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    for moment in (past, "2030-01-01T00:00:00"):
        answer = web.send("POST", "/v1/keys", admin, json={**NEW, "expires_at": moment})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/expires_at"


def test_a_revoked_key_ends_at_once_here(both: Frame) -> None:
    admin, other = both.key_of(), both.key_of()
    found = both.send("GET", "/v1/keys", other).json()["items"][0]["id"]
    assert both.send("DELETE", f"/v1/keys/{found}", admin).status_code == 204
    assert both.send("DELETE", f"/v1/keys/{found}", admin).status_code == 204
    refused = both.send("GET", "/v1/keys", other)
    assert refused.status_code == 401 and refused.headers["www-authenticate"].startswith("Bearer")
    live = both.send("GET", "/v1/keys?live=true", admin).json()["items"]
    assert found not in [each["id"] for each in live]
    last = both.send("DELETE", f"/v1/keys/{live[0]['id']}", admin)
    assert last.status_code == 409 and last.json()["code"] == "step_refused"


def test_rotation_over_http(web: Frame) -> None:
    admin = web.key_of()
    old = web.send("POST", "/v1/keys", admin, json=NEW).json()
    fresh = web.send("POST", f"/v1/keys/{old['id']}/rotate", admin, json={"grace_s": 0})
    assert fresh.status_code == 201
    assert fresh.headers["location"] == f"/v1/keys/{fresh.json()['id']}"
    assert web.send("GET", "/v1/keys", old["key"]).status_code == 401
    assert web.send("GET", "/v1/keys", fresh.json()["key"]).status_code == 403
    shown = web.send("GET", f"/v1/keys/{old['id']}", admin)
    assert shown.json()["replaced_by"] == fresh.json()["id"]
    for body in ({}, {"grace_s": 5.0}):
        again = web.send("POST", f"/v1/keys/{old['id']}/rotate", admin, json=body)
        assert again.status_code == 409
    for grace in (-1, 2592001, "5", 1.5, True, None):
        bad = web.send("POST", f"/v1/keys/{old['id']}/rotate", admin, json={"grace_s": grace})
        assert bad.status_code == 422


def test_keys_of_another_tenant_are_not_there(both: Frame) -> None:
    ours, theirs = both.key_of(), both.key_of(tenant="globex")
    mine = both.send("GET", "/v1/keys", ours).json()["items"][0]["id"]
    assert both.send("GET", f"/v1/keys/{mine}", theirs).status_code == 404
    assert both.send("DELETE", f"/v1/keys/{mine}", theirs).status_code == 404
    assert both.send("POST", f"/v1/keys/{mine}/rotate", theirs, json={}).status_code == 404
    assert mine not in both.send("GET", "/v1/keys", theirs).text


def test_use_of_a_key_is_shown(web: Frame) -> None:
    admin = web.key_of()
    web.send("GET", "/v1/keys", admin)
    web.client.app.state.frame.keys.close()  # type: ignore[attr-defined]
    used = web.send("GET", "/v1/keys", admin).json()["items"][0]
    assert used["last_used_at"] is not None and used["version"] == 1


def test_issuing_and_revoking_are_recorded(web: Frame) -> None:
    admin = web.key_of()
    made = web.send("POST", "/v1/keys", admin, json=NEW).json()
    web.send("DELETE", f"/v1/keys/{made['id']}", admin)
    with web.service.store.ledger("acme") as ledger:
        about = [each for each in ledger.entries() if each.subject == made["id"]]
    assert [each.kind for each in about] == [EventKind.KEY_ISSUED, EventKind.KEY_REVOKED]
    assert {each.actor for each in about} == {made["created_by"]}
    assert made["key"] not in str(about)


def test_the_first_start_prints_one_key(light_store: Store, frame_of: object) -> None:
    text = first_admin_key(light_store, days=1)
    assert text is not None and FIRST_TENANT in light_store.tenants()
    assert first_admin_key(light_store, days=1) is None
    web: Frame = frame_of(light_store)  # type: ignore[operator]
    assert web.send("GET", "/v1/keys", text).status_code == 200
    other = admin_key(light_store, "globex", name="Operator", days=1)
    assert len(web.send("GET", "/v1/keys", other).json()["items"]) == 1


@pytest.mark.parametrize("header", ["", "Bearer", "Basic abc", "Bearer fw_x", "fw_x", "Bearer  "])
def test_what_is_no_key_is_refused(web: Frame, header: str) -> None:
    answer = web.send("GET", "/v1/keys", headers={"Authorization": header})
    assert answer.status_code == 401 and answer.json()["code"] == "not_authenticated"
