"""Shared galleries: several organisations look among one another's candidates, each on a basis.

One organisation keeps the gallery and lets others in; each that takes part records its own basis.
Both have to be in force for whatever is put in, searched or found. What is put in are templates of
candidates whose consent has words that tell of this gallery, turned by the gallery's own transform
and sealed under the candidate's data key: they stay with the organisation that they are from, go
with the template that they were made from, and end with its consent, its transform, or the
membership. Others see an opaque identifier and a band (docs/decisions/0008).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, TypeVar

import numpy as np
from pydantic import Field, model_validator

from audit.canonical import Json
from audit.errors import NotFound, StepRefused
from audit.ids import new_id
from audit.interview import Floats
from audit.jobs import enqueue
from audit.keyring import Context
from audit.ledger import EventKind
from audit.ledger.entries import timestamp
from audit.operations import transforms
from audit.operations.inputs import Input, Line, Moment, Reference
from audit.operations.templates import opened
from audit.records.biometrics import Modality, Template
from audit.records.evidence import Reference as BiometricReference
from audit.records.register import Consent
from audit.records.searches import (
    Admission,
    Basis,
    Membership,
    SharedGallery,
    SharedSubject,
    SharedTemplate,
    Transform,
)
from audit.records.work import Queue
from audit.store import ReadUnit, Store, UnitOfWork
from audit.template_rotation import SECRET_BYTES, Rotation, moved

SHARE = "share_enrolled"
"""Kind of the job that puts in what was enrolled before; its subject is the membership."""
CLEAR = "clear_shared"
"""Kind of the job that removes what has no basis any more; its subject is a gallery."""

_SECRET, _TEMPLATE = "shared_gallery", "shared_template"
_B = TypeVar("_B", Admission, Membership)


class NewGallery(Input):
    """A gallery that several organisations are to search together."""

    name: Annotated[Line, Field(description="For people.", examples=["Agencies of the north"])]
    purpose: Annotated[
        str,
        Field(
            min_length=10,
            max_length=1000,
            description="What it is for, in words.",
            examples=["To notice one person who applies to several agencies under other names."],
        ),
    ]


class NewBasis(Input):
    """A recorded legal basis: on what it rests, who answers for it, and for how long."""

    legal_basis: Annotated[
        str,
        Field(
            min_length=10,
            max_length=1000,
            description="On what it rests, in words.",
            examples=["Explicit consent, Article 9(2)(a) GDPR; joint controllers, Article 26"],
        ),
    ]
    document: Annotated[
        Reference, Field(description="Where it is kept.", examples=["dpia-2026-03"])
    ]
    recorded_by: Annotated[
        Reference, Field(description="Who answers for it, opaque.", examples=["dpo-1"])
    ]
    from_at: Annotated[
        Moment, Field(description="From when on.", examples=["2026-03-01T00:00:00Z"])
    ]
    until_at: Annotated[Moment, Field(description="Until when.", examples=["2027-03-01T00:00:00Z"])]

    @model_validator(mode="after")
    def _in_order(self) -> NewBasis:
        if self.until_at <= self.from_at:
            raise ValueError("until_at has to lie after from_at")
        return self


class NewAdmission(NewBasis):
    """An organisation that is let into a shared gallery."""

    member: Annotated[
        Reference, Field(description="The organisation, as this service names it.", max_length=40)
    ]


class NewMembership(NewBasis):
    """Taking part in a shared gallery."""

    gallery_id: Annotated[
        str, Field(pattern=r"^gal_[0-9A-HJKMNP-TV-Z]{26}$", description="The shared gallery.")
    ]
    keeper: Annotated[
        Reference, Field(description="The organisation that keeps it.", max_length=40)
    ]
    consent_texts: Annotated[
        tuple[Reference, ...],
        Field(
            min_length=1,
            max_length=20,
            description="Versions of consents whose words tell of this gallery.",
            examples=[["shared-2026-03"]],
        ),
    ]


@dataclass(frozen=True, slots=True)
class Link:
    """A membership that holds on both sides. `members`: all who may take part now."""

    membership: Membership
    members: tuple[str, ...]
    secret: bytes = field(repr=False)


def open_gallery(unit: UnitOfWork, new: NewGallery) -> SharedGallery:
    """A new shared gallery, kept by this organisation, with a transform of its own."""
    id = new_id("gal")
    sealed = unit.ring.seal(_secret_of(unit.tenant, id), secrets.token_bytes(SECRET_BYTES))
    made = unit.add(SharedGallery(id=id, name=new.name, purpose=new.purpose, sealed=sealed))
    unit.record(EventKind.SHARED_GALLERY_CHANGED, id, {"open": True})
    return made


def close_gallery(unit: UnitOfWork, gallery: SharedGallery) -> None:
    """Closes a shared gallery for good: its transform's secret is destroyed. Again is no error.

    What is in it can never be compared again; a job removes it from all members.
    """
    if gallery.ended_at is not None:
        return
    unit.put(replace(gallery, ended_at=unit.now()))
    unit.ring.shred(unit.tenant, gallery.id)
    unit.record(EventKind.SHARED_GALLERY_CHANGED, gallery.id, {"open": False})
    enqueue(unit, kind=CLEAR, subject=gallery.id, queue=Queue.LIGHT)


def admit(unit: UnitOfWork, gallery: SharedGallery, new: NewAdmission) -> Admission:
    """Lets an organisation in, on a basis; an admission of it from before ends.

    Nothing is said of whether there is such an organisation. Raises `StepRefused` where the gallery
    is closed.
    """
    _need_open(gallery)
    for held in unit.every(Admission, gallery_id=gallery.id, member=new.member, ended_at=None):
        _end(unit, held)
    return _begin(unit, Admission(id=new_id("adm"), gallery_id=gallery.id, **dict(new)))


def end_admission(unit: UnitOfWork, admission: Admission) -> None:
    """Lets an organisation in no more: nothing of it is found at once, and a job removes it."""
    if admission.ended_at is None:
        _end(unit, admission)
        enqueue(unit, kind=CLEAR, subject=admission.gallery_id, queue=Queue.LIGHT)


def join(store: Store, unit: UnitOfWork, new: NewMembership) -> Membership:
    """Takes part in a shared gallery; what was enrolled before is put in by a job.

    Raises `NotFound` where there is no such gallery that lets this organisation in: one answer for
    all that may be the case.
    """
    found = Membership(id=new_id("mem"), **dict(new))
    if _secret(store, found, unit.tenant, unit.now()) is None:
        raise NotFound("There is no such gallery that lets this organisation in now.")
    for held in unit.every(Membership, gallery_id=new.gallery_id, ended_at=None):
        leave(unit, held)
    made = _begin(unit, found)
    enqueue(unit, kind=SHARE, subject=made.id, queue=Queue.LIGHT)
    return made


def leave(unit: UnitOfWork, membership: Membership) -> None:
    """Takes part no more. All that was put in is removed in this very transaction."""
    for subject in unit.every(SharedSubject, membership_id=membership.id):
        unit.remove(subject)
    if membership.ended_at is None:
        _end(unit, membership)


def links(store: Store, tenant: str, at: datetime) -> tuple[Link, ...]:
    """The shared galleries that an organisation takes part in, where both sides hold."""
    with store.reading(tenant) as unit:
        held = [each for each in unit.every(Membership, ended_at=None) if each.holds(at)]
    found = []
    for membership in held:
        secret = _secret(store, membership, tenant, at)
        if secret is not None:
            members = _members(store, membership, at)
            found.append(Link(membership, members, secret))
    return tuple(found)


def share(unit: UnitOfWork, link: Link, reference: BiometricReference) -> int:
    """Puts a reference's templates into a shared gallery; returns how many.

    None where the consent that it rests on does not tell of the gallery.
    """
    consent = unit.find(Consent, id=reference.consent_id)
    transform = transforms.active(unit)
    if (
        consent is None
        or transform is None
        or consent.text_version not in link.membership.consent_texts
    ):
        return 0
    traits = (Modality.FACE, Modality.VOICE)
    held = [
        each
        for each in unit.every(Template, reference_id=reference.id, modality=traits)
        if each.space.endswith(f"/{transform.id}")
        and unit.find(SharedTemplate, template_id=each.id, space=shared_space(each.space, link))
        is None
    ]
    if not held:
        return 0
    subject = _subject(unit, link.membership, reference.candidate_id)
    for template in held:
        vector = opened(unit, template).vector
        _put(unit, subject, template, in_shared(unit, link, transform, template.space, vector))
    body: dict[str, Json] = {"gallery": link.membership.gallery_id, "templates": len(held)}
    unit.record(EventKind.REFERENCE_SHARED, reference.id, body)
    return len(held)


def in_shared(
    unit: ReadUnit, link: Link, transform: Transform, space: str, vector: Floats
) -> tuple[str, Floats]:
    """A stored vector as the shared gallery has it: its space there, and the vector turned anew.

    Both transforms are rotations, so that one is undone and the other done without loss.
    """
    base = space.removesuffix(f"/{transform.id}")
    own = Rotation(transforms.secret_of(unit, transform), base, len(vector))
    theirs = Rotation(link.secret, base, len(vector))
    return shared_space(space, link), moved(vector, own, theirs)


def question_of(unit: ReadUnit, link: Link, space: str, vector: Floats) -> tuple[str, Floats]:
    """A vector of a space of one's own as the shared gallery has it, with its space there."""
    transform = unit.get(Transform, space.rpartition("/")[2])
    return in_shared(unit, link, transform, space, vector)


def shared_space(space: str, link: Link) -> str:
    """The space in a shared gallery of what is stored in a space of one's own."""
    return f"{space.rpartition('/')[0]}/{link.membership.gallery_id}"


def vectors_of(unit: ReadUnit, rows: Sequence[str]) -> Mapping[str, Floats]:
    """Vectors (d,) of this organisation's rows of shared galleries."""
    found = {}
    for each in unit.every(SharedTemplate, id=tuple(rows)):
        context = _sealed_in(unit.tenant, each.candidate_id, each.id)
        plain = unit.ring.open(context, each.sealed)
        found[each.id] = np.frombuffer(plain, "<f4").astype(np.float32)
    return found


def clear(store: Store, tenant: str) -> int:
    """Removes what an organisation has in shared galleries without a basis on both sides.

    Returns how many candidates were taken out of one.
    """
    held = {link.membership.id for link in links(store, tenant, store.now())}
    done = 0
    with store.unit(tenant) as unit:
        for subject in unit.every(SharedSubject):
            if subject.membership_id not in held:
                unit.remove(subject)
                done += 1
    return done


def all_members(unit: ReadUnit, gallery_id: str) -> tuple[str, ...]:
    """Whom a gallery's keeper ever let in, itself among them."""
    held = unit.every(Admission, gallery_id=gallery_id)
    return tuple(dict.fromkeys([unit.tenant, *(each.member for each in held)]))


def _secret(store: Store, membership: Membership, tenant: str, at: datetime) -> bytes | None:
    """The secret of the gallery's transform, where its keeper lets the organisation in."""
    with store.reading(membership.keeper) as unit:
        gallery = unit.find(SharedGallery, id=membership.gallery_id)
        if gallery is None or gallery.ended_at is not None:
            return None
        if tenant != membership.keeper and tenant not in _admitted(unit, gallery.id, at):
            return None
        return unit.ring.open(_secret_of(unit.tenant, gallery.id), gallery.sealed)


def _members(store: Store, membership: Membership, at: datetime) -> tuple[str, ...]:
    """Those whom the keeper lets in, itself among them, and who take part on a basis that holds."""
    with store.reading(membership.keeper) as unit:
        asked = [membership.keeper, *_admitted(unit, membership.gallery_id, at)]
    found = []
    for tenant in dict.fromkeys(asked):
        with store.reading(tenant) as unit:
            held = unit.every(Membership, gallery_id=membership.gallery_id, ended_at=None)
        if any(each.holds(at) and each.keeper == membership.keeper for each in held):
            found.append(tenant)
    return tuple(found)


def _admitted(unit: ReadUnit, gallery_id: str, at: datetime) -> list[str]:
    held = unit.every(Admission, gallery_id=gallery_id, ended_at=None)
    return [each.member for each in held if each.holds(at)]


def _begin(unit: UnitOfWork, basis: _B) -> _B:
    made = unit.add(basis)
    _record(unit, made)
    return made


def _end(unit: UnitOfWork, basis: _B) -> None:
    _record(unit, unit.put(replace(basis, ended_at=unit.now())))


def _record(unit: UnitOfWork, basis: Basis) -> None:
    admission = isinstance(basis, Admission)
    kind = (
        EventKind.GALLERY_ADMISSION_CHANGED if admission else EventKind.GALLERY_MEMBERSHIP_CHANGED
    )
    body: dict[str, Json] = {
        "gallery": basis.gallery_id,
        "document": basis.document,
        "recorded_by": basis.recorded_by,
        "from": timestamp(basis.from_at),
        "until": timestamp(basis.until_at),
        "in_force": basis.ended_at is None,
    }
    unit.record(kind, basis.id, body)


def _subject(unit: UnitOfWork, membership: Membership, candidate_id: str) -> SharedSubject:
    found = unit.find(SharedSubject, membership_id=membership.id, candidate_id=candidate_id)
    return found or unit.add(
        SharedSubject(
            id=new_id("shs"),
            membership_id=membership.id,
            gallery_id=membership.gallery_id,
            candidate_id=candidate_id,
        )
    )


def _put(
    unit: UnitOfWork, subject: SharedSubject, template: Template, made: tuple[str, Floats]
) -> None:
    id = new_id("sht")
    space, vector = made
    context = _sealed_in(unit.tenant, template.candidate_id, id)
    unit.add(
        SharedTemplate(
            id=id,
            subject_id=subject.id,
            template_id=template.id,
            candidate_id=template.candidate_id,
            modality=template.modality,
            space=space,
            sealed=unit.ring.seal(context, np.ascontiguousarray(vector, "<f4").tobytes()),
        )
    )


def _need_open(gallery: SharedGallery) -> None:
    if gallery.ended_at is not None:
        raise StepRefused("The gallery is closed.")


def _secret_of(tenant: str, gallery_id: str) -> Context:
    return Context(tenant=tenant, subject=gallery_id, artefact=gallery_id, purpose=_SECRET)


def _sealed_in(tenant: str, candidate_id: str, id: str) -> Context:
    return Context(tenant=tenant, subject=candidate_id, artefact=id, purpose=_TEMPLATE)
