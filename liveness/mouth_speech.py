"""What a mouth should do, given the sound: a linear prediction of mouth opening and its speed.

Log-mel energies around each moment are mapped by ridge regression to two quantities that the face
mesh measures: the opening of the inner lips (slow trend removed) and the speed of opening. The
coefficients are fitted by `datasets/recipes/av_sync.py` and stored in `mouth_speech.json` with
their training data. Following sound with lips by canonical correlation or regression goes back to
Slaney and Covell, "FaceSync" (NIPS 2000).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

STEP_S = 0.01
BANDS = 26
LOW_HZ, HIGH_HZ = 80.0, 7600.0
WINDOW = 400  # 25 ms at 16 kHz
HOP = 160
REACH = 20  # frames of context on each side: 200 ms
STRIDE = 4  # every fourth of them
FLOOR_DECADES = -4.0  # log energies are kept within four decades below the band's loudest moments
TREND_S = 1.01  # the slow trend of mouth opening is a running mean of this length
SPEED_SMOOTH = 5


@dataclass(frozen=True, slots=True)
class MouthModel:
    """Ridge coefficients: features (n, d) -> opening and speed, both in standard deviations."""

    mean: Array
    scale: Array
    weights: Array

    def predict(self, mels: Array) -> Array:
        """Predicted opening and speed, shape (n, 2), from log-mels of shape (n, 26)."""
        features = (context(mels) - self.mean) / self.scale
        predicted: Array = features @ self.weights
        return predicted


@cache
def mouth_model() -> MouthModel:
    """The shipped coefficients."""
    text = resources.files("liveness").joinpath("mouth_speech.json").read_text("utf-8")
    stored = json.loads(text)
    return MouthModel(
        mean=np.asarray(stored["mean"]),
        scale=np.asarray(stored["scale"]),
        weights=np.asarray(stored["weights"]).reshape(-1, 2),
    )


@cache
def _mel_bank() -> Array:
    """Triangular filters on the HTK mel scale, shape (257, 26), for 512 points at 16 kHz."""
    hertz = np.fft.rfftfreq(512, 1 / 16000)

    def mel(value: ArrayLike) -> Array:
        return np.asarray(2595.0 * np.log10(1.0 + np.asarray(value, dtype=np.float64) / 700.0))

    edges = np.linspace(mel(LOW_HZ), mel(HIGH_HZ), BANDS + 2)
    at = mel(hertz)[:, None]
    rising = (at - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - at) / (edges[2:] - edges[1:-1])
    return np.clip(np.minimum(rising, falling), 0.0, None)


def log_mels(samples: NDArray[np.float32]) -> Array:
    """log10 mel energies of 16 kHz mono samples in -1..1, one row per 10 ms, shape (n, 26).

    Row i is centred on sample 160 i.
    """
    count = len(samples) // HOP
    padded = np.pad(samples.astype(np.float64), (WINDOW // 2, WINDOW))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:count]
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW), 512)) ** 2
    energies: Array = np.log10(power @ _mel_bank() + 1e-7)
    return energies


def context(mels: Array) -> Array:
    """Each row with its neighbours within 200 ms, levels relative to each band's loud moments."""
    relative = mels - np.percentile(mels, 95, axis=0, keepdims=True)
    relative = np.clip(relative, FLOOR_DECADES, 0.0)
    padded = np.pad(relative, ((REACH, REACH), (0, 0)), "edge")
    shifts = range(-REACH, REACH + 1, STRIDE)
    return np.concatenate([padded[REACH + d : REACH + d + len(mels)] for d in shifts], axis=1)


def mouth_motion(times_s: Array, opening: Array, at_s: Array) -> Array:
    """Observed opening (trend removed) and speed, in standard deviations, shape (len(at_s), 2).

    `times_s`, `opening` come from a face track; `at_s` is a grid of 10 ms.
    """
    even = np.interp(at_s, times_s, opening)
    smooth = np.convolve(
        np.pad(even, SPEED_SMOOTH // 2, "edge"), np.full(SPEED_SMOOTH, 1 / SPEED_SMOOTH), "valid"
    )
    speed = np.abs(np.gradient(smooth)) / STEP_S
    return np.stack([standard(without_trend(even)), standard(speed)], axis=1)


def without_trend(values: Array) -> Array:
    """Values less their running mean over about a second."""
    width = round(TREND_S / STEP_S) // 2 * 2 + 1
    padded = np.pad(values, width // 2, "edge")
    total = np.cumsum(np.concatenate([[0.0], padded]))
    detrended: Array = values - (total[width:] - total[:-width]) / width
    return detrended


def standard(values: Array) -> Array:
    """Zero mean, unit deviation; zeros where nothing varies."""
    spread = float(values.std())
    if spread < 1e-9:
        return np.zeros_like(values)
    scaled: Array = (values - values.mean()) / spread
    return scaled
