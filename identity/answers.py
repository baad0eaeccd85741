"""Who answered which question: marked answers of one recording as sessions of a thread.

Each answer becomes a session of `identity.thread`: its faces and its speech, pooled, with all
answers divided among persons, by face and by voice apart. Somebody's earlier recordings may stand
before them as one more session, `PAST`. Beside it stands how much of each answer another voice than
the one heard most speaks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.detectors import operating_point
from audit.errors import InputError
from audit.interview import Interview
from audit.types import Reason
from identity.embeddings import unit
from identity.enrolment import Segment, enrolment, space_of
from identity.face_encoder import encoder_of as face_encoder_of
from identity.face_line import FaceLine, face_line
from identity.speaker_consistency import other_voices
from identity.thread import TRAITS, Compared, Session, TraitThread, against_rest, threads
from identity.voice_line import VoiceLine, voice_line
from identity.voice_windows import RATE

PAST = "earlier recordings"
MOST_ANSWERS = 24
"""More are refused: the work grows with the ways to divide them."""
_BEYOND = Reason("beyond_recording", "The recording ends before this answer begins.")


@dataclass(frozen=True, slots=True)
class Mark:
    """An answer. `question`: how it is called. `start_s`, `end_s`: where it lies, seconds."""

    question: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Answers:
    """What the answers of one recording show.

    Attributes:
        found: face and voice; labels are questions, and `PAST`.
        rest: each answer against all others of the recording pooled, by face and by voice. It
            finds one odd answer sooner than the division does, which expects few changes.
        refused: by question and trait, why it shows none.
        other_share: by question, the share of its speech that is of another voice than the one
            heard most in the recording, 0..1; None where it has too little speech to tell.
        taking_turns: traits in which somebody comes back after another person.
    """

    found: tuple[TraitThread, ...]
    rest: tuple[Compared, ...]
    refused: Mapping[tuple[str, str], Reason]
    other_share: Mapping[str, float | None]
    taking_turns: tuple[str, ...]


def checked(marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """Marks in order of time.

    Raises `InputError` where there are fewer than two or too many, two have one name, or overlap.
    """
    ordered = sorted(marks, key=lambda mark: mark.start_s)
    if not 2 <= len(ordered) <= MOST_ANSWERS:
        raise InputError(f"Mark 2 to {MOST_ANSWERS} answers.")
    twice = [name for name, count in Counter(m.question for m in ordered).items() if count > 1]
    if twice or PAST in {mark.question for mark in ordered}:
        raise InputError(f"Call each question by a name of its own: {', '.join(twice) or PAST}.")
    end = 0.0
    for mark in ordered:
        if not end <= mark.start_s < mark.end_s:
            raise InputError(f"The answer to {mark.question!r} overlaps another, or has no length.")
        end = mark.end_s
    return tuple(ordered)


def answers_of(
    interview: Interview, marks: Sequence[Mark], *, past: Sequence[Interview] = ()
) -> Answers:
    """Who answered which question of a recording, against each other and against the past.

    Raises:
        InputError: the marks cannot be used (`checked`).
        SettingsInvalid, WeightsUnavailable: a back end cannot be opened.
    """
    ordered = checked(marks)
    refused: dict[tuple[str, str], Reason] = {}
    shares: dict[str, float | None] = {}
    faces, voices = _faces(interview), voice_line(interview)
    others = _others(interview, voices)
    sessions = []
    earlier = [segment for each in past for segment in enrolment(each).segments]
    if earlier:
        sessions.append(Session(PAST, tuple(earlier)))
    ends_s = interview.facts.duration_s
    for mark in ordered:
        segments = []
        beyond = _BEYOND if 0.0 < ends_s <= mark.start_s else None
        for trait, made in (
            ("face", beyond or _face(interview, faces, mark)),
            ("voice", beyond or _voice(voices, mark)),
        ):
            if isinstance(made, Reason):
                refused[mark.question, trait] = made
            else:
                segments.append(made)
        sessions.append(Session(mark.question, tuple(segments)))
        shares[mark.question] = _share(voices, others, mark)
    found = threads(sessions)
    own = [each for each in sessions if each.label != PAST]
    rest = tuple(one for trait in TRAITS for one in against_rest(trait, own))
    return Answers(
        found, rest, refused, shares, tuple(each.trait for each in found if each.returned)
    )


def _faces(interview: Interview) -> FaceLine | None:
    if interview.faces is None:
        return None
    point = operating_point("identity", "enrolment")
    return face_line(
        interview,
        face_encoder_of(interview.models),
        least_quality=point["face_least_quality"],
        least_size=point["face_least_relative_size"],
    )


def _face(interview: Interview, line: FaceLine | None, mark: Mark) -> Segment | Reason:
    least = operating_point("identity", "answers")["face_least_samples"]
    rows = _within(line.times_s, mark) if line is not None else np.zeros(0, np.int64)
    if line is None or len(rows) < least:
        return Reason(
            "few_faces",
            f"{len(rows)} faces that can be compared; at least {least} are needed.",
        )
    return _segment(
        "face",
        space_of("face", face_encoder_of(interview.models)),
        mark,
        amount=float(len(rows)),
        quality=float(np.median(line.quality[rows])),
        vector=line.pool(rows),
    )


def _voice(line: VoiceLine | None, mark: Mark) -> Segment | Reason:
    least = operating_point("identity", "answers")["voice_least_speech_s"]
    rows = _within(line.times_s, mark) if line is not None else np.zeros(0, np.int64)
    speech_s = _speech_s(line, rows)
    if line is None or speech_s < least:
        return Reason(
            "little_speech", f"{speech_s:.1f} s of speech; at least {least:.0f} s needed."
        )
    sound = line.sound
    conditions = {
        "snr_db": sound.snr_db if sound else 0.0,
        "bandwidth_hz": sound.bandwidth_hz if sound else 0.0,
    }
    return _segment(
        "voice",
        space_of("voice", line.encoder),
        mark,
        amount=speech_s,
        quality=1.0,
        vector=unit(line.embeddings[rows].mean(axis=0)),
        conditions=conditions,
    )


def _segment(trait: str, space: str, mark: Mark, **more: object) -> Segment:
    values: dict[str, object] = {"conditions": {}, **more}
    return Segment(
        trait="face" if trait == "face" else "voice",
        space=space,
        number=0,
        start_s=mark.start_s,
        end_s=mark.end_s,
        **values,  # type: ignore[arg-type]
    )


def _within(times_s: NDArray[np.float64], mark: Mark) -> NDArray[np.int64]:
    return np.flatnonzero((times_s >= mark.start_s) & (times_s < mark.end_s))


def _speech_s(line: VoiceLine | None, rows: NDArray[np.int64]) -> float:
    """Seconds of speech that windows in a row stand for: a hop each, and no more than there is."""
    return min(len(rows) * line.hop / RATE, line.speech_s) if line is not None else 0.0


def _others(interview: Interview, line: VoiceLine | None) -> NDArray[np.int64] | None:
    point = operating_point("identity", "speaker_consistency")
    if line is None or line.speech_s < point["least_speech_s"] or len(line) < 2 * point["run"]:
        return None
    return other_voices(interview, line)


def _share(line: VoiceLine | None, others: NDArray[np.int64] | None, mark: Mark) -> float | None:
    if line is None or others is None:
        return None
    rows = _within(line.times_s, mark)
    return round(float(np.isin(rows, others).mean()), 2) if len(rows) else None
