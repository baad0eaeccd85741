"""The speech timeline: positions in speech and times in the recording."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.interview import Audio
from audit.types import Span
from identity.voice_windows import (
    LEVEL_DBFS,
    RATE,
    WINDOW,
    SpeechTimeline,
    levelled,
    window_starts,
    windows_of,
)

PIECES = st.lists(st.tuples(st.integers(1, 900), st.integers(0, 900)), min_size=1, max_size=12)


def spans_of(pieces: list[tuple[int, int]]) -> tuple[list[Span], int]:
    """Speech and silence lengths in samples as spans, and the track's length."""
    spans, at = [], 0
    for speech, silence in pieces:
        spans.append(Span(at / RATE, (at + speech) / RATE))
        at += speech + silence
    return spans, at


@given(PIECES, st.data())
def test_every_speech_sample_comes_from_its_time(
    pieces: list[tuple[int, int]], data: st.DataObject
) -> None:
    spans, length = spans_of(pieces)
    samples = np.arange(length, dtype=np.int16)
    timeline = SpeechTimeline.of(Audio(samples, RATE, 0.0, RATE, 1), spans)
    assert timeline.length == sum(p[0] for p in pieces)
    first = data.draw(st.integers(0, timeline.length - 1))
    last = data.draw(st.integers(first + 1, timeline.length))
    cut = np.round(timeline.cut(first, last) * 32768).astype(int)
    assert len(cut) == last - first
    assert cut[0] == round(timeline.time_s(first) * RATE)
    assert cut[-1] == round(timeline.time_s(last - 1) * RATE)


@given(PIECES)
def test_times_never_go_back(pieces: list[tuple[int, int]]) -> None:
    spans, length = spans_of(pieces)
    timeline = SpeechTimeline.of(
        Audio(np.zeros(length, np.int16), RATE, 2.5, RATE, 1),
        [Span(s.start_s + 2.5, s.end_s + 2.5) for s in spans],
    )
    times = [timeline.time_s(p) for p in range(0, timeline.length + 5, 37)]
    assert times == sorted(times)
    assert times[0] == pytest.approx(2.5)


def test_a_track_without_speech_has_an_empty_timeline() -> None:
    timeline = SpeechTimeline.of(Audio(np.zeros(100, np.int16), RATE, 1.0, RATE, 1), ())
    assert timeline.length == 0
    assert timeline.time_s(50) == 1.0
    assert len(timeline.cut(0, 10)) == 0


@given(st.integers(0, 20 * RATE), st.integers(RATE // 10, 2 * RATE))
def test_windows_stay_inside_and_leave_little_over(length: int, hop: int) -> None:
    starts = window_starts(length, hop)
    assert (len(starts) == 0) == (length < WINDOW)
    if len(starts):
        assert starts[0] == 0
        assert length - hop // 2 <= starts[-1] + WINDOW <= length
        assert (np.diff(starts) > 0).all()


def test_a_short_piece_is_repeated_to_fill_one_window() -> None:
    windows = windows_of(np.arange(RATE, dtype=np.float32), RATE)
    assert windows.shape == (1, WINDOW)
    assert windows[0, RATE] == 0.0


def test_levels_are_evened_out_and_silence_stays_silent() -> None:
    windows = np.stack([np.full(100, 0.5), np.full(100, 0.001), np.zeros(100)]).astype(np.float32)
    rms = np.sqrt(np.mean(levelled(windows) ** 2, axis=1))
    assert rms == pytest.approx([10 ** (LEVEL_DBFS / 20)] * 2 + [0.0], rel=1e-4)
