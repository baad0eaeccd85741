from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.types import Question, Span, Status
from liveness.faces import Faces, absent, weights_of
from liveness.leading_face import leading, speech_within, spread
from tests.liveness.face_tracks import interview, log, movement, samples, track


def test_nothing_to_see_is_inconclusive() -> None:
    assert Faces().inspect(interview(None)).reason.code == "no_pictures"
    signal = Faces().inspect(interview(log([], looked=np.arange(5.0))))
    assert signal.reason.code == "no_face" and signal.status is Status.INCONCLUSIVE


def test_one_face_is_no_indication_with_its_figures() -> None:
    face = track(5.0)
    signal = Faces().inspect(interview(log([face], samples(face, 100)), [Span(0, 4)]))
    assert signal.status is Status.NO_INDICATION
    assert signal.score == pytest.approx(1.0) and signal.quality == 1.0
    assert signal.measurements["size_median_px"] == pytest.approx(140)


@pytest.mark.parametrize(
    ("change", "word"), [("size", "small"), ("sharpness", "blurred"), ("brightness", "dark")]
)
def test_unusable_faces_are_inconclusive(change: str, word: str) -> None:
    face = track(5.0, size=20.0 if change == "size" else 140.0)
    if change != "size":
        getattr(face, change)[:] = 2.0
    signal = Faces().inspect(interview(log([face])))
    assert signal.status is Status.INCONCLUSIVE and word in signal.reason.text


def test_a_second_face_is_for_review_as_assistance() -> None:
    first, second = track(10.0), track(4.0, id=1, start_s=3.0, size=100)
    signal = Faces().inspect(interview(log([first, second])))
    assert signal.status is Status.REVIEW
    assert signal.status_for(Question.ASSISTANCE) is Status.REVIEW
    assert signal.status_for(Question.PRESENCE) is Status.NO_INDICATION
    assert signal.evidence[0].start_s == pytest.approx(3.0)


def test_passers_by_and_pictures_on_the_wall_are_only_measured() -> None:
    first = track(10.0)
    brief = track(1.0, id=1, start_s=3.0, size=100)
    poster = track(10.0, id=2, size=100, motion=movement(10.0, shift=0.001, around=0.0))
    tiny = track(10.0, id=3, size=40)
    signal = Faces().inspect(interview(log([first, brief, poster, tiny])))
    assert signal.status is Status.NO_INDICATION
    assert signal.measurements["second_faces_still"] == 1


def test_absence_under_speech_is_for_review_as_presence() -> None:
    face = track(10.0)
    looked = np.concatenate([face.times_s, np.arange(10.0, 40.0)])
    seen = interview(log([face], looked=looked), [Span(2, 8), Span(15, 35)])
    signal = Faces().inspect(seen)
    assert signal.status_for(Question.PRESENCE) is Status.REVIEW
    assert signal.status_for(Question.ASSISTANCE) is Status.NO_INDICATION
    quiet = interview(log([face], looked=looked), [Span(2, 8)])
    assert Faces().inspect(quiet).status is Status.NO_INDICATION
    assert Faces().inspect(quiet).evidence


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_absences_cover_exactly_the_empty_looks(counts: list[int]) -> None:
    made = log([], looked=np.arange(float(len(counts))))
    made.looked_count[:] = counts
    spans = absent(made, 0.0)
    for i, count in enumerate(counts):
        inside = any(s.start_s <= i <= s.end_s for s in spans)
        assert inside or count > 0
        assert count == 0 or not any(s.start_s < i < s.end_s for s in spans)
    assert all(b.start_s >= a.end_s for a, b in pairwise(spans))


@given(st.lists(st.floats(0.01, 20.0), min_size=2, max_size=30))
def test_looks_stand_for_the_time_around_them(gaps: list[float]) -> None:
    times = np.cumsum(gaps)
    assert weights_of(times).sum() == pytest.approx(np.minimum(np.diff(times), 5.0).sum())


def test_only_uneclipsed_tracks_lead() -> None:
    first, later = track(5.0), track(5.0, id=1, start_s=6.0, size=90)
    beside = track(5.0, id=2, size=80)
    assert [t.id for t in leading(log([first, later, beside]))] == [0, 1]


def test_speech_within_counts_overlap_only() -> None:
    seen = interview(log([track()]), [Span(0, 2), Span(3, 9)])
    assert speech_within(seen, 1, 5) == pytest.approx(3.0)
    assert speech_within(interview(log([track()])), 0, 1) is None


def test_thumbnails_lie_inside_the_span() -> None:
    assert spread(2.0, 2.0) == (2.0,)
    times = spread(1.0, 5.0)
    assert len(times) == 4 and all(1.0 < t < 5.0 for t in times)
