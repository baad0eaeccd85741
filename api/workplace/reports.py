"""Reports: the list, one report with its forms, and links to it that end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Query, Response
from fastapi.responses import StreamingResponse

from api import report_bundles
from api.paging import Paging, cursor_of
from api.report_access import check_making, kinds_readable, readable
from api.report_files import file_name
from api.routes.paths import LinkId, ReportId
from api.routes.report_files import Form
from api.scopes import requires
from api.workplace.framing import HEADERS, HOME, Visit, VisitDep, router
from audit.operations import report_links, report_orders
from audit.operations import reports as operations
from audit.operations.link_keys import nowhere
from audit.records.evidence import Report, RunState
from audit.records.issued import DocumentKind, ReportLink
from audit.records.register import System
from audit.records.work import Job
from audit.store import Page, ReadUnit

pages = router()
REPORTS = f"{HOME}/reports"
FORMS = {
    "pdf": "PDF, for print and filing",
    "html": "Page, in one file",
    "docx": "Word",
    "csv": "Tables, zipped CSV",
    "json": "Signed document, for programs",
    "result": "What was measured, for programs",
}
"""Forms of a report as people choose them, in the order in which they are offered."""
LASTS = {"1h": timedelta(hours=1), "1d": timedelta(days=1), "7d": timedelta(days=7)}
_SHOWN = 25
_SAME_KIND = 50
_LINKS = 50


@pages.get("/reports", dependencies=[requires("reports:read")])
def reports(
    visit: VisitDep,
    paging: Paging,
    kind: Annotated[DocumentKind | Literal[""], Query()] = "",
    state: Annotated[RunState | Literal[""], Query()] = "",
    every: Annotated[Literal["", "1"], Query()] = "",
) -> Response:
    """Reports that the role reads, the newest first. `every`: superseded ones as well."""
    kinds = kinds_readable(visit.call)
    where: dict[str, Any] = {"kind": kind if kind in kinds else kinds}
    if state:
        where["state"] = state
    if not every:
        where["superseded_by"] = None
    with visit.call.reading() as unit:
        found = unit.page(Report, Page(_SHOWN, paging.position), where)
        names = _systems(unit, found.items)
        jobs = _jobs(unit, found.items)
    given = {"kind": kind, "state": state, "every": every}
    onward = {"cursor": cursor_of(found.items[-1].id), **given} if found.more else {}
    return visit.page(
        "reports/reports.html",
        reports=found.items,
        names=names,
        percents={each.id: round(100 * each.progress) for each in jobs},
        kinds=kinds,
        states=[each.value for each in RunState],
        given=given,
        filtered=any(given.values()),
        first=paging.position is None,
        onward=f"{REPORTS}?{urlencode(onward)}" if onward else "",
    )


@pages.get("/reports/{report_id}", dependencies=[requires("reports:read")])
def report_page(visit: VisitDep, report_id: ReportId) -> Response:
    """One report: how it stands, its forms, its links, and what it can be compared with."""
    return _shown(visit, report_id)


@pages.get("/reports/{report_id}/progress", dependencies=[requires("reports:read")])
def report_progress(visit: VisitDep, report_id: ReportId) -> Response:
    """How a report stands, alone: the page asks for it again while it is made."""
    with visit.call.reading() as unit:
        report = readable(visit.call, unit.get(Report, report_id))
        jobs = _jobs(unit, (report,))
    answer = visit.page("reports/progress.html", report=report, job=jobs[0] if jobs else None)
    if report.state.final:
        answer.headers["HX-Refresh"] = "true"
    return answer


@pages.post("/reports/{report_id}/cancel", dependencies=[requires("reports:write")])
def cancel_report(visit: VisitDep, report_id: ReportId) -> Response:
    """Cancels a report that is not made yet."""
    with visit.call.unit(answers=False) as unit:
        check_making(visit.call, DocumentKind(unit.get(Report, report_id).kind))
        report_orders.cancel(unit, report_id)
    return visit.go(f"{REPORTS}/{report_id}", "report_cancelled")


@pages.get("/reports/{report_id}/files/{form}", dependencies=[requires("reports:read")])
def report_file(visit: VisitDep, report_id: ReportId, form: Form) -> Response:
    """One form of a report, to be saved. Each reading is in the ledger."""
    with visit.call.unit(answers=False) as unit:
        readable(visit.call, unit.get(Report, report_id))
        report, file = operations.read(unit, report_id, form)
    pieces = operations.content(visit.call.service.vault, visit.call.tenant, report, file)
    return _saved(pieces, file_name(report, form), file.media_type, file.size_bytes)


@pages.get("/reports/{report_id}/bundle", dependencies=[requires("reports:read")])
def report_bundle(visit: VisitDep, report_id: ReportId) -> Response:
    """The evidence bundle, to be saved."""
    with visit.call.reading() as unit:
        readable(visit.call, unit.get(Report, report_id))
    call = visit.call
    data = report_bundles.bundle(call.service, call.tenant, report_id, actor=visit.user.id)
    return _saved(iter((data,)), f"{report_id}.bundle.zip", "application/zip", len(data))


@pages.post("/reports/{report_id}/links", dependencies=[requires("reports:write")])
def make_link(visit: VisitDep, report_id: ReportId) -> Response:
    """Makes a link to one form that needs no sign-in until it ends; shown this once."""
    form, lasts = visit.form.get("form", ""), LASTS.get(visit.form.get("lasts", ""))
    if form not in FORMS or lasts is None:
        return _shown(visit, report_id, faults={"link": "Choose a form and how long it lasts."})
    with visit.call.unit(answers=False) as unit:
        readable(visit.call, unit.get(Report, report_id))
        link, token = report_links.make_link(unit, report_id, form, lasts)
    base = visit.call.service.settings.api.base_url.rstrip("/")
    return _shown(visit, report_id, made=(link, f"{base}/links/{token}"))


@pages.post("/reports/{report_id}/links/{link_id}/end", dependencies=[requires("reports:write")])
def end_link(visit: VisitDep, report_id: ReportId, link_id: LinkId) -> Response:
    """Takes a link back, at once."""
    with visit.call.unit(answers=False) as unit:
        readable(visit.call, unit.get(Report, report_id))
        link = unit.find(ReportLink, id=link_id, report_id=report_id)
        if link is None:
            raise nowhere()
        report_links.revoke_link(unit, link.id)
    return visit.go(f"{REPORTS}/{report_id}", "link_ended")


def _shown(
    visit: Visit,
    report_id: str,
    *,
    made: tuple[ReportLink, str] | None = None,
    faults: dict[str, str] | None = None,
) -> Response:
    now = visit.call.service.now()
    with visit.call.reading() as unit:
        report = readable(visit.call, unit.get(Report, report_id))
        jobs = _jobs(unit, (report,))
        names = _systems(unit, (report,))
        links = unit.page(ReportLink, Page(_LINKS), {"report_id": report_id}).items
        same = {"kind": report.kind, "state": RunState.FINISHED, "erased_at": None}
        others = [e for e in unit.page(Report, Page(_SAME_KIND), same).items if e.id != report_id]
    held = {each.format: each for each in report.files}
    return visit.page(
        "reports/report.html",
        status=422 if faults else 200,
        report=report,
        job=jobs[0] if jobs else None,
        system=names.get(report.system_id or "", ""),
        forms=[(name, text, held[name]) for name, text in FORMS.items() if name in held],
        open_links=[each for each in links if _lives(each, now)],
        words=FORMS,
        lasts={"1h": "One hour", "1d": "One day", "7d": "Seven days"},
        others=others if "json" in held else [],
        made=made,
        faults=faults or {},
    )


def _saved(pieces: Iterator[bytes], name: str, media_type: str, size: int) -> Response:
    """A file that browsers save and do not show: a report's own styles are not those of pages."""
    headers = {
        **HEADERS,
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(size),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(pieces, media_type=media_type, headers=headers)


def _lives(link: ReportLink, now: datetime) -> bool:
    return link.revoked_at is None and link.expires_at > now


def _systems(unit: ReadUnit, found: tuple[Report, ...]) -> dict[str, str]:
    ids = tuple({each.system_id for each in found if each.system_id})
    return {each.id: each.name for each in unit.every(System, id=ids)} if ids else {}


def _jobs(unit: ReadUnit, found: tuple[Report, ...]) -> tuple[Job, ...]:
    ids = tuple(each.job_id for each in found if each.job_id and not each.state.final)
    return unit.every(Job, id=ids) if ids else ()
