"""Templates of references: stored sealed, opened for comparison, made anew where a model changed.

A template is the vector of one segment of a reference's recording in one *space*: the network, its
pre-processing and its weights. Vectors of different spaces are never compared, so what a replaced
model left is read by nothing. It is made anew from the recording when it is next needed
(`lacking`), and removed where the recording is gone (`drop_outdated`). Templates end with their
reference's consent and time, and go with it; the candidate's data key seals them.

Faces and voices are stored turned by the organisation's transform, and come back turned: lengths
and angles between them are what they were. Callers name spaces as the network does; the space of a
stored template has the transform's name behind it, so that what was stored under a revoked one is
read by nothing, as if its model had been replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from audit.errors import CiphertextInvalid, InputError
from audit.ids import new_id
from audit.interview import Floats
from audit.keyring import Context
from audit.ledger import EventKind
from audit.operations import transforms
from audit.operations.consents import in_force
from audit.operations.references import references_in_force
from audit.records.biometrics import Modality, Template
from audit.records.evidence import Media, MediaState, Reference
from audit.records.register import Consent, Interview
from audit.records.searches import Transform
from audit.store import ReadUnit, UnitOfWork
from audit.template_rotation import Rotation

PURPOSE = "biometric_template"
Spaces = Mapping[Modality, str]
"""The space that is in use now, by modality."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A template before it is sealed. Fields as in `Template`; `vector` (d,) float32, finite."""

    modality: Modality
    space: str
    segment: int
    start_s: float
    end_s: float
    amount: float
    quality: float
    conditions: Mapping[str, float]
    vector: Floats


@dataclass(frozen=True, slots=True)
class Opened:
    """A template with its vector (d,) float32. Keep it no longer than it is needed."""

    template: Template
    vector: Floats


def enrol(
    unit: UnitOfWork, reference: Reference, made: Sequence[Made], spaces: Spaces
) -> tuple[Template, ...]:
    """Stores templates of a reference in the place of those that it had in these modalities.

    Raises:
        InputError: a template is not of the space in use, or its vector is not finite.
    """
    for each in made:
        if spaces.get(each.modality) != each.space or not np.isfinite(each.vector).all():
            raise InputError("A template must be finite and of the space that is in use.")
    for held in unit.every(Template, reference_id=reference.id, modality=tuple(spaces)):
        unit.remove(held)
    when = recorded_at(unit, reference)
    transform = transforms.active(unit) or transforms.issue(unit)
    stored = tuple(_add(unit, reference, turned(unit, transform, each), when) for each in made)
    counts = {modality.value: 0 for modality in spaces}
    for template in stored:
        counts[template.modality.value] += 1
    unit.record(
        EventKind.REFERENCE_ENROLLED,
        reference.id,
        {
            "templates": dict(counts),
            "spaces": sorted(set(spaces.values())),
            "transform": transform.id,
        },
    )
    return stored


def _add(unit: UnitOfWork, reference: Reference, made: Made, when: datetime) -> Template:
    id = new_id("tpl")
    plain = np.ascontiguousarray(made.vector, "<f4").tobytes()
    return unit.add(
        Template(
            id=id,
            candidate_id=reference.candidate_id,
            reference_id=reference.id,
            modality=made.modality,
            space=made.space,
            segment=made.segment,
            start_s=made.start_s,
            end_s=made.end_s,
            amount=made.amount,
            quality=made.quality,
            conditions=dict(made.conditions),
            recorded_at=when,
            expires_at=reference.expires_at,
            sealed=unit.ring.seal(_context(unit.tenant, reference.candidate_id, id), plain),
        )
    )


def turned(unit: ReadUnit, transform: Transform, made: Made) -> Made:
    """A template as it is stored: faces and voices turned, in the space of the transform."""
    if made.modality is Modality.SCENE:
        return made
    rotation = Rotation(transforms.secret_of(unit, transform), made.space, len(made.vector))
    space = transforms.space_under(made.space, transform)
    return replace(made, space=space, vector=rotation.turned(made.vector))


def stored_spaces(unit: ReadUnit, spaces: Spaces) -> Spaces:
    """The spaces of templates that are stored now, for spaces as networks name them."""
    transform = transforms.active(unit)
    if transform is None:  # nothing was stored yet
        return spaces
    return {
        modality: space if modality is Modality.SCENE else transforms.space_under(space, transform)
        for modality, space in spaces.items()
    }


def recorded_at(unit: ReadUnit, reference: Reference) -> datetime:
    """When the recording was made: the interview's time, or else when it was stored."""
    media = unit.get(Media, reference.media_id)
    held = unit.find(Interview, id=media.interview_id) if media.interview_id else None
    return (held.held_at if held else None) or media.created_at


def opened(unit: ReadUnit, template: Template) -> Opened:
    """The template with its vector.

    Raises:
        DataKeyDestroyed: the candidate was erased.
        CiphertextInvalid: it was altered, or is not this candidate's.
    """
    return next(opened_each(unit, [template]))


def opened_each(unit: ReadUnit, held: Sequence[Template]) -> Iterator[Opened]:
    """As `opened`, one by one; each data key is looked up once for all of them."""
    sealed = [(_context(unit.tenant, t.candidate_id, t.id), t.sealed) for t in held]
    for template, plain in zip(held, unit.ring.open_each(sealed), strict=True):
        if len(plain) % 4:
            raise CiphertextInvalid("a template is no list of numbers")
        yield Opened(template, np.frombuffer(plain, "<f4").astype(np.float32))


def of_candidate(
    unit: ReadUnit, candidate_id: str, spaces: Spaces, at: datetime
) -> tuple[Opened, ...]:
    """A candidate's templates in the spaces in use, of references in force, the oldest first."""
    spaces = stored_spaces(unit, spaces)
    held = {each.id for each in references_in_force(unit, candidate_id, at)}
    found = unit.every(Template, candidate_id=candidate_id, space=tuple(spaces.values()))
    usable = [each for each in found if each.reference_id in held]
    usable.sort(key=lambda each: (each.recorded_at, each.reference_id, each.segment))
    return tuple(opened_each(unit, usable))


def gallery(unit: ReadUnit, space: str, at: datetime) -> Iterator[Opened]:
    """All templates of faces or voices in one space, of references whose consent holds, the oldest
    first.

    They are opened one by one, so that memory is the caller's to bound.
    """
    consents: dict[str, Consent | None] = {}
    references = {each.id: each for each in unit.every(Reference)}
    stored = stored_spaces(unit, {Modality.FACE: space})[Modality.FACE]
    for template in unit.every(Template, space=stored):
        reference = references.get(template.reference_id)
        if reference is not None and _holds(unit, reference, at, consents):
            yield opened(unit, template)


def _holds(
    unit: ReadUnit, reference: Reference, at: datetime, consents: dict[str, Consent | None]
) -> bool:
    id = reference.consent_id
    if id not in consents:
        consents[id] = unit.find(Consent, id=id)
    consent = consents[id]
    if reference.expires_at is not None and reference.expires_at <= at:
        return False
    return consent is not None and in_force(consent, at, consent.interview_id)


def lacking(
    unit: ReadUnit, candidate_id: str, spaces: Spaces, at: datetime
) -> tuple[tuple[Reference, Media], ...]:
    """References in force that have no template of the person in any space in use, with recordings
    still there.

    These are what was never enrolled, or enrolled with a model that was replaced. A recording
    without a usable face is not read again for it while its voice has a template; its scene does
    not count, which outlives a transform of faces and voices.
    """
    spaces = stored_spaces(unit, spaces)
    person = tuple(space for each, space in spaces.items() if each is not Modality.SCENE)
    found = []
    for reference in references_in_force(unit, candidate_id, at):
        media = unit.get(Media, reference.media_id)
        has = unit.count(Template, reference_id=reference.id, space=person)
        old = unit.every(Template, reference_id=reference.id, modality=tuple(spaces))
        outdated = any(each.space != spaces[each.modality] for each in old)
        if (not has or outdated) and media.state is MediaState.STORED:
            found.append((reference, media))
    return tuple(found)


def drop_outdated(unit: UnitOfWork, candidate_id: str, spaces: Spaces) -> int:
    """Removes templates of replaced models whose recordings are gone; returns how many."""
    spaces = stored_spaces(unit, spaces)
    done = 0
    for template in unit.every(Template, candidate_id=candidate_id, modality=tuple(spaces)):
        reference = unit.get(Reference, template.reference_id)
        media = unit.get(Media, reference.media_id)
        if template.space != spaces[template.modality] and media.state is not MediaState.STORED:
            unit.remove(template)
            done += 1
    return done


def described(templates: Iterable[Template]) -> list[dict[str, Any]]:
    """What a candidate is told of their templates: all but the vectors."""
    return [
        {
            "id": each.id,
            "reference_id": each.reference_id,
            "modality": each.modality.value,
            "space": each.space,
            "start_s": each.start_s,
            "end_s": each.end_s,
            "amount": each.amount,
            "quality": each.quality,
            "conditions": dict(each.conditions),
            "recorded_at": each.recorded_at.isoformat(),
            "expires_at": each.expires_at.isoformat() if each.expires_at else None,
        }
        for each in templates
    ]


def _context(tenant: str, candidate_id: str, id: str) -> Context:
    return Context(tenant=tenant, subject=candidate_id, artefact=id, purpose=PURPOSE)
