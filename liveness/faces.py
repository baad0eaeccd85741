"""How many faces there are, where, when, and in what condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.detectors import DetectorSpec, operating_point
from audit.interview import FaceLog, FaceTrack, Interview
from audit.series import thin
from audit.types import Evidence, Question, Reason, Series, Signal, Span, Status
from liveness.leading_face import leading, relative_box, samples_of, speech_within, spread
from liveness.planar_motion import inner_movement

Floats = NDArray[np.float64]

_MEANING = (
    "share of the looked-at time in which exactly one person's face is visible, 0..1; low means "
    "absence or company"
)


@dataclass(frozen=True, slots=True)
class Second:
    """A face beside the leading one.

    Attributes:
        size_share: its median size over that of the leading face at the same time.
        still: it never moves within itself (a poster, a photograph on a wall, a picture on a
            screen), as far as frames were compared.
    """

    track: FaceTrack
    span: Span
    size_share: float
    still: bool


class Faces:
    """Presence and absence of faces, company, size, blur, pose and cover."""

    spec = DetectorSpec(
        name="faces",
        version="1",
        questions=(Question.PRESENCE, Question.ASSISTANCE),
        modality="video",
        cause="face_presence",
        weights=("blazeface_back", "face_mesh"),
        limits=(
            "Faces smaller than about a twentieth of the frame, full profiles and heavily covered "
            "faces are missed.",
            "People who are present without showing their face are not seen.",
        ),
    )

    def inspect(self, interview: Interview) -> Signal:
        """Summarise the face log."""
        log = interview.faces
        if log is None:
            return self.spec.inconclusive("no_pictures", "The recording has no readable pictures.")
        point = operating_point("liveness", "faces")
        tracks = leading(log)
        if not tracks:
            return self.spec.inconclusive(
                "no_face",
                f"No face was found in {len(log.looked_s)} searched pictures.",
                series=_series(interview, log, tracks),
            )
        absences = absent(log, point["absence_s"])
        seconds = company(log, tracks, point)
        more = _figures(interview, log, tracks, absences, seconds)
        unusable = _unusable(tracks, point)
        if unusable:
            return self.spec.inconclusive("faces_unusable", unusable, **more)
        alone = _absence_reason(interview, absences, point)
        visible = [s for s in seconds if s.span.duration_s >= point["second_s"] and not s.still]
        return self._answer(interview, alone, visible, absences, more)

    def _answer(
        self,
        interview: Interview,
        alone: str,
        visible: Sequence[Second],
        absences: Sequence[Span],
        more: Mapping[str, Any],
    ) -> Signal:
        evidence = [_company_evidence(interview, s) for s in visible]
        evidence += [_absence_evidence(interview, a) for a in _longest(absences)]
        if not alone and not visible:
            text = "One face is visible, without long absences while there is speech."
            return self.spec.signal(
                Status.NO_INDICATION, Reason("one_face", text), evidence=tuple(evidence), **more
            )
        total = sum(s.span.duration_s for s in visible)
        texts = [alone] if alone else []
        if visible:
            texts.append(f"A second face is visible beside the first for {total:.1f} s.")
        return self.spec.signal(
            Status.REVIEW,
            Reason("second_face" if visible else "absent_while_speaking", " ".join(texts)),
            status_by_question={
                Question.PRESENCE: Status.REVIEW if alone else Status.NO_INDICATION,
                Question.ASSISTANCE: Status.REVIEW if visible else Status.NO_INDICATION,
            },
            evidence=tuple(evidence),
            **more,
        )


def absent(log: FaceLog, least_s: float) -> list[Span]:
    """Stretches without any face between searched pictures, at least `least_s` long.

    A stretch runs from the last picture with a face (or the first picture) to the next with one
    (or the last picture).
    """
    empty = log.looked_count == 0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], empty.astype(np.int8), [0]])))
    found = []
    last = len(log.looked_s) - 1
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        start_s = float(log.looked_s[max(0, first - 1) if first else 0])
        span = Span(start_s, float(log.looked_s[min(end, last)]))
        if span.duration_s >= least_s:
            found.append(span)
    return found


def company(log: FaceLog, tracks: Sequence[FaceTrack], point: Mapping[str, Any]) -> list[Second]:
    """Faces beside a leading one that are comparable in size."""
    lead = {t.id for t in tracks}
    found = []
    for track in log.tracks:
        if track.id in lead:
            continue
        beside = [t for t in tracks if _shared(t.span, track.span) > 0]
        if not beside:
            continue
        largest = max(float(np.median(t.sizes)) for t in beside)
        share = float(np.median(track.sizes)) / largest
        if share >= point["second_size"]:
            found.append(Second(track, track.span, share, _is_still(track, point)))
    return found


def _shared(a: Span, b: Span) -> float:
    return min(a.end_s, b.end_s) - max(a.start_s, b.start_s)


def _is_still(track: FaceTrack, point: Mapping[str, Any]) -> bool:
    """True where enough frames were compared and neither mouth, eyes nor head moved."""
    if track.motion is None:
        return False
    inner = inner_movement(track.motion, point["stir_at"])
    return (
        inner.compared_s >= point["still_s"]
        and inner.stirred == 0.0
        and inner.shift < point["still_shift"]
    )


def weights_of(times_s: Floats, most_s: float = 5.0) -> Floats:
    """Seconds that each searched picture stands for, shape (n,); gaps count at most `most_s`."""
    if len(times_s) < 2:
        return np.ones(len(times_s))
    gaps = np.minimum(np.diff(times_s), most_s)
    held: Floats = (np.concatenate([[0.0], gaps]) + np.concatenate([gaps, [0.0]])) / 2
    return held


def _unusable(tracks: Sequence[FaceTrack], point: Mapping[str, Any]) -> str:
    """Why no leading face can be used, or an empty text."""
    size = float(np.median(np.concatenate([t.sizes for t in tracks])))
    sharpness = float(np.median(np.concatenate([t.sharpness for t in tracks])))
    light = float(np.median(np.concatenate([t.brightness for t in tracks])))
    if size < point["least_size"]:
        return f"The face is too small: {size:.0f} pixels, {point['least_size']:.0f} are needed."
    if sharpness < point["least_sharpness"]:
        return f"The face is too blurred (sharpness {sharpness:.0f})."
    if not point["least_light"] <= light <= point["most_light"]:
        return f"The face is too dark or too bright (mean luma {light:.0f} of 255)."
    return ""


def _absence_reason(
    interview: Interview, absences: Sequence[Span], point: Mapping[str, Any]
) -> str:
    """Why absences need a look, or an empty text."""
    spoken = [speech_within(interview, a.start_s, a.end_s) or 0.0 for a in absences]
    total = interview.speech.total_s if interview.speech is not None else 0.0
    missing = sum(spoken)
    if missing < point["absent_speech_s"] or missing < point["absent_speech_share"] * total:
        return ""
    return f"No face is visible during {missing:.0f} s of {total:.0f} s of speech."


def _longest(spans: Sequence[Span], most: int = 8) -> list[Span]:
    chosen = sorted(spans, key=lambda s: -s.duration_s)[:most]
    return sorted(chosen, key=lambda s: s.start_s)


def _absence_evidence(interview: Interview, span: Span) -> Evidence:
    spoken = speech_within(interview, span.start_s, span.end_s)
    added = f", {spoken:.1f} s of them with speech" if spoken else ""
    text = f"No face is visible for {span.duration_s:.1f} s{added}."
    return Evidence(
        span.start_s, span.end_s, text, frames_s=spread(span.start_s, span.end_s, most=2)
    )


def _company_evidence(interview: Interview, second: Second) -> Evidence:
    track = second.track
    middle = len(track.times_s) // 2
    text = (
        f"A second face, {second.size_share:.0%} of the size of the first, is visible for "
        f"{second.span.duration_s:.1f} s."
    )
    return Evidence(
        second.span.start_s,
        second.span.end_s,
        text,
        start_frame=int(track.frames[0]),
        end_frame=int(track.frames[-1]),
        track=track.id,
        frames_s=spread(second.span.start_s, second.span.end_s),
        box=relative_box(interview, track, middle),
    )


def _figures(
    interview: Interview,
    log: FaceLog,
    tracks: Sequence[FaceTrack],
    absences: Sequence[Span],
    seconds: Sequence[Second],
) -> dict[str, Any]:
    held = weights_of(log.looked_s)
    total = max(float(held.sum()), 1e-9)
    quality = [s.quality for s in samples_of(log, tuple(tracks))]
    rows = {k: np.concatenate([getattr(t, k) for t in tracks]) for k in ("sizes", "sharpness")}
    pose = np.concatenate([t.pose for t in tracks])
    confidence = np.concatenate([t.confidence for t in tracks])
    return {
        "score": float(held[log.looked_count == 1].sum()) / total,
        "score_meaning": _MEANING,
        "operating_point": (
            "review when a second face of comparable size stays, or when much of the speech falls "
            "into times without a face; see docs/detectors/faces.md"
        ),
        "quality": float(np.median(quality)) if quality else 0.0,
        "series": _series(interview, log, tracks),
        "measurements": {
            "searched_pictures": len(log.looked_s),
            "tracks": len(log.tracks),
            "most_faces_at_once": int(log.looked_count.max(initial=0)),
            "absent_s": sum(a.duration_s for a in absences),
            "absences": len(absences),
            "second_face_s": sum(s.span.duration_s for s in seconds),
            "second_faces_still": sum(s.still for s in seconds),
            "size_median_px": float(np.median(rows["sizes"])),
            "sharpness_median": float(np.median(rows["sharpness"])),
            "yaw_p90_deg": float(np.quantile(np.abs(pose[:, 0]), 0.9)),
            "pitch_p90_deg": float(np.quantile(np.abs(pose[:, 1]), 0.9)),
            "covered_or_turned_share": float((confidence < 0.9).mean()),
        },
    }


def _series(interview: Interview, log: FaceLog, tracks: Sequence[FaceTrack]) -> tuple[Series, ...]:
    found = [thin("faces", "count", log.looked_s, log.looked_count.astype(float), low=0.0)]
    if not tracks:
        return tuple(found)
    times = np.concatenate([t.times_s for t in tracks])
    order = np.argsort(times, kind="stable")
    pose = np.concatenate([t.pose for t in tracks])[order]
    sizes = np.concatenate([t.sizes for t in tracks])[order]
    sharpness = np.concatenate([t.sharpness for t in tracks])[order]
    times = times[order]
    found.append(thin("size of the leading face", "pixels", times, sizes, low=0.0))
    found.append(thin("sharpness of the leading face", "grey levels squared", times, sharpness))
    found.append(thin("yaw of the leading face", "degrees", times, pose[:, 0], low=-90, high=90))
    found.append(thin("pitch of the leading face", "degrees", times, pose[:, 1], low=-90, high=90))
    return tuple(found)
