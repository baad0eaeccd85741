"""Templates of references: sealed, of one space, made anew for a new model, gone on demand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from audit.errors import DataKeyDestroyed, InputError
from audit.operations import consents, disclosures, erasure, references, templates
from audit.operations.references import NewReference
from audit.operations.templates import Made
from audit.records.biometrics import Modality, Template
from audit.records.evidence import Reference
from audit.records.register import Consent
from audit.store import Store
from tests.evidence import TENANT, Shelf

FACE = "face/net/1/0123456789abcdef"
VOICE = "voice/net/1/0123456789abcdef"
SPACES = {Modality.FACE: FACE, Modality.VOICE: VOICE}


def made(modality: Modality = Modality.FACE, segment: int = 0, space: str | None = None) -> Made:
    """A template of a direction that is told by its segment."""
    vector = np.full(8, 1.0 + segment, np.float32)
    return Made(
        modality=modality,
        space=space or SPACES[modality],
        segment=segment,
        start_s=0.0,
        end_s=2.0,
        amount=3.0,
        quality=0.5,
        conditions={"size_px": 120.0},
        vector=vector,
    )


@pytest.fixture
def shelf(store: Store, tmp_path: Path) -> Shelf:
    return Shelf.of(store, tmp_path)


@pytest.fixture
def kept(shelf: Shelf) -> tuple[Consent, Reference]:
    """A reference with two faces and a voice."""
    candidate, _, consent = shelf.interview()
    assert consent is not None
    stored = shelf.reference(candidate)
    with shelf.store.unit(TENANT) as unit:
        new = NewReference(media_id=stored.id, consent_id=consent.id)
        reference = references.add_reference(unit, candidate.id, new)
        given = [made(), made(segment=1), made(Modality.VOICE)]
        templates.enrol(unit, reference, given, SPACES)
    return consent, reference


def test_a_template_comes_back_as_it_was_made(
    shelf: Shelf, kept: tuple[Consent, Reference]
) -> None:
    _, reference = kept
    with shelf.store.reading(TENANT) as unit:
        found = templates.of_candidate(unit, reference.candidate_id, SPACES, shelf.store.now())
        faces = list(templates.gallery(unit, FACE, shelf.store.now()))
    assert [(o.template.modality.value, o.template.segment) for o in faces] == [
        ("face", 0),
        ("face", 1),
    ]
    assert len(found) == 3
    plain = np.stack([made(segment=0).vector, made(segment=1).vector])
    held = np.stack([each.vector for each in faces])
    np.testing.assert_allclose(held @ held.T, plain @ plain.T, rtol=1e-5)
    assert np.abs(held - plain).max() > 0.1  # turned
    assert "reference_enrolled" in shelf.events(reference.id)


def test_the_row_holds_no_number_of_the_vector(
    shelf: Shelf, kept: tuple[Consent, Reference]
) -> None:
    plain = made().vector.tobytes()
    with shelf.store.reading(TENANT) as unit:
        held = unit.every(Template)
    assert len(held) == 3
    assert not any(plain[:16] in each.sealed for each in held)
    assert not any("sealed" in repr(each) for each in held)


def test_vectors_of_a_replaced_model_are_not_read_and_are_made_anew(
    shelf: Shelf, kept: tuple[Consent, Reference]
) -> None:
    _, reference = kept
    candidate, now = reference.candidate_id, shelf.store.now()
    fresh = {**SPACES, Modality.FACE: "face/net/2/fedcba9876543210"}
    with shelf.store.unit(TENANT) as unit:
        assert templates.lacking(unit, candidate, SPACES, now) == ()
        assert [r.id for r, _ in templates.lacking(unit, candidate, fresh, now)] == [reference.id]
        assert not list(templates.gallery(unit, fresh[Modality.FACE], now))
        read = templates.of_candidate(unit, candidate, fresh, now)
        assert [o.template.modality for o in read] == [Modality.VOICE]
        again = [made(space=fresh[Modality.FACE]), made(Modality.VOICE)]
        templates.enrol(unit, reference, again, fresh)
        assert unit.count(Template, space=FACE) == 0
        assert templates.lacking(unit, candidate, fresh, now) == ()


def test_a_template_of_another_space_is_refused(
    shelf: Shelf, kept: tuple[Consent, Reference]
) -> None:
    _, reference = kept
    with pytest.raises(InputError), shelf.store.unit(TENANT) as unit:
        templates.enrol(unit, reference, [made(space="face/other/1/00")], SPACES)


def test_templates_end_with_their_consent(shelf: Shelf, kept: tuple[Consent, Reference]) -> None:
    consent, _ = kept
    with shelf.store.unit(TENANT) as unit:
        consents.withdraw_consent(unit, consent)
        assert unit.count(Template) == 0


def test_templates_go_with_their_reference_by_whatever_way(
    shelf: Shelf, kept: tuple[Consent, Reference]
) -> None:
    with shelf.store.unit(TENANT) as unit:
        unit.connection.execute(text("DELETE FROM biometric_references"))
        assert unit.count(Template) == 0


def test_erasing_a_candidate_takes_templates_and_their_key(
    shelf: Shelf, kept: tuple[Consent, Reference]
) -> None:
    _, reference = kept
    with shelf.store.unit(TENANT) as unit:
        copy = unit.every(Template)[0]
        told = templates.described([copy])
        assert erasure.erase_candidate(unit, reference.candidate_id).complete
        assert unit.count(Template) == 0
        with pytest.raises(DataKeyDestroyed):
            templates.opened(unit, copy)
    assert "sealed" not in told[0]


def test_another_tenant_sees_none(shelf: Shelf, kept: tuple[Consent, Reference]) -> None:
    with shelf.store.unit("other") as unit:
        assert not list(templates.gallery(unit, FACE, shelf.store.now()))


def test_a_candidate_is_told_of_templates_without_their_numbers(
    shelf: Shelf, kept: tuple[Consent, Reference]
) -> None:
    _, reference = kept
    with shelf.store.unit(TENANT) as unit:
        export = disclosures._export(unit, reference.candidate_id)
    assert {each["modality"] for each in export.templates} == {"face", "voice"}
    assert not any("sealed" in each for each in export.templates)
