"""Reading a response: every frame, with a small picture of the face ten times a second."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audit.challenges import Plan
from audit.check import Progress, Reading, open_interview, quiet
from audit.detectors import CropSpec, DetectorSpec
from audit.inference import Models, limited_threads
from audit.interview import FaceLog, Interview
from audit.settings import Settings
from audit.types import Question, Signal, Strength

Array = NDArray[np.float64]

CROP = CropSpec("challenge_face", 32, scale=1.0)
STEP_S = 0.1
LONGEST_S = 300.0
MOST_SAMPLES = 4000
MAX_SIDE = 640
SETTLED_S = 0.8  # a movement may last this long after its cue


class _Watching:
    """Asks for the crops; it measures nothing by itself."""

    spec = DetectorSpec(
        name="active_challenge",
        version="1",
        questions=(Question.PRESENCE,),
        modality="audiovisual",
        cause="active_challenge",
        strength=Strength.SUPPORTING,
        crops=(CROP,),
    )

    def inspect(self, _interview: Interview) -> Signal:
        """Nothing: a recording alone says nothing of a challenge."""
        return self.spec.inconclusive("no_challenge", "A recording alone answers no challenge.")


def measured(
    path: Path, settings: Settings, models: Models, *, progress: Progress = quiet
) -> Interview:
    """The response as detectors see recordings. Raises `InputError` where it cannot be used."""
    sampling = settings.sampling.model_copy(
        update={
            "dense_up_to_s": LONGEST_S,
            "sample_step_s": STEP_S,
            "max_samples": MOST_SAMPLES,
            "max_side": MAX_SIDE,
        }
    )
    how = Reading(settings.model_copy(update={"sampling": sampling}), models, (_Watching(),))
    with limited_threads(settings.threads):
        return open_interview(path, how, label="response", progress=progress)


@dataclass(frozen=True, slots=True)
class Faces:
    """The face of a response through time.

    Attributes:
        times_s (n,), yaw, pitch (n,) degrees, mouth (n,), gaze (n,), light (n,): as in `FaceTrack`.
        looked_s (m,), seen (m,): searched frames, and whether a face was found.
        crop_s (k,), crops (k, 32, 32, 3): BGR, in time order.
        calm (n,): rows outside of all cues.
    """

    times_s: Array
    yaw: Array
    pitch: Array
    mouth: Array
    gaze: Array
    light: Array
    looked_s: Array
    seen: NDArray[np.bool_]
    crop_s: Array
    crops: NDArray[np.uint8]
    calm: NDArray[np.bool_]

    def within(self, start_s: float, end_s: float) -> NDArray[np.bool_]:
        """Rows between two times, shape (n,)."""
        return (self.times_s >= start_s) & (self.times_s <= end_s)

    def cropped(self, start_s: float, end_s: float) -> NDArray[np.bool_]:
        """Crops between two times, shape (k,)."""
        return (self.crop_s >= start_s) & (self.crop_s <= end_s)

    def coverage(self, start_s: float, end_s: float) -> float:
        """Share of searched frames between two times that hold a face; 0 where none was."""
        here = (self.looked_s >= start_s) & (self.looked_s <= end_s)
        return float(self.seen[here].mean()) if here.any() else 0.0


def faces_of(log: FaceLog, plan: Plan) -> Faces | None:
    """The face of the person who answers; None where there is none."""
    tracks = log.seat()
    if not tracks:
        return None
    order = np.argsort(np.concatenate([t.times_s for t in tracks]), kind="stable")

    def column(*parts: NDArray[np.floating]) -> Array:
        return np.concatenate(parts).astype(np.float64)[order]

    times = column(*(t.times_s for t in tracks))
    gaze = [np.full(len(t.times_s), np.nan) if t.gaze is None else t.gaze[:, 0] for t in tracks]
    ids = {t.id for t in tracks}
    samples = [s for s in log.samples if s.track in ids]
    crops = [s.crops[CROP.name] for s in samples]
    return Faces(
        times_s=times,
        yaw=column(*(t.pose[:, 0] for t in tracks)),
        pitch=column(*(t.pose[:, 1] for t in tracks)),
        mouth=column(*(t.mouth_open for t in tracks)),
        gaze=column(*gaze),
        light=column(*(t.brightness for t in tracks)),
        looked_s=log.looked_s,
        seen=np.isin(np.round(log.looked_s, 4), np.round(times, 4)),
        crop_s=np.array([s.time_s for s in samples]),
        crops=np.stack(crops) if crops else np.zeros((0, CROP.size, CROP.size, 3), np.uint8),
        calm=_calm(times, plan),
    )


def _calm(times: Array, plan: Plan) -> NDArray[np.bool_]:
    free = np.ones(len(times), bool)
    for cue in plan.cues:
        free &= (times < cue.start_s) | (times > cue.end_s + SETTLED_S)
    return free if free.sum() >= 5 else np.ones(len(times), bool)
