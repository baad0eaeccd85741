"""How well scores tell manipulated copies from their originals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def auc(real: Floats, forged: Floats) -> float:
    """Area under the ROC curve: how often a copy scores above a photo; ties count half."""
    below = np.searchsorted(np.sort(real), forged, side="left")
    until = np.searchsorted(np.sort(real), forged, side="right")
    return float((below + until).mean() / 2 / len(real))


def auc_interval(real: Floats, forged: Floats, rounds: int = 500) -> tuple[float, float]:
    """Bootstrap interval (95 %) of `auc`, drawing persons; rows of both belong together."""
    random = np.random.default_rng(3)
    drawn = random.integers(0, len(real), (rounds, len(real)))
    areas = [auc(real[rows], forged[rows]) for rows in drawn]
    low, high = np.percentile(areas, [2.5, 97.5])
    return float(low), float(high)
