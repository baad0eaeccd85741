"""Candidates: found by the organisation's own reference; one person's sessions, rights, consents.

What is stored of a person is handed out, and erased, by answering a request of theirs: the clocks,
the duties to keep and the ledger hang on it. The page of a candidate takes such a request in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Response
from pydantic import ValidationError

from api.paging import Paging, cursor_of
from api.routes.paths import CandidateId, ConsentId
from api.scopes import requires
from api.workplace.framing import HOME, Visit, VisitDep, router
from api.workplace.report_forms import faults_of
from audit.clocks import RequestKind
from audit.errors import CandidateErased, StepRefused
from audit.operations import candidate_links, consents
from audit.operations.register import plain_where
from audit.records.evidence import Check, Comparison, Media, MediaState, Reference
from audit.records.oversight import CandidateLink, Request
from audit.records.register import Candidate, Consent, Interview, Purpose
from audit.store import Page, ReadUnit

pages = router()
PATH = f"{HOME}/candidates"
_SHOWN = 25
_MOST = 50
_LASTS = {
    "30d": (timedelta(days=30), "30 days"),
    "90d": (candidate_links.USUAL, "90 days"),
    "365d": (candidate_links.LONGEST, "One year"),
}
_CONSENT = ("purpose", "text_version", "jurisdiction", "reference")
_ANSWERS = {
    "same_person": "supports the same person",
    "different_people": "supports different people",
    "neither": "supports neither",
    "inconclusive": "inconclusive",
}


@dataclass(frozen=True, slots=True)
class Compared:
    """What one modality says of one reference, in words."""

    modality: str
    answer: str
    support: str


@dataclass(frozen=True, slots=True)
class Session:
    """An interview in the thread: its newest check, and how it compares with earlier ones."""

    interview: Interview
    check: Check | None
    compared: tuple[Compared, ...]


@dataclass(frozen=True, slots=True)
class File:
    """Something that is kept of a person, until when."""

    what: str
    until: datetime | None


@pages.get("/candidates", dependencies=[requires("candidates:read")])
def candidates(
    visit: VisitDep, paging: Paging, reference: Annotated[str, Query(max_length=128)] = ""
) -> Response:
    """The newest first, or the one with a reference."""
    wanted = reference.strip()
    with visit.call.reading() as unit:
        where = plain_where(external_ref=wanted or None)
        found = unit.page(Candidate, Page(_SHOWN, paging.position), where)
    onward = {"cursor": cursor_of(found.items[-1].id)} if found.more else {}
    return visit.page(
        "candidates/list.html",
        candidates=found.items,
        reference=wanted,
        first=paging.position is None,
        onward=f"{PATH}?{urlencode(onward)}" if onward else "",
    )


@pages.get("/candidates/{candidate_id}", dependencies=[requires("candidates:read")])
def candidate(visit: VisitDep, candidate_id: CandidateId) -> Response:
    """One person: sessions in order of time, requests, consents, and what is kept."""
    return _candidate(visit, candidate_id)


@pages.post("/candidates/{candidate_id}/consents", dependencies=[requires("consents:write")])
def give(visit: VisitDep, candidate_id: CandidateId) -> Response:
    """Records a consent that the person gave."""
    form = visit.form
    given: dict[str, object] = {name: form.get(name, "").strip() for name in _CONSENT}
    given |= {
        "candidate_id": candidate_id,
        "written": bool(form.get("written")),
        "given_at": f"{form.get('given_at', '').strip()}T00:00:00Z",
    }
    try:
        new = consents.NewConsent.model_validate(given)
    except ValidationError as error:
        return _candidate(visit, candidate_id, faults_of(error))
    try:
        with visit.call.unit(answers=False) as unit:
            consents.give_consent(unit, new)
    except (StepRefused, CandidateErased) as error:
        return _candidate(visit, candidate_id, {"given_at": str(error)})
    return visit.go(f"{PATH}/{candidate_id}", "consent_given")


@pages.post("/consents/{consent_id}/withdraw", dependencies=[requires("consents:write")])
def withdraw(visit: VisitDep, consent_id: ConsentId) -> Response:
    """Withdraws a consent because the person does; what rests on it is erased."""
    sure = visit.form.get("sure") == "yes"
    with visit.call.unit(answers=False) as unit:
        found = unit.get(Consent, consent_id)
        if sure:
            consents.withdraw_consent(unit, found)
    if not sure:
        fault = {"sure": "Tick that the person withdraws it: what rests on it is erased at once."}
        return _candidate(visit, found.candidate_id, fault)
    return visit.go(f"{PATH}/{found.candidate_id}", "consent_withdrawn")


@pages.post("/candidates/{candidate_id}/links", dependencies=[requires("requests:write")])
def make_link(visit: VisitDep, candidate_id: CandidateId) -> Response:
    """Makes a link to the person's own page; its address is shown this once."""
    lasts = _LASTS.get(visit.form.get("lasts", ""))
    if lasts is None:
        return _candidate(visit, candidate_id, {"link": "Choose how long it lasts."})
    try:
        with visit.call.unit(answers=False) as unit:
            link, token = candidate_links.make_link(unit, candidate_id, lasts=lasts[0])
    except CandidateErased as error:
        return _candidate(visit, candidate_id, {"link": str(error)})
    base = visit.call.service.settings.api.base_url.rstrip("/")
    return _candidate(visit, candidate_id, made=(link, f"{base}/me/{token}"))


@pages.post("/candidates/{candidate_id}/links/end", dependencies=[requires("requests:write")])
def end_links(visit: VisitDep, candidate_id: CandidateId) -> Response:
    """Takes all links to the person's own page back, at once."""
    with visit.call.unit(answers=False) as unit:
        unit.get(Candidate, candidate_id)
        for link in unit.every(CandidateLink, candidate_id=candidate_id, revoked_at=None):
            candidate_links.revoke_link(unit, link.id)
    return visit.go(f"{PATH}/{candidate_id}", "links_ended")


def _candidate(
    visit: Visit,
    candidate_id: str,
    faults: dict[str, str] | None = None,
    *,
    made: tuple[CandidateLink, str] | None = None,
) -> Response:
    may, here = visit.call.may, {"candidate_id": candidate_id}
    page, now = Page(limit=_MOST), visit.call.service.now()
    with visit.call.reading() as unit:
        found = unit.get(Candidate, candidate_id)
        media = unit.page(Media, page, here).items if may("media:read") else ()
        thread = _thread(visit, unit, candidate_id, media)
        kept = _kept(media)
        if may("identities:read"):
            kept += _references(unit.page(Reference, page, here).items)
        asked = unit.page(Request, page, here).items if may("requests:read") else ()
        links = unit.page(CandidateLink, page, here).items if may("requests:read") else ()
        given = unit.page(Consent, page, here).items if may("consents:read") else ()
    return visit.page(
        "candidates/candidate.html",
        status=422 if faults else 200,
        candidate=found,
        thread=thread,
        kept=kept,
        asked=asked,
        consents=given,
        own_links=[each for each in links if candidate_links.lives(each, now)],
        made=made,
        lasts={name: words for name, (_, words) in _LASTS.items()},
        kinds=[each.value for each in RequestKind],
        purposes=[each.value for each in Purpose],
        most=_MOST,
        faults=faults or {},
        given=visit.form,
    )


def _thread(
    visit: Visit, unit: ReadUnit, candidate_id: str, media: tuple[Media, ...]
) -> tuple[Session, ...]:
    """The newest sessions, the earliest of them first."""
    may, here = visit.call.may, {"candidate_id": candidate_id}
    if not may("interviews:read"):
        return ()
    held = unit.page(Interview, Page(limit=_MOST), here).items
    ids = tuple(each.id for each in held)
    checks = unit.every(Check, interview_id=ids) if ids and may("checks:read") else ()
    newest = {each.interview_id: each for each in checks}
    seen = may("identities:read")
    compared = unit.page(Comparison, Page(limit=_MOST), here).items if seen else ()
    of_media = {each.id: each.interview_id for each in media}
    said: dict[str | None, tuple[Compared, ...]] = {}
    for each in compared:
        said.setdefault(of_media.get(each.media_id), _said(each))
    ordered = sorted(held, key=lambda each: each.held_at or each.created_at)
    return tuple(Session(each, newest.get(each.id), said.get(each.id, ())) for each in ordered)


def _said(comparison: Comparison) -> tuple[Compared, ...]:
    return tuple(
        Compared(band["modality"], _ANSWERS[band["answer"]], band["support"])
        for band in comparison.bands
    )


def _kept(media: tuple[Media, ...]) -> list[File]:
    stored = (each for each in media if each.state is MediaState.STORED)
    return [File(f"File: {each.kind.value}", each.keep_until) for each in stored]


def _references(found: tuple[Reference, ...]) -> list[File]:
    return [File("Biometric reference of face and voice", each.expires_at) for each in found]
