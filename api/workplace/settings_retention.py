"""Retention: how long things are kept, by kind and place; what ends next; legal holds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import Query, Response
from pydantic import ValidationError

from api.paging import Paging, cursor_of
from api.routes.holds import NewHold
from api.routes.paths import HoldId
from api.scopes import requires
from api.workplace.framing import HOME, Visit, VisitDep, router
from api.workplace.report_forms import faults_of
from api.workplace.system_profile import period
from audit import clocks
from audit.errors import NotFound, StepRefused
from audit.operations import holds, retention
from audit.operations.keeping import duties, terms
from audit.records.oversight import LegalHold
from audit.records.register import Candidate, System
from audit.store import Page, ReadUnit

pages = router()
RETENTION = f"{HOME}/settings/retention"
HOLDS = f"{RETENTION}/holds"
KINDS = {
    "media": "Recordings",
    "references": "Biometric references",
    "reports": "Reports",
    "demographics": "Answers about people's groups",
    "tables": "Tables of audits",
}
Kind = Literal["media", "references", "reports", "demographics"]
Within = Literal["0", "7", "30", "90", "365"]
_SHOWN = 25
_LOOKED_AT = 50
_MOST_SYSTEMS = 200


@dataclass(frozen=True, slots=True)
class Law:
    """A clock of a place that says to keep or to destroy one kind."""

    place: str
    title: str
    period: str
    citation: str
    destroys: bool


@pages.get("/settings/retention", dependencies=[requires("retention:read")])
def kept(visit: VisitDep) -> Response:
    """Days by kind, systems that have their own, and laws of the places of systems."""
    now = visit.call.service.now()
    with visit.call.reading() as unit:
        every = unit.page(System, Page(_MOST_SYSTEMS), {"retired_at": None})
        held = unit.count(LegalHold, released_at=None)
    places = sorted({place for each in every.items for place in each.jurisdictions})
    return visit.page(
        "settings/retention.html",
        kinds=KINDS,
        terms=terms(),
        systems=[each for each in every.items if each.retention_days][:_SHOWN],
        more=every.more,
        laws={name: _laws(name, places, visit) for name in terms()},
        places=places,
        held=held,
        today=now.date(),
    )


@pages.get("/settings/retention/due", dependencies=[requires("retention:read")])
def due(visit: VisitDep, paging: Paging, kind: Kind = "media", within: Within = "30") -> Response:
    """What of one kind ends by a day, with what holds it back. Nothing is erased by looking."""
    by = visit.call.service.now() + timedelta(days=int(within))
    with visit.call.reading() as unit:
        page = Page(_LOOKED_AT, paging.position)
        found, last = retention.due(unit, kind, by=by, page=page)
    given = {"kind": kind, "within": within}
    onward = {"cursor": cursor_of(last), **given} if last else {}
    return visit.page(
        "settings/due.html",
        found=sorted(found, key=lambda each: each.due_at),
        kinds=KINDS,
        given=given,
        by=by,
        looked_at=_LOOKED_AT,
        first=paging.position is None,
        onward=f"{RETENTION}/due?{urlencode(onward)}" if onward else "",
    )


@pages.get("/settings/retention/holds", dependencies=[requires("retention:read")])
def held(
    visit: VisitDep, paging: Paging, every: Annotated[Literal["", "1"], Query()] = ""
) -> Response:
    """Legal holds in force, or lifted ones too."""
    return _held(visit, position=paging.position, every=every)


@pages.post("/settings/retention/holds", dependencies=[requires("retention:write")])
def set_hold(visit: VisitDep) -> Response:
    """Keeps something until the hold is lifted: retention and deletion leave it alone."""
    form = visit.form
    given: dict[str, str] = {
        "reason": form.get("reason", "").strip(),
        "reference": form.get("reference", "").strip(),
    }
    what = form.get("what", "").strip()
    try:
        with visit.call.unit(answers=False) as unit:
            new = NewHold.model_validate_json(json.dumps({**given, **_whom(unit, what)}))
            holds.set_hold(
                unit,
                reason=new.reason,
                candidate_id=new.candidate_id,
                subject=new.subject,
                reference=new.reference,
            )
    except ValidationError as error:
        found = faults_of(error)
        what_fault = found.pop("subject", "") or found.pop("candidate_id", "")
        return _held(visit, faults={**found, "what": what_fault} if what_fault else found)
    except (NotFound, StepRefused) as error:
        return _held(visit, faults={"what": str(error)})
    return visit.go(HOLDS, "hold_set")


@pages.post("/settings/retention/holds/{hold_id}/lift", dependencies=[requires("retention:write")])
def lift_hold(visit: VisitDep, hold_id: HoldId) -> Response:
    """Lifts a hold, once somebody said that they are sure."""
    with visit.call.unit(answers=False) as unit:
        hold = unit.get(LegalHold, hold_id)
        sure = bool(visit.form.get("sure"))
        if sure:
            holds.lift_hold(unit, hold)
    if not sure:
        return _held(visit, faults={f"sure-{hold_id}": "Say that you are sure."})
    return visit.go(HOLDS, "hold_lifted")


def _whom(unit: ReadUnit, what: str) -> dict[str, str]:
    """A candidate by id or by the organisation's own reference, else one thing by its id."""
    if what.startswith(("med_", "rep_", "chk_")):
        return {"subject": what}
    if what.startswith("cand_"):
        return {"candidate_id": what}
    found = unit.find(Candidate, external_ref=what) if what else None
    if found is None:
        raise NotFound("Give a candidate's reference or id, or the id of one thing.")
    return {"candidate_id": found.id}


def _laws(kind: str, places: list[str], visit: Visit) -> list[Law]:
    """Clocks for what is stored now, each in the places that it binds in."""
    now, term = visit.call.service.now(), terms()[kind]
    found: dict[str, tuple[clocks.Clock, list[str]]] = {}
    for place in places:
        for clock in duties(term.covers, (place,), now):
            found.setdefault(clock.id, (clock, []))[1].append(place)
        for clock in clocks.running_in(place, now.date()):
            if clock.id == term.destroy_by:
                found.setdefault(clock.id, (clock, []))[1].append(place)
    return [
        Law(
            place=", ".join(where),
            title=clock.title,
            period=period(clock),
            citation=clock.citation,
            destroys=clock.id == term.destroy_by,
        )
        for clock, where in found.values()
    ]


def _held(
    visit: Visit,
    *,
    position: str | None = None,
    every: str = "",
    faults: dict[str, str] | None = None,
) -> Response:
    with visit.call.reading() as unit:
        where = {} if every else {"released_at": None}
        found = unit.page(LegalHold, Page(_SHOWN, position), where)
    onward = {"cursor": cursor_of(found.items[-1].id), "every": every} if found.more else {}
    return visit.page(
        "settings/holds.html",
        status=422 if faults else 200,
        holds=found.items,
        given={"every": every, **visit.form},
        first=position is None,
        onward=f"{HOLDS}?{urlencode(onward)}" if onward else "",
        faults=faults or {},
    )
