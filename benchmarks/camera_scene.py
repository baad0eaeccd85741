"""How well fixed patterns of pictures tell the same camera-and-scene: made sessions, real clips.

    python -m benchmarks.camera_scene --made 12 [--spread 0.01]
    python -m benchmarks.camera_scene --clips FOLDER

Made: each case has a room, a sensor and a day, and is compared with another day of the same, the
same with another sensor, the same sensor in another room, with the camera turned by six pixels, and
with all of it different (`benchmarks.made_cameras`). Real: halves of clips, each encoded anew; the
GRID clips are of one camera in one studio, all others of different cameras and places. Patterns of
unlike sizes, which the service does not compare, are cut to what they share.

The threshold was set on every second clip: three times the largest figure of two different places,
either way. The other clips, and all that is made, are reported. Prints Markdown.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from api.models import open_models
from audit.calibration import clopper_pearson
from audit.check import open_interview, reading
from audit.media import probe
from audit.settings import Settings
from audit.types import Reason
from benchmarks.identity_clips import ENDINGS, facts_of, joined
from benchmarks.made_cameras import Setting, patterns
from identity.fixed_pattern import FixedPattern, compare_patterns, fixed_pattern_of, shared

CRFS = (23, 28, 33)
CASES = ("the same, another day", "other sensor", "other room", "turned by 6 px", "all other")


@dataclass(frozen=True, slots=True)
class Scored:
    """One pair: what it is, its CRF, its figure or why there is none, and which part it is of."""

    what: str
    crf: int
    score: float | Reason
    held_out: bool


def made(cases: int, spread: float) -> list[Scored]:
    """All pairs of made sessions."""
    found = []
    for case in range(cases):
        far = 1000 + case
        first = Setting(case, case, 2 * case, 10 * case)
        later = replace(first, light=2 * case + 1, person=10 * case + 1)
        others = (
            later,
            replace(later, sensor=far),
            replace(later, room=far),
            replace(later, moved=6),
            replace(later, room=2 * far, sensor=2 * far),
        )
        one = patterns(first, spread, CRFS)
        for what, other in zip(CASES, others, strict=True):
            for crf, mine, theirs in zip(CRFS, one, patterns(other, spread, CRFS), strict=True):
                score = compare_patterns(mine[0], theirs[0])
                found.append(Scored(what, crf, score, held_out=True))
        rates = ", ".join(f"{kbps:.0f}" for _, kbps in one)
        print(f"case {case}: {rates} kbit/s", flush=True)
    return found


def real(folder: Path) -> list[Scored]:
    """All pairs of halves of clips."""
    settings = Settings()
    how = reading(settings, open_models(settings), ("face_reference",))
    files = sorted(path for path in folder.rglob("*") if path.suffix in ENDINGS)
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "half.mp4"
        opened = [open_interview(path, how, label=path.name) for path in files]
        for crf in CRFS:
            halves = []
            for path, interview in zip(files, opened, strict=True):
                length, _ = facts_of(path)
                for start, end in ((0.0, length / 2), (length / 2, length)):
                    joined([(path, start, end)], target, crf=crf)
                    facts = probe(target, settings.limits)
                    held = replace(interview, source_path=str(target), facts=facts)
                    halves.append(fixed_pattern_of(held, settings.limits))
            found += _pairs(files, halves, crf)
    return found


def _pairs(
    files: Sequence[Path], halves: Sequence[FixedPattern | Reason], crf: int
) -> Iterable[Scored]:
    """Pairs within each part: clips of one set in turn, so that both parts hold all of them."""
    studio = [number for number, path in enumerate(files) if path.suffix == ".mpg"]
    places = [number for number in range(len(files)) if number not in studio]
    turn = {n: bool(i % 2) for group in (studio, places) for i, n in enumerate(group)}
    for n in turn:
        yield Scored("halves of one clip", crf, _score(halves[2 * n], halves[2 * n + 1]), turn[n])
    for one, other in combinations(turn, 2):
        if turn[one] == turn[other]:
            both = one in studio and other in studio
            what = "two people in one studio" if both else "different places"
            yield Scored(what, crf, _score(halves[2 * one], halves[2 * other + 1]), turn[one])


def _score(one: FixedPattern | Reason, other: FixedPattern | Reason) -> float | Reason:
    if isinstance(one, Reason) or isinstance(other, Reason):
        return one if isinstance(one, Reason) else other if isinstance(other, Reason) else 0.0
    rows, columns = np.minimum(one.signs.shape, other.signs.shape)
    cut = []
    for each in (one, other):
        left = (each.signs.shape[1] - columns) // 2
        signs = each.signs[:rows, left : left + columns]
        cut.append(replace(each, signs=signs, width=int(columns), height=int(rows)))
    return compare_patterns(cut[0], cut[1])


def table(found: Sequence[Scored]) -> str:
    """Counts at the threshold in force, and the range of the figure, by kind, CRF and part."""
    lines = [
        "| pairs | CRF | part | shared | 95 % | not compared | least | median | most |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for what in dict.fromkeys(each.what for each in found):
        for crf in CRFS:
            for held_out, part in ((False, "set on"), (True, "reported")):
                own = [
                    e.score for e in found if (e.what, e.crf, e.held_out) == (what, crf, held_out)
                ]
                scores = [score for score in own if isinstance(score, float)]
                if not scores:
                    continue
                hits = sum(shared(score) for score in scores)
                low, high = clopper_pearson(hits, len(scores))
                lines.append(
                    f"| {what} | {crf} | {part} | {hits}/{len(scores)} | {low:.1%}-{high:.1%} | "
                    f"{len(own) - len(scores)} | {min(scores):.0f} | {np.median(scores):.0f} | "
                    f"{max(scores):.0f} |"
                )
    return "\n".join(lines)


def main() -> None:
    """Prints one table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--made", type=int, default=0, help="how many cases")
    asked.add_argument("--spread", type=float, default=0.01, help="of the sensors' pattern")
    asked.add_argument("--clips", type=Path)
    given = asked.parse_args()
    if given.made:
        print(table(made(given.made, given.spread)))
    if given.clips:
        print(table(real(given.clips)))


if __name__ == "__main__":
    main()
