"""How well one series follows another that was shown a little earlier."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
LAGS_S = np.arange(0.0, 1.01, 0.1)
"""Camera, encoder and a person's reaction together take up to about a second."""


@dataclass(frozen=True, slots=True)
class Following:
    """The best correlation, its 95 % interval (Fisher's z) and the lag in seconds."""

    value: float
    low: float
    high: float
    lag_s: float


def following(
    shown: Callable[[Array], Array],
    times_s: Array,
    seen: Array,
    *,
    independent: int,
    lags: Array = LAGS_S,
) -> Following | None:
    """How `seen` (n, d) follows `shown(times)` (n, d); None where one of them does not vary.

    `independent`: how many values count as independent: steps times channels. Neighbouring samples
    are alike, and an interval from their number would be far too narrow.
    """
    centred = seen - seen.mean(axis=0)
    best: tuple[float, float] | None = None
    for lag in lags:
        wanted = shown(times_s - lag)
        wanted = wanted - wanted.mean(axis=0)
        scale = math.sqrt(float((centred**2).sum() * (wanted**2).sum()))
        if scale < 1e-12:
            continue
        value = float((centred * wanted).sum()) / scale
        if best is None or value > best[0]:
            best = (value, float(lag))
    if best is None:
        return None
    z = math.atanh(min(0.999, max(-0.999, best[0])))
    half = 1.96 / math.sqrt(max(1, independent - 3))
    return Following(best[0], math.tanh(z - half), math.tanh(z + half), best[1])


def steps_at(
    values: NDArray[np.float64], start_s: float, step_s: float
) -> Callable[[Array], Array]:
    """The series that shows `values` (k, d) one after the other; before and after, the ends."""

    def shown(times_s: Array) -> Array:
        place = np.floor((times_s - start_s) / step_s).astype(int)
        found: Array = values[np.clip(place, 0, len(values) - 1)]
        return found

    return shown
