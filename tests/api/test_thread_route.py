"""The thread of a candidate over HTTP: bands in words, under consent, recorded and bounded."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from audit.operations import consents, references, templates, threads
from audit.operations.references import NewReference
from audit.records.biometrics import Modality, Template
from audit.records.evidence import Reference
from audit.records.register import Candidate, Consent, Stopped
from audit.store import Store
from tests.api.conftest import Frame
from tests.api.test_thread_evidence import SPACES, enrolled, made
from tests.evidence import TENANT, Shelf, wav


@pytest.fixture
def web(store: Store, frame_of: Callable[..., Frame]) -> Frame:
    return frame_of(store, comparisons_per_minute=1000)


def shelf_of(web: Frame) -> Shelf:
    service = web.service
    return Shelf(service.settings, service.store, service.vault, service.intake)


def path(candidate: Candidate) -> str:
    return f"/v1/identities/{candidate.id}/thread"


def test_another_face_with_the_same_voice_is_told_in_words(web: Frame) -> None:
    shelf = shelf_of(web)
    candidate = enrolled(shelf, "AAAB", "AAAA")
    answer = web.send("GET", path(candidate), web.key_of("platform"))
    assert answer.status_code == 200, answer.text
    assert '"compare"' in answer.headers["ratelimit"]
    body = answer.json()
    assert body["summary"] == (
        "By face, sessions 1-3 are of one person and session 4 is of another. By voice, sessions "
        "1-4 are of the same person."
    )
    face, voice = body["traits"]
    assert [each["person"] for each in face["people"]] == [1, 1, 1, 2]
    assert [each["answer"] for each in face["changes"]] == ["no_change", "no_change", "change"]
    assert len(face["pairs"]) == 6 and len(face["pooled"]) == 2
    last = face["pooled"][-1]
    assert (last["against"], last["session"], last["answer"]) == ([1, 2, 3], 4, "different_people")
    assert last["support"].endswith("support") and last["limit"].endswith("support")
    assert {each["answer"] for each in voice["pairs"]} == {"same_person"}
    assert not re.search(r"log10|cosine|score|vector", answer.text)
    compliance = web.send("GET", path(candidate), web.key_of("compliance"))
    assert compliance.json() == body
    assert web.send("GET", path(candidate), web.key_of("auditor")).status_code == 403
    foreign = web.key_of("platform", "globex")
    assert web.send("GET", path(candidate), foreign).status_code == 404
    assert shelf.events(candidate.id).count("reference_compared") == 2


def test_what_has_no_consent_is_not_compared(web: Frame) -> None:
    shelf = shelf_of(web)
    candidate = enrolled(shelf, "AB", "AB")
    with shelf.store.unit(TENANT) as unit:
        [consent] = unit.every(Consent, candidate_id=candidate.id)
        consents.withdraw_consent(unit, consent)
    body = web.send("GET", path(candidate), web.key_of("platform")).json()
    assert (body["sessions"], body["traits"]) == ([], [])
    assert body["summary"].startswith("Too few sessions")
    with shelf.store.unit(TENANT) as unit:
        held = unit.get(Candidate, candidate.id)
        unit.put(replace(held, stopped=Stopped.OPTED_OUT))
    refused = web.send("GET", path(candidate), web.key_of("platform"))
    assert refused.json()["code"] == "processing_stopped"


def test_a_session_whose_law_is_not_met_is_left_out_and_says_why(web: Frame) -> None:
    shelf = shelf_of(web)
    candidate, interview, consent = shelf.interview("applicant-9", "US-IL")
    assert consent is not None
    stored = [shelf.recording(interview), shelf.reference(candidate)]
    with shelf.store.unit(TENANT) as unit:
        unsigned = unit.get(Consent, consent.id)
        unit.put(replace(unsigned, written=False))
        for number, each in enumerate(stored):
            new = NewReference(media_id=each.id, consent_id=consent.id)
            reference = references.add_reference(unit, candidate.id, new)
            templates.enrol(unit, reference, [made("face", "A", number)], SPACES)
    body = web.send("GET", path(candidate), web.key_of("platform")).json()
    by_interview = {each["interview_id"]: each["left_out"] for each in body["sessions"]}
    assert by_interview == {interview.id: "consent_missing", None: None}
    assert body["traits"][0]["answer"] == "too_few"


def test_models_never_mix_and_quality_counts(web: Frame) -> None:
    shelf = shelf_of(web)
    candidate = enrolled(shelf, "AAA", "AAA")
    with shelf.store.unit(TENANT) as unit:
        held = unit.every(Template, candidate_id=candidate.id, modality=Modality.FACE)
        unit.put(replace(held[0], space="face/dlib_resnet/0/ffff"))
        unit.put(replace(held[1], quality=0.05))
    face, voice = web.send("GET", path(candidate), web.key_of("platform")).json()["traits"]
    reasons = {each["session"]: each["reason"] for each in face["not_shown"]}
    assert reasons == {1: "another_model", 2: "low_quality"}
    assert (face["answer"], face["pairs"], voice["answer"]) == ("too_few", [], "one")


def test_different_sets_of_sessions_are_bounded_and_the_same_one_is_not(
    web: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = shelf_of(web)
    candidate = enrolled(shelf, "AA", "AA")
    key = web.key_of("platform")
    most = 4
    monkeypatch.setattr(threads, "MOST_A_DAY", most)
    names = iter(f"{number:016x}" for number in range(1000))
    real = threads._digest  # stands for sets that are made by adding and removing
    for _ in range(3):
        assert web.send("GET", path(candidate), key).status_code == 200
    monkeypatch.setattr(threads, "_digest", lambda _held: next(names))
    done = [web.send("GET", path(candidate), key).status_code for _ in range(most)]
    assert done == [200] * (most - 1) + [429]
    other = web.send("GET", path(candidate), web.key_of("compliance"))
    assert other.json()["code"] == "too_many_tries"
    monkeypatch.setattr(threads, "_digest", real)
    shelf.store.seal(TENANT)  # counted in the log as before in the inbox
    assert web.send("GET", path(candidate), key).status_code == 200
    monkeypatch.setattr(threads, "_digest", lambda _held: next(names))
    assert web.send("GET", path(candidate), key).status_code == 429
    later = shelf.store.now() + timedelta(hours=25)
    shelf.store.now = lambda: later
    with shelf.store.unit(TENANT) as unit:
        assert threads.read_thread(unit, candidate.id)


def test_different_sessions_are_bounded_too(web: Frame, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = shelf_of(web)
    candidate = enrolled(shelf, "AA", "AA")
    monkeypatch.setattr(threads, "MOST_A_DAY", 3)
    key = web.key_of("platform")
    assert web.send("GET", path(candidate), key).status_code == 200
    with shelf.store.unit(TENANT) as unit:
        for held in unit.every(Reference, candidate_id=candidate.id):
            references.remove_reference(unit, held)
        [consent] = unit.every(Consent, candidate_id=candidate.id)
    for number in (5, 6):
        stored = shelf.reference(candidate, wav(hertz=400 + number))
        with shelf.store.unit(TENANT) as unit:
            new = NewReference(media_id=stored.id, consent_id=consent.id)
            reference = references.add_reference(unit, candidate.id, new)
            templates.enrol(unit, reference, [made("face", "B", number)], SPACES)
    refused = web.send("GET", path(candidate), key)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_tries")


def test_of_many_sessions_the_newest_are_compared(
    web: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = shelf_of(web)
    monkeypatch.setattr(threads, "MOST_SESSIONS", 3)
    many = 4
    candidate = enrolled(shelf, "A" * many, "A" * many)
    body = web.send("GET", path(candidate), web.key_of("platform")).json()
    assert [each["left_out"] for each in body["sessions"]] == ["too_early"] + [None] * (many - 1)
    assert f"sessions 2-{many} are of the same person" in body["summary"]


def test_a_reference_that_was_not_enrolled_says_so(web: Frame, tmp_path: Path) -> None:
    shelf = shelf_of(web)
    candidate = enrolled(shelf, "A", "A")
    stored = shelf.reference(candidate, wav(hertz=900))
    with shelf.store.unit(TENANT) as unit:
        [held] = unit.every(Reference, candidate_id=candidate.id)
        new = NewReference(media_id=stored.id, consent_id=held.consent_id)
        references.add_reference(unit, candidate.id, new)
    body = web.send("GET", path(candidate), web.key_of("platform")).json()
    assert [each["left_out"] for each in body["sessions"]] == [None, "not_enrolled"]
    assert json.dumps(body).count("pairs") == 2
