"""Opaque identifiers: `<prefix>_` and 26 characters that sort by the time they were made.

48 bits of milliseconds since 1970 and 80 random bits in Crockford's base 32 (the layout of ULID).
They say nothing of what they name, and cannot be guessed.
"""

from __future__ import annotations

import re
import secrets
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 26
_FORM = re.compile(rf"[a-z]{{2,5}}_[{_ALPHABET}]{{{_LENGTH}}}")


def new_id(prefix: str) -> str:
    """A new identifier, for example `cand_01JD2M...`; `prefix`: 2 to 5 small letters."""
    number = time.time_ns() // 1_000_000 << 80 | secrets.randbits(80)
    letters = [_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_LENGTH))]
    return f"{prefix}_{''.join(letters)}"


def is_id(text: str, prefix: str) -> bool:
    """Whether `text` has the form of an identifier with this prefix."""
    return bool(_FORM.fullmatch(text)) and text.startswith(f"{prefix}_")
