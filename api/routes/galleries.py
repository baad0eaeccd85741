"""On what searches of galleries rest, and the pairs that they found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from api.call import Call
from api.guarding import area
from api.paging import Listed, Paging
from api.routes.paths import CandidateFilter, PairId
from api.scopes import requires
from audit.errors import NotFound
from audit.operations import alike, searches
from audit.operations.alike import State
from audit.operations.searches import NewBasis
from audit.records.searches import AlikePair, SearchBasis
from audit.store import ReadUnit

router = area("Galleries", "/galleries")


@dataclass(frozen=True, slots=True, kw_only=True)
class PairView:
    """Two who are alike. Twins, siblings and look-alikes are; it decides nothing about anybody."""

    id: Annotated[str, Field(description="Opaque identifier.")]
    version: Annotated[int, Field(description="Counts changes; also the ETag.", ge=1)]
    candidate_id: Annotated[str, Field(description="One candidate.")]
    other_id: Annotated[str | None, Field(description="The other candidate.")]
    gallery_id: Annotated[str | None, Field(description="The shared gallery, if it was there.")]
    subject_id: Annotated[
        str | None, Field(description="The other, opaque, where it was in a shared gallery.")
    ]
    likeness: Annotated[
        dict[str, str],
        Field(description="By modality: alike or very_alike.", examples=[{"face": "alike"}]),
    ]
    state: Annotated[State, Field(description="What its review found, once that is closed.")]
    search_id: Annotated[str, Field(description="The search that found it first.")]
    flag_id: Annotated[str | None, Field(description="Its flag.")]
    review_id: Annotated[str | None, Field(description="The review that confirms or dismisses it.")]
    created_at: Annotated[datetime, Field(description="When it was found.")]


@router.post(
    "/basis",
    status_code=201,
    response_model=SearchBasis,
    dependencies=[requires("galleries:write")],
)
def record_search_basis(call: Call, body: NewBasis) -> Response:
    """Record on what searches of the organisation's own gallery rest; the one before ends.

    From then on each session that is enrolled is searched for.
    """
    with call.unit() as unit:
        where = call.request.url.path
        return call.created(unit, searches.record_basis(unit, body), where)


@router.get("/basis", response_model=SearchBasis, dependencies=[requires("galleries:read")])
def read_search_basis(call: Call) -> Response:
    """The legal basis in force."""
    with call.reading() as unit:
        found = searches.basis_in_force(unit)
        if found is None:
            raise NotFound("No legal basis of searches is recorded.")
        return call.shown(found)


@router.delete(
    "/basis", status_code=204, response_model=None, dependencies=[requires("galleries:write")]
)
def withdraw_search_basis(call: Call) -> Response:
    """Withdraw the legal basis: nothing is searched any more, and what waits is refused."""
    with call.unit() as unit:
        searches.end_basis(unit)
        return call.nothing(unit)


@router.get("/pairs", response_model=Listed[PairView], dependencies=[requires("galleries:read")])
def list_alike_pairs(
    call: Call,
    paging: Paging,
    candidate_id: CandidateFilter = None,
    state: Annotated[State | None, Query(description="Only those that stand so.")] = None,
) -> Response:
    """Pairs who are alike, the newest first; `needs_look` are those that no review has closed."""
    with call.reading() as unit:
        found = alike.list_pairs(unit, paging.page, candidate_id=candidate_id, state=state)
        return call.listing(paging, found, lambda pair: view(unit, pair))


@router.get(
    "/pairs/{pair_id}",
    response_model=PairView,
    dependencies=[requires("galleries:read")],
)
def read_alike_pair(call: Call, pair_id: PairId) -> Response:
    """One pair, with what its review found."""
    with call.reading() as unit:
        return call.shown(view(unit, unit.get(AlikePair, pair_id)))


def view(unit: ReadUnit, pair: AlikePair) -> PairView:
    """What is shown of a pair."""
    state, review = alike.state_of(unit, pair)
    own = {name: getattr(pair, name) for name in PairView.__slots__ if hasattr(pair, name)}
    return PairView(**own, state=state, review_id=review)
