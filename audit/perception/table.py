"""A growing table of numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class Table:
    """A growing table of float64 rows; memory doubles as it grows."""

    def __init__(self, columns: int) -> None:
        self._rows = np.empty((16, columns))
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, row: Sequence[float] | NDArray[np.float64]) -> None:
        """Add one row."""
        if self._length == len(self._rows):
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
        self._rows[self._length] = row
        self._length += 1

    @property
    def rows(self) -> NDArray[np.float64]:
        """All rows, shape (n, columns)."""
        return self._rows[: self._length]
