"""Signing in and out, and the link by which a new user chooses a password."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import Path, Query, Request, Response

from api.problems import Refusal
from api.scopes import public
from api.state import frame
from api.workplace import credentials, sessions, users
from api.workplace.framing import (
    HOME,
    SIGN_IN,
    FormDep,
    OpenRoute,
    VisitDep,
    onward,
    router,
    safe,
    sign_in_form,
    signed_in,
    written,
)
from api.workplace.users import Attempt
from audit.records.users import User
from audit.store.users import forget_session

entry = router(OpenRoute)
leaving = router()
_OPEN = public("Who signs in has no session yet.", limited=True)
_Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9_\-]{43}$")]
_WRONG = (
    "That did not work. Check name, password and code. A code works once: wait for the next one. "
    "After five tries in a row, sign-in rests for 15 minutes."
)


@entry.get("/sign-in", dependencies=[_OPEN])
def sign_in_page(
    request: Request,
    to: Annotated[str, Query(max_length=500)] = HOME,
    left: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Where people sign in. `left`: whose company account was signed out of here just now."""
    return sign_in_form(request, 200, to=safe(to), left=left)


@entry.post("/sign-in", dependencies=[_OPEN])
def sign_in(request: Request, form: FormDep) -> Response:
    """Signs in, and goes on to the page that was asked for."""
    here = frame(request)
    attempt = Attempt(form.get("name", ""), form.get("password", ""), form.get("code", ""))
    lasts = timedelta(hours=here.settings.session_hours)
    opened = users.sign_in(here.service.store, attempt, lasts=lasts)
    to = safe(form.get("to", HOME))
    if opened is None:
        return sign_in_form(request, 401, to=to, fault=_WRONG, name=attempt.name)
    answer = onward(to)
    sessions.give(request, answer, opened)
    return answer


@entry.get("/welcome/{link}", dependencies=[_OPEN])
def welcome_page(request: Request, link: _Token) -> Response:
    """Where a new user chooses a password and sets up codes."""
    return _welcome(request, link, {})


@entry.post("/welcome/{link}", dependencies=[_OPEN])
def welcome(request: Request, link: _Token, form: FormDep) -> Response:
    """Stores the password, and shows the recovery codes this once."""
    store = frame(request).service.store
    tenant, user = _invited(request, link)
    password = form.get("password", "")
    fault = credentials.fault(password, form.get("again", ""), user.name)
    if fault:
        return _welcome(request, link, {"password": fault})
    with store.unit(tenant, actor=user.id) as unit:
        codes = users.choose(unit, user, password, form.get("code", ""))
    if codes is None:
        fault = "This is not the code that your application shows now. Type the one it shows."
        return _welcome(request, link, {"code": fault})
    return written(request, "recovery.html", 200, {"codes": codes, "name": user.name})


@leaving.post("/sign-out", dependencies=[signed_in()])
def sign_out(visit: VisitDep, request: Request) -> Response:
    """Ends this session."""
    with visit.call.unit(answers=False) as unit:
        users.note_sign_out(unit, "here")
    forget_session(visit.call.store, visit.who.session_id)
    left = f"?left={visit.call.tenant}" if visit.user.subject_hash is not None else ""
    answer = visit.go(f"{SIGN_IN}{left}", "signed_out")
    sessions.take(request, answer)
    return answer


@leaving.post("/sign-out-everywhere", dependencies=[signed_in()])
def sign_out_everywhere(visit: VisitDep) -> Response:
    """Ends the user's sessions at all other browsers."""
    call, keep = visit.call, visit.who.session_id
    users.sign_out_everywhere(call.store, call.tenant, visit.user.id, but=keep)
    return visit.go(HOME, "everywhere")


def _welcome(request: Request, link: str, faults: dict[str, str]) -> Response:
    tenant, user = _invited(request, link)
    with frame(request).service.store.reading(tenant) as unit:
        secret = users.totp_secret(unit, user)
    values = {
        "link": link,
        "name": user.name,
        "secret": " ".join(secret[each : each + 4] for each in range(0, len(secret), 4)),
        "picture": credentials.totp_picture(secret, user.name),
        "faults": faults,
        "shortest": credentials.SHORTEST,
    }
    return written(request, "welcome.html", 422 if faults else 200, values)


def _invited(request: Request, link: str) -> tuple[str, User]:
    found = users.invited(frame(request).service.store, link)
    if found is None:
        raise Refusal("not_found", "This link was used, or is over. Ask for a new one.")
    return found
