"""What people prove themselves with: a password, codes that change, codes for when those are lost.

Passwords are kept as Argon2id with the library's parameters (RFC 9106, low memory); NIST SP 800-63B
asks for length and no rules of composition. Codes are those of RFC 6238: six digits, 30 seconds.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from functools import cache

import pyotp
import segno
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 12, 200
RECOVERY_CODES = 10
_STEP_S = 30
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
_HASHER = PasswordHasher()


def hashed(password: str) -> str:
    """What is kept of a password."""
    return _HASHER.hash(password)


def is_password(password: str, kept: str | None) -> bool:
    """Whether the password is that one. Without one it takes as long, and is False."""
    try:
        return _HASHER.verify(kept or _nobody(), password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def fault(password: str, again: str, name: str) -> str:
    """Why a new password cannot be taken, in words; empty: it can."""
    if password != again:
        return "The two are not the same."
    if not SHORTEST <= len(password) <= LONGEST:
        return f"Use {SHORTEST} to {LONGEST} characters. A few words in a row are good."
    if name.lower() in password.lower() or len(set(password)) < 5:
        return "Use something that is not your sign-in name and not one key pressed many times."
    return ""


def new_totp() -> str:
    """A new secret for codes, as applications take it."""
    return pyotp.random_base32()


def totp_step(secret: str, code: str, now: datetime) -> int | None:
    """The time step that a code belongs to, if it is one of now or 30 s either way."""
    given = code.strip().replace(" ", "")
    step = int(now.timestamp()) // _STEP_S
    codes = pyotp.TOTP(secret)
    for each in (step, step - 1, step + 1):
        if secrets.compare_digest(codes.at(each * _STEP_S).encode(), given.encode()):
            return each
    return None


def totp_picture(secret: str, name: str) -> str:
    """The secret as a QR code: an SVG image as a `data:` address."""
    uri = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Fairwitness")
    return str(segno.make(uri, error="m").svg_data_uri(scale=4, border=4, light="white"))


def recovery_codes() -> tuple[str, ...]:
    """New codes, each for one sign-in: 50 bits, in two parts."""
    return tuple(f"{_word()}-{_word()}" for _ in range(RECOVERY_CODES))


def recovery_hash(code: str) -> str:
    """What is kept of a recovery code."""
    plain = "".join(each for each in code.lower() if each in _LETTERS)
    return hashlib.sha256(plain.encode()).hexdigest()


def _word() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(5))


@cache
def _nobody() -> str:
    return _HASHER.hash(secrets.token_hex(16))
