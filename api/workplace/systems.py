"""Systems: the register of hiring tools; one with its profile, deadlines, notices, documents."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Query, Response
from pydantic import ValidationError

from api.paging import Paging, cursor_of
from api.report_access import kinds_readable
from api.routes.paths import SystemId
from api.scopes import requires
from api.workplace.framing import HOME, Visit, VisitDep, router
from api.workplace.report_forms import faults_of, lines, midnight
from api.workplace.system_profile import clocks_of, deadlines, profile
from audit.errors import AuditError
from audit.operations import register
from audit.operations.notices import NewNotice, give_notice
from audit.records.evidence import FairnessAudit, Report, RunState
from audit.records.issued import Publication, ReportSchedule
from audit.records.register import DecisionRole, Mode, Notice, System
from audit.store import Page

pages = router()
SYSTEMS = f"{HOME}/systems"
ARTEFACTS = ("media", "reports", "references", "demographics")
_SHOWN = 25
_SOME = 10
_TEXTS = ("name", "vendor", "system_version", "mode", "decision_role")


@pages.get("/systems", dependencies=[requires("systems:read")])
def systems(
    visit: VisitDep,
    paging: Paging,
    mode: Annotated[Mode | Literal[""], Query()] = "",
    retired: Annotated[Literal["", "1"], Query()] = "",
) -> Response:
    """Hiring tools in use, the newest first; or those that are retired."""
    with visit.call.reading() as unit:
        page = Page(_SHOWN, paging.position)
        found = register.list_systems(unit, page, mode=mode or None, retired=bool(retired))
    given = {"mode": mode, "retired": retired}
    onward = {"cursor": cursor_of(found.items[-1].id), **given} if found.more else {}
    return visit.page(
        "systems/systems.html",
        systems=found.items,
        modes=[each.value for each in Mode],
        given=given,
        first=paging.position is None,
        onward=f"{SYSTEMS}?{urlencode(onward)}" if onward else "",
    )


@pages.get("/systems/new", dependencies=[requires("systems:write")])
def new_system(visit: VisitDep) -> Response:
    """A form for a system that is not registered yet."""
    return _form(visit, None, {})


@pages.post("/systems", dependencies=[requires("systems:write")])
def register_system(visit: VisitDep) -> Response:
    """Registers a system."""
    given, faults = _given(visit)
    try:
        new = register.NewSystem.model_validate(given)
    except ValidationError as error:
        faults = {**faults_of(error), **faults}
    if faults:
        return _form(visit, None, visit.form, faults)
    with visit.call.unit(answers=False) as unit:
        made = register.create_system(unit, new)
    return visit.go(f"{SYSTEMS}/{made.id}", "system_registered")


@pages.get("/systems/{system_id}", dependencies=[requires("systems:read")])
def system_page(visit: VisitDep, system_id: SystemId) -> Response:
    """One system: what is registered, what follows from it, and what is recorded of it."""
    return _shown(visit, system_id)


@pages.get("/systems/{system_id}/change", dependencies=[requires("systems:write")])
def changing(visit: VisitDep, system_id: SystemId) -> Response:
    """The form, filled in with what is registered."""
    with visit.call.reading() as unit:
        system = unit.get(System, system_id)
    return _form(visit, system, _written(system))


@pages.post("/systems/{system_id}/change", dependencies=[requires("systems:write")])
def change_system(visit: VisitDep, system_id: SystemId) -> Response:
    """Changes what differs; refused where somebody changed the system meanwhile."""
    given, faults = _given(visit)
    with visit.call.unit(answers=False) as unit:
        system = unit.get(System, system_id)
        if visit.form.get("version") != str(system.version):
            faults["whole"] = "Somebody changed this system meanwhile. Look at it again, then save."
        try:
            whole = register.NewSystem.model_validate(given)
        except ValidationError as error:
            faults = {**faults_of(error), **faults}
        if not faults:
            wanted = {n: getattr(whole, n) for n in given | {"notice_url": None}}
            differs = {n: v for n, v in wanted.items() if v != getattr(system, n)}
            if differs:
                change = register.SystemChange.model_validate(differs)
                register.change_system(unit, system, change)
    if faults:
        return _form(visit, system, visit.form, faults)
    return visit.go(f"{SYSTEMS}/{system_id}", "system_changed")


@pages.post("/systems/{system_id}/retire", dependencies=[requires("systems:write")])
def retire_system(visit: VisitDep, system_id: SystemId) -> Response:
    """Ends its use: it takes no new interviews; its records stay."""
    with visit.call.unit(answers=False) as unit:
        register.retire_system(unit, unit.get(System, system_id))
    return visit.go(f"{SYSTEMS}/{system_id}", "system_retired")


@pages.post("/systems/{system_id}/notices", dependencies=[requires("notices:write")])
def record_notice(visit: VisitDep, system_id: SystemId) -> Response:
    """Records a notice that was published for all candidates of a system."""
    form = visit.form
    names = ("kind", "jurisdiction", "text_version", "channel")
    given: dict[str, Any] = {name: form.get(name, "").strip() for name in names}
    given["given_at"] = midnight(form.get("given_on", ""))
    given["system_id"] = system_id
    if form.get("use_on"):
        given["use_on"] = midnight(form["use_on"])
    try:
        with visit.call.unit(answers=False) as unit:
            unit.get(System, system_id)
            give_notice(unit, NewNotice.model_validate(given))
    except ValidationError as error:
        found = faults_of(error)
        if "given_at" in found:
            found["given_on"] = found.pop("given_at")
        return _shown(visit, system_id, found)
    except AuditError as error:
        if error.code == "not_found":
            raise
        return _shown(visit, system_id, {"notice": str(error)})
    return visit.go(f"{SYSTEMS}/{system_id}", "notice_recorded")


def _shown(visit: Visit, system_id: str, faults: dict[str, str] | None = None) -> Response:
    call, now = visit.call, visit.call.service.now()
    here = {"system_id": system_id}
    notices: tuple[Notice, ...] = ()
    audits: tuple[FairnessAudit, ...] = ()
    page = None
    with call.reading() as unit:
        system = unit.get(System, system_id)
        current = {**here, "kind": kinds_readable(call), "superseded_by": None}
        documents = unit.page(Report, Page(_SOME), current).items
        schedules = unit.page(ReportSchedule, Page(_SOME), {**here, "ended_at": None}).items
        if call.may("fairness_audits:read"):
            done = {**here, "state": RunState.FINISHED}
            audits = unit.page(FairnessAudit, Page(_SOME), done).items
        if call.may("notices:read"):
            notices = unit.page(Notice, Page(_SOME), {**here, "candidate_id": None}).items
        if call.may("publications:read"):
            page = unit.find(Publication, system_id=system_id)
    audited = _dated(audits) if call.may("fairness_audits:read") else None
    return visit.page(
        "systems/system.html",
        status=422 if faults else 200,
        system=system,
        profile=profile(system, now.date()),
        deadlines=deadlines(system, audited, schedules, now),
        clocks=clocks_of(system.jurisdictions, now.date()),
        reads_audits=call.may("fairness_audits:read"),
        audits=audits,
        notices=notices,
        documents=documents,
        schedules=schedules,
        public=page,
        artefacts=ARTEFACTS,
        faults=faults or {},
        given=visit.form,
    )


def _dated(audits: tuple[FairnessAudit, ...]) -> datetime | None:
    return audits[0].finished_at if audits else None


def _form(
    visit: Visit,
    system: System | None,
    given: Any,
    faults: dict[str, str] | None = None,
) -> Response:
    return visit.page(
        "systems/form.html",
        status=422 if faults else 200,
        system=system,
        given=given,
        faults=faults or {},
        modes=[each.value for each in Mode],
        decision_roles=[each.value for each in DecisionRole],
        artefacts=ARTEFACTS,
    )


def _given(visit: Visit) -> tuple[dict[str, Any], dict[str, str]]:
    """What a form says, as operations take it, and what cannot be read of it."""
    form, faults = visit.form, {}
    found: dict[str, Any] = {name: form.get(name, "").strip() for name in _TEXTS}
    found["policy"] = form.get("policy", "").strip() or "default"
    found["data_types"] = form.get("data_types", "").replace(",", " ").split()
    found["jurisdictions"] = form.get("jurisdictions", "").replace(",", " ").split()
    if form.get("notice_url", "").strip():
        found["notice_url"] = form["notice_url"].strip()
    days = {each: form.get(f"days_{each}", "").strip() for each in ARTEFACTS}
    if any(text and not text.isdecimal() for text in days.values()):
        faults["retention_days"] = "Give whole days, 1 to 36500."
    found["retention_days"] = {name: int(t) for name, t in days.items() if t.isdecimal()}
    told = [each.rpartition("=") for each in lines(form.get("outcome_words", ""))]
    if not all(sign and word.strip() for word, sign, _ in told):
        faults["outcome_words"] = "Write each as: word = advanced"
    found["outcome_words"] = {word.strip(): means.strip() for word, _, means in told}
    return found, faults


def _written(system: System) -> dict[str, str]:
    """A system as the form has it."""
    said = [f"{word} = {means.value}" for word, means in system.outcome_words.items()]
    return {
        **{name: str(getattr(system, name)) for name in (*_TEXTS, "policy", "version")},
        "mode": system.mode.value,
        "decision_role": system.decision_role.value,
        "data_types": " ".join(system.data_types),
        "jurisdictions": " ".join(system.jurisdictions),
        "notice_url": system.notice_url or "",
        "outcome_words": "\n".join(said),
        **{f"days_{name}": str(days) for name, days in system.retention_days.items()},
    }
