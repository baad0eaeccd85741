"""Opaque identifiers: `<prefix>_` and 26 characters that sort by the time they were made.

48 bits of milliseconds since 1970 and 80 random bits in Crockford's base 32 (the layout of ULID).
They say nothing of what they name, and cannot be guessed. Those that one process makes within a
millisecond sort in the order in which they were made: each is larger by a random step of 48 bits.
"""

from __future__ import annotations

import re
import secrets
import threading
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 26
_FORM = re.compile(rf"[a-z]{{2,5}}_[{_ALPHABET}]{{{_LENGTH}}}")
_RANDOM_BITS, _STEP_BITS = 80, 48


class _Maker:
    """Numbers that only grow."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        """A number of 128 bits, larger than all before it."""
        fresh = time.time_ns() // 1_000_000 << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
        with self._lock:
            if fresh >> _RANDOM_BITS <= self._last >> _RANDOM_BITS:
                fresh = self._last + 1 + secrets.randbits(_STEP_BITS)
            self._last = fresh
        return fresh


_MAKER = _Maker()


def new_id(prefix: str) -> str:
    """A new identifier, for example `cand_01JD2M...`; `prefix`: 2 to 5 small letters."""
    number = _MAKER.next()
    letters = [_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_LENGTH))]
    return f"{prefix}_{''.join(letters)}"


def is_id(text: str, prefix: str) -> bool:
    """Whether `text` has the form of an identifier with this prefix."""
    return bool(_FORM.fullmatch(text)) and text.startswith(f"{prefix}_")
