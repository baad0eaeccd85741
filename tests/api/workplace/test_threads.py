"""A candidate's sessions together on pages: in words, within the budget of queries, for few."""

from __future__ import annotations

import pytest

from audit.operations import consents
from audit.records.register import Candidate, Consent
from tests.api.test_thread_evidence import enrolled
from tests.api.test_thread_scenes import kept
from tests.api.workplace.conftest import Office, Person
from tests.api.workplace.test_pages import MOST_QUERIES, counted
from tests.evidence import Shelf
from tests.identity.test_scene import room


@pytest.fixture(scope="module")
def person(office: Office) -> Person:
    return office.signed_in("compliance", name="tess")


@pytest.fixture(scope="module")
def candidate(office: Office) -> Candidate:
    service = office.service
    shelf = Shelf(service.settings, service.store, service.vault, service.intake)
    return enrolled(shelf, "AAB", "AAA")


def test_the_sentence_is_on_the_candidates_page(
    office: Office, person: Person, candidate: Candidate
) -> None:
    path = f"/app/candidates/{candidate.id}"
    page = person.get(path).text
    assert f'hx-get="{path}/thread" hx-trigger="load"' in page and f'href="{path}/thread"' in page
    said = "By face, sessions 1-2 are of one person and session 3 is of another. By voice, sessions"
    with counted(office) as seen:
        part = person.get(f"{path}/thread", headers={"HX-Request": "true"}).text
    assert said in part and "<html" not in part
    assert len(seen) <= MOST_QUERIES, seen
    office.service.store.seal("acme")
    whole = person.get(f"{path}/thread").text
    assert said in whole and "<html" in whole
    assert "From session 2 to 3: another person (" in whole and "log10" not in whole


def test_rooms_stand_beside_the_evidence(office: Office, person: Person) -> None:
    service = office.service
    shelf = Shelf(service.settings, service.store, service.vault, service.intake)
    candidate = kept(shelf, [room(1), room(2)], ref="with-rooms")
    page = person.get(f"/app/candidates/{candidate.id}/thread").text
    assert "Camera and scene" in page and "without a likelihood ratio" in page
    assert "Sessions 1 and 2: What is behind the person looks different" in page


def test_neither_an_auditor_nor_a_stranger_reads_it(office: Office, candidate: Candidate) -> None:
    path = f"/app/candidates/{candidate.id}/thread"
    auditor = office.signed_in("auditor", name="aude")
    stranger = office.signed_in("compliance", "globex", name="gus")
    assert (auditor.get(path).status_code, stranger.get(path).status_code) == (403, 404)


def test_where_nothing_may_be_compared_the_page_says_so(
    office: Office, person: Person, candidate: Candidate
) -> None:
    with office.service.store.unit("acme") as unit:
        for consent in unit.every(Consent, candidate_id=candidate.id):
            consents.withdraw_consent(unit, consent)
    page = person.get(f"/app/candidates/{candidate.id}/thread")
    assert page.status_code == 200 and "Too few sessions" in page.text
