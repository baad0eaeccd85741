"""Which face tracks an interview is about, and how they stand in the frame."""

from __future__ import annotations

import numpy as np

from audit.interview import FaceLog, FaceSample, FaceTrack, Interview

Box = tuple[float, float, float, float]


def leading(log: FaceLog) -> tuple[FaceTrack, ...]:
    """Tracks that are not beside a larger face for more than half of their time.

    A recording with one person has one such track per uninterrupted stretch; a smaller face in
    the background never leads.
    """
    return tuple(t for t in log.tracks if not any(_outshone(t, o) for o in log.tracks))


def _outshone(track: FaceTrack, other: FaceTrack) -> bool:
    if other.id == track.id or np.median(other.sizes) <= np.median(track.sizes):
        return False
    a, b = track.span, other.span
    shared = min(a.end_s, b.end_s) - max(a.start_s, b.start_s)
    return shared > 0 and shared >= 0.5 * a.duration_s


def samples_of(log: FaceLog, tracks: tuple[FaceTrack, ...]) -> list[FaceSample]:
    """Kept faces of these tracks, in time order."""
    ids = {t.id for t in tracks}
    return [s for s in log.samples if s.track in ids]


def relative_box(interview: Interview, track: FaceTrack, row: int) -> Box | None:
    """The face's box in 0..1 of the displayed frame, for evidence."""
    pictures = interview.pictures
    if pictures is None or not pictures.width or not pictures.height:
        return None
    size = np.array([pictures.width, pictures.height] * 2, np.float64)
    x0, y0, x1, y1 = (round(float(v), 4) for v in np.clip(track.boxes[row] / size, 0, 1))
    return x0, y0, x1, y1


def speech_within(interview: Interview, start_s: float, end_s: float) -> float | None:
    """Seconds of speech between two times; None where the sound was not analysed."""
    if interview.speech is None:
        return None
    return sum(
        max(0.0, min(s.end_s, end_s) - max(s.start_s, start_s)) for s in interview.speech.segments
    )


def spread(first_s: float, last_s: float, most: int = 4) -> tuple[float, ...]:
    """Up to `most` times inside a span, evenly spread, for thumbnails."""
    if last_s <= first_s:
        return (round(first_s, 3),)
    steps = (np.arange(most) + 0.5) / most
    return tuple(round(first_s + (last_s - first_s) * float(k), 3) for k in steps)
