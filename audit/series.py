"""Thinning of measurements for the timeline."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from audit.types import Series

MOST_POINTS = 600


def thin(
    name: str,
    unit: str,
    times_s: ArrayLike,
    values: ArrayLike,
    *,
    low: float | None = None,
    high: float | None = None,
    threshold: float | None = None,
) -> Series:
    """A `Series` of at most 600 points: longer inputs are averaged in equal runs, NaN-aware.

    `times_s` and `values` have shape (n,); NaN values become None (not measured).
    """
    times = np.asarray(times_s, dtype=np.float64)
    data = np.asarray(values, dtype=np.float64)
    if len(times) > MOST_POINTS:
        edges = np.linspace(0, len(times), MOST_POINTS + 1).astype(int)
        times = np.array([times[a:b].mean() for a, b in pairwise(edges)])
        data = np.array([_mean(data[a:b]) for a, b in pairwise(edges)])
    return Series(
        name=name,
        unit=unit,
        times_s=tuple(round(float(t), 3) for t in times),
        values=tuple(None if np.isnan(v) else round(float(v), 5) for v in data),
        low=low,
        high=high,
        threshold=threshold,
    )


def _mean(run: np.ndarray) -> float:
    kept = run[~np.isnan(run)]
    return float(kept.mean()) if len(kept) else float("nan")
