"""Signing in and the first pages on each kind of database."""

from __future__ import annotations

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
