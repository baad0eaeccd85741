"""Where somebody speaks, how it sounds, and where two speak at once.

See docs/detectors/voice_activity.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from audit.detectors import DetectorSpec, operating_point
from audit.interview import Audio, Interview, SpeechLog
from audit.perception.sound import FRAME_S, Sound, sound_of
from audit.series import thin
from audit.types import Evidence, ModelUse, Question, Reason, Series, Signal, Span, Status, Strength

MOST_EVIDENCE = 12
SMOOTH_FRAMES = 17
SCORE = (
    "Seconds in which two voices are heard at once, 0 or more, in spans of half a second and "
    "longer; higher = more overlap."
)
LIMITS = (
    "Two people who take turns do not overlap: see speaker_consistency.",
    "In reverberant rooms most overlap is missed. Music with voices counts as speech.",
    "An interviewer talking over the interviewee on the same track looks the same.",
)


class VoiceActivity:
    """Measures the speech of a track; two voices at once for 1.5 s ask for review."""

    spec = DetectorSpec(
        name="voice_activity",
        version="1",
        questions=(Question.ASSISTANCE,),
        modality="audio",
        cause="speech_presence",
        strength=Strength.SUPPORTING,
        weights=("silero_vad", "pyannet"),
        limits=LIMITS,
    )

    def inspect(self, interview: Interview) -> Signal:
        """Speech segments, level, noise, bandwidth and overlap."""
        audio, speech = interview.audio, interview.speech
        if audio is None or speech is None:
            return self.spec.inconclusive("no_audio", "The recording has no readable sound.")
        point = operating_point("identity", self.spec.name)
        used = [w for w in self.spec.weights if w != "pyannet" or speech.overlap is not None]
        model = ModelUse(self.spec.name, self.spec.version, interview.models.uses(*used))
        sound = sound_of(audio, speech.segments)
        if sound is None or speech.total_s < point["least_speech_s"]:
            return self.spec.inconclusive(
                "little_speech",
                f"{speech.total_s:.1f} s of speech; at least {point['least_speech_s']:.0f} s are "
                "needed.",
                model=model,
                series=_series(audio, speech, sound),
                measurements={"speech_s": round(speech.total_s, 2)},
            )
        return self._judge(audio, speech, sound, model, point)

    def _judge(
        self,
        audio: Audio,
        speech: SpeechLog,
        sound: Sound,
        model: ModelUse,
        point: Mapping[str, Any],
    ) -> Signal:
        spans = overlap_spans(speech, at=point["overlap_at"], least_s=point["overlap_span_s"])
        together = sum(s.duration_s for s in spans)
        quality, notes = _quality(speech, sound)
        measured = speech.overlap is not None
        status = Status.NO_INDICATION
        if measured and together >= point["review_from_s"]:
            status = Status.REVIEW
        return self.spec.signal(
            status,
            _reason(speech, audio, spans, status),
            model=model,
            score=round(together, 2) if measured else None,
            score_meaning=SCORE if measured else "",
            operating_point=(
                f"Review from {point['review_from_s']} s of overlap." if measured else ""
            ),
            quality=quality,
            quality_notes=notes,
            evidence=_evidence(spans),
            series=_series(audio, speech, sound),
            measurements=_measurements(audio, speech, sound, together),
        )


def overlap_spans(speech: SpeechLog, *, at: float, least_s: float) -> tuple[Span, ...]:
    """Spans whose overlap, averaged over .3 s, reaches `at` for `least_s` seconds or longer."""
    if speech.overlap is None or not len(speech.overlap):
        return ()
    size = min(SMOOTH_FRAMES, len(speech.overlap))
    smooth = np.convolve(speech.overlap, np.ones(size) / size, "same")
    high = np.concatenate([[False], smooth >= at, [False]])
    edges = np.flatnonzero(np.diff(high.astype(np.int8))).reshape(-1, 2)
    times = speech.start_s + edges * speech.overlap_step_s
    return tuple(Span(float(a), float(b)) for a, b in times if b - a >= least_s)


def _reason(speech: SpeechLog, audio: Audio, spans: Sequence[Span], status: Status) -> Reason:
    share = speech.total_s / audio.duration_s
    heard = f"{speech.total_s:.1f} s of speech, {share:.0%} of the recording"
    if status is Status.REVIEW:
        total = sum(s.duration_s for s in spans)
        return Reason(
            "overlapping_speech",
            f"Two voices at once for {total:.1f} s; an interviewer on the same track would look "
            "the same.",
        )
    if speech.overlap is None:
        return Reason("speech", f"{heard}. Overlap was not measured: its model is not installed.")
    return Reason("speech", f"{heard}; no sustained overlap of two voices.")


def _quality(speech: SpeechLog, sound: Sound) -> tuple[float, tuple[str, ...]]:
    """0..1, the least of length, noise and clipping, and what lowers it."""
    notes = []
    length = min(1.0, speech.total_s / 10.0)
    clean = float(np.clip(sound.snr_db / 20.0, 0.0, 1.0))
    whole = float(np.clip(1.0 - sound.clipped / 0.02, 0.0, 1.0))
    if sound.snr_db < 10.0:
        notes.append(f"Speech stands only {sound.snr_db:.0f} dB above the noise.")
    if sound.clipped > 0.001:
        notes.append(f"{sound.clipped:.1%} of the speech samples are clipped.")
    if sound.bandwidth_hz < 4500.0:
        notes.append(f"The sound ends at {sound.bandwidth_hz:.0f} Hz (telephone band).")
    return round(min(length, clean, whole), 3), tuple(notes)


def _evidence(spans: Sequence[Span]) -> tuple[Evidence, ...]:
    longest = sorted(spans, key=lambda s: -s.duration_s)[:MOST_EVIDENCE]
    return tuple(
        Evidence(s.start_s, s.end_s, "Two voices at once.", score=round(s.duration_s, 2))
        for s in sorted(longest, key=lambda s: s.start_s)
    )


def _series(audio: Audio, speech: SpeechLog, sound: Sound | None) -> tuple[Series, ...]:
    times = speech.start_s + (np.arange(len(speech.probability)) + 0.5) * speech.step_s
    found = [thin("voice activity", "probability", times, speech.probability, low=0.0, high=1.0)]
    if sound is not None:
        clock = audio.start_s + (np.arange(len(sound.frames_dbfs)) + 0.5) * FRAME_S
        found.append(thin("sound level", "dBFS", clock, sound.frames_dbfs, low=-100.0, high=0.0))
    if speech.overlap is not None:
        steps = speech.start_s + (np.arange(len(speech.overlap)) + 0.5) * speech.overlap_step_s
        found.append(thin("two voices", "probability", steps, speech.overlap, low=0.0, high=1.0))
    return tuple(found)


def _measurements(
    audio: Audio, speech: SpeechLog, sound: Sound, together: float
) -> dict[str, float | int | str | bool | None]:
    return {
        "speech_s": round(speech.total_s, 2),
        "speech_share": round(speech.total_s / audio.duration_s, 4),
        "segments": len(speech.segments),
        "longest_silence_s": round(_longest_silence(audio, speech.segments), 2),
        "level_dbfs": round(sound.level_dbfs, 1),
        "snr_db": round(sound.snr_db, 1),
        "clipped_share": round(sound.clipped, 5),
        "bandwidth_hz": round(sound.bandwidth_hz),
        "source_rate_hz": audio.source_rate,
        "channels": audio.channels,
        "missing_s": round(sum(g.duration_s for g in audio.gaps), 2),
        "overlap_s": round(together, 2) if speech.overlap is not None else None,
    }


def _longest_silence(audio: Audio, segments: Sequence[Span]) -> float:
    ends = [audio.start_s, *(s.end_s for s in segments)]
    starts = [*(s.start_s for s in segments), audio.start_s + audio.duration_s]
    return max(start - end for end, start in zip(ends, starts, strict=True))
