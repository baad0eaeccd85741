"""Transforms of templates: revoked, templates are useless; enrolled anew, all is as before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audit.errors import DataKeyDestroyed
from audit.interview import Floats
from audit.operations import references, templates, transforms
from audit.operations.references import NewReference
from audit.operations.templates import Made, Spaces
from audit.records.biometrics import Modality, Template
from audit.records.evidence import Reference
from audit.records.searches import Transform, TransformState
from audit.store import Store
from tests.evidence import TENANT, Shelf

FACE = "face/net/1/0123456789abcdef"
SPACES: Spaces = {Modality.FACE: FACE}
PEOPLE = 4


def pictures(seed: int) -> Floats:
    """One unit vector of each person, with noise."""
    people = np.random.default_rng(1).standard_normal((PEOPLE, 64))
    noisy = people + 0.3 * np.random.default_rng(seed).standard_normal((PEOPLE, 64))
    return (noisy / np.linalg.norm(noisy, axis=1, keepdims=True)).astype(np.float32)


def template(vector: Floats) -> Made:
    return Made(
        modality=Modality.FACE,
        space=FACE,
        segment=0,
        start_s=0.0,
        end_s=2.0,
        amount=3.0,
        quality=0.5,
        conditions={},
        vector=vector,
    )


@pytest.fixture
def shelf(store: Store, tmp_path: Path) -> Shelf:
    return Shelf.of(store, tmp_path)


@pytest.fixture
def kept(shelf: Shelf) -> list[Reference]:
    """References of several people, enrolled."""
    found = []
    for number, vector in enumerate(pictures(seed=2)):
        candidate, _, consent = shelf.interview(f"applicant-{number}")
        assert consent is not None
        stored = shelf.reference(candidate)
        with shelf.store.unit(TENANT) as unit:
            new = NewReference(media_id=stored.id, consent_id=consent.id)
            reference = references.add_reference(unit, candidate.id, new)
            templates.enrol(unit, reference, [template(vector)], SPACES)
        found.append(reference)
    return found


def found_first(asked: Floats, stored: Floats) -> float:
    """Share of people whose own template is the likest."""
    return float(np.mean(np.argmax(asked @ stored.T, axis=1) == np.arange(PEOPLE)))


def under(shelf: Shelf, transform: Transform, vectors: Floats) -> Floats:
    """Later pictures as they are compared under a transform."""
    with shelf.store.reading(TENANT) as unit:
        return np.stack(
            [templates.turned(unit, transform, template(each)).vector for each in vectors]
        )


def gallery(shelf: Shelf) -> Floats:
    with shelf.store.reading(TENANT) as unit:
        return np.stack([o.vector for o in templates.gallery(unit, FACE, shelf.store.now())])


def test_revoking_makes_references_useless_and_enrolling_anew_restores_them(
    shelf: Shelf, kept: list[Reference]
) -> None:
    later = pictures(seed=3)
    with shelf.store.reading(TENANT) as unit:
        old = transforms.active(unit)
        copies = unit.every(Template)  # what a thief took before
    assert old is not None
    stolen = gallery(shelf)
    before = found_first(under(shelf, old, later), stolen)
    assert before == found_first(later, pictures(seed=2)) == 1.0

    with shelf.store.unit(TENANT) as unit:
        new = transforms.renew(unit, "a backup was lost")
        assert unit.count(Template) == 0
        waiting = [templates.lacking(unit, each.candidate_id, SPACES, unit.now()) for each in kept]
        assert [r.id for found in waiting for r, _ in found] == [each.id for each in kept]
        with pytest.raises(DataKeyDestroyed):
            transforms.secret_of(unit, old)
    mated = np.einsum("nd,nd->n", under(shelf, new, later), stolen)
    assert np.abs(mated).max() < 0.6  # 4.8 standard deviations of chance; they were above .8

    for reference, vector in zip(kept, pictures(seed=2), strict=True):
        with shelf.store.unit(TENANT) as unit:
            templates.enrol(unit, reference, [template(vector)], SPACES)
    assert found_first(under(shelf, new, later), gallery(shelf)) == before
    assert {each.space for each in copies} == {f"{FACE}/{old.id}"}
    assert shelf.events(old.id) == ["transform_issued", "transform_revoked"]
    with shelf.store.reading(TENANT) as unit:
        revoked = unit.get(Transform, old.id)
        assert (revoked.state, revoked.reason) == (TransformState.REVOKED, "a backup was lost")
        assert transforms.active(unit) == unit.get(Transform, new.id)
    assert "sealed" not in repr(revoked)


def test_each_tenant_has_a_transform_of_its_own(shelf: Shelf, kept: list[Reference]) -> None:
    del kept
    with shelf.store.unit("globex") as unit:
        assert transforms.active(unit) is None
        theirs = transforms.issue(unit)
        secret = transforms.secret_of(unit, theirs)
    with shelf.store.reading(TENANT) as unit:
        own = transforms.active(unit)
        assert own is not None
        assert transforms.secret_of(unit, own) != secret
        assert unit.find(Transform, id=theirs.id) is None
