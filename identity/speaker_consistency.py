"""Is one voice heard throughout? See docs/detectors/speaker_consistency.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.calibration import CalibrationRecord, records
from audit.detectors import DetectorSpec, operating_point
from audit.interview import Floats, Interview
from audit.series import thin
from audit.types import Evidence, ModelUse, Question, Reason, Series, Signal, Status
from identity.embeddings import unit
from identity.voice_channel import similarity_in_one_channel
from identity.voice_line import VoiceLine, voice_line
from identity.voice_split import Split, settled, split
from identity.voice_turns import Turn, turns_of
from identity.voice_windows import RATE, WINDOW

MOST_EVIDENCE = 12
MOST_COMPARED = 12
CACHE_KEY = "identity.speaker_consistency"
SCORE = (
    "Cosine, -1 to 1, of the voice heard most and the stretch least like it: mean of the cosine as "
    "recorded and of that after both were brought to one channel; higher = more alike."
)
LIMITS = (
    "A voice heard from the first to the last second is taken for the interviewee's: compare with "
    "an earlier recording.",
    "An interviewer on the same track looks the same as a hidden coach; so does a played "
    "recording.",
    "A second voice of less than about 2 s of speech, or one that always speaks at the same time "
    "as the first, is not seen. Two people with like voices, and a cloned voice, pass.",
    "A sudden change of room or of microphone can pass for another voice.",
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stretch that may be another voice.

    Attributes:
        rows: its windows. first, second: vectors of the voice heard most and of the stretch.
        as_recorded, in_one_channel: cosines before and after both were brought to one channel.
        speech_s: seconds of speech in it.
    """

    rows: NDArray[np.int64]
    first: Floats
    second: Floats
    as_recorded: float
    in_one_channel: float
    speech_s: float

    @property
    def score(self) -> float:
        """Mean of both cosines."""
        return (self.as_recorded + self.in_one_channel) / 2.0


class SpeakerConsistency:
    """Divides the speech where its voice changes and compares the parts."""

    spec = DetectorSpec(
        name="speaker_consistency",
        version="1",
        questions=(Question.IDENTITY, Question.ASSISTANCE),
        modality="audio",
        cause="voice_identity",
        weights=("silero_vad", "ge2e"),
        limits=LIMITS,
    )

    def inspect(self, interview: Interview) -> Signal:
        """Compare the voice of a recording with itself over time."""
        line = voice_line(interview)
        if line is None:
            return self.spec.inconclusive("no_audio", "The recording has no readable sound.")
        point = operating_point("identity", self.spec.name)
        model = ModelUse(
            self.spec.name, f"{self.spec.version}/{line.encoder.id}", line.encoder.uses()
        )
        quality, notes = _quality(line, point)
        if line.speech_s < point["least_speech_s"] or len(line) < 2 * point["run"]:
            return self.spec.inconclusive(
                "little_speech",
                f"{line.speech_s:.1f} s of speech; at least {point['least_speech_s']:.0f} s are "
                "needed to compare a voice with itself.",
                model=model,
                quality=quality,
                quality_notes=notes,
            )
        found = _kept_candidates(interview, line, point)
        signal = _Judgement(line, found, point, quality, notes)
        return signal.made(self.spec, model)


def other_voices(interview: Interview, line: VoiceLine) -> NDArray[np.int64]:
    """Rows of `line` that are of another voice than the one heard most, at the review threshold."""
    point = operating_point("identity", SpeakerConsistency.spec.name)
    found = _kept_candidates(interview, line, point)
    judgement = _Judgement(line, found, point, 0.0, ())
    rows = [c.rows for c in judgement.voices()]
    return np.unique(np.concatenate(rows)) if rows else np.zeros(0, np.int64)


def _kept_candidates(
    interview: Interview, line: VoiceLine, point: Mapping[str, Any]
) -> Sequence[Candidate]:
    """The candidates, looked for once per recording."""
    kept = interview.cache.get(CACHE_KEY)
    if isinstance(kept, tuple):
        return kept
    found = tuple(candidates(line, point, interview.seed))
    interview.cache[CACHE_KEY] = found
    return found


def candidates(line: VoiceLine, point: Mapping[str, Any], seed: int) -> list[Candidate]:
    """Stretches unlike the voice heard most, the least alike first; at least one.

    After the first, further ones are looked for in what is left, as an odd noise may be less like
    the main voice than another person is.
    """
    active = np.arange(len(line))
    found: list[Candidate] = []
    for _ in range(point["most_candidates"]):
        parts = split(line.embeddings[active], run=point["run"], penalty=point["change_cost"])
        if parts is None:
            break
        candidate = _candidate(line, active, parts, point, seed)
        found.append(candidate)
        if not len(candidate.rows) or candidate.as_recorded > point["look_below"]:
            break
        active = np.setdiff1d(active, candidate.rows)
    return sorted(found, key=lambda c: c.score)


def _candidate(
    line: VoiceLine,
    active: NDArray[np.int64],
    parts: Split,
    point: Mapping[str, Any],
    seed: int,
) -> Candidate:
    rows = active[parts.labels == 1]
    matched = parts.score
    if len(rows) and parts.score <= point["look_below"]:
        sides = [_spread(active[settled(parts.labels, v)]) for v in (0, 1)]
        matched = similarity_in_one_channel(
            line.windows(sides[0]), line.windows(sides[1]), line.encoder, seed
        )
    speech_s = min(len(rows) * line.hop / RATE, line.speech_s)
    return Candidate(rows, parts.first, parts.second, parts.score, matched, speech_s)


def _spread(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """At most 12 of the rows, evenly chosen."""
    chosen = np.linspace(0, len(rows) - 1, min(MOST_COMPARED, len(rows))).astype(np.int64)
    spread: NDArray[np.int64] = rows[chosen]
    return spread


def _quality(line: VoiceLine, point: Mapping[str, Any]) -> tuple[float, tuple[str, ...]]:
    """0..1 from the length of speech and the noise under it, and what lowers it."""
    snr = line.sound.snr_db if line.sound is not None else 0.0
    length = min(1.0, line.speech_s / point["good_speech_s"])
    clean = float(np.clip((snr - point["least_snr_db"]) / 15.0, 0.0, 1.0))
    notes = []
    if length < 1.0:
        notes.append(f"Only {line.speech_s:.1f} s of speech.")
    if clean < 1.0 / 3.0:
        notes.append(f"Speech stands only {snr:.0f} dB above the noise.")
    return round(length * (0.3 + 0.7 * clean), 3), tuple(notes)


@dataclass(frozen=True, slots=True)
class _Judgement:
    """From candidates to a signal."""

    line: VoiceLine
    found: Sequence[Candidate]
    point: Mapping[str, Any]
    quality: float
    notes: tuple[str, ...]

    def voices(self) -> list[Candidate]:
        """The candidates that ask for review, the least alike first."""
        return [c for c in self.found if self._status(c) is Status.REVIEW]

    def made(self, spec: DetectorSpec, model: ModelUse) -> Signal:
        """The signal."""
        voices = self.voices()
        worst = (voices or self.found)[0]
        labels, vectors = self._labels(voices)
        turns = turns_of(self.line, labels, vectors)
        status = Status.REVIEW if voices else self._status(worst)
        lasting = bool(voices) and _lasting(turns, self.point)
        record = self._record(worst)
        return spec.signal(
            status,
            self._reason(status, worst, turns, lasting),
            status_by_question=_by_question(status, lasting),
            model=model,
            score=round(worst.score, 4),
            score_meaning=SCORE,
            operating_point=self._words(worst),
            likelihood_ratio=record.likelihood_ratio(worst.score) if record else None,
            quality=self.quality,
            quality_notes=self.notes,
            evidence=_evidence(turns, voices) or self._unclear(worst, status),
            series=(_series(self.line, worst.first),),
            measurements=_measurements(self.line, worst, turns, len(voices), lasting),
        )

    def _limits(self, candidate: Candidate) -> Mapping[str, Any]:
        """The row of the operating points for a stretch of this length."""
        rows = self.point["lengths"]
        fitting = [r for r in rows if candidate.speech_s >= r["from_s"]]
        row: Mapping[str, Any] = fitting[-1] if fitting else rows[0]
        return row

    def _reason(
        self, status: Status, worst: Candidate, turns: Sequence[Turn], lasting: bool
    ) -> Reason:
        measured = self.point["measured_with"]
        if self.line.encoder.id != measured:
            return Reason(
                "back_end_not_measured",
                f"The least alike parts have a similarity of {worst.score:.2f} by "
                f"{self.line.encoder.id}; what that means was measured for {measured} alone.",
            )
        return _reason(status, worst, turns, lasting, self.line)

    def _status(self, candidate: Candidate) -> Status:
        if self.line.encoder.id != self.point["measured_with"]:
            return Status.INCONCLUSIVE
        limits = self._limits(candidate)
        noisy = self.line.sound is None or self.line.sound.snr_db < self.point["least_snr_db"]
        if candidate.score >= limits["clear_from"]:
            return Status.NO_INDICATION
        long = candidate.speech_s >= self.point["least_voice_s"]
        if candidate.score < limits["review_below"] and long and not noisy:
            return Status.REVIEW
        return Status.INCONCLUSIVE

    def _words(self, candidate: Candidate) -> str:
        if self.line.encoder.id != self.point["measured_with"]:
            return f"None: the operating points were measured with {self.point['measured_with']}."
        limits = self._limits(candidate)
        return (
            f"Review below {limits['review_below']:.2f}, no indication from "
            f"{limits['clear_from']:.2f}, for stretches of {limits['from_s']:.0f} s and more."
        )

    def _record(self, candidate: Candidate) -> CalibrationRecord | None:
        name = f"speaker_{self.line.encoder.id}_{self._limits(candidate)['from_s']:.0f}s"
        return records("identity").get(name)

    def _labels(self, voices: Sequence[Candidate]) -> tuple[NDArray[np.int64], list[Floats]]:
        labels = np.zeros(len(self.line), dtype=np.int64)
        for number, candidate in enumerate(voices, start=1):
            labels[candidate.rows] = number
        own = self.line.embeddings[settled(labels, 0)]
        return labels, [unit(own.mean(axis=0)), *(c.second for c in voices)]

    def _unclear(self, worst: Candidate, status: Status) -> tuple[Evidence, ...]:
        if status is not Status.INCONCLUSIVE or not len(worst.rows):
            return ()
        labels = np.zeros(len(self.line), dtype=np.int64)
        labels[worst.rows] = 1
        turns = turns_of(self.line, labels, [worst.first, worst.second])
        return tuple(
            Evidence(t.span.start_s, t.span.end_s, "Unlike the rest, not clearly another voice.")
            for t in turns
            if t.voice
        )[:MOST_EVIDENCE]


def _lasting(turns: Sequence[Turn], point: Mapping[str, Any]) -> bool:
    """Whether the voice changes once for good: another voice from some time on (or up to it)."""
    total = sum(t.speech_s for t in turns)
    agree = [
        sum(t.speech_s for t in turns if (t.voice == first) == (t.last <= border.last))
        for border in turns[:-1]
        for first in {t.voice for t in turns}
    ]
    other = sum(t.speech_s for t in turns if t.voice)
    share = min(other, total - other) / total
    return (
        bool(agree)
        and max(agree) >= point["lasting_agreement"] * total
        and (share >= point["lasting_share"])
    )


def _by_question(status: Status, lasting: bool) -> dict[Question, Status]:
    """A change for good asks who the person is; a second voice beside the first asks who helps."""
    if status is not Status.REVIEW:
        return {}
    if lasting:
        return {Question.IDENTITY: Status.REVIEW, Question.ASSISTANCE: Status.INCONCLUSIVE}
    return {Question.IDENTITY: Status.NO_INDICATION, Question.ASSISTANCE: Status.REVIEW}


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 60:02d}:{whole % 60:02d}"


def _places(turns: Sequence[Turn]) -> str:
    spans = [f"{_clock(t.span.start_s)}-{_clock(t.span.end_s)}" for t in turns if t.voice]
    more = f" and {len(spans) - 6} more times" if len(spans) > 6 else ""
    return ", ".join(spans[:6]) + more


def _reason(
    status: Status, worst: Candidate, turns: Sequence[Turn], lasting: bool, line: VoiceLine
) -> Reason:
    if status is Status.REVIEW and lasting:
        border = next(t.span.start_s for t in turns[1:] if t.voice != turns[0].voice)
        return Reason(
            "voice_change",
            f"The voice before {_clock(border)} and the voice after it differ (similarity "
            f"{worst.score:.2f}). An interviewer who speaks first on the same track would look "
            "the same.",
        )
    if status is Status.REVIEW:
        return Reason(
            "second_voice",
            f"A second voice, {_places(turns)} (similarity {worst.score:.2f}); an interviewer on "
            "the same track would look the same.",
        )
    if status is Status.NO_INDICATION:
        return Reason(
            "one_voice",
            f"One voice in {line.speech_s:.0f} s of speech: its least alike parts have a "
            f"similarity of {worst.score:.2f}.",
        )
    if worst.in_one_channel - worst.as_recorded > worst.score - worst.as_recorded > 0.03:
        return Reason(
            "channel_change",
            "Part of the speech sounds different, and much of the difference goes away when room, "
            "microphone and noise are evened out; whether it is another voice cannot be told.",
        )
    return Reason(
        "voice_unclear",
        f"The least alike parts of the speech have a similarity of {worst.score:.2f}, or are too "
        "short or noisy, so whether two people speak cannot be told.",
    )


def _evidence(turns: Sequence[Turn], voices: Sequence[Candidate]) -> tuple[Evidence, ...]:
    others = sorted((t for t in turns if t.voice), key=lambda t: -t.speech_s)[:MOST_EVIDENCE]
    return tuple(
        Evidence(
            t.span.start_s,
            t.span.end_s,
            f"Voice {t.voice + 1}: {t.speech_s:.1f} s of speech unlike the voice heard most.",
            score=round(voices[t.voice - 1].score, 4),
        )
        for t in sorted(others, key=lambda t: t.first)
    )


def _series(line: VoiceLine, main: Floats) -> Series:
    return thin(
        "similarity to the voice heard most",
        "cosine",
        line.times_s,
        line.embeddings @ main,
        low=0.0,
        high=1.0,
    )


def _measurements(
    line: VoiceLine, worst: Candidate, turns: Sequence[Turn], voices: int, lasting: bool
) -> dict[str, float | int | str | bool | None]:
    return {
        "kind": ("voice_change" if lasting else "second_voice") if voices else "one_voice",
        "speech_s": round(line.speech_s, 2),
        "windows": len(line),
        "voices": 1 + voices,
        "other_speech_s": round(sum(t.speech_s for t in turns if t.voice), 2),
        "changes": max(0, len(turns) - 1),
        "similarity_as_recorded": round(worst.as_recorded, 4),
        "similarity_in_one_channel": round(worst.in_one_channel, 4),
        "least_alike_s": round(worst.speech_s, 2),
        "window_s": round(WINDOW / RATE, 3),
        "snr_db": round(line.sound.snr_db, 1) if line.sound is not None else None,
    }
