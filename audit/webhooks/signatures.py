"""Signatures of Standard Webhooks 1.0.0: https://github.com/standard-webhooks/standard-webhooks

`webhook-id`, `webhook-timestamp` and the body are signed together with HMAC-SHA256. The header
`webhook-signature` holds `v1,<base64>`, several of them with spaces between while a secret rotates.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from audit.errors import SettingsInvalid, SignatureInvalid

TOLERANCE_S = 300.0
"""How far the time of an attempt may lie from ours, both ways. The specification leaves it open."""
SECRET_BYTES = 32
SHORTEST_SECRET, LONGEST_SECRET = 24, 64  # bytes: 192 to 512 bits, from the specification
_MOST_SIGNATURES = 16
_PREFIX = "whsec_"
_VERSION = "v1"
_ID = re.compile(r"[A-Za-z0-9_\-]{1,128}")  # a full stop would blur what is signed
_TIME = re.compile(r"[0-9]{1,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Secret:
    """A signing secret. Its text form is `whsec_` and base64; it never prints itself."""

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not SHORTEST_SECRET <= len(self.key) <= LONGEST_SECRET:
            raise SettingsInvalid(
                f"a webhook secret has {SHORTEST_SECRET} to {LONGEST_SECRET} bytes; make one with "
                "audit.webhooks.Secret.generate()"
            )

    @classmethod
    def generate(cls) -> Secret:
        """A new random secret."""
        return cls(secrets.token_bytes(SECRET_BYTES))

    @classmethod
    def parse(cls, text: str) -> Secret:
        """Reads the text form; the prefix may be missing. Raises `SettingsInvalid`."""
        try:
            key = base64.b64decode(text.strip().removeprefix(_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            raise SettingsInvalid(
                "a webhook secret is not written as 'whsec_' and base64 of its bytes"
            ) from None
        return cls(key)

    def reveal(self) -> str:
        """The text form, to be shown once."""
        return _PREFIX + base64.b64encode(self.key).decode("ascii")


def sign(message_id: str, sent_at: datetime, body: bytes, secrets: Sequence[Secret]) -> str:
    """The value of `webhook-signature`: one signature for each secret, in their order.

    `sent_at` is the time of this attempt, not of the event. Raises `ValueError` for an id that
    cannot be signed without ambiguity, a time without zone, or no secret at all.
    """
    if not _ID.fullmatch(message_id):
        raise ValueError("a message id has 1 to 128 letters, digits, '-' and '_'")
    if sent_at.tzinfo is None:
        raise ValueError("the time of an attempt needs a zone")
    if not secrets:
        raise ValueError("nothing to sign with")
    seconds = str(int(sent_at.timestamp()))
    return " ".join(_signature(message_id, seconds, body, secret) for secret in secrets)


def signed_headers(
    message_id: str, sent_at: datetime, body: bytes, secrets: Sequence[Secret]
) -> dict[str, str]:
    """The three headers of one attempt. Arguments as of `sign`."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": sign(message_id, sent_at, body, secrets),
    }


def verify(
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[Secret],
    *,
    now: datetime | None = None,
    tolerance_s: float = TOLERANCE_S,
) -> str:
    """Checks a message and returns its id, by which the receiver drops repetitions.

    `body`: the bytes as they came. `headers`: names in any case. One good signature under one of
    the secrets is enough. Every secret is tried with every signature in constant time.

    Raises:
        SignatureInvalid: always with the same text, whatever was wrong.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id = given.get("webhook-id", "")
    seconds = given.get("webhook-timestamp", "")
    candidates = given.get("webhook-signature", "").split()
    if not _ID.fullmatch(message_id) or not _TIME.fullmatch(seconds):
        raise _refused()
    moment = (now or datetime.now(UTC)).timestamp()
    if abs(moment - int(seconds)) > tolerance_s or len(candidates) > _MOST_SIGNATURES:
        raise _refused()
    matches = 0
    for secret in secrets:
        expected = _signature(message_id, seconds, body, secret).encode()
        for candidate in candidates:
            matches += hmac.compare_digest(expected, candidate.encode("utf-8", "replace"))
    if not matches:
        raise _refused()
    return message_id


def _signature(message_id: str, seconds: str, body: bytes, secret: Secret) -> str:
    content = f"{message_id}.{seconds}.".encode("ascii") + body
    digest = hmac.new(secret.key, content, hashlib.sha256).digest()
    return f"{_VERSION},{base64.b64encode(digest).decode('ascii')}"


def _refused() -> SignatureInvalid:
    return SignatureInvalid(
        "the message has no signature that counts: compare the secret on both sides, the clock of "
        "the sender, and whether the body was changed on its way"
    )
