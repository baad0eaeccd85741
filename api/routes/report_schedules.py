"""Schedules: reports that are made at the end of each month, quarter or year."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import Field, StringConstraints

from api.call import Call
from api.guarding import area
from api.openapi import also
from api.paging import Listed, Paging
from api.report_access import check_making
from api.report_orders import PackId
from api.routes.paths import ScheduleId, SystemFilter
from api.scopes import requires
from audit.operations import report_schedules
from audit.operations.inputs import Day, Input, SystemId
from audit.operations.register import plain_where
from audit.operations.report_schedules import NewSchedule
from audit.records.issued import DocumentKind, Every, ReportSchedule
from reports.packs import pack

router = area("Report schedules", "/report-schedules")
_ENDPOINT = r"^whk_[0-9A-HJKMNP-TV-Z]{26}$"
_ZONE = r"^[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+){0,2}$"
Kind = Literal[
    "governance", "regime_file", "fairness_audit", "ll144_summary", "adverse_impact_record"
]


class ScheduleWanted(Input):
    """A schedule that is wanted."""

    kind: Annotated[
        Kind,
        Field(
            description="`governance`, `regime_file` and `fairness_audit` are of each period; the "
            "others are of the system's newest audit.",
            examples=["governance"],
        ),
    ]
    system_id: Annotated[SystemId, Field(description="Of which system.")]
    every: Annotated[Every, Field(description="How long a period is.", examples=["quarter"])]
    zone: Annotated[
        str,
        StringConstraints(max_length=64, pattern=_ZONE),
        Field(description="Time zone whose days are counted.", examples=["America/New_York"]),
    ] = "UTC"
    packs: Annotated[
        tuple[PackId, ...],
        Field(
            max_length=20,
            description="Of a regime file; left out: those of the system's places.",
        ),
    ] = ()
    recipients: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=_ENDPOINT)], ...],
        Field(
            max_length=20,
            description="Webhook endpoints that are told; left out: all that take `report.ready`.",
        ),
    ] = ()
    first: Annotated[
        Day | None,
        Field(
            description="A day of the first period; periods that have ended since are made at "
            "once. Left out: today.",
            examples=["2026-01-01"],
        ),
    ] = None

    def checked(self, own_packs: Path | None) -> NewSchedule:
        """As operations take it. Raises `PackInvalid` for an unknown pack."""
        for name in self.packs:
            pack(name, own=own_packs)
        return NewSchedule(
            kind=DocumentKind(self.kind),
            system_id=self.system_id,
            every=self.every,
            zone=self.zone,
            packs=self.packs,
            recipients=self.recipients,
            first=self.first,
        )


@router.post(
    "",
    status_code=201,
    response_model=ReportSchedule,
    responses=also("pack_invalid", "step_refused"),
    dependencies=[requires("reports:write")],
)
def create_report_schedule(call: Call, body: ScheduleWanted) -> Response:
    """Have a report made at the end of each period, once; missed periods are caught up."""
    check_making(call, DocumentKind(body.kind))
    new = body.checked(call.service.settings.packs_dir)
    with call.unit() as unit:
        return call.created(unit, report_schedules.create_schedule(unit, new))


@router.get("", response_model=Listed[ReportSchedule], dependencies=[requires("reports:read")])
def list_report_schedules(
    call: Call,
    paging: Paging,
    system_id: SystemFilter = None,
    running: Annotated[bool | None, Query(description="Only those that have not ended.")] = None,
) -> Response:
    """Schedules of the tenant."""
    where = plain_where(system_id=system_id)
    if running:
        where["ended_at"] = None
    with call.reading() as unit:
        return call.listing(paging, unit.page(ReportSchedule, paging.page, where))


@router.get(
    "/{schedule_id}", response_model=ReportSchedule, dependencies=[requires("reports:read")]
)
def read_report_schedule(call: Call, schedule_id: ScheduleId) -> Response:
    """One schedule, and which period comes next."""
    with call.reading() as unit:
        return call.shown(unit.get(ReportSchedule, schedule_id))


@router.post(
    "/{schedule_id}/end", response_model=ReportSchedule, dependencies=[requires("reports:write")]
)
def end_report_schedule(call: Call, schedule_id: ScheduleId) -> Response:
    """End a schedule; what it made stays. Again is no error."""
    with call.unit() as unit:
        check_making(call, unit.get(ReportSchedule, schedule_id).kind)
        return call.changed(unit, report_schedules.end_schedule(unit, schedule_id))
