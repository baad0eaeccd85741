"""Fairness: audits, how they stand, and their results, one view at a time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Query, Response
from pydantic import ValidationError

from api.paging import Paging, cursor_of
from api.problems import Refusal
from api.routes.fairness_audits import NewAudit
from api.routes.paths import AuditId
from api.scopes import requires
from api.workplace import fairness_views as views
from api.workplace.fairness_views import Chosen
from api.workplace.framing import HOME, Visit, VisitDep, router
from audit.errors import AuditError, StepRefused
from audit.operations import fairness_audits, reports
from audit.operations.register import plain_where
from audit.records.evidence import FairnessAudit, Media, MediaState, RunState
from audit.records.register import System
from audit.records.work import Job
from audit.store import Page

pages = router()
FAIRNESS = f"{HOME}/fairness"
READ = "fairness_audits:read"
WRITE = "fairness_audits:write"
Name = Literal["groups", "intersections", "stages", "periods", "questions", "alternatives"]
Place = Annotated[int, Query(ge=0, le=100_000)]
_SHOWN = 25
_MOST_SYSTEMS = 200


@dataclass(frozen=True, slots=True)
class Standing:
    """An audit and how far its job is: `percent` 0 to 100."""

    audit: FairnessAudit
    percent: int
    stage: str


@pages.get("/fairness", dependencies=[requires(READ)])
def audits(
    visit: VisitDep,
    paging: Paging,
    state: Annotated[RunState | Literal[""], Query()] = "",
) -> Response:
    """All audits, the newest first, and forms to start one."""
    return _listed(visit, paging.position, state)


def _listed(
    visit: Visit,
    position: str | None = None,
    state: RunState | Literal[""] = "",
    faults: dict[str, str] | None = None,
) -> Response:
    with visit.call.reading() as unit:
        found = unit.page(FairnessAudit, Page(_SHOWN, position), plain_where(state=state or None))
        at_work = tuple(each.job_id for each in found.items if not each.state.final)
        jobs = unit.every(Job, id=at_work) if at_work else ()
        systems: tuple[System, ...] = ()
        if visit.call.may("systems:read"):
            systems = unit.page(System, Page(_MOST_SYSTEMS)).items
    by_id = {job.id: job for job in jobs}
    onward = {"cursor": cursor_of(found.items[-1].id), "state": state} if found.more else {}
    return visit.page(
        "fairness/audits.html",
        status=422 if faults else 200,
        audits=[standing(each, by_id.get(each.job_id)) for each in found.items],
        systems=systems,
        names={each.id: each.name for each in systems},
        state=state,
        states=[each.value for each in RunState],
        first=position is None,
        onward=f"{FAIRNESS}?{urlencode(onward)}" if onward else "",
        faults=faults or {},
        given=visit.form,
        words=views.class_word,
    )


def standing(audit: FairnessAudit, job: Job | None) -> Standing:
    """How an audit stands."""
    if job is None:
        return Standing(audit, 100 if audit.state.final else 0, "")
    return Standing(audit, round(100 * job.progress), job.stage)


@pages.post("/fairness/outcomes", dependencies=[requires(WRITE)])
def audit_outcomes(visit: VisitDep) -> Response:
    """Starts an audit of stored outcomes."""
    form = visit.form
    given: dict[str, Any] = {
        "name": form.get("name", "").strip(),
        "system_id": form.get("system") or None,
        "since": _midnight(form.get("since", "")),
        "until": _midnight(form.get("until", "")),
    }
    try:
        order = NewAudit.model_validate(given).order()
        with visit.call.unit(answers=False) as unit:
            made = fairness_audits.request_audit(unit, order)
    except ValidationError as error:
        faults = {str(each["loc"][0]): str(each["msg"]) for each in error.errors()}
        return _listed(visit, faults=faults)
    except AuditError as error:
        return _listed(visit, faults={"outcomes": str(error)})
    return visit.go(f"{FAIRNESS}/{made.id}", "audit_started")


def _midnight(day: str) -> str | None:
    return f"{day}T00:00:00Z" if day else None


@pages.get("/fairness/{audit_id}", dependencies=[requires(READ)])
def audit_page(
    visit: VisitDep, audit_id: AuditId, page: Annotated[int, Query(ge=1, le=10_000)] = 1
) -> Response:
    """One audit: how it stands, and, once it is finished, what it found."""
    found, values = _facts(visit, audit_id)
    if found.audit.state is not RunState.FINISHED:
        return visit.page("fairness/audit.html", view="", document=None, shown=None, **values)
    document = result(visit, found.audit)
    shown = views.overview(document, page)
    return visit.page(
        "fairness/audit.html", view="overview", document=document, shown=shown, **values
    )


@pages.get("/fairness/{audit_id}/progress", dependencies=[requires(READ)])
def audit_progress(visit: VisitDep, audit_id: AuditId) -> Response:
    """How an audit stands, alone: the page asks for it again while it runs."""
    found, values = _facts(visit, audit_id)
    answer = visit.page("fairness/progress.html", **values)
    if found.audit.state.final:
        answer.headers["HX-Refresh"] = "true"
    return answer


@pages.post("/fairness/{audit_id}/cancel", dependencies=[requires(WRITE)])
def cancel_audit(visit: VisitDep, audit_id: AuditId) -> Response:
    """Cancels an audit that has not ended."""
    with visit.call.unit(answers=False) as unit:
        fairness_audits.cancel(unit, audit_id)
    return visit.go(f"{FAIRNESS}/{audit_id}", "audit_cancelled")


@pages.get("/fairness/{audit_id}/results/{name}", dependencies=[requires(READ)])
def audit_view(
    visit: VisitDep,
    audit_id: AuditId,
    name: Name,
    part: Place = 0,
    level: Place = 0,
    find: Annotated[str, Query(max_length=100)] = "",
    only: Annotated[str, Query(max_length=40)] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """One view of the result of a finished audit."""
    found, values = _facts(visit, audit_id)
    document = result(visit, found.audit)
    shown = views.view(name, document, Chosen(part, level, find.strip(), only, page))
    query = {"part": part, "level": level, "find": find, "only": only}
    values["here"] = f"{FAIRNESS}/{audit_id}/results/{name}?{urlencode(query)}"
    return visit.page("fairness/audit.html", view=name, document=document, shown=shown, **values)


def _facts(visit: Visit, audit_id: str) -> tuple[Standing, dict[str, Any]]:
    with visit.call.reading() as unit:
        audit = unit.get(FairnessAudit, audit_id)
        job = None if audit.state.final else unit.find(Job, id=audit.job_id)
        system = unit.find(System, id=audit.system_id) if audit.system_id else None
        table = None
        if audit.source != fairness_audits.OUTCOMES:
            table = unit.find(Media, id=audit.source)
    found = standing(audit, job)
    kept = table is not None and table.state is MediaState.STORED
    return found, {
        "standing": found,
        "audit": audit,
        "system": system,
        "table": table,
        "again": kept and visit.call.may(WRITE),
        "words": views.class_word,
        "meaning": views.class_meaning,
        "nothing": views.NOTHING,
        "here": f"{FAIRNESS}/{audit_id}",
    }


def result(visit: Visit, audit: FairnessAudit) -> dict[str, Any]:
    """The result of a finished audit; each reading is in the ledger, as over the API.

    Raises:
        Refusal: the role does not read reports. StepRefused: the audit has not finished.
        DataKeyDestroyed: its report was erased.
    """
    report_id = readable(visit, audit)
    with visit.call.unit(answers=False) as unit:
        report, file = reports.read(unit, report_id, reports.RESULT)
    pieces = reports.content(visit.call.service.vault, visit.call.tenant, report, file)
    document: dict[str, Any] = json.loads(b"".join(pieces))
    return document


def cube_text(visit: Visit, audit: FairnessAudit, *, note: bool) -> str | None:
    """The counts of a finished audit; None where small groups were withheld from its result.

    `note`: whether the reading is recorded; else it goes on with one that was. Raises as `result`.
    """
    report_id = readable(visit, audit)
    if note:
        with visit.call.unit(answers=False) as unit:
            report = reports.readable(unit, report_id)
            file = reports.file_of(report, reports.CUBE)
            if file is not None:
                reports.note_read(unit, report, reports.CUBE, sha256=file.sha256)
    else:
        with visit.call.reading() as reading:
            report = reports.readable(reading, report_id)
    data = reports.whole(visit.call.service.vault, visit.call.tenant, report, reports.CUBE)
    return None if data is None else data.decode()


def readable(visit: Visit, audit: FairnessAudit) -> str:
    """The identifier of the report of a finished audit, if the role reads reports."""
    if not visit.call.may("reports:read"):
        raise Refusal("forbidden", "Your role does not have the scope reports:read.")
    if audit.state is not RunState.FINISHED or audit.report_id is None:
        raise StepRefused(f"The audit is {audit.state.value}; it has no result.")
    return audit.report_id
