"""Uploads over a vault, with a clock that stands still and made-up media."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from audit.keyring import Context
from audit.vault import (
    MemoryUploadStates,
    NewUpload,
    Received,
    UploadRules,
    Uploads,
    UploadState,
    Vault,
)

KIB = 1 << 10
PART = 100 * KIB
MEDIA = b"\0\0\0\x18ftypisom" + random.Random(1).randbytes(350 * KIB)
START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def announced(data: bytes = MEDIA, number: int = 1, **changes: object) -> NewUpload:
    new = NewUpload(
        f"upl_{number}",
        "ten",
        "cand_1",
        f"med_{number}",
        len(data),
        sha(data),
        "video/mp4",
        "a.mp4",
    )
    return replace(new, **changes)


def pieces(data: bytes, size: int = 30 * KIB) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def cut_off(data: bytes) -> Iterator[bytes]:
    yield from pieces(data)
    raise ConnectionResetError("the sender went away")


RULES = UploadRules(most_bytes=1 << 20, part_bytes=PART)


@dataclass
class Bench:
    """Uploads over a vault, a clock that stands still, and a second process's view of the same."""

    vault: Vault
    states: MemoryUploadStates = field(default_factory=MemoryUploadStates)
    rules: UploadRules = RULES
    now: datetime = START

    def __post_init__(self) -> None:
        self.uploads = self.process()

    def process(self) -> Uploads:
        return Uploads(self.vault, self.states, self.rules, now=lambda: self.now)

    def append(self, data: bytes, offset: int = 0, number: int = 1) -> UploadState:
        chunks = pieces(data)
        return self.uploads.append("ten", f"upl_{number}", offset=offset, chunks=chunks)

    def complete(self, number: int = 1) -> Received:
        return self.uploads.complete("ten", f"upl_{number}")

    def held(self) -> list[str]:
        return sorted(blob.key for blob in self.vault.blobs.list())

    def opened(self, number: int = 1) -> bytes:
        return b"".join(self.vault.open(Context("ten", "cand_1", f"med_{number}", "media")))
