"""Sign-in through a company's identity provider: OpenID Connect, authorization code with PKCE.

What is sent and what is believed follows OpenID Connect Core 1.0 (3.1) and RFC 9700: a fresh state,
nonce and verifier for each try, the issuer compared exactly, only asymmetric signatures.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from audit.errors import AuditError
from audit.records.access import Role
from audit.settings import Company

_ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "RS384", "RS512", "EdDSA", "Ed25519")
_KEPT_S = 3600.0
_LEEWAY_S = 60
_MOST_BYTES = 512 * 1024
_SAFE = re.compile(r"https://|http://(127\.0\.0\.1|localhost)[:/]")
"""Beginnings of addresses that people are sent to, as of issuers in the settings."""
_WANTED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class CompanyRefused(AuditError):
    """The provider, or what it answered, does not let the person in; the text says why."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A try that was begun: what its answer has to fit, and where the person wants to go."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    to: str

    def kept(self) -> str:
        """As a cookie keeps it."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @classmethod
    def read(cls, cookie: str) -> Begun | None:
        """From the cookie; None where it is none of ours."""
        try:
            held = json.loads(base64.urlsafe_b64decode(cookie.encode()))
            return cls(**{name: str(held[name]) for name in ("state", "nonce", "verifier", "to")})
        except (ValueError, KeyError, TypeError):
            return None


@dataclass(frozen=True, slots=True)
class Known:
    """Who the provider says it is. `roles`: those that the settings give for their claims."""

    issuer: str
    subject: str = field(repr=False)
    name: str = field(repr=False)
    roles: tuple[Role, ...]


class Provider:
    """One company's identity provider, with what it publishes about itself."""

    def __init__(
        self,
        company: Company,
        client: Callable[[], httpx.Client] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.company = company
        self._client = client or _client
        self._clock = clock
        self._kept: dict[str, tuple[float, Mapping[str, Any]]] = {}

    def begin(self, back: str, to: str) -> tuple[str, Begun]:
        """The provider's address to send a person to, and what to keep meanwhile."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        begun = Begun(state, nonce, verifier, to)
        asked = {
            "response_type": "code",
            "client_id": self.company.client_id,
            "redirect_uri": back,
            "scope": " ".join(self.company.scopes),
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": create_s256_code_challenge(begun.verifier),
            "code_challenge_method": "S256",
        }
        at = str(self._metadata()["authorization_endpoint"])
        return f"{at}{'&' if '?' in at else '?'}{urlencode(asked)}", begun

    def finish(self, back: str, begun: Begun, code: str) -> Known:
        """Who signed in there.

        Raises:
            CompanyRefused: the provider cannot be reached, refuses the code, or its answer does
                not hold: signature, issuer, audience, time or nonce.
        """
        given = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "client_id": self.company.client_id,
            "code_verifier": begun.verifier,
        }
        secret = self.company.client_secret
        auth = (self.company.client_id, secret.get_secret_value()) if secret else None
        answer = self._asked("POST", str(self._metadata()["token_endpoint"]), given, auth)
        claims = self._claims(str(answer.get("id_token", "")), begun.nonce)
        names = (claims.get(each) for each in ("preferred_username", "email", "sub"))
        return Known(
            issuer=self.company.issuer,
            subject=str(claims["sub"]),
            name=next(str(each) for each in names if each),
            roles=self._roles(claims.get(self.company.roles_claim)),
        )

    def leave(self, back: str) -> str | None:
        """Where a person goes to sign out there too, and `back` afterwards.

        None where the provider publishes no such address (OpenID Connect RP-Initiated Logout 1.0),
        or cannot be reached: whoever signs out here is signed out here in any case. It asks the
        person, since no ID token is kept to show to it.
        """
        try:
            at = self._metadata().get("end_session_endpoint")
        except CompanyRefused:
            return None
        if not isinstance(at, str) or not _SAFE.match(at):
            return None
        asked = {"client_id": self.company.client_id, "post_logout_redirect_uri": back}
        return f"{at}{'&' if '?' in at else '?'}{urlencode(asked)}"

    def _roles(self, held: object) -> tuple[Role, ...]:
        values = held if isinstance(held, list) else [held]
        return tuple(role for value, role in self.company.roles.items() if value in values)

    def _claims(self, token: str, nonce: str) -> Mapping[str, Any]:
        decoded = None
        for fresh in (False, True):  # a provider turns its keys whenever it likes
            try:
                keys = KeySet.import_key_set(dict(self._keys(fresh=fresh)))  # type: ignore[arg-type]
                decoded = jwt.decode(token, keys, algorithms=list(_ALGORITHMS))
                break
            except (JoseError, ValueError):
                continue
        if decoded is None:
            raise CompanyRefused("The provider's token is not signed by a key that it publishes.")
        options = {
            "iss": {"essential": True, "value": self.company.issuer},
            "aud": {"essential": True, "value": self.company.client_id},
        }
        params = {"nonce": nonce, "client_id": self.company.client_id}
        claims = CodeIDToken(decoded.claims, decoded.header, options, params)
        try:
            claims.validate(leeway=_LEEWAY_S)
        except JoseError as error:
            raise CompanyRefused(
                f"The provider's token does not hold: {error.description or error.error}."
            ) from error
        return dict(decoded.claims)

    def _metadata(self) -> Mapping[str, Any]:
        issuer = self.company.issuer
        found = self._published(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            raise CompanyRefused("The provider names another issuer than the settings do.")
        if missing := [each for each in _WANTED if not isinstance(found.get(each), str)]:
            raise CompanyRefused(f"The provider does not say its {', '.join(missing)}.")
        return found

    def _keys(self, *, fresh: bool) -> Mapping[str, Any]:
        at = str(self._metadata()["jwks_uri"])
        if fresh:
            self._kept.pop(at, None)
        return self._published(at)

    def _published(self, at: str) -> Mapping[str, Any]:
        """What is at an address, at most an hour old."""
        until, found = self._kept.get(at, (0.0, {}))
        if until <= self._clock():
            found = self._asked("GET", at)
            self._kept[at] = (self._clock() + _KEPT_S, found)
        return found

    def _asked(
        self,
        method: str,
        at: str,
        form: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Mapping[str, Any]:
        try:
            with self._client() as client:
                answer = client.request(
                    method, at, data=form, auth=auth or httpx.USE_CLIENT_DEFAULT
                )
                found = answer.json() if len(answer.content) <= _MOST_BYTES else None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise CompanyRefused("The provider cannot be reached, or answers no JSON.") from error
        if answer.status_code != httpx.codes.OK or not isinstance(found, dict):
            raise CompanyRefused(f"The provider refuses: it answers {answer.status_code}.")
        return found


def _client() -> httpx.Client:
    return httpx.Client(timeout=10.0, follow_redirects=False, trust_env=True)
