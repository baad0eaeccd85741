"""Unit vectors in 16-bit fixed point: two planes of int8, the first of which can be searched fast.

A row v is kept as step * (high + low / 254), with step = max|v| / 127. The first plane alone is off
by at most half a step in each component, both together by 1/508 of one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.interview import Floats, Ints

Bytes = NDArray[np.int8]
_HIGH = 127
_LOW = 254
ROUNDING = 1e-6
"""What float32 arithmetic on unit vectors of up to 1,024 components may add to an error."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Vectors in fixed point. `high`, `low` (n, d); `step` (n,); `rest` (n,): length of what
    `high` leaves out of a row.
    """

    high: Bytes
    low: Bytes
    step: Floats
    rest: Floats


def fixed(vectors: Floats) -> Fixed:
    """Unit vectors (n, d) in fixed point."""
    step = (np.abs(vectors).max(axis=1) / _HIGH).astype(np.float32)
    scaled = vectors / np.maximum(step, np.float32(1e-12))[:, None]
    high = np.rint(scaled)
    left = scaled - high
    low = np.rint(left * _LOW)
    rest = step * np.linalg.norm(left, axis=1)
    return Fixed(high.astype(np.int8), low.astype(np.int8), step, rest.astype(np.float32))


class Shard:
    """A fixed number of slots for rows; a freed slot scores 0 until it is taken again.

    Attributes:
        high, low (size, d), step (size,): the rows. owner (size,): number of a row's owner, -1 =
        free. rest: the largest length that `high` leaves out of any row.
    """

    def __init__(self, size: int, dim: int) -> None:
        self.high: Bytes = np.zeros((size, dim), np.int8)
        self.low: Bytes = np.zeros((size, dim), np.int8)
        self.step: Floats = np.zeros(size, np.float32)
        self.owner: NDArray[np.int32] = np.full(size, -1, np.int32)
        self.rest = 0.0

    def put(self, slots: Ints, rows: Fixed, owners: NDArray[np.int32]) -> None:
        """Writes rows into slots."""
        self.high[slots], self.low[slots] = rows.high, rows.low
        self.step[slots], self.owner[slots] = rows.step, owners
        self.rest = max(self.rest, float(rows.rest.max(initial=0.0)))

    def wipe(self, slot: int) -> None:
        """Overwrites a row with zeros."""
        self.high[slot] = 0
        self.low[slot] = 0
        self.step[slot] = 0.0
        self.owner[slot] = -1

    def scores(self, slots: Ints, query: Floats) -> Floats:
        """Cosines of rows with a unit vector, from both planes."""
        high = self.high[slots].astype(np.float32)
        rows = high + self.low[slots].astype(np.float32) / np.float32(_LOW)
        scored: Floats = (rows @ query) * self.step[slots]
        return scored
