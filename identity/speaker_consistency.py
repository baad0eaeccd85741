"""Is one voice heard throughout? See docs/detectors/speaker_consistency.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.detectors import DetectorSpec, operating_point
from audit.interview import Floats, Interview
from audit.series import thin
from audit.types import Evidence, ModelUse, Question, Reason, Series, Signal, Status
from identity.embeddings import unit
from identity.grade import support
from identity.voice_channel import similarity_in_one_channel
from identity.voice_line import VoiceLine, voice_line
from identity.voice_scale import StretchGrade, stretch_grade
from identity.voice_split import Split, settled, split
from identity.voice_turns import Turn, turns_of
from identity.voice_windows import RATE, WINDOW

MOST_EVIDENCE = 12
MOST_COMPARED = 12
CACHE_KEY = "identity.speaker_consistency"
SUBJECT = (
    "the voice heard most and the stretch least like it (mean of the comparison as recorded and of "
    "that after both were brought to one channel)"
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
        """Mean of both cosines; stays inside."""
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


def least_alike(interview: Interview, line: VoiceLine) -> Candidate:
    """The stretch that the signal is about; needs as much speech as the detector."""
    point = operating_point("identity", SpeakerConsistency.spec.name)
    found = _kept_candidates(interview, line, point)
    return _Judgement(line, found, point, 0.0, ()).worst()


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

    def worst(self) -> Candidate:
        """The candidate that the signal is about."""
        return (self.voices() or self.found)[0]

    def made(self, spec: DetectorSpec, model: ModelUse) -> Signal:
        """The signal."""
        voices, worst = self.voices(), self.worst()
        grade = self._grade(worst)
        labels, vectors = self._labels(voices)
        turns = turns_of(self.line, labels, vectors)
        status = Status.REVIEW if voices else self._status(worst)
        lasting = bool(voices) and _lasting(turns, self.point)
        return spec.signal(
            status,
            self._reason(status, worst, turns, lasting),
            status_by_question=_by_question(status, lasting),
            model=model,
            score=grade.figure(worst.score),
            score_meaning=grade.meaning(SUBJECT),
            operating_point=grade.operating_point if self._measured else self._no_point(),
            likelihood_ratio=grade.likelihood_ratio(worst.score),
            quality=self.quality,
            quality_notes=self.notes,
            evidence=self._evidence(turns, voices) or self._unclear(worst, status),
            series=(self._series(worst.first),),
            measurements={
                "kind": ("voice_change" if lasting else "second_voice") if voices else "one_voice",
                "voices": 1 + len(voices),
                **_measurements(self.line, worst, turns, grade),
            },
        )

    @property
    def _measured(self) -> bool:
        """Whether the operating points are of this back end."""
        return self.line.encoder.id == str(self.point["measured_with"])

    def _no_point(self) -> str:
        return f"None: the operating points were measured with {self.point['measured_with']}."

    def _grade(self, candidate: Candidate) -> StretchGrade:
        """How a stretch of this length is read."""
        return stretch_grade(self.line.encoder.id, self.point, candidate.speech_s)

    def _reason(
        self, status: Status, worst: Candidate, turns: Sequence[Turn], lasting: bool
    ) -> Reason:
        grade = self._grade(worst)
        words = grade.words(worst.score)
        if not self._measured:
            return Reason(
                "back_end_not_measured",
                f"Between the least alike parts of the speech, {words}; operating points were "
                f"measured for {self.point['measured_with']}, not for {self.line.encoder.id}.",
            )
        if status is Status.REVIEW:
            return _review(turns, lasting, words)
        if status is Status.NO_INDICATION:
            return Reason(
                "one_voice",
                f"One voice in {self.line.speech_s:.0f} s of speech: between its least alike "
                f"parts, {words}.",
            )
        return _undecided(worst, grade)

    def _status(self, candidate: Candidate) -> Status:
        if not self._measured:
            return Status.INCONCLUSIVE
        noisy = self.line.sound is None or self.line.sound.snr_db < self.point["least_snr_db"]
        status = self._grade(candidate).status(candidate.score)
        if status is Status.REVIEW and (noisy or candidate.speech_s < self.point["least_voice_s"]):
            return Status.INCONCLUSIVE
        return status

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
            Evidence(
                t.span.start_s,
                t.span.end_s,
                "Unlike the rest, not clearly another voice.",
                score=self._grade(worst).figure(worst.score),
            )
            for t in turns
            if t.voice
        )[:MOST_EVIDENCE]

    def _evidence(self, turns: Sequence[Turn], voices: Sequence[Candidate]) -> tuple[Evidence, ...]:
        """The longest turns of the other voices, in time order."""
        others = sorted((t for t in turns if t.voice), key=lambda t: -t.speech_s)[:MOST_EVIDENCE]
        pieces = []
        for turn in sorted(others, key=lambda t: t.first):
            voice = voices[turn.voice - 1]
            grade = self._grade(voice)
            pieces.append(
                Evidence(
                    turn.span.start_s,
                    turn.span.end_s,
                    f"Voice {turn.voice + 1} is heard here, {turn.speech_s:.1f} s of speech. "
                    f"Against the voice heard most, {grade.words(voice.score)}.",
                    score=grade.figure(voice.score),
                )
            )
        return tuple(pieces)

    def _series(self, main: Floats) -> Series:
        """Each window alone, as recorded, read as the shortest stretches are."""
        grade = stretch_grade(self.line.encoder.id, self.point, 0.0)
        low, high = grade.bounds
        return thin(
            "each moment against the voice heard most, as recorded",
            grade.unit,
            self.line.times_s,
            grade.figures(self.line.embeddings @ main),
            low=low,
            high=high,
            threshold=grade.figure(grade.review_below) if self._measured else None,
        )


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


def _review(turns: Sequence[Turn], lasting: bool, words: str) -> Reason:
    if lasting:
        border = next(t.span.start_s for t in turns[1:] if t.voice != turns[0].voice)
        return Reason(
            "voice_change",
            f"The voice before {_clock(border)} and the voice after it differ: {words}. An "
            "interviewer who speaks first on the same track would look the same.",
        )
    return Reason(
        "second_voice",
        f"A second voice is heard at {_places(turns)}: against the voice heard most, {words}. An "
        "interviewer on the same track would look the same.",
    )


def _undecided(worst: Candidate, grade: StretchGrade) -> Reason:
    if worst.in_one_channel - worst.as_recorded > worst.score - worst.as_recorded > 0.03:
        return Reason(
            "channel_change",
            "Part of the speech sounds different, and much of the difference goes away when room, "
            "microphone and noise are evened out; whether it is another voice cannot be told.",
        )
    words = grade.words(worst.score)
    if grade.status(worst.score) is Status.REVIEW:
        return Reason(
            "voice_unclear",
            f"Between the least alike parts of the speech, {words}; but they are too short or too "
            "noisy for that to count.",
        )
    return Reason(
        "voice_unclear",
        "Whether two people speak cannot be said: between the least alike parts of the speech, "
        f"{words}.",
    )


def _measurements(
    line: VoiceLine, worst: Candidate, turns: Sequence[Turn], grade: StretchGrade
) -> dict[str, float | int | str | bool | None]:
    return {
        "speech_s": round(line.speech_s, 2),
        "windows": len(line),
        "other_speech_s": round(sum(t.speech_s for t in turns if t.voice), 2),
        "changes": max(0, len(turns) - 1),
        f"as_recorded_{grade.suffix}": grade.figure(worst.as_recorded),
        f"in_one_channel_{grade.suffix}": grade.figure(worst.in_one_channel),
        "least_alike_s": round(worst.speech_s, 2),
        "window_s": round(WINDOW / RATE, 3),
        "snr_db": round(line.sound.snr_db, 1) if line.sound is not None else None,
        "support": support(grade.likelihood_ratio(worst.score)),
    }
