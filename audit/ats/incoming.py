"""What the adapters of all systems share."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from audit.ats.model import OutcomeEvent, WordMap
from audit.errors import SignatureInvalid

_EVENT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,63}")
_HEX = re.compile(r"[0-9a-f]{64}")


class Ignored(StrEnum):
    """Why a message that was accepted holds no outcome."""

    UNKNOWN_EVENT = "unknown_event"
    NOT_AN_OUTCOME = "not_an_outcome"
    PROSPECT = "prospect"


@dataclass(frozen=True, slots=True)
class Reception:
    """A webhook that was accepted.

    Attributes:
        event: the sender's name of the type, for counting; "unrecognised" if it is no plain name.
        delivery: the same for the same message; a caller may refuse one seen with another body.
        outcomes: none or one.
        ignored: why there is none.
    """

    event: str
    delivery: str
    outcomes: tuple[OutcomeEvent, ...] = ()
    ignored: Ignored | None = None


Verifier = Callable[[bytes, Mapping[str, str], Sequence[str], datetime], None]
Reader = Callable[[bytes, WordMap, datetime], Reception]


def event_name(text: str) -> str:
    """A type's name if it is one, for it is shown and counted."""
    return text if _EVENT_NAME.fullmatch(text) else "unrecognised"


def body_digest(body: bytes) -> str:
    """Identifies a delivery by its bytes."""
    return hashlib.sha256(body).hexdigest()


def check_hmac(content: bytes, given: str, secrets: Sequence[str]) -> None:
    """Compares a hexadecimal HMAC-SHA256 under each secret, in constant time.

    Raises:
        SignatureInvalid: always with the same text.
    """
    candidate = given.strip().lower()
    if not _HEX.fullmatch(candidate):
        raise refused()
    matches = 0
    for secret in secrets:
        expected = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
        matches += bool(secret) and hmac.compare_digest(expected, candidate)
    if not matches:
        raise refused()


def refused() -> SignatureInvalid:
    """The one refusal that is told."""
    return SignatureInvalid(
        "the message has no signature that counts: compare the secret on both sides"
    )
