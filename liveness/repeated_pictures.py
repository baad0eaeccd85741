"""Stretches of pictures that occur twice: the same motion again, forwards or backwards.

Every window of a second with enough motion is compared with every other. In natural footage two
windows hardly ever move alike in many directions at once; where a run of windows does, the pictures
themselves are compared, and the run is kept when they differ less than they move.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from audit.types import Span
from liveness.motion_space import Array, Grid, Longs, principal, window_sums, without_slow

DIRECTIONS = 24
SLOW_S = 1.0  # what changes more slowly than this is posture and light, which may well recur
SMOOTH = 5  # samples
LEAST_DIFFERENCE = 0.01
MOST_TRIES = 100


@dataclass(frozen=True, slots=True)
class Repeat:
    """A stretch shown again.

    Attributes:
        span: the later stretch. source: the earlier one. backwards: shown in reverse.
        correlation: of the two stretches' motion, -1..1.
        difference: squared difference of the pictures over their squared motion, 0 upwards
            (0 = identical, 1 = as different as two unrelated stretches about the same mean).
        share: participation ratio of the movement over the stretch, 0..1.
    """

    span: Span
    source: Span
    backwards: bool
    correlation: float
    difference: float
    share: float

    @property
    def evidence(self) -> float:
        """Seconds of movement times the natural logarithm of one over `difference` (at least .01).

        Movement that fills half of the stretch counts in full, less in proportion.
        """
        seconds = self.span.duration_s * min(1.0, 2.0 * self.share)
        return seconds * math.log(1.0 / max(self.difference, LEAST_DIFFERENCE))


@dataclass(frozen=True, slots=True)
class Repetition:
    """The search's outcome.

    Attributes:
        times_s, best: middle of each window with enough motion and its best correlation with
            another window, forwards.
        moving_s: seconds of windows with enough motion.
        needed: evidence that a repeat had to reach.
        found: repeats, the strongest first; none tells mostly of the stretch of another.
    """

    times_s: NDArray[np.float64]
    best: NDArray[np.float64]
    moving_s: float
    needed: float
    found: tuple[Repeat, ...]


@dataclass(frozen=True, slots=True)
class _Motion:
    """Motion of the samples: `fast` (n, k) without slow change, `full` (n, k) with it.

    `scale` (m,): one over the root energy of each window that may be compared, else 0.
    """

    samples: Grid
    length: int
    fast: Array
    full: Array
    noise: NDArray[np.float64]
    scale: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Run:
    """Windows `first`..`last` that match those `offset` samples later (or mirrored about it)."""

    offset: int
    first: int
    last: int
    correlation: float
    backwards: bool


def repetition(samples: Grid, point: dict[str, Any]) -> Repetition | None:
    """Search `samples`; None where no two windows fit in.

    `point`: see [frame_loop] in operating_points.toml.
    """
    motion = _motion(samples, point)
    if motion is None:
        return None
    best = np.full(len(motion.scale), -1.0)
    runs = list(_forward_runs(motion, point, best))
    runs += _backward_runs(motion, point)
    usable = motion.scale > 0
    moving_s = float(usable.sum()) * samples.step_s
    needed = evidence_needed(moving_s, point)
    found = _confirmed(motion, runs, needed, point)
    middle = samples.times_s[: len(best)] + 0.5 * (motion.length - 1) * samples.step_s
    return Repetition(middle[usable], best[usable], moving_s, needed, found)


def _confirmed(
    motion: _Motion, runs: list[_Run], needed: float, point: dict[str, Any]
) -> tuple[Repeat, ...]:
    """Repeats with enough evidence, the strongest first, each later stretch told once."""
    runs = sorted(runs, key=lambda r: -(r.last - r.first + motion.length) * r.correlation)
    found: list[Repeat] = []
    tries = 0
    for run in runs:
        if tries == MOST_TRIES:
            break
        if any(_told(motion, f, run) for f in found):
            continue
        tries += 1
        repeat = _verified(motion, run, point)
        if repeat is not None and repeat.evidence >= needed:
            found.append(repeat)
    found.sort(key=lambda r: -r.evidence)
    return tuple(f for n, f in enumerate(found) if not any(_covers(g, f) for g in found[:n]))


def _told(motion: _Motion, found: Repeat, run: _Run) -> bool:
    """Lies most of the later stretch of `run` within that of `found`?"""
    times = motion.samples.times_s
    ends = np.sort(_partners(run, np.array([run.first, run.last + motion.length - 1])))
    start, end = float(times[ends[0]]), float(times[ends[1]])
    shared = min(found.span.end_s, end) - max(found.span.start_s, start)
    return shared > 0.5 * (end - start)


def evidence_needed(moving_s: float, point: dict[str, Any]) -> float:
    """Evidence that a repeat needs among `moving_s` seconds of motion.

    Chance resemblance becomes likelier with every pair of seconds that is compared, so what is
    asked for grows with the logarithm of their number.
    """
    pairs = max(math.e, moving_s**2 / 2.0)
    return float(point["loop_evidence"]) * math.log(pairs)


def _motion(samples: Grid, point: dict[str, Any]) -> _Motion | None:
    length = max(6, round(point["loop_window_s"] / samples.step_s))
    if len(samples) < 2 * length:
        return None
    slow = max(3, round(SLOW_S / samples.step_s))
    fast_all = without_slow(samples.light, slow, samples.stretch)
    basis = principal(fast_all, DIRECTIONS)
    fast = fast_all @ basis
    # What lies outside the principal directions is noise and coding, spread evenly.
    left = fast_all.shape[1] - DIRECTIONS
    outside = (fast_all**2).sum(axis=1) - (fast**2).sum(axis=1)
    noise = np.maximum(outside.astype(np.float64), 0.0) * DIRECTIONS / left
    motion = _Motion(
        samples, length, fast, samples.light @ basis, noise, np.zeros(len(samples) - length + 1)
    )
    motion.scale[:] = _scale(motion, point)
    return motion


def _scale(motion: _Motion, point: dict[str, Any]) -> NDArray[np.float64]:
    """One over the root energy of each window, 0 where the window must not be compared."""
    energy = _energy(motion.fast)
    total = window_sums(energy, motion.length)
    fourth = window_sums(energy**2, motion.length)
    noise = window_sums(motion.noise, motion.length)
    # The participation ratio is the share of the window in which the motion happens: a single
    # blink or nod fills little of it and looks like any other blink or nod.
    share = total**2 / np.maximum(motion.length * fourth, 1e-9)
    usable = motion.samples.inside(motion.length)
    usable &= total > point["loop_over_noise"] * noise
    usable &= total > point["loop_least_motion"] * motion.length
    usable &= share > point["loop_least_share"]
    scale = np.where(usable, 1.0 / np.sqrt(np.maximum(total, 1e-9)), 0.0)
    return np.where(_rhythmic(motion, scale, point), 0.0, scale)


def _rhythmic(
    motion: _Motion, scale: NDArray[np.float64], point: dict[str, Any]
) -> NDArray[np.bool_]:
    """Windows that repeat themselves within `loop_least_lag_s`: nodding, rocking, a fan."""
    step = motion.samples.step_s
    rhythmic = np.zeros(len(scale), dtype=bool)
    for offset in range(round(0.25 / step), round(point["loop_least_lag_s"] / step)):
        match = _correlation(motion, scale, offset)
        hit = np.flatnonzero(match > point["loop_rhythm"])
        rhythmic[hit] = True
        rhythmic[hit + offset] = True
    return rhythmic


def _correlation(motion: _Motion, scale: NDArray[np.float64], offset: int) -> NDArray[np.float64]:
    """Correlation of each window with the one `offset` samples later, 0 where not comparable."""
    if offset < 1 or offset >= len(scale):
        return np.empty(0)
    products = np.einsum("ij,ij->i", motion.fast[:-offset], motion.fast[offset:])
    sums = window_sums(products, motion.length)
    return np.asarray(sums * scale[: len(sums)] * scale[offset : offset + len(sums)])


def _forward_runs(
    motion: _Motion, point: dict[str, Any], best: NDArray[np.float64]
) -> Iterator[_Run]:
    """Runs of matching windows on every lag; `best` is raised to each window's best match."""
    times = motion.samples.times_s
    least = point["loop_least_lag_s"]
    usable = np.flatnonzero(motion.scale)
    if not len(usable):
        return
    for offset in range(1, int(usable[-1] - usable[0]) + 1):
        match = _correlation(motion, motion.scale, offset)
        count = len(match)
        near = times[offset : offset + count] - times[:count] < least
        match[near] = 0.0
        np.maximum(best[:count], match, out=best[:count])
        later = best[offset : offset + count]
        np.maximum(later, match, out=later)
        if match.max(initial=0.0) < point["loop_candidate"]:
            continue
        for first, last in _above(match, point["loop_candidate"]):
            yield _Run(offset, first, last, float(match[first : last + 1].mean()), False)


def _backward_runs(motion: _Motion, point: dict[str, Any]) -> Iterator[_Run]:
    """The same for pictures that run backwards: mirrored about half of `offset`."""
    count, length = len(motion.fast), motion.length
    mirrored = motion.fast[::-1]
    scale = motion.scale
    for offset in range(2 * length - 1, 2 * count - 2 * length):
        # Sample i is compared with sample offset - i; only pairs in order are looked at.
        low, high = max(0, offset - count + 1), (offset - 1) // 2
        if high - low + 1 < length:
            continue
        products = np.einsum(
            "ij,ij->i",
            motion.fast[low : high + 1],
            mirrored[count - 1 - offset + low : count - offset + high],
        )
        sums = window_sums(products, length)
        starts = np.arange(low, low + len(sums))
        # The mirrored partner of window [i, i + length) begins at offset - i - length + 1.
        partner = offset - starts - length + 1
        match = sums * scale[starts] * scale[partner]
        if match.max(initial=0.0) < point["mirror_candidate"]:
            continue
        for first, last in _above(match, point["mirror_candidate"]):
            mean = float(match[first : last + 1].mean())
            yield _Run(offset, low + first, low + last, mean, True)


def _above(values: NDArray[np.float64], threshold: float) -> Iterator[tuple[int, int]]:
    """First and last index of each run of values above `threshold`."""
    high = np.r_[False, values > threshold, False].astype(np.int8)
    edges = np.flatnonzero(np.diff(high))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        yield int(start), int(stop) - 1


def _verified(motion: _Motion, run: _Run, point: dict[str, Any]) -> Repeat | None:
    """The stretch around `run` in which the pictures agree; None where they do not.

    Windows near the ends of a run see what comes before and after it, so the stretch is found anew
    from the pictures: coding leaves an even difference throughout a true repeat and a step at its
    ends, while a movement that merely recurs drifts in and out of agreement.
    """
    rows, apart, moved = _apart(motion, run, point["loop_widen_s"])
    inside = (rows >= run.first) & (rows < run.last + motion.length)
    usual = float(np.percentile(apart[inside], 30))
    agrees = (apart <= point["loop_even"] * usual) | (apart <= point["loop_of_motion"] * moved)
    core = _longest(agrees, inside, round(point["loop_hole_s"] / motion.samples.step_s))
    if core is None:
        return None
    low, high = int(rows[core[0]]), int(rows[core[1]])
    repeat = _repeat(motion, run, low, high)
    kind = "mirror" if run.backwards else "loop"
    least_s, most = point[f"{kind}_s"], point[f"{kind}_difference"]
    if not run.backwards and repeat.span.start_s < repeat.source.end_s:
        most = point["loop_overlap_difference"]  # running on into itself, as swaying does
    alike = repeat.correlation >= point[f"{kind}_correlation"] and repeat.difference <= most
    alike = alike and repeat.share >= point["loop_least_share"]
    return repeat if alike and repeat.span.duration_s >= least_s else None


def _partners(run: _Run, rows: Longs) -> Longs:
    return run.offset - rows if run.backwards else rows + run.offset


def _apart(
    motion: _Motion, run: _Run, widen_s: float
) -> tuple[Longs, NDArray[np.float64], NDArray[np.float64]]:
    """Samples in and around `run`, how far they lie from their partners, how much both move.

    Both are squared grey levels over the principal directions, smoothed over `SMOOTH` samples.
    """
    wide = round(widen_s / motion.samples.step_s)
    rows = np.arange(run.first - wide, run.last + motion.length + wide)
    partners = _partners(run, rows)
    count, stretch = len(motion.full), motion.samples.stretch
    usable = (rows >= 0) & (partners < count) & (rows < partners)
    rows, partners = rows[usable], partners[usable]
    away = int(_partners(run, np.array([run.first]))[0])
    same = (stretch[rows] == stretch[run.first]) & (stretch[partners] == stretch[away])
    rows, partners = rows[same], partners[same]
    gap = ((motion.full[rows].astype(np.float64) - motion.full[partners]) ** 2).sum(axis=1)
    moved = _energy(motion.fast[rows]) + _energy(motion.fast[partners])
    return rows, _smooth(gap), _smooth(moved)


def _energy(rows: Array) -> NDArray[np.float64]:
    return np.asarray((rows.astype(np.float64) ** 2).sum(axis=1))


def _participation(energy: NDArray[np.float64]) -> float:
    """Share of the samples that `energy` is spread over: 1 = evenly, 1 / n = one sample only."""
    return float(energy.sum() ** 2 / max(len(energy) * (energy**2).sum(), 1e-9))


def _smooth(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    smoothed = uniform_filter1d(values.astype(np.float64), SMOOTH, mode="nearest")
    return np.asarray(smoothed)


def _longest(
    agrees: NDArray[np.bool_], inside: NDArray[np.bool_], hole: int
) -> tuple[int, int] | None:
    """First and last index of the longest agreement that touches `inside`, short holes filled."""
    closed: list[tuple[int, int]] = []
    for first, last in _above(agrees.astype(np.float64), 0.5):
        if closed and first - closed[-1][1] - 1 <= hole:
            closed[-1] = (closed[-1][0], last)
        else:
            closed.append((first, last))
    touching = [r for r in closed if inside[r[0] : r[1] + 1].any()]
    return max(touching, key=lambda r: r[1] - r[0], default=None)


def _repeat(motion: _Motion, run: _Run, low: int, high: int) -> Repeat:
    """Samples `low`..`high` and their partners as a repeat, with what they have in common."""
    rows = np.arange(low, high + 1)
    partners = _partners(run, rows)
    first = motion.full[rows].astype(np.float64)
    second = motion.full[partners].astype(np.float64)
    apart = float(((first - second) ** 2).sum())
    first -= first.mean(axis=0)
    second -= second.mean(axis=0)
    power = float(np.sqrt((first**2).sum() * (second**2).sum()))
    times, step = motion.samples.times_s, motion.samples.step_s
    ends = np.sort(partners[[0, -1]])
    return Repeat(
        span=Span(float(times[ends[0]]), float(times[ends[1]]) + step),
        source=Span(float(times[low]), float(times[high]) + step),
        backwards=run.backwards,
        correlation=float((first * second).sum()) / max(power, 1e-9),
        difference=apart / max(2.0 * power, 1e-9),
        share=_participation(_energy(motion.fast[rows]) + _energy(motion.fast[partners])),
    )


def _covers(found: Repeat, other: Repeat) -> bool:
    """Is most of `other` already told by `found`: the same later stretch, or its mirror image?"""
    shared = min(found.span.end_s, other.span.end_s) - max(found.span.start_s, other.span.start_s)
    return shared > 0.5 * other.span.duration_s
