"""Traces of a picture of a picture: what a print or a screen adds to a face, as a few numbers.

Three kinds. Patterns: dots and pixels beat with the sensor's grid, so the spectrum of skin has
peaks (moire; D. C. Garcia and R. de Queiroz, "Face-spoofing 2D-detection based
on moire-pattern analysis", IEEE TIFS 10(4), 2015). Light: paper and panels have less range and
another highlight than skin (D. Wen, H. Han and A. Jain, "Face spoof detection with image distortion
analysis", IEEE TIFS 10(4), 2015). Borders: long straight lines around the face (bezel, margin).

What colour a face has, and how sharp its colour is, are left out: they told screens a little better
(.24 against .28 of them passed) but held 10 of 35 genuine photographs of a set with other light and
other chroma subsampling for attacks, against 1 of 35 without.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]

SKIN = 128
"""Side of the crop in which patterns are sought, pixels."""

_EDGES = (0.05, 0.1, 0.17, 0.25, 0.35, 0.5)  # cycles per pixel, bounds of the bands
_LEAST = 1e-3


def _rings() -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Band of each place of the half spectrum (0 = below all), and the window."""
    down = np.abs(np.fft.fftfreq(SKIN))[:, None]
    across = np.fft.rfftfreq(SKIN)[None]
    radius = np.sqrt(down**2 + across**2)
    hann = np.hanning(SKIN).astype(np.float32)
    return np.digitize(radius, _EDGES), np.outer(hann, hann).astype(np.float32)


_BANDS, _WINDOW = _rings()

NAMES: tuple[str, ...] = (
    *(f"luma_{kind}" for kind in (
        "low", "middle", "high", "highest", "peak", "coarse_peak", "rows", "columns")),
    "white", "highlight", "range", "black", "skew", "saturation_spread", "chroma_spread",
    "line", "lines", "rim_luma", "rim_saturation",
)  # fmt: skip
"""What each cue is, in the order of `cues`."""


def cues(skin: Image, around: Image) -> Floats:
    """The numbers of one face, shape (len(NAMES),), finite.

    Args:
        skin: the middle of the face, BGR (`SKIN`, `SKIN`, 3), close to the recording's pixels.
        around: the face with its surroundings, a BGR square of 80 pixels or so.
    """
    colour = cv2.cvtColor(skin, cv2.COLOR_BGR2YCrCb).astype(np.float32)
    found = _patterns(colour[:, :, 0])
    found += _light(skin, colour)
    found += [*_lines(around), *_rim(around)]
    return np.array(found, np.float64)


def _patterns(plane: NDArray[np.float32]) -> list[float]:
    """Energy per band over all, peaks over their band's median, stripes; all as logarithms."""
    fine = plane - cv2.GaussianBlur(plane, (0, 0), 4.0)
    power = np.abs(np.fft.rfft2(fine * _WINDOW)) ** 2 + _LEAST
    parts = [power[band == _BANDS] for band in range(1, len(_EDGES))]
    energy = np.log([float(p.mean()) for p in parts])
    peaks = [float(np.log(p.max() / np.median(p))) for p in parts]
    stripes = [_stripe(fine.mean(axis=axis)) for axis in (1, 0)]
    return [*(energy[1:] - energy[0]), max(peaks[2:]), max(peaks[:2]), *stripes]


def _stripe(means: NDArray[np.float32]) -> float:
    """How far the strongest frequency of row (or column) means stands out."""
    power = np.abs(np.fft.rfft(means * np.hanning(SKIN)))[4:] ** 2 + _LEAST
    return float(np.log(power.max() / np.median(power)))


def _light(skin: Image, colour: NDArray[np.float32]) -> list[float]:
    luma = colour[::2, ::2, 0]
    low, black, middle, bright, top = np.quantile(luma, (0.01, 0.05, 0.5, 0.95, 0.99))
    span = max(float(bright - black), 1.0)
    half = np.ascontiguousarray(skin[::2, ::2])
    least, largest = (
        way(way(half[..., 0], half[..., 1]), half[..., 2]) for way in (np.minimum, np.maximum)
    )
    saturation = 1 - least / np.maximum(largest, 1)
    return [
        float((least > 230).mean()),
        float(top - bright) / span,
        float(np.log(span / max(float(middle), 4.0))),
        float(low) / 255.0,
        float(bright - 2 * middle + black) / span,
        float(saturation.std()),
        float(np.log(1.0 + colour[::2, ::2, 1].std() + colour[::2, ::2, 2].std())),
    ]


def _lines(around: Image) -> tuple[float, float]:
    """Length of the longest straight edge over the side, and of all long ones together."""
    side = around.shape[0]
    edges = cv2.Canny(around, 60, 140)
    found = cv2.HoughLinesP(edges, 1, np.pi / 90, 24, None, 0.35 * side, 3)
    if found is None:
        return 0.0, 0.0
    ends = found.reshape(-1, 4).astype(np.float64)
    lengths = np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1]) / side
    return float(lengths.max()), float(np.log1p(lengths.sum()))


def _rim(around: Image) -> tuple[float, float]:
    """Light and saturation of the rim of the surroundings against their middle."""
    edge = max(1, around.shape[0] // 8)
    rim = np.concatenate([around[:edge].reshape(-1, 3), around[-edge:].reshape(-1, 3)])
    middle = around[3 * edge : -3 * edge, 3 * edge : -3 * edge].reshape(-1, 3)

    def saturation(pixels: Image) -> float:
        return float((np.ptp(pixels, axis=1) / np.maximum(pixels.max(axis=1), 1)).mean())

    light = float(np.log((rim.mean() + 8) / (middle.mean() + 8)))
    return light, saturation(rim) - saturation(middle)
