"""Which face is which: association of faces with tracks, and the tracks' columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from audit.interview import FaceTrack, Floats
from audit.media.plan import Picture
from audit.perception.blazeface import overlaps
from audit.perception.geometry import Face
from audit.perception.mesh import Mesh
from audit.perception.motion import MotionMeter
from audit.perception.parts import PartsMeter
from audit.perception.table import Table

# time, frame, box 4, points 10, confidence, pose 3, mouth, eyes 2, sharp, light, dense, gaze 2
_COLUMNS = 28

JOIN_S = 0.3  # rows further apart are no stretch in which movement could be followed


@dataclass(slots=True)
class Thread:
    """A track that is being built.

    `mesh` is the last fit (in pixels of the handed-out picture), `seen_s` its time. `lost` counts
    searches by the detector that did not confirm the face.
    """

    id: int
    mesh: Mesh
    seen_s: float
    lost: int = 0
    table: Table = field(default_factory=lambda: Table(_COLUMNS))
    motion: MotionMeter = field(default_factory=MotionMeter)
    parts: PartsMeter = field(default_factory=PartsMeter)

    def add(self, face: Face, eyes: tuple[float, float, float, float], picture: Picture) -> int:
        """Write one row, in displayed pixels; returns its number.

        `eyes` are the lids' gaps, left and right, and the gaze across and up.
        """
        scale = picture.scale
        self.table.append(
            np.concatenate(
                [
                    (picture.time_s, picture.frame),
                    face.box / scale,
                    face.points.ravel() / scale,
                    (face.confidence, *face.pose, face.mouth_open, *eyes[:2]),
                    (face.sharpness, face.brightness, picture.dense, *eyes[2:]),
                ]
            )
        )
        self.seen_s = picture.time_s
        return len(self.table) - 1

    def finish(self) -> FaceTrack:
        """The finished track."""
        rows = self.table.rows
        frames = rows[:, 1].astype(np.int64)
        data = rows[:, 2:].astype(np.float32)
        return FaceTrack(
            id=self.id,
            times_s=rows[:, 0].copy(),
            frames=frames,
            boxes=data[:, 0:4].copy(),
            points=data[:, 4:14].reshape(-1, 5, 2).copy(),
            confidence=data[:, 14].copy(),
            pose=data[:, 15:18].copy(),
            mouth_open=data[:, 18].copy(),
            eye_open=data[:, 19:21].copy(),
            sharpness=data[:, 21].copy(),
            brightness=data[:, 22].copy(),
            dense=_joined(rows[:, 0], rows[:, 25] > 0),
            motion=self.motion.finish(),
            gaze=data[:, 24:26].copy(),
            parts=self.parts.finish(),
        )


def _joined(times_s: np.ndarray, dense: np.ndarray) -> np.ndarray:
    """True where a densely decoded row has a neighbour of the same stretch beside it."""
    joined = (np.diff(times_s) <= JOIN_S) & dense[1:] & dense[:-1]
    out = np.zeros(len(times_s), bool)
    out[1:] |= joined
    out[:-1] |= joined
    return out


def distance(first: Floats, second: Floats, gap_s: float) -> float:
    """How unlikely two boxes (4,) that lie `gap_s` seconds apart are one face; inf = impossible.

    The sum of the centres' distance over the mean size and of the absolute log ratio of sizes.
    A head may move half its size at once, and further with time.
    """
    sizes = [max(float(b[2] - b[0]), float(b[3] - b[1]), 1e-6) for b in (first, second)]
    dx = float(first[0] + first[2] - second[0] - second[2]) / 2
    dy = float(first[1] + first[3] - second[1] - second[3]) / 2
    apart = math.hypot(dx, dy) / (sum(sizes) / 2)
    growth = abs(math.log(sizes[0] / sizes[1]))
    if apart > min(0.5 + 0.6 * gap_s, 2.0) or growth > min(0.4 + 0.3 * gap_s, 1.0):
        return math.inf
    return apart + growth


def assign(boxes: Sequence[Floats], threads: Sequence[Thread], time_s: float) -> dict[int, Thread]:
    """Which thread each box continues, nearest pairs first; boxes left out start new threads."""
    pairs = []
    for i, box in enumerate(boxes):
        for thread in threads:
            cost = distance(thread.mesh.box, box, time_s - thread.seen_s)
            if math.isfinite(cost):
                pairs.append((cost, i, thread.id, thread))
    given: dict[int, Thread] = {}
    taken: set[int] = set()
    for _, i, thread_id, thread in sorted(pairs, key=lambda p: p[:3]):
        if i not in given and thread_id not in taken:
            given[i] = thread
            taken.add(thread_id)
    return given


def doubled(box: Floats, others: Sequence[Floats], most: float = 0.4) -> bool:
    """True where a box covers a face that another box already covers."""
    return bool(len(others)) and bool((overlaps(box, np.stack(others)) > most).any())


def kept(tracks: Sequence[FaceTrack], looked: int) -> tuple[FaceTrack, ...]:
    """Tracks without the flicker of false detections.

    In a recording with at least ten searched frames a face must have been measured three times,
    or twice with a mean confidence of at least .9.
    """
    if looked < 10:
        return tuple(tracks)
    return tuple(
        t
        for t in tracks
        if len(t.times_s) >= 3 or (len(t.times_s) == 2 and float(t.confidence.mean()) >= 0.9)
    )


def main_track(tracks: Sequence[FaceTrack], times_s: np.ndarray) -> int | None:
    """The id of the track with the largest sum of size over time.

    `times_s` are the searched times: each sighting counts for the time that its frame stands for,
    so that dense stretches do not outweigh sparse ones.
    """
    if not tracks:
        return None
    step = np.gradient(times_s) if len(times_s) > 1 else np.ones(1)
    order = {round(float(t), 6): float(s) for t, s in zip(times_s, step, strict=True)}

    def weight(track: FaceTrack) -> float:
        spans = np.array([order.get(round(float(t), 6), 0.0) for t in track.times_s])
        return float((spans * track.sizes).sum())

    return max(tracks, key=weight).id
