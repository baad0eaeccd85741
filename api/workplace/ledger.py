"""Ledger: entries by what happened, to what and when; one entry with its proof; heads to keep."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Path, Query, Response

from api.problems import Refusal
from api.scopes import requires
from api.workplace.framing import HEADERS, HOME, Visit, VisitDep, router
from audit.ledger import EventKind, LedgerEntry
from audit.store import Listing
from audit.store.entries import Sought, sought

pages = router()
PATH = f"{HOME}/ledger"
_SHOWN = 50
_LARGEST = 2**53 - 1
_PAGES = {
    "int": ("interviews", "interviews:read"),
    "cand": ("candidates", "candidates:read"),
    "rev": ("review", "reviews:read"),
    "req": ("requests", "requests:read"),
    "sys": ("systems", "systems:read"),
    "aud": ("fairness", "fairness_audits:read"),
    "rep": ("reports", "reports:read"),
}
"""Pages of what an entry may be about, by the start of its id, with the scope that each needs."""
Sequence = Annotated[int, Path(ge=0, le=_LARGEST)]


@pages.get("/ledger", dependencies=[requires("ledger:read")])
def entries(
    visit: VisitDep,
    kind: Annotated[str, Query(max_length=64)] = "",
    subject: Annotated[str, Query(max_length=128)] = "",
    actor: Annotated[str, Query(max_length=128)] = "",
    since: Annotated[str, Query(max_length=10)] = "",
    until: Annotated[str, Query(max_length=10)] = "",
    before: Annotated[int | None, Query(ge=0, le=_LARGEST)] = None,
) -> Response:
    """The newest first; days are of UTC, both included."""
    given = {"kind": kind, "subject": subject.strip(), "actor": actor.strip()}
    days, faults = {"since": since, "until": until}, dict[str, str]()
    first, last = (_day(value, name, faults) for name, value in days.items())
    found: Listing[LedgerEntry] = Listing((), more=False)
    if kind and kind not in {each.value for each in EventKind}:
        faults["kind"] = "There is no such kind of event."
    if not faults:
        what = Sought(
            kind=EventKind(kind) if kind else None,
            subject=given["subject"],
            actor=given["actor"],
            since=_midnight(first),
            until=_midnight(last + timedelta(days=1)) if last else None,
        )
        with visit.call.reading() as unit:
            found = sought(unit, what, limit=_SHOWN, before=before)
    chosen = {name: value for name, value in {**given, **days}.items() if value}
    onward = ""
    if found.more:
        onward = f"{PATH}?{urlencode({**chosen, 'before': found.items[-1].sequence})}"
    return visit.page(
        "ledger/entries.html",
        status=422 if faults else 200,
        entries=[(each, _page_of(each.subject, visit)) for each in found.items],
        kinds=sorted(each.value for each in EventKind),
        given={**given, **days},
        filtered=bool(chosen),
        first=before is None,
        onward=onward,
        newest=f"{PATH}?{urlencode(chosen)}" if chosen else PATH,
        faults=faults,
    )


@pages.get("/ledger/{sequence}", dependencies=[requires("ledger:read")])
def entry(visit: VisitDep, sequence: Sequence) -> Response:
    """One entry; its proof is a file."""
    with visit.call.reading() as unit:
        found = sought(unit, Sought(), limit=1, before=sequence + 1).items
    if not found or found[0].sequence != sequence:
        raise Refusal("not_found", "The ledger has no entry of this number.")
    return visit.page(
        "ledger/entry.html",
        entry=found[0],
        at=datetime.fromisoformat(found[0].time),
        page_of=_page_of(found[0].subject, visit),
        body=json.dumps(found[0].body, indent=1, ensure_ascii=False, sort_keys=True),
    )


@pages.get("/ledger/{sequence}/proof", dependencies=[requires("ledger:read")])
def proof(visit: VisitDep, sequence: Sequence) -> Response:
    """The proof that an entry is in the newest head, as a file (RFC 9162, 2.1.3)."""
    with visit.call.store.ledger(visit.call.tenant) as ledger:
        head = ledger.seal()
        if sequence >= head.size:
            raise Refusal("not_found", f"The ledger has {head.size} entries.")
        found = next(ledger.entries(sequence, sequence + 1))
        made = ledger.inclusion(sequence, size=head.size)
    path = [each.hex() for each in made.path]
    shown = {"entry": json.loads(found.line()), "head": head.to_json(), "path": path}
    name = f'attachment; filename="entry-{sequence}.json"'
    content = json.dumps(shown, indent=1, ensure_ascii=False)
    headers = {**HEADERS, "Content-Disposition": name}
    return Response(content, headers=headers, media_type="application/json")


@pages.post("/ledger/heads", dependencies=[requires("ledger:read")])
def heads(visit: VisitDep) -> Response:
    """All signed heads with their leaves, to keep where nobody here can change them."""
    call = visit.call
    with call.unit(answers=False) as unit:
        unit.record(EventKind.LEDGER_EXPORTED, f"log:{call.tenant}", {"by": "page"})
    with call.store.ledger(call.tenant) as ledger:
        content = ledger.export_heads().to_bytes()
    headers = {**HEADERS, "Content-Disposition": 'attachment; filename="heads.json"'}
    return Response(content, headers=headers, media_type="application/json")


def _page_of(subject: str, visit: Visit) -> str:
    """The page of what an entry is about; empty: none, or not for this role."""
    page, scope = _PAGES.get(subject.partition("_")[0], ("", ""))
    return f"{HOME}/{page}/{subject}" if page and visit.call.may(scope) else ""


def _day(given: str, name: str, faults: dict[str, str]) -> date | None:
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        faults[name] = "Give a day such as 2026-11-20."
        return None


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None
