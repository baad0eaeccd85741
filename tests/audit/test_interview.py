"""Cutting sound by time, and whose seat it is."""

from __future__ import annotations

import numpy as np
import pytest

from audit.interview import Audio, FaceLog, FaceTrack
from audit.types import Span


def track(number: int, start: float, end: float, size: float = 100.0) -> FaceTrack:
    times = np.arange(start, end, 0.1)
    n = len(times)
    ones = np.ones(n, np.float32)
    return FaceTrack(
        id=number,
        times_s=times,
        frames=np.arange(n),
        boxes=np.tile(np.float32([0, 0, size, size]), (n, 1)),
        points=np.zeros((n, 5, 2), np.float32),
        confidence=ones,
        pose=np.zeros((n, 3), np.float32),
        mouth_open=ones,
        eye_open=np.ones((n, 2), np.float32),
        sharpness=ones,
        brightness=ones,
        dense=np.ones(n, bool),
    )


def log(*tracks: FaceTrack, main: int | None = 0) -> FaceLog:
    return FaceLog(tracks, (), np.zeros(0), np.zeros(0, np.int64), main)


def test_tracks_that_follow_one_another_share_a_seat() -> None:
    seat = log(track(0, 10, 30), track(1, 0, 9.5), track(2, 31, 35)).seat()
    assert [t.id for t in seat] == [1, 0, 2]


def test_who_sits_beside_or_stands_behind_has_another_seat() -> None:
    beside, behind = track(1, 5, 25), track(2, 21, 25, size=30)
    assert [t.id for t in log(track(0, 0, 20), beside, behind).seat()] == [0]


def test_without_a_main_face_nobody_sits() -> None:
    assert log(main=None).seat() == ()
    with pytest.raises(KeyError):
        log().track(7)


def test_sound_is_cut_by_the_clock_of_the_recording() -> None:
    audio = Audio(np.arange(1000, dtype=np.int16), 100, 2.0, 100, 1)
    assert audio.duration_s == 10.0
    piece = audio.cut(3.0, 4.0)
    assert len(piece) == 100
    assert piece[0] == pytest.approx(100 / 32768)
    assert len(audio.cut(0.0, 2.5)) == 50
    assert len(audio.cut(11.5, 99.0)) == 50
    assert len(audio.cut(50.0, 60.0)) == 0


def test_spans_are_ordered_and_finite() -> None:
    assert Span(1.0, 3.0).duration_s == 2.0
    for wrong in ((3.0, 1.0), (0.0, float("nan")), (float("-inf"), 0.0)):
        with pytest.raises(ValueError, match="span"):
            Span(*wrong)
