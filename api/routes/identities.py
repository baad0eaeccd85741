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
from api.routes.paths import CandidateId, ComparisonId, ReferenceId, SearchId
from api.scopes import RateClass, requires
from api.thread_views import ThreadView
from api.thread_views import view as thread_view
from audit.errors import NotFound
from audit.operations import comparisons, references, searches
from audit.operations import threads as thread_operations
from audit.operations.comparisons import Answer
from audit.operations.inputs import ConsentId, Input, Line
from audit.operations.references import NewReference
from audit.operations.searches import AnswerWord
from audit.records.evidence import Comparison, Reference, RunState
from audit.records.register import Candidate
from audit.records.searches import Search
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


class SearchIn(Input):
    """A recording of an interview that is kept as a reference of the candidate."""

    media_id: Annotated[MediaRef, Field(description="The stored recording.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlikeView:
    """Somebody who stands out: a candidate, or somebody opaque in a shared gallery."""

    likeness: Annotated[Literal["alike", "very_alike"], Field(description="How alike, in words.")]
    candidate_id: Annotated[str | None, Field(description="The candidate.")] = None
    subject_id: Annotated[
        str | None,
        Field(description="Opaque: only the organisation that it is from can tell who it is."),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryAnswerView:
    """What one modality says of one gallery."""

    modality: Annotated[Literal["face", "voice"], Field(description="What was searched by.")]
    gallery_id: Annotated[
        str | None, Field(description="The shared gallery; null: the organisation's own.")
    ]
    answer: Annotated[AnswerWord, Field(description="Whether somebody stands out.")]
    alike: Annotated[tuple[AlikeView, ...], Field(description="Who: for a reviewer to look at.")]
    among: Annotated[
        str, Field(description="How many others were looked at.", examples=["1,000 to 9,999"])
    ]
    reason: Annotated[str | None, Field(description="Why it is inconclusive: a stable code.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchView:
    """A search. It decides nothing: twins, siblings and look-alikes are alike too."""

    id: Annotated[str, Field(description="Opaque identifier.")]
    version: Annotated[int, Field(description="Counts changes; also the ETag.", ge=1)]
    candidate_id: Annotated[str, Field(description="The candidate.")]
    media_id: Annotated[str, Field(description="The recording.")]
    state: Annotated[RunState, Field(description="Where it stands.")]
    job_id: Annotated[str, Field(description="The job that does it.")]
    answers: Annotated[
        tuple[GalleryAnswerView, ...], Field(description="The answers, once it finished.")
    ]
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


@router.post(
    "/{candidate_id}/searches",
    status_code=202,
    response_model=SearchView,
    responses=also(
        "consent_missing",
        "processing_stopped",
        "jurisdiction_missing",
        "step_refused",
        "candidate_erased",
        "too_many_tries",
    ),
    dependencies=[requires("identities:compare", rate=RateClass.COMPARE)],
)
def search(call: Call, candidate_id: CandidateId, body: SearchIn) -> Response:
    """Search for the person of an interview among the other candidates, by face and by voice.

    It needs a recorded legal basis. Who stands out becomes a pair that a reviewer looks at; what is
    found changes nothing for anybody.
    """
    with call.unit() as unit:
        return call.accepted(
            unit, search_view(searches.request_search(unit, candidate_id, body.media_id))
        )


@router.get(
    "/{candidate_id}/searches",
    response_model=Listed[SearchView],
    dependencies=[requires("identities:read")],
)
def list_searches(call: Call, candidate_id: CandidateId, paging: Paging) -> Response:
    """Searches for a candidate."""
    with call.reading() as unit:
        unit.get(Candidate, candidate_id)
        found = unit.page(Search, paging.page, {"candidate_id": candidate_id})
        return call.listing(paging, found, search_view)


@router.get(
    "/{candidate_id}/searches/{search_id}",
    response_model=SearchView,
    dependencies=[requires("identities:read")],
)
def read_search(call: Call, candidate_id: CandidateId, search_id: SearchId) -> Response:
    """One search: for each gallery and modality whether somebody stands out, and who."""
    with call.reading() as unit:
        found = unit.get(Search, search_id)
        if found.candidate_id != candidate_id:
            raise NotFound(f"The candidate has no search {search_id!r}.")
        return call.shown(search_view(found))


@router.get(
    "/{candidate_id}/thread",
    response_model=ThreadView,
    responses=also("processing_stopped", "candidate_erased", "too_many_tries"),
    dependencies=[requires("identities:read", rate=RateClass.COMPARE)],
)
def read_thread(call: Call, candidate_id: CandidateId) -> Response:
    """Whether one person sits in all sessions of a candidate: by face, and by voice, in words.

    A session is a reference under a consent that is in force. Each reading is recorded; at most 20
    different sets of sessions, and 20 sessions, are answered about within 24 hours.
    """
    with call.unit() as unit:
        found = thread_operations.read_thread(unit, candidate_id)
    return call.shown(thread_view(candidate_id, found))


def search_view(found: Search) -> SearchView:
    """What is shown of a search."""
    names = [name for name in SearchView.__slots__ if name != "answers"]
    answers = tuple(
        GalleryAnswerView(**{**each, "alike": tuple(AlikeView(**one) for one in each["alike"])})
        for each in found.answers
    )
    return SearchView(answers=answers, **{name: getattr(found, name) for name in names})


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
