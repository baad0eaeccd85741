"""What the network for vocoded speech hears: a spectrogram without level and frequency response.

The mean over time of each frequency is taken away, so that a microphone's balance is no cue; what
is left is fine structure: harmonics, noise between them, and how both change.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from audit.interview import Floats

FRAME = 512
HOP = 160
BINS = 256  # up to 8 kHz, without the last
FLOOR = 1e-6  # of the mean power: digital silence and 16-bit noise look alike below it
SCALE = 3.0  # brings natural logarithms of power to about unit spread

_WINDOW = np.hanning(FRAME + 1)[:FRAME].astype(np.float32)


def spectrogram(samples: Floats) -> NDArray[np.float32]:
    """Scaled log power, shape (..., 256, frames), of mono samples at 16 kHz, shape (..., n)."""
    wide = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float32), FRAME, axis=-1)
    bins = fft.rfft(wide[..., ::HOP, :] * _WINDOW, axis=-1)[..., :BINS]
    power = bins.real**2 + bins.imag**2
    mean = power.mean(axis=(-2, -1), keepdims=True)
    logs = np.log(power + FLOOR * mean + 1e-9)
    logs -= logs.mean(axis=-2, keepdims=True)
    return np.ascontiguousarray(np.swapaxes(logs, -2, -1) / SCALE, dtype=np.float32)
