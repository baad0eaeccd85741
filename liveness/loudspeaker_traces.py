"""What a loudspeaker and a second room leave in speech, as figures of one window.

A small loudspeaker radiates little below its resonance, so that the fundamental and the lowest
harmonics of a voice are weaker than a microphone near a mouth hears them; its response is uneven;
it adds harmonics; and sound that was recorded once is heard in a room again. The measures are usual
ones of replay detection (Wang et al., Interspeech 2015: low frequencies; Witkowski et al.,
Interspeech 2017: sub-bands; Shiota et al., Interspeech 2015: pop noise; Suthokumar et al.,
Interspeech 2018: modulation).
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from audit.interview import Floats

Array = NDArray[np.float64]

RATE = 16_000
FRAME = 1024  # 64 ms
HOP = 256
ACTIVE_DB = 25.0
PITCH_HZ = (70.0, 350.0)
VOICED = 0.45  # normalised autocorrelation from which a frame counts as voiced (Boersma 1993)
TINY = 1e-12

BANDS_HZ = (60, 120, 200, 300, 450, 700, 1000, 1500, 2200, 3200, 4500, 6000, 7500)
MIDDLE = slice(4, 9)  # 450-3200 Hz: what every loudspeaker radiates
NOISE_BANDS = ((0, 2), (2, 4), (9, 12))
FALL_FRAMES = 5  # falls are fitted over 64 ms

NAMES: tuple[str, ...] = (
    *(f"band_{low}_{high}" for low, high in itertools.pairwise(BANDS_HZ)),
    "over_noise_60_200",
    "over_noise_200_450",
    "over_noise_3200_7500",
    "over_noise_middle",
    "roughness",
    "fall_450_1500",
    "fall_1500_4500",
    "fall_typical",
    "first_to_second_harmonic",
    "first_to_third_harmonic",
    "voiced_share",
    "peakedness",
    "lean",
    "depth",
    "pops",
)
"""The figures in their order; all in dB but falls (dB per second), shares and moments."""


def traces(samples: Floats) -> Array | None:
    """The figures `NAMES` of mono samples at 16 kHz, -1..1; None where too little sounds.

    Levels are relative to each other: loudness alone changes nothing.
    """
    if len(samples) < RATE:
        return None
    wide = np.asarray(samples, dtype=np.float64)
    frames = np.lib.stride_tricks.sliding_window_view(wide, FRAME)[::HOP] * np.hanning(FRAME)
    power = np.abs(fft.rfft(frames, axis=1)) ** 2
    total = power[:, 4:].sum(1)
    loud = float(np.percentile(total, 95))
    active = total >= loud * 10 ** (-ACTIVE_DB / 10)
    if loud <= TINY or active.sum() < 20:
        return None
    banded = _db(_banded(power))
    spoken = _db(_banded(power[active].mean(0, keepdims=True)))[0]
    middle = float(spoken[MIDDLE].mean())
    return np.array(
        [
            *(spoken - middle),
            *_over_noise(banded, spoken),
            _roughness(power[active].mean(0)),
            *_falls(banded),
            *_harmonics(power[active]),
            *_moments(wide, loud),
            float(np.std(banded[active][:, MIDDLE].mean(1))),
            _pops(power, active),
        ]
    )


def _db(power: Array) -> Array:
    return np.asarray(10 * np.log10(power + TINY))


def _banded(power: Array) -> Array:
    edges = np.round(np.array(BANDS_HZ) * FRAME / RATE).astype(int)
    pairs = itertools.pairwise(edges)
    return np.stack([power[:, a:b].mean(1) for a, b in pairs], axis=1)


def _over_noise(banded: Array, spoken: Array) -> Array:
    """Speech over the quiet frames by band, against the middle; last the middle itself."""
    over = np.minimum(spoken - np.percentile(banded, 8, axis=0), 60.0)
    middle = float(over[MIDDLE].mean())
    return np.array([*(over[a:b].mean() - middle for a, b in NOISE_BANDS), middle])


def _roughness(spectrum: Array) -> float:
    """Unevenness of the long-term spectrum on a sixth of an octave, 300 to 6000 Hz."""
    edges = np.round(np.geomspace(300, 6000, 27) * FRAME / RATE).astype(int)
    level = _db(np.array([spectrum[a:b].mean() for a, b in itertools.pairwise(edges)]))
    place = np.linspace(-1, 1, len(level))
    return float(np.std(level - np.polyval(np.polyfit(place, level, 5), place)))


def _falls(banded: Array) -> Array:
    """How fast the sound falls at its fastest in two bands, and typically, dB per second."""
    steps = np.arange(FALL_FRAMES) - (FALL_FRAMES - 1) / 2
    fit = steps / np.sum(steps**2) * (RATE / HOP)
    fastest, typical = [], []
    for first, last in ((4, 7), (7, 10)):
        level = banded[:, first:last].mean(1)
        runs = np.lib.stride_tricks.sliding_window_view(level, FALL_FRAMES)
        slopes = runs[runs[:, 0] > np.percentile(level, 95) - 20.0] @ fit
        fastest.append(-float(np.percentile(slopes, 5)))
        falling = slopes[slopes < 0]
        typical.append(-float(np.median(falling)) if len(falling) else 0.0)
    return np.array([*fastest, float(np.mean(typical))])


def _harmonics(power: Array) -> Array:
    """First against second and third harmonic in voiced frames, and the share of those."""
    found = fft.irfft(power, axis=1)[:, : FRAME // 2]
    own = fft.irfft(np.abs(fft.rfft(np.hanning(FRAME))) ** 2)[: FRAME // 2]
    found = found / np.maximum(found[:, :1], TINY) / np.maximum(own / own[0], 0.05)
    low, high = round(RATE / PITCH_HZ[1]), round(RATE / PITCH_HZ[0])
    lag = low + np.argmax(found[:, low:high], axis=1)
    voiced = found[np.arange(len(found)), lag] > VOICED
    share = float(voiced.mean())
    if voiced.sum() < 8:
        return np.array([0.0, 0.0, share])
    place = FRAME / lag[voiced]
    rows = np.flatnonzero(voiced)
    first, second, third = (
        np.max([power[rows, np.round(k * place).astype(int) + d] for d in (-1, 0, 1)], axis=0)
        for k in (1, 2, 3)
    )
    one, two, three = _db(first), _db(second), _db(third)
    return np.array([float(np.median(one - two)), float(np.median(one - three)), share])


def _moments(wide: Array, loud: float) -> Array:
    """Fourth and third moment of the loud samples: clipped and one-sided waveforms."""
    blocks = wide[: len(wide) // HOP * HOP].reshape(-1, HOP)
    energy = (blocks**2).mean(1)
    kept = blocks[energy > np.percentile(energy, 70)].ravel()
    spread = float(kept.std()) if loud > TINY else 0.0
    if spread <= TINY:
        return np.zeros(2)
    unit = (kept - kept.mean()) / spread
    return np.array([float(np.log(np.mean(unit**4))), abs(float(np.mean(unit**3)))])


def _pops(power: Array, active: NDArray[np.bool_]) -> float:
    """Strongest bursts of 20-60 Hz against the typical: breath that meets the microphone."""
    low = _db(power[:, 1:4].mean(1))
    return float(np.percentile(low[active], 98) - np.median(low))
