"""Repeated requests: the first one's answer is kept in the transaction of its effect.

So a request that took effect has an answer that can be given again, and one that failed has none
and is done again. The body is sealed with a key that is derived from the secret of the caller's own
API key: an answer may hold a secret that is shown once, and the database must not.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from datetime import timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from starlette.responses import Response

from api.principal import Principal
from api.problems import Refusal, invalid
from audit.errors import CiphertextInvalid
from audit.store import UnitOfWork
from audit.store.access import KeptAnswer, claim_answer, keep_answer, kept_answer

KEPT_FOR = timedelta(hours=24)
REPLAYED = "Idempotency-Replayed"
_NONCE_BYTES = 12
_FORM = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS = ("content-type", "location", "etag")


class Replay(Exception):
    """The request was answered before: this is the answer."""

    def __init__(self, response: Response) -> None:
        super().__init__("answered before")
        self.response = response


class InFlight:
    """Idempotency keys of requests that this process serves now. Event loop only."""

    def __init__(self) -> None:
        self._names: set[tuple[str, str]] = set()

    def enter(self, principal: Principal, key: str) -> None:
        """Raises the refusal where a request with that key is under way."""
        name = (principal.key_id, key)
        if name in self._names:
            raise in_progress()
        self._names.add(name)

    def leave(self, principal: Principal, key: str) -> None:
        """The request has ended."""
        self._names.discard((principal.key_id, key))


def in_progress() -> Refusal:
    """The refusal of a request whose twin has not ended yet."""
    detail = "A request with this Idempotency-Key has not ended yet; send it again later."
    return Refusal("idempotency_in_progress", detail, headers={"Retry-After": "1"})


def checked_key(offered: str) -> str:
    """The key, if it is written as one: 1 to 255 visible ASCII characters."""
    if not _FORM.fullmatch(offered):
        detail = "Give 1 to 255 visible ASCII characters, for example a UUID."
        raise invalid("header", "/Idempotency-Key", detail)
    return offered


def request_hash(method: str, path: str, query: bytes, body_hash: str) -> str:
    """What tells one request from another under the same key."""
    parts = (method.encode(), path.encode(), query, body_hash.encode())
    return hashlib.sha256(b"\n".join(parts)).hexdigest()


class Repetition:
    """One request that may be sent again."""

    def __init__(self, principal: Principal, key: str, *, route: str, request_hash: str) -> None:
        self._principal = principal
        self._key = key
        self._route = route
        self._hash = request_hash

    def look(self, unit: UnitOfWork) -> None:
        """Raises `Replay` where it was answered, a refusal where the key is used otherwise."""
        if not claim_answer(unit, self._principal.key_id, self._key):
            raise in_progress()
        kept = kept_answer(unit, self._principal.key_id, self._key)
        if kept is None:
            return
        if (kept.route, kept.request_hash) != (self._route, self._hash):
            raise Refusal(
                "idempotency_mismatch",
                "This Idempotency-Key came with another request before; take a new one.",
            )
        body = self._open(kept.body)
        headers = {**kept.headers, REPLAYED: "true"}
        raise Replay(Response(body, kept.status, headers=headers))

    def keep(self, unit: UnitOfWork, response: Response) -> None:
        """Keeps the answer in the transaction of its effect."""
        now = unit.now()
        keep_answer(
            unit,
            KeptAnswer(
                principal=self._principal.key_id,
                key=self._key,
                route=self._route,
                request_hash=self._hash,
                status=response.status_code,
                headers=_worth_keeping(response.headers),
                body=self._seal(bytes(response.body)),
                created_at=now,
                expires_at=now + KEPT_FOR,
            ),
        )

    def _seal(self, body: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher().encrypt(nonce, body, self._hash.encode())

    def _open(self, sealed: bytes) -> bytes:
        nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher().decrypt(nonce, text, self._hash.encode())
        except InvalidTag:
            raise CiphertextInvalid("a kept answer was altered") from None

    def _cipher(self) -> AESGCM:
        info = b"fairwitness/kept-answers/1"
        return AESGCM(HKDF(SHA256(), 32, salt=None, info=info).derive(self._principal.secret))


def _worth_keeping(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in _KEPT_HEADERS if name in headers}
