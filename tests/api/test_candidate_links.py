"""Links to candidates' own pages: made once, signed, listed without tokens, ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from audit.errors import CandidateErased, NotFound
from audit.operations import candidate_links
from audit.operations.erasure import erase_candidate
from audit.operations.register import NewCandidate, create_candidate
from audit.records.oversight import CandidateLink
from audit.records.register import Candidate, Stopped
from audit.store import Store
from audit.store.public import forget_links, organisation_of_candidate_link
from tests.api.conftest import Frame
from tests.api.world import World, served


@pytest.fixture
def light(light_store: Store, tmp_path: Path) -> Iterator[Frame]:
    made = served(light_store, tmp_path)
    with made.client:
        yield made


@pytest.fixture
def world(light: Frame) -> World:
    return World(light, "acme")


def entries(world: World, subject: str) -> list[tuple[str, str, dict[str, object]]]:
    """Kind, actor and body of each entry about a subject."""
    world.store.seal(world.tenant)
    with world.store.stored_log(world.tenant) as log:
        return [
            (each.kind.value, each.actor, dict(each.body))
            for each in log.entries()
            if each.subject == subject
        ]


def test_a_link_is_shown_once_listed_without_its_address_and_taken_back(world: World) -> None:
    candidate = world.someone.candidate.id
    key = world.keys["platform"]
    made = world.frame.send("POST", f"/v1/candidates/{candidate}/links", key, json={})
    assert made.status_code == 201
    body = made.json()
    token = body["path"].removeprefix("/me/")
    assert candidate_links.link_of(token) == body["id"] and body["language"] == "en"
    listed = world.frame.send("GET", f"/v1/candidates/{candidate}/links", key)
    assert [each["id"] for each in listed.json()["items"]] == [body["id"]]
    assert token.partition(".")[2] not in listed.text
    with world.store.reading("acme") as unit:
        link = unit.get(CandidateLink, body["id"])
        assert link.created_at is not None
        lasts = link.expires_at - link.created_at
        assert abs(lasts - timedelta(days=90)) < timedelta(seconds=5)
        found = candidate_links.opened(unit, token, world.store.now())
        assert found.candidate.id == candidate and len(found.form_token) == 43
    path = f"/v1/candidates/{candidate}/links/{body['id']}"
    for _ in range(2):
        assert world.frame.send("DELETE", path, key).status_code == 204
    with world.store.reading("acme") as unit, pytest.raises(NotFound):
        candidate_links.opened(unit, token, world.store.now())
    kinds = [kind for kind, _, told in entries(world, candidate) if told.get("link") == body["id"]]
    assert kinds == ["candidate_linked", "candidate_link_revoked"]


def test_a_repeated_request_gives_the_same_link_once(world: World) -> None:
    candidate = world.someone.candidate.id
    path, key = f"/v1/candidates/{candidate}/links", world.keys["compliance"]
    headers = {"Idempotency-Key": "once"}
    first, again = (
        world.frame.send("POST", path, key, json={"language": "de"}, headers=headers)
        for _ in range(2)
    )
    assert first.json() == again.json() and first.json()["language"] == "de"
    with world.store.reading("acme") as unit:
        assert unit.count(CandidateLink, candidate_id=candidate) == 1


@pytest.mark.parametrize("lasts", [3599, 31_536_001])
def test_how_long_a_link_lasts_has_limits(world: World, lasts: int) -> None:
    path = f"/v1/candidates/{world.someone.candidate.id}/links"
    answer = world.frame.send("POST", path, world.keys["platform"], json={"expires_in": lasts})
    assert answer.status_code == 422


def test_a_token_that_is_changed_ended_or_anothers_leads_nowhere(world: World) -> None:
    candidate, id, token = world.own_page()
    now = world.store.now()
    name, _, mac = token.partition(".")
    other = World(world.frame, "globex").own_page()[2]
    swapped = f"{other.partition('.')[0]}.{mac}"
    with world.store.reading("acme") as unit:
        assert candidate_links.opened(unit, token, now).candidate.id == candidate
        for wrong in (f"{name}.{'A' * 43}", swapped, other, token[:-1], f"{token}x", "", name):
            with pytest.raises(NotFound):
                candidate_links.opened(unit, wrong, now)
        with pytest.raises(NotFound):
            candidate_links.opened(unit, token, now + timedelta(days=91))
    assert organisation_of_candidate_link(world.store, id).tenant == "acme"  # type: ignore[union-attr]
    assert forget_links(world.store, now + timedelta(days=91)) == 2
    assert organisation_of_candidate_link(world.store, id) is None


def test_a_link_dies_with_the_candidates_data(world: World) -> None:
    candidate, id, token = world.own_page()
    with world.store.unit("acme") as unit:
        assert erase_candidate(unit, candidate).complete
    with world.store.reading("acme") as unit:
        assert unit.find(CandidateLink, id=id) is None
        with pytest.raises(NotFound):
            candidate_links.opened(unit, token, world.store.now())
    with world.store.unit("acme") as unit, pytest.raises(CandidateErased):
        candidate_links.make_link(unit, candidate)
    assert organisation_of_candidate_link(world.store, id) is None


def test_the_language_is_that_of_letters_or_english(world: World) -> None:
    for locale, wanted in (("es-MX", "es"), ("fr", "en"), ("de", "de")):
        with world.store.unit("acme") as unit:
            new = NewCandidate(external_ref=world.ref("reader"), locale=locale)
            person = create_candidate(unit, new)
            link, _ = candidate_links.make_link(unit, person.id)
            assert link.language == wanted


def test_both_databases_keep_links_of_one_tenant_from_another(both: Frame) -> None:
    store = both.service.store
    with store.unit("acme") as unit:
        candidate = create_candidate(unit, NewCandidate(external_ref="a-1"))
        link, token = candidate_links.make_link(unit, candidate.id)
    page = both.client.get(f"/me/{token}")
    assert page.status_code == 200 and "Acme" in page.text
    form = page.text.partition('name="token" value="')[2].partition('"')[0]
    done = both.client.post(
        f"/me/{token}/ask/opt_out", data={"token": form}, follow_redirects=False
    )
    assert done.status_code == 303
    with store.unit("globex") as unit:
        assert unit.find(CandidateLink, id=link.id) is None
        unit.remove(link)
    with store.reading("acme") as unit:
        assert unit.get(CandidateLink, link.id) == link
        assert unit.get(Candidate, candidate.id).stopped is Stopped.OPTED_OUT
