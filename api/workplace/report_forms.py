"""Building a report: which kind, of what, and what such a document takes besides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from fastapi import Query, Response
from pydantic import ValidationError

from api.report_access import check_making, may_make
from api.report_orders import LETTERS, NewReport
from api.scopes import requires
from api.tasks.letters import texts_of
from api.workplace import words
from api.workplace.framing import Visit, VisitDep, router
from api.workplace.report_choices import Choice, choices
from api.workplace.reports import REPORTS
from audit.errors import AuditError
from audit.operations import report_orders
from audit.records.issued import DocumentKind as Kind
from reports.packs import versions

pages = router()
PERIODS = (Kind.GOVERNANCE, Kind.REGIME_FILE)
LANGUAGES = {"en": "English", "de": "German", "es": "Spanish"}
_BASES = (Kind.LL144_SUMMARY,)
_LETTER = ("contact", "job", "use_from", "summary_url")


@pages.get("/reports/new", dependencies=[requires("reports:write")])
def new_report(
    visit: VisitDep, kind: Kind | None = None, subject: str = Query("", max_length=40)
) -> Response:
    """First the kinds that the role may have made; then the form of one kind."""
    if kind is not None:
        check_making(visit.call, kind)
    return _form(visit, kind, {"subject": subject})


@pages.post("/reports", dependencies=[requires("reports:write")])
def build_report(visit: VisitDep) -> Response:
    """Has a report made. What is wrong is said beside its field."""
    form = visit.form
    if form.get("kind") not in set(Kind):
        return _form(visit, None, {}, {"kind": "Choose what is to be made."})
    kind = Kind(form["kind"])
    check_making(visit.call, kind)
    own = visit.call.service.settings.packs_dir
    try:
        order = NewReport.model_validate(_order(kind, form, visit)).order(own)
        with visit.call.unit(answers=False) as unit:
            made = report_orders.request_report(unit, order)
    except ValidationError as error:
        return _form(visit, kind, form, faults_of(error))
    except AuditError as error:
        return _form(visit, kind, form, {"whole": str(error)})
    return visit.go(f"{REPORTS}/{made.id}", "report_started")


def faults_of(error: ValidationError) -> dict[str, str]:
    """What is wrong, by the field that a person sees."""
    found: dict[str, str] = {}
    for each in error.errors():
        path = [part for part in each["loc"] if isinstance(part, str)]
        name = path[1] if path[:1] in (["letter"], ["period"]) and len(path) > 1 else path[:1]
        key = name if isinstance(name, str) else (name[0] if name else "whole")
        if key == "texts":
            key = "by" if path[-1] == "by" else f"text_{path[2]}" if len(path) > 2 else "whole"
        found[key] = str(each["msg"]).removeprefix("Value error, ")
    return found


def _order(kind: Kind, form: Mapping[str, str], visit: Visit) -> dict[str, Any]:
    """The order that a form holds, as the API takes it."""
    typed = form.get("typed", "").strip()
    found: dict[str, Any] = {"kind": kind, "subject": typed or form.get("subject", "")}
    if kind in LETTERS:
        found["language"] = form.get("language", "en")
        found["letter"] = _letter(kind, form, visit)
    if kind in PERIODS and (form.get("since") or form.get("until")):
        found["period"] = {name: midnight(form.get(name, "")) for name in ("since", "until")}
    if kind is Kind.REGIME_FILE:
        found["packs"] = lines(form.get("packs", ""))
        if form.get("on"):
            found["on"] = form["on"]
    if kind in _BASES:
        found["bases"] = lines(form.get("bases", ""))
    return found


def _letter(kind: Kind, form: Mapping[str, str], visit: Visit) -> dict[str, Any]:
    """What a letter says beside what is stored; texts stand under who wrote them, today."""
    found: dict[str, Any] = {n: form[n].strip() for n in _LETTER if form.get(n, "").strip()}
    texts: dict[str, Any] = {}
    today = visit.call.service.now().date().isoformat()
    for name, several in texts_of(kind).items():
        text = form.get(f"text_{name}", "").strip()
        parts = [p.strip() for p in text.split("\n\n") if p.strip()] if several else [text]
        given = [{"text": p, "by": form.get("by", ""), "on": today} for p in parts if p]
        if given:
            texts[name] = given
    return {**found, "texts": texts}


def _form(
    visit: Visit,
    kind: Kind | None,
    given: Mapping[str, str],
    faults: dict[str, str] | None = None,
) -> Response:
    """The form; what was typed stays."""
    known: Sequence[Choice] = ()
    if kind is not None:
        with visit.call.reading() as unit:
            known = choices(visit, unit, report_orders.SUBJECTS[kind])
    return visit.page(
        "reports/new.html",
        status=422 if faults else 200,
        kind=kind,
        kinds=[each for each in Kind if may_make(visit.call, each)],
        about={each: words.KINDS[each] for each in Kind},
        choices=known,
        given=given,
        faults=faults or {},
        period=kind in PERIODS,
        needed=kind is Kind.GOVERNANCE,
        packs=packs(visit) if kind is Kind.REGIME_FILE else (),
        ticked=lines(given.get("packs", "")),
        bases=kind in _BASES,
        regime=kind is Kind.REGIME_FILE,
        notice=kind is Kind.CANDIDATE_NOTICE,
        texts=texts_of(kind) if kind in LETTERS else {},
        languages=LANGUAGES,
    )


def packs(visit: Visit) -> list[tuple[str, str]]:
    """Rule packs, by identifier, with their titles."""
    found = {each.pack: each.title for each in versions(visit.call.service.settings.packs_dir)}
    return sorted(found.items())


def lines(text: str) -> list[str]:
    """The lines of a field that hold something."""
    return [each.strip() for each in text.split("\n") if each.strip()]


def midnight(day: str) -> str:
    """The first moment of a day, UTC; what is no day stays, and is refused."""
    try:
        return f"{date.fromisoformat(day)}T00:00:00Z"
    except ValueError:
        return day
