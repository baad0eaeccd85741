"""Forms of reports: by name, by `Accept`, through a link, in a bundle; and what changed in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import Path, Query, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRouter
from pydantic import Field

from api import report_bundles
from api.call import Call, CallContext, ServiceDep
from api.guarding import GuardedRoute, area
from api.negotiation import negotiated
from api.openapi import also
from api.paging import Listed, Paging
from api.report_access import readable
from api.report_files import FILE, file_answer, known
from api.routes.paths import LinkId, ReportId
from api.scopes import public, requires
from audit.operations import report_links, reports
from audit.operations.inputs import Input, Whole
from audit.operations.link_keys import nowhere
from audit.records.evidence import Report
from audit.records.issued import ReportLink
from audit.store.public import tenant_of_link
from reports.diff import Difference, diff
from reports.diff_html import render_diff

router = area("Reports", "/reports")
links = APIRouter(
    tags=["Reports"],
    route_class=GuardedRoute,
    generate_unique_id_function=lambda route: route.name,
)
_FORMATS = "json: signed, for programs; html, pdf, docx: for people; csv: its tables, zipped; "
Form = Literal["json", "html", "pdf", "csv", "docx", "result"]
Format = Annotated[
    Form,
    Path(description=_FORMATS + "result: of checks, comparisons and audits, what was measured."),
]
_PAGE = "text/html"
_ZIP: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The archive. It verifies offline with `fairwitness verify`.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class NewLink(Input):
    """A link that is wanted."""

    format: Annotated[Form, Field(description="Which form of the report.", examples=["pdf"])]
    expires_in: Annotated[
        Whole,
        Field(ge=60, le=604_800, description="Seconds until it ends.", examples=[3600]),
    ] = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeLink:
    """A link, with the address that is shown this once."""

    id: Annotated[str, Field(description="Opaque identifier.")]
    report_id: Annotated[str, Field(description="The report.")]
    format: Annotated[str, Field(description="Which form of it.")]
    expires_at: Annotated[datetime, Field(description="When it ends.")]
    path: Annotated[
        str,
        Field(
            description="Its address at this service. Whoever has it can read the file until then.",
            examples=[
                "/links/lnk_01KAN8Q5V4T2M9C3XH7R0ZJ6WD.c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmUx"
            ],
        ),
    ]


@router.get(
    "/{report_id}/content",
    response_model=None,
    response_class=Response,
    responses={**FILE, **also(406, 409, 410)},
    dependencies=[requires("reports:read")],
)
def read_report_content(call: Call, report_id: ReportId) -> Response:
    """A report in the form that `Accept` asks for; JSON where it asks for none.

    `application/json`, `text/html`, `application/pdf`, `application/zip` (tables) or the type of
    DOCX. Each reading is an event in the ledger.
    """
    with call.reading() as unit:
        report = readable(call, unit.get(Report, report_id))
        reports.readable(unit, report_id)
    offered = {each.format: each.media_type for each in report.files if each.format in _NEGOTIABLE}
    ordered = {name: offered[name] for name in _NEGOTIABLE if name in offered}
    if not ordered:
        ordered = {each.format: each.media_type for each in report.files}
    wanted = negotiated(call.request.headers.get("accept"), ordered)
    return _file(call, report, wanted, {"Vary": "Accept"})


_NEGOTIABLE = ("json", "html", "pdf", "csv", "docx")


@router.get(
    "/{report_id}/files/{format}",
    response_model=None,
    response_class=Response,
    responses={**FILE, **also(409, 410)},
    dependencies=[requires("reports:read")],
)
def read_report_file(call: Call, report_id: ReportId, format: Format) -> Response:
    """One form of a report. Each reading is an event in the ledger."""
    with call.reading() as unit:
        report = readable(call, unit.get(Report, report_id))
    return _file(call, report, format, {})


@router.get(
    "/{report_id}/bundle",
    response_model=None,
    response_class=Response,
    responses={**_ZIP, **also(409, 410)},
    dependencies=[requires("reports:read")],
)
def read_report_bundle(call: Call, report_id: ReportId) -> Response:
    """The evidence bundle: the report in all forms, with what it was made from and what proves it.

    Ledger receipts, the directory of keys, rule packs, pictures; of audits the counts as well, so
    that every figure can be computed anew.
    """
    with call.reading() as unit:
        readable(call, unit.get(Report, report_id))
    data = report_bundles.bundle(call.service, call.tenant, report_id, actor=call.principal.key_id)
    headers = {"Content-Disposition": f'attachment; filename="{report_id}.bundle.zip"'}
    return Response(data, media_type="application/zip", headers=headers)


@router.get(
    "/{report_id}/diff",
    response_model=Difference,
    responses={
        200: {"content": {_PAGE: {"schema": {"type": "string"}}}},
        **also(406, 409, 410),
    },
    dependencies=[requires("reports:read")],
)
def compare_reports(
    call: Call,
    report_id: ReportId,
    other: Annotated[
        str,
        Query(
            alias="with",
            pattern=r"^rep_[0-9A-HJKMNP-TV-Z]{26}$",
            description="The later report.",
            examples=["rep_01KAN8Q5V4T2M9C3XH7R0ZJ6WD"],
        ),
    ],
) -> Response:
    """What changed from this report to another of its kind, in numbers; JSON or a small page.

    Rows are matched by their names. Both readings are events in the ledger.
    """
    wanted = negotiated(
        call.request.headers.get("accept"), {"json": "application/json", "html": _PAGE}
    )
    before, after = (document_of(call, each) for each in (report_id, other))
    found = diff(before, after)
    if wanted == "html":
        return HTMLResponse(
            render_diff(found),
            headers={"Content-Security-Policy": _PAGE_POLICY, "Vary": "Accept"},
        )
    answer = call.shown(found)
    answer.headers["Vary"] = "Accept"
    return answer


_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"


@router.post(
    "/{report_id}/links",
    status_code=201,
    response_model=MadeLink,
    responses=also(410, "step_refused"),
    dependencies=[requires("reports:write")],
)
def create_report_link(call: Call, report_id: ReportId, body: NewLink) -> Response:
    """Make a link that needs no key until it ends. Making it and each use are in the ledger.

    It dies with the report, and can be taken back.
    """
    with call.unit() as unit:
        readable(call, unit.get(Report, report_id))
        link, token = report_links.make_link(
            unit, report_id, body.format, timedelta(seconds=body.expires_in)
        )
        made = MadeLink(
            id=link.id,
            report_id=link.report_id,
            format=link.format,
            expires_at=link.expires_at,
            path=f"/links/{token}",
        )
        return call.created(unit, made)


@router.get(
    "/{report_id}/links", response_model=Listed[ReportLink], dependencies=[requires("reports:read")]
)
def list_report_links(call: Call, paging: Paging, report_id: ReportId) -> Response:
    """Links to a report, without their addresses."""
    with call.reading() as unit:
        readable(call, unit.get(Report, report_id))
        where = {"report_id": report_id}
        return call.listing(paging, unit.page(ReportLink, paging.page, where))


@router.delete(
    "/{report_id}/links/{link_id}", status_code=204, dependencies=[requires("reports:write")]
)
def revoke_report_link(call: Call, report_id: ReportId, link_id: LinkId) -> Response:
    """Take a link back, at once. Again is no error."""
    with call.unit() as unit:
        readable(call, unit.get(Report, report_id))
        link = unit.find(ReportLink, id=link_id, report_id=report_id)
        if link is None:
            raise nowhere()
        report_links.revoke_link(unit, link.id)
        return call.nothing(unit)


@links.get(
    "/links/{token}",
    response_model=None,
    response_class=Response,
    responses={**FILE, **also(410)},
    dependencies=[public("The address carries a signature that ends.", limited=True)],
)
def follow_report_link(
    request: Request,
    service: ServiceDep,
    token: Annotated[
        str, Path(max_length=100, description="From the link.", examples=["lnk_01K.c2ln"])
    ],
) -> Response:
    """The file that a link leads to, until the link ends."""
    link = report_links.link_of(token)
    tenant = tenant_of_link(service.store, link) if link else None
    if link is None or tenant is None:
        raise nowhere()
    with service.store.unit(tenant, actor=link) as unit:
        report, file = report_links.follow(unit, token)
    pieces = reports.content(service.vault, tenant, report, file)
    more = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
    return known(request, file.sha256) or file_answer(report, file, pieces, more)


def _file(call: Call, report: Report, format: str, more: Mapping[str, str]) -> Response:
    held = reports.file_of(report, format)
    if held is not None and report.erased_at is None:
        answer = known(call.request, held.sha256)
        if answer is not None:
            return answer
    with call.unit() as unit:
        report, file = reports.read(unit, report.id, format)
    pieces = reports.content(call.service.vault, call.tenant, report, file)
    return file_answer(report, file, pieces, more)


def document_of(call: CallContext, report_id: str) -> Any:
    """The document of a report, for those who may read it; the reading is recorded."""
    with call.unit(answers=False) as unit:
        report = readable(call, unit.get(Report, report_id))
        report, _ = reports.read(unit, report_id, "json")
    return report_bundles.envelope(call.service.vault, call.tenant, report).document
