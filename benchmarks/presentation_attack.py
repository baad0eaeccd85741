"""Held photographs in real recordings: found and located, beside the false alarms.

    python -m benchmarks.presentation_attack --clips ../shared/data/video [--workers 2] [--every 1]

Each clip goes on, after three seconds of itself, with four seconds of one of its own frames held
before a camera (`datasets.attacks.held_photo`), its sound going on. Bona fide files are the clips
as they are, and the clips filmed by a shaken camera, which move as a plane too. Files are rendered
by real encoders and read like a user's. Nothing is timed.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from audit.check import open_interview, reading
from audit.inference import Models
from audit.settings import Settings
from audit.types import Status
from audit.weights import WeightStore
from datasets.attacks.clips import ENCODINGS, Clip, Encoding, make, read_clip, render
from datasets.attacks.held_photo import Hand, hand_course, held_photo

LIVE_S = 3.0
HELD_S = 4.0
WITHIN_S = 1.0
FEW = ("h264-crf28", "vp8-500k")
ONE = ("h264-crf28",)
HANDS = {
    "usual": Hand(),
    "steady": Hand(travel=0.006, approach=0.006, turn_deg=0.8),
    "close": Hand(fill=1.2),
}
KINDS = {
    "bona fide, untouched": None,
    "bona fide, shaken camera": FEW,
    "print, usual hand": None,
    "print, steady hand": ONE,
    "print, no border visible": ONE,
    "display, usual hand": FEW,
}
"""Kinds of file, with the encodings that they are rendered in (all where None)."""


@dataclass(frozen=True, slots=True)
class Row:
    """What the detector said of one file."""

    kind: str
    encoding: str
    status: Status
    code: str
    located: bool
    name: str


def rows_of(path: Path, number: int) -> list[Row]:
    """One row per file that is made of one clip, in a fixed order; `number` is its seed."""
    settings = Settings()
    how = reading(settings, Models(WeightStore(settings.weights_dir)), ["presentation_attack"])
    detector = how.detectors[0]
    clip = read_clip(path, most_s=6.0, max_side=960)
    found = []
    for kind, encoding, made in _files(clip, number):
        with tempfile.TemporaryDirectory() as scratch:
            file = render(made, Path(scratch) / "file", encoding)
            interview = open_interview(file, how, label="recording")
        signal = detector.inspect(interview)
        starts = [e.start_s for e in signal.evidence]
        located = any(abs(s - min(LIVE_S, clip.duration_s)) <= WITHIN_S for s in starts)
        found.append(
            Row(kind, encoding.name, signal.status, signal.reason.code, located, path.name)
        )
    return found


def _files(clip: Clip, seed: int) -> Iterator[tuple[str, Encoding, Clip]]:
    for kind, names in KINDS.items():
        made = _made(kind, clip, seed)
        for encoding in ENCODINGS:
            if names is None or encoding.name in names:
                yield kind, encoding, made


def _made(kind: str, clip: Clip, seed: int) -> Clip:
    if kind == "bona fide, untouched":
        return clip
    if kind == "bona fide, shaken camera":
        return make(np.stack(list(shaken(clip.frames, seed))), clip.rate, clip.audio)
    species, manner = kind.split(", ")
    hand = HANDS["close" if manner.startswith("no") else manner.split()[0]]
    still = clip.frames[len(clip.frames) // 2]
    kind_of = "display" if species == "display" else "print"
    held = np.stack(list(held_photo(still, seconds=HELD_S, seed=seed, species=kind_of, hand=hand)))
    live = clip.frames[: round(LIVE_S * clip.rate)]
    wanted = round(HELD_S * clip.rate)
    chosen = np.linspace(0, len(held) - 1, wanted).round().astype(int)
    frames = np.concatenate([live, held[chosen]])
    length = round(len(frames) / clip.rate * 48_000)
    return make(frames, clip.rate, np.resize(clip.audio, length))


def shaken(frames: NDArray[np.uint8], seed: int) -> Iterator[NDArray[np.uint8]]:
    """The same scene filmed by a camera in a restless hand: shift and turn of whole pictures."""
    high, wide = frames[0].shape[:2]
    course = hand_course(np.random.default_rng(seed), len(frames), 3)
    for frame, (x, y, turn) in zip(frames, course, strict=True):
        matrix = cv2.getRotationMatrix2D((wide / 2, high / 2), float(turn), 1.12)
        matrix[:, 2] += np.array([x, y]) * 0.02 * high
        yield cv2.warpAffine(frame, matrix, (wide, high), borderMode=cv2.BORDER_REPLICATE)


def interval(hits: int, count: int) -> str:
    """Exact 95 % interval of a share (Clopper and Pearson 1934), in per cent."""
    low = beta.ppf(0.025, hits, count - hits + 1) if hits else 0.0
    high = beta.ppf(0.975, hits + 1, count - hits) if hits < count else 1.0
    return f"{100 * low:.0f}-{100 * high:.0f} %"


def table(found: list[Row]) -> str:
    """Counts per kind and encoding as a Markdown table."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in found:
        groups[row.kind, row.encoding].append(row)
        groups[row.kind, "all"].append(row)
    lines = [
        "| kind | encoding | files | review | 95 % interval | located within 1 s | by surface | "
        "by motion | inconclusive |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for (kind, encoding), members in sorted(groups.items()):
        review = [m for m in members if m.status is Status.REVIEW]
        surface = sum(m.code in ("surface", "surface_and_motion") for m in review)
        motion = sum(m.code in ("flat_motion", "surface_and_motion") for m in review)
        open_ = sum(m.status is Status.INCONCLUSIVE for m in members)
        located = "-" if kind.startswith("bona") else str(sum(m.located for m in review))
        lines.append(
            f"| {kind} | {encoding} | {len(members)} | {len(review)} | "
            f"{interval(len(review), len(members))} | {located} | {surface} | {motion} | {open_} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Print one line per clip and per file that is not as wanted, then the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1, help="take every n-th clip")
    parser.add_argument("--leave-out", nargs="*", default=[], help="folders with several people")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    chosen = parser.parse_args()
    paths = sorted(p for p in chosen.clips.rglob("*") if p.suffix in {".mp4", ".mpg"})
    paths = [p for p in paths if p.parent.name not in chosen.leave_out][:: chosen.every]
    found: list[Row] = []
    with ProcessPoolExecutor(chosen.workers) as pool:
        for rows in pool.map(rows_of, paths, range(len(paths))):
            found += rows
            print(f"{rows[0].name}: {len(rows)} files", flush=True)
            for row in rows:
                if (row.status is Status.REVIEW) == row.kind.startswith("bona"):
                    print(row.name, row.kind, row.encoding, row.status.value, row.code, flush=True)
    print(table(found))


if __name__ == "__main__":
    main()
