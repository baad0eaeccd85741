"""Notices: recorded as they were given, with whether the clock was kept."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from api.call import Call
from api.guarding import area
from api.paging import Listed, Paging
from api.routes.paths import CandidateFilter, InterviewFilter, NoticeId, SystemFilter
from api.scopes import requires
from audit.operations import notices
from audit.operations.register import plain_where
from audit.records.register import Notice

router = area("Notices", "/notices")


@router.post("", status_code=201, response_model=Notice, dependencies=[requires("notices:write")])
def give_notice(call: Call, body: notices.NewNotice) -> Response:
    """Record a notice that was given to a candidate, or published for a system.

    `in_time` says whether the clock of that notice was kept, such as New York City's ten business
    days before use; it is null where no clock runs, or the use has no time yet.
    """
    with call.unit() as unit:
        return call.created(unit, notices.give_notice(unit, body))


@router.get("", response_model=Listed[Notice], dependencies=[requires("notices:read")])
def list_notices(
    call: Call,
    paging: Paging,
    candidate_id: CandidateFilter = None,
    system_id: SystemFilter = None,
    interview_id: InterviewFilter = None,
    kind: Annotated[str | None, Query(max_length=64, description="Only of this kind.")] = None,
    in_time: Annotated[
        bool | None, Query(description="Only those whose clock was kept, or was not.")
    ] = None,
) -> Response:
    """Notices of the tenant."""
    with call.reading() as unit:
        where = plain_where(
            candidate_id=candidate_id,
            system_id=system_id,
            interview_id=interview_id,
            kind=kind,
            in_time=in_time,
        )
        return call.listing(paging, unit.page(Notice, paging.page, where))


@router.get("/{notice_id}", response_model=Notice, dependencies=[requires("notices:read")])
def read_notice(call: Call, notice_id: NoticeId) -> Response:
    """One notice."""
    with call.reading() as unit:
        return call.shown(unit.get(Notice, notice_id))
