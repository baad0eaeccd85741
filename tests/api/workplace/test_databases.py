"""Signing in and the first pages on each kind of database."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text

from api.workplace import users
from audit.records.access import Role
from audit.records.users import User
from audit.store import Store
from tests.api.conftest import Frame
from tests.api.workplace.conftest import Office
from tests.api.world import World


def test_a_person_signs_in_and_opens_each_list(both: Frame) -> None:
    world = World(both, "acme")
    office = Office(both.service, world, world)
    world.review()
    world.check()
    person = office.signed_in("compliance")
    for path in ("/app", "/app/review", "/app/interviews"):
        assert person.get(path).status_code == 200
    assert person.post("/app/sign-out").status_code == 303
    assert person.get("/app").status_code == 303


def test_an_administrator_invites_disables_and_opens_each_part(both: Frame) -> None:
    world = World(both, "acme")
    office = Office(both.service, world, world)
    world.delivery()
    world.hold()
    world.policy()
    admin = office.signed_in("admin")
    parts = (
        "users",
        "keys",
        "webhooks",
        "policies",
        "retention",
        "retention/due",
        "retention/holds",
    )
    for part in parts:
        assert admin.get(f"/app/settings/{part}").status_code == 200, part
    other = office.person("admin", name="second-admin")
    path = f"/app/settings/users/{other.id}"
    assert admin.post(f"{path}/disable", {"sure": "yes"}).status_code == 303
    taken = admin.post("/app/settings/users", {"name": "second-admin", "role": "auditor"})
    assert taken.status_code == 422 and 'id="fault-name"' in taken.text
    assert admin.post("/app/settings/users", {"name": "ann", "role": "auditor"}).status_code == 200
    new = {"name": "Ours", "role": "auditor", "scopes": "flags:read"}
    assert 'id="made"' in admin.post("/app/settings/keys", dict(new)).text


@pytest.mark.parametrize("way", ["disable", "role", "link"])
def test_two_administrators_who_end_each_other_leave_one(both: Frame, way: str) -> None:
    if both.service.store.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    world = World(both, "acme")
    office = Office(both.service, world, world)
    first, second = (
        office.signed_in("admin", name="first"),
        office.signed_in("admin", name="second"),
    )
    answers: list[int] = []
    path = f"/app/settings/users/{first.id}/{way}"
    form = {"sure": "yes", "sure_link": "yes", "role": "auditor"}

    def back() -> None:
        answers.append(second.post(path, dict(form)).status_code)

    other = threading.Thread(target=back)
    with both.service.store.unit("acme", actor=first.id) as unit:
        user = unit.get(User, second.id)
        users.refuse_last(unit, user)
        users.disable(unit, user)
        other.start()
        while other.is_alive() and not _waits(both.service.store):
            other.join(0.02)
    other.join()
    assert answers == [422]
    with both.service.store.reading("acme") as unit:
        left = unit.get(User, first.id)
    assert left.disabled_at is None and left.role is Role.ADMIN and left.password_hash is not None


def _waits(store: Store) -> bool:
    """Whether a transaction waits for another's turn."""
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with store.system(read_only=True) as connection:
        return bool(connection.execute(text(waiting)).scalar_one())
