"""Does the inside of a face keep still against its surroundings as skin does?

A face that is put into each picture anew trembles with the points that it was fitted to, flickers
with the colours that it was matched to, and changes in detail where nothing moved. What happens to
hair, ears, neck and background in the same pictures says how much of that is the head's movement,
light, noise and the codec.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.interview import FaceParts

Floats = NDArray[np.float64]

NAMES = ("tremble", "apart", "flicker", "change")
SAID: Mapping[str, str] = {
    "tremble": "its halves tremble against each other",
    "apart": "it does not start and stop together with its outline",
    "flicker": "its brightness flickers apart from that of its surroundings",
    "change": "its details change where nothing moved",
}
_HALVES, _AROUND = slice(0, 2), slice(2, 6)
# Below these, differences are those of estimation: pixels of a face of 72 px, and grey levels.
_LEAST_PX, _LEAST_GREY = 0.02, 0.05


@dataclass(frozen=True, slots=True)
class Unrest:
    """How a track's face behaves against its surroundings; each rises with manipulation.

    Attributes:
        tremble: log of how much the halves' accelerations differ, over the usual acceleration of
            the surroundings.
        apart: minus the inverse hyperbolic tangent of the correlation of the face's accelerations
            with those of the part of its surroundings that moves most alike.
        flicker: log of the spread of the face's changes of brightness against its surroundings,
            over that of the surroundings among themselves.
        change: median log of the change inside that movement and light leave unexplained, over
            that around.
        count: how many accelerations it rests on.
    """

    tremble: float
    apart: float
    flicker: float
    change: float
    count: int

    @property
    def values(self) -> Floats:
        """In the order of `NAMES`, (4,)."""
        return np.array([getattr(self, name) for name in NAMES])


def unrest(parts: FaceParts, most_gap_s: float) -> Unrest | None:
    """Of comparisons at most `most_gap_s` apart; None where the surroundings cannot be followed."""
    is_close = parts.gaps_s <= most_gap_s
    linked = parts.follows[1:] & is_close[1:] & is_close[:-1]
    pushes = np.diff(parts.moved.astype(np.float64), axis=0)[linked]
    face, around = pushes[:, _HALVES].mean(axis=1), pushes[:, _AROUND]
    followed = [around[:, k] for k in range(around.shape[1])]
    followed = [
        each for each in followed if len(each) and np.isfinite(each).all(axis=1).mean() > 0.8
    ]
    if not followed or not np.isfinite(face).all(axis=1).mean() > 0.8:
        return None
    lit = parts.lit[is_close].astype(np.float64)
    left = np.log(parts.unexplained[is_close].astype(np.float64) + _LEAST_GREY)
    alike = max(_correlation(face, each) for each in followed)
    return Unrest(
        tremble=float(
            np.log(_size(pushes[:, 0] - pushes[:, 1]) + _LEAST_PX)
            - np.log(np.median([_size(each) for each in followed]) + _LEAST_PX)
        ),
        apart=float(-np.arctanh(np.clip(alike, -0.99, 0.99))),
        flicker=_flicker(lit),
        change=float(np.nanmedian(_mean(left[:, _HALVES]) - _mean(left[:, _AROUND]))),
        count=int(np.isfinite(face).all(axis=1).sum()),
    )


def score(found: Unrest, point: Mapping[str, Any]) -> tuple[float, str]:
    """The logit of the fitted model, and the name of what adds most to it."""
    model = point["model"]
    scaled = (found.values - np.array(model["centre"])) / np.array(model["scale"])
    added = scaled * np.array(model["weights"])
    return float(added.sum() + model["offset"]), NAMES[int(np.argmax(added))]


def brightness(parts: FaceParts) -> Floats:
    """Change of the face's brightness against its surroundings per comparison, grey levels (m,)."""
    lit = parts.lit.astype(np.float64)
    return _mean(lit[:, _HALVES]) - _mean(lit[:, _AROUND])


def _flicker(lit: Floats) -> float:
    against = _spread(_mean(lit[:, _HALVES]) - _mean(lit[:, _AROUND]))
    top, left, right, bottom = (lit[:, k] for k in range(2, 6))
    among = np.nansum([_spread((top - bottom) / 2), _spread((left - right) / 2)])
    return float(np.log(against + _LEAST_GREY) - np.log(among + 2 * _LEAST_GREY))


def _mean(values: Floats) -> Floats:
    """The mean over parts, those that were not seen left out, (m,)."""
    seen = np.isfinite(values)
    total = np.where(seen, values, 0.0).sum(axis=1)
    return np.where(seen.any(axis=1), total / np.maximum(seen.sum(axis=1), 1), np.nan)


def _size(vectors: Floats) -> float:
    """The root of the median square length of vectors (n, 2)."""
    return float(np.sqrt(np.nanmedian((vectors**2).sum(axis=1))))


def _spread(values: Floats) -> float:
    """Median absolute deviation; NaN where nothing was seen."""
    seen = values[np.isfinite(values)]
    return float(np.median(np.abs(seen - np.median(seen)))) if len(seen) else float("nan")


def _correlation(one: Floats, other: Floats) -> float:
    """Of vectors about zero, both (n, 2), both of which are known."""
    known = np.isfinite(one).all(axis=1) & np.isfinite(other).all(axis=1)
    a, b = one[known].ravel(), other[known].ravel()
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum() + 1e-6))
