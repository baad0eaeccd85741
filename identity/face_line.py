"""The face that an interview is about, through time, as embeddings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.interview import FaceLog, FaceSample, FaceTrack, Floats, Interview, Ints, Times
from identity.embeddings import pooled
from identity.face_encoder import FaceEncoder

# A track counts as present between two sightings this close; sampled frames lie up to 2 s apart.
PRESENT_GAP_S = 2.5


@dataclass(frozen=True, slots=True)
class FaceLine:
    """Usable samples of the face in the interview's seat, in time order; columns of length n.

    Attributes:
        times_s, frames, tracks, quality: of each sample; quality is that of `FaceSample`.
        embeddings: unit vectors (n, d).
        boxes: x0, y0, x1, y1, relative to the frame where its size is known, else pixels.
        offered: how many samples of the seat there were, good or not.
    """

    times_s: Times
    frames: Ints
    tracks: Ints
    quality: Floats
    embeddings: Floats
    boxes: Floats
    offered: int

    def __len__(self) -> int:
        return len(self.times_s)

    def pool(self, rows: NDArray[np.int64]) -> Floats:
        """Quality-weighted mean embedding of these rows, length 1."""
        return pooled(self.embeddings[rows], self.quality[rows])

    def box(self, row: int) -> tuple[float, float, float, float]:
        """The box of one sample as `Evidence` carries it."""
        x0, y0, x1, y1 = (round(float(v), 4) for v in self.boxes[row])
        return x0, y0, x1, y1


def face_line(
    interview: Interview, encoder: FaceEncoder, *, least_quality: float, least_size: float
) -> FaceLine | None:
    """Embeddings of the seat's samples of at least `least_quality`; None where no face was found.

    The seat is the main track and, where that is absent, other tracks whose median size is at
    least `least_size` times the main one's: a second person beside the candidate is not a change of
    person. Computed once per interview and back end.
    """
    log = interview.faces
    if log is None or log.main is None:
        return None
    key = f"face_line:{encoder.id}:{least_quality}:{least_size}"
    held = interview.cache.get(key)
    if isinstance(held, FaceLine):
        return held
    seat = [s for s in seat_samples(log, least_size=least_size) if encoder.crop.name in s.crops]
    good = [s for s in seat if s.quality >= least_quality]
    line = FaceLine(
        times_s=np.array([s.time_s for s in good], np.float64),
        frames=np.array([s.frame for s in good], np.int64),
        tracks=np.array([s.track for s in good], np.int64),
        quality=np.array([s.quality for s in good], np.float32),
        embeddings=_embed(good, encoder),
        boxes=_boxes(log, good, interview),
        offered=len(seat),
    )
    interview.cache[key] = line
    return line


def _embed(samples: list[FaceSample], encoder: FaceEncoder) -> Floats:
    size = encoder.crop.size
    crops = [s.crops[encoder.crop.name] for s in samples]
    return encoder.embed(np.stack(crops) if crops else np.empty((0, size, size, 3), np.uint8))


def _boxes(log: FaceLog, samples: list[FaceSample], interview: Interview) -> Floats:
    boxes = np.array([log.track(s.track).boxes[s.row] for s in samples], np.float32)
    if interview.pictures is None or not len(samples):
        return boxes.reshape(-1, 4)
    width, height = interview.pictures.width, interview.pictures.height
    relative: Floats = np.clip(boxes / np.array([width, height] * 2, np.float32), 0.0, 1.0)
    return relative


def seat_samples(log: FaceLog, *, least_size: float) -> tuple[FaceSample, ...]:
    """Samples of the seat in time order: at most one track at a time, the main one first."""
    if log.main is None:
        return ()
    main = log.track(log.main)
    large = float(np.median(main.sizes)) * least_size
    others = [t for t in log.tracks if t.id != main.id and float(np.median(t.sizes)) >= large]
    others.sort(key=lambda t: (-len(t.times_s) * float(np.median(t.sizes)), t.id))
    chosen: list[FaceSample] = []
    taken: list[FaceTrack] = []
    for track in (main, *others):
        chosen += [
            s
            for s in log.samples
            if s.track == track.id and not any(is_present(t, s.time_s) for t in taken)
        ]
        taken.append(track)
    return tuple(sorted(chosen, key=lambda s: s.time_s))


def is_present(track: FaceTrack, time_s: float) -> bool:
    """Whether the track was seen on both sides of a time, or at it, without a long gap."""
    after = int(np.searchsorted(track.times_s, time_s))
    if after < len(track.times_s) and track.times_s[after] == time_s:
        return True
    if after in (0, len(track.times_s)):
        return False
    return bool(track.times_s[after] - track.times_s[after - 1] <= PRESENT_GAP_S)


def quality_of(line: FaceLine) -> float:
    """Median quality of the samples, less where there are fewer than five; 0..1."""
    if not len(line):
        return 0.0
    return round(float(np.median(line.quality)) * min(1.0, len(line) / 5.0), 3)


def quality_notes(line: FaceLine) -> tuple[str, ...]:
    """What weakens the comparison, in words."""
    unusable = line.offered - len(line)
    if unusable * 2 <= line.offered:
        return ()
    return (f"{unusable} of {line.offered} sampled faces are too small, blurred or turned.",)
