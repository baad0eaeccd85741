"""Schedules: reports that are made at the end of each month, quarter or year."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Response
from pydantic import ValidationError

from api.paging import Paging, cursor_of
from api.report_access import check_making, may_make
from api.routes.paths import ScheduleId
from api.routes.report_schedules import ScheduleWanted
from api.scopes import requires
from api.workplace.framing import Visit, VisitDep, router
from api.workplace.report_choices import systems
from api.workplace.report_forms import faults_of, lines, packs
from api.workplace.reports import REPORTS
from audit.errors import AuditError
from audit.operations import report_schedules
from audit.records.issued import DocumentKind, Every, ReportSchedule
from audit.records.register import System
from audit.store import Page

pages = router()
SCHEDULES = f"{REPORTS}/schedules"
_SHOWN = 25
_GIVEN = ("kind", "system_id", "every", "zone", "first")


@pages.get("/reports/schedules", dependencies=[requires("reports:read")])
def schedules(visit: VisitDep, paging: Paging) -> Response:
    """All schedules, the newest first, and a form for another."""
    return _listed(visit, paging.position)


@pages.post("/reports/schedules", dependencies=[requires("reports:write")])
def create_schedule(visit: VisitDep) -> Response:
    """Begins a schedule."""
    form = visit.form
    given: dict[str, Any] = {n: form[n].strip() for n in _GIVEN if form.get(n, "").strip()}
    if given.get("kind") == DocumentKind.REGIME_FILE:
        given["packs"] = lines(form.get("packs", ""))
    try:
        wanted = ScheduleWanted.model_validate(given)
        new = wanted.checked(visit.call.service.settings.packs_dir)
        check_making(visit.call, new.kind)
        with visit.call.unit(answers=False) as unit:
            report_schedules.create_schedule(unit, new)
    except ValidationError as error:
        return _listed(visit, faults=faults_of(error))
    except AuditError as error:
        return _listed(visit, faults={"whole": str(error)})
    return visit.go(SCHEDULES, "schedule_made")


@pages.post("/reports/schedules/{schedule_id}/end", dependencies=[requires("reports:write")])
def end_schedule(visit: VisitDep, schedule_id: ScheduleId) -> Response:
    """Ends a schedule; what it made stays."""
    with visit.call.unit(answers=False) as unit:
        check_making(visit.call, unit.get(ReportSchedule, schedule_id).kind)
        report_schedules.end_schedule(unit, schedule_id)
    return visit.go(SCHEDULES, "schedule_ended")


def _listed(
    visit: Visit, position: str | None = None, faults: Mapping[str, str] | None = None
) -> Response:
    call = visit.call
    kinds = [each for each in report_schedules.KINDS if may_make(call, each)]
    makes = bool(kinds) and call.may("reports:write")
    with call.reading() as unit:
        found = unit.page(ReportSchedule, Page(_SHOWN, position))
        ids = tuple({each.system_id for each in found.items})
        names = {each.id: each.name for each in unit.every(System, id=ids)} if ids else {}
        known = systems(unit) if makes else ()
    onward = f"{SCHEDULES}?cursor={cursor_of(found.items[-1].id)}" if found.more else ""
    return visit.page(
        "reports/schedules.html",
        status=422 if faults else 200,
        schedules=found.items,
        names=names,
        systems=known,
        kinds=kinds,
        makes=makes,
        every=[each.value for each in Every],
        packs=packs(visit) if makes else (),
        given=visit.form,
        ticked=lines(visit.form.get("packs", "")),
        faults=faults or {},
        first=position is None,
        onward=onward,
    )
