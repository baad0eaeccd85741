"""Candidates with made templates, as a worker would have enrolled them."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from api.tasks.bench import Bench
from api.tasks.search import run_search
from audit.ids import new_id
from audit.interview import Floats
from audit.operations import templates
from audit.operations.templates import Made
from audit.records.biometrics import Modality
from audit.records.evidence import Media, MediaKind, Reference
from audit.records.register import Candidate, Consent, Interview
from audit.store import Store, UnitOfWork
from tests.audit.operations import registered

FACE = "face/dlib_resnet/1/0123456789abcdef"
VOICE = "voice/ge2e/1/0123456789abcdef"
SPACES = {Modality.FACE: FACE, Modality.VOICE: VOICE}
DIM = 128
OTHERS = 60


def people(count: int, *, seed: int = 3, dim: int = DIM) -> Floats:
    """Unit vectors of strangers, whose cosines are about 0.85 as those of the default network."""
    rng = np.random.default_rng(seed)
    centre = np.zeros(dim)
    centre[0] = 1.0
    own = rng.standard_normal((count, dim))
    own[:, 0] = 0.0
    own /= np.linalg.norm(own, axis=1, keepdims=True)
    return (np.sqrt(0.85) * centre + np.sqrt(0.15) * own).astype(np.float32)


def like(vector: Floats, *, seed: int = 9) -> Floats:
    """Another recording of the same person: a cosine of about 0.99."""
    moved = vector + 0.14 * np.random.default_rng(seed).standard_normal(len(vector)) / np.sqrt(
        len(vector)
    )
    return (moved / np.linalg.norm(moved)).astype(np.float32)


def made(modality: Modality, vector: Floats, segment: int = 0) -> Made:
    """A template of a segment."""
    return Made(
        modality=modality,
        space=SPACES[modality],
        segment=segment,
        start_s=0.0,
        end_s=2.0,
        amount=5.0,
        quality=0.8,
        conditions={},
        vector=vector,
    )


def enrol(
    unit: UnitOfWork,
    person: Candidate,
    consent: Consent,
    *vectors: Made,
    interview: Interview | None = None,
) -> Reference:
    """A reference with templates, of a recording whose bytes nobody asks for."""
    media = unit.add(
        Media(
            id=new_id("med"),
            candidate_id=person.id,
            interview_id=interview.id if interview else None,
            kind=MediaKind.RECORDING if interview else MediaKind.REFERENCE,
            media_type="video/mp4",
            size_bytes=1,
            sha256="0" * 64,
        )
    )
    reference = unit.add(
        Reference(
            id=new_id("ref"),
            candidate_id=person.id,
            media_id=media.id,
            consent_id=consent.id,
            expires_at=unit.now() + timedelta(days=30),
        )
    )
    templates.enrol(unit, reference, vectors, SPACES)
    return reference


def crowd(store: Store, tenant: str, vectors: Floats, **consent: Any) -> list[Candidate]:
    """A candidate for each vector of a face."""
    found = []
    with store.unit(tenant) as unit:
        for number, vector in enumerate(vectors):
            person = registered.candidate(unit, f"{new_id('ext')}-{number}", "US-NJ")
            given = registered.consent(unit, person, "biometric_comparison", **consent)
            enrol(unit, person, given, made(Modality.FACE, vector))
            found.append(person)
    return found


def session(store: Store, tenant: str, *vectors: Made, **consent: Any) -> Reference:
    """A new candidate with an interview, whose recording is kept as a reference."""
    with store.unit(tenant) as unit:
        person = registered.candidate(unit, new_id("ext"), "US-NJ")
        given = registered.consent(unit, person, "biometric_comparison", **consent)
        held = registered.interview(unit, person)
        return enrol(unit, person, given, *vectors, interview=held)


def searched(bench: Bench, tenant: str, search_id: str) -> None:
    """Does the job of a search."""
    context = SimpleNamespace(
        tenant=tenant,
        subject=search_id,
        unit=lambda: bench.store.unit(tenant),
        completing=lambda: bench.store.unit(tenant),
        check_cancelled=lambda: None,
        progress=lambda *_: None,
    )
    run_search(bench, cast("Any", context))
