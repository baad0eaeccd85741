"""Fairness audits: of stored outcomes, or of a table that is sent for it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import Field

from api.call import Call
from api.guarding import area
from api.openapi import also
from api.paging import Listed, Paging
from api.problems import Refusal
from api.progress_events import STREAM, Seen, progress_of
from api.routes.paths import AuditId, SystemFilter
from api.scopes import requires
from api.streaming import OCTETS, Chunks, binary_body, content_type, fingerprint, received
from audit.errors import SpecInvalid
from audit.operations import fairness_audits, uploads
from audit.operations.fairness_audits import AuditOrder
from audit.operations.inputs import Input, Line, Moment, SystemId
from audit.operations.media import MediaOrder
from audit.operations.register import plain_where
from audit.records.evidence import FairnessAudit, Media, MediaKind, RunState
from audit.records.work import Job
from audit.store import ReadUnit
from fairness.spec import AuditSpec, load_spec

router = area("Fairness audits", "/fairness-audits")
_TABLES = ("text/csv", "application/vnd.apache.parquet", OCTETS)


class NewAudit(Input):
    """An audit that is wanted."""

    name: Annotated[
        Line, Field(description="For people.", examples=["Video interview, first quarter"])
    ]
    source: Annotated[
        str,
        Field(
            pattern=r"^(outcomes|med_[0-9A-HJKMNP-TV-Z]{26})$",
            description="`outcomes`: those stored here, with self-reported demographics; or a "
            "table that was sent to `/v1/fairness-audits/tables`.",
            examples=["outcomes"],
        ),
    ] = "outcomes"
    spec: Annotated[
        dict[str, Any] | None,
        Field(
            description="The specification (docs/fairness-spec.schema.json). Left out for stored "
            "outcomes: made from what is stored.",
            examples=[None],
        ),
    ] = None
    system_id: Annotated[SystemId | None, Field(description="Only of this system.")] = None
    since: Annotated[Moment | None, Field(description="Outcomes from this time on.")] = None
    until: Annotated[Moment | None, Field(description="Outcomes before this time.")] = None

    def order(self) -> AuditOrder:
        """As operations take it. Raises `SpecInvalid`."""
        return AuditOrder(
            name=self.name,
            source=self.source,
            spec=checked_spec(self.spec) if self.spec is not None else {},
            system_id=self.system_id,
            since=self.since,
            until=self.until,
        )


@router.post(
    "",
    status_code=202,
    response_model=FairnessAudit,
    responses=also(410, "spec_invalid"),
    dependencies=[requires("fairness_audits:write")],
)
def create_fairness_audit(call: Call, body: NewAudit) -> Response:
    """Have scores and outcomes audited for disparity. It reaches no legal conclusion."""
    order = body.order()
    with call.unit() as unit:
        return call.accepted(unit, fairness_audits.request_audit(unit, order))


@router.post(
    "/tables",
    status_code=201,
    response_model=Media,
    responses=also(400, 413, 415, 507),
    openapi_extra=binary_body(*_TABLES, description="CSV, Parquet or Arrow."),
    dependencies=[requires("fairness_audits:write")],
)
async def send_table(
    call: Call,
    name: Annotated[str, Query(max_length=1000, description="The file's name.")] = "",
    sha256: Annotated[
        str | None, Query(pattern="^[0-9a-f]{64}$", description="Of its bytes, if known.")
    ] = None,
) -> Response:
    """Send a table for audits. It is sealed under a key of its own and cannot be read back."""
    if content_type(call.request) in ("", "application/json"):
        raise Refusal("unsupported_media_type", f"Send the table as {' or '.join(_TABLES)}.")
    call.fingerprint(fingerprint(call.request, sha256))
    order = MediaOrder(kind=MediaKind.TABLE, name=name, sha256=sha256)

    def work(chunks: Chunks) -> Response:
        with call.unit(answers=False):
            pass  # a repeated request is answered before its body is taken
        intake = call.service.intake
        got = uploads.receive_table(intake, call.tenant, order, chunks=chunks)
        with ExitStack() as undo:
            undo.callback(call.service.vault.erase_key, call.tenant, got.id)
            with call.unit() as unit:
                table = uploads.finish_table(unit, intake, order, got)
                answer = call.created(unit, table, location=f"/v1/media/{table.id}")
            undo.pop_all()
        return answer

    return await received(call.request, work)


@router.get(
    "", response_model=Listed[FairnessAudit], dependencies=[requires("fairness_audits:read")]
)
def list_fairness_audits(
    call: Call,
    paging: Paging,
    system_id: SystemFilter = None,
    state: Annotated[RunState | None, Query(description="Only those that stand so.")] = None,
) -> Response:
    """Audits of the tenant."""
    where = plain_where(system_id=system_id, state=state)
    with call.reading() as unit:
        return call.listing(paging, unit.page(FairnessAudit, paging.page, where))


@router.get(
    "/{audit_id}", response_model=FairnessAudit, dependencies=[requires("fairness_audits:read")]
)
def read_fairness_audit(call: Call, audit_id: AuditId) -> Response:
    """One audit; `classes` counts its findings, the numbers are in its report."""
    with call.reading() as unit:
        return call.shown(unit.get(FairnessAudit, audit_id))


@router.post(
    "/{audit_id}/cancel",
    response_model=FairnessAudit,
    dependencies=[requires("fairness_audits:write")],
)
def cancel_fairness_audit(call: Call, audit_id: AuditId) -> Response:
    """Cancel an audit: at once in the queue, at its next stage where it runs."""
    with call.unit() as unit:
        return call.changed(unit, fairness_audits.cancel(unit, audit_id))


@router.get(
    "/{audit_id}/events",
    response_model=None,
    response_class=Response,
    responses=STREAM,
    dependencies=[requires("fairness_audits:read")],
)
def follow_fairness_audit(call: Call, audit_id: AuditId) -> Response:
    """Follow an audit as server-sent events, until it ends."""

    def look(unit: ReadUnit) -> Seen:
        audit = unit.get(FairnessAudit, audit_id)
        return Seen(audit.version, audit.state, unit.get(Job, audit.job_id))

    return progress_of(call, audit_id, look)


def checked_spec(given: dict[str, Any]) -> dict[str, Any]:
    """The specification as it was given, if it can be used. Raises `SpecInvalid`."""
    spec: AuditSpec = load_spec(given)
    if spec.query is not None or spec.ratings is not None:
        raise SpecInvalid(
            "`query` and `ratings` need a database or a second table, which are not taken here: "
            "leave them out"
        )
    return given
