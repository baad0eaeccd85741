"""Was the face exchanged or altered? A network looks at single pictures of it.

EfficientNet-Lite0, trained here on photos and on copies of them whose face, or a part of it, was
blended in (`datasets/recipes/face_manipulation.py`). It looks for what blending leaves behind:
borders, and parts that differ in sharpness, noise or colour. It never saw the output of a face
swapping program, and it says where in the face it looked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.calibration import CalibrationRecord, records
from audit.conformal import ConformalRecord, conformal_records
from audit.detectors import CropSpec, DetectorSpec, operating_point
from audit.interview import FaceLog, FaceSample, FaceTrack, Interview
from audit.series import thin
from audit.types import (
    Evidence,
    LikelihoodRatio,
    ModelUse,
    Question,
    Reason,
    Series,
    Signal,
    Span,
    Status,
    Strength,
)
from liveness.leading_face import leading, relative_box, samples_of, spread

Floats = NDArray[np.float64]

WEIGHT = "face_manipulation"
CROP = CropSpec("manipulation", 224, scale=1.15)
_MEANING = (
    "mean logit of the sampled faces of the track that looks most manipulated; unbounded, about "
    "-4 to 6, high speaks for manipulation"
)
_REGIONS = ("forehead and eyes", "nose and cheeks", "mouth and chin")


@dataclass(frozen=True, slots=True)
class Judged:
    """What the network says of one track: logits (n,) and the share of replaced parts (n, s, s)."""

    track: FaceTrack
    times_s: Floats
    logits: Floats
    parts: Floats

    @property
    def mean(self) -> float:
        """The track's score."""
        return float(self.logits.mean())

    @property
    def size(self) -> float:
        """Median size of the face, pixels."""
        return float(np.median(self.track.sizes))


class FaceManipulation:
    """Swapped, re-enacted or retouched faces, by the traces of blending in single pictures."""

    spec = DetectorSpec(
        name="face_manipulation",
        version="2",
        questions=(Question.AUTHENTICITY,),
        modality="video",
        cause="face_manipulation",
        strength=Strength.SUPPORTING,
        weights=(WEIGHT,),
        crops=(CROP,),
        limits=(
            "Faces that are generated whole, without anything blended in, are not covered.",
            "Strong compression, small faces and beauty filters hide or imitate the traces.",
            "It looks at single pictures: what betrays itself by motion alone passes.",
        ),
    )

    def inspect(self, interview: Interview) -> Signal:
        """Judge sampled faces of every leading track."""
        log = interview.faces
        if log is None:
            return self.spec.inconclusive("no_pictures", "The recording has no readable pictures.")
        tracks = leading(log)
        if not tracks:
            return self.spec.inconclusive("no_face", "No face was found.")
        point = operating_point("liveness", "face_manipulation")
        judged = _judged(interview, log, tracks, point)
        if not judged:
            return self.spec.inconclusive(
                "faces_unusable",
                "Too few faces were large, sharp and bright enough to look for manipulation.",
                **_figures(interview, (), None, point),
            )
        worst = max(judged, key=lambda each: each.mean)
        return self._answer(interview, judged, worst, point)

    def _answer(
        self,
        interview: Interview,
        judged: Sequence[Judged],
        worst: Judged,
        point: Mapping[str, Any],
    ) -> Signal:
        limits, ratio = condition(worst.size, point)
        more = _figures(interview, judged, ratio.likelihood_ratio(worst.mean), point)
        answer = limits.answer(worst.mean)
        count = sum(len(each.logits) for each in judged)
        if answer == "attack":
            found = tuple(
                _evidence(interview, e) for e in judged if limits.answer(e.mean) == answer
            )
            text = (
                "A face carries traces of blending as altered faces do, mostly around "
                f"{where(worst.parts)} (mean logit {worst.mean:.1f} over {len(worst.logits)} "
                "pictures)."
            )
            reason = Reason("blending_traces", text)
            return self.spec.signal(Status.REVIEW, reason, evidence=found, **more)
        if answer == "bona fide":
            text = (
                f"No traces of blending were found in {count} sampled pictures of the face (mean "
                f"logit {worst.mean:.1f})."
            )
            return self.spec.signal(Status.NO_INDICATION, Reason("no_traces", text), **more)
        text = (
            f"The pictures of the face (mean logit {worst.mean:.1f}) lie where untouched and "
            "altered faces cannot be told apart at the stated error."
        )
        return self.spec.inconclusive("cannot_tell", text, **more)


def condition(size: float, point: Mapping[str, Any]) -> tuple[ConformalRecord, CalibrationRecord]:
    """The limits and the calibration for faces of a size in pixels."""
    name = "large" if size >= float(point["large_face"]) else "small"
    key = f"face_manipulation_{name}"
    return conformal_records("liveness")[key], records("liveness")[key]


def logits(interview: Interview, samples: Sequence[FaceSample]) -> tuple[Floats, Floats]:
    """Logits (n,) and, for each part of the crop, how much of it looks replaced (n, s, s), 0..1."""
    session = interview.models.onnx(WEIGHT)
    whole, parts = [], []
    for first in range(0, len(samples), 8):
        pixels = np.stack([s.crops[CROP.name] for s in samples[first : first + 8]])
        scaled = (pixels[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32) - 127) / 128
        one, each = session.run(None, {"input": np.ascontiguousarray(scaled)})
        whole.append(one)
        parts.append(1 / (1 + np.exp(-each.astype(np.float64))))
    return np.concatenate(whole).astype(np.float64), np.concatenate(parts)


def where(parts: Floats) -> str:
    """The third of the face, from above, in which most looks replaced, in words."""
    rows = parts.mean(axis=(0, 2))
    thirds = [float(rows[list(third)].mean()) for third in np.array_split(np.arange(len(rows)), 3)]
    return _REGIONS[int(np.argmax(thirds))]


def _judged(
    interview: Interview,
    log: FaceLog,
    tracks: tuple[FaceTrack, ...],
    point: Mapping[str, Any],
) -> list[Judged]:
    """Tracks with enough usable faces: single photos have none, their scores scatter too much."""
    chosen = _usable(samples_of(log, tracks), tracks, point)
    if not chosen:
        return []
    whole, parts = logits(interview, chosen)
    least = int(point["least_samples"])
    found = []
    for track in tracks:
        rows = [i for i, s in enumerate(chosen) if s.track == track.id]
        if len(rows) >= least:
            times = np.array([chosen[i].time_s for i in rows])
            found.append(Judged(track, times, whole[rows], parts[rows]))
    return found


def _usable(
    samples: list[FaceSample], tracks: tuple[FaceTrack, ...], point: Mapping[str, Any]
) -> list[FaceSample]:
    """Faces that are good enough; of many, evenly spread ones."""
    sizes = {t.id: t.sizes for t in tracks}
    good = [
        s
        for s in samples
        if s.quality >= point["least_quality"] and sizes[s.track][s.row] >= point["least_size"]
    ]
    most = int(point["most_samples"])
    if len(good) <= most:
        return good
    return [good[i] for i in np.linspace(0, len(good) - 1, most).round().astype(int)]


def _evidence(interview: Interview, judged: Judged) -> Evidence:
    track = judged.track
    span = Span(float(judged.times_s[0]), float(judged.times_s[-1]))
    text = (
        f"Traces of blending, mostly around {where(judged.parts)}: mean logit {judged.mean:.1f} "
        f"over {len(judged.logits)} pictures."
    )
    return Evidence(
        start_s=span.start_s,
        end_s=span.end_s,
        text=text,
        score=judged.mean,
        start_frame=int(track.frames[0]),
        end_frame=int(track.frames[-1]),
        track=track.id,
        frames_s=spread(span.start_s, span.end_s),
        box=relative_box(interview, track, len(track.frames) // 2),
    )


def _figures(
    interview: Interview,
    judged: Sequence[Judged],
    ratio: LikelihoodRatio | None,
    point: Mapping[str, Any],
) -> dict[str, Any]:
    """Score, calibration, series and measurements, whatever the status."""
    count = sum(len(each.logits) for each in judged)
    worst = max((each.mean for each in judged), default=None)
    return {
        "model": ModelUse("face_manipulation", "2", interview.models.uses(WEIGHT)),
        "score": worst,
        "score_meaning": _MEANING,
        "operating_point": _operating_point(point),
        "likelihood_ratio": ratio,
        "quality": min(1.0, count / float(point["good_samples"])),
        "series": _series(judged),
        "measurements": {
            "faces_judged": count,
            "highest_logit": max((float(e.logits.max()) for e in judged), default=None),
            "median_face_size": min((e.size for e in judged), default=None),
        },
    }


def _operating_point(point: Mapping[str, Any]) -> str:
    edge = float(point["large_face"])
    large, small = condition(edge, point)[0], condition(0.0, point)[0]
    return (
        f"{_review_above(large)} for faces of {edge:.0f} px and more, {_review_above(small)} for "
        f"smaller ones, where at most {large.bona_fide_error:.0%} of untouched recordings of the "
        "calibration set lie"
    )


def _review_above(limits: ConformalRecord) -> str:
    if math.isinf(limits.bona_fide_limit):
        return "never for review"
    return f"review above {limits.bona_fide_limit:.2f}"


def _series(judged: Sequence[Judged]) -> tuple[Series, ...]:
    if not judged:
        return ()
    times = np.concatenate([each.times_s for each in judged])
    values = np.concatenate([each.logits for each in judged])
    order = np.argsort(times, kind="stable")
    return (thin("traces of blending in the face", "logit", times[order], values[order]),)
