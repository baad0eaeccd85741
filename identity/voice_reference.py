"""Is the voice alike in earlier recordings of the person? See docs/detectors/voice_reference.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.calibration import CalibrationRecord, band, records
from audit.detectors import DetectorSpec, operating_point
from audit.interview import Interview
from audit.types import Evidence, ModelUse, Question, Reason, Signal, Span, Status
from identity.embeddings import similarity, unit
from identity.speaker_consistency import other_voices
from identity.voice_channel import similarity_in_one_channel
from identity.voice_encoder import VoiceEncoder
from identity.voice_line import VoiceLine, voice_line
from identity.voice_windows import RATE, WINDOW

MOST_COMPARED = 12
SCORE = (
    "Cosine, -1 to 1, of the voice heard most here and in the earlier recording that it resembles "
    "least: mean of the cosine as recorded and of that after both were brought to one channel; "
    "higher = more alike."
)
LIMITS = (
    "A cloned or converted voice matches: a match is never evidence that the speech is genuine.",
    "The voice heard most is compared. Where an interviewer speaks more than the interviewee, that "
    "is the interviewer's.",
    "Calibrated on read English speech of few people, each recorded in one session. Illness, "
    "shouting, another language or years between the recordings lower the similarity.",
)


@dataclass(frozen=True, slots=True)
class Voice:
    """The voice heard most in one recording.

    Attributes:
        rows: its windows in `line`. speech_s: seconds of its speech.
        other_share: share of the speech that is of other voices, 0..1.
    """

    label: str
    line: VoiceLine
    rows: NDArray[np.int64]
    speech_s: float
    other_share: float

    @property
    def snr_db(self) -> float:
        """Speech over noise, dB."""
        return self.line.sound.snr_db if self.line.sound is not None else 0.0


@dataclass(frozen=True, slots=True)
class Match:
    """This recording's voice against an earlier recording's.

    `limits` is the row of the operating point for the shorter of both.
    """

    probe: Voice
    reference: Voice
    as_recorded: float
    in_one_channel: float
    limits: Mapping[str, Any]

    @property
    def score(self) -> float:
        """Mean of both cosines."""
        return (self.as_recorded + self.in_one_channel) / 2.0

    @property
    def margin(self) -> float:
        """How far the score lies above the review threshold (negative below)."""
        return self.score - float(self.limits["review_below"])


class VoiceReference:
    """Compares the voice heard most with that of each earlier recording."""

    spec = DetectorSpec(
        name="voice_reference",
        version="1",
        questions=(Question.IDENTITY,),
        modality="audio",
        cause="voice_identity_reference",
        weights=("silero_vad", "ge2e"),
        limits=LIMITS,
    )

    def inspect(self, interview: Interview) -> Signal:
        """Compare with every reference that has speech; the least similar one decides."""
        if not interview.references:
            return self.spec.inconclusive("no_reference", "No earlier recording was given.")
        point = operating_point("identity", self.spec.name)
        probe = voice_of(interview, point)
        if probe is None:
            return self.spec.inconclusive("little_speech", _too_little(interview.label, point))
        found = [(r.label, voice_of(r, point)) for r in interview.references]
        missing = [label for label, voice in found if voice is None]
        matches = [match(probe, v, point, interview.seed) for _, v in found if v is not None]
        encoder = probe.line.encoder
        if not matches:
            return self.spec.inconclusive(
                "little_speech", _too_little(", ".join(missing), point), model=self._model(encoder)
            )
        return self._judge(matches, missing, encoder, point)

    def _model(self, encoder: VoiceEncoder) -> ModelUse:
        return ModelUse(self.spec.name, f"{self.spec.version}/{encoder.id}", encoder.uses())

    def _judge(
        self,
        matches: Sequence[Match],
        missing: Sequence[str],
        encoder: VoiceEncoder,
        point: Mapping[str, Any],
    ) -> Signal:
        least = min(matches, key=lambda m: m.margin)
        status, code = _status(least, point)
        record = _record(least, encoder)
        ratio = record.likelihood_ratio(least.score) if record else None
        return self.spec.signal(
            status,
            Reason(code, _text(code, least, len(matches))),
            model=self._model(encoder),
            score=round(least.score, 4),
            score_meaning=SCORE,
            operating_point=(
                f"Review below {least.limits['review_below']:.2f}, no indication from "
                f"{least.limits['clear_from']:.2f}, for {least.limits['from_s']:.0f} s of speech "
                "and more on both sides."
            ),
            likelihood_ratio=ratio,
            quality=_quality(least, point),
            quality_notes=_notes(least, missing, point),
            evidence=tuple(_evidence(m) for m in matches[:12]),
            measurements={
                "references_compared": len(matches),
                "references_without_speech": len(missing),
                "least_similar": least.reference.label,
                "speech_s": round(least.probe.speech_s, 2),
                "reference_speech_s": round(least.reference.speech_s, 2),
                "similarity_as_recorded": round(least.as_recorded, 4),
                "similarity_in_one_channel": round(least.in_one_channel, 4),
                "snr_db": round(least.probe.snr_db, 1),
                "reference_snr_db": round(least.reference.snr_db, 1),
                "support": "uncalibrated"
                if ratio is None
                else f"{band(ratio.log10)} support for: {ratio.hypotheses[ratio.log10 < 0]}",
            },
        )


def compare_voices(probe: Interview, reference: Interview) -> Signal:
    """The signal of `probe` against one earlier recording, for the pairwise comparison."""
    return VoiceReference().inspect(replace(probe, references=(reference,)))


def voice_of(interview: Interview, point: Mapping[str, Any]) -> Voice | None:
    """The voice heard most, or None with too little speech to compare."""
    line = voice_line(interview)
    if line is None or line.speech_s < point["least_speech_s"] or not len(line):
        return None
    others = other_voices(interview, line)
    rows = np.setdiff1d(np.arange(len(line)), others)
    share = len(others) / len(line)
    speech_s = line.speech_s * (1.0 - share)
    return Voice(interview.label, line, rows, speech_s, share)


def match(probe: Voice, reference: Voice, point: Mapping[str, Any], seed: int) -> Match:
    """Compare two voices; at most 12 windows of each are brought to one channel."""
    means = [unit(v.line.embeddings[v.rows].mean(axis=0)) for v in (probe, reference)]
    shown = [v.line.windows(_spread(v.rows)) for v in (probe, reference)]
    return Match(
        probe,
        reference,
        similarity(means[0], means[1]),
        similarity_in_one_channel(shown[0], shown[1], probe.line.encoder, seed),
        _limits(probe, reference, point),
    )


def _limits(probe: Voice, reference: Voice, point: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row of the operating point for this back end and the shorter of both."""
    if probe.line.encoder.id != point["measured_with"]:
        other: Mapping[str, Any] = point["other_back_ends"]
        return other
    shorter = min(probe.speech_s, reference.speech_s)
    fitting = [row for row in point["lengths"] if shorter >= row["from_s"]]
    row: Mapping[str, Any] = fitting[-1] if fitting else point["lengths"][0]
    return row


def _spread(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    chosen = np.linspace(0, len(rows) - 1, min(MOST_COMPARED, len(rows))).astype(np.int64)
    spread: NDArray[np.int64] = rows[chosen]
    return spread


def _status(least: Match, point: Mapping[str, Any]) -> tuple[Status, str]:
    """Status and reason code of the least similar comparison."""
    sides = (least.probe, least.reference)
    if least.score >= least.limits["clear_from"]:
        return Status.NO_INDICATION, "voice_matches"
    if least.score >= least.limits["review_below"]:
        return Status.INCONCLUSIVE, "unclear"
    if min(v.snr_db for v in sides) < point["least_snr_db"]:
        return Status.INCONCLUSIVE, "noisy"
    if max(v.other_share for v in sides) > point["most_other_share"]:
        return Status.INCONCLUSIVE, "several_voices"
    return Status.REVIEW, "voice_differs"


def _text(code: str, least: Match, compared: int) -> str:
    label = least.reference.label
    whom = label if compared == 1 else f"{label}, the least similar of {compared}"
    measured = f"Similarity to the voice in {whom}: {least.score:.2f}"
    low, high = least.limits["review_below"], least.limits["clear_from"]
    return {
        "voice_matches": f"{measured}; {high:.2f} or more is alike. A cloned voice is alike too.",
        "unclear": f"{measured}. Between {low:.2f} and {high:.2f} the voices may be of one person "
        "or of two.",
        "noisy": f"{measured}, but one recording is too noisy for a low similarity to count.",
        "several_voices": f"{measured}, but several people share the speech of one recording, so "
        "the voice heard most may be another's.",
        "voice_differs": f"{measured}; below {low:.2f} asks for review.",
    }[code]


def _too_little(label: str, point: Mapping[str, Any]) -> str:
    return f"Less than {point['least_speech_s']:.0f} s of speech in {label}."


def _record(least: Match, encoder: VoiceEncoder) -> CalibrationRecord | None:
    """The record of the longest speech that both sides reach: rows `voice_<encoder>_<from>s`."""
    prefix = f"voice_{encoder.id}_"
    fitting = {
        float(name.removeprefix(prefix).removesuffix("s")): record
        for name, record in records("identity").items()
        if name.startswith(prefix)
    }
    reached = [seconds for seconds in fitting if seconds <= least.limits["from_s"]]
    return fitting[max(reached)] if reached else None


def _quality(least: Match, point: Mapping[str, Any]) -> float:
    """0..1 from the shorter speech and the noisier recording."""
    shorter = min(least.probe.speech_s, least.reference.speech_s)
    snr = min(least.probe.snr_db, least.reference.snr_db)
    clean = float(np.clip((snr - point["least_snr_db"]) / 15.0, 0.0, 1.0))
    return round(min(1.0, shorter / float(point["good_speech_s"])) * (0.3 + 0.7 * clean), 3)


def _notes(least: Match, missing: Sequence[str], point: Mapping[str, Any]) -> tuple[str, ...]:
    notes = [_too_little(label, point) for label in missing]
    for voice in (least.probe, least.reference):
        if voice.speech_s < point["good_speech_s"]:
            notes.append(f"Only {voice.speech_s:.1f} s of this voice in {voice.label}.")
        if voice.snr_db < point["least_snr_db"] + 5.0:
            notes.append(f"Speech stands {voice.snr_db:.0f} dB above the noise in {voice.label}.")
        if voice.other_share > 0.0:
            notes.append(f"Other voices have {voice.other_share:.0%} of {voice.label}'s speech.")
    return tuple(notes)


def _evidence(found: Match) -> Evidence:
    """The first stretch of the compared voice here, and in the earlier recording."""
    own, other = _stretch(found.probe), _stretch(found.reference)
    return Evidence(
        own.start_s,
        own.end_s,
        f"Similarity {found.score:.2f} to the voice in {found.reference.label} "
        f"at {other.start_s:.1f}-{other.end_s:.1f} s.",
        score=round(found.score, 4),
    )


def _stretch(voice: Voice) -> Span:
    """From the first window of the voice to the last that follows it without another voice."""
    breaks = np.flatnonzero(np.diff(voice.rows) > 1)
    last = int(voice.rows[breaks[0]] if len(breaks) else voice.rows[-1])
    starts, timeline = voice.line.starts, voice.line.timeline
    begin = timeline.time_s(int(starts[voice.rows[0]]))
    end = timeline.time_s(min(int(starts[last]) + WINDOW, timeline.length) - 1) + 1.0 / RATE
    return Span(begin, max(begin, end))
