"""What a thread says in one sentence: placed persons, and what cannot be said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.types import Status
from identity.thread import threads
from identity.thread_words import placed, said_of, sentence, sessions
from tests.identity.test_thread import by_trait
from tests.identity.test_thread import sessions as given

NUMBERS = {f"s{n}": n for n in range(1, 9)}


@pytest.mark.parametrize(
    ("faces", "wanted"),
    [
        ("AAAB", "By face, sessions 1-3 are of one person and session 4 is of another."),
        ("AABA", "By face, sessions 1-2 and 4 are of one person and session 3 is of another."),
        (
            "AABBC",
            "By face, sessions 1-2 are of one person, sessions 3-4 are of another and session 5 is "
            "of a third.",
        ),
        ("AAAA", "By face, sessions 1-4 are of the same person."),
        ("A---", "By face, fewer than two sessions can be compared."),
    ],
)
def test_a_thread_is_told_in_words(faces: str, wanted: str) -> None:
    voices = "A" * len(faces)
    said = sentence(threads(given(faces, voices)), NUMBERS)
    last = len(faces)
    assert said == f"{wanted} By voice, sessions 1-{last} are of the same person."


def test_what_is_not_sure_is_of_nobody() -> None:
    face, _ = by_trait(given("AAB", "AAA"))
    first, second = face.boundaries
    unsure = replace(
        face,
        boundaries=(first, replace(second, status=Status.INCONCLUSIVE)),
        status=Status.INCONCLUSIVE,
    )
    assert said_of(unsure) == "unclear" and placed(unsure) == (None, None, None)
    assert "whether sessions 1-3 are of one person cannot be said" in sentence([unsure], NUMBERS)
    both = replace(
        face,
        people=(0, 1, 2),
        boundaries=(
            replace(first, status=Status.REVIEW),
            replace(second, status=Status.INCONCLUSIVE),
        ),
    )
    assert placed(both) == (1, 2, None)
    said = sentence([both], NUMBERS)
    assert said == (
        "By face, session 1 is of one person and session 2 is of another; whether session 3 is of "
        "the person before cannot be said."
    )


def test_no_session_and_an_uncalibrated_network_say_nothing() -> None:
    assert sentence((), NUMBERS).startswith("Too few sessions")
    face, _ = by_trait(given("AA", "AA"))
    assert "no likelihood ratio" in sentence([replace(face, calibrated=False)], NUMBERS)


def test_numbers_are_joined() -> None:
    assert sessions([3]) == "session 3"
    assert sessions([1, 2, 3, 5, 7, 8]) == "sessions 1-3, 5 and 7-8"
