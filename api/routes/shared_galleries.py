"""Galleries that several organisations search together, each on a recorded legal basis."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import Field

from api.call import Call
from api.guarding import area
from api.openapi import also
from api.paging import Listed, Paging
from api.routes.paths import AdmissionId, GalleryId, MembershipId, SubjectId
from api.scopes import requires
from audit.errors import NotFound
from audit.operations import shared
from audit.operations.shared import NewAdmission, NewGallery, NewMembership
from audit.records.searches import Admission, Membership, SharedGallery, SharedSubject
from audit.store import ReadUnit

router = area("Galleries", "/galleries")


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedGalleryView:
    """A shared gallery that this organisation keeps."""

    id: Annotated[str, Field(description="Opaque identifier: others join by it.")]
    version: Annotated[int, Field(description="Counts changes; also the ETag.", ge=1)]
    name: Annotated[str, Field(description="For people.", examples=["Agencies of the north"])]
    purpose: Annotated[str, Field(description="What it is for, in words.")]
    created_at: Annotated[datetime, Field(description="When it was opened.")]
    ended_at: Annotated[datetime | None, Field(description="When it was closed for good.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectView:
    """One's own candidate whom others know by an opaque identifier."""

    subject_id: Annotated[str, Field(description="What others see.")]
    gallery_id: Annotated[str, Field(description="The shared gallery.")]
    candidate_id: Annotated[str, Field(description="Who it is; only this organisation can tell.")]


@router.post(
    "/shared",
    status_code=201,
    response_model=SharedGalleryView,
    dependencies=[requires("galleries:write")],
)
def open_shared_gallery(call: Call, body: NewGallery) -> Response:
    """Open a gallery that several organisations are to search together; this one keeps it.

    To take part in it, the keeper joins as the others do.
    """
    with call.unit() as unit:
        return call.created(unit, view(shared.open_gallery(unit, body)))


@router.get(
    "/shared",
    response_model=Listed[SharedGalleryView],
    dependencies=[requires("galleries:read")],
)
def list_shared_galleries(call: Call, paging: Paging) -> Response:
    """Shared galleries that this organisation keeps."""
    with call.reading() as unit:
        return call.listing(paging, unit.page(SharedGallery, paging.page), view)


@router.get(
    "/shared/{gallery_id}",
    response_model=SharedGalleryView,
    dependencies=[requires("galleries:read")],
)
def read_shared_gallery(call: Call, gallery_id: GalleryId) -> Response:
    """One shared gallery that this organisation keeps."""
    with call.reading() as unit:
        return call.shown(view(unit.get(SharedGallery, gallery_id)))


@router.delete(
    "/shared/{gallery_id}",
    status_code=204,
    response_model=None,
    dependencies=[requires("galleries:write")],
)
def close_shared_gallery(call: Call, gallery_id: GalleryId) -> Response:
    """Close it for good: the secret of its transform is destroyed, and what is in it is removed."""
    with call.unit() as unit:
        shared.close_gallery(unit, unit.get(SharedGallery, gallery_id))
        return call.nothing(unit)


@router.post(
    "/shared/{gallery_id}/admissions",
    status_code=201,
    response_model=Admission,
    responses=also("step_refused"),
    dependencies=[requires("galleries:write")],
)
def admit_to_shared_gallery(call: Call, gallery_id: GalleryId, body: NewAdmission) -> Response:
    """Let an organisation in, on a recorded basis. It takes part once it has joined on its own.

    Nothing is said of whether there is an organisation of that name.
    """
    with call.unit() as unit:
        gallery = unit.get(SharedGallery, gallery_id)
        return call.created(unit, shared.admit(unit, gallery, body))


@router.get(
    "/shared/{gallery_id}/admissions",
    response_model=Listed[Admission],
    dependencies=[requires("galleries:read")],
)
def list_admissions(call: Call, gallery_id: GalleryId, paging: Paging) -> Response:
    """Who is or was let in, and on what basis."""
    with call.reading() as unit:
        unit.get(SharedGallery, gallery_id)
        return call.listing(paging, unit.page(Admission, paging.page, {"gallery_id": gallery_id}))


@router.delete(
    "/shared/{gallery_id}/admissions/{admission_id}",
    status_code=204,
    response_model=None,
    dependencies=[requires("galleries:write")],
)
def end_admission(call: Call, gallery_id: GalleryId, admission_id: AdmissionId) -> Response:
    """Let an organisation in no more: from now on it finds nothing there, and is not found."""
    with call.unit() as unit:
        found = unit.get(Admission, admission_id)
        if found.gallery_id != gallery_id:
            raise NotFound(f"The gallery has no admission {admission_id!r}.")
        shared.end_admission(unit, found)
        return call.nothing(unit)


@router.post(
    "/memberships",
    status_code=201,
    response_model=Membership,
    dependencies=[requires("galleries:write")],
)
def join_shared_gallery(call: Call, body: NewMembership) -> Response:
    """Take part in a shared gallery, on a basis of one's own that is recorded here.

    Templates of candidates whose consent has one of the `consent_texts` are put in, and no others.
    """
    with call.unit() as unit:
        return call.created(unit, shared.join(call.store, unit, body))


@router.get(
    "/memberships", response_model=Listed[Membership], dependencies=[requires("galleries:read")]
)
def list_memberships(call: Call, paging: Paging) -> Response:
    """Shared galleries that this organisation takes or took part in."""
    with call.reading() as unit:
        return call.listing(paging, unit.page(Membership, paging.page))


@router.get(
    "/memberships/{membership_id}",
    response_model=Membership,
    dependencies=[requires("galleries:read")],
)
def read_membership(call: Call, membership_id: MembershipId) -> Response:
    """One membership, and on what it rests."""
    with call.reading() as unit:
        return call.shown(unit.get(Membership, membership_id))


@router.delete(
    "/memberships/{membership_id}",
    status_code=204,
    response_model=None,
    dependencies=[requires("galleries:write")],
)
def leave_shared_gallery(call: Call, membership_id: MembershipId) -> Response:
    """Take part no more: all that was put in is removed before this answers."""
    with call.unit() as unit:
        shared.leave(unit, unit.get(Membership, membership_id))
        return call.nothing(unit)


@router.get(
    "/memberships/{membership_id}/subjects/{subject_id}",
    response_model=SubjectView,
    dependencies=[requires("galleries:read")],
)
def read_shared_subject(call: Call, membership_id: MembershipId, subject_id: SubjectId) -> Response:
    """Which of one's own candidates others know by an opaque identifier."""
    with call.reading() as unit:
        found = _subject(unit, membership_id, subject_id)
        return call.shown(
            SubjectView(
                subject_id=found.id, gallery_id=found.gallery_id, candidate_id=found.candidate_id
            )
        )


@router.delete(
    "/memberships/{membership_id}/subjects/{subject_id}",
    status_code=204,
    response_model=None,
    dependencies=[requires("galleries:write")],
)
def remove_shared_subject(
    call: Call, membership_id: MembershipId, subject_id: SubjectId
) -> Response:
    """Take one candidate out of a shared gallery, with all templates there."""
    with call.unit() as unit:
        unit.remove(_subject(unit, membership_id, subject_id))
        return call.nothing(unit)


def view(gallery: SharedGallery) -> SharedGalleryView:
    """What is shown of a shared gallery: all but its secret."""
    return SharedGalleryView(
        **{name: getattr(gallery, name) for name in SharedGalleryView.__slots__}
    )


def _subject(unit: ReadUnit, membership_id: str, subject_id: str) -> SharedSubject:
    found = unit.get(SharedSubject, subject_id)
    if found.membership_id != membership_id:
        raise NotFound(f"The membership has no subject {subject_id!r}.")
    return found
