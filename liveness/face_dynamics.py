"""Was the face altered picture by picture? It then trembles or flickers inside its outline.

What is measured of a face and of what surrounds it comes from `audit.perception.parts`; four
numbers of it (`liveness.part_motion`) are joined by a logistic model that was fitted by
`datasets/recipes/face_dynamics.py`. Weak evidence, beside the network that looks at single
pictures: both have one cause and count once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.calibration import CalibrationRecord, records
from audit.conformal import ConformalRecord, conformal_records
from audit.detectors import DetectorSpec, operating_point
from audit.interview import FaceParts, FaceTrack, Interview
from audit.series import thin
from audit.types import Evidence, Question, Reason, Series, Signal, Status, Strength
from liveness.leading_face import leading, relative_box, spread
from liveness.part_motion import NAMES, SAID, Unrest, brightness, score, unrest

NAME = "face_dynamics"
_MEANING = (
    "logit of the track whose face is most restless against its surroundings; unbounded, about -4 "
    "to 8, high speaks for manipulation"
)


@dataclass(frozen=True, slots=True)
class Judged:
    """One track, what was measured of it, its logit, and the feature that adds most."""

    track: FaceTrack
    parts: FaceParts
    unrest: Unrest
    score: float
    most: str


class FaceDynamics:
    """Faces exchanged or altered picture by picture, by their unrest."""

    spec = DetectorSpec(
        name=NAME,
        version="1",
        questions=(Question.AUTHENTICITY,),
        modality="video",
        cause="face_manipulation",
        strength=Strength.SUPPORTING,
        limits=(
            "A face that is altered the same way in every picture, or smoothly, is not seen.",
            "Weak alterations pass: their unrest is no larger than that of noise and coding.",
            "Pictures that come slower than 20 a second cannot be compared closely enough.",
        ),
    )

    def inspect(self, interview: Interview) -> Signal:
        """Judge every leading track that was watched closely for long enough."""
        log = interview.faces
        if log is None:
            return self.spec.inconclusive("no_pictures", "The recording has no readable pictures.")
        tracks = leading(log)
        if not tracks:
            return self.spec.inconclusive("no_face", "No face was found.")
        point = operating_point("liveness", NAME)
        judged, why = _judged(tracks, point)
        if not judged:
            return self.spec.inconclusive(why.code, why.text, **_figures((), point))
        worst = max(judged, key=lambda each: each.score)
        return self._answer(interview, judged, worst, point)

    def _answer(
        self,
        interview: Interview,
        judged: Sequence[Judged],
        worst: Judged,
        point: Mapping[str, Any],
    ) -> Signal:
        limits, ratio = condition()
        more = _figures(judged, point)
        more["likelihood_ratio"] = ratio.likelihood_ratio(worst.score)
        answer = limits.answer(worst.score)
        seen = f"{worst.score:.1f} from {worst.unrest.count} comparisons"
        if answer == "attack":
            found = tuple(
                _evidence(interview, each) for each in judged if limits.answer(each.score) == answer
            )
            text = (
                "A face is restless inside its outline as faces altered picture by picture are; "
                f"above all {SAID[worst.most]} (logit {seen})."
            )
            reason = Reason("restless_face", text)
            return self.spec.signal(Status.REVIEW, reason, evidence=found, **more)
        if answer == "bona fide":
            text = f"The face keeps as still against its surroundings as untouched ones ({seen})."
            return self.spec.signal(Status.NO_INDICATION, Reason("face_at_rest", text), **more)
        text = (
            f"The unrest of the face (logit {seen}) lies where untouched and altered faces cannot "
            "be told apart at the stated error."
        )
        return self.spec.inconclusive("cannot_tell", text, **more)


def condition() -> tuple[ConformalRecord, CalibrationRecord]:
    """The limits and the calibration."""
    return conformal_records("liveness")[NAME], records("liveness")[NAME]


def _judged(tracks: Sequence[FaceTrack], point: Mapping[str, Any]) -> tuple[list[Judged], Reason]:
    """Tracks that could be judged; where there is none, why, of the track that came furthest."""
    judged: list[Judged] = []
    why = Reason("faces_unusable", "No face was large enough to compare parts of it closely.")
    for track in tracks:
        parts = track.parts
        if parts is None or float(np.median(track.sizes)) < point["least_size"]:
            continue
        if float(np.median(parts.gaps_s)) > point["most_gap_s"]:
            why = Reason("too_few_pictures", "The pictures follow one another too slowly.")
            continue
        found = unrest(parts, float(point["most_gap_s"]))
        if found is None:
            why = Reason("no_surroundings", "Nothing around the face could be followed.")
        elif found.count < point["least_count"]:
            why = Reason("too_short", "The face was not watched closely for long enough.")
        else:
            judged.append(Judged(track, parts, found, *score(found, point)))
    return judged, why


def _evidence(interview: Interview, judged: Judged) -> Evidence:
    track, times = judged.track, judged.parts.times_s
    return Evidence(
        start_s=float(times[0]),
        end_s=float(times[-1]),
        text=f"The face is restless: above all {SAID[judged.most]} (logit {judged.score:.1f}).",
        score=judged.score,
        start_frame=int(track.frames[0]),
        end_frame=int(track.frames[-1]),
        track=track.id,
        frames_s=spread(float(times[0]), float(times[-1])),
        box=relative_box(interview, track, len(track.frames) // 2),
    )


def _figures(judged: Sequence[Judged], point: Mapping[str, Any]) -> dict[str, Any]:
    """Score, series and measurements, whatever the status."""
    worst = max(judged, key=lambda each: each.score, default=None)
    count = sum(each.unrest.count for each in judged)
    return {
        "score": None if worst is None else worst.score,
        "score_meaning": _MEANING,
        "operating_point": _operating_point(),
        "quality": min(1.0, count / float(point["good_count"])),
        "series": _series(judged),
        "measurements": {
            "faces_judged": count,
            **{name: None if worst is None else getattr(worst.unrest, name) for name in NAMES},
        },
    }


def _operating_point() -> str:
    limits = condition()[0]
    if math.isinf(limits.bona_fide_limit):
        return "never for review"
    return (
        f"review above {limits.bona_fide_limit:.2f}, where at most {limits.bona_fide_error:.0%} of "
        "untouched recordings of the calibration set lie"
    )


def _series(judged: Sequence[Judged]) -> tuple[Series, ...]:
    if not judged:
        return ()
    times = np.concatenate([each.parts.times_s for each in judged])
    values = np.concatenate([brightness(each.parts) for each in judged])
    known = np.isfinite(values)
    times, values = times[known], values[known]
    order = np.argsort(times, kind="stable")
    title = "change of the face's brightness against its surroundings"
    return (thin(title, "grey levels", times[order], values[order]),)
