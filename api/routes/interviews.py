"""Interviews, and whether one may be checked automatically."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from api.call import Call, IfMatch
from api.guarding import area
from api.openapi import also
from api.paging import Listed, Paging
from api.routes.paths import CandidateFilter, InterviewId, SystemFilter
from api.scopes import requires
from audit.operations import gate, register
from audit.operations.register import plain_where
from audit.records.register import Interview

router = area("Interviews", "/interviews")


@router.post(
    "",
    status_code=201,
    response_model=Interview,
    responses=also(410),
    dependencies=[requires("interviews:write")],
)
def create_interview(call: Call, body: register.NewInterview) -> Response:
    """Register an interview of a candidate with a system, with its questions as asked."""
    with call.unit() as unit:
        return call.created(unit, register.create_interview(unit, body))


@router.get("", response_model=Listed[Interview], dependencies=[requires("interviews:read")])
def list_interviews(
    call: Call,
    paging: Paging,
    candidate_id: CandidateFilter = None,
    system_id: SystemFilter = None,
    job: Annotated[str | None, Query(max_length=128, description="Only for this job.")] = None,
    stage: Annotated[str | None, Query(max_length=128, description="Only of this stage.")] = None,
) -> Response:
    """Interviews of the tenant."""
    with call.reading() as unit:
        where = plain_where(candidate_id=candidate_id, system_id=system_id, job=job, stage=stage)
        return call.listing(paging, unit.page(Interview, paging.page, where))


@router.get("/{interview_id}", response_model=Interview, dependencies=[requires("interviews:read")])
def read_interview(call: Call, interview_id: InterviewId) -> Response:
    """One interview."""
    with call.reading() as unit:
        return call.shown(unit.get(Interview, interview_id))


@router.patch(
    "/{interview_id}",
    response_model=Interview,
    responses=also(410),
    dependencies=[requires("interviews:write")],
)
def change_interview(
    call: Call, interview_id: InterviewId, expected: IfMatch, body: register.InterviewChange
) -> Response:
    """Change an interview. What is not sent stays; the human alternative stays that.

    Where its time changes, the notices that were given for it are judged anew.
    """
    with call.unit() as unit:
        interview = unit.get(Interview, interview_id)
        expected.check(interview)
        return call.changed(unit, register.change_interview(unit, interview, body))


@router.get(
    "/{interview_id}/admission",
    response_model=gate.Admission,
    dependencies=[requires("interviews:read")],
)
def read_admission(call: Call, interview_id: InterviewId) -> Response:
    """Whether the interview may be checked automatically now, and with identity signals or not.

    The reasons name each law and consent, and what is missing. A check asks the same again when it
    is started, and when it begins.
    """
    with call.reading() as unit:
        interview = unit.get(Interview, interview_id)
        return call.shown(gate.admit(unit, interview, call.service.now()))
