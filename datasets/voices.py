"""Seeded babble of a made-up speaker: a source and filter synthesiser, no recording of anyone.

A pulse train with a wandering pitch drives a cascade of formant resonators that moves between
vowels; noise bursts stand for consonants. It says nothing, but voice activity and speaker models
take it for a voice. Vowel formants are Peterson and Barney's averages for men (1952).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

RATE = 16_000
VOWELS = (
    (270.0, 2290.0, 3010.0),
    (530.0, 1840.0, 2480.0),
    (730.0, 1090.0, 2440.0),
    (570.0, 840.0, 2410.0),
    (300.0, 870.0, 2240.0),
    (490.0, 1350.0, 1690.0),
)
BANDWIDTHS = (60.0, 90.0, 150.0, 200.0)
BLOCK = 80  # samples per 5 ms: filters change at this step


@dataclass(frozen=True, slots=True)
class Speaker:
    """Mean pitch in Hz, vocal-tract scale (1 = average man), breathiness 0..1."""

    pitch_hz: float
    tract: float
    breath: float


LOW = Speaker(pitch_hz=90.0, tract=0.9, breath=0.01)
HIGH = Speaker(pitch_hz=260.0, tract=1.35, breath=0.15)


def babble(speaker: Speaker, seconds: float, seed: int) -> NDArray[np.int16]:
    """16 kHz mono babble of about `seconds`: syllables in phrases with short pauses between."""
    rng = np.random.default_rng(seed)
    parts: list[NDArray[np.float64]] = []
    total = 0
    while total < seconds * RATE:
        for _ in range(int(rng.integers(5, 10))):
            parts.append(_syllable(speaker, rng))
        parts.append(np.zeros(round(float(rng.uniform(0.15, 0.4)) * RATE)))
        total = sum(len(p) for p in parts)
    sound = np.concatenate(parts)[: round(seconds * RATE)]
    sound += rng.standard_normal(len(sound)) * 1e-4
    return np.asarray(sound / np.abs(sound).max() * 16000.0).astype(np.int16)


def _syllable(speaker: Speaker, rng: np.random.Generator) -> NDArray[np.float64]:
    start, end = rng.integers(0, len(VOWELS), 2)
    vowel = _vowel(speaker, VOWELS[start], VOWELS[end], rng)
    if rng.random() < 0.6:
        noise = rng.standard_normal(round(float(rng.uniform(0.03, 0.08)) * RATE))
        centre = float(rng.uniform(2500, 5500))
        burst = _resonate(noise, centre, 900.0, np.zeros(2))[0]
        burst = burst / max(float(np.abs(burst).max()), 1e-9) * 0.12 * np.hanning(len(burst))
        return np.concatenate([burst, vowel])
    return vowel


def _vowel(
    speaker: Speaker,
    start: tuple[float, float, float],
    end: tuple[float, float, float],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """A voiced glide from one vowel to another, 90 to 220 ms."""
    count = round(float(rng.uniform(0.09, 0.22)) * RATE) // BLOCK * BLOCK
    source = _pulses(speaker, count, rng)
    states = [np.zeros(2) for _ in BANDWIDTHS]
    out = np.empty(count)
    for first in range(0, count, BLOCK):
        along = first / count
        block = source[first : first + BLOCK]
        formants = [a + (b - a) * along for a, b in zip(start, end, strict=True)]
        for i, (centre, width) in enumerate(zip([*formants, 3500.0], BANDWIDTHS, strict=True)):
            block, states[i] = _resonate(block, centre * speaker.tract, width, states[i])
        out[first : first + BLOCK] = block
    envelope = np.minimum(1.0, np.minimum(np.arange(count), np.arange(count)[::-1]) / (0.02 * RATE))
    return out / max(float(np.abs(out).max()), 1e-9) * envelope * float(rng.uniform(0.5, 0.9))


def _pulses(speaker: Speaker, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A falling, slightly irregular pitch as smoothed glottal pulses with some breath noise."""
    contour = speaker.pitch_hz * float(rng.uniform(0.88, 1.18)) * np.linspace(1.06, 0.94, count)
    phase = np.cumsum(contour / RATE * (1.0 + 0.01 * rng.standard_normal(count)))
    pulses = np.diff(np.floor(phase), prepend=0.0)
    # Two real poles give the falling spectrum of a glottal pulse (12 dB per octave).
    glottal = lfilter([1.0], [1.0, -1.86, 0.8649], pulses)
    shaped: NDArray[np.float64] = np.diff(glottal, prepend=0.0)
    return shaped + speaker.breath * rng.standard_normal(count) * float(shaped.std())


def _resonate(
    block: NDArray[np.float64], centre_hz: float, width_hz: float, state: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One two-pole resonator of unit gain at zero frequency, with its state carried on."""
    radius = np.exp(-np.pi * width_hz / RATE)
    b, c = 2 * radius * np.cos(2 * np.pi * min(centre_hz, 7600.0) / RATE), -(radius**2)
    filtered, after = lfilter([1.0 - b - c], [1.0, -b, -c], block, zi=state)
    return np.asarray(filtered), np.asarray(after)
