"""Mel power spectra with numpy alone, equal to the field's reference implementation."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from audit.interview import Floats

BREAK_HZ = 1000.0
LINEAR_HZ_PER_MEL = 200.0 / 3.0
LOG_STEP = np.log(6.4) / 27.0


def mel_power(windows: Floats, *, rate: int, size: int, hop: int, bands: int) -> Floats:
    """Mel power (not its logarithm) of signals of equal length.

    Args:
        windows: (n, samples), -1..1. rate: Hz. size, hop: frame length and step, samples.
        bands: mel bands between 0 Hz and half the rate, Slaney's scale, areas normalised.

    Returns:
        float32 (n, frames, bands) with frames = 1 + (samples - size) // hop; no padding. Equal to
        `librosa.feature.melspectrogram(center=False)` (Hann window, power 2).
    """
    frames = sliding_window_view(windows, size, axis=1)[:, ::hop]
    taper = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)
    spectrum = np.fft.rfft(frames * taper, axis=2)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    result: Floats = power @ mel_filters(rate, size, bands).T
    return result


@cache
def mel_filters(rate: int, size: int, bands: int) -> Floats:
    """Triangular filters, float32 (bands, size // 2 + 1): Slaney's Auditory Toolbox (1998)."""
    edges = _hz(np.linspace(0.0, _mel(rate / 2), bands + 2))
    bins = np.linspace(0.0, rate / 2, size // 2 + 1)
    ramps = edges[:, None] - bins[None, :]
    widths = np.diff(edges)
    rising = -ramps[:-2] / widths[:-1, None]
    falling = ramps[2:] / widths[1:, None]
    filters = np.maximum(0.0, np.minimum(rising, falling))
    filters *= (2.0 / (edges[2:] - edges[:-2]))[:, None]
    return filters.astype(np.float32)


def _mel(hz: float) -> float:
    if hz < BREAK_HZ:
        return hz / LINEAR_HZ_PER_MEL
    return float(BREAK_HZ / LINEAR_HZ_PER_MEL + np.log(hz / BREAK_HZ) / LOG_STEP)


def _hz(mels: np.ndarray) -> np.ndarray:
    knee = BREAK_HZ / LINEAR_HZ_PER_MEL
    return np.where(
        mels < knee, mels * LINEAR_HZ_PER_MEL, BREAK_HZ * np.exp(LOG_STEP * (mels - knee))
    )
