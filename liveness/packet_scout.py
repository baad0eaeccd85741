"""Where pictures may repeat or stand still, guessed from the sizes of packets alone.

A stretch that is shown again costs the encoder about the same bytes again, picture by picture; a
held picture costs next to none. Both are hints: they say where decoding every frame is worth it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.facts import Packets
from audit.interview import Window
from audit.types import Span
from liveness.motion_space import window_sums

Sizes = NDArray[np.float64]

SMALLEST = 8.0  # bytes added before the logarithm: below that sizes are headers
LEVEL_S = 1.0  # slower changes of the byte rate are the encoder's rate control
CLIPPED = 1.0  # natural logarithm: a cut or burst must not outweigh everything else
MOST_LENGTHS = 3  # windows by which a stretch is followed to either side
MOST_SAMPLES = 16_000  # the search is quadratic; longer recordings are averaged down to this


def hints(packets: Packets, point: dict[str, Any]) -> tuple[Window, ...]:
    """Signature windows, most promising first; standstills before repeats.

    `point`: see [frame_loop] in operating_points.toml.
    """
    order = np.argsort(packets.pts_s, kind="stable")
    order = order[~np.isnan(packets.pts_s[order])]
    if len(order) < 50:
        return ()
    times, key = packets.pts_s[order], packets.keyframe[order]
    if key.all() or times[-1] <= times[0]:
        return ()
    size = np.log(packets.size[order].astype(np.float64) + SMALLEST)
    size = np.interp(np.arange(len(size)), np.flatnonzero(~key), size[~key])
    step = float(times[-1] - times[0]) / (len(times) - 1)
    spans = _standstills(times, size, step, point) + _repeats(times, size, step, point)
    pad = point["scout_pad_s"]
    return tuple(Window(max(0.0, s.start_s - pad), s.end_s + pad, "signature") for s in spans)


def _standstills(
    times: NDArray[np.float64], size: Sizes, step: float, point: dict[str, Any]
) -> list[Span]:
    """Runs of small packets, the smallest first."""
    length = max(3, round(point["freeze_window_s"] / step))
    if len(size) < 2 * length:
        return []
    mean = window_sums(size, length) / length
    low = mean - np.median(size) + point["scout_small"]
    found: list[tuple[float, Span]] = []
    edges = np.flatnonzero(np.diff(np.r_[False, low < 0, False].astype(np.int8)))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        span = Span(float(times[start]), float(times[stop - 1 + length - 1]))
        found.append((float(low[start:stop].min()), span))
    found.sort(key=lambda item: item[0])
    return [span for _, span in found[: point["scout_most"]]]


def _repeats(
    times: NDArray[np.float64], size: Sizes, step: float, point: dict[str, Any]
) -> list[Span]:
    """Both stretches of each of the best correlations between packet sizes."""
    factor = -(-len(size) // MOST_SAMPLES)
    count = len(size) // factor
    series = size[: count * factor].reshape(count, factor).mean(axis=1)
    step, times = step * factor, times[: count * factor : factor]
    level = max(3, round(LEVEL_S / step))
    series = np.clip(
        series - np.convolve(series, np.ones(level) / level, "same"), -CLIPPED, CLIPPED
    )
    length = max(8, round(point["scout_window_s"] / step))
    least = round(point["loop_least_lag_s"] / step) + 1
    if count < 2 * length + least:
        return []
    scale = _scale(series, length)
    peaks = [_peak(series, scale, length, offset) for offset in range(least, count - length)]
    peaks.sort(reverse=True)
    spans: list[Span] = []
    for match, first, offset in peaks[: 50 * point["scout_most"]]:
        if match < point["scout_correlation"] or len(spans) >= 2 * point["scout_most"]:
            break
        low, high = _stretch(series, scale, length, (first, offset, match))
        pair = [_span(times, at, high - low + length, step) for at in (low, low + offset)]
        if not all(any(_overlap(p, s) for s in spans) for p in pair):
            spans += pair
    return spans


def _scale(series: Sizes, length: int) -> Sizes:
    """One over the root energy of each window; 0 for windows of nearly even sizes."""
    energy = window_sums(series**2, length)
    usable = energy > 0.25 * np.median(energy)
    return np.where(usable, 1.0 / np.sqrt(np.maximum(energy, 1e-9)), 0.0)


def _peak(series: Sizes, scale: Sizes, length: int, offset: int) -> tuple[float, int, int]:
    sums = window_sums(series[:-offset] * series[offset:], length)
    match = sums * scale[: len(sums)] * scale[offset : offset + len(sums)]
    first = int(match.argmax())
    return float(match[first]), first, offset


def _stretch(
    series: Sizes, scale: Sizes, length: int, peak: tuple[int, int, float]
) -> tuple[int, int]:
    """First and last window around a peak (first, offset, match) that match nearly as well."""
    first, offset, match = peak
    sums = window_sums(series[:-offset] * series[offset:], length)
    along = sums * scale[: len(sums)] * scale[offset : offset + len(sums)]
    most = MOST_LENGTHS * length
    low = high = first
    while low > max(0, first - most) and along[low - 1] > 0.7 * match:
        low -= 1
    while high < min(len(along) - 1, first + most) and along[high + 1] > 0.7 * match:
        high += 1
    return low, high


def _span(times: NDArray[np.float64], first: int, length: int, step: float) -> Span:
    start = float(times[first])
    return Span(start, start + length * step)


def _overlap(first: Span, second: Span) -> bool:
    shared = min(first.end_s, second.end_s) - max(first.start_s, second.start_s)
    return shared > 0.5 * first.duration_s
