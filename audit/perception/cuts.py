"""Cuts: where one picture does not continue the one before."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from audit.media.plan import Picture

LEAST = 5.0  # grey levels, successive frames
LEAST_EARLY = 12.0  # the same, while it is not known yet how lively the pictures are
LEAST_FACTOR = 5.0  # over the median of the changes before
LEAST_SPIKE = 2.0  # over the largest of the three changes before: fast movement lasts, cuts do not
LEAST_SPARSE = 32.0  # grey levels, pictures that lie further apart
MEMORY = 25  # changes that the median is taken over


def change(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """Mean absolute difference of two luma signatures, grey levels, whatever their brightness.

    The mean difference is taken out, so that a lamp or the camera's exposure does not count.
    """
    apart = second.astype(np.float32) - first.astype(np.float32)
    return float(np.abs(apart - apart.mean()).mean())


class CutFinder:
    """Says of each picture whether it follows a cut.

    Between successive frames a cut is a lone change far above those before it; between sampled
    pictures, where people have had time to move, only a change of nearly the whole picture counts.
    """

    def __init__(self) -> None:
        self._last: Picture | None = None
        self._recent: deque[float] = deque(maxlen=MEMORY)

    def add(self, picture: Picture) -> bool:
        """Take the next picture."""
        before, self._last = (
            self._last,
            Picture(picture.time_s, picture.frame, picture.dense, picture.signature, None),
        )
        if before is None:
            return False
        amount = change(before.signature, picture.signature)
        if picture.frame != before.frame + 1:
            self._recent.clear()
            return amount > LEAST_SPARSE
        known = list(self._recent)
        self._recent.append(amount)
        if len(known) < 3:
            return amount > LEAST_EARLY
        usual = float(np.median(known))
        return amount > max(LEAST, LEAST_FACTOR * usual, LEAST_SPIKE * max(known[-3:]))
