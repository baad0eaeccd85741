"""Presentation times and frame numbers of a stream's packets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.facts import Packets


@dataclass(frozen=True, slots=True)
class Timeline:
    """When each packet of a video stream is shown, in file order, arrays of length n.

    Attributes:
        times_s: presentation time on the recording's clock, finite.
        frames: frame number, 0..n-1 in order of presentation.
    """

    times_s: NDArray[np.float64]
    frames: NDArray[np.int64]

    @property
    def sorted_s(self) -> NDArray[np.float64]:
        """Times in order of presentation: `sorted_s[frame]` is when that frame is shown."""
        return np.sort(self.times_s)


def timeline(packets: Packets) -> Timeline:
    """Presentation times from pts; where the file gives none from dts, else carried on.

    Equal times are numbered in file order.
    """
    times = np.where(np.isnan(packets.pts_s), packets.dts_s, packets.pts_s)
    missing = np.isnan(times)
    if missing.any():
        times = _carried_on(times, packets.duration_s)
    order = np.argsort(times, kind="stable")
    frames = np.empty(len(times), dtype=np.int64)
    frames[order] = np.arange(len(times))
    return Timeline(times, frames)


def _carried_on(times: NDArray[np.float64], duration_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fills missing times: each packet follows the one before by its duration."""
    filled = times.copy()
    step = _usual_step(times, duration_s)
    now = 0.0
    for i, time in enumerate(times):
        if np.isnan(time):
            filled[i] = now
        now = filled[i] + (duration_s[i] if duration_s[i] > 0 else step)
    return filled


def _usual_step(times: NDArray[np.float64], duration_s: NDArray[np.float64]) -> float:
    known = np.diff(np.sort(times[~np.isnan(times)]))
    steps = known[known > 0]
    if len(steps):
        return float(np.median(steps))
    positive = duration_s[duration_s > 0]
    return float(np.median(positive)) if len(positive) else 0.04
