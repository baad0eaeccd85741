"""Is the voice alike in earlier recordings of the person? See docs/detectors/voice_reference.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.detectors import DetectorSpec, operating_point
from audit.interview import Interview
from audit.types import Evidence, ModelUse, Question, Reason, Signal, Span, Status
from identity.embeddings import similarity, unit
from identity.grade import support
from identity.speaker_consistency import other_voices
from identity.voice_channel import similarity_in_one_channel
from identity.voice_encoder import VoiceEncoder
from identity.voice_line import VoiceLine, voice_line
from identity.voice_scale import PairGrade, pair_grade
from identity.voice_windows import RATE, WINDOW

MOST_COMPARED = 12
SUBJECT = (
    "the voices heard most here and in the earlier recording that decides (mean of the comparison "
    "as recorded and of that after both were brought to one channel)"
)
LIMITS = (
    "A cloned or converted voice matches: a match is never evidence that the speech is genuine.",
    "The voice heard most is compared. Where an interviewer speaks more than the interviewee, that "
    "is the interviewer's.",
    "Calibrated on read English speech of few people, each recorded in one session. Illness, "
    "shouting, another language or years between the recordings make voices less alike.",
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
    """This recording's voice against an earlier recording's; cosines stay inside.

    `grade` is the one for the shorter speech of both.
    """

    probe: Voice
    reference: Voice
    as_recorded: float
    in_one_channel: float
    grade: PairGrade

    @property
    def score(self) -> float:
        """Mean of both cosines."""
        return (self.as_recorded + self.in_one_channel) / 2.0

    @property
    def margin(self) -> float:
        """How far the score lies above the review threshold (negative below)."""
        return self.score - self.grade.review_below

    @property
    def figure(self) -> float:
        """The score as it is shown."""
        return self.grade.figure(self.score)

    @property
    def words(self) -> str:
        """The score in words."""
        return self.grade.words(self.score)


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
        """Compare with every reference that has speech; the one that `_rank` has first decides."""
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
        found = min(matches, key=lambda m: _rank(m, point))
        status, code = _status(found, point)
        return self.spec.signal(
            status,
            Reason(code, _text(code, found, matches)),
            model=self._model(encoder),
            score=found.figure,
            score_meaning=found.grade.meaning(SUBJECT),
            operating_point=found.grade.operating_point,
            likelihood_ratio=found.grade.likelihood_ratio(found.score),
            quality=_quality(found, point),
            quality_notes=_notes(found, missing, point),
            evidence=tuple(_evidence(m) for m in matches[:12]),
            measurements={
                "references_compared": len(matches),
                "references_without_speech": len(missing),
                **_measurements(found),
            },
        )


def _rank(found: Match, point: Mapping[str, Any]) -> tuple[int, float]:
    """The reference that asks most for attention first.

    Margins of speech of different length are not comparable, and a low similarity in noise does not
    count, so the status goes before the margin.
    """
    order = (Status.REVIEW, Status.INCONCLUSIVE, Status.NO_INDICATION)
    return order.index(_status(found, point)[0]), found.margin


def _measurements(found: Match) -> dict[str, float | int | str | bool | None]:
    grade = found.grade
    return {
        "decided_by": found.reference.label,
        "speech_s": round(found.probe.speech_s, 2),
        "reference_speech_s": round(found.reference.speech_s, 2),
        f"as_recorded_{grade.suffix}": grade.figure(found.as_recorded),
        f"in_one_channel_{grade.suffix}": grade.figure(found.in_one_channel),
        "snr_db": round(found.probe.snr_db, 1),
        "reference_snr_db": round(found.reference.snr_db, 1),
        "support": support(grade.likelihood_ratio(found.score)),
    }


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
        pair_grade(probe.line.encoder.id, point, min(probe.speech_s, reference.speech_s)),
    )


def _spread(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    chosen = np.linspace(0, len(rows) - 1, min(MOST_COMPARED, len(rows))).astype(np.int64)
    spread: NDArray[np.int64] = rows[chosen]
    return spread


def _status(found: Match, point: Mapping[str, Any]) -> tuple[Status, str]:
    """Status and reason code of one comparison."""
    sides = (found.probe, found.reference)
    status = found.grade.status(found.score)
    if status is Status.NO_INDICATION:
        return status, "voice_matches"
    if status is Status.INCONCLUSIVE:
        return status, "unclear"
    if min(v.snr_db for v in sides) < point["least_snr_db"]:
        return Status.INCONCLUSIVE, "noisy"
    if max(v.other_share for v in sides) > point["most_other_share"]:
        return Status.INCONCLUSIVE, "several_voices"
    return Status.REVIEW, "voice_differs"


def _text(code: str, found: Match, matches: Sequence[Match]) -> str:
    whom = found.reference.label
    if len(matches) > 1:
        least = found.score <= min(m.score for m in matches)
        whom += f", {'the least similar' if least else 'one'} of {len(matches)}"
    differs = f"The voice is not like the one in {whom}: {found.words}"
    return {
        "voice_matches": f"The voice is like the one in {whom}: {found.words}. A cloned voice is "
        "alike too.",
        "unclear": f"Whether the voice is the one in {whom} cannot be said: {found.words}.",
        "noisy": f"{differs}; but one recording is too noisy for that to count.",
        "several_voices": f"{differs}; but several people share the speech of one recording, so "
        "the voice heard most may be another's.",
        "voice_differs": f"{differs}.",
    }[code]


def _too_little(label: str, point: Mapping[str, Any]) -> str:
    return f"Less than {point['least_speech_s']:.0f} s of speech in {label}."


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
        f"Compared with {found.reference.label} at {other.start_s:.1f}-{other.end_s:.1f} s: "
        f"{found.words}.",
        score=found.figure,
    )


def _stretch(voice: Voice) -> Span:
    """From the first window of the voice to the last that follows it without another voice."""
    breaks = np.flatnonzero(np.diff(voice.rows) > 1)
    last = int(voice.rows[breaks[0]] if len(breaks) else voice.rows[-1])
    starts, timeline = voice.line.starts, voice.line.timeline
    begin = timeline.time_s(int(starts[voice.rows[0]]))
    end = timeline.time_s(min(int(starts[last]) + WINDOW, timeline.length) - 1) + 1.0 / RATE
    return Span(begin, max(begin, end))
