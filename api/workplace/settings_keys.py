"""Keys: what programs use the API with; made, rolled and revoked. Secrets are shown once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import Query, Response
from pydantic import ValidationError

from api import keys
from api.paging import Paging, cursor_of
from api.principal import usable
from api.problems import Refusal
from api.routes.keys import NewKey
from api.routes.paths import KeyId
from api.scopes import ROLE_SCOPES, SCOPES, requires
from api.workplace.framing import HOME, Visit, VisitDep, router
from api.workplace.report_forms import faults_of, lines, midnight
from audit.errors import StepRefused
from audit.records.access import ApiKey, Role
from audit.store import Page

pages = router()
KEYS = f"{HOME}/settings/keys"
GRACES = {
    "86400": "One day",
    "0": "Not at all: it leaked",
    "3600": "One hour",
    "604800": "Seven days",
    "2592000": "Thirty days",
}
"""How long an old key goes on, in seconds; at most what `api.keys.LONGEST_GRACE` allows."""
_SHOWN = 25


@pages.get("/settings/keys", dependencies=[requires("keys:read")])
def listed(
    visit: VisitDep, paging: Paging, every: Annotated[Literal["", "1"], Query()] = ""
) -> Response:
    """Keys that were not revoked, or all of them; never a secret."""
    where = {} if every else {"revoked_at": None}
    with visit.call.reading() as unit:
        found = unit.page(ApiKey, Page(_SHOWN, paging.position), where)
    given = {"every": every}
    onward = {"cursor": cursor_of(found.items[-1].id), **given} if found.more else {}
    now = visit.call.service.now()
    return visit.page(
        "settings/keys.html",
        keys=[(each, _standing(each, now)) for each in found.items],
        given=given,
        first=paging.position is None,
        onward=f"{KEYS}?{urlencode(onward)}" if onward else "",
    )


@pages.get("/settings/keys/new", dependencies=[requires("keys:write")])
def new_key(visit: VisitDep, role: Role | None = None) -> Response:
    """First who is to use it; then its form."""
    return _form(visit, role, {})


@pages.post("/settings/keys", dependencies=[requires("keys:write")])
def make_key(visit: VisitDep) -> Response:
    """Makes a key, and shows it this once."""
    form = visit.form
    if form.get("role") not in set(Role):
        return _form(visit, None, {}, {"role": "Choose who is to use it."})
    role = Role(form["role"])
    try:
        wanted = _wanted(visit)
        with visit.call.unit(answers=False) as unit:
            issued = keys.issue(unit, wanted, by=visit.call.principal)
    except ValidationError as error:
        return _form(visit, role, form, _beside(faults_of(error)))
    except Refusal as refusal:
        found = {each.pointer.strip("/"): each.detail for each in refusal.errors}
        return _form(visit, role, form, _beside(found or {"whole": refusal.detail}))
    return _shown(visit, issued.key.id, made=issued.text)


@pages.get("/settings/keys/{key_id}", dependencies=[requires("keys:read")])
def key_page(visit: VisitDep, key_id: KeyId) -> Response:
    """One key: what it may do, since when, until when, and when it was last used."""
    return _shown(visit, key_id)


@pages.post("/settings/keys/{key_id}/roll", dependencies=[requires("keys:write")])
def roll_key(visit: VisitDep, key_id: KeyId) -> Response:
    """Makes a key with the same rights, shown once; the old one goes on for a while."""
    call, grace = visit.call, visit.form.get("grace", "")
    faults = {} if grace in GRACES else {"grace": "Choose how long the old key goes on."}
    try:
        with call.unit(answers=False) as unit:
            old = unit.get(ApiKey, key_id)
            if not faults:
                lasts, end = timedelta(seconds=int(grace)), _end(visit)
                made = keys.rotate(unit, old, grace=lasts, expires_at=end, by=call.principal)
                unit.after_commit.append(lambda: call.forget_key(key_id))
    except StepRefused as error:
        faults["whole"] = str(error)
    if faults:
        return _shown(visit, key_id, faults)
    return _shown(visit, made.key.id, made=made.text)


@pages.post("/settings/keys/{key_id}/revoke", dependencies=[requires("keys:write")])
def revoke_key(visit: VisitDep, key_id: KeyId) -> Response:
    """Ends a key at once, once somebody said that they are sure."""
    call = visit.call
    try:
        with call.unit(answers=False) as unit:
            key = unit.get(ApiKey, key_id)
            if not visit.form.get("sure"):
                raise StepRefused("Say that you are sure: it cannot be taken back.")
            keys.revoke(unit, key)
            unit.after_commit.append(lambda: call.forget_key(key_id))
    except StepRefused as error:
        return _shown(visit, key_id, {"sure": str(error)})
    return visit.go(f"{KEYS}/{key_id}", "key_revoked")


def _wanted(visit: Visit) -> keys.Wanted:
    """What a form asks for, as the API takes it. Raises `ValidationError`."""
    form = visit.form
    body = {
        "name": form.get("name", "").strip(),
        "role": form["role"],
        "scopes": lines(form.get("scopes", "")),
        "expires_at": midnight(form["ends_on"]) if form.get("ends_on") else None,
    }
    new = NewKey.model_validate_json(json.dumps(body))
    return keys.Wanted(
        name=new.name,
        role=new.role,
        scopes=tuple(new.scopes or ()),
        expires_at=new.expires_at or _end(visit),
    )


def _beside(faults: dict[str, str]) -> dict[str, str]:
    if "expires_at" in faults:
        faults["ends_on"] = faults.pop("expires_at")
    return faults


def _end(visit: Visit) -> datetime:
    service = visit.call.service
    return service.now() + timedelta(days=service.settings.api.key_days)


def _standing(key: ApiKey, now: datetime) -> str:
    """Where a key stands, in a word."""
    if key.revoked_at is not None:
        return "revoked"
    if not usable(key, now):
        return "ended"
    return "replaced" if key.replaced_by else "in_use"


def _form(
    visit: Visit, role: Role | None, given: Mapping[str, str], faults: dict[str, str] | None = None
) -> Response:
    held = sorted(ROLE_SCOPES[role]) if role else []
    chosen = lines(given.get("scopes", "")) if given else held
    return visit.page(
        "settings/key_new.html",
        status=422 if faults else 200,
        role=role,
        roles=[each.value for each in Role],
        scopes=[(each, SCOPES[each], each in chosen) for each in held],
        days=visit.call.service.settings.api.key_days,
        given=given,
        faults=faults or {},
    )


def _shown(
    visit: Visit, key_id: str, faults: dict[str, str] | None = None, *, made: str = ""
) -> Response:
    with visit.call.reading() as unit:
        key = unit.get(ApiKey, key_id)
    return visit.page(
        "settings/key.html",
        status=422 if faults else 200,
        key=key,
        standing=_standing(key, visit.call.service.now()),
        scopes=[(each, SCOPES.get(each, "")) for each in key.scopes],
        whole=frozenset(key.scopes) >= ROLE_SCOPES[key.role],
        graces=list(GRACES.items()),
        made=made,
        faults=faults or {},
    )
