"""The made-up voices and the demo recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.signal import find_peaks

from audit.inference import Models
from audit.interview import Audio
from audit.media import probe
from audit.perception.speech import listen
from audit.settings import Settings
from datasets import demo
from datasets.voices import HIGH, LOW, RATE, Speaker, babble


def pitch_hz(sound: np.ndarray) -> float:
    """The strongest periodicity between 60 and 400 Hz of the loudest half second."""
    power = np.convolve(sound.astype(float) ** 2, np.ones(RATE // 2), "valid")
    start = int(np.argmax(power))
    piece = sound[start : start + RATE // 2].astype(float)
    spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece)), 1 << 16)) ** 2
    spectrum = np.log(spectrum + spectrum.max() * 1e-9)
    cepstrum = np.fft.irfft(spectrum)[: RATE // 60]
    first = RATE // 400
    return RATE / (first + int(np.argmax(cepstrum[first:])))


@pytest.mark.parametrize("speaker", [LOW, HIGH], ids=["low", "high"])
def test_babble_has_the_pitch_of_its_speaker(speaker: Speaker) -> None:
    heights = [pitch_hz(babble(speaker, 3.0, seed)) for seed in range(5)]
    assert np.median(heights) == pytest.approx(speaker.pitch_hz, rel=0.25)


def test_babble_repeats_and_differs_by_seed() -> None:
    assert np.array_equal(babble(LOW, 1.0, 1), babble(LOW, 1.0, 1))
    assert not np.array_equal(babble(LOW, 1.0, 1), babble(LOW, 1.0, 2))
    peaks, _ = find_peaks(np.abs(babble(LOW, 1.0, 1)), height=1000)
    assert len(babble(LOW, 1.5, 1)) == RATE * 3 // 2
    assert len(peaks) > 50


def test_voice_activity_takes_babble_for_speech(models: Models) -> None:
    heard = listen(Audio(babble(HIGH, 5.0, 3), RATE, 0.0, RATE, 1), models)
    assert heard.total_s > 4.0


def test_the_demo_recording_has_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "HELD_S", 24.0)
    monkeypatch.setattr(demo, "SIZE", (160, 120))
    steps: list[float] = []
    made = demo.make_demo(tmp_path, seed=3, progress=lambda _, done: steps.append(done))
    facts = probe(made.recording, Settings().limits)
    assert facts.duration_s == pytest.approx(24.0 + demo.LOOP.duration_s, abs=0.1)
    assert facts.audio is not None
    assert len(made.faults) == 5
    assert all(path.exists() for path in made.references)
    assert steps == sorted(steps)
