"""Channel figures on signals whose level, noise, bandwidth and balance are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from audit.interview import Floats
from liveness.speech_channel import describe

RATE = 16_000


def noise(seconds: float, level_db: float, seed: int = 1) -> Floats:
    drawn = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return (drawn * 10 ** (level_db / 20)).astype(np.float32)


def speechlike(level_db: float, floor_db: float) -> Floats:
    """Bursts of .3 s every .5 s over a steady floor."""
    on = (np.arange(4 * RATE) % (RATE // 2)) < 0.3 * RATE
    return (noise(4, level_db) * on + noise(4, floor_db, seed=2)).astype(np.float32)


def test_level_and_noise_of_bursts_over_a_floor() -> None:
    channel = describe(speechlike(-25.0, -60.0))
    assert channel is not None
    assert channel.level_db == pytest.approx(-25.0, abs=1.0)
    assert channel.snr_db == pytest.approx(35.0, abs=1.5)
    assert channel.clipped == 0.0


@pytest.mark.parametrize("seconds", [0.2, 0.4, 0.8])
def test_the_decay_follows_the_reverberation_time_of_a_room(seconds: float) -> None:
    clicks = np.zeros(6 * RATE)
    clicks[:: 2 * RATE] = 1.0
    times = np.arange(round(seconds * RATE)) / RATE
    response = noise(seconds, 0.0, seed=5) * 10 ** (-3.0 * times / seconds)
    room = signal.fftconvolve(clicks, response)[: len(clicks)] * 0.1
    channel = describe(room.astype(np.float32))
    assert channel is not None
    assert 1.0 < channel.decay_db_s / (60.0 / seconds) < 2.0


def test_a_room_slows_the_decay_of_speech() -> None:
    dry = speechlike(-25.0, -60.0)
    times = np.arange(RATE // 2) / RATE
    response = noise(0.5, 0.0, seed=6) * 10 ** (-3.0 * times / 0.5)
    wet = signal.fftconvolve(dry, response)[: len(dry)]
    near, far = describe(dry), describe((wet * np.std(dry) / np.std(wet)).astype(np.float32))
    assert near is not None
    assert far is not None
    assert near.decay_db_s > 300
    assert far.decay_db_s < 200


@pytest.mark.parametrize("cut", [2500, 4000, 6000])
def test_bandwidth_is_where_the_spectrum_ends(cut: int) -> None:
    steep = signal.butter(20, cut, fs=RATE, output="sos")
    channel = describe(signal.sosfilt(steep, noise(2, -20)).astype(np.float32))
    assert channel is not None
    assert cut < channel.bandwidth_hz < 1.5 * cut


def test_tilt_of_a_flat_spectrum_and_of_a_dull_one() -> None:
    flat = describe(noise(2, -20))
    dull = describe(signal.lfilter([1], [1, -0.95], noise(2, -40)).astype(np.float32))
    assert flat is not None
    assert dull is not None
    # 2000 Hz against 920 Hz of equal density
    assert flat.tilt_db == pytest.approx(10 * np.log10(2000 / 920), abs=0.5)
    assert dull.tilt_db < flat.tilt_db - 8


def test_clipped_samples_are_counted() -> None:
    loud = np.clip(noise(2, 0.0), -1, 1)
    channel = describe(loud)
    assert channel is not None
    assert channel.clipped == pytest.approx(np.mean(np.abs(loud) >= 0.985))
    assert channel.clipped > 0.2


def test_silence_and_scraps_have_no_channel() -> None:
    assert describe(np.zeros(RATE, dtype=np.float32)) is None
    assert describe(noise(0.05, -20)) is None


@settings(max_examples=25, deadline=None)
@given(st.floats(-30, 0), st.floats(30, 60))
def test_a_gain_moves_the_level_and_nothing_else(gain_db: float, snr_db: float) -> None:
    samples = speechlike(-20.0, -20.0 - snr_db)
    before, after = describe(samples), describe(samples * np.float32(10 ** (gain_db / 20)))
    assert before is not None
    assert after is not None
    assert after.level_db == pytest.approx(before.level_db + gain_db, abs=0.01)
    assert after.snr_db == pytest.approx(before.snr_db, abs=0.01)
    assert after.tilt_db == pytest.approx(before.tilt_db, abs=0.01)
    assert after.decay_db_s == pytest.approx(before.decay_db_s, abs=0.1)
    assert after.bandwidth_hz == before.bandwidth_hz
