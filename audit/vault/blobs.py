"""What the vault asks of a place for sealed bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class BlobInfo:
    """One stored blob: its key, bytes, and when it was last written (UTC)."""

    key: str
    size: int
    modified: datetime


class BlobStore(Protocol):
    """Blobs under keys (see `audit.vault.keys`), written whole or not at all.

    Any number of processes may use one store. Every method raises `StorageUnavailable` where the
    store does not answer or refuses.
    """

    def put_stream(self, key: str, chunks: Iterable[bytes]) -> int:
        """Writes what `chunks` gives, in flat memory; returns its bytes.

        The blob is seen under its key only once all of it is stored safely; it replaces an older
        one in one step. Where `chunks` raises, nothing is seen and the exception goes on. Raises
        `StorageFull`.
        """
        ...

    def open_stream(self, key: str, offset: int = 0) -> Iterator[bytes]:
        """The blob's bytes from `offset`, in pieces. Raises `BlobMissing` at once."""
        ...

    def size(self, key: str) -> int:
        """Bytes of the blob. Raises `BlobMissing`."""
        ...

    def exists(self, key: str) -> bool:
        """Whether there is such a blob."""
        ...

    def delete(self, key: str) -> None:
        """Removes the blob; no error where there is none."""
        ...

    def list(self, prefix: str = "") -> Iterator[BlobInfo]:
        """All blobs below the folder `prefix`, in any order; "" = all there are."""
        ...

    def free_bytes(self) -> int | None:
        """Bytes that may still be written; None where the store has no such figure."""
        ...

    def tidy(self, before: datetime) -> int:
        """Removes what broken-off writes left before that time; returns how many."""
        ...

    def health(self) -> None:
        """Returns if the store can be written to and read; else raises `StorageUnavailable`."""
        ...
