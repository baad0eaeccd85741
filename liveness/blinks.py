"""Blinks in a face track, from the opening of the lids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from audit.interview import FaceTrack

Floats = NDArray[np.float64]

SHUT_SHARE = 0.6  # lids of a blink fall below this share of their usual opening
LEAST_S = 0.05
MOST_S = 0.5  # spontaneous blinks last .1 to .4 s (VanderWerf et al., J Neurophysiol 89, 2003)
USUAL_S = 2.0  # stretch that the usual opening is taken from
BREAK_S = 0.15  # rows further apart could hide a whole blink
MOST_YAW = 35.0  # degrees; lids of eyes that are turned further away are not followed


@dataclass(frozen=True, slots=True)
class Blink:
    """One blink: when the lids fell below 60 % of their usual opening, and when they rose again."""

    start_s: float
    end_s: float
    depth: float  # 0..1, how much of the usual opening was gone at the deepest

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class EyeWatch:
    """What was seen of the lids.

    `watched_s` counts seconds of dense, near-frontal frames in which lids were measured.
    """

    blinks: tuple[Blink, ...]
    watched_s: float
    times_s: Floats
    opening: Floats


def watch(track: FaceTrack) -> EyeWatch:
    """Blinks of one track; only dense stretches count."""
    opening = _one_eye(track)
    usable = track.dense & np.isfinite(opening) & (np.abs(track.pose[:, 0]) <= MOST_YAW)
    blinks: list[Blink] = []
    watched = 0.0
    for rows in stretches(track.times_s, usable):
        times, gap = track.times_s[rows], opening[rows]
        watched += float(times[-1] - times[0])
        blinks += _blinks(times, gap)
    return EyeWatch(tuple(blinks), watched, track.times_s[usable], opening[usable])


def _one_eye(track: FaceTrack) -> Floats:
    """Mean of the measured eyes per row; NaN where neither was."""
    eyes = track.eye_open.astype(np.float64)
    count = np.isfinite(eyes).sum(axis=1)
    total = np.nansum(eyes, axis=1)
    mean: Floats = np.divide(total, count, out=np.full(len(eyes), np.nan), where=count > 0)
    return mean


def stretches(times_s: Floats, usable: NDArray[np.bool_]) -> Iterator[slice]:
    """Runs of usable rows at most `BREAK_S` apart, at least four rows long."""
    start = 0
    for i in range(1, len(times_s) + 1):
        ends = i == len(times_s) or not usable[i] or times_s[i] - times_s[i - 1] > BREAK_S
        if ends:
            while start < i and not usable[start]:
                start += 1
            if i - start >= 4:
                yield slice(start, i)
            start = i


def _blinks(times: Floats, gap: Floats) -> list[Blink]:
    """Falls below 60 % of the median opening of the two seconds around, that rise again in time.

    A stretch's first and last rows must be open: half a blink has no duration.
    """
    usual = _usual(times, gap)
    low = gap < SHUT_SHARE * usual
    edges = np.flatnonzero(np.diff(low.astype(np.int8)))
    found = []
    for first, last in pairwise(edges):
        if not low[first + 1]:
            continue
        start, end = float(times[first + 1]), float(times[last + 1])
        if LEAST_S * 0.5 <= end - start <= MOST_S:
            floor = float((gap[first + 1 : last + 1] / usual[first + 1 : last + 1]).min())
            found.append(Blink(start, end, 1.0 - max(0.0, floor)))
    return found


def _usual(times: Floats, gap: Floats) -> Floats:
    """The upper-half median of the openings within a second of each row."""
    first = np.searchsorted(times, times - USUAL_S / 2)
    last = np.searchsorted(times, times + USUAL_S / 2, side="right")
    return np.array([np.quantile(gap[a:b], 0.7) for a, b in zip(first, last, strict=True)])
