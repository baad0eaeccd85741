"""Knowing a recording again: where in the picture things moved, when.

A replay shows the same movement at the same distances in time, however it was encoded again, cut to
another size or dimmed. The same person in the same room moves otherwise each time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audit.interview import PictureLog

Array = NDArray[np.float64]

BIN_S = 0.25
GRID = 4  # cells each way
LEAST_BINS = 40
MOST_SHIFT_S = 12.0
_LEVELS = 15
_DIGITS = "0123456789abcdef"


def movement_of(pictures: PictureLog) -> str:
    """The movement of a recording: one hexadecimal digit for each cell and quarter of a second.

    The square root of the mean change of luma between frames, over the largest in the recording.
    """
    if len(pictures.times_s) < 3:
        return ""
    tiles = pictures.signatures.astype(np.float64)
    tiles = tiles.reshape(len(tiles), GRID, 24 // GRID, GRID, 32 // GRID).mean(axis=(2, 4))
    change = np.abs(np.diff(tiles, axis=0)).reshape(len(tiles) - 1, -1)
    place = (pictures.times_s[1:] / BIN_S).astype(int)
    bins = np.zeros((place.max() + 1, GRID * GRID))
    np.add.at(bins, place, change)  # the sum, so that a lower frame rate changes little
    root = np.sqrt(bins)
    top = float(root.max())
    if top <= 0:
        return ""
    return "".join(_DIGITS[int(v)] for v in np.round(root / top * _LEVELS).ravel())


def likeness(first: str, second: str) -> float:
    """How alike two movements are at the shift in time that fits best, -1 to 1; 0: too short."""
    one, two = _bins(first), _bins(second)
    most = round(MOST_SHIFT_S / BIN_S)
    return max((_alike(one, two, shift) for shift in range(-most, most + 1)), default=0.0)


def _bins(movement: str) -> Array:
    levels = np.array([_DIGITS.index(each) for each in movement], np.float64)
    return levels.reshape(-1, GRID * GRID)


def _alike(one: Array, two: Array, shift: int) -> float:
    """Correlation over time within cells, so that a busy corner counts for no more than others."""
    start = max(0, shift)
    a, b = one[start:], two[max(0, -shift) :]
    count = min(len(a), len(b))
    if count < LEAST_BINS or count < 0.6 * min(len(one), len(two)):
        return 0.0
    a, b = a[:count] - a[:count].mean(axis=0), b[:count] - b[:count].mean(axis=0)
    scale = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / scale if scale > 1e-9 else 0.0
