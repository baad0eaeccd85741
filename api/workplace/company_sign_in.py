"""Signing in with a company's account: there, and back again."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from fastapi import Path, Query, Request, Response

from api.identity_provider import Begun, CompanyRefused, Known, Provider
from api.problems import Refusal
from api.scopes import public
from api.state import frame
from api.workplace import sessions, users
from api.workplace.framing import HOME, SIGN_IN, OpenRoute, onward, router, safe, sign_in_form
from audit.errors import AlreadyExists
from audit.ledger import EventKind
from audit.records.access import Role
from audit.records.users import User
from audit.store import UnitOfWork

entry = router(OpenRoute)
_OPEN = public("Who signs in has no session yet.", limited=True)
_Tenant = Annotated[str, Path(max_length=40, pattern=r"^[a-z0-9][a-z0-9_\-]*$")]
_LASTS_S = 600
_NOT_IN_NAMES = re.compile(r"[^a-z0-9_.@+\-]+")
_ORDER = (Role.COMPLIANCE, Role.ADMIN, Role.AUDITOR, Role.PLATFORM)
"""Who has several roles signs in with the first of these."""


@entry.get("/sign-in/company/{tenant}", dependencies=[_OPEN])
def there(
    request: Request, tenant: _Tenant, to: Annotated[str, Query(max_length=500)] = HOME
) -> Response:
    """Sends the person to their company's identity provider."""
    try:
        address, begun = _provider(request, tenant).begin(_back(request, tenant), safe(to))
    except CompanyRefused as error:
        return _refused(request, str(error))
    answer = onward(address)
    answer.set_cookie(
        _cookie(request), begun.kept(), max_age=_LASTS_S, path="/", httponly=True,
        secure=request.url.scheme == "https", samesite="lax",
    )  # fmt: skip
    return answer


@entry.get("/sign-in/company/{tenant}/leave", dependencies=[_OPEN])
def leave(request: Request, tenant: _Tenant) -> Response:
    """Sends the person to where their company's provider signs them out, if it has such a place."""
    base = frame(request).settings.base_url.rstrip("/")
    address = _provider(request, tenant).leave(f"{base}{SIGN_IN}")
    if address is None:
        return sign_in_form(
            request,
            200,
            fault="Your company's provider has no address to sign out at. Do it there.",
        )
    return onward(address)


@entry.get("/sign-in/company/{tenant}/back", dependencies=[_OPEN])
def back(
    request: Request,
    tenant: _Tenant,
    code: Annotated[str, Query(max_length=4096)] = "",
    state: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Takes what the provider answers, and signs the person in."""
    begun = Begun.read(request.cookies.get(_cookie(request), ""))
    try:
        if begun is None or not hmac.compare_digest(begun.state.encode(), state.encode()):
            raise CompanyRefused(
                "This answer belongs to no sign-in that was begun here. Try again."
            )
        if not code:
            raise CompanyRefused("Your company's provider did not let you in.")
        known = _provider(request, tenant).finish(_back(request, tenant), begun, code)
        opened = _opened(request, tenant, known)
    except CompanyRefused as error:
        return _refused(request, str(error))
    answer = onward(safe(begun.to))
    answer.delete_cookie(_cookie(request), path="/")
    sessions.give(request, answer, opened)
    return answer


def _opened(request: Request, tenant: str, known: Known) -> users.Opened:
    here = frame(request)
    lasts = timedelta(hours=here.settings.session_hours)
    subject = hashlib.sha256(f"{known.issuer} {known.subject}".encode()).digest()
    role = next((each for each in _ORDER if each in known.roles), None)
    with here.service.store.unit(tenant) as unit:
        user = unit.find(User, subject_hash=subject)
        if user is not None and (user.disabled_at is not None or role is None):
            why = "disabled" if user.disabled_at is not None else "no role"
            unit.record(EventKind.SIGN_IN_REFUSED, user.id, {"why": why})
    if role is None:
        raise CompanyRefused("Your account has no role here. Ask whoever runs this service.")
    if user is not None and user.disabled_at is not None:
        raise CompanyRefused("Your access has ended. Ask whoever runs this service.")
    if user is None:
        user = _added(request, tenant, known.name, role, subject)
    with here.service.store.unit(tenant, actor=user.id) as unit:
        user = unit.get(User, user.id)
        return users.begin(unit, _with_role(unit, user, role), lasts, {"by": "company"})


def _with_role(unit: UnitOfWork, user: User, role: Role) -> User:
    """The role that the company gives counts anew at each sign-in."""
    if user.role is role:
        return user
    told = {"what": "role changed", "role": role.value, "was": user.role.value}
    unit.record(EventKind.USER_CHANGED, user.id, told)
    return unit.put(replace(user, role=role))


def _added(request: Request, tenant: str, name: str, role: Role, subject: bytes) -> User:
    """A new user, by the name that the provider gives, with something added where it is taken."""
    plain = _NOT_IN_NAMES.sub("-", name.lower()).strip("-_.@+")[:100]
    for each in (plain, f"{plain or 'company'}-{secrets.token_hex(4)}"):
        if len(each) < 2:
            continue
        try:
            with frame(request).service.store.unit(tenant) as unit:
                user, _ = users.add(unit, each, role)
                return unit.put(
                    replace(user, subject_hash=subject, link_hash=None, link_until=None)
                )
        except AlreadyExists:
            continue
    raise CompanyRefused("Your account's name cannot be used here. Ask whoever runs this service.")


def _refused(request: Request, fault: str) -> Response:
    answer = sign_in_form(request, 401, fault=fault)
    answer.delete_cookie(_cookie(request), path="/")
    return answer


def _provider(request: Request, tenant: str) -> Provider:
    found = frame(request).companies.get(tenant)
    if found is None:
        raise Refusal("not_found", "No company signs in at this address.")
    return found


def _back(request: Request, tenant: str) -> str:
    base = frame(request).settings.base_url.rstrip("/")
    return f"{base}{SIGN_IN}/company/{tenant}/back"


def _cookie(request: Request) -> str:
    plain = "fairwitness-company"
    return f"__Host-{plain}" if request.url.scheme == "https" else plain
