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
