"""One recording as detectors see it: everything read and measured once, shared by all.

Nothing here grows with the number of pixels: frames are reduced while they stream past to
luma signatures, face geometry and a bounded number of face crops.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from audit.facts import MediaFacts
from audit.settings import Limits
from audit.types import Span

if TYPE_CHECKING:
    from audit.inference import Models

Floats = NDArray[np.float32]
Times = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch to decode frame by frame.

    `pictures`: frames are handed out in colour (faces are found in them). `signature`: only the
    luma signature of each frame is kept, for the search of repeated spans.
    """

    start_s: float
    end_s: float
    mode: Literal["pictures", "signature"] = "pictures"


@dataclass(frozen=True, slots=True)
class Audio:
    """The whole audio track, mixed to mono.

    Attributes:
        samples: int16, mono, at `rate` Hz, starting at `start_s` of the recording; gaps in the
            track are filled with zeros so that sample positions are times.
        source_rate: sampling rate in the file, Hz.
        channels: channels in the file.
        gaps: stretches that the file does not cover.
    """

    samples: NDArray[np.int16]
    rate: int
    start_s: float
    source_rate: int
    channels: int
    gaps: tuple[Span, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate

    def cut(self, start_s: float, end_s: float) -> Floats:
        """Samples between two times of the recording as float32 in -1..1; shorter at the ends."""
        first = max(0, round((start_s - self.start_s) * self.rate))
        last = max(first, round((end_s - self.start_s) * self.rate))
        return (self.samples[first:last].astype(np.float32)) / np.float32(32768.0)


@dataclass(frozen=True, slots=True)
class PictureLog:
    """What every decoded frame left behind, in presentation order.

    Attributes:
        times_s, frames: presentation time and frame number, shape (n,).
        signatures: area-averaged luma, uint8, shape (n, 24, 32).
        dense: spans in which every frame of the file was decoded.
        width, height: size as displayed (rotation applied), pixels.
    """

    times_s: Times
    frames: Ints
    signatures: NDArray[np.uint8]
    dense: tuple[Span, ...]
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class FaceMotion:
    """How a face moved within dense stretches, between pictures about a fifth of a second apart.

    Each row compares two pictures through the one affine map that best carries the face from the
    first to the second: what a plane in front of a camera does over so short a time.

    Attributes:
        times_s (m,): of the later picture. gaps_s (m,): seconds from the earlier one.
        shift (m,): median displacement of points on the face, share of the face's size.
        around (m,): median distance of textured points around the face from where the map puts
            them, share of the face's size; NaN where there are too few.
        mouth, eyes, rest (m,): 1 - correlation of the region with itself after the map:
            0 = nothing moved within it. `rest` is the face without mouth and eyes.
    """

    times_s: Times
    gaps_s: Floats
    shift: Floats
    around: Floats
    mouth: Floats
    eyes: Floats
    rest: Floats


@dataclass(frozen=True, slots=True)
class FaceParts:
    """How parts of a face and of its surroundings changed from one picture to the next.

    Six parts in this order: left and right half (as seen) of the upper face without the eyes, then
    what lies above, left of, right of and below the face. Each row compares two pictures of a dense
    stretch. Lengths are pixels of a picture that is reduced until the face is 72 px high.

    Attributes:
        times_s (m,): of the later picture. gaps_s (m,): seconds from the earlier one.
        follows (m,): the earlier picture of this row is the later one of the row before.
        moved (m, 6, 2): displacement across and down; NaN where a part has too little texture.
        lit (m, 6): change of brightness, grey levels; NaN where a part lies outside of the picture.
        unexplained (m, 6): mean absolute change that both leave, grey levels.
    """

    times_s: Times
    gaps_s: Floats
    follows: NDArray[np.bool_]
    moved: Floats
    lit: Floats
    unexplained: Floats


@dataclass(frozen=True, slots=True)
class FaceTrack:
    """One face followed through time; columns have one row per frame in which it was measured.

    Attributes:
        times_s (n,), frames (n,): when.
        boxes (n, 4): x0, y0, x1, y1 of the mesh, pixels of the displayed frame.
        points (n, 5, 2): left eye, right eye, nose, mouth left, mouth right (as seen), pixels.
        confidence (n,): 0..1, the mesh's own face score.
        pose (n, 3): yaw, pitch, roll in degrees; 0 is frontal, yaw positive towards the viewer's
            right, pitch positive upwards.
        mouth_open (n,): inner-lip gap over mouth width, 0 = shut, about .6 = wide open.
        eye_open (n, 2): lid gap over eye width, left and right as seen; about .35 open, below .2
            shut. NaN where not measured: dense rows have one eye only, others and small faces none.
        sharpness (n,): variance of the Laplacian of the face at 112 px, grey levels squared.
        brightness (n,): mean luma of the face, 0..255.
        dense (n,): True in stretches of which every frame was decoded; neighbouring rows of one
            stretch are then at most a fifteenth of a second or so apart.
        motion: movement within dense stretches, None where there are none.
        gaze (n, 2): the iris of the nearer eye from the middle between its corners, in eye widths,
            positive to the viewer's right and upwards, about -.2 to .2; NaN where `eye_open` is.
            None where it was not measured at all.
        parts: changes of parts within dense stretches, None where there are none.
    """

    id: int
    times_s: Times
    frames: Ints
    boxes: Floats
    points: Floats
    confidence: Floats
    pose: Floats
    mouth_open: Floats
    eye_open: Floats
    sharpness: Floats
    brightness: Floats
    dense: NDArray[np.bool_]
    motion: FaceMotion | None = None
    gaze: Floats | None = None
    parts: FaceParts | None = None

    @property
    def span(self) -> Span:
        """From the first to the last sighting."""
        return Span(float(self.times_s[0]), float(self.times_s[-1]))

    @property
    def sizes(self) -> Floats:
        """Larger side of the box, pixels, shape (n,)."""
        sides: Floats = np.maximum(
            self.boxes[:, 2] - self.boxes[:, 0], self.boxes[:, 3] - self.boxes[:, 1]
        )
        return sides


@dataclass(frozen=True, slots=True)
class FaceSample:
    """A face whose pixels were kept: the crops that the enabled detectors asked for.

    `crops` maps `CropSpec.name` to BGR uint8 (size, size, 3). `row` points into the track.
    `quality` 0..1 joins size, sharpness, pose, light and confidence.
    """

    track: int
    row: int
    time_s: float
    frame: int
    quality: float
    crops: Mapping[str, NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class FaceLog:
    """All faces of a recording.

    Attributes:
        tracks: by id, in order of first sighting. `main` is the id of the track group that the
            interview is about (the largest, most present), or None.
        samples: in time order; at most `settings.sampling.max_samples`.
        looked_s, looked_count: times of the frames that were searched for faces, and how many faces
            each held, shape (m,).
    """

    tracks: tuple[FaceTrack, ...]
    samples: tuple[FaceSample, ...]
    looked_s: Times
    looked_count: Ints
    main: int | None

    def seat(self, least_size: float = 0.5) -> tuple[FaceTrack, ...]:
        """The main track and those that take its place while it is away, in time order.

        A cut or a lost face ends a track, so one person may have several. A track counts when its
        median size is at least `least_size` times the main one's and it shares at most a tenth of
        its own time with those already counted.
        """
        if self.main is None:
            return ()
        main = self.track(self.main)
        least = least_size * float(np.median(main.sizes))
        chosen = [main]
        for track in sorted(self.tracks, key=lambda t: -t.span.duration_s):
            shared = sum(_shared(track.span, other.span) for other in chosen)
            free = shared <= 0.1 * track.span.duration_s
            if track.id != main.id and free and float(np.median(track.sizes)) >= least:
                chosen.append(track)
        return tuple(sorted(chosen, key=lambda t: t.span.start_s))

    def track(self, track_id: int) -> FaceTrack:
        """The track with this id (KeyError where there is none)."""
        for track in self.tracks:
            if track.id == track_id:
                return track
        raise KeyError(track_id)


def _shared(a: Span, b: Span) -> float:
    """Seconds that two spans have in common."""
    return max(0.0, min(a.end_s, b.end_s) - max(a.start_s, b.start_s))


@dataclass(frozen=True, slots=True)
class SpeechLog:
    """Where somebody speaks.

    Attributes:
        probability: voice activity per frame of `step_s`, 0..1, shape (n,), first frame at start_s.
        segments: speech spans after smoothing.
        overlap: probability of two voices at once per frame of `overlap_step_s`, or None where no
            segmentation model is installed.
    """

    probability: Floats
    step_s: float
    start_s: float
    segments: tuple[Span, ...]
    overlap: Floats | None = None
    overlap_step_s: float = 0.0

    @property
    def total_s(self) -> float:
        """Seconds of speech."""
        return sum(s.duration_s for s in self.segments)


@dataclass(frozen=True, slots=True)
class Interview:
    """A recording, read and measured; what `Detector.inspect` gets.

    `audio`, `pictures`, `faces`, `speech` are None where the file has no such stream or it could
    not be read (then `notes` says why). `references` are earlier recordings of the claimed person,
    measured the same way. `label` names the recording in texts (never a path). `limits` and
    `c2pa_trust_anchors` are the settings that detectors reading the file itself need.
    """

    label: str
    facts: MediaFacts
    models: Models
    source_path: str
    audio: Audio | None = None
    pictures: PictureLog | None = None
    faces: FaceLog | None = None
    speech: SpeechLog | None = None
    references: tuple[Interview, ...] = ()
    notes: tuple[str, ...] = ()
    seed: int = 0
    limits: Limits = field(default_factory=Limits)
    c2pa_trust_anchors: Path | None = None
    cache: dict[str, object] = field(default_factory=dict, compare=False, repr=False)
