"""Does the speech sound synthesised? Two networks over sampled windows of speech.

The first was trained here on captured speech and its copies through vocoders, cut at the same
place after the same channel, so that neither corpus nor channel tells them apart; it gives the
score. The second is AASIST (arXiv 2110.01200), trained on synthesis systems up to 2019: its scores
shift with the channel as much as with synthesis, so it speaks only where the channel lies within
the ranges in which captured speech was rarely flagged. Where neither knows the kind of sound, or
the score fits captured and made-up speech alike, the signal is inconclusive.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from audit.conformal import Answer, conformal_records
from audit.detectors import DetectorSpec, operating_point
from audit.interview import Audio, Floats, Interview
from audit.series import thin
from audit.types import Evidence, ModelUse, Question, Reason, Signal, Span, Status, Strength
from liveness.speech_channel import Array, SpeechChannel, describe
from liveness.vocoded_speech import WEIGHT as COPIES
from liveness.vocoded_speech import listened, record_for, recording_score

WEIGHT = "aasist"
SAMPLES = 64_600  # both networks' input: 4.04 s at 16 kHz
RATE = 16_000
WINDOW_S = SAMPLES / RATE
GRID_S = 0.25
PER_TEN_MINUTES = 6
AT_LEAST = 3

SPEC = DetectorSpec(
    name="synthetic_speech",
    version="2",
    questions=(Question.AUTHENTICITY,),
    modality="audio",
    cause="voice_synthesis",
    strength=Strength.SUPPORTING,
    weights=(COPIES, WEIGHT),
    limits=(
        "Voices of engines that were not measured may pass: docs/detectors/synthetic_speech.md "
        "says what passed.",
        "A recording played through a vocoder for another reason (noise suppression, very low bit "
        "rates, time stretching) can score like synthetic speech.",
        "Only sampled windows were listened to; synthetic speech elsewhere is not seen.",
    ),
)

SCORE_MEANING = (
    "median over the sampled windows of the network's logit for speech through a vocoder; "
    "unbounded (about -5 to 8), higher = more like synthesis"
)
RECORD = "synthetic_speech"


@dataclass(frozen=True, slots=True)
class Heard:
    """One window: where, what both networks said of it, and the channel.

    Attributes:
        logit: AASIST's for captured speech; NaN where `strange` names a figure of the channel
            that is out of its ranges.
        copied: the logit for speech through a vocoder; `strangeness`: how far the window lies from
            what that network knows; `unlike` says why it does not count, or is empty.
    """

    span: Span
    logit: float
    channel: SpeechChannel | None
    strange: str
    copied: float = float("nan")
    strangeness: float = float("nan")
    unlike: str = "no sound"


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
        models = interview.models
        for weight in SPEC.weights:
            if not models.available(weight):
                return SPEC.inconclusive(
                    "weights_missing",
                    f"The weight '{weight}' is not installed; run 'fairwitness models install'.",
                )
        sessions = (models.onnx(WEIGHT), models.onnx(COPIES))
        heard = listen_to(audio, windows, sessions, point)
        used = ModelUse(SPEC.name, SPEC.version, models.uses(*SPEC.weights))
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
    audio: Audio, windows: Sequence[Span], sessions: tuple[Any, Any], point: Mapping[str, Any]
) -> tuple[Heard, ...]:
    """Channel and scores of each window. `sessions` run AASIST and the network for copies."""
    older, copies = sessions
    heard = []
    for span in windows:
        samples = audio.cut(span.start_s, span.end_s)
        channel = describe(samples)
        if channel is None:
            heard.append(Heard(span, float("nan"), None, "no sound"))
            continue
        waveform = prepared(samples, channel.level_db, float(point["level_db"]))
        why, logit = strange(channel, point), float("nan")
        if not why:
            (logits,) = older.run(None, {"waveform": waveform[None]})
            logit = float(logits[0, 1])
        copied = listened(waveform, channel, copies, point["copies"])
        heard.append(Heard(span, logit, channel, why, *copied))
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
    """The signal of a recording from its windows; a network needs half of them to be familiar."""
    familiar = [h for h in heard if not h.strange]
    known = [h for h in heard if not h.unlike]
    record = conformal_records("liveness")[RECORD]
    more: dict[str, Any] = {
        "model": used,
        "score_meaning": SCORE_MEANING,
        "operating_point": f"captured speech up to {record.bona_fide_limit:.2f}, "
        f"synthesis from {record.attack_limit:.2f}",
        "quality": round(len(known) / len(heard), 3),
        "measurements": _measurements(heard, familiar, known),
        "series": _series(heard, record.bona_fide_limit),
    }
    odd = _like_older(familiar, point) if 2 * len(familiar) >= len(heard) else []
    score = recording_score([float("nan") if h.unlike else h.copied for h in heard])
    if score is not None:
        answer, channels = record.answer(score), [h.channel for h in known if h.channel]
        high = [h for h in known if not record.fits_bona_fide(h.copied)]
        status, reason = _verdict(answer, odd, high, known)
        if status is Status.INCONCLUSIVE:
            return SPEC.signal(status, reason, **more)
        more |= {"score": round(score, 3), "evidence": _evidence(high or odd)}
        more["likelihood_ratio"] = record_for(channels).likelihood_ratio(score)
        return SPEC.signal(status, reason, **more)
    if odd:
        more["evidence"] = _evidence(odd)
        return SPEC.signal(Status.REVIEW, _older_reason(odd, familiar), **more)
    words, count = Counter(h.unlike for h in heard if h.unlike).most_common(1)[0]
    return SPEC.inconclusive(
        "unfamiliar_channel",
        "The sound is unlike the recordings on which this signal was measured: "
        f"{words} in {count} of {len(heard)} sampled windows. "
        "Its score would say nothing about synthesis.",
        **more,
    )


def _like_older(familiar: Sequence[Heard], point: Mapping[str, Any]) -> list[Heard]:
    """The windows that AASIST takes for synthesis, where their median is; else none."""
    if not familiar or np.median([h.logit for h in familiar]) > point["review_at"]:
        return []
    return [h for h in familiar if h.logit <= point["review_at"]]


def _verdict(
    answer: Answer, odd: Sequence[Heard], high: Sequence[Heard], known: Sequence[Heard]
) -> tuple[Status, Reason]:
    if answer == "attack":
        return Status.REVIEW, Reason(
            "like_copied_speech",
            f"{len(high)} of {len(known)} sampled windows of speech score like speech that was "
            "made by a vocoder and unlike captured speech. Listen to them: "
            "unusual recording chains can score alike.",
        )
    if odd:
        return Status.REVIEW, _older_reason(odd, known)
    if answer == "bona fide":
        text = f"The {len(known)} sampled windows of speech score like captured speech."
        if high:
            text += f" {len(high)} of them do not and are listed, fewer than half."
            text = text.replace("The ", "Most of the ", 1)
        return Status.NO_INDICATION, Reason("like_captured_speech", text)
    return Status.INCONCLUSIVE, Reason(
        "undecided",
        "The score fits captured speech and synthetic speech alike."
        if answer == "both possible"
        else "The score fits neither captured speech nor synthetic speech.",
    )


def _older_reason(odd: Sequence[Heard], familiar: Sequence[Heard]) -> Reason:
    return Reason(
        "like_synthetic_speech",
        f"{len(odd)} of {len(familiar)} sampled windows of speech score like formant, "
        "concatenative or statistical speech synthesis. Listen to them: "
        "unusual recording chains can score alike.",
    )


def _evidence(found: Sequence[Heard]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            start_s=round(h.span.start_s, 3),
            end_s=round(h.span.end_s, 3),
            text="Speech that scores like synthetic speech.",
            score=None if h.unlike else round(h.copied, 3),
        )
        for h in found
    )


def _series(heard: Sequence[Heard], limit: float) -> tuple[Any, ...]:
    return (
        thin(
            "synthetic_speech",
            "logit for speech through a vocoder",
            [(h.span.start_s + h.span.end_s) / 2 for h in heard],
            [float("nan") if h.unlike else h.copied for h in heard],
            threshold=limit,
        ),
    )


def _measurements(
    heard: Sequence[Heard], familiar: Sequence[Heard], known: Sequence[Heard]
) -> dict[str, float | int | str | bool | None]:
    found: dict[str, float | int | str | bool | None] = {
        "windows": len(heard),
        "windows_known": len(known),
        "windows_familiar_to_aasist": len(familiar),
        "copied_logit": _median([h.copied for h in known]),
        "aasist_logit": _median([h.logit for h in familiar]),
        "strangeness": _median([h.strangeness for h in heard if np.isfinite(h.strangeness)]),
    }
    channels = [h.channel for h in heard if h.channel is not None]
    for name in ("level_db", "snr_db", "decay_db_s", "bandwidth_hz", "tilt_db"):
        values = [getattr(channel, name) for channel in channels]
        found[name] = round(float(np.median(values)), 1) if values else None
    return found


def _median(values: Sequence[float]) -> float | None:
    return round(float(np.median(values)), 3) if values else None
