"""What pages share: who is signed in, what they may, forms, and how a page is written.

A page is a function of a `Visit`; it uses the operations that the routes of the API use. Its
address states the scope that it needs, or `signed_in()`; both are enforced before it runs.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.exchange import exchange
from api.forms import form_fields
from api.guarding import GuardedRoute, StrictRequest
from api.idempotency import REPLAYED
from api.problems import Problem, Refusal, of_error, of_http, of_validation, problem
from api.scopes import Guard
from api.state import frame
from api.workplace import repeating, sessions, settings_parts, words
from api.workplace.repeating import PageCall
from api.workplace.sessions import SignedIn
from audit.errors import AuditError
from audit.records.users import User

HOME = "/app"
SIGN_IN = f"{HOME}/sign-in"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; media-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "same-origin",
}
"""Of each page. With `no-referrer`, browsers would send forms from an origin called `null`."""
MOST_FORM_BYTES = 256 * 1024
NAVIGATION = (
    ("Today", HOME, None),
    ("Review", f"{HOME}/review", "reviews:read"),
    ("Requests", f"{HOME}/requests", "requests:read"),
    ("Interviews", f"{HOME}/interviews", "interviews:read"),
    ("Candidates", f"{HOME}/candidates", "candidates:read"),
    ("Systems", f"{HOME}/systems", "systems:read"),
    ("Fairness", f"{HOME}/fairness", "fairness_audits:read"),
    ("Reports", f"{HOME}/reports", "reports:read"),
    ("Ledger", f"{HOME}/ledger", "ledger:read"),
    ("Settings", f"{HOME}/{settings_parts.HOME_PATH}", settings_parts.SCOPES),
)
"""Pages that exist, with the scope that each needs, or of several one; None: a session."""
DONE = {
    "assigned": "The case is yours.",
    "decided": "Your decision is stored.",
    "closed": "Your decision is stored, and the case is closed.",
    "request_taken": "The request is stored, and its clocks run.",
    "request_answered": "The answer is stored, and what it sets going was carried out.",
    "request_extended": "The deadline is extended.",
    "request_done": "It is noted as done.",
    "request_closed": "The request is closed.",
    "request_withdrawn": "The request is taken back.",
    "consent_given": "The consent is recorded.",
    "consent_withdrawn": "The consent is withdrawn, and what rested on it is erased unless held.",
    "check_started": "The recording is stored, and its check is in the queue.",
    "table_sent": "The table is stored, sealed. Say what its columns mean.",
    "audit_started": "The audit is in the queue.",
    "audit_cancelled": "The audit is cancelled, or stops at its next stage.",
    "report_started": "The report is in the queue.",
    "report_cancelled": "The report is cancelled, or stops at its next stage.",
    "links_ended": "No link to this person's own page leads anywhere any more.",
    "link_ended": "The link leads nowhere any more.",
    "schedule_made": "The schedule begins; its first report is made when the period has ended.",
    "system_registered": "The system is registered.",
    "system_changed": "What you changed is stored.",
    "system_retired": "The system is retired.",
    "notice_recorded": "The notice is recorded.",
    "schedule_ended": "The schedule has ended. What it made stays.",
    "key_revoked": "The key is revoked.",
    "webhook_changed": "What you changed is stored.",
    "webhook_removed": "The endpoint is removed, and its secrets are destroyed.",
    "webhook_tested": "A test is on its way. Load this page again to see what came of it.",
    "webhook_replayed": "It is on its way once more. Load this page again to see what came of it.",
    "hold_set": "The hold is set: retention and deletion leave alone what it keeps.",
    "hold_lifted": "The hold is lifted. What was due meanwhile is erased by the next sweep.",
    "policy_stored": "The version is stored. It flags nothing before it is taken into force.",
    "policy_active": "This version flags from now on.",
    "role_changed": "The role is changed, from the next page on that the person opens.",
    "user_disabled": "The person is signed out everywhere, and cannot sign in any more.",
    "sessions_ended": "The person is signed out everywhere, and can sign in again.",
    "reviewer_stored": "What is recorded of the person as a reviewer is stored.",
    "reviewer_left": "The person reviews no more. Decisions that they took stand.",
    "signed_out": "You are signed out.",
    "everywhere": "You are signed out at all other browsers.",
}
_STATE = "fairwitness.signed_in"
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class OpenRoute(GuardedRoute):
    """An address that needs no session: sign-in, links, files of the pages."""

    def get_route_handler(self) -> Handler:
        """The framework's handler; a form has to come from this site, a problem is a page."""
        return partial(_served, super().get_route_handler(), self._checked)

    async def _checked(self, request: StrictRequest) -> Response | None:
        if request.method == "POST":
            sessions.check_site(request)
            request.state.form = await _form(request)
        return None


class PageRoute(GuardedRoute):
    """An address of a page: the session's cookie says who comes, never a key."""

    def get_route_handler(self) -> Handler:
        """The framework's handler behind session, scope and token of forms."""
        return partial(_served, super(GuardedRoute, self).get_route_handler(), self._checked)

    async def _checked(self, request: StrictRequest) -> Response | None:
        here, served = frame(request), exchange(request.scope)
        found = await run_in_threadpool(sessions.signed_in, request, here)
        if found is None:
            back = request.url.path if request.method == "GET" else HOME
            return RedirectResponse(f"{SIGN_IN}?to={quote(back)}", 303, headers=HEADERS)
        request.scope[_STATE] = found
        served.principal = found.principal
        served.allowance = here.rates.take(found.user.id, self.rate)
        if not served.allowance.allowed:
            raise Refusal("rate_limited", f"Wait {served.allowance.reset_s} seconds.")
        if request.method != "GET":
            sessions.check_site(request)
            await self._take_form(request, found)
        if self.guard.scope is not None and self.guard.scope not in found.principal.scopes:
            raise Refusal("forbidden", f"Your role does not have the scope {self.guard.scope}.")
        return None

    async def _take_form(self, request: StrictRequest, found: SignedIn) -> None:
        request.state.form = await _form(request)
        sessions.check_form(found.principal, request.state.form.get("token", ""))
        repeating.number(request, request.state.form, await request.body())


class FileRoute(PageRoute):
    """A page's address that takes a file: its form is read as it comes, by `taking_file`."""

    async def _take_form(self, request: StrictRequest, found: SignedIn) -> None:
        request.state.form = {}


def signed_in() -> Any:
    """Marks a page that everybody who is signed in may open."""
    return Depends(Guard(None, reason="Any session, no scope."))


def router(kind: type[GuardedRoute] = PageRoute) -> APIRouter:
    """A router of pages. They are no part of the API's document."""
    return APIRouter(prefix=HOME, route_class=kind, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a person who is signed in."""

    call: PageCall
    who: SignedIn
    form: Mapping[str, str] = field(repr=False)

    @property
    def user(self) -> User:
        """Who it is."""
        return self.who.user

    def page(self, template: str, /, *, status: int = 200, **values: object) -> HTMLResponse:
        """A page of the workplace, in its frame."""
        return written(self.call.request, template, status, {**values, "visit": self})

    def go(self, path: str, done: str = "") -> Response:
        """After a form: on to another page, which says what was done."""
        return onward(f"{path}{'&' if '?' in path else '?'}done={done}" if done else path)


def onward(path: str) -> Response:
    """On to a page, by GET."""
    return RedirectResponse(path, 303, headers=HEADERS)


def safe(to: str) -> str:
    """An address of ours, or the first page: never another site's."""
    fine = to == HOME or (to.startswith(f"{HOME}/") and "//" not in to and "\\" not in to)
    return to if fine and to.isprintable() else HOME


def sign_in_form(
    request: Request,
    status: int,
    *,
    to: str = HOME,
    fault: str = "",
    name: str = "",
    left: str = "",
) -> HTMLResponse:
    """The page where people sign in, with the companies whose accounts are taken.

    `left`: the company to offer signing out of. By a link: no form of ours may lead elsewhere.
    """
    companies = {key: each.company.label for key, each in frame(request).companies.items()}
    values = {"to": to, "fault": fault, "name": name, "companies": companies, "left": left}
    return written(request, "sign_in.html", status, values)


def written(
    request: Request, template: str, status: int, values: Mapping[str, object]
) -> HTMLResponse:
    """A page, for anybody; with `visit` in the values it has navigation."""
    visit = values.get("visit")
    links = [
        {"label": label, "path": path, "here": _within(request.url.path, path)}
        for label, path, scope in NAVIGATION
        if isinstance(visit, Visit) and _opens(visit, scope)
    ]
    shown = {
        "visit": None,
        **values,
        "links": links,
        "form_token": sessions.form_token(visit.who.principal) if isinstance(visit, Visit) else "",
        "form_once": secrets.token_urlsafe(16),
        "done": DONE.get(request.query_params.get("done", ""), ""),
        "back": request.url.path,
        "scheme": request.cookies.get("scheme", ""),
        "now": frame(request).service.now(),
    }
    text = _templates().get_template(f"workplace/{template}").render(shown)
    return HTMLResponse(text, status, headers=HEADERS)


def _opens(visit: Visit, scope: str | Collection[str] | None) -> bool:
    if scope is None or isinstance(scope, str):
        return scope is None or visit.call.may(scope)
    return any(visit.call.may(each) for each in scope)


def _within(path: str, start: str) -> bool:
    return path == start or (start != HOME and path.startswith(f"{start}/"))


async def _served(inner: Handler, checked: Any, request: Request) -> Response:
    """The page; what goes wrong on purpose is a page as well."""
    strict = StrictRequest(request.scope, request.receive)
    strict.most_bytes = MOST_FORM_BYTES
    try:
        answer = await checked(strict) or await repeating.answered(strict, partial(inner, strict))
        if REPLAYED in answer.headers:
            answer.headers.update(HEADERS)
        return answer
    except (Refusal, AuditError, RequestValidationError, HTTPException) as error:
        return _problem_page(request, _as_problem(request, error))


def _as_problem(request: Request, error: Exception) -> Response:
    if isinstance(error, Refusal):
        return problem(
            request, error.code, error.detail, headers=error.headers, errors=error.errors
        )
    if isinstance(error, AuditError):
        return of_error(request, error)
    if isinstance(error, RequestValidationError):
        return of_validation(request, error)
    if isinstance(error, HTTPException):
        return of_http(request, error)
    raise error


def _problem_page(request: Request, answer: Response) -> Response:
    shown = Problem.model_validate_json(bytes(answer.body))
    found: SignedIn | None = request.scope.get(_STATE)
    values: dict[str, object] = {"problem": shown}
    if found is not None:
        values["visit"] = _visit(request)
    return written(request, "problem.html", shown.status, values)


async def _form(request: StrictRequest) -> dict[str, str]:
    return form_fields(await request.body())


def _visit(request: Request) -> Visit:
    found: SignedIn = request.scope[_STATE]
    call = request.state.call = PageCall(request, frame(request), request.scope["route"])
    return Visit(call, found, getattr(request.state, "form", {}))


def _when(moment: datetime | None) -> str:
    return f"{moment:%d %b %Y, %H:%M} UTC" if moment else "not set"


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("api"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["when"] = _when
    environment.filters["plain"] = words.plain
    environment.filters["left"] = words.left
    environment.filters["clock"] = words.clock
    environment.filters["day"] = words.day
    environment.filters["report_kind"] = words.kind
    environment.filters["size"] = words.size
    environment.filters["mode"] = words.mode
    environment.filters["evidence"] = words.evidence
    environment.filters["counted"] = words.counted
    environment.filters["signal"] = words.signal
    environment.filters["language"] = words.language
    environment.filters["job_stage"] = words.job_stage
    return environment


VisitDep = Annotated[Visit, Depends(_visit)]
"""The person who comes, for pages."""


def form_of(request: Request) -> Mapping[str, str]:
    """The fields of a form at an address that needs no session."""
    found: Mapping[str, str] = request.state.form
    return found


FormDep = Annotated[Mapping[str, str], Depends(form_of)]
"""The same, as a dependency."""
