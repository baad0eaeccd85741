"""Reports: ordered, followed, listed, read, compared."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Response

from api.call import Call
from api.guarding import area
from api.openapi import also
from api.paging import Listed, Paging
from api.progress_events import STREAM, Seen, progress_of
from api.report_access import check_making, check_reading, kinds_readable, readable
from api.report_orders import NewReport
from api.routes.paths import CandidateFilter, ReportId, SystemFilter
from api.scopes import requires
from audit.operations import report_orders
from audit.operations.register import plain_where
from audit.records.evidence import Report, RunState
from audit.records.issued import DocumentKind
from audit.records.work import Job, Queue
from audit.store import ReadUnit

router = area("Reports", "/reports")
_SUBJECT = r"^(chk|cmp|cand|aud|sys|out|req)_[0-9A-HJKMNP-TV-Z]{26}$"


@router.post(
    "",
    status_code=202,
    response_model=Report,
    responses=also(410, "step_refused", "pack_invalid"),
    dependencies=[requires("reports:write")],
)
def create_report(call: Call, body: NewReport) -> Response:
    """Have a document made, in all formats, signed.

    Which scope it needs besides depends on its kind. A newer report of the same kind, subject,
    language and options supersedes the older; both stay readable.
    """
    check_making(call, body.kind)
    order = body.order(call.service.settings.packs_dir)
    with call.unit() as unit:
        return call.accepted(unit, report_orders.request_report(unit, order))


@router.get("", response_model=Listed[Report], dependencies=[requires("reports:read")])
def list_reports(
    call: Call,
    paging: Paging,
    kind: Annotated[DocumentKind | None, Query(description="Only of this kind.")] = None,
    subject: Annotated[str | None, Query(pattern=_SUBJECT, description="Only about this.")] = None,
    candidate_id: CandidateFilter = None,
    system_id: SystemFilter = None,
    state: Annotated[RunState | None, Query(description="Only those that stand so.")] = None,
    current: Annotated[
        bool | None, Query(description="Only those that were not superseded.")
    ] = None,
) -> Response:
    """Reports of those kinds that the key may read."""
    if kind is not None:
        check_reading(call, kind)
    where: dict[str, Any] = plain_where(
        subject=subject, candidate_id=candidate_id, system_id=system_id, state=state
    )
    where["kind"] = kind or kinds_readable(call)
    if current:
        where["superseded_by"] = None
    with call.reading() as unit:
        return call.listing(paging, unit.page(Report, paging.page, where))


@router.get("/{report_id}", response_model=Report, dependencies=[requires("reports:read")])
def read_report(call: Call, report_id: ReportId) -> Response:
    """Where a report stands, what forms it has, and their hashes."""
    with call.reading() as unit:
        return call.shown(readable(call, unit.get(Report, report_id)))


@router.post("/{report_id}/cancel", response_model=Report, dependencies=[requires("reports:write")])
def cancel_report(call: Call, report_id: ReportId) -> Response:
    """Cancel a report: at once in the queue, at its next stage where it is being made."""
    with call.unit() as unit:
        check_making(call, DocumentKind(unit.get(Report, report_id).kind))
        return call.changed(unit, report_orders.cancel(unit, report_id))


@router.get(
    "/{report_id}/events",
    response_model=None,
    response_class=Response,
    responses=STREAM,
    dependencies=[requires("reports:read")],
)
def follow_report(call: Call, report_id: ReportId) -> Response:
    """Follow a report as server-sent events, until it ends."""

    def look(unit: ReadUnit) -> Seen:
        report = readable(call, unit.get(Report, report_id))
        job = unit.find(Job, id=report.job_id) if report.job_id else None
        return Seen(report.version, report.state, job or _no_job(report))

    return progress_of(call, report_id, look)


def _no_job(report: Report) -> Job:
    """Stands for the job of a report whose own is not kept any more."""
    return Job(id=report.id, kind="report", queue=Queue.LIGHT, subject=report.id)
