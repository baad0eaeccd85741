"""A process that is killed in the middle of an upload loses what was not counted, and no more."""

from __future__ import annotations

import hashlib
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from audit.errors import UploadConflict
from audit.keyring import Context
from audit.vault import LocalBlobs, Uploads
from tests.audit.vault.killed_upload import PART, SIZE, media, new_upload, opened_uploads

KILLS = 12


def started(folder: Path, pace_s: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.audit.vault.killed_upload", str(folder), str(pace_s)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def partial_files(folder: Path) -> list[Path]:
    return list((folder / "media" / ".incoming").iterdir())


def test_a_process_killed_in_the_middle_of_a_part_is_resumed(tmp_path: Path) -> None:
    uploads = opened_uploads(tmp_path)
    uploads.create(new_upload())
    process = started(tmp_path, 60.0)
    assert process.stdout is not None
    assert process.stdout.readline() == b"a part and a half\n"
    assert len(partial_files(tmp_path)) == 1
    process.kill()
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    state = opened_uploads(tmp_path).state("ten", "upl_1")
    assert (state.received_bytes, state.parts) == (PART, 1)
    finish(uploads, tmp_path)


def test_random_kills_lose_nothing_that_was_counted(tmp_path: Path) -> None:
    opened_uploads(tmp_path).create(new_upload())
    chance = random.Random(7)
    counted = kills = 0
    for _ in range(KILLS):
        process = started(tmp_path, 0.004)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.random() * 0.05)
        process.kill()
        kills += process.wait() == -signal.SIGKILL
        process.stdout.close()
        state = opened_uploads(tmp_path).state("ten", "upl_1")
        assert counted <= state.received_bytes <= SIZE
        counted = state.received_bytes
        if counted == SIZE:
            break
    assert kills > 1
    assert counted > 0
    finish(opened_uploads(tmp_path), tmp_path)


def finish(uploads: Uploads, folder: Path) -> None:
    """Goes on at the offset that is reported; the result is whole and nothing else is kept."""
    at = uploads.state("ten", "upl_1").received_bytes
    with pytest.raises(UploadConflict):
        uploads.append("ten", "upl_1", offset=at + 1, chunks=[b"x"])
    uploads.append("ten", "upl_1", offset=at, chunks=[media()[at:]])
    received = uploads.complete("ten", "upl_1")
    assert received.stored.sha256 == hashlib.sha256(media()).hexdigest()
    vault = uploads.vault
    context = Context("ten", "cand_1", "med_1", "media")
    assert b"".join(vault.open(context)) == media()
    blobs = LocalBlobs(folder / "media")
    assert len(list(blobs.list())) == received.state.parts + 1
