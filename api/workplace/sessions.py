"""Sessions of people at the pages: the cookie, who it stands for, and the token of forms.

The cookie holds the session's id and a secret, of which the hash is stored. It is `__Host-` and
Secure where the service is reached over TLS; a browser on the same machine does without.
Forms carry an HMAC of that secret, so that no other site can make one that is taken.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import timedelta

from fastapi import Request, Response

from api.principal import Principal
from api.problems import Refusal
from api.scopes import ROLE_SCOPES
from api.state import Frame
from api.workplace.users import Opened
from audit.records.users import User
from audit.store.users import find_session, mark_seen

_PLAIN, _SECURE = "fairwitness", "__Host-fairwitness"
_COOKIE = re.compile(r"(ses_[0-9A-HJKMNP-TV-Z]{26})\.([A-Za-z0-9_\-]{43})")
_NOTED_EVERY = timedelta(minutes=1)
_OURS = frozenset({"same-origin", "none"})


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is signed in, with the session's id."""

    user: User
    principal: Principal
    session_id: str


def signed_in(request: Request, here: Frame) -> SignedIn | None:
    """Whose session the request carries; None where it is over, or there is none."""
    cookie = _COOKIE.fullmatch(request.cookies.get(_name(request), ""))
    found = find_session(here.service.store, cookie[1]) if cookie else None
    if cookie is None or found is None:
        return None
    secret = base64.urlsafe_b64decode(cookie[2] + "=")
    session, user, now = found.session, found.user, here.service.now()
    if not hmac.compare_digest(hashlib.sha256(secret).digest(), session.secret_hash):
        return None
    idle = timedelta(minutes=here.settings.session_idle_min)
    if session.ends_at <= now or session.seen_at + idle <= now or user.disabled_at is not None:
        return None
    if now - session.seen_at >= _NOTED_EVERY:
        mark_seen(here.service.store, session.id, now)
    scopes = ROLE_SCOPES[user.role]
    principal = Principal(found.tenant, user.id, user.role, scopes, secret)
    return SignedIn(user, principal, session.id)


def give(request: Request, response: Response, opened: Opened) -> None:
    """Sets the cookie. It ends with the browser; the server ends it before."""
    secret = base64.urlsafe_b64encode(opened.secret).decode().rstrip("=")
    response.set_cookie(
        _name(request),
        f"{opened.session.id}.{secret}",
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def take(request: Request, response: Response) -> None:
    """Takes the cookie away."""
    response.delete_cookie(
        _name(request),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def form_token(principal: Principal) -> str:
    """What each form of a session carries."""
    made = hmac.new(principal.secret, b"form", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def check_form(principal: Principal, given: str) -> None:
    """Raises the refusal where a form does not carry its session's token."""
    if not hmac.compare_digest(form_token(principal).encode(), given.encode()):
        raise Refusal("forbidden", "This form is not of your session. Open the page again.")


def check_site(request: Request, *, hidden: bool = False) -> None:
    """Raises the refusal where a browser says that another site sent the form.

    `hidden`: the page sends no referrer, so that browsers call its origin `null`.
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    ours = (None, _origin(request), "null") if hidden else (None, _origin(request))
    if site not in _OURS or origin not in ours:
        raise Refusal("forbidden", "This form was sent by another site.")


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _name(request: Request) -> str:
    return _SECURE if request.url.scheme == "https" else _PLAIN
