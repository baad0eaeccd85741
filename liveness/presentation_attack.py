"""Is the face before the camera a live one, or a print or a screen that shows one?

Two scores, one signal. The surface score: two MiniFASNet networks (minivision,
Silent-Face-Anti-Spoofing, Apache-2.0) look at the face with its surroundings for paper, screens
and their borders; their answers are joined with recapture cues (`liveness.recapture_cues`). The
motion score needs no weights: a flat picture moves as one plane and nothing moves within it
(`liveness.planar_motion`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.calibration import records
from audit.conformal import ConformalRecord, conformal_records
from audit.detectors import CropSpec, DetectorSpec, operating_point
from audit.inference import Models
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
)
from liveness.blinks import watch
from liveness.leading_face import leading, relative_box, samples_of, speech_within, spread
from liveness.planar_motion import (
    Inner,
    calm_runs,
    inner_movement,
    moves_as_a_plane,
    stir_of,
)
from liveness.presentation_fusion import shipped
from liveness.recapture_cues import NAMES, SKIN, cues

Floats = NDArray[np.float64]
Image = NDArray[np.uint8]

_NETS = (("minifasnet_v2", "pad_2.7"), ("minifasnet_v1se", "pad_4.0"))
_RECORD = "presentation_attack_pictures"
_AROUND, _SKIN = "pad_4.0", "pad_skin"
_MEANING = (
    "probability of a bona fide presentation (a live face), 0..1, median over the sampled faces of "
    "the least live stretch; low speaks for a print or a display"
)


@dataclass(frozen=True, slots=True)
class Surface:
    """What the networks say of one track: probability of bona fide presentation per sample."""

    track: FaceTrack
    times_s: Floats
    live: Floats

    @property
    def median(self) -> float:
        """The middle probability of all samples, 0..1."""
        return float(np.median(self.live))


class PresentationAttack:
    """Prints and displays held before the camera."""

    spec = DetectorSpec(
        name="presentation_attack",
        version="3",
        questions=(Question.PRESENCE,),
        modality="video",
        cause="presentation",
        weights=("minifasnet_v2", "minifasnet_v1se"),
        crops=(
            CropSpec("pad_2.7", 80, scale=2.7),
            CropSpec("pad_4.0", 80, scale=4.0),
            CropSpec(_SKIN, SKIN, scale=0.6),
        ),
        limits=(
            "Masks, make-up and disguises are not covered: 19 of 19 moulded masks passed.",
            "Manipulated or generated video that is injected instead of shown to a camera passes.",
            "Good screens and glossy photographs often pass: 12 of 76 simulated instruments did.",
            "A video replayed on a good screen is seen by its surface alone, never by its motion.",
        ),
    )

    def inspect(self, interview: Interview) -> Signal:
        """Look at the surface and at the motion of every leading face."""
        log = interview.faces
        if log is None:
            return self.spec.inconclusive("no_pictures", "The recording has no readable pictures.")
        tracks = leading(log)
        if not tracks:
            return self.spec.inconclusive("no_face", "No face was found.")
        point = operating_point("liveness", "presentation_attack")
        surfaces = self._surfaces(interview, log, tracks, point)
        low = [e for s in surfaces for e in _low_spans(interview, s, point)]
        flat = [e for t in tracks for e in _flat_spans(interview, t, point)]
        more = _figures(interview, surfaces, tracks, point)
        if flat and not low:
            # The ratio is one of the surface, which is not what speaks here.
            more["likelihood_ratio"] = None
        if low or flat:
            reason = _reason(low, flat, surfaces)
            return self.spec.signal(Status.REVIEW, reason, evidence=(*low, *flat), **more)
        if not surfaces:
            return self.spec.inconclusive(
                "faces_unusable",
                "Too few faces were large, sharp and bright enough to judge their surface.",
                **more,
            )
        lowest = min(s.median for s in surfaces)
        if limits_of().answer(lowest) != "bona fide":
            return self.spec.inconclusive(
                "surface_undecided",
                f"The surface of a face (median probability of a live face {lowest:.2f}) fits live "
                "faces as well as prints and screens, or neither.",
                **more,
            )
        count = sum(len(s.live) for s in surfaces)
        text = (
            f"The face looks like a live face before the camera in {count} sampled pictures "
            f"(lowest median probability {lowest:.2f}), and it does not move like a flat picture."
        )
        return self.spec.signal(Status.NO_INDICATION, Reason("live_looking", text), **more)

    def _surfaces(
        self,
        interview: Interview,
        log: FaceLog,
        tracks: tuple[FaceTrack, ...],
        point: Mapping[str, Any],
    ) -> list[Surface]:
        """Scores per track; tracks with too few usable faces are left out."""
        chosen = _usable(samples_of(log, tracks), log, point)
        least = min(int(point["least_samples"]), len(log.looked_s))
        if not chosen:
            return []
        live = bona_fide(interview, chosen)
        found = []
        for track in tracks:
            rows = [i for i, s in enumerate(chosen) if s.track == track.id]
            if len(rows) >= least:
                times = np.array([chosen[i].time_s for i in rows])
                found.append(Surface(track, times, live[rows]))
        return found


def bona_fide(interview: Interview, samples: Sequence[FaceSample]) -> Floats:
    """Probability of a bona fide presentation per sample at even odds, 0..1."""
    return shipped().live(inputs_of(interview.models, [s.crops for s in samples]))


def inputs_of(models: Models, crops: Sequence[Mapping[str, Image]]) -> Floats:
    """What the fusion joins, per face: `presentation_fusion.INPUTS`, shape (n, k)."""
    parts = [_logits(models, weight, [c[crop] for c in crops]) for weight, crop in _NETS]
    seen = [cues(c[_SKIN], c[_AROUND]) for c in crops]
    return np.concatenate([*parts, np.reshape(seen, (len(crops), len(NAMES)))], axis=1)


def _logits(models: Models, weight: str, pictures: Sequence[Image]) -> Floats:
    """Print, live and replay, shape (n, 3)."""
    session = models.onnx(weight)
    found = np.zeros((len(pictures), 3))
    for first in range(0, len(pictures), 32):
        pixels = np.stack(pictures[first : first + 32]).transpose(0, 3, 1, 2)
        found[first : first + 32] = session.run(None, {"input": pixels.astype(np.float32)})[0]
    return found


def limits_of() -> ConformalRecord:
    """Up to which median a surface fits live faces, and attacks."""
    return conformal_records("liveness")[_RECORD]


def log_odds(live: float) -> float:
    """Natural log odds of an attack, cut at +-12: what the calibration takes."""
    kept = min(max(live, 6e-6), 1 - 6e-6)
    return math.log((1 - kept) / kept)


def _ratio(surface: Surface, point: Mapping[str, Any]) -> tuple[LikelihoodRatio | None, str]:
    """The likelihood ratio of the least live track, or why there is none."""
    size = float(np.median(surface.track.sizes))
    low, high = point["calibrated_px"]
    if not low <= size <= high:
        return None, (
            f"No likelihood ratio: faces of {size:.0f} pixels lie outside of the calibration's "
            f"{low} to {high} pixels."
        )
    return records("liveness")[_RECORD].likelihood_ratio(log_odds(surface.median)), ""


def _usable(samples: list[FaceSample], log: FaceLog, point: Mapping[str, Any]) -> list[FaceSample]:
    """Faces that are good enough; of many, evenly spread ones."""
    sizes = {t.id: t.sizes for t in log.tracks}
    good = [
        s
        for s in samples
        if s.quality >= point["least_quality"] and sizes[s.track][s.row] >= point["least_size"]
    ]
    most = int(point["most_samples"])
    if len(good) <= most:
        return good
    return [good[i] for i in np.linspace(0, len(good) - 1, most).round().astype(int)]


def _low_spans(interview: Interview, surface: Surface, point: Mapping[str, Any]) -> list[Evidence]:
    """Where a track looks like a print or a display: all of it, or a run of samples."""
    limits = limits_of()
    if limits.answer(surface.median) == "attack":
        span = surface.track.span
        return [_low(interview, surface, span, surface.live)]
    found = []
    low = np.array([limits.answer(float(v)) == "attack" for v in surface.live])
    edges = np.flatnonzero(np.diff(np.concatenate([[0], low.astype(np.int8), [0]])))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if last - first >= int(point["run_samples"]):
            span = Span(float(surface.times_s[first]), float(surface.times_s[last - 1]))
            found.append(_low(interview, surface, span, surface.live[first:last]))
    return found


def _low(interview: Interview, surface: Surface, span: Span, live: Floats) -> Evidence:
    value = float(np.median(live))
    text = (
        f"The face and its surroundings look like a print or a screen: median probability of a "
        f"live face {value:.2f} over {len(live)} pictures."
    )
    return _evidence(interview, surface.track, span, text, value)


def _flat_spans(interview: Interview, track: FaceTrack, point: Mapping[str, Any]) -> list[Evidence]:
    """Where a track moves like a flat picture, or not at all while there is speech."""
    motion = track.motion
    if motion is None:
        return []
    whole = inner_movement(motion, point["stir_at"])
    speech = speech_within(interview, track.span.start_s, track.span.end_s)
    blinks = len(watch(track).blinks)
    if blinks == 0 and moves_as_a_plane(whole, point) and _long_enough(whole, speech, point):
        return [_flat(interview, track, track.span, whole)]
    if blinks == 0 and _never_moves(whole, speech, point):
        return [_unmoved(interview, track, whole, speech or 0.0)]
    found = []
    for rows in calm_runs(motion, point["stir_at"]):
        part = inner_movement(motion, point["stir_at"], rows)
        if part.compared_s >= point["run_s"] and moves_as_a_plane(part, point):
            start = float(motion.times_s[rows][0] - motion.gaps_s[rows][0])
            span = Span(start, float(motion.times_s[rows][-1]))
            found.append(_flat(interview, track, span, part))
    return found


def _long_enough(inner: Inner, speech_s: float | None, point: Mapping[str, Any]) -> bool:
    """Two seconds are enough while somebody speaks: then a live mouth would have moved."""
    spoken = speech_s is not None and speech_s >= point["least_speech_s"]
    return bool(inner.compared_s >= (point["spoken_s"] if spoken else point["silent_s"]))


def _never_moves(inner: Inner, speech_s: float | None, point: Mapping[str, Any]) -> bool:
    """Long, spoken over, and neither mouth, eyes nor head ever move."""
    return bool(
        inner.stirred == 0.0
        and inner.shift < point["least_shift"]
        and inner.compared_s >= point["unmoved_s"]
        and (speech_s or 0.0) >= point["unmoved_speech_s"]
    )


def _flat(interview: Interview, track: FaceTrack, span: Span, inner: Inner) -> Evidence:
    text = (
        f"The face moves like a flat picture: over {inner.compared_s:.1f} s what surrounds it "
        f"moves along in one plane, and neither the eyes nor the mouth move within it."
    )
    return _evidence(interview, track, span, text, None)


def _unmoved(interview: Interview, track: FaceTrack, inner: Inner, speech_s: float) -> Evidence:
    text = (
        f"Neither eyes, mouth nor head move in {inner.compared_s:.0f} s that were compared, "
        f"while there are {speech_s:.0f} s of speech."
    )
    return _evidence(interview, track, track.span, text, None)


def _evidence(
    interview: Interview, track: FaceTrack, span: Span, text: str, score: float | None
) -> Evidence:
    rows = np.flatnonzero((track.times_s >= span.start_s) & (track.times_s <= span.end_s))
    return Evidence(
        start_s=span.start_s,
        end_s=span.end_s,
        text=text,
        score=score,
        start_frame=int(track.frames[rows[0]]),
        end_frame=int(track.frames[rows[-1]]),
        track=track.id,
        frames_s=spread(span.start_s, span.end_s),
        box=relative_box(interview, track, int(rows[len(rows) // 2])),
    )


def _reason(
    low: Sequence[Evidence], flat: Sequence[Evidence], surfaces: Sequence[Surface]
) -> Reason:
    if low and flat:
        return Reason(
            "surface_and_motion",
            "A face looks like a print or a screen and moves like a flat picture.",
        )
    if low:
        lowest = min(e.score for e in low if e.score is not None)
        return Reason(
            "surface",
            "A face and its surroundings look like a print or a screen "
            f"(median probability of a live face {lowest:.2f}).",
        )
    passed = " Its surface does not look like a print or a screen." if surfaces else ""
    return Reason("flat_motion", f"A face moves like a flat picture of a face.{passed}")


def _figures(
    interview: Interview,
    surfaces: Sequence[Surface],
    tracks: Sequence[FaceTrack],
    point: Mapping[str, Any],
) -> dict[str, Any]:
    """Score, quality, series and measurements, whatever the status."""
    live = np.concatenate([s.live for s in surfaces]) if surfaces else np.zeros(0)
    inner = [inner_movement(t.motion, point["stir_at"]) for t in tracks if t.motion is not None]
    log = interview.faces
    lowest = min(surfaces, key=lambda s: s.median, default=None)
    ratio, note = _ratio(lowest, point) if lowest else (None, "")
    limits = limits_of()
    quality = [s.quality for s in samples_of(log, tuple(tracks))] if log else []
    use = ModelUse("presentation_attack", "2", interview.models.uses(*(n for n, _ in _NETS)))
    return {
        "model": use,
        "score": lowest.median if lowest else None,
        "likelihood_ratio": ratio,
        "quality_notes": (note,) if note else (),
        "score_meaning": _MEANING,
        "operating_point": (
            "review when the median no longer fits live faces (below "
            f"{limits.bona_fide_limit:.3f}, at a stated error of {limits.bona_fide_error:.0%}) but "
            f"fits attacks, no conclusion while it fits both (up to {limits.attack_limit:.3f}) or "
            "neither; or review when the face "
            f"moves like a flat picture for at least {point['spoken_s']} s with speech or "
            f"{point['silent_s']} s without"
        ),
        "quality": float(np.median(quality)) if quality else 0.0,
        "series": _series(surfaces, tracks, point),
        "measurements": {
            "faces_judged": len(live),
            "lowest_probability": float(live.min()) if len(live) else None,
            "compared_s": sum(i.compared_s for i in inner),
            "least_inner_movement": min((i.stir for i in inner), default=None),
            "most_inner_movement": max((i.stir for i in inner), default=None),
        },
    }


def _series(
    surfaces: Sequence[Surface], tracks: Sequence[FaceTrack], point: Mapping[str, Any]
) -> tuple[Series, ...]:
    found = []
    if surfaces:
        times = np.concatenate([s.times_s for s in surfaces])
        live = np.concatenate([s.live for s in surfaces])
        order = np.argsort(times, kind="stable")
        found.append(
            thin(
                "probability of a live face",
                "probability",
                times[order],
                live[order],
                low=0.0,
                high=1.0,
                threshold=limits_of().bona_fide_limit,
            )
        )
    motions = [t.motion for t in tracks if t.motion is not None]
    if motions:
        times = np.concatenate([m.times_s for m in motions])
        stir = np.concatenate([stir_of(m) for m in motions])
        order = np.argsort(times, kind="stable")
        found.append(
            thin(
                "movement of mouth and eyes within the face",
                "1 - correlation",
                times[order],
                stir[order],
                low=0.0,
                threshold=float(point["stir_at"]),
            )
        )
    return tuple(found)
