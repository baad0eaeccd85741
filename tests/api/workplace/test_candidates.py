"""Candidates on pages: found by reference; consents given and withdrawn; nobody else's data."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from audit.operations.comparisons import Band
from audit.records.evidence import Comparison
from audit.records.register import Consent
from tests.api.workplace.conftest import Office, Person


@pytest.fixture(scope="module")
def person(office: Office) -> Person:
    return office.signed_in("compliance", name="carla")


def test_a_candidate_is_found_by_the_whole_reference_and_no_other(
    office: Office, person: Person
) -> None:
    wanted, other = office.world.person().candidate, office.world.person().candidate
    page = person.get(f"/app/candidates?reference={wanted.external_ref}").text
    assert f"/app/candidates/{wanted.id}" in page and other.id not in page
    assert "No candidate has this reference" in person.get("/app/candidates?reference=none").text


def test_lists_of_candidates_are_paged(office: Office, person: Person) -> None:
    for _ in range(26):
        office.world.person()
    first = person.get("/app/candidates").text
    assert first.count('<th scope="row">') == 25
    older = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert '<th scope="row">' in person.get(older).text


def test_a_page_shows_the_sessions_of_its_person_alone(office: Office, person: Person) -> None:
    here, elsewhere = office.world.person(), office.world.person()
    page = person.get(f"/app/candidates/{here.candidate.id}").text
    assert f"/app/interviews/{here.interview.id}" in page
    assert elsewhere.interview.id not in page and elsewhere.candidate.external_ref not in page


def test_a_consent_is_withdrawn_only_when_that_is_confirmed(office: Office, person: Person) -> None:
    consent = office.world.person().consent
    path = f"/app/consents/{consent.id}/withdraw"

    def stored() -> Consent:
        with office.service.store.reading("acme") as unit:
            return unit.get(Consent, consent.id)

    refused = person.post(path)
    assert refused.status_code == 422 and 'id="fault-sure"' in refused.text
    assert stored().withdrawn_at is None
    assert person.post(path, {"sure": "yes"}).status_code == 303
    assert stored().withdrawn_at is not None


def test_a_consent_is_recorded_and_a_wrong_one_is_not(office: Office, person: Person) -> None:
    candidate = office.world.person().candidate
    path = f"/app/candidates/{candidate.id}"
    form: dict[str, object] = {
        "purpose": "media_analysis",
        "text_version": "words-7",
        "jurisdiction": "US-IL",
        "given_at": "2026-01-05",
        "reference": "envelope-1",
    }
    wrong = person.post(f"{path}/consents", {**form, "jurisdiction": "Illinois"})
    assert wrong.status_code == 422 and 'id="fault-jurisdiction"' in wrong.text
    late = person.post(f"{path}/consents", {**form, "given_at": "2199-01-05"})
    assert late.status_code == 422
    assert "words-7</span>" not in person.get(path).text
    assert person.post(f"{path}/consents", form).status_code == 303
    assert "words-7</span>" in person.get(path).text


def test_erasure_is_asked_for_from_the_page_and_does_not_happen_by_asking(
    office: Office, person: Person
) -> None:
    candidate = office.world.person().candidate
    form: dict[str, object] = {"candidate": candidate.id, "kind": "deletion", "channel": "letter"}
    made = person.post("/app/requests", form).headers["location"].partition("?")[0]
    page = person.get(f"/app/candidates/{candidate.id}").text
    assert made in page and candidate.external_ref in page


def test_a_session_says_what_was_compared_in_words(office: Office, person: Person) -> None:
    candidate, made = office.world.comparison()
    with office.service.store.unit("acme") as unit:
        asked = unit.get(Comparison, made)
        reference = asked.reference_ids[0]
        face = Band(
            reference_id=reference,
            modality="face",
            answer="same_person",
            support="moderate support",
        )
        voice = Band(
            reference_id=reference, modality="voice", answer="inconclusive", reason="too_short"
        )
        unit.put(replace(asked, bands=(face.plain(), voice.plain())))
    page = person.get(f"/app/candidates/{candidate}").text
    assert "Face: supports the same person (moderate support)" in page
    assert "Voice: inconclusive</p>" in page and "Biometric reference" in page


def test_a_link_to_the_persons_own_page_is_shown_once_and_taken_back(
    office: Office, person: Person
) -> None:
    candidate = office.world.person().candidate
    path = f"/app/candidates/{candidate.id}"
    assert person.post(f"{path}/links", {"lasts": "9y"}).status_code == 422
    made = person.post(f"{path}/links", {"lasts": "30d"}).text
    own = re.search(r'value="http[^"]*(/me/cpl_[^"]+)"', made)
    assert own is not None and own[1] not in person.get(path).text
    assert "1 link is open" in person.get(path).text
    stranger = person.client
    assert stranger.get(own[1]).status_code == 200
    assert person.post(f"{path}/links/end").status_code == 303
    assert stranger.get(own[1]).status_code == 404
    assert "link is open" not in person.get(path).text
