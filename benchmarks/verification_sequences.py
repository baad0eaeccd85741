"""Sequences of faces divided as a recording is: how often a change is found, or invented."""

from __future__ import annotations

from collections import Counter

import numpy as np

from audit.interview import Floats
from audit.types import Status
from benchmarks.verification_faces import FaceSet, Halves
from identity.face_consistency import contrast, stretches_of
from identity.face_line import FaceLine
from identity.face_scale import FaceScale

QUALITY = 0.9
ORDERS = 5
CHANGES = 200
CLIP_FACES = 3
LEAST = 3


def line(embeddings: Floats) -> FaceLine:
    """A line with one face per second, all of one quality."""
    n = len(embeddings)
    return FaceLine(
        times_s=np.arange(n, dtype=np.float64),
        frames=np.arange(n),
        tracks=np.zeros(n, np.int64),
        quality=np.full(n, QUALITY, np.float32),
        embeddings=embeddings,
        boxes=np.zeros((n, 4), np.float32),
        offered=n,
    )


def judged(embeddings: Floats, scale: FaceScale) -> tuple[Status, list[int]]:
    """The status of a sequence, and where its stretches begin after the first."""
    of = line(embeddings)
    stretches = stretches_of(of, scale, most=LEAST)
    found = contrast(of, stretches, scale, most=LEAST)
    return found.grade.status(found.score), [s.first for s in stretches[1:]]


def one_person(found: FaceSet, scale: FaceScale) -> Counter[str]:
    """Statuses of all photographs of each person in five random orders."""
    generator = np.random.default_rng(0)
    counts: Counter[str] = Counter()
    for rows in found.people.values():
        for _ in range(ORDERS if len(rows) >= LEAST else 0):
            counts[judged(rows[generator.permutation(len(rows))], scale)[0]] += 1
    return counts


def two_people(found: FaceSet, scale: FaceScale) -> Counter[str]:
    """Statuses of five photographs of one person, then five of another; `placed` where exact."""
    generator = np.random.default_rng(0)
    people = [rows for rows in found.people.values() if len(rows) >= 5]
    counts: Counter[str] = Counter()
    for _ in range(CHANGES):
        pair = generator.choice(len(people), 2, replace=False)
        parts = [people[p][generator.permutation(len(people[p]))[:5]] for p in pair]
        counts.update(_change(parts, scale))
    return counts


def two_clips(found: list[Halves], scale: FaceScale) -> Counter[str]:
    """The same with three samples each of two clips, in both orders."""
    counts: Counter[str] = Counter()
    for first in found:
        for second in found:
            if first.person != second.person:
                parts = [clip.embeddings[:CLIP_FACES] for clip in (first, second)]
                counts.update(_change(parts, scale))
    return counts


def _change(parts: list[Floats], scale: FaceScale) -> Counter[str]:
    status, borders = judged(np.concatenate(parts), scale)
    counts = Counter({str(status): 1})
    counts["placed"] = int(status is Status.REVIEW and borders == [len(parts[0])])
    return counts


def sequences(sets: list[FaceSet], clips: list[Halves], scale: FaceScale) -> str:
    """The table of docs/verification.md."""
    usable = [clip for clip in clips if len(clip.embeddings) >= CLIP_FACES]
    rows = [
        *((f"{one.name}: one person, 10 photographs", one_person(one, scale)) for one in sets),
        *((f"{one.name}: 5 of one, then 5 of another", two_people(one, scale)) for one in sets),
        (f"{len(usable)} clips: 3 samples of one, then 3 of another", two_clips(usable, scale)),
    ]
    lines = [
        "| sequence | count | review | change exactly placed | inconclusive | no indication |",
        "|---|---|---|---|---|---|",
    ]
    for name, counts in rows:
        total = sum(counts[status] for status in Status)
        placed = counts["placed"] if "then" in name else "-"
        lines.append(
            f"| {name} | {total} | {counts[Status.REVIEW]} | {placed} | "
            f"{counts[Status.INCONCLUSIVE]} | {counts[Status.NO_INDICATION]} |"
        )
    return "\n".join(lines)
