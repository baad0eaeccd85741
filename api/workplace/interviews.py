"""Interviews: the list, and one interview with its checks and what was found."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Response

from api.paging import Paging, cursor_of
from api.routes.paths import InterviewId
from api.scopes import requires
from api.workplace.framing import HOME, VisitDep, router
from api.workplace.reviews import measured
from audit.operations import flags
from audit.operations.register import plain_where
from audit.records.evidence import Check, Media, RunState
from audit.records.oversight import Flag
from audit.records.register import Interview, System
from audit.store import Page

pages = router()
_MOST = 20
_SHOWN = 25


@pages.get("/interviews", dependencies=[requires("interviews:read")])
def interviews(
    visit: VisitDep,
    paging: Paging,
    job: Annotated[str, Query(max_length=128)] = "",
    stage: Annotated[str, Query(max_length=128)] = "",
    candidate: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """The newest first; by job, stage or candidate."""
    chosen = {"job": job.strip(), "stage": stage.strip(), "candidate": candidate.strip()}
    where = plain_where(
        job=chosen["job"] or None,
        stage=chosen["stage"] or None,
        candidate_id=chosen["candidate"] or None,
    )
    with visit.call.reading() as unit:
        found = unit.page(Interview, Page(_SHOWN, paging.position), where)
        ids = tuple(each.id for each in found.items)
        checks = (
            unit.every(Check, interview_id=ids) if ids and visit.call.may("checks:read") else ()
        )
        systems = _names(unit.every(System, id=tuple({each.system_id for each in found.items})))
    newest = {each.interview_id: each for each in checks}
    given = {name: value for name, value in chosen.items() if value}
    onward = {**given, "cursor": cursor_of(found.items[-1].id)} if found.more else {}
    return visit.page(
        "interviews.html",
        interviews=found.items,
        newest=newest,
        systems=systems,
        chosen=chosen,
        filtered=bool(given),
        first=paging.position is None,
        onward=f"{HOME}/interviews?{urlencode(onward)}" if onward else "",
    )


@pages.get("/interviews/{interview_id}", dependencies=[requires("interviews:read")])
def interview(
    visit: VisitDep, interview_id: InterviewId, t: Annotated[float, Query(ge=0, le=1e6)] = 0.0
) -> Response:
    """One interview: its checks, its flags, and the timeline of the newest finished check."""
    call = visit.call
    with call.reading() as unit:
        found = unit.get(Interview, interview_id)
        here = {"interview_id": interview_id}
        checks = unit.page(Check, Page(_MOST), here).items if call.may("checks:read") else ()
        done = next((each for each in checks if each.state is RunState.FINISHED), None)
        recording, shown = measured(visit, unit, done) if done else (None, None)
        media = unit.page(Media, Page(_MOST), here).items if call.may("media:read") else ()
        raised: tuple[Flag, ...] = ()
        if call.may("flags:read"):
            raised = flags.list_flags(unit, Page(_MOST), here, visit.user.role).items
        system = unit.get(System, found.system_id)
    return visit.page(
        "interview.html",
        interview=found,
        system=system,
        checks=checks,
        recording=recording,
        shown=shown,
        media=media,
        flags=raised,
        marked=[each for each in found.questions if each.end_s is not None],
        at=t,
    )


def _names(systems: tuple[System, ...]) -> dict[str, str]:
    return {each.id: each.name for each in systems}
