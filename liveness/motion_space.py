"""Pictures reduced to their motion: a few numbers per picture in which repeats and stops show.

Each picture's luma signature (24 x 32) loses its mean, so that light and exposure drop out. The
principal directions of the recording's own motion hold nearly all of what people do in it and
little of what noise and coding do, because noise spreads over all 768 directions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.ndimage import median_filter

from audit.facts import Packets
from audit.interview import PictureLog
from audit.types import Span

Array = NDArray[np.float32]
Longs = NDArray[np.int64]

FASTEST = 30.0  # pictures per second looked at; faster recordings are thinned
SLOWEST = 6.0
THINNEST = 12.0  # pictures per second kept when a long recording is thinned
MOST_SAMPLES = 6000
USUAL_S = 1.0  # seconds around a change that say what is usual there
LONE = 3.0
INTRA_SHARE = 0.25  # with more key frames than this the codec has no key-frame jumps to remove


@dataclass(frozen=True, slots=True)
class Grid:
    """Pictures at even times, in stretches that were decoded frame by frame.

    Attributes:
        step_s: time between samples. times_s (n,): when. rows (n,): the log's row shown at that
            time (the last picture not later). stretch (n,): number of the stretch.
        light (n, 768): signatures less their own mean, grey levels.
        key (n,): True where a key frame is first shown.
    """

    step_s: float
    times_s: NDArray[np.float64]
    rows: Longs
    stretch: Longs
    light: Array
    key: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.times_s)

    def inside(self, length: int) -> NDArray[np.bool_]:
        """For each start of a window of `length` samples: does it lie in one stretch?"""
        starts = self.stretch[: len(self) - length + 1]
        ends = self.stretch[length - 1 :]
        return np.asarray(starts == ends)


def grid(
    log: PictureLog, packets: Packets | None, *, least_s: float, cut_levels: float
) -> Grid | None:
    """The samples of all stretches of `log` that last `least_s`; None where there is none.

    A stretch ends where the picture changes by more than `cut_levels` grey levels on average from
    one sample to the next, and by `LONE` times what is usual around it: another scene or another
    speaker's picture. Something large that moves fast changes as much, but goes on doing so.
    """
    times = log.times_s
    apart = _apart(times, log.dense)
    if not len(apart):
        return None
    step = max(float(np.median(apart)), 1 / FASTEST)
    if step > 1 / SLOWEST:
        return None
    spans = merged(log.dense, step)
    step *= _thinning(sum(s.duration_s for s in spans), step)
    parts = [_samples(times, span, step) for span in spans]
    parts = [p for p in parts if len(p) * step >= least_s]
    if not parts:
        return None
    at = np.concatenate(parts)
    # Half a step of slack: times are rounded to the container's clock.
    rows = np.searchsorted(times, at + 0.5 * step, side="right") - 1
    light = log.signatures[rows].reshape(len(rows), -1).astype(np.float32)
    light -= light.mean(axis=1, keepdims=True)
    starts = np.zeros(len(rows), dtype=bool)
    starts[np.cumsum([0, *(len(p) for p in parts[:-1])])] = True
    starts[1:] |= _cuts(np.abs(np.diff(light, axis=0)).mean(axis=1), cut_levels, step)
    stretch = np.cumsum(starts)
    return Grid(step, at, rows, stretch, light, _keys(times, rows, packets, step))


def _cuts(changes: Array, cut_levels: float, step: float) -> NDArray[np.bool_]:
    """Which changes between neighbouring samples are cuts; see `grid`."""
    around = 2 * max(1, round(USUAL_S / step / 2)) + 1
    usual = median_filter(changes, size=around, mode="nearest")
    return np.asarray((changes > cut_levels) & (changes > LONE * usual))


def _thinning(total_s: float, step: float) -> int:
    """Every how many pictures one is taken, so that the search, which is quadratic, stays quick."""
    wanted = math.ceil(total_s / step / MOST_SAMPLES)
    return max(1, min(wanted, int(1 / (step * THINNEST))))


def _apart(times: NDArray[np.float64], dense: Sequence[Span]) -> NDArray[np.float64]:
    """Time between successive pictures within the dense spans, where it is not zero."""
    parts = [np.diff(times[(times >= s.start_s - 1e-6) & (times <= s.end_s + 1e-6)]) for s in dense]
    apart = np.concatenate([np.empty(0), *parts])
    return np.asarray(apart[apart > 0])


def _samples(times: NDArray[np.float64], span: Span, step: float) -> NDArray[np.float64]:
    first, last = np.searchsorted(times, [span.start_s - 1e-6, span.end_s + 1e-6])
    if last - first < 2:
        return np.empty(0)
    return np.arange(times[first], times[last - 1] + 0.5 * step, step)


def merged(spans: Sequence[Span], slack_s: float) -> list[Span]:
    """Spans in time order, joined where they overlap or lie within `slack_s` of one another."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda s: s.start_s):
        if joined and span.start_s <= joined[-1].end_s + slack_s:
            joined[-1] = Span(joined[-1].start_s, max(joined[-1].end_s, span.end_s))
        else:
            joined.append(span)
    return joined


def _keys(
    times: NDArray[np.float64], rows: Longs, packets: Packets | None, step: float
) -> NDArray[np.bool_]:
    key = np.zeros(len(rows), dtype=bool)
    if packets is None or not len(packets.keyframe):
        return key
    shown = np.sort(packets.pts_s[packets.keyframe & ~np.isnan(packets.pts_s)])
    if not len(shown) or packets.keyframe.mean() > INTRA_SHARE:
        return key
    nearest = np.clip(np.searchsorted(shown, times), 1, len(shown)) - 1
    following = np.minimum(nearest + 1, len(shown) - 1)
    gap = np.minimum(np.abs(shown[nearest] - times), np.abs(shown[following] - times))
    is_key = gap < 0.5 * step
    fresh = np.r_[True, np.diff(rows) > 0]
    return np.asarray(is_key[rows] & fresh)


def principal(rows: Array, count: int) -> Array:
    """The `count` directions of largest energy of `rows` (n, d), as columns (d, count)."""
    size = rows.shape[1]
    _, vectors = eigh(rows.T @ rows, subset_by_index=[size - count, size - 1])
    largest: Array = np.ascontiguousarray(vectors[:, ::-1], dtype=np.float32)
    return largest


def without_slow(values: Array, length: int, stretch: Longs) -> Array:
    """`values` (n, d) less their moving mean over `length` samples, each stretch by itself."""
    out = np.empty_like(values)
    for number in np.unique(stretch):
        rows = np.flatnonzero(stretch == number)
        out[rows] = values[rows] - _moving_mean(values[rows], length)
    return out


def _moving_mean(values: Array, length: int) -> Array:
    total = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
    at = np.arange(len(values))
    low = np.maximum(at - length // 2, 0)
    high = np.minimum(at + length // 2 + 1, len(values))
    mean: Array = ((total[high] - total[low]) / (high - low)[:, None]).astype(np.float32)
    return mean


def window_sums(values: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Sums of `length` successive values along the first axis, shape (n - length + 1, ...)."""
    head = np.zeros((1, *values.shape[1:]))
    total = np.concatenate([head, np.cumsum(values, axis=0, dtype=np.float64)])
    return np.asarray(total[length:] - total[:-length])
