"""A loudspeaker takes the lows, adds harmonics, and is heard in a second room."""

from __future__ import annotations

import numpy as np
import pytest

from datasets.attacks import voice_replay
from datasets.attacks.speech_channels import RATE
from datasets.attacks.voice_replay import CHAINS, DRIVERS, STRENGTHS, Floats, replayed
from datasets.voices import LOW, babble

BOTH = pytest.mark.parametrize("loudspeaker", [voice_replay.filtered, voice_replay.moving])


def voice(seconds: float = 3.0) -> Floats:
    return (babble(LOW, seconds, 7) / 32768.0).astype(np.float32)


def tone(hertz: float) -> Floats:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE)).astype(np.float32)


def power_at(samples: Floats, hertz: float) -> float:
    spectrum = np.abs(np.fft.rfft(samples[-RATE:] * np.hanning(RATE))) ** 2
    return float(spectrum[round(hertz) - 2 : round(hertz) + 3].sum())


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("strength", STRENGTHS)
def test_a_replay_is_as_long_and_repeatable(chain: str, strength: str) -> None:
    samples = voice()
    made, again = (
        replayed(samples, np.random.default_rng(2), chain=chain, strength=strength) for _ in "ab"
    )
    assert made.shape == samples.shape
    assert made.dtype == np.float32
    assert np.isfinite(made).all()
    assert 0.05 < np.abs(made).max() <= 1.0
    assert np.array_equal(made, again)
    assert not np.array_equal(
        made, replayed(samples, np.random.default_rng(3), chain=chain, strength=strength)
    )


@BOTH
def test_what_lies_below_the_resonance_is_lost(loudspeaker: voice_replay.Loudspeaker) -> None:
    low, high = tone(100.0), tone(2000.0)
    mixed = (low + high).astype(np.float32)
    made = loudspeaker(DRIVERS["phone"], 0.1)(mixed, np.random.default_rng(1))
    before = power_at(mixed, 100) / power_at(mixed, 2000)
    assert power_at(made, 100) / power_at(made, 2000) < before / 30


@BOTH
def test_a_harder_drive_adds_harmonics(loudspeaker: voice_replay.Loudspeaker) -> None:
    samples = tone(500.0)
    shares = [
        power_at(made, 1500.0) / power_at(made, 500.0)
        for drive in (0.0, 0.2, 1.0)
        for made in (loudspeaker(DRIVERS["tablet"], drive)(samples, np.random.default_rng(4)),)
    ]
    assert shares[0] < 1e-6
    assert shares[0] < shares[1] < shares[2]
    assert shares[2] > 1e-5


@pytest.mark.parametrize("model", [voice_replay.diffuse_room, voice_replay.shoebox_room])
def test_a_nearer_loudspeaker_has_more_direct_sound(model: voice_replay.RoomModel) -> None:
    def direct(strength: str) -> float:
        shares = []
        for seed in range(5):
            response = model(strength, np.random.default_rng(seed)).astype(np.float64)
            first = int(np.argmax(np.abs(response)))
            shares.append(float(np.sum(response[: first + 8] ** 2) / np.sum(response**2)))
        return float(np.mean(shares))

    assert direct("far") < direct("usual") < direct("near")


def test_live_speech_keeps_its_lows() -> None:
    samples = voice()
    below = []
    for made in (
        voice_replay.live(samples, np.random.default_rng(6)),
        replayed(samples, np.random.default_rng(6), chain="phone"),
    ):
        spectrum = np.abs(np.fft.rfft(made)) ** 2
        hertz = np.fft.rfftfreq(len(made), 1 / RATE)
        below.append(spectrum[(hertz > 80) & (hertz < 250)].sum() / spectrum[hertz > 500].sum())
    assert below[1] < below[0] / 3


def test_species_name_chains_that_exist() -> None:
    assert [s.id.split(".")[1] for s in voice_replay.SPECIES] == list(CHAINS)
    assert {s.trained_on for s in voice_replay.SPECIES} == {True, False}


def test_an_unknown_chain_is_refused() -> None:
    with pytest.raises(KeyError):
        replayed(voice(0.5), np.random.default_rng(0), chain="gramophone")
