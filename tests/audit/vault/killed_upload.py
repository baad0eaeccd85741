"""A process that sends an upload slowly, to be killed: `python -m ... FOLDER PACE_S`."""

from __future__ import annotations

import hashlib
import random
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from audit.keyring import KeyRing, LocalMasterKeys, MemoryWrappedKeys, WrappedKey
from audit.vault import LocalBlobs, NewUpload, Scratch, UploadRules, Uploads, Vault
from tests.audit.vault.sqlite_states import SqliteUploadStates

PART = 64 * 1024
SIZE = 40 * PART


def media() -> bytes:
    return b"\0\0\0\x18ftypisom" + random.Random(3).randbytes(SIZE - 12)


def new_upload() -> NewUpload:
    sha256 = hashlib.sha256(media()).hexdigest()
    return NewUpload("upl_1", "ten", "cand_1", "med_1", SIZE, sha256, "video/mp4", "a.mp4")


def opened_uploads(folder: Path) -> Uploads:
    """All processes have the same data key."""
    masters = LocalMasterKeys({"v1": bytes(32)}, current="v1")
    keys = MemoryWrappedKeys()
    path = folder / "key"
    if not path.exists():
        KeyRing(masters, keys).rotate("ten", "cand_1")
        held = keys.newest("ten", "cand_1")
        assert held is not None
        path.write_bytes(held.wrapped)
    else:
        keys.add(WrappedKey("ten", "cand_1", 1, "v1", path.read_bytes()))
    vault = Vault(LocalBlobs(folder / "media"), KeyRing(masters, keys), Scratch((folder / "s",)))
    rules = UploadRules(most_bytes=SIZE, part_bytes=PART, lifetime=timedelta(hours=1))
    return Uploads(vault, SqliteUploadStates(folder / "rows.db"), rules)


def slowly(data: bytes, pace_s: float) -> Iterator[bytes]:
    """Half a part at a time; after three, says so and waits."""
    half = PART // 2
    for number, at in enumerate(range(0, len(data), half)):
        if number == 3:
            print("a part and a half", flush=True)  # noqa: T201
        if number >= 3:
            time.sleep(pace_s)
        yield data[at : at + half]


def main(folder: Path, pace_s: float) -> None:
    uploads = opened_uploads(folder)
    at = uploads.state("ten", "upl_1").received_bytes
    uploads.append("ten", "upl_1", offset=at, chunks=slowly(media()[at:], pace_s))


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
