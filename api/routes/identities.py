"""References under consent, and comparisons with them, which answer in bands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Response
from pydantic import Field

from api.call import Call
from api.guarding import area
from api.openapi import also
from api.paging import Listed, Paging
from api.routes.paths import CandidateId, ComparisonId, ReferenceId
from api.scopes import RateClass, requires
from audit.errors import NotFound
from audit.operations import comparisons, references
from audit.operations.comparisons import Answer
from audit.operations.inputs import ConsentId, Input, Line
from audit.operations.references import NewReference
from audit.records.evidence import Comparison, Reference, RunState
from audit.records.register import Candidate
from audit.store import ReadUnit

router = area("Identities", "/identities")
MediaRef = Annotated[str, Field(pattern=r"^med_[0-9A-HJKMNP-TV-Z]{26}$")]


class ReferenceIn(Input):
    """A stored recording, and the consent to comparing it."""

    media_id: Annotated[MediaRef, Field(description="The stored recording.")]
    consent_id: Annotated[
        ConsentId, Field(description="A consent to biometric_comparison, in force.")
    ]
    label: Annotated[
        Line | Literal[""], Field(description="For people.", examples=["First interview"])
    ] = ""


class ComparisonIn(Input):
    """A stored recording that is to be compared. Media only: embeddings are not taken."""

    media_id: Annotated[MediaRef, Field(description="The stored recording.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class BandView:
    """What one modality says of one reference."""

    reference_id: Annotated[str, Field(description="The reference.")]
    modality: Annotated[Literal["face", "voice"], Field(description="What was compared.")]
    answer: Annotated[Answer, Field(description="Which way the evidence points, if any.")]
    support: Annotated[
        str,
        Field(
            description="How much, in the bands of the ENFSI guideline (2015); never a score.",
            examples=["moderate support"],
        ),
    ]
    reason: Annotated[str | None, Field(description="Why it is inconclusive: a stable code.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonView:
    """A comparison. It decides nothing: a person looks at what it points to."""

    id: Annotated[str, Field(description="Opaque identifier.")]
    version: Annotated[int, Field(description="Counts changes; also the ETag.", ge=1)]
    candidate_id: Annotated[str, Field(description="The candidate.")]
    media_id: Annotated[str, Field(description="The recording.")]
    reference_ids: Annotated[tuple[str, ...], Field(description="What it is compared with.")]
    state: Annotated[RunState, Field(description="Where it stands.")]
    job_id: Annotated[str, Field(description="The job that does it.")]
    bands: Annotated[tuple[BandView, ...], Field(description="The answers, once it finished.")]
    error_code: Annotated[str | None, Field(description="Why it failed.")]
    created_at: Annotated[datetime, Field(description="When it was asked for.")]
    finished_at: Annotated[datetime | None, Field(description="When it ended.")]


@router.post(
    "/{candidate_id}/references",
    status_code=201,
    response_model=Reference,
    responses=also("consent_missing", "processing_stopped", "already_exists", "candidate_erased"),
    dependencies=[requires("identities:write")],
)
def add_reference(call: Call, candidate_id: CandidateId, body: ReferenceIn) -> Response:
    """Keep a recording as a reference of the candidate's face and voice, under a consent.

    The consent has to be to `biometric_comparison` and in force. The reference goes with it.
    """
    new = NewReference(media_id=body.media_id, consent_id=body.consent_id, label=body.label)
    with call.unit() as unit:
        return call.created(unit, references.add_reference(unit, candidate_id, new))


@router.get(
    "/{candidate_id}/references",
    response_model=Listed[Reference],
    dependencies=[requires("identities:read")],
)
def list_references(call: Call, candidate_id: CandidateId, paging: Paging) -> Response:
    """Which references are kept of a candidate."""
    with call.reading() as unit:
        unit.get(Candidate, candidate_id)
        found = unit.page(Reference, paging.page, {"candidate_id": candidate_id})
        return call.listing(paging, found)


@router.delete(
    "/{candidate_id}/references/{reference_id}",
    status_code=204,
    response_model=None,
    dependencies=[requires("identities:write")],
)
def remove_reference(call: Call, candidate_id: CandidateId, reference_id: ReferenceId) -> Response:
    """Remove a reference. A file that was stored for it alone is erased."""
    with call.unit() as unit:
        found = unit.get(Reference, reference_id)
        if found.candidate_id != candidate_id:
            raise NotFound(f"The candidate has no reference {reference_id!r}.")
        references.remove_reference(unit, found)
        return call.nothing(unit)


@router.post(
    "/{candidate_id}/comparisons",
    status_code=202,
    response_model=ComparisonView,
    responses=also(
        "consent_missing",
        "processing_stopped",
        "jurisdiction_missing",
        "step_refused",
        "candidate_erased",
    ),
    dependencies=[requires("identities:compare", rate=RateClass.COMPARE)],
)
def compare(call: Call, candidate_id: CandidateId, body: ComparisonIn) -> Response:
    """Compare a recording of an interview with the candidate's references in force."""
    with call.unit() as unit:
        asked = comparisons.request_comparison(unit, candidate_id, body.media_id)
        return call.accepted(unit, view(asked))


@router.get(
    "/{candidate_id}/comparisons",
    response_model=Listed[ComparisonView],
    dependencies=[requires("identities:read")],
)
def list_comparisons(call: Call, candidate_id: CandidateId, paging: Paging) -> Response:
    """Comparisons of a candidate's recordings."""
    with call.reading() as unit:
        unit.get(Candidate, candidate_id)
        found = unit.page(Comparison, paging.page, {"candidate_id": candidate_id})
        return call.listing(paging, found, view)


@router.get(
    "/{candidate_id}/comparisons/{comparison_id}",
    response_model=ComparisonView,
    dependencies=[requires("identities:read")],
)
def read_comparison(call: Call, candidate_id: CandidateId, comparison_id: ComparisonId) -> Response:
    """One comparison: for each reference and modality a direction and a band."""
    with call.reading() as unit:
        return call.shown(view(_of(unit, candidate_id, comparison_id)))


def view(comparison: Comparison) -> ComparisonView:
    """What is shown of a comparison."""
    names = [name for name in ComparisonView.__slots__ if name != "bands"]
    bands = tuple(BandView(**each) for each in comparison.bands)
    return ComparisonView(bands=bands, **{name: getattr(comparison, name) for name in names})


def _of(unit: ReadUnit, candidate_id: str, comparison_id: str) -> Comparison:
    found = unit.get(Comparison, comparison_id)
    if found.candidate_id != candidate_id:
        raise NotFound(f"The candidate has no comparison {comparison_id!r}.")
    return found
