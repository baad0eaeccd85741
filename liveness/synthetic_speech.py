"""Does the speech sound synthesised? AASIST (arXiv 2110.01200) over sampled windows of speech.

The network was trained on synthesis systems up to 2019. It tells formant, unit-selection and
statistical synthesis from captured speech, and mostly misses neural voices. Measured on six real
corpora its scores shift with the recording channel as much as with synthesis, so every window is
brought to one level, and the score counts only where the channel lies within the ranges in which
real speech was rarely flagged; elsewhere the signal is inconclusive.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from audit.detectors import DetectorSpec, operating_point
from audit.interview import Audio, Floats, Interview
from audit.series import thin
from audit.types import Evidence, ModelUse, Question, Reason, Signal, Span, Status, Strength
from liveness.speech_channel import Array, SpeechChannel, describe

WEIGHT = "aasist"
SAMPLES = 64_600  # the network's input: 4.04 s at 16 kHz
RATE = 16_000
WINDOW_S = SAMPLES / RATE
GRID_S = 0.25
PER_TEN_MINUTES = 6
AT_LEAST = 3

SPEC = DetectorSpec(
    name="synthetic_speech",
    version="1",
    questions=(Question.AUTHENTICITY,),
    modality="audio",
    cause="voice_synthesis",
    strength=Strength.SUPPORTING,
    weights=(WEIGHT,),
    limits=(
        "Neural voices and voice conversion are not covered: most of them pass unnoticed.",
        "Uncalibrated: the score is not a probability and not a likelihood ratio.",
        "Only sampled windows were listened to; synthetic speech elsewhere is not seen.",
    ),
)

SCORE_MEANING = (
    "median over the sampled windows of the network's logit for captured speech; "
    "unbounded (about -8 to 5), lower = more like the synthetic speech it was trained on"
)


@dataclass(frozen=True, slots=True)
class Heard:
    """One window: where, the network's logit for captured speech, and the channel.

    `strange` names the first channel figure that is out of range, or is empty. The network runs
    on familiar windows only; the logit of the others is NaN.
    """

    span: Span
    logit: float
    channel: SpeechChannel | None
    strange: str


class SyntheticSpeech:
    """The detector; see docs/detectors/synthetic_speech.md."""

    spec = SPEC

    def inspect(self, interview: Interview) -> Signal:
        """A supporting signal about the voice; inconclusive on little speech or strange sound."""
        audio, speech = interview.audio, interview.speech
        if audio is None or speech is None:
            return SPEC.inconclusive("no_sound", "The recording has no sound that could be read.")
        point = operating_point("liveness", "synthetic_speech")
        windows = choose_windows(
            speech.segments,
            Span(audio.start_s, audio.start_s + audio.duration_s),
            seed=interview.seed,
            least_s=float(point["least_speech_s"]),
        )
        if not windows:
            return SPEC.inconclusive(
                "little_speech",
                f"No stretch of {WINDOW_S:.0f} s holds the {point['least_speech_s']:g} s of speech "
                f"that this signal needs ({speech.total_s:.1f} s of speech in all).",
            )
        if not interview.models.available(WEIGHT):
            return SPEC.inconclusive(
                "weights_missing",
                f"The weight '{WEIGHT}' is not installed; run 'fairwitness models install'.",
            )
        heard = listen_to(audio, windows, interview.models.onnx(WEIGHT), point)
        used = ModelUse(SPEC.name, SPEC.version, interview.models.uses(WEIGHT))
        return judge(heard, point, used)


def choose_windows(
    segments: Sequence[Span], recording: Span, *, seed: int = 0, least_s: float = 2.0
) -> tuple[Span, ...]:
    """Windows of 4.04 s with the most speech, spread over the recording, not overlapping.

    The stretch from the first to the last word is parted into as many equal parts as windows are
    wanted (6 per 10 minutes, at least 3); in each part one of the starts with nearly the best
    coverage is drawn with `seed`. Windows with less than `least_s` seconds of speech are left out.
    Pauses stay in, as in the network's training material: cutting them out lowers the score of
    real speech. Only a recording shorter than 4.04 s gives a shorter window.
    """
    if not segments:
        return ()
    begin, end = _at_least_a_window(Span(segments[0].start_s, segments[-1].end_s), recording)
    wanted = max(AT_LEAST, round(PER_TEN_MINUTES * (end - begin) / 600.0))
    parts = max(1, min(wanted, int((end - begin) / WINDOW_S)))
    source = np.random.default_rng([seed, 4])
    chosen = []
    for low, high in pairwise(np.linspace(begin, end, parts + 1)):
        starts = np.arange(low, max(low, high - WINDOW_S) + 1e-9, GRID_S)
        covered = _speech_before(segments, np.minimum(starts + WINDOW_S, high))
        covered -= _speech_before(segments, starts)
        good = np.flatnonzero(covered >= max(least_s, 0.95 * covered.max()))
        if len(good):
            start = float(starts[source.choice(good)])
            chosen.append(Span(start, min(start + WINDOW_S, float(high))))
    return tuple(chosen)


def _at_least_a_window(speech: Span, recording: Span) -> tuple[float, float]:
    """The stretch of speech, widened evenly to one window as far as the recording allows."""
    missing = max(0.0, WINDOW_S - speech.duration_s)
    begin = max(recording.start_s, speech.start_s - missing / 2)
    end = min(recording.end_s, begin + max(WINDOW_S, speech.duration_s))
    return max(recording.start_s, min(begin, end - WINDOW_S)), end


def _speech_before(segments: Sequence[Span], times_s: Array) -> Array:
    """Seconds of speech before each time; `segments` are in order and do not overlap."""
    edges = np.array([(s.start_s, s.end_s) for s in segments]).ravel()
    spoken = np.cumsum([s.duration_s for s in segments])
    totals = np.column_stack([spoken - [s.duration_s for s in segments], spoken]).ravel()
    before: Array = np.interp(times_s, edges, totals)
    return before


def listen_to(
    audio: Audio, windows: Sequence[Span], session: Any, point: Mapping[str, Any]
) -> tuple[Heard, ...]:
    """Channel and logit of each window. `session` runs AASIST; `point` is the operating point."""
    heard = []
    for span in windows:
        samples = audio.cut(span.start_s, span.end_s)
        channel = describe(samples)
        why = "no sound" if channel is None else strange(channel, point)
        logit = float("nan")
        if channel is not None and not why:
            waveform = prepared(samples, channel.level_db, float(point["level_db"]))
            (logits,) = session.run(None, {"waveform": waveform[None]})
            logit = float(logits[0, 1])
        heard.append(Heard(span, logit, channel, why))
    return tuple(heard)


def prepared(samples: Floats, level_db: float, target_db: float) -> Floats:
    """The network's input: brought to `target_db`, then cut or repeated to 64,600 samples."""
    gain = np.float32(10 ** ((target_db - level_db) / 20))
    return np.resize(samples * gain, SAMPLES).astype(np.float32)


def strange(channel: SpeechChannel, point: Mapping[str, Any]) -> str:
    """Which figure of the channel lies outside the ranges of the operating point, or ""."""
    checks = (
        ("too quiet", channel.level_db >= point["level_low_db"]),
        ("too loud", channel.level_db <= point["level_high_db"]),
        ("clipped", channel.clipped <= point["most_clipped"]),
        ("too noisy", channel.snr_db >= point["least_snr_db"]),
        ("too reverberant", channel.decay_db_s >= point["least_decay_db_s"]),
        ("too narrow in frequency", channel.bandwidth_hz >= point["least_bandwidth_hz"]),
        ("too dull", channel.tilt_db >= point["tilt_low_db"]),
        ("too shrill", channel.tilt_db <= point["tilt_high_db"]),
    )
    return next((words for words, fine in checks if not fine), "")


def judge(heard: Sequence[Heard], point: Mapping[str, Any], used: ModelUse) -> Signal:
    """The signal of a recording from its windows; at least half of them must be familiar."""
    familiar = [h for h in heard if not h.strange]
    more: dict[str, Any] = {
        "model": used,
        "score_meaning": SCORE_MEANING,
        "operating_point": f"review at or below {point['review_at']:g}",
        "quality": round(len(familiar) / len(heard), 3),
        "measurements": _measurements(heard, familiar),
    }
    if 2 * len(familiar) < len(heard) or not familiar:
        words, count = Counter(h.strange for h in heard if h.strange).most_common(1)[0]
        return SPEC.inconclusive(
            "unfamiliar_channel",
            "The sound is unlike the recordings on which this signal was measured: "
            f"{words} in {count} of {len(heard)} sampled windows. "
            "Its score would say nothing about synthesis.",
            **more,
        )
    score = float(np.median([h.logit for h in familiar]))
    low = [h for h in familiar if h.logit <= point["review_at"]]
    more |= {"score": round(score, 3), "evidence": _evidence(low), "series": _series(heard, point)}
    if score <= point["review_at"]:
        return SPEC.signal(Status.REVIEW, _review_reason(low, familiar), **more)
    return SPEC.signal(Status.NO_INDICATION, _clear_reason(low, familiar), **more)


def _review_reason(low: Sequence[Heard], familiar: Sequence[Heard]) -> Reason:
    return Reason(
        "like_synthetic_speech",
        f"{len(low)} of {len(familiar)} sampled windows of speech score like formant, "
        "concatenative or statistical speech synthesis. Listen to them: "
        "unusual recording chains can score alike.",
    )


def _clear_reason(low: Sequence[Heard], familiar: Sequence[Heard]) -> Reason:
    text = (
        f"The {len(familiar)} sampled windows of speech do not score like older speech synthesis. "
        "Neural voices and voice conversion are not covered."
    )
    if low:
        text += f" {len(low)} of them do and are listed, fewer than half."
        text = text.replace("The ", "Most of the ", 1)
    return Reason("unlike_older_synthesis", text)


def _evidence(low: Sequence[Heard]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            start_s=round(h.span.start_s, 3),
            end_s=round(h.span.end_s, 3),
            text="Speech that scores like formant, concatenative or statistical synthesis.",
            score=round(h.logit, 3),
        )
        for h in low
    )


def _series(heard: Sequence[Heard], point: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        thin(
            "synthetic_speech",
            "logit for captured speech",
            [(h.span.start_s + h.span.end_s) / 2 for h in heard],
            [float("nan") if h.strange else h.logit for h in heard],
            threshold=float(point["review_at"]),
        ),
    )


def _measurements(
    heard: Sequence[Heard], familiar: Sequence[Heard]
) -> dict[str, float | int | str | bool | None]:
    found: dict[str, float | int | str | bool | None] = {
        "windows": len(heard),
        "windows_familiar": len(familiar),
    }
    channels = [h.channel for h in heard if h.channel is not None]
    for name in ("level_db", "snr_db", "decay_db_s", "bandwidth_hz", "tilt_db"):
        values = [getattr(channel, name) for channel in channels]
        found[name] = round(float(np.median(values)), 1) if values else None
    return found
