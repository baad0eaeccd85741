"""Candidates, by opaque references; their demographics go in and never come out here."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from api.call import Call, IfMatch
from api.guarding import area
from api.openapi import also
from api.paging import Listed, Paging
from api.routes.paths import CandidateId
from api.scopes import requires
from audit.operations import demographics, register
from audit.operations.register import plain_where
from audit.records.register import Candidate, Stopped

router = area("Candidates", "/candidates")


@router.post(
    "",
    status_code=201,
    response_model=Candidate,
    responses=also("already_exists"),
    dependencies=[requires("candidates:write")],
)
def create_candidate(call: Call, body: register.NewCandidate) -> Response:
    """Register a candidate by your own opaque reference, which is taken once.

    The jurisdictions decide which laws apply: what has to be recorded before a check, and clocks.
    """
    with call.unit() as unit:
        return call.created(unit, register.create_candidate(unit, body))


@router.get("", response_model=Listed[Candidate], dependencies=[requires("candidates:read")])
def list_candidates(
    call: Call,
    paging: Paging,
    external_ref: Annotated[
        str | None, Query(max_length=128, description="Only the one with this reference.")
    ] = None,
    stopped: Annotated[
        Stopped | None, Query(description="Only those stopped for this reason.")
    ] = None,
) -> Response:
    """Candidates of the tenant."""
    with call.reading() as unit:
        where = plain_where(external_ref=external_ref, stopped=stopped)
        return call.listing(paging, unit.page(Candidate, paging.page, where))


@router.get("/{candidate_id}", response_model=Candidate, dependencies=[requires("candidates:read")])
def read_candidate(call: Call, candidate_id: CandidateId) -> Response:
    """One candidate."""
    with call.reading() as unit:
        return call.shown(unit.get(Candidate, candidate_id))


@router.patch(
    "/{candidate_id}",
    response_model=Candidate,
    responses=also(410),
    dependencies=[requires("candidates:write")],
)
def change_candidate(
    call: Call, candidate_id: CandidateId, expected: IfMatch, body: register.CandidateChange
) -> Response:
    """Change jurisdictions or locale. What is not sent stays as it is."""
    with call.unit() as unit:
        candidate = unit.get(Candidate, candidate_id)
        expected.check(candidate)
        return call.changed(unit, register.change_candidate(unit, candidate, body))


@router.put(
    "/{candidate_id}/demographics",
    response_model=demographics.DemographicsReceipt,
    responses=also("consent_missing", "candidate_erased"),
    dependencies=[requires("demographics:write")],
)
def store_demographics(
    call: Call, candidate_id: CandidateId, body: demographics.NewDemographics
) -> Response:
    """Store what a candidate reports of themselves, in the place of what was there.

    It is sealed, kept apart from everything else, and read by fairness audits alone, which show
    groups. Nobody can read it back, so there is no ETag to send.
    """
    with call.unit() as unit:
        candidate = unit.get(Candidate, candidate_id)
        return call.changed(unit, demographics.store_demographics(unit, candidate, body))


@router.delete(
    "/{candidate_id}/demographics",
    status_code=204,
    dependencies=[requires("demographics:write")],
)
def remove_demographics(call: Call, candidate_id: CandidateId) -> Response:
    """Delete a candidate's demographics. Again is no error."""
    with call.unit() as unit:
        unit.get(Candidate, candidate_id)
        demographics.remove_demographics(unit, candidate_id)
        return call.nothing(unit)
