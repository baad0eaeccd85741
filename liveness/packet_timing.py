"""When the pictures of a stream are shown: rate, evenness, gaps, repeats, key frames.

Works on packets alone. Times are seconds on the recording's clock.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.facts import Packets, Stream
from audit.types import Span

Times = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without a picture, and how many pictures would have fitted in."""

    span: Span
    missing: int


@dataclass(frozen=True, slots=True)
class Timing:
    """The presentation times of one stream.

    Attributes:
        times_s: sorted presentation times, shape (n,); intervals_ms: between them, shape (n-1,).
        median_ms: median interval. rate: frames per second counted over the whole stream.
        jitter_ms: standard deviation of intervals shorter than a gap.
        even: every interval equals the median within one tick of the stream's clock.
        uneven_share: share of intervals at least 1.5 times the median.
        same_time: pictures with the time of the one before. backwards: packets whose decoding time
            is before that of the packet before. untimed: packets without presentation time.
        gaps: longer than the operating point, in time order.
        key_frames: how many; key_interval_s, key_interval_most_s: median and longest distance.
    """

    times_s: Times
    intervals_ms: Times
    median_ms: float
    rate: float
    jitter_ms: float
    even: bool
    uneven_share: float
    same_time: int
    backwards: int
    untimed: int
    gaps: tuple[Gap, ...]
    key_frames: int
    key_interval_s: float | None
    key_interval_most_s: float | None


def timing(stream: Stream, *, gap_s: float, gap_intervals: float) -> Timing | None:
    """Measure `stream`; None with fewer than two timed packets.

    A gap is an interval longer than both `gap_s` and `gap_intervals` medians.
    """
    packets = stream.packets
    shown = np.sort(packets.pts_s[~np.isnan(packets.pts_s)])
    if len(shown) < 2:
        return None
    intervals = np.diff(shown)
    rising = intervals[intervals > 0]
    if not len(rising):
        return None
    median = float(np.median(rising))
    limit = max(gap_s, gap_intervals * median)
    usual = rising[rising <= limit]
    tick = stream.time_base[0] / max(1, stream.time_base[1])
    keys = np.sort(packets.pts_s[packets.keyframe & ~np.isnan(packets.pts_s)])
    apart = np.diff(keys)
    return Timing(
        times_s=shown,
        intervals_ms=intervals * 1e3,
        median_ms=median * 1e3,
        rate=(len(shown) - 1) / float(shown[-1] - shown[0]),
        jitter_ms=float(usual.std()) * 1e3 if len(usual) else 0.0,
        even=bool(np.all(np.abs(intervals - median) <= 1.01 * tick)),
        uneven_share=float(np.mean(intervals >= 1.5 * median)),
        same_time=int(np.sum(intervals <= 0)),
        backwards=_backwards(packets),
        untimed=int(np.isnan(packets.pts_s).sum()),
        gaps=_gaps(shown, intervals, median, limit),
        key_frames=len(keys),
        key_interval_s=float(np.median(apart)) if len(apart) else None,
        key_interval_most_s=float(apart.max()) if len(apart) else None,
    )


def _backwards(packets: Packets) -> int:
    decoded = packets.dts_s[~np.isnan(packets.dts_s)]
    return int(np.sum(np.diff(decoded) < 0))


def _gaps(shown: Times, intervals: Times, median: float, limit: float) -> tuple[Gap, ...]:
    where = np.flatnonzero(intervals > limit)
    return tuple(
        Gap(Span(float(shown[i]), float(shown[i + 1])), round(float(intervals[i]) / median) - 1)
        for i in where
    )
