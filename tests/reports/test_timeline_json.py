from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from audit.interview import Audio, FaceLog, SpeechLog
from audit.types import Span
from reports.timeline_json import LONGEST_LAPSE_S, faces_in_view, seen, speech_entry


def spans(times: list[float], looked: list[float]) -> list[tuple[float, float]]:
    found = seen(np.array(times), np.array(looked))
    return [(s.start_s, s.end_s) for s in found]


def log(times: list[float], counts: list[int]) -> FaceLog:
    return FaceLog((), (), np.array(times), np.array(counts, dtype=np.int64), None)


def test_a_face_that_frames_between_did_not_show_is_seen_twice() -> None:
    looked = [float(n) for n in range(10)]
    assert spans([0, 1, 2, 6, 7], looked) == [(0, 2), (6, 7)]


def test_sparse_sightings_without_a_look_between_are_one_stretch() -> None:
    assert spans([0, 5, 10], [0, 5, 10]) == [(0, 10)]


def test_a_short_miss_does_not_break_a_stretch() -> None:
    looked = [0.0, 0.04, 0.08, 0.12]
    assert spans([0.0, 0.04, 0.12], looked) == [(0.0, 0.12)]


def test_one_sighting_is_a_stretch_without_length() -> None:
    assert spans([3.0], [2.0, 3.0, 4.0]) == [(3.0, 3.0)]


@given(st.lists(st.booleans(), min_size=1, max_size=60).filter(any), st.floats(0.04, 3.0))
def test_stretches_hold_every_sighting_and_no_long_absence(there: list[bool], step: float) -> None:
    looked = np.round(np.arange(len(there)) * step, 3)
    times = looked[np.array(there)]
    found = seen(times, looked)
    assert all(any(s.start_s <= t <= s.end_s for s in found) for t in times)
    for before, after in itertools.pairwise(found):
        assert after.start_s - before.end_s > LONGEST_LAPSE_S
    for stretch in found:
        inside = times[(times >= stretch.start_s) & (times <= stretch.end_s)]
        for a, b in itertools.pairwise(inside):
            missed = ((looked > a) & (looked < b)).any()
            assert not (missed and b - a > LONGEST_LAPSE_S)


def test_counts_are_joined_into_stretches() -> None:
    found = faces_in_view(log([0, 1, 2, 3, 4], [1, 1, 2, 2, 0]))
    assert [(s.start_s, s.end_s, s.count) for s in found] == [(0, 2, 1), (2, 4, 2), (4, 4, 0)]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=2500))
def test_counts_cover_the_whole_log_and_keep_the_most(counts: list[int]) -> None:
    times = [float(n) for n in range(len(counts))]
    found = faces_in_view(log(times, counts))
    assert (found[0].start_s, found[-1].end_s) == (times[0], times[-1])
    assert all(a.end_s == b.start_s for a, b in itertools.pairwise(found))
    assert max(s.count for s in found) == max(counts)
    assert len(found) <= 600


def test_nothing_searched_gives_no_stretches() -> None:
    assert faces_in_view(None) == []
    assert faces_in_view(log([], [])) == []


def test_speech_is_listed_with_overlap_thinned() -> None:
    overlap = np.linspace(0, 1, 5000, dtype=np.float32)
    speech = SpeechLog(np.zeros(1, np.float32), 0.03, 0.5, (Span(1.0, 3.5),), overlap, 0.017)
    entry = speech_entry(speech, None)
    assert entry is not None
    assert entry.total_s == 2.5
    assert entry.overlap is not None
    assert len(entry.overlap.values) == 600
    assert entry.overlap.times_s[0] >= 0.5


def test_no_sound_and_no_overlap_model_are_said() -> None:
    assert speech_entry(None, None) is None
    entry = speech_entry(SpeechLog(np.zeros(1, np.float32), 0.03, 0.0, ()), None)
    assert entry is not None
    assert entry.overlap is None and entry.loudness is None


def test_loudness_is_the_highest_sample_of_each_run() -> None:
    samples = np.zeros(16_000, np.int16)
    samples[8_000:8_010] = (0, 5, -32768, 7, 0, 0, 0, 0, 0, 0)
    samples[15_999] = 16_384
    speech = SpeechLog(np.zeros(1, np.float32), 0.03, 0.5, ())
    entry = speech_entry(speech, Audio(samples, 16_000, 0.5, 16_000, 1))
    assert entry is not None and entry.loudness is not None
    values, times = entry.loudness.values, entry.loudness.times_s
    assert len(values) == 600 and times[0] == 0.5
    assert {i: v for i, v in enumerate(values) if v} == {300: 1.0, 599: 0.5}
    assert times[300] == 1.0
