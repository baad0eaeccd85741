"""From sealed templates to the thread report: persons divided by trait, in words and figures."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from api.tasks.thread_evidence import evidence_of
from audit.operations import references, templates
from audit.operations.references import NewReference
from audit.operations.templates import Made
from audit.records.biometrics import Modality
from audit.records.register import Candidate
from audit.store import Store
from reports.compose import thread
from reports.compose.thread_facts import Thread
from tests.evidence import TENANT, Shelf, wav
from tests.identity.test_thread import FACE, VOICE, segment
from tests.reports.compose.told import ISSUE

SPACES = {Modality.FACE: FACE, Modality.VOICE: VOICE}


@pytest.fixture
def shelf(store: Store, tmp_path: Path) -> Shelf:
    return Shelf.of(store, tmp_path)


def enrolled(shelf: Shelf, faces: str, voices: str) -> Candidate:
    """A candidate with a reference per letter, whose templates are of these persons."""
    candidate, _, consent = shelf.interview()
    assert consent is not None
    for number, (face, voice) in enumerate(zip(faces, voices, strict=True)):
        stored = shelf.reference(candidate, wav(hertz=200 + number))
        start = shelf.store.now()
        shelf.store.now = lambda start=start: start + timedelta(seconds=1)
        with shelf.store.unit(TENANT) as unit:
            new = NewReference(media_id=stored.id, consent_id=consent.id)
            reference = references.add_reference(unit, candidate.id, new)
            kept = [made("face", face, number), made("voice", voice, number)]
            templates.enrol(unit, reference, kept, SPACES)
    return candidate


def made(trait: str, person: str, number: int) -> Made:
    found = segment(trait, person, number)
    return Made(
        modality=Modality(found.trait),
        space=found.space,
        segment=0,
        start_s=found.start_s,
        end_s=found.end_s,
        amount=found.amount,
        quality=found.quality,
        conditions=found.conditions,
        vector=found.vector,
    )


def test_another_face_with_the_same_voice_is_told_apart(shelf: Shelf) -> None:
    candidate = enrolled(shelf, "AAAB", "AAAA")
    with shelf.store.reading(TENANT) as unit:
        found = evidence_of(unit, candidate.id, SPACES, shelf.store.now())
        other = evidence_of(unit, candidate.id, {Modality.FACE: "face/x/1/0"}, shelf.store.now())
    face, voice = found["divisions"]
    assert (face["said"], face["people"]) == ("several", [1, 1, 1, 2])
    assert (voice["said"], voice["people"]) == ("one", [1, 1, 1, 1])
    assert [(c["modality"], c["evidence"]["status"]) for c in found["changes"]] == [
        ("face", "review")
    ]
    assert found["changes"][0]["after"] == face["sessions"][3]
    assert len(found["pooled"]) == 4
    assert not other["divisions"]
    told = {
        "candidate": candidate.id,
        "sessions": [{"label": label} for label in face["sessions"]],
        "comparisons": [],
        **found,
    }
    Thread.model_validate(told)
    assert "division" in str(thread.compose(told, ISSUE))


def test_without_templates_nothing_is_said(shelf: Shelf) -> None:
    candidate, _, _ = shelf.interview()
    with shelf.store.reading(TENANT) as unit:
        found = evidence_of(unit, candidate.id, SPACES, shelf.store.now())
    assert found == {"divisions": [], "changes": [], "pooled": [], "scenes": []}
