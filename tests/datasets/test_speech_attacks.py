"""Copies keep the utterance, other voices change it, channels stay in step, engines say so."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import signal

from datasets.attacks import speech, speech_channels, speech_engines
from datasets.attacks.species import Species
from datasets.attacks.speech import COPIES, EngineMissing, Floats
from datasets.voices import HIGH, LOW, Speaker, babble
from liveness.speech_channel import describe

RATE = 16_000
OWN = [name for name in COPIES if not name.endswith("world")]


def voice(who: Speaker = LOW, seconds: float = 2.0, seed: int = 3) -> Floats:
    return (babble(who, seconds, seed) / 32768.0).astype(np.float32)


def pitch(samples: Floats) -> float:
    found, _ = speech.pitch_of(samples)
    return float(np.median(found[found > 0]))


def envelope_correlation(first: Floats, second: Floats) -> float:
    """Of the loudness per 5 ms."""
    power = [
        np.log(np.mean(speech.frames(x, 400, 80) ** 2, axis=1) + 1e-6) for x in (first, second)
    ]
    return float(np.corrcoef(*power)[0, 1])


def test_pitch_of_pulses_is_their_rate() -> None:
    pulses = np.zeros(RATE, dtype=np.float32)
    pulses[::128] = 1.0  # 125 Hz
    found, strength = speech.pitch_of(signal.lfilter([1], [1, -0.9], pulses).astype(np.float32))
    assert float(np.median(found[20:-20])) == pytest.approx(125.0, rel=0.01)
    assert strength[20:-20].min() > 0.9
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    assert (speech.pitch_of(noise)[0] == 0).mean() > 0.95


@pytest.mark.parametrize("name", OWN)
def test_a_copy_is_as_long_as_loud_and_repeatable(name: str) -> None:
    samples = voice()
    made = COPIES[name](samples, np.random.default_rng(5))
    assert made.dtype == np.float32
    assert len(made) == len(samples)
    assert np.std(made) == pytest.approx(np.std(samples), rel=0.3)
    assert np.abs(made).max() <= 1.0
    assert not np.array_equal(made, samples)
    assert np.array_equal(made, COPIES[name](samples, np.random.default_rng(5)))


@pytest.mark.parametrize("name", [n for n in OWN if n.startswith("copy.")])
def test_a_copy_keeps_loudness_over_time_and_pitch(name: str) -> None:
    samples = voice()
    made = COPIES[name](samples, np.random.default_rng(5))
    assert envelope_correlation(samples, made) > 0.8
    assert pitch(made) == pytest.approx(pitch(samples), rel=0.06)


def test_griffin_lim_comes_nearer_with_more_rounds() -> None:
    samples = voice(seconds=1.0)

    def distance(rounds: int) -> float:
        made = speech.griffin_lim(samples, np.random.default_rng(1), rounds=rounds)
        sizes = [np.abs(speech._stft(x, 512, 128)) for x in (samples, made)]
        return float(np.mean((sizes[0] - sizes[1]) ** 2))

    assert distance(30) < 0.5 * distance(1)


def test_another_voice_has_another_pitch() -> None:
    samples = voice()
    changed = pitch(speech.shifted(samples, np.random.default_rng(2)))
    assert abs(np.log2(changed / pitch(samples))) > 0.2
    taken = speech.swapped(samples, voice(HIGH), np.random.default_rng(2))
    assert abs(pitch(taken) - pitch(voice(HIGH))) < abs(pitch(taken) - pitch(samples))


def test_world_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_: str) -> None:
        raise ImportError("no module")

    monkeypatch.setattr(speech, "import_module", absent)
    with pytest.raises(EngineMissing, match="pyworld"):
        speech.world(voice(), np.random.default_rng(0))


@pytest.mark.parametrize("engine", speech_engines.ENGINES)
def test_an_engine_speaks_or_names_what_to_install(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine in speech_engines.installed():
        made = speech_engines.spoken(engine, "We finished early.")
        assert 0.5 * RATE < len(made) < 5 * RATE
        assert float(np.std(made)) > 0.005

    def absent(_: str) -> None:
        raise ImportError("no module")

    monkeypatch.setattr(speech_engines.shutil, "which", lambda _: None)
    monkeypatch.setattr(speech_engines, "import_module", absent)
    speech_engines._piper_voice.cache_clear()
    speech_engines._hibari_voice.cache_clear()
    with pytest.raises(EngineMissing, match="package"):
        speech_engines.spoken(engine, "We finished early.")


def test_an_unknown_voice_is_refused() -> None:
    with pytest.raises(ValueError, match="no voice"):
        speech_engines.spoken("espeak_ng", "Yes.", "nobody")


@pytest.mark.parametrize("name", speech_channels.channels())
def test_a_channel_keeps_length_and_step_and_repeats(name: str) -> None:
    samples = voice()
    channel = speech_channels.channels()[name]
    made = channel(samples, np.random.default_rng(4))
    assert len(made) == len(samples)
    assert np.array_equal(made, channel(samples, np.random.default_rng(4)))
    assert envelope_correlation(samples, made) > 0.6


def test_noise_lies_as_far_below_the_speech_as_asked() -> None:
    samples = voice()
    made = speech_channels.noise(10.0)(samples, np.random.default_rng(0))
    found = describe(samples)
    assert found is not None
    added_db = 20 * np.log10(np.std(made - samples))
    assert added_db == pytest.approx(found.level_db - 10.0, abs=0.1)


def test_the_telephone_has_no_highs() -> None:
    made = speech_channels.g711()(voice(HIGH), np.random.default_rng(0))
    hertz, power = signal.welch(made, RATE, nperseg=512)
    assert power[hertz > 5000].sum() < 1e-3 * power[hertz < 3400].sum()


def test_a_coder_delay_is_taken_off() -> None:
    samples = voice()
    late = np.concatenate([np.zeros(500, dtype=np.float32), samples])
    np.testing.assert_array_equal(speech_channels.in_step(late, samples), samples)


def reverberation_s(response: Floats) -> float:
    """T20 by Schroeder's backward integration (ISO 3382-1), times 3."""
    left = 10 * np.log10(np.cumsum(response[::-1].astype(np.float64) ** 2)[::-1] + 1e-20)
    left -= left[0]
    return 3 * float(np.argmax(left < -25) - np.argmax(left < -5)) / RATE


def test_rooms_reverberate_as_long_as_they_are_live() -> None:
    exponential = speech_channels.exponential_response(0.5, -10.0, np.random.default_rng(0))
    assert reverberation_s(exponential) == pytest.approx(0.5, rel=0.15)
    size = (4.0, 3.5, 2.5)
    dead, live = (
        speech_channels.image_response(size, share, np.random.default_rng(1))
        for share in (0.7, 0.2)
    )
    # Eyring's formula for the shoebox: .161 V / (-S ln(1 - absorption)).
    surface = 2 * (4.0 * 3.5 + 4.0 * 2.5 + 3.5 * 2.5)
    eyring = 0.161 * 35.0 / (-surface * np.log(1 - 0.2))
    assert reverberation_s(dead) < 0.5 * reverberation_s(live)
    assert reverberation_s(live) == pytest.approx(eyring, rel=0.4)


@pytest.mark.parametrize("module", [speech, speech_engines])
def test_every_species_names_a_generator_that_exists(module: object) -> None:
    found: tuple[Species, ...] = module.SPECIES  # type: ignore[attr-defined]
    assert len({each.id for each in found}) == len(found) >= 5
    for each in found:
        generator: Callable[..., Floats] = getattr(module, each.generator.rpartition(".")[2])
        assert callable(generator)
        assert each.signals == ("synthetic_speech",)
