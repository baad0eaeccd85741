"""Listening: voice activity, overlap, segments, mel power."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from audit.inference import Models
from audit.interview import Audio
from audit.perception import overlap, speech, vad
from audit.perception.mel import mel_filters, mel_power


class EnergyVad:
    """Stands in for the network: its answer is the newest frame's loudness, its state a counter."""

    def __init__(self) -> None:
        self.lanes: set[int] = set()

    def run(
        self, _names: Sequence[str] | None, feed: dict[str, NDArray[Any]]
    ) -> list[NDArray[np.float32]]:
        block, state = feed["input"], feed["state"]
        self.lanes.add(len(block))
        loud = np.abs(block[:, vad.CONTEXT :]).mean(axis=1, keepdims=True) * 2
        return [loud.astype(np.float32), state + 1.0]


class Segmentation:
    """Stands in for the segmentation network: two voices wherever the signal is positive."""

    def run(
        self, _names: Sequence[str] | None, feed: dict[str, NDArray[Any]]
    ) -> list[NDArray[np.float32]]:
        windows = feed["waveform"][:, 0]
        scores = np.zeros((len(windows), overlap.FRAMES, 3), dtype=np.float32)
        for k, window in enumerate(windows):
            parts = np.array_split(window, overlap.FRAMES)
            both = np.array([float(p.mean() > 0) for p in parts])
            scores[k, :, 0], scores[k, :, 2] = 0.9, 0.8 * both
        return [scores]


def tone_between(total_s: float, start_s: float, end_s: float) -> NDArray[np.int16]:
    samples = np.zeros(round(total_s * vad.RATE), dtype=np.int16)
    samples[round(start_s * vad.RATE) : round(end_s * vad.RATE)] = 16000
    return samples


def test_probability_has_one_value_per_frame_and_lanes_keep_their_order() -> None:
    samples = tone_between(70.0, 40.0, 50.0)
    session = EnergyVad()
    found = vad.voice_probability(samples, session)
    assert len(found) == -(-len(samples) // vad.FRAME)
    assert session.lanes == {4}
    loud = np.flatnonzero(found > 0.4) * vad.STEP_S
    assert loud[0] == pytest.approx(40.0, abs=0.04)
    assert loud[-1] == pytest.approx(50.0, abs=0.04)


def test_an_empty_track_has_no_frames() -> None:
    assert len(vad.voice_probability(np.zeros(0, np.int16), EnergyVad())) == 0
    assert len(overlap.overlap_probability(np.zeros(0, np.int16), Segmentation())) == 0


def test_short_tracks_run_in_one_lane() -> None:
    session = EnergyVad()
    vad.voice_probability(tone_between(3.0, 1.0, 2.0), session)
    assert session.lanes == {1}


def test_hysteresis_bridges_short_silence_and_drops_short_speech() -> None:
    probability = np.zeros(200, dtype=np.float32)
    probability[50:70] = 0.9
    probability[72:90] = 0.9  # two frames of silence: bridged
    probability[150:154] = 0.9  # 128 ms: dropped
    probability[60:65] = 0.4  # dips below `enter` but not below `leave`
    (span,) = vad.segments(probability, vad.STEP_S, start_s=1.0)
    assert span.start_s == pytest.approx(1.0 + 50 * vad.STEP_S - 0.03)
    assert span.end_s == pytest.approx(1.0 + 90 * vad.STEP_S + 0.03)


@given(
    st.lists(st.floats(0.0, 1.0, width=32), max_size=400),
    st.floats(0.0, 100.0),
    st.floats(0.0, 0.5),
)
def test_segments_are_sorted_apart_inside_the_track_and_long_enough(
    values: list[float], start_s: float, pad_s: float
) -> None:
    probability = np.array(values, dtype=np.float32)
    rule = vad.Smoothing(pad_s=pad_s)
    spans = vad.segments(probability, vad.STEP_S, start_s=start_s, smoothing=rule)
    end = start_s + len(values) * vad.STEP_S
    for span in spans:
        assert start_s <= span.start_s < span.end_s <= end + 1e-9
        assert span.duration_s >= rule.min_speech_s - 1e-6
    for left, right in itertools.pairwise(spans):
        assert left.end_s < right.start_s


def test_overlap_is_the_second_voice_and_follows_time() -> None:
    samples = np.full(23 * vad.RATE, -100, dtype=np.int16)
    samples[12 * vad.RATE : 14 * vad.RATE] = 100
    found = overlap.overlap_probability(samples, Segmentation())
    assert abs(len(found) * overlap.STEP_S - 23.0) < 0.02
    both = np.flatnonzero(found > 0.5) * overlap.STEP_S
    assert both[0] == pytest.approx(12.0, abs=0.03)
    assert both[-1] == pytest.approx(14.0, abs=0.03)


def test_a_track_at_another_rate_is_refused(models: Models) -> None:
    audio = Audio(np.zeros(8000, np.int16), 8000, 0.0, 8000, 1)
    with pytest.raises(ValueError, match="16000 Hz"):
        speech.listen(audio, models)


def test_silence_and_noise_hold_no_speech(models: Models) -> None:
    noise = np.random.default_rng(5).normal(0, 300, 4 * vad.RATE).astype(np.int16)
    for samples in (np.zeros(4 * vad.RATE, np.int16), noise):
        log = speech.listen(Audio(samples, vad.RATE, 0.5, vad.RATE, 1), models)
        assert log.segments == ()
        assert log.total_s == 0.0
        assert log.overlap is None


# Computed once with librosa 0.11.0, center=False, on the signal below.
LIBROSA = {
    (0, 0): 0.754951536655426,
    (10, 5): 0.0008908275049179792,
    (50, 10): 2.0836490875808522e-05,
    (100, 22): 0.20676791667938232,
    (197, 26): 1.704408168734517e-05,
}


def test_mel_power_equals_the_reference_implementation() -> None:
    t = np.arange(32000) / 16000
    chirp = 0.1 * np.sin(2 * np.pi * (100 * t + 900 * t * t))
    signal = (chirp + 0.05 * np.sin(2 * np.pi * 2500 * t)).astype(np.float32)
    (mel,) = mel_power(signal[None], rate=16000, size=400, hop=160, bands=40)
    assert mel.shape == (198, 40)
    for (frame, band), value in LIBROSA.items():
        assert mel[frame, band] == pytest.approx(value, rel=1e-3, abs=1e-7)


def test_mel_filters_cover_the_band_with_equal_areas() -> None:
    filters = mel_filters(16000, 400, 40)
    assert filters.shape == (40, 201)
    assert (filters >= 0).all()
    assert filters[:, 0].sum() == 0.0
    areas = filters[20:].sum(axis=1) * 40.0
    assert np.allclose(areas, 1.0, atol=0.05)


def test_real_meetings_are_segmented_as_the_annotators_did(
    models: Models, shared_data: Path
) -> None:
    folder = shared_data / "speech" / "real" / "ami"
    audio = read_flac(folder / "tst00.flac")
    log = speech.listen(audio, models)
    truth = np.zeros(round(audio.duration_s * 100), dtype=np.int64)
    for line in (folder / "debug.test.rttm").read_text().splitlines():
        fields = line.split()
        if fields[1] == "tst00":
            first = float(fields[3])
            truth[round(first * 100) : round((first + float(fields[4])) * 100)] += 1
    said = np.zeros(len(truth), dtype=bool)
    for span in log.segments:
        said[round(span.start_s * 100) : round(span.end_s * 100)] = True
    assert (truth[said] > 0).mean() > 0.9
    assert said[truth > 0].mean() > 0.6
    assert log.overlap is not None
    both = np.interp(
        np.arange(len(truth)) / 100,
        np.arange(len(log.overlap)) * log.overlap_step_s,
        log.overlap,
    )
    assert both[truth > 1].mean() > 2 * both[truth == 1].mean()


def read_flac(path: Path) -> Audio:
    import av

    with av.open(str(path)) as container:
        resampler = av.AudioResampler("s16", "mono", vad.RATE)
        parts = [
            piece.to_ndarray()[0]
            for frame in container.decode(audio=0)
            for piece in resampler.resample(frame)
        ]
    return Audio(np.concatenate(parts), vad.RATE, 0.0, vad.RATE, 1)
