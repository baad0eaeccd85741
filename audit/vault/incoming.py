"""Bytes that arrive in chunks of any size, read as files of a wanted size."""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    Hash = hashlib._Hash

_BUFFER_BYTES = 1 << 16


class Incoming:
    """A stream of chunks, taken in parts.

    With `bears_cut`, an `OSError` of the chunks means that the sender was cut off: the stream ends
    there, and `cut` keeps the error. Without, and for all other exceptions, it goes on at once.
    """

    def __init__(self, chunks: Iterable[bytes], *, bears_cut: bool = False) -> None:
        self._chunks: Iterator[bytes] = iter(chunks)
        self._bears_cut = bears_cut
        self._rest = memoryview(b"")
        self.cut: OSError | None = None

    def ended(self) -> bool:
        """Whether nothing more comes; waits for the next byte."""
        while not self._rest:
            try:
                chunk = next(self._chunks, None)
            except OSError as error:
                if not self._bears_cut:
                    raise
                self.cut = error
                return True
            if chunk is None:
                return True
            self._rest = memoryview(chunk)
        return False

    def head(self, size: int) -> bytes:
        """The next bytes, at most so many, without taking them."""
        while len(self._rest) < size:
            before = self._rest
            self._rest = memoryview(b"")
            if self.ended():
                self._rest = before
                break
            self._rest = memoryview(bytes(before) + self._rest)
        return bytes(self._rest[:size])

    def take(self, most: int) -> memoryview:
        """Some of the next bytes, at most so many; empty at the end."""
        if most <= 0 or self.ended():
            return memoryview(b"")
        piece, self._rest = self._rest[:most], self._rest[most:]
        return piece


class Part(io.RawIOBase):
    """The next `most` bytes of a stream; counts what was read, and hashes it where asked."""

    def __init__(self, incoming: Incoming, most: int, sha: Hash | None = None) -> None:
        super().__init__()
        self._incoming = incoming
        self._most = most
        self._sha = sha
        self.taken = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fills the buffer, unless the part ends."""
        view = memoryview(buffer).cast("B")
        done = 0
        while done < len(view):
            piece = self._incoming.take(min(self._most - self.taken, len(view) - done))
            if not piece:
                break
            view[done : done + len(piece)] = piece
            done += len(piece)
            self.taken += len(piece)
        if self._sha is not None:
            self._sha.update(view[:done])
        return done


def as_file(chunks: Iterable[bytes]) -> io.BufferedReader:
    """All chunks as one file."""
    return part_file(Part(Incoming(chunks), sys.maxsize))


def part_file(part: Part) -> io.BufferedReader:
    """A part as a buffered file, which never reads past it."""
    return io.BufferedReader(part, _BUFFER_BYTES)
