"""2 GB to a served API over a real socket: its memory, and throughput beside SHA-256 and copy.

    python -m benchmarks.upload_load [--gigabytes 2] [--database sqlite] [--folder DIR]

The API runs in a process of its own. Sender and server share this machine, its loopback and its
disk. Each way alternates with the plain measure (SHA-256, write, flush of the same bytes here), so
that a noisy machine hits both. Memory is the growth of the server's peak resident set over what it
had before the first byte, after one small upload that loads what is loaded once.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.integration.sending import MIB, START, Answer, Memory, Sender, Served, at, served

BLOCK = START + random.Random(5).randbytes(MIB - len(START))  # noqa: S311
PIECE = 1 << 18
MOST_GROWTH_MIB = 64.0
_FORM = (
    b'--edge\r\nContent-Disposition: form-data; name="order"\r\n\r\n{"interview_id": "%s"}\r\n'
    b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
)
_END = b"\r\n--edge--\r\n"


def pieces(blocks: int) -> Iterator[bytes]:
    """The file, a quarter of a MiB at a time."""
    for _ in range(blocks):
        for start in range(0, MIB, PIECE):
            yield BLOCK[start : start + PIECE]


def plain(folder: Path, blocks: int) -> str:
    """The measure; returns the file's SHA-256."""
    digest = hashlib.sha256()
    path = folder / "copy"
    with path.open("wb") as file:
        for piece in pieces(blocks):
            digest.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    return digest.hexdigest()


def resumable(sender: Sender, interview: str, blocks: int) -> Answer:
    """Announced, sent in one piece, completed."""
    upload = sender.announce(interview, blocks * MIB).json["id"]
    sent = sender.ask(
        "PATCH", f"/v1/uploads/{upload}", pieces(blocks), length=blocks * MIB, headers=at(0)
    )
    assert sent.status == 204, sent
    return sender.complete(upload)


def single(sender: Sender, interview: str, blocks: int) -> Answer:
    """One request."""
    path = f"/v1/media?interview_id={interview}"
    kind = {"Content-Type": "video/mp4"}
    return sender.ask("POST", path, pieces(blocks), length=blocks * MIB, headers=kind)


def form(sender: Sender, interview: str, blocks: int) -> Answer:
    """A form with the order of a check."""
    start = _FORM % interview.encode()

    def body() -> Iterator[bytes]:
        yield start
        yield from pieces(blocks)
        yield _END

    kind = {"Content-Type": "multipart/form-data; boundary=edge"}
    length = len(start) + blocks * MIB + len(_END)
    return sender.ask("POST", "/v1/checks", body(), length=length, headers=kind)


WAYS: dict[str, Callable[[Sender, str, int], Answer]] = {
    "resumable": resumable,
    "single": single,
    "form": form,
}


def measured(running: Served, folder: Path, blocks: int) -> Iterator[tuple[str, float, float]]:
    """Way, seconds, growth in MiB; the plain measure before, between and after."""
    sender = running.sender()
    interview = running.interview(sender)
    for name, way in WAYS.items():
        way(sender, interview, 1)
        began = time.perf_counter()
        expected = plain(folder, blocks)
        yield "plain", time.perf_counter() - began, 0.0
        began = time.perf_counter()
        with Memory(running.pid) as memory:
            answer = way(sender, interview, blocks)
        seconds = time.perf_counter() - began
        assert answer.status in (201, 202), answer
        media = answer.json.get("media_id") or answer.json["id"]
        assert sender.ask("GET", f"/v1/media/{media}").json["sha256"] == expected
        census = running.census()
        assert census.faults == [], census
        shutil.rmtree(running.media / "main", ignore_errors=True)  # room for the next one
        with running.store.system() as connection:
            connection.exec_driver_sql("UPDATE media SET state = 'erased'")
        yield name, seconds, memory.growth_mib


def main() -> int:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    blocks = max(2, round(given.gigabytes * 1000))
    rows = []
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        with served(given.database, folder / "service") as running:
            rows = list(measured(running, folder, blocks))
    base = statistics.median(seconds for name, seconds, _ in rows if name == "plain")
    print(f"{blocks} MiB, {given.database}; plain: {blocks / base:.0f} MiB/s (median of 3)")
    for name, seconds, growth in rows:
        if name != "plain":
            rate = f"{blocks / seconds:6.0f} MiB/s  {base / seconds:.2f} of plain"
            print(f"{name:10} {rate}  peak memory +{growth:.1f} MiB")
    flat = all(growth < MOST_GROWTH_MIB for _, _, growth in rows)
    print(f"memory flat (below {MOST_GROWTH_MIB:.0f} MiB): {flat}")
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())
