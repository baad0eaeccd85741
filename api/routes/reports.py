"""Reports, in all their forms."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path, Query, Response
from fastapi.responses import StreamingResponse

from api.call import Call, CallContext
from api.guarding import area
from api.openapi import also
from api.paging import Listed, Paging
from api.problems import Refusal
from api.routes.paths import CandidateFilter, ReportId
from api.scopes import requires
from audit.operations import reports
from audit.operations.register import plain_where
from audit.records.evidence import Report, ReportFile

router = area("Reports", "/reports")
Kind = Literal["check", "fairness_audit"]
Format = Annotated[
    Literal["json", "html", "csv"],
    Path(description="json: for programs; html: for people; csv: tables of an audit, zipped."),
]
_ABOUT_PEOPLE = "check"
_PAGE = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'"
)
_FILE = {"schema": {"type": "string", "format": "binary"}}


@router.get("", response_model=Listed[Report], dependencies=[requires("reports:read")])
def list_reports(
    call: Call,
    paging: Paging,
    kind: Annotated[Kind | None, Query(description="Only of this kind.")] = None,
    subject: Annotated[
        str | None,
        Query(pattern=r"^(chk|aud)_[0-9A-HJKMNP-TV-Z]{26}$", description="Only of this one."),
    ] = None,
    candidate_id: CandidateFilter = None,
) -> Response:
    """Reports of checks and audits. Those of checks need `checks:read` as well."""
    if not call.may("checks:read"):
        if kind == _ABOUT_PEOPLE:
            raise _forbidden()
        kind = "fairness_audit"
    where = plain_where(kind=kind, subject=subject, candidate_id=candidate_id)
    with call.reading() as unit:
        return call.listing(paging, unit.page(Report, paging.page, where))


@router.get("/{report_id}", response_model=Report, dependencies=[requires("reports:read")])
def read_report(call: Call, report_id: ReportId) -> Response:
    """What forms a report has, with their hashes."""
    with call.reading() as unit:
        return call.shown(_allowed(call, unit.get(Report, report_id)))


@router.get(
    "/{report_id}/files/{format}",
    response_model=None,
    response_class=Response,
    responses={
        200: {
            "description": "The file. Its ETag is the SHA-256 of its bytes.",
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "text/html": {"schema": {"type": "string"}},
                "application/zip": _FILE,
            },
        },
        304: {"description": "The caller has it (If-None-Match)."},
        **also(410),
    },
    dependencies=[requires("reports:read")],
)
def read_report_file(call: Call, report_id: ReportId, format: Format) -> Response:
    """One form of a report. Each reading is an event in the ledger."""
    with call.reading() as unit:
        report = _allowed(call, unit.get(Report, report_id))
    known = [each.strip() for each in call.request.headers.get("if-none-match", "").split(",")]
    held = reports.file_of(report, format)
    if held is not None and report.erased_at is None and f'"{held.sha256}"' in known:
        return Response(status_code=304, headers={"ETag": f'"{held.sha256}"'})
    with call.unit() as unit:
        report, file = reports.read(unit, report_id, format)
    pieces = reports.content(call.service.vault, call.tenant, report, file)
    return StreamingResponse(pieces, media_type=file.media_type, headers=_headers(report, file))


def _headers(report: Report, file: ReportFile) -> dict[str, str]:
    headers = {"Content-Length": str(file.size_bytes), "ETag": f'"{file.sha256}"'}
    if file.format == "html":
        headers["Content-Security-Policy"] = _PAGE
    else:
        ending = "zip" if file.format == "csv" else file.format
        headers["Content-Disposition"] = f'attachment; filename="{report.id}.{ending}"'
    return headers


def _allowed(call: CallContext, report: Report) -> Report:
    if report.kind == _ABOUT_PEOPLE and not call.may("checks:read"):
        raise _forbidden()
    return report


def _forbidden() -> Refusal:
    return Refusal("forbidden", "Reports of checks need the scope checks:read as well.")
