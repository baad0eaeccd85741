"""Salted commitments: the ledger can hold that a value was, and forget which value it was."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from audit.canonical import Json, canonical_json
from audit.errors import EventInvalid

SALT_BYTES = 32
_FORMAT = b"fairwitness-commitment/1\x00"


def new_salt() -> bytes:
    """32 random bytes, kept beside the subject's data and deleted with it."""
    return secrets.token_bytes(SALT_BYTES)


def commitment(value: Json, salt: bytes) -> str:
    """`c1.` and HMAC-SHA256 of the value's canonical JSON under a salt of 32 bytes.

    Who has value and salt can show that they belong to the commitment; without the salt, guessing
    the value does not help, however few values there are. One salt per subject lets the subject's
    entries be found together until it is deleted.
    """
    if len(salt) != SALT_BYTES:
        raise EventInvalid(f"a commitment's salt has {SALT_BYTES} bytes")
    return "c1." + hmac.new(salt, _FORMAT + canonical_json(value), hashlib.sha256).hexdigest()


def opens(committed: str, value: Json, *, salt: bytes) -> bool:
    """Whether the commitment is of this value under this salt."""
    return hmac.compare_digest(committed.encode(), commitment(value, salt).encode())
