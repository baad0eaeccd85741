"""Lags are found where they were planted; speech over a shut mouth is located."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.interview import Audio, FaceLog, FaceTrack, Interview, SpeechLog
from audit.types import Question, Span, Status
from liveness.av_sync import (
    LAGS_S,
    AvSync,
    Peak,
    lag_curve,
    lag_status,
    peak,
    runs_of,
    shut_spans,
    stretches_of,
)
from liveness.mouth_speech import BANDS, MouthModel, context, log_mels, mouth_model, without_trend

RATE = 25.0
POINT = {"lag_ms": 100.0, "least_z": 3.0, "no_match_z": 1.2}


def openings(seconds: float, seed: int) -> np.ndarray:
    """A mouth that opens and shuts at syllable rate, 0..about .3, one value per 10 ms."""
    noise = np.random.default_rng(seed).standard_normal(round(seconds * 100))
    smooth = np.convolve(noise, np.hanning(25), "same")
    return np.asarray(np.clip(smooth / smooth.std() * 0.08 + 0.12, 0.0, 0.6))


def track_of(opening: np.ndarray, rate: float = RATE) -> FaceTrack:
    times = np.arange(round(len(opening) / 100 * rate)) / rate
    n = len(times)
    values = np.interp(times, np.arange(len(opening)) / 100, opening).astype(np.float32)
    flat = np.ones(n, np.float32)
    return FaceTrack(
        id=0,
        times_s=times,
        frames=np.arange(n),
        boxes=np.tile(np.float32([0, 0, 100, 100]), (n, 1)),
        points=np.zeros((n, 5, 2), np.float32),
        confidence=flat,
        pose=np.zeros((n, 3), np.float32),
        mouth_open=values,
        eye_open=np.full((n, 2), 0.3, np.float32),
        sharpness=flat * 100,
        brightness=flat * 120,
        dense=np.ones(n, bool),
    )


def sound_of(opening: np.ndarray, lag_s: float, seed: int) -> Audio:
    """Noise as loud as the mouth is open, `lag_s` later."""
    rows = np.arange(len(opening)) / 100 - lag_s
    level = np.interp(rows, np.arange(len(opening)) / 100, opening)
    fine = np.repeat(np.maximum(level - 0.03, 0.002), 160)
    noise = np.random.default_rng(seed).standard_normal(len(fine))
    return Audio((fine * noise * 20000).clip(-32768, 32767).astype(np.int16), 16000, 0.0, 16000, 1)


def loudness_model() -> MouthModel:
    """Opening and speed follow the mean level of the middle context frame, nothing else."""
    width = context(np.zeros((50, BANDS))).shape[1]
    weights = np.zeros((width, 2))
    middle = (width // BANDS // 2) * BANDS
    weights[middle : middle + BANDS, 0] = 1.0
    return MouthModel(np.zeros(width), np.ones(width), weights)


@given(st.integers(min_value=-40, max_value=40), st.integers(min_value=0, max_value=50))
@settings(max_examples=15, deadline=None)
def test_a_planted_lag_is_found(rows: int, seed: int) -> None:
    opening = openings(8.0, seed)
    stretches = stretches_of(track_of(opening), sound_of(opening, rows / 100, seed + 1))
    best = peak(lag_curve(stretches, loudness_model()))
    assert best.lag_s == pytest.approx(rows / 100, abs=0.04)
    assert best.z > 3.0


def test_unrelated_sound_rarely_stands_out() -> None:
    heights = []
    for seed in range(20):
        stretches = stretches_of(
            track_of(openings(8.0, seed)), sound_of(openings(8.0, seed + 100), 0.0, seed)
        )
        heights.append(peak(lag_curve(stretches, loudness_model())).z)
    # The highest of some dozen independent lags: about 2 by chance.
    assert np.median(heights) < 3.0


def test_the_shipped_model_follows_loud_and_quiet() -> None:
    opening = openings(8.0, 3)
    stretches = stretches_of(track_of(opening), sound_of(opening, 0.2, 4))
    best = peak(lag_curve(stretches, mouth_model()))
    assert best.lag_s == pytest.approx(0.2, abs=0.1)


@pytest.mark.parametrize(
    ("best", "moving", "status"),
    [
        (Peak(0.05, 1.0, 5.0, 4.8), True, Status.NO_INDICATION),
        (Peak(0.2, 1.0, 5.0, 0.3), True, Status.REVIEW),
        (Peak(-0.2, 1.0, 5.0, 0.3), False, Status.REVIEW),
        (Peak(0.2, 1.0, 2.0, 1.9), True, Status.INCONCLUSIVE),
        (Peak(0.2, 1.0, 2.0, 0.5), True, Status.REVIEW),
        (Peak(0.2, 1.0, 2.0, 0.5), False, Status.INCONCLUSIVE),
    ],
)
def test_status_of_a_lag(best: Peak, moving: bool, status: Status) -> None:
    assert lag_status(best, POINT, moving=moving) is status


@given(st.floats(min_value=0.5, max_value=4.0), st.floats(min_value=1.2, max_value=3.0))
@settings(max_examples=20, deadline=None)
def test_speech_over_a_shut_mouth_is_located(start: float, length: float) -> None:
    opening = openings(8.0, 5) + 0.05
    opening[round(start * 100) : round((start + length) * 100)] = 0.0
    speech = SpeechLog(np.ones(250, np.float32), 0.032, 0.0, (Span(0.0, 8.0),))
    found = shut_spans(track_of(opening), speech, shut=0.02, least_s=1.0)
    assert len(found) == 1
    assert found[0].start_s == pytest.approx(start, abs=0.15)
    assert found[0].end_s == pytest.approx(start + length, abs=0.15)


def test_a_shut_mouth_in_silence_is_nothing() -> None:
    speech = SpeechLog(np.zeros(250, np.float32), 0.032, 0.0, ())
    assert shut_spans(track_of(np.zeros(800)), speech, shut=0.05, least_s=1.0) == []


def test_breaks_part_the_stretches() -> None:
    track = track_of(openings(8.0, 1))
    broken = np.ones(len(track.times_s), bool)
    broken[100] = False
    halves = runs_of(cast("FaceTrack", SimpleNamespace(times_s=track.times_s, dense=broken)))
    assert [(len(h), int(h[0])) for h in halves] == [(100, 0), (99, 101)]


def test_trend_is_removed_and_mels_are_centred() -> None:
    assert np.abs(without_trend(np.linspace(0, 1, 500))[60:-60]).max() < 1e-9
    click = np.zeros(16000, np.float32)
    click[8000] = 1.0
    assert abs(int(np.argmax(log_mels(click).sum(axis=1))) - 50) <= 1
    assert len(LAGS_S) == 121


def interview(**parts: Any) -> Interview:
    return Interview(
        label="r", facts=cast("Any", None), models=cast("Any", None), source_path="", **parts
    )


def whole(lag_s: float) -> Interview:
    opening = openings(8.0, 7)
    track = track_of(opening)
    faces = FaceLog((track,), (), track.times_s, np.ones(len(track.times_s), np.int64), 0)
    speech = SpeechLog(np.ones(250, np.float32), 0.032, 0.0, (Span(0.0, 8.0),))
    return interview(audio=sound_of(opening, lag_s, 8), faces=faces, speech=speech)


def test_the_detector_reports_a_shift_with_its_evidence() -> None:
    signal = AvSync().inspect(whole(0.3))
    assert signal.status_for(Question.AUTHENTICITY) is Status.REVIEW
    assert signal.reason.code in {"sound_shifted", "speech_with_mouth_shut"}
    assert signal.score == pytest.approx(300, abs=60)
    assert signal.evidence[0].start_s == pytest.approx(0.0, abs=0.1)


def test_weak_input_is_inconclusive_with_its_reason() -> None:
    full = whole(0.0)
    assert AvSync().inspect(interview()).reason.code == "no_sound"
    only_sound = interview(audio=full.audio, speech=full.speech)
    assert AvSync().inspect(only_sound).reason.code == "no_face"
    silent = SpeechLog(np.zeros(250, np.float32), 0.032, 0.0, ())
    unspoken = interview(audio=full.audio, faces=full.faces, speech=silent)
    signal = AvSync().inspect(unspoken)
    assert signal.status is Status.INCONCLUSIVE
    assert signal.reason.code == "too_little_speech_in_view"


def test_a_mouth_that_does_not_follow_the_sound_is_reported() -> None:
    matched = whole(0.0)
    found = set()
    for seed in range(6):
        other = sound_of(openings(8.0, 900 + seed), 0.0, seed)
        signal = AvSync().inspect(replace(matched, audio=other))
        found.add(signal.reason.code)
    assert "no_match" in found
    assert AvSync().inspect(matched).status_for(Question.AUTHENTICITY) is Status.NO_INDICATION
