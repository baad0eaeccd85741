"""Does the visible mouth go with the sound: how late is the one, and who speaks while it is shut?

Two measurements on stretches decoded frame by frame with one face in view:
1. *Lag*: the mouth motion predicted from the sound (`liveness.mouth_speech`) is correlated with the
   motion seen, at lags up to 600 ms. The standard error of the correlation under independence is
   Bartlett's (1946), so the height of the peak has a stated significance.
2. *Speech while the mouth is shut*: speech goes on while the inner lips stay closed and still.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from audit.detectors import DetectorSpec, operating_point
from audit.interview import Audio, FaceTrack, Interview, SpeechLog
from audit.series import thin
from audit.types import Evidence, Question, Reason, Series, Signal, Span, Status
from liveness.mouth_speech import (
    STEP_S,
    Array,
    MouthModel,
    log_mels,
    mouth_model,
    mouth_motion,
    standard,
)

MOST_LAG = 60  # rows of 10 ms
LEAST_STRETCH_S = 2.0
BREAK_S = 0.15  # rows of a track further apart than this are not one stretch
LAGS_S: Array = np.arange(-MOST_LAG, MOST_LAG + 1, dtype=np.float64) * STEP_S


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of one face in view with its sound.

    Attributes:
        start_s: time of the first row of `motion`.
        mels: log-mel rows from `before` rows earlier to up to `MOST_LAG` rows later.
        motion: observed opening and speed per 10 ms, shape (n, 2), in standard deviations.
    """

    start_s: float
    mels: Array
    motion: Array
    before: int = 0

    @property
    def end_s(self) -> float:
        """Time after the last row of `motion`."""
        return self.start_s + len(self.motion) * STEP_S


@dataclass(frozen=True, slots=True)
class Peak:
    """The best lag (positive: sound later), its correlation (0..2) and significance.

    `in_step_z` is the significance of the best lag among those that count as in step.
    """

    lag_s: float
    height: float
    z: float
    in_step_z: float


@dataclass(frozen=True, slots=True)
class LagCurve:
    """Summed correlation of both channels at each of `LAGS_S`, and its standard error."""

    correlation: Array
    error: float


def runs_of(track: FaceTrack) -> list[NDArray[np.int64]]:
    """Row numbers of the track's unbroken dense stretches of at least two seconds."""
    rows = np.flatnonzero(track.dense)
    if not len(rows):
        return []
    gaps = (np.diff(track.times_s[rows]) > BREAK_S) | (np.diff(rows) > 1)
    parts = np.split(rows, np.flatnonzero(gaps) + 1)
    times = track.times_s
    return [p for p in parts if times[p[-1]] - times[p[0]] >= LEAST_STRETCH_S]


def stretches_of(track: FaceTrack, audio: Audio) -> list[Stretch]:
    """The stretches of a face with the sound around them."""
    found = []
    for rows in runs_of(track):
        start, end = float(track.times_s[rows[0]]), float(track.times_s[rows[-1]])
        reach = MOST_LAG * STEP_S
        begin = max(audio.start_s, start - reach)
        before = round((start - begin) / STEP_S)
        samples = audio.cut(start - before * STEP_S, end + reach)
        grid = start + np.arange(round((end - start) / STEP_S), dtype=np.float64) * STEP_S
        motion = mouth_motion(track.times_s[rows], track.mouth_open[rows].astype(np.float64), grid)
        mels = log_mels(samples)
        if before >= 0 and len(mels) - before >= LEAST_STRETCH_S / STEP_S:
            found.append(Stretch(start, mels, motion, before))
    return found


def lag_curve(stretches: Sequence[Stretch], model: MouthModel) -> LagCurve:
    """Correlation of predicted and observed mouth motion at each lag, pooled over stretches."""
    products = np.zeros((len(LAGS_S), 2))
    counts = np.zeros(len(LAGS_S))
    noise = 0.0
    rows = 0
    for stretch in stretches:
        predicted = model.predict(stretch.mels)
        predicted = np.stack([standard(c) for c in predicted.T], axis=1)
        for i, lag in enumerate(range(-MOST_LAG, MOST_LAG + 1)):
            first = max(0, -(stretch.before + lag))
            last = min(len(stretch.motion), len(predicted) - stretch.before - lag)
            if last - first < 2:
                continue
            shift = stretch.before + lag
            seen = stretch.motion[first:last]
            products[i] += (seen * predicted[first + shift : last + shift]).sum(axis=0)
            counts[i] += last - first
        noise += _noise(predicted, stretch.motion)
        rows += len(stretch.motion)
    correlation = (products / np.maximum(counts, 1.0)[:, None]).sum(axis=1)
    return LagCurve(correlation, float(np.sqrt(noise) / max(rows, 1)))


def _noise(predicted: Array, seen: Array) -> float:
    """Variance of the summed product under independence: Bartlett's sum over autocorrelations."""
    total = 0.0
    for channel in range(2):
        a = _autocorrelation(predicted[:, channel])
        b = _autocorrelation(seen[:, channel])
        size = min(len(a), len(b))
        lags = np.arange(size)
        weights = np.where(lags == 0, 1.0, 2.0) * np.maximum(0, len(seen) - lags)
        total += float(np.sum(weights * a[:size] * b[:size]))
    return max(total, 1.0)


def _autocorrelation(values: Array) -> Array:
    """Autocorrelation up to 1 s."""
    centred = values - values.mean()
    size = min(len(centred), round(1.0 / STEP_S))
    spectrum = np.fft.rfft(centred, 2 * len(centred))
    full = np.fft.irfft(np.abs(spectrum) ** 2)[:size]
    return full / max(float(full[0]), 1e-9)


def peak(curve: LagCurve, in_step_s: float = 0.1) -> Peak:
    """The highest point of a lag curve, and the highest within `in_step_s` of no lag."""
    best = int(np.argmax(curve.correlation))
    height = float(curve.correlation[best])
    error = max(curve.error, 1e-9)
    near = curve.correlation[np.abs(LAGS_S) <= in_step_s + STEP_S / 2]
    return Peak(float(LAGS_S[best]), height, height / error, float(near.max()) / error)


def shut_spans(track: FaceTrack, speech: SpeechLog, *, shut: float, least_s: float) -> list[Span]:
    """Stretches of at least `least_s` in which speech goes on while the mouth stays shut.

    `shut`: inner-lip gap over mouth width below which lips count as closed, above the resting value
    of this face (its 5th percentile).
    """
    spans: list[Span] = []
    resting = float(np.percentile(track.mouth_open, 5))
    for rows in runs_of(track):
        times = track.times_s[rows]
        opening = median_filter(track.mouth_open[rows], 3, mode="nearest")
        spoken = np.zeros(len(rows), bool)
        for segment in speech.segments:
            spoken |= (times >= segment.start_s) & (times <= segment.end_s)
        spans += _long_runs(times, spoken & (opening - resting < shut), least_s)
    return spans


def _long_runs(times: Array, holds: NDArray[np.bool_], least_s: float) -> list[Span]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], holds.astype(int), [0]])))
    return [
        Span(float(times[a]), float(times[b - 1]))
        for a, b in zip(edges[::2], edges[1::2], strict=True)
        if times[b - 1] - times[a] >= least_s
    ]


class AvSync:
    """Mouth against sound."""

    spec = DetectorSpec(
        name="av_sync",
        version="1",
        questions=(Question.AUTHENTICITY, Question.ASSISTANCE),
        modality="audiovisual",
        cause="mouth_and_sound",
        limits=(
            "Wireless headsets and slow capture delay the sound of honest recordings too.",
            "A dubbed voice whose pauses fit the mouth can pass.",
            "Heads turned away, covered mouths and singing weaken the measurement.",
        ),
    )

    def inspect(self, interview: Interview) -> Signal:
        """Lag and speech-while-shut of the main face."""
        faces, audio, speech = interview.faces, interview.audio, interview.speech
        if audio is None or speech is None:
            return self.spec.inconclusive("no_sound", "The recording has no sound to compare with.")
        if faces is None or faces.main is None:
            return self.spec.inconclusive("no_face", "No face was followed, so no mouth was seen.")
        point = operating_point("liveness", "av_sync")
        seat = faces.seat()
        found = [s for track in seat for s in stretches_of(track, audio)]
        stretches = _spoken(found, speech, point["least_speech_s"])
        if not stretches:
            return self.spec.inconclusive(
                "too_little_speech_in_view",
                "No stretch has both a face followed frame by frame and at least "
                f"{point['least_speech_s']:g} s of speech.",
            )
        return self._conclude(seat, speech, stretches, point)

    def _conclude(
        self,
        seat: Sequence[FaceTrack],
        speech: SpeechLog,
        stretches: list[Stretch],
        point: dict[str, float],
    ) -> Signal:
        model = mouth_model()
        curve = lag_curve(stretches, model)
        best = peak(curve)
        shut = [
            span
            for track in seat
            for span in shut_spans(track, speech, shut=point["shut"], least_s=point["shut_s"])
        ]
        by_question = {
            Question.AUTHENTICITY: lag_status(best, point, moving=_moving(seat, point)),
            Question.ASSISTANCE: _shut_status(shut, speech, stretches, point),
        }
        evidence = [
            *_lag_evidence(best, stretches, by_question, point["least_z"]),
            *_shut_evidence(shut),
        ]
        return self.spec.signal(
            _worst(by_question),
            _reason(best, shut, by_question, point["least_z"]),
            score=round(best.lag_s * 1000.0, 1),
            score_meaning="milliseconds by which the sound is later than the mouth; -600..600, "
            "negative: earlier",
            operating_point=f"review beyond {point['lag_ms']:g} ms either way, if the match stands "
            f"{point['least_z']:g} standard errors above chance; or a moving mouth whose match in "
            f"step is below {point['no_match_z']:g} standard errors; or speech for "
            f"{point['shut_s']:g} s with the mouth shut",
            quality=round(float(np.clip(best.z / (2 * point["least_z"]), 0.0, 1.0)), 3),
            evidence=tuple(evidence),
            series=tuple(_series(seat, stretches, model)),
            measurements={
                "lag_ms": round(best.lag_s * 1000.0),
                "match": round(best.height, 3),
                "standard_errors_above_chance": round(best.z, 2),
                "standard_errors_in_step": round(best.in_step_z, 2),
                "seconds_compared": round(sum(s.end_s - s.start_s for s in stretches), 2),
                "speech_with_mouth_shut_s": round(sum(s.duration_s for s in shut), 2),
            },
            status_by_question=by_question,
        )


def _spoken(stretches: list[Stretch], speech: SpeechLog, least_s: float) -> list[Stretch]:
    """Those stretches in which somebody speaks, if together they hold enough speech."""
    kept, total = [], 0.0
    for stretch in stretches:
        said = sum(
            max(0.0, min(s.end_s, stretch.end_s) - max(s.start_s, stretch.start_s))
            for s in speech.segments
        )
        if said > 0.3:
            kept.append(stretch)
            total += said
    return kept if total >= least_s else []


def lag_status(best: Peak, point: dict[str, float], *, moving: bool = False) -> Status:
    """Review for a clear lag or, where the mouth is seen moving, for no match at all.

    No indication for a clear match, otherwise inconclusive.
    """
    if best.z >= point["least_z"]:
        late = abs(best.lag_s) * 1000 > point["lag_ms"]
        return Status.REVIEW if late else Status.NO_INDICATION
    unmatched = moving and best.in_step_z < point["no_match_z"]
    return Status.REVIEW if unmatched else Status.INCONCLUSIVE


def _moving(seat: Sequence[FaceTrack], point: dict[str, float]) -> bool:
    """Whether the mouth moves enough, frontally enough, that honest sound should match it."""
    gaps = np.concatenate([t.mouth_open[t.dense] for t in seat])
    yaw = np.concatenate([np.abs(t.pose[t.dense, 0]) for t in seat])
    if not len(gaps):
        return False
    return bool(gaps.std() >= point["mouth_moves"] and np.median(yaw) <= point["most_yaw"])


def _shut_status(
    shut: list[Span], speech: SpeechLog, stretches: list[Stretch], point: dict[str, float]
) -> Status:
    if shut:
        return Status.REVIEW
    compared = sum(s.end_s - s.start_s for s in stretches)
    enough = compared >= point["shut_s"] * 2 and speech.total_s >= point["shut_s"]
    return Status.NO_INDICATION if enough else Status.INCONCLUSIVE


def _worst(by_question: dict[Question, Status]) -> Status:
    order = (Status.REVIEW, Status.INCONCLUSIVE, Status.NO_INDICATION)
    return next(s for s in order if s in by_question.values())


def _reason(
    best: Peak, shut: list[Span], by_question: dict[Question, Status], least_z: float
) -> Reason:
    lag = round(abs(best.lag_s) * 1000)
    side = "later" if best.lag_s > 0 else "earlier"
    texts, code = [], "in_step"
    if by_question[Question.ASSISTANCE] is Status.REVIEW:
        seconds = sum(s.duration_s for s in shut)
        texts.append(f"Speech is heard for {seconds:.1f} s while the visible mouth is shut.")
        code = "speech_with_mouth_shut"
    unmatched = by_question[Question.AUTHENTICITY] is Status.REVIEW and best.z < least_z
    if unmatched:
        texts.append(
            "The mouth moves, but not as this sound would make it: another voice may have been put "
            "under the pictures, or somebody out of view speaks."
        )
        code = "no_match" if code == "in_step" else code
    elif by_question[Question.AUTHENTICITY] is Status.REVIEW:
        texts.append(
            f"The sound is {lag} ms {side} than the mouth. A wireless headset or slow capture can "
            "do that; so can replaced sound or pictures."
        )
        code = "sound_shifted" if code == "in_step" else code
    elif by_question[Question.AUTHENTICITY] is Status.NO_INDICATION:
        texts.append(f"Mouth and sound go together within {max(lag, 10)} ms.")
    else:
        texts.append("Mouth motion and sound do not match clearly enough to measure a lag.")
        code = "no_clear_match" if code == "in_step" else code
    return Reason(code, " ".join(texts))


def _lag_evidence(
    best: Peak, stretches: list[Stretch], by_question: dict[Question, Status], least_z: float
) -> list[Evidence]:
    if by_question[Question.AUTHENTICITY] is not Status.REVIEW:
        return []
    side = "after" if best.lag_s > 0 else "before"
    text = f"sound about {abs(best.lag_s) * 1000:.0f} ms {side} the mouth motion"
    if best.z < least_z:
        text = "mouth motion that does not follow the sound"
    return [
        Evidence(s.start_s, s.end_s, text, score=round(best.lag_s * 1000.0, 1))
        for s in stretches[:12]
    ]


def _shut_evidence(shut: list[Span]) -> list[Evidence]:
    return [
        Evidence(
            s.start_s,
            s.end_s,
            "speech while the visible mouth is shut",
            frames_s=((s.start_s + s.end_s) / 2,),
        )
        for s in sorted(shut, key=lambda s: -s.duration_s)[:12]
    ]


def _series(seat: Sequence[FaceTrack], stretches: list[Stretch], model: MouthModel) -> list[Series]:
    """Mouth opening over time, and the local lag of each stretch."""
    times = np.concatenate([track.times_s for track in seat])
    gap = np.concatenate([track.mouth_open for track in seat])
    opening = thin("mouth opening", "ratio", times, gap, low=0.0, high=0.6)
    local = [(s, peak(lag_curve([s], model))) for s in stretches]
    lags = thin(
        "lag of sound",
        "ms",
        [(s.start_s + s.end_s) / 2 for s, _ in local],
        [p.lag_s * 1000 for _, p in local],
        low=-600.0,
        high=600.0,
    )
    return [opening, lags] if len(local) > 1 else [opening]
