"""Recordings with bytes changed at random, through probing and decoding as a check does it.

    python -m tests.crash.mutations [--count 5000] [--data ../shared/data] [--out FILE.json]

Seeds are clips made here, and the files of `malformed_media` where they are at hand. Each is
changed in one of six ways and read. It may be read, in part or whole, or refused with an error of
ours; everything else counts: another exception, a subprocess that ended without a word
(`SandboxFailed`), a reading that took longer than its limit, and processes, descriptors or memory
that are left.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil

from audit.errors import InputError
from audit.interview import Window
from audit.media import PicturePlan, probe, read_audio, read_pictures
from audit.settings import Limits
from tests.media_factory import clip

LIMITS = Limits(wall_s=30, stall_s=15)
PLAN = PicturePlan((Window(0.0, 1e6, "signature"),), 1.0, 2.0, 320)
MOST_BYTES = 400_000
SUFFIXES = (".mp4", ".webm", ".mkv", ".mov", ".avi", ".wav", ".mpg")
_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def seeds(folder: Path, data: Path) -> list[tuple[str, bytes]]:
    """Suffix and bytes of each file that is changed."""
    found = []
    for suffix, codec in ((".mp4", "libx264"), (".webm", "libvpx"), (".mkv", "libx264")):
        found.append((suffix, clip(folder / f"seed{suffix}", 0.6, codec=codec).read_bytes()))
    for suffix in (".avi", ".mpg"):
        found.append((suffix, clip(folder / f"seed{suffix}", 0.6, codec="mpeg1video").read_bytes()))
    for path in sorted((data / "malformed_media").rglob("*")):
        if path.suffix.lower() in SUFFIXES and 0 < path.stat().st_size <= MOST_BYTES:
            found.append((path.suffix.lower(), path.read_bytes()))
    return found


def changed(data: bytes, rng: random.Random) -> bytes:
    """Bits turned, bytes set to edges, pieces cut out, doubled or moved, or the end cut off."""
    work = bytearray(data)
    kind = rng.randrange(6)
    if kind == 0:
        for _ in range(rng.choice((1, 4, 40))):
            work[rng.randrange(len(work))] ^= 1 << rng.randrange(8)
    elif kind == 1:  # lengths and counts lie in the first and last kilobytes
        for _ in range(rng.choice((1, 3, 10))):
            at = rng.randrange(min(len(work), 2048))
            at = at if rng.random() < 0.5 else len(work) - 1 - at
            work[at : at + 4] = rng.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff"))
    elif kind == 2:
        at = rng.randrange(len(work))
        del work[at : at + rng.choice((1, 64, 4096))]
    elif kind == 3:
        at, size = rng.randrange(len(work)), rng.choice((8, 256, 4096))
        work[at:at] = work[at : at + size]
    elif kind == 4:
        one, two = rng.randrange(len(work)), rng.randrange(len(work))
        piece = bytes(work[one : one + 512])
        work[two : two + len(piece)] = piece
    else:
        del work[rng.randrange(len(work)) :]
    return bytes(work)


def read(path: Path) -> str:
    """What came of a file: `read`, `read in part`, `refused`."""
    try:
        facts = probe(path, LIMITS)
        _, problems = read_audio(path, facts, LIMITS) if facts.audio else (None, ())
        with read_pictures(path, facts, PLAN, LIMITS) as pictures:
            for _ in pictures:
                pass
        return "read in part" if problems or facts.problems or pictures.problems else "read"
    except InputError:
        return "refused"


def trials(count: int, seed: int, data: Path) -> Iterator[tuple[str, str, float]]:
    """Seed file's number, what came of it and seconds, of each change."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = seeds(folder, data)
        for number in range(count):
            suffix, whole = files[number % len(files)]
            path = folder / f"changed{suffix}"
            path.write_bytes(changed(whole, rng) or b"\0")
            begun = time.monotonic()
            try:
                came = read(path)
            except Exception as error:  # noqa: BLE001 - what this looks for
                came = f"FAULT {type(error).__name__}: {str(error)[:120]} ({number})"
            yield suffix, came, time.monotonic() - begun
            path.unlink()


def main() -> int:
    """From the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, default=_DATA)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    process = psutil.Process()
    came: Counter[str] = Counter()
    slowest, before = 0.0, None
    for number, (_, outcome, seconds) in enumerate(trials(given.count, given.seed, given.data)):
        came[outcome] += 1
        slowest = max(slowest, seconds)
        if number == min(100, given.count // 2):
            before = process.memory_info().rss, process.num_fds()
    assert before is not None
    found = {
        "count": given.count,
        "seed": given.seed,
        "outcomes": dict(sorted(came.items())),
        "slowest_s": round(slowest, 1),
        "limit_s": LIMITS.wall_s,
        "grown_mb": round((process.memory_info().rss - before[0]) / 2**20, 1),
        "descriptors_left": process.num_fds() - before[1],
        "processes_left": len(process.children(recursive=True)),
        "faults": sum(n for name, n in came.items() if name.startswith("FAULT")),
    }
    text = json.dumps(found, indent=1)
    sys.stdout.write(text + "\n")
    if given.out is not None:
        given.out.write_text(text + os.linesep)
    return 1 if found["faults"] or found["processes_left"] or slowest > 3 * LIMITS.wall_s else 0


if __name__ == "__main__":
    sys.exit(main())
