"""Which frames of a recording are decoded, and which are handed out in colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.facts import MediaFacts
from audit.interview import Window
from audit.settings import Sampling


@dataclass(frozen=True, slots=True)
class PicturePlan:
    """A request to the decoder.

    In each of `windows` (sorted, not overlapping) every frame is decoded. Outside of them key
    frames are decoded, and whole stretches between key frames where those lie further apart than
    `max_gap_s`; of these, frames at least `step_s` apart are handed out in colour. In windows of
    pictures every `stride`-th frame is handed out in colour. `max_side` bounds the longer side of
    handed-out images.
    """

    windows: tuple[Window, ...]
    step_s: float
    max_gap_s: float
    max_side: int
    stride: int = 1


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded frame.

    Attributes:
        time_s: presentation time on the recording's clock. frame: number in presentation order.
        dense: True inside a window (the previous frame of the file was decoded too).
        signature: area-averaged luma of the displayed frame, uint8 (24, 32).
        image: BGR uint8 (height, width, 3), rotation applied, or None where only the signature was
            asked for.
        scale: handed-out size over displayed size (1.0 unless reduced to `max_side`).
    """

    time_s: float
    frame: int
    dense: bool
    signature: NDArray[np.uint8]
    image: NDArray[np.uint8] | None
    scale: float = 1.0


def plan_pictures(
    facts: MediaFacts, sampling: Sampling, scouted: tuple[Window, ...], seed: int
) -> PicturePlan:
    """The plan for one recording.

    Recordings up to `sampling.dense_up_to_s` are one window, every frame in colour. Longer ones get
    a burst of
    `sampling.burst_s` in each stretch (see `stretch_s`), at a key frame drawn with
    `seed` (at any time where the stretch has no key frame that leaves room). Windows that scouts
    ask for, most promising first, are added until they fill `sampling.scout_share` of the
    recording; where they overlap bursts, pictures win over signatures.
    """
    duration_s = facts.duration_s
    if duration_s <= sampling.dense_up_to_s:
        windows: tuple[Window, ...] = (Window(0.0, duration_s),)
        stride = 1
    else:
        bursts = _bursts(_key_times(facts), duration_s, sampling, seed)
        windows = merge(bursts, afford(scouted, duration_s, sampling.scout_share * duration_s))
        stride = _stride(facts, sampling.burst_rate)
    return PicturePlan(
        windows, sampling.sample_step_s, sampling.max_gap_s, sampling.max_side, stride
    )


def stretch_s(duration_s: float, sampling: Sampling) -> float:
    """Length of the stretches of which each has a burst, seconds.

    `sampling.burst_every_s` up to `sampling.bursts` of them; longer recordings have the bursts
    further apart, up to `sampling.burst_every_most_s`.
    """
    wanted_s = duration_s / sampling.bursts
    most_s = max(sampling.burst_every_s, sampling.burst_every_most_s)
    return min(max(sampling.burst_every_s, wanted_s), most_s)


def _stride(facts: MediaFacts, least_rate: float) -> int:
    """The largest whole step between frames that leaves `least_rate` of them a second."""
    if facts.video is None:
        return 1
    times = np.sort(facts.video.packets.pts_s[np.isfinite(facts.video.packets.pts_s)])
    steps = np.diff(times)
    steps = steps[steps > 0]
    if not len(steps):
        return 1
    return max(1, int(1.01 / (float(np.median(steps)) * least_rate)))


def _key_times(facts: MediaFacts) -> NDArray[np.float64]:
    video = facts.video
    if video is None:
        return np.empty(0)
    times = video.packets.pts_s[video.packets.keyframe]
    return np.sort(times[np.isfinite(times)])


def _bursts(
    key_s: NDArray[np.float64], duration_s: float, sampling: Sampling, seed: int
) -> tuple[Window, ...]:
    draw = np.random.default_rng(seed)
    bursts = []
    length_s = stretch_s(duration_s, sampling)
    for start_s in np.arange(0.0, duration_s, length_s):
        end_s = min(start_s + length_s, duration_s)
        latest_s = max(start_s, end_s - sampling.burst_s)
        places = key_s[(key_s >= start_s) & (key_s <= latest_s)]
        share = draw.random()
        at_s = start_s + share * (latest_s - start_s)
        if len(places):
            at_s = places[int(share * len(places))]
        bursts.append(Window(float(at_s), float(min(at_s + sampling.burst_s, end_s))))
    return tuple(bursts)


def afford(wanted: tuple[Window, ...], duration_s: float, budget_s: float) -> tuple[Window, ...]:
    """The first of `wanted`, cut to the recording, as far as `budget_s` seconds in all reach."""
    taken = []
    for window in wanted:
        start_s, end_s = max(0.0, window.start_s), min(duration_s, window.end_s)
        end_s = min(end_s, start_s + budget_s)
        if end_s > start_s:
            taken.append(Window(start_s, end_s, window.mode))
            budget_s -= end_s - start_s
    return tuple(taken)


def merge(bursts: tuple[Window, ...], others: tuple[Window, ...]) -> tuple[Window, ...]:
    """All windows sorted and without overlap; overlapping windows of one mode become one.

    Windows without length ask for nothing and are left out.
    """
    windows = [w for w in (*bursts, *others) if w.end_s > w.start_s]
    pictures = _union([w for w in windows if w.mode == "pictures"])
    signatures = _union([w for w in windows if w.mode == "signature"])
    for burst in pictures:
        signatures = [part for window in signatures for part in _without(window, burst)]
    return tuple(sorted([*pictures, *signatures], key=lambda w: w.start_s))


def _union(windows: list[Window]) -> list[Window]:
    joined: list[Window] = []
    for window in sorted(windows, key=lambda w: w.start_s):
        if joined and window.start_s <= joined[-1].end_s:
            end_s = max(window.end_s, joined[-1].end_s)
            joined[-1] = Window(joined[-1].start_s, end_s, window.mode)
        else:
            joined.append(window)
    return joined


def _without(window: Window, other: Window) -> list[Window]:
    """What is left of a signature window beside a window of pictures."""
    if other.end_s <= window.start_s or other.start_s >= window.end_s:
        return [window]
    left = Window(window.start_s, other.start_s, window.mode)
    right = Window(other.end_s, window.end_s, window.mode)
    return [part for part in (left, right) if part.end_s > part.start_s]
