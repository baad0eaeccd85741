"""Blinks and head movement, against published ranges. Weak evidence with wide bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from audit.detectors import DetectorSpec, operating_point
from audit.interview import FaceTrack, Interview
from audit.series import thin
from audit.types import Evidence, Question, Reason, Series, Signal, Status, Strength
from liveness.blinks import EyeWatch, stretches, watch
from liveness.leading_face import leading, speech_within, spread

_MEANING = "blinks per minute of watched time, 0 and up; neither direction is better by itself"


class Physiology:
    """How often the eyes blink, how long, and how the head moves."""

    spec = DetectorSpec(
        name="physiology",
        version="1",
        questions=(Question.PRESENCE, Question.AUTHENTICITY),
        modality="video",
        cause="physiology",
        strength=Strength.SUPPORTING,
        limits=(
            "Blink rates differ widely between people and tasks, with contact lenses, medication "
            "and illness; a normal rate proves nothing, synthetic faces can blink too.",
        ),
    )

    def inspect(self, interview: Interview) -> Signal:
        """Count blinks in the dense stretches of the leading face."""
        log = interview.faces
        if log is None:
            return self.spec.inconclusive("no_pictures", "The recording has no readable pictures.")
        tracks = leading(log)
        if not tracks:
            return self.spec.inconclusive("no_face", "No face was found.")
        point = operating_point("liveness", "physiology")
        watches = [watch(t) for t in tracks]
        watched = sum(w.watched_s for w in watches)
        count = sum(len(w.blinks) for w in watches)
        more = _figures(tracks, watches, point)
        if watched < point["least_s"]:
            return self.spec.inconclusive(
                "too_short",
                f"Eyes could be watched frame by frame for {watched:.0f} s; blink rates need "
                f"{point['least_s']:.0f} s.",
                **more,
            )
        low, high = rate_interval(count, watched)
        seen = (
            f"{count} blinks in {watched:.0f} s: {count / watched * 60:.1f} a minute "
            f"(95 % interval {low:.1f} to {high:.1f})"
        )
        if high < point["rate_low"] or low > point["rate_high"]:
            evidence = _where(interview, tracks, f"{seen}.")
            text = f"{seen}, outside {point['rate_low']} to {point['rate_high']} a minute."
            return self.spec.signal(
                Status.REVIEW, Reason("blink_rate", text), evidence=evidence, **more
            )
        return self.spec.signal(
            Status.NO_INDICATION, Reason("blink_rate_usual", f"{seen}."), **more
        )


def rate_interval(count: int, watched_s: float, level: float = 0.95) -> tuple[float, float]:
    """Exact Poisson interval of a rate per minute (Garwood, Biometrika 28, 1936)."""
    tail = (1 - level) / 2
    low = float(stats.chi2.ppf(tail, 2 * count)) / 2 if count else 0.0
    high = float(stats.chi2.ppf(1 - tail, 2 * count + 2)) / 2
    return low / watched_s * 60, high / watched_s * 60


def head_speed(track: FaceTrack) -> np.ndarray:
    """Speed of the head's rotation in degrees per second, one value per fifth of a second.

    The root of the summed squares of the changes of yaw, pitch and roll, averaged over a fifth of
    a second first, since the mesh trembles by about a degree from frame to frame.
    """
    speeds: list[np.ndarray] = []
    for rows in stretches(track.times_s, track.dense):
        times, pose = track.times_s[rows], track.pose[rows].astype(np.float64)
        if times[-1] - times[0] < 0.6:
            continue
        step = np.floor((times - times[0]) / 0.2).astype(int)
        means = np.stack([np.bincount(step, pose[:, k]) for k in range(3)], axis=1)
        counts = np.bincount(step)
        kept = counts > 0
        turned = np.diff(means[kept] / counts[kept, None], axis=0)
        speeds.append(np.sqrt((turned**2).sum(axis=1)) / 0.2)
    return np.concatenate(speeds) if speeds else np.zeros(0)


def _figures(
    tracks: Sequence[FaceTrack], watches: Sequence[EyeWatch], point: Mapping[str, Any]
) -> dict[str, Any]:
    blinks = [b for w in watches for b in w.blinks]
    watched = sum(w.watched_s for w in watches)
    lengths = [b.duration_s for b in blinks]
    speed = np.concatenate([head_speed(t) for t in tracks])
    low, high = rate_interval(len(blinks), watched) if watched > 0 else (None, None)
    return {
        "score": len(blinks) / watched * 60 if watched > 0 else None,
        "score_meaning": _MEANING,
        "operating_point": (
            f"review when the whole 95 % interval of the rate lies outside {point['rate_low']} to "
            f"{point['rate_high']} a minute"
        ),
        "quality": min(1.0, watched / point["good_s"]),
        "series": _series(watches),
        "measurements": {
            "blinks": len(blinks),
            "watched_s": watched,
            "blinks_per_minute_low": low,
            "blinks_per_minute_high": high,
            "blink_median_s": float(np.median(lengths)) if lengths else None,
            "blink_longest_s": max(lengths, default=None),
            "head_speed_median_deg_s": float(np.median(speed)) if len(speed) else None,
            "head_speed_p90_deg_s": float(np.quantile(speed, 0.9)) if len(speed) else None,
        },
    }


def _series(watches: Sequence[EyeWatch]) -> tuple[Series, ...]:
    times = np.concatenate([w.times_s for w in watches])
    if not len(times):
        return ()
    opening = np.concatenate([w.opening for w in watches])
    order = np.argsort(times, kind="stable")
    return (thin("opening of the eyes", "lid gap / eye width", times[order], opening[order]),)


def _where(interview: Interview, tracks: Sequence[FaceTrack], text: str) -> tuple[Evidence, ...]:
    """The stretches in which the eyes were watched, the longest first."""
    found = []
    for track in tracks:
        span = track.span
        spoken = speech_within(interview, span.start_s, span.end_s)
        added = f" {spoken:.0f} s of it hold speech." if spoken else ""
        found.append(
            Evidence(
                span.start_s,
                span.end_s,
                text + added,
                track=track.id,
                frames_s=spread(span.start_s, span.end_s),
            )
        )
    return tuple(sorted(found, key=lambda e: e.start_s - e.end_s)[:3])
