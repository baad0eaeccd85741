"""Interviews with planted embeddings: an encoder that reads the person off a crop's pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from audit.facts import MediaFacts
from audit.interview import FaceLog, FaceSample, FaceTrack, Interview
from identity.embeddings import unit
from identity.face_encoder import ALIGNED_150

DIMENSIONS = 32


class ToyEncoder:
    """Embeds a crop by its pixel values: blue = person, green = wobble, red = wobble's seed."""

    id = "dlib_resnet"
    version = "toy"
    crop = ALIGNED_150

    def __init__(self) -> None:
        generator = np.random.default_rng(5)
        common = generator.normal(size=DIMENSIONS)
        own = generator.normal(size=(256, DIMENSIONS)) * 0.45
        self.centres = unit((common + own).astype(np.float32))

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """Unit vectors (n, 32)."""
        rows = [np.empty((0, DIMENSIONS), np.float32)]
        for crop in crops:
            person, wobble, seed = (int(v) for v in crop[0, 0])
            noise = np.random.default_rng(seed).normal(size=DIMENSIONS) * wobble / 1000.0
            rows.append((self.centres[person] + noise)[None].astype(np.float32))
        return unit(np.concatenate(rows))

    def uses(self) -> tuple[()]:
        """No weights."""
        return ()


def track(number: int, times_s: Any, size: float = 100.0) -> FaceTrack:
    """A track of a face of `size` pixels, seen at these times."""
    times = np.asarray(times_s, np.float64)
    n = len(times)
    column = np.ones(n, np.float32)
    return FaceTrack(
        id=number,
        times_s=times,
        frames=np.round(times * 25).astype(np.int64),
        boxes=np.tile(np.array([10, 10, 10 + size, 10 + size], np.float32), (n, 1)),
        points=np.zeros((n, 5, 2), np.float32),
        confidence=column,
        pose=np.zeros((n, 3), np.float32),
        mouth_open=column,
        eye_open=np.ones((n, 2), np.float32),
        sharpness=column * 100,
        brightness=column * 120,
        dense=np.ones(n, np.bool_),
    )


def samples(
    of: FaceTrack, people: list[int], quality: float | list[float] = 0.9, wobble: int = 30
) -> list[FaceSample]:
    """One sample per row of the track with the person of that row; -1 leaves the row out."""
    each = [quality] * len(people) if isinstance(quality, float) else quality
    found: list[FaceSample] = []
    for row, person in enumerate(people):
        if person < 0:
            continue
        crop = np.zeros((150, 150, 3), np.uint8)
        crop[:] = (person, wobble, (row * 7 + of.id * 31 + 1) % 256)
        found.append(
            FaceSample(
                track=of.id,
                row=row,
                time_s=float(of.times_s[row]),
                frame=int(of.frames[row]),
                quality=each[row],
                crops={ALIGNED_150.name: crop},
            )
        )
    return found


def interview(
    tracks: list[FaceTrack],
    kept: list[FaceSample],
    *,
    main: int | None = 0,
    label: str = "recording",
    references: tuple[Interview, ...] = (),
) -> Interview:
    """An interview with faces alone."""
    log = FaceLog(
        tracks=tuple(tracks),
        samples=tuple(sorted(kept, key=lambda s: s.time_s)),
        looked_s=np.empty(0),
        looked_count=np.empty(0, np.int64),
        main=main,
    )
    facts = MediaFacts(sha256="", size=0, format="", duration_s=60.0, streams=())
    return Interview(
        label=label,
        facts=facts,
        models=None,  # type: ignore[arg-type]
        source_path="",
        faces=log,
        references=references,
    )


def talk(people: list[int], **more: Any) -> Interview:
    """One face in one track, one sample per second, with the person of each second."""
    one = track(0, np.arange(len(people), dtype=float))
    keywords = {k: more.pop(k) for k in ("quality", "wobble") if k in more}
    return interview([one], samples(one, people, **keywords), **more)
