"""A bounded number of face crops, spread evenly over a recording of unknown length."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.interview import FaceSample

Crops = Mapping[str, NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a candidate sample was seen: track id, row of the track, time and frame."""

    track: int
    row: int
    time_s: float
    frame: int


class Samples:
    """Keeps the best face of each track in each step of time.

    When more than `most` have gathered, the step doubles and neighbouring steps keep the better
    of their two, so that coverage stays even however long the recording grows.
    """

    def __init__(self, step_s: float, most: int) -> None:
        self._step_s = step_s
        self._most = most
        self._best: dict[tuple[int, int], FaceSample] = {}

    def offer(self, place: Place, quality: float, cut: Callable[[], Crops]) -> bool:
        """Keep this face if it is the best of its step; `cut` makes the crops only then."""
        key = (place.track, math.floor(place.time_s / self._step_s))
        held = self._best.get(key)
        if held is not None and held.quality >= quality:
            return False
        self._best[key] = FaceSample(
            track=place.track,
            row=place.row,
            time_s=place.time_s,
            frame=place.frame,
            quality=quality,
            crops=cut(),
        )
        while len(self._best) > self._most:
            if not self._halve():
                return self._drop_worst(key)
        return True

    def finish(self, tracks: set[int]) -> tuple[FaceSample, ...]:
        """Samples of these tracks, in time order."""
        chosen = [s for s in self._best.values() if s.track in tracks]
        return tuple(sorted(chosen, key=lambda s: (s.time_s, s.track)))

    def _halve(self) -> bool:
        """Double the step; False once every track has one sample only."""
        if len({key[0] for key in self._best}) == len(self._best):
            return False
        self._step_s *= 2
        merged: dict[tuple[int, int], FaceSample] = {}
        for (track, step), sample in self._best.items():
            key = (track, step // 2)
            held = merged.get(key)
            if held is None or sample.quality > held.quality:
                merged[key] = sample
        self._best = merged
        return True

    def _drop_worst(self, newest: tuple[int, int]) -> bool:
        worst = min(self._best, key=lambda k: self._best[k].quality)
        del self._best[worst]
        return worst != newest
