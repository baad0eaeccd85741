"""Which samples stand for the interview's main position."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.interview import PictureLog
from identity.face_line import face_line, is_present, quality_notes, quality_of, seat_samples
from tests.identity.toy_faces import ToyEncoder, interview, samples, talk, track


def test_presence_spans_short_gaps_only() -> None:
    seen = track(0, [1.0, 2.0, 10.0])
    assert [is_present(seen, t) for t in (0.5, 1.0, 1.5, 2.0, 5.0, 10.0, 11.0)] == [
        False, True, True, True, False, True, False,
    ]  # fmt: skip


@given(st.integers(0, 20), st.integers(1, 20))
def test_never_two_tracks_at_once(start: int, length: int) -> None:
    main, other = track(0, np.arange(5.0, 15.0)), track(1, np.arange(start, start + length) + 0.5)
    kept = samples(main, [1] * 10) + samples(other, [2] * length)
    seat = seat_samples(interview([main, other], kept).faces, least_size=0.5)  # type: ignore[arg-type]
    times = [s.time_s for s in seat]
    assert times == sorted(times)
    assert sum(s.track == 0 for s in seat) == 10
    assert not any(s.track == 1 and 5.0 <= s.time_s <= 14.0 for s in seat)


def test_the_line_is_made_once_and_keeps_geometry() -> None:
    one = talk([1] * 6, quality=[0.9, 0.9, 0.1, 0.9, 0.9, 0.9])
    encoder = ToyEncoder()
    line = face_line(one, encoder, least_quality=0.15, least_size=0.5)
    assert line is not None
    assert (len(line), line.offered) == (5, 6)
    assert face_line(one, encoder, least_quality=0.15, least_size=0.5) is line
    assert np.linalg.norm(line.embeddings, axis=1) == pytest.approx(np.ones(5))
    assert line.box(0) == (10.0, 10.0, 110.0, 110.0)
    assert quality_of(line) == pytest.approx(0.9)
    assert quality_notes(line) == ()


def test_boxes_are_relative_where_the_frame_is_known() -> None:
    one = talk([1] * 3)
    log = PictureLog(
        np.empty(0), np.empty(0, np.int64), np.empty((0, 24, 32), np.uint8), (), 200, 100
    )
    object.__setattr__(one, "pictures", log)
    line = face_line(one, ToyEncoder(), least_quality=0.15, least_size=0.5)
    assert line is not None
    assert line.box(0) == (0.05, 0.1, 0.55, 1.0)
    assert quality_of(line) == pytest.approx(0.54)


def test_no_main_face_is_no_line() -> None:
    empty = interview([], [], main=None)
    assert face_line(empty, ToyEncoder(), least_quality=0.15, least_size=0.5) is None
    assert empty.faces is not None
    assert seat_samples(empty.faces, least_size=0.5) == ()


def test_crops_of_another_back_end_are_left_out() -> None:
    one = talk([1] * 4)
    encoder = ToyEncoder()
    encoder.crop = type(encoder.crop)("other", 10, scale=1.0)  # type: ignore[misc]
    line = face_line(one, encoder, least_quality=0.15, least_size=0.5)
    assert line is not None
    assert (len(line), line.offered) == (0, 0)
    assert quality_of(line) == 0.0
