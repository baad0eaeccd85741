"""Stretches in which the picture stands still although the recording otherwise moves.

The spread of the motion coordinates within a short window is compared with the recording's own: a
person who listens still moves and so does sensor noise, while a held picture only shows what the
encoder does to it. Jumps at key frames (the encoder starting anew) are taken out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.types import Span
from liveness.motion_space import Array, Grid, principal, window_sums

DIRECTIONS = 6
REACH_S = (
    0.12  # differences over this time set the directions: faster than drift, slower than noise
)


@dataclass(frozen=True, slots=True)
class Frozen:
    """A standstill: where, and its spread over the recording's median spread (0 = none at all)."""

    span: Span
    share: float


@dataclass(frozen=True, slots=True)
class Stillness:
    """How much the picture moves, window by window.

    Attributes:
        times_s, spread: middle of each window and the spread of the motion coordinates in it, grey
            levels (root of summed squares over the signature).
        typical: median spread. found: standstills, in time order.
    """

    times_s: NDArray[np.float64]
    spread: NDArray[np.float64]
    typical: float
    found: tuple[Frozen, ...]


def stillness(samples: Grid, point: dict[str, Any]) -> Stillness | None:
    """Measure `samples`; None where no window of `freeze_window_s` fits in.

    `point`: see [frame_loop] in operating_points.toml.
    """
    length = max(4, round(point["freeze_window_s"] / samples.step_s))
    if len(samples) < length + 1:
        return None
    inside = samples.inside(length)
    if not inside.any():
        return None
    spread = _spread(_coordinates(samples), length)
    spread[~inside] = np.nan
    typical = float(np.nanmedian(spread))
    middle = samples.times_s[: len(spread)] + 0.5 * (length - 1) * samples.step_s
    found = _standstills(samples, spread, length, typical, point)
    return Stillness(middle[inside], spread[inside], typical, found)


def _coordinates(samples: Grid) -> Array:
    """Motion coordinates (n, DIRECTIONS) with the jumps at key frames taken out."""
    steps = np.diff(samples.light, axis=0)
    steps[samples.key[1:] | (np.diff(samples.stretch) != 0)] = 0
    path = np.vstack([np.zeros_like(steps[:1]), np.cumsum(steps, axis=0, dtype=np.float32)])
    reach = max(1, round(REACH_S / samples.step_s))
    basis = principal(path[reach:] - path[:-reach], DIRECTIONS)
    return np.asarray(path @ basis)


def _spread(path: Array, length: int) -> NDArray[np.float64]:
    centred = path.astype(np.float64) - path.mean(axis=0, dtype=np.float64)
    mean = window_sums(centred, length) / length
    power = window_sums((centred**2).sum(axis=1), length) / length
    return np.asarray(np.sqrt(np.maximum(power - (mean**2).sum(axis=1), 0.0)))


def _standstills(
    samples: Grid, spread: NDArray[np.float64], length: int, typical: float, point: dict[str, Any]
) -> tuple[Frozen, ...]:
    if typical < point["freeze_least_motion"]:
        return ()
    limit = min(point["freeze_most_spread"], point["freeze_share"] * typical)
    low = np.nan_to_num(spread, nan=np.inf) < limit
    spans = _runs(low, length)
    ordinary = _ordinary(spread, spans, length)
    around = round(point["freeze_around_s"] / samples.step_s)
    scene = samples.stretch[: len(spread)]
    found = []
    for first, last in spans:
        inner = float(np.median(spread[first : last - length + 1]))
        same = np.where(scene == scene[first], spread, np.nan)
        nearby = _nearby(same, first, last - length + 1, (length, around))
        usual = point["freeze_share"] * min(typical, nearby)
        still = inner < point["freeze_outlier"] * ordinary
        still = still and inner < max(usual, point["freeze_alone"])
        if still and (last - first) * samples.step_s >= point["freeze_s"]:
            end = float(samples.times_s[last - 1]) + samples.step_s
            found.append(Frozen(Span(float(samples.times_s[first]), end), inner / typical))
    return tuple(found)


def _nearby(spread: NDArray[np.float64], first: int, last: int, reach: tuple[int, int]) -> float:
    """Median spread of the windows up to `reach[1]` beside windows `first`..`last`.

    Windows that begin within `reach[0]` of them still see the standstill and are left out, as are
    NaN (another scene). 0 where none is left: calm is judged against its own surroundings.
    """
    length, around = reach
    before = spread[max(0, first - length - around) : max(0, first - length)]
    after = spread[last + length : last + length + around]
    beside = np.concatenate([before, after])
    beside = beside[~np.isnan(beside)]
    return float(np.median(beside)) if len(beside) else 0.0


def _runs(low: NDArray[np.bool_], length: int) -> list[tuple[int, int]]:
    """First and behind-last sample of each run of low windows; overlapping ones are joined."""
    edges = np.flatnonzero(np.diff(np.r_[False, low, False].astype(np.int8)))
    runs: list[tuple[int, int]] = []
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        last = int(stop) - 1 + length
        if runs and start <= runs[-1][1]:
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((int(start), last))
    return runs


def _ordinary(spread: NDArray[np.float64], spans: list[tuple[int, int]], length: int) -> float:
    """The spread that one in ten windows away from the standstills stays below."""
    rest = ~np.isnan(spread)
    for first, last in spans:
        rest[max(0, first - length) : last] = False
    return float(np.percentile(spread[rest], 10)) if rest.any() else 0.0
