"""Every route states who may use it, and roles hold no more than they need."""

from __future__ import annotations

import pytest
from fastapi import APIRouter

from api import routes
from api.app import create_app
from api.guarding import GuardedRoute, area
from api.scopes import ROLE_SCOPES, SCOPES, public, requires
from api.workplace.framing import PageRoute
from audit.records.access import Role
from tests.api.conftest import Frame


def all_routes(web: Frame) -> list[GuardedRoute]:
    found = list(web.client.app.routes)  # type: ignore[attr-defined]
    assert all(isinstance(route, GuardedRoute) for route in found)
    return found


def test_every_route_states_a_scope_or_why_it_needs_none(web: Frame) -> None:
    for route in all_routes(web):
        if route.guard.scope is None:
            assert len(route.guard.reason) > 10, route.path
            assert not route.path.startswith("/v1/") or "signature" in route.guard.reason
        else:
            assert route.guard.scope in SCOPES and route.path.startswith(("/v1/", "/app"))


def test_a_route_without_a_scope_is_refused() -> None:
    router = area("Test", "/test")
    with pytest.raises(ValueError, match="state a scope"):
        router.get("/open")(lambda: None)
    with pytest.raises(ValueError, match="state a scope"):
        router.get("/two", dependencies=[requires("keys:read"), public("test")])(lambda: None)
    with pytest.raises(ValueError, match="no scope 'keys:eat'"):
        requires("keys:eat")


def test_an_app_takes_no_router_of_another_make(
    web: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = APIRouter()
    plain.get("/open")(lambda: None)
    monkeypatch.setattr(routes, "ROUTERS", (*routes.ROUTERS, plain))
    with pytest.raises(TypeError, match="states no scope"):
        create_app(web.service)


def test_every_route_refuses_other_roles_and_strangers(web: Frame) -> None:
    keys = {role: web.key_of(role.value) for role in Role}
    for route in all_routes(web):
        if isinstance(route, PageRoute):
            continue  # tests/api/workplace walks these
        if route.guard.scope is None:
            continue
        path = route.path.replace("{", "").replace("}", "")
        for method in route.methods or ():
            assert web.send(method, path).status_code == 401
            for role, key in keys.items():
                # A body that is no JSON: who may not, is told so before it is read.
                answer = web.send(method, path, key, content=b"{", headers={})
                refused = route.guard.scope not in ROLE_SCOPES[role]
                assert (answer.status_code == 403) == refused, (method, path, role)
                assert answer.status_code < 500


def test_scopes_are_known_and_held_by_someone() -> None:
    held = frozenset[str]().union(*ROLE_SCOPES.values())
    assert held == set(SCOPES)
    assert set(ROLE_SCOPES) == set(Role)


def test_roles_hold_no_more_than_they_need() -> None:
    platform, compliance = ROLE_SCOPES[Role.PLATFORM], ROLE_SCOPES[Role.COMPLIANCE]
    auditor, admin = ROLE_SCOPES[Role.AUDITOR], ROLE_SCOPES[Role.ADMIN]
    assert all(scope.endswith(":read") for scope in auditor)
    assert not [s for s in auditor if s.split(":")[0] in ("media", "demographics", "candidates")]
    assert [r for r, s in ROLE_SCOPES.items() if "reviews:decide" in s] == [Role.COMPLIANCE]
    assert [r for r, s in ROLE_SCOPES.items() if "keys:write" in s] == [Role.ADMIN]
    assert [r for r, s in ROLE_SCOPES.items() if "media:content" in s] == [Role.COMPLIANCE]
    assert "media:content" not in platform and "identities:compare" not in compliance
    assert [r for r, s in ROLE_SCOPES.items() if "checks:write" in s] == [
        Role.PLATFORM,
        Role.COMPLIANCE,
    ]
    assert not any(s.startswith(("media", "candidates", "demographics")) for s in admin)
    assert "demographics:read" not in SCOPES
