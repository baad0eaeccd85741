"""Flag policies: what flags now, in words and as text; versions; tried on past results."""

from __future__ import annotations

import re
from typing import Literal

from fastapi import Query, Response

from api.paging import Paging, cursor_of
from api.routes.paths import PolicyId
from api.routes.policies import supplied_text
from api.scopes import requires
from api.workplace import policy_words
from api.workplace.framing import HOME, Visit, VisitDep, router
from audit import policies as documents
from audit.errors import AlreadyExists, PolicyInvalid, StepRefused
from audit.operations import policies
from audit.operations.policies import DEFAULT, DryRun
from audit.operations.reports import ResultReader
from audit.records.oversight import Policy
from audit.records.register import System
from audit.store import Page, ReadUnit

pages = router()
POLICIES = f"{HOME}/settings/policies"
RESULTS = ("50", "200", "500")
"""How many of the newest results a policy is tried on; at most `policies.MOST_RESULTS`."""
_SHOWN = 25
_SYSTEMS = 10
_LINE = re.compile(r"line (\d+)")


@pages.get("/settings/policies", dependencies=[requires("policies:read")])
def listed(visit: VisitDep, paging: Paging) -> Response:
    """What flags where a system names no policy; then all versions, the newest first."""
    with visit.call.reading() as unit:
        found = unit.page(Policy, Page(_SHOWN, paging.position))
        active = policies.active_policy(unit)
        stored = unit.find(Policy, name=active.policy, active=True)
    onward = f"{POLICIES}?cursor={cursor_of(found.items[-1].id)}" if found.more else ""
    return visit.page(
        "settings/policies.html",
        policies=found.items,
        active=active,
        stored=stored,
        rules=policy_words.rules(active),
        first=paging.position is None,
        onward=onward,
    )


@pages.get("/settings/policies/supplied", dependencies=[requires("policies:read")])
def supplied(visit: VisitDep) -> Response:
    """The policy that comes with the service."""
    return _shown(visit, None)


@pages.get("/settings/policies/new", dependencies=[requires("policies:read")])
def new_version(
    visit: VisitDep, start: str = Query("", pattern=r"^(pol_[0-9A-HJKMNP-TV-Z]{26})?$")
) -> Response:
    """A text to change, try and store: a stored version, or the policy that flags now."""
    with visit.call.reading() as unit:
        if start:
            text = unit.get(Policy, start).text
        else:
            stored = unit.find(Policy, name=DEFAULT, active=True)
            text = stored.text if stored else supplied_text()
    return _form(visit, {"text": text})


@pages.post("/settings/policies/try", dependencies=[requires("policies:read")])
def try_version(visit: VisitDep) -> Response:
    """What the text would have raised on past results, beside what flags now; nothing is stored."""
    form = visit.form
    limit = int(form["results"]) if form.get("results") in RESULTS else int(RESULTS[0])
    try:
        name = _named(form.get("text", ""))
        with visit.call.reading() as unit:
            read = ResultReader(visit.call.service.vault)
            found = policies.dry_run(unit, form["text"], read=read, name=name, limit=limit)
    except PolicyInvalid as error:
        return _form(visit, form, _faults(error, form.get("text", "")))
    return _form(visit, form, tried=found)


@pages.post("/settings/policies", dependencies=[requires("policies:write")])
def store_version(visit: VisitDep) -> Response:
    """Stores a version; it flags nothing before it is taken into force."""
    text = visit.form.get("text", "")
    try:
        name = _named(text)
        with visit.call.unit(answers=False) as unit:
            made = policies.add_version(unit, name, text)
    except (PolicyInvalid, AlreadyExists) as error:
        return _form(visit, visit.form, _faults(error, text))
    return visit.go(f"{POLICIES}/{made.id}", "policy_stored")


@pages.get("/settings/policies/{policy_id}", dependencies=[requires("policies:read")])
def policy_page(visit: VisitDep, policy_id: PolicyId) -> Response:
    """One version: in words, as text, and which systems name it."""
    return _shown(visit, policy_id)


@pages.post("/settings/policies/{policy_id}/activate", dependencies=[requires("policies:write")])
def activate(visit: VisitDep, policy_id: PolicyId) -> Response:
    """Makes a version the one that flags from now on."""
    try:
        with visit.call.unit(answers=False) as unit:
            found = unit.get(Policy, policy_id)
            if not visit.form.get("sure"):
                raise StepRefused("Say that you are sure.")
            policies.activate(unit, found.name, found.number)
    except StepRefused as error:
        return _shown(visit, policy_id, {"sure": str(error)})
    return visit.go(f"{POLICIES}/{policy_id}", "policy_active")


def _named(text: str) -> str:
    """The name that a text gives its policy. Raises `PolicyInvalid`."""
    return documents.load_policy(text, name="text").policy


def _faults(error: PolicyInvalid | AlreadyExists, text: str) -> dict[str, list[tuple[str, str]]]:
    """Each thing that is wrong, with the line that it is about."""
    lines = text.split("\n")
    found: list[tuple[str, str]] = []
    for sentence in str(error).removeprefix("text: ").removeprefix("text, ").split("; "):
        named = _LINE.search(sentence)
        at = int(named[1]) if named else 0
        found.append((sentence, lines[at - 1].strip()[:200] if 0 < at <= len(lines) else ""))
    return {"text": found}


def _form(
    visit: Visit,
    given: object,
    faults: dict[str, list[tuple[str, str]]] | None = None,
    *,
    tried: DryRun | None = None,
) -> Response:
    return visit.page(
        "settings/policy_new.html",
        status=422 if faults else 200,
        given=given,
        results=[(each, f"the newest {each}") for each in RESULTS],
        tried=tried,
        faults=faults or {},
        most=_SHOWN,
    )


def _shown(visit: Visit, policy_id: str | None, faults: dict[str, str] | None = None) -> Response:
    with visit.call.reading() as unit:
        stored = unit.get(Policy, policy_id) if policy_id else None
        text = stored.text if stored else supplied_text()
        document = documents.load_policy(text, name=stored.name if stored else DEFAULT)
        systems = unit.page(System, Page(_SYSTEMS), {"policy": document.policy, "retired_at": None})
        standing = _standing(unit, stored)
    return visit.page(
        "settings/policy.html",
        status=422 if faults else 200,
        stored=stored,
        document=document,
        rules=policy_words.rules(document),
        text=text,
        standing=standing,
        systems=systems.items,
        more_systems=systems.more,
        faults=faults or {},
    )


def _standing(unit: ReadUnit, stored: Policy | None) -> Literal["active", "stored", "supplied"]:
    if stored is not None:
        return "active" if stored.active else "stored"
    return "supplied" if unit.find(Policy, name=DEFAULT, active=True) else "active"
