"""A part of a stream of bytes, as players ask for it (RFC 9110, section 14)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from audit.errors import InputError

_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})")


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes from `start` to `end`, both included."""

    start: int
    end: int
    partial: bool

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.end - self.start + 1

    def of(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """That part of a stream from its start. What comes before is read and dropped."""
        skip, left = self.start, self.length
        for piece in pieces:
            if skip >= len(piece):
                skip -= len(piece)
                continue
            taken = piece[skip : skip + left]
            skip, left = 0, left - len(taken)
            yield taken
            if left <= 0:
                return


def part(header: str | None, size: int) -> Part:
    """What a Range header asks for; all of it where there is none, or one of several ranges.

    Raises `InputError` where it begins behind the end.
    """
    found = _RANGE.fullmatch(header or "")
    if found is None:
        return Part(0, size - 1, partial=False)
    start = int(found[1])
    end = min(int(found[2]), size - 1) if found[2] else size - 1
    if start >= size or end < start:
        raise InputError("The recording ends before that.")
    return Part(start, end, partial=True)
