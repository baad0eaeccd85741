"""Who answered which question: answers divided by voice and face; what is too short says so."""

from __future__ import annotations

import io
import math
from pathlib import Path

import pytest
from rich.console import Console

from api.answer_files import answers_summary, read_marks
from audit.check import open_interview, reading
from audit.errors import InputError
from audit.inference import Models
from audit.settings import Settings
from audit.types import Status
from benchmarks.identity_clips import facts_of, joined
from identity.answer_words import sentence
from identity.answers import PAST, Answers, Mark, answers_of, checked
from identity.thread import TRAITS, Session, against_rest, threads
from identity.thread_words import placed
from tests.identity.test_speaker_consistency import FAST, SLOW
from tests.identity.test_thread import segment
from tests.identity.test_thread import sessions as given
from tests.identity.toy_voices import interview, pause, track, use_toy_encoder, voice

CLIPS = Path("/work/shared/data/video/grid/GRID")


def marks(count: int, length: float = 5.0) -> list[Mark]:
    return [Mark(f"s{n + 1}", n * 10.0, n * 10.0 + length) for n in range(count)]


NUMBERS = {f"s{n}": n for n in range(1, 9)}


def told(faces: str, voices: str, *, past: str = "") -> Answers:
    """Answers of these people, without reading a recording."""
    sessions = given(faces, voices)
    if past:
        earlier = Session(PAST, (segment("face", past, 9), segment("voice", past, 9)))
        sessions = [earlier, *sessions]
    found = threads(sessions)
    turns = tuple(each.trait for each in found if each.returned)
    own = [each for each in sessions if each.label != PAST]
    rest = tuple(one for trait in TRAITS for one in against_rest(trait, own))
    return Answers(found, rest, {}, dict.fromkeys(NUMBERS, 0.0), turns)


def test_another_persons_answer_is_named_and_turns_are() -> None:
    said = sentence(told("AABA", "AAAA"), NUMBERS)
    assert said == (
        "By face, answers 1-2 and 4 were given by one person, answer 3 was given by another. By "
        "voice, answers 1-4 were given by one person. By face, two people take turns. By face, "
        "answer 3 is unlike all others together."
    )


def test_turns_of_more_than_two_people_are_not_said_to_be_of_two() -> None:
    said = sentence(told("ABCAB", "AAAAA"), NUMBERS)
    assert "By face, several people take turns." in said and "two people" not in said


def test_answers_are_compared_with_earlier_recordings() -> None:
    said = sentence(told("BBA", "AAA", past="A"), NUMBERS)
    assert said.startswith(
        "By face, answers 1-2 were given by another, answer 3 was given by the person of the "
        "earlier recordings. By voice, answers 1-3 were given by the person of the earlier"
    )


def test_voices_of_answers_are_divided_and_short_ones_say_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_toy_encoder(monkeypatch)
    parts = []
    for beats, seconds in ((SLOW, 15.0), (SLOW, 15.0), (FAST, 15.0), (SLOW, 15.0), (FAST, 1.0)):
        parts += [voice(beats, seconds), pause(1.0)]
    starts = [0.0, 16.0, 32.0, 48.0, 64.0]
    marked = [Mark(f"s{n}", at, at + 15.5) for n, at in enumerate(starts, start=1)]
    found = answers_of(interview(*track(*parts)), marked)
    said = sentence(found, NUMBERS)
    assert "By voice, answer 3 is unlike all others together." in said
    assert "Most speech in answer 3 is of another voice than the one heard most." in said
    assert [each.status is Status.REVIEW for each in found.rest] == [False, False, True, False]
    assert found.refused["s5", "voice"].code == "little_speech"
    assert found.refused["s1", "face"].code == "few_faces"
    shares = [found.other_share[mark.question] for mark in marked]
    assert shares[0] == 0.0 and shares[2] is not None and shares[2] > 0.8
    shown = io.StringIO()
    Console(file=shown, width=200).print(answers_summary(marked, found))
    assert "support for another person" in shown.getvalue()


@pytest.mark.skipif(not CLIPS.is_dir(), reason="no talking heads on this machine")
def test_faces_of_real_answers_are_told_apart(models: Models, tmp_path: Path) -> None:
    clips = CLIPS / "pwij3p.mpg", CLIPS.parent / "id2_vcd_swwp2s.mpg", CLIPS / "lrwp9a.mpg"
    length, _ = facts_of(clips[0])
    joined([(clip, 0.0, length) for clip in clips], tmp_path / "session.mp4")
    settings = Settings()
    how = reading(settings, models, ("face_reference", "voice_reference"))
    marked = [Mark(f"s{n + 1}", n * length, (n + 1) * length) for n in range(3)]
    found = answers_of(open_interview(tmp_path / "session.mp4", how, label="session"), marked)
    face, _ = found.found
    assert dict(zip(face.sessions, placed(face), strict=True)) == {"s1": 1, "s2": 1, "s3": 2}
    assert found.refused["s1", "voice"].code == "little_speech"


def test_marks_are_checked(tmp_path: Path) -> None:
    assert [m.question for m in checked(list(reversed(marks(3))))] == ["s1", "s2", "s3"]
    for wrong in (
        marks(1),
        [*marks(2), Mark("s1", 90.0, 91.0)],
        [Mark("a", 0.0, 5.0), Mark("b", 4.0, 6.0)],
        [Mark("a", 0.0, 5.0), Mark("b", 6.0, 6.0)],
        [Mark("a", math.nan, 5.0), Mark("b", 6.0, 7.0)],
        [Mark(PAST, 0.0, 5.0), Mark("b", 6.0, 7.0)],
    ):
        with pytest.raises(InputError):
            checked(wrong)
    file = tmp_path / "marks.csv"
    file.write_text("question,start_s,end_s\nq1,0,5\nq2,6,x\n")
    with pytest.raises(InputError, match="line 3: end_s is 'x'"):
        read_marks(file)
    file.write_text("question,from\nq1,0\n")
    with pytest.raises(InputError, match="columns"):
        read_marks(file)
