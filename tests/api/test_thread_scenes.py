"""Rooms of a candidate's sessions in the service: sealed, told in words, gone with the rest."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from api.tasks import Bench
from api.tasks.enrol import _made, run_enrolment
from api.tasks.thread_evidence import evidence_of
from api.thread_views import view
from audit.inference import Models
from audit.operations import consents, erasure, references, templates, threads, transforms
from audit.operations.media import MediaOrder
from audit.operations.references import NewReference
from audit.operations.templates import Made
from audit.records.biometrics import Modality, Template
from audit.records.evidence import MediaKind
from audit.records.register import Candidate, Consent
from audit.store import Store
from identity.enrolment import GRAIN, ROOM, _scene
from identity.fixed_pattern import FixedPattern, packed
from identity.scene import SPACE
from reports.compose import thread
from reports.document.check import faults
from tests.api.conftest import Frame
from tests.api.test_thread_evidence import SPACES, made
from tests.audit.operations.test_erasure_traces import removed, traces
from tests.evidence import TENANT, Shelf, wav
from tests.identity.test_fixed_pattern import pattern, recorded
from tests.identity.test_scene import recording, room
from tests.reports.compose.told import ISSUE

EVERY = {**SPACES, Modality.SCENE: SPACE}
PROGRAM = "Quibbleworth Recorder 7"
ALIKE = (
    "What is behind the person looks alike; lit alike; files written alike (1 of 8 traces "
    "compared)."
)


@pytest.fixture
def shelf(store: Store, tmp_path: Path) -> Shelf:
    return Shelf.of(store, tmp_path)


def kept(
    shelf: Shelf,
    rooms: Sequence[np.ndarray | None],
    *,
    ref: str = "zo-1",
    grains: Sequence[FixedPattern] = (),
) -> Candidate:
    """A candidate with a session for each room; None: nothing of its room was kept."""
    candidate, _, consent = shelf.interview(ref)
    assert consent is not None
    for number, picture in enumerate(rooms):
        stored = shelf.reference(candidate, wav(hertz=200 + number))
        start = shelf.store.now()
        shelf.store.now = lambda start=start: start + timedelta(seconds=1)
        given = [made("face", "A", number), made("voice", "A", number)]
        if picture is not None:
            scene = _scene(recording(picture, encoder=PROGRAM))
            given.append(_made(scene))  # type: ignore[arg-type]
        given += [grain(each) for each in grains[number : number + 1]]
        with shelf.store.unit(TENANT) as unit:
            new = NewReference(media_id=stored.id, consent_id=consent.id)
            reference = references.add_reference(unit, candidate.id, new)
            templates.enrol(unit, reference, given, EVERY)
    return candidate


def grain(found: FixedPattern) -> Made:
    """Fine grain as it is kept."""
    return Made(
        modality=Modality.SCENE,
        space=SPACE,
        segment=GRAIN,
        start_s=0.0,
        end_s=1.0,
        amount=6.0,
        quality=1.0,
        conditions={"frame_width": float(found.width), "frame_height": float(found.height)},
        vector=packed(found),
    )


def test_rooms_are_told_in_words_and_divide_nobody(
    store: Store, frame_of: Callable[..., Frame]
) -> None:
    web = frame_of(store, comparisons_per_minute=1000)
    shelf = Shelf(web.service.settings, store, web.service.vault, web.service.intake)
    candidate = kept(shelf, [room(1), room(1), room(2, light=40.0), None])
    path = f"/v1/identities/{candidate.id}/thread"
    answer = web.send("GET", path, web.key_of("platform"))
    assert answer.status_code == 200, answer.text
    first, second, third = answer.json()["scenes"]
    assert (first["room"], first["light"], first["text"]) == ("alike", "alike", ALIKE)
    assert (second["before"], second["after"], second["room"]) == (2, 3, "different")
    assert (second["light"], second["files_differ_in"], second["reason"]) == ("different", [], None)
    assert (third["room"], third["reason"]) == ("inconclusive", "not_kept")
    assert PROGRAM not in answer.text and "correlation" not in answer.text
    foreign = web.key_of("platform", "globex")
    assert web.send("GET", path, foreign).status_code == 404
    with store.unit(TENANT) as unit:
        found = threads.read_thread(unit, candidate.id)
    bare = [
        replace(s, opened=tuple(o for o in s.opened if o.template.modality is not Modality.SCENE))
        for s in found
    ]
    assert view(candidate.id, found).traits == view(candidate.id, bare).traits
    assert {each.room for each in view(candidate.id, bare).scenes} == {"inconclusive"}


def test_fine_grain_is_told_in_words_sealed_and_erased(
    shelf: Shelf, database_url: str, tmp_path: Path
) -> None:
    grains = [pattern(range(6), 1), pattern(range(20, 26), 1), pattern(range(6), 2)]
    candidate = kept(shelf, [room(1)] * 3, grains=grains)
    with shelf.store.unit(TENANT) as unit:
        found = view(candidate.id, threads.read_thread(unit, candidate.id))
    assert [each.grain for each in found.scenes] == ["shared", "not_shared"]
    first, second = (each.text.removeprefix(ALIKE) for each in found.scenes)
    assert "same camera-and-scene" in first and second.endswith("which says nothing.")
    with shelf.store.reading(TENANT) as unit:
        held = unit.every(Template, candidate_id=candidate.id, segment=1)
        plain = templates.opened(unit, held[0]).vector.tobytes()
    marks = {"grain": plain[64:128], "sealed grain": held[0].sealed[40:72]}
    assert traces(shelf.store, database_url, tmp_path, marks) == {"sealed grain"}
    with shelf.store.unit(TENANT) as unit:
        assert erasure.erase_candidate(unit, candidate.id).complete
    removed(shelf, candidate.id)
    assert traces(shelf.store, database_url, tmp_path, marks) == set()


def test_the_thread_report_shows_rooms_beside_the_evidence(shelf: Shelf) -> None:
    candidate = kept(shelf, [room(1), room(2)])
    with shelf.store.reading(TENANT) as unit:
        found = evidence_of(unit, candidate.id, EVERY, shelf.store.now())
    labels = found["divisions"][0]["sessions"]
    told = {
        "candidate": candidate.id,
        "sessions": [{"label": label} for label in labels],
        "comparisons": [],
        **found,
    }
    document = thread.compose(told, ISSUE)
    assert not faults(document)
    [beside] = document.data["scenes"]
    assert [beside["before"], beside["after"]] == labels
    assert "looks different" in beside["text"]
    assert any(getattr(block, "id", "") == "scenes-all" for block in document.blocks)


def test_rooms_are_sealed_and_go_with_consent_and_candidate(
    shelf: Shelf, database_url: str, tmp_path: Path
) -> None:
    candidate = kept(shelf, [room(1)])
    with shelf.store.reading(TENANT) as unit:
        held = unit.find(Template, candidate_id=candidate.id, modality=Modality.SCENE)
        assert held is not None
        plain = templates.opened(unit, held).vector.tobytes()
    marks = {
        "room": plain[:64],
        "program": PROGRAM.encode(),
        "sealed room": held.sealed[40:72],
    }
    assert traces(shelf.store, database_url, tmp_path, marks) == {"sealed room"}
    with shelf.store.unit("other") as unit:
        assert not unit.every(Template)
    with shelf.store.unit(TENANT) as unit:
        assert erasure.erase_candidate(unit, candidate.id).complete
    removed(shelf, candidate.id)
    assert traces(shelf.store, database_url, tmp_path, marks) == set()
    again = kept(shelf, [room(1)], ref="zo-2")
    with shelf.store.unit(TENANT) as unit:
        [consent] = unit.every(Consent, candidate_id=again.id)
        consents.withdraw_consent(unit, consent)
        assert unit.count(Template, candidate_id=again.id) == 0


def test_enrolling_a_recording_keeps_its_room_and_its_grain(
    shelf: Shelf, models: Models, tmp_path: Path
) -> None:
    candidate, _, consent = shelf.interview()
    assert consent is not None
    made_of = recorded(tmp_path / "held.mp4", range(16), 1).source_path
    order = MediaOrder(candidate_id=candidate.id, kind=MediaKind.REFERENCE, name="held.mp4")
    stored = shelf.put(order, Path(made_of).read_bytes())
    with shelf.store.unit(TENANT) as unit:
        new = NewReference(media_id=stored.id, consent_id=consent.id)
        reference = references.add_reference(unit, candidate.id, new)
    bench = Bench(shelf.settings, shelf.store, shelf.vault, models=models)
    context = SimpleNamespace(
        tenant=TENANT,
        subject=reference.id,
        unit=lambda: shelf.store.unit(TENANT),
        completing=lambda: shelf.store.unit(TENANT),
    )
    run_enrolment(bench, cast("Any", context))
    with shelf.store.reading(TENANT) as unit:
        held = unit.every(Template, reference_id=reference.id)
        pictures = {each.segment: each.amount for each in held}
    assert {each.modality for each in held} == {Modality.SCENE}  # there is nobody in it
    assert pictures == {ROOM: 16.0, GRAIN: 12.0}
    assert list(Path(shelf.settings.storage.scratch_dir).iterdir()) == []


def test_a_room_does_not_stand_for_faces_that_a_transform_took(shelf: Shelf) -> None:
    candidate = kept(shelf, [room(1)])
    with shelf.store.unit(TENANT) as unit:
        transforms.renew(unit, "a backup was lost")
        left = [each.modality for each in unit.every(Template, candidate_id=candidate.id)]
        assert left == [Modality.SCENE]
        waiting = templates.lacking(unit, candidate.id, EVERY, shelf.store.now())
        assert len(waiting) == 1
        told = templates.described(unit.every(Template, candidate_id=candidate.id))
    assert told[0]["modality"] == "scene" and "sealed" not in json.dumps(told)
