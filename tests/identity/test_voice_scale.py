"""Voice similarities made into statuses and ratios."""

from __future__ import annotations

import pytest

from audit.detectors import operating_point
from audit.types import Status
from identity.voice_scale import VoiceGrade, pair_grade, stretch_grade

STRETCH = operating_point("identity", "speaker_consistency")
PAIR = operating_point("identity", "voice_reference")


def calibrated() -> list[VoiceGrade]:
    return [
        *(stretch_grade("ge2e", STRETCH, row["from_s"]) for row in STRETCH["lengths"]),
        *(pair_grade("ge2e", PAIR, row["from_s"]) for row in PAIR["lengths"]),
    ]


@pytest.mark.parametrize("grade", calibrated(), ids=lambda g: f"{g.from_s:g} s")
def test_thresholds_are_shown_as_ratios_and_decide_on_cosines(grade: VoiceGrade) -> None:
    assert grade.record is not None
    low, high = grade.figure(grade.review_below), grade.figure(grade.clear_from)
    assert grade.record.lower < low < 0.0 < high < grade.record.upper  # words have a direction
    assert grade.operating_point.startswith(f"Review below {low:.2f} (about ")
    assert "times likelier if these are two voices), no indication from" in grade.operating_point
    assert grade.operating_point.endswith(f"{grade.scope}.")
    assert f"{grade.from_s:g} s of speech or more" in grade.scope
    assert grade.status(grade.review_below - 1e-6) is Status.REVIEW
    assert grade.status(grade.review_below) is Status.INCONCLUSIVE
    assert grade.status(grade.clear_from) is Status.NO_INDICATION


@pytest.mark.parametrize(
    ("speech_s", "from_s", "record"),
    [(0.0, 1.6, "2s"), (1.7, 1.6, "2s"), (3.0, 3.0, "3s"), (90.0, 3.0, "3s")],
)
def test_a_stretch_is_read_by_its_length(speech_s: float, from_s: float, record: str) -> None:
    grade = stretch_grade("ge2e", STRETCH, speech_s)
    assert grade.from_s == from_s
    assert grade.record is not None
    assert grade.record.id == f"speaker_ge2e_{record}"


@pytest.mark.parametrize(
    ("speech_s", "from_s", "record"),
    [(1.0, 2.0, "2s"), (4.9, 2.0, "2s"), (5.0, 5.0, "5s"), (20.0, 15.0, "5s")],
)
def test_a_pair_is_read_by_the_longest_record_reached(
    speech_s: float, from_s: float, record: str
) -> None:
    grade = pair_grade("ge2e", PAIR, speech_s)
    assert grade.from_s == from_s
    assert grade.record is not None
    assert grade.record.id == f"voice_ge2e_{record}"


def test_other_back_ends_are_uncalibrated() -> None:
    grade = pair_grade("speechbrain", PAIR, 20.0)
    assert grade.record is None
    assert grade.figure(0.3001) == 0.3
    assert grade.operating_point == (
        "Uncalibrated cosine: review below 0.250, no indication from 0.400, for 2 s of speech or "
        "more on both sides."
    )
    assert stretch_grade("speechbrain", STRETCH, 20.0).record is None
