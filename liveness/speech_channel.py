"""What a stretch of speech was recorded through: level, noise, room, bandwidth, spectral balance.

A detector trained on one kind of recording is only as good as a recording is like that kind;
these few figures say how alike it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.interview import Floats

Array = NDArray[np.float64]

RATE = 16_000
FRAME = 512  # 32 ms
HOP = 160  # 10 ms
ACTIVE_DB = 25.0  # frames this far below the loud ones still count as speech
DECAY_BANDS_HZ = ((500, 1000), (1000, 2000), (2000, 4000))
DECAY_FRAMES = 7  # slopes are fitted over 60 ms
DECAY_TOP_DB = 15.0  # and count where they start this near to the loud frames
BAND_DB = 60.0  # the spectrum ends where it stays this far below its peak
FULL_SCALE = 0.985
SILENCE = 1e-12


@dataclass(frozen=True, slots=True)
class SpeechChannel:
    """Measured over one stretch.

    Attributes:
        level_db: mean power of the active frames, dB below full scale (a full-scale square is 0).
        snr_db: `level_db` over the 5th percentile of frame power, dB; at most 100. Reverberation
            and unbroken speech lower it like noise does.
        decay_db_s: how fast the sound falls at its fastest (95th percentile of falls over 60 ms,
            mean of three octaves), dB per second. Speech near the microphone gives 300 to 800; a
            room that prolongs it gives one to two times 60 over its reverberation time.
        bandwidth_hz: highest frequency within 60 dB of the spectrum's peak, 0..8000.
        tilt_db: power of the active frames in 1-3 kHz against .08-1 kHz, dB (0 flat, -20 dull).
        clipped: share of samples at full scale, 0..1.
    """

    level_db: float
    snr_db: float
    decay_db_s: float
    bandwidth_hz: float
    tilt_db: float
    clipped: float


def describe(samples: Floats) -> SpeechChannel | None:
    """The channel of mono samples at 16 kHz, -1..1; None below 0.1 s or where nothing sounds."""
    if len(samples) < RATE // 10:
        return None
    frames = _frames(samples)
    power = np.mean(np.square(frames), axis=1)
    loud = float(np.percentile(power, 95))
    if loud <= SILENCE:
        return None
    active = power >= loud * 10 ** (-ACTIVE_DB / 10)
    level = float(np.mean(power[active]))
    floor = max(float(np.percentile(power, 5)), level * 1e-10)
    spectra = _spectra(frames)
    spectrum: Array = np.mean(spectra[active], axis=0)
    hertz: Array = np.linspace(0.0, RATE / 2, FRAME // 2 + 1, dtype=np.float64)
    return SpeechChannel(
        level_db=_db(level),
        snr_db=_db(level / floor),
        decay_db_s=_decay(spectra, hertz),
        bandwidth_hz=_bandwidth(spectrum, hertz),
        tilt_db=_db(_band(spectrum, hertz, 1000, 3000) / _band(spectrum, hertz, 80, 1000)),
        clipped=float(np.mean(np.abs(samples) >= FULL_SCALE)),
    )


def _frames(samples: Floats) -> Array:
    wide = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), FRAME)
    frames: Array = wide[::HOP]
    return frames


def _spectra(frames: Array) -> Array:
    """Power per frame and frequency bin, shape (n, FRAME // 2 + 1)."""
    spectra: Array = np.abs(np.fft.rfft(frames * np.hanning(FRAME), axis=1)) ** 2
    return spectra


def _decay(spectra: Array, hertz: Array) -> float:
    """Fastest falls of the sound, dB per second; 0 where it is too short or never falls."""
    steps = np.arange(DECAY_FRAMES) - (DECAY_FRAMES - 1) / 2
    fit = steps / np.sum(steps**2) * (RATE / HOP)
    fastest = []
    for low, high in DECAY_BANDS_HZ:
        band = spectra[:, (hertz >= low) & (hertz < high)].sum(axis=1)
        level = 10 * np.log10(band + SILENCE)
        runs = np.lib.stride_tricks.sliding_window_view(level, DECAY_FRAMES)
        loud = runs[:, 0] > np.percentile(level, 95) - DECAY_TOP_DB
        if loud.any():
            fastest.append(-float(np.percentile(runs[loud] @ fit, 5)))
    return max(0.0, float(np.mean(fastest))) if fastest else 0.0


def _bandwidth(spectrum: Array, hertz: Array) -> float:
    smooth = np.convolve(spectrum, np.ones(5) / 5, mode="same")
    return float(hertz[np.flatnonzero(smooth >= smooth.max() * 10 ** (-BAND_DB / 10))[-1]])


def _band(spectrum: Array, hertz: Array, low: float, high: float) -> float:
    return float(np.sum(spectrum[(hertz >= low) & (hertz < high)])) + SILENCE


def _db(ratio: float) -> float:
    return float(10 * np.log10(max(ratio, SILENCE)))
