"""What the page says of camera, frames and clock, held against itself, the file and our clock.

D. Kurmankhojayev et al., "Virtual camera detection: Catching video injection attacks in remote
biometric systems", arXiv 2512.10653: such figures tell virtual cameras with an area under the
curve above .9, and 14.6 % of real cameras were refused where 10 % of the virtual ones passed. So
each rule here asks for a contradiction, not for a likelihood; telemetry without one passes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.challenges import Camera, Plan, Telemetry
from audit.facts import MediaFacts, Stream
from audit.types import Reason

Array = NDArray[np.float64]
Point = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """The telemetry of a response, the recording's facts, and seconds between start and answer."""

    telemetry: Telemetry
    plan: Plan
    facts: MediaFacts
    elapsed_s: float


def contradictions(sent: Sent, point: Point) -> Iterator[Reason]:
    """What refuses a response. `point`: the operating point `active_challenge`."""
    for rule in (_software, _settings, _frames, _clock):
        yield from rule(sent, point)


def doubts(sent: Sent, point: Point) -> Iterator[Reason]:
    """What leaves it open, and can happen to anybody."""
    told = sent.telemetry
    hidden = [v for v in told.visibility if told.started_at <= v.at <= told.stopped_at]
    if any(each.state == "hidden" for each in hidden):
        yield Reason("page_hidden", "The page was out of sight while cues were shown.")
    late = _cues_late_s(sent)
    if late is None or late > point["shown_late_s"]:
        text = "Not all cues were reported as shown."
        if late is not None:
            text = f"A cue was shown {late:.1f} s beside its time: the device may be too slow."
        yield Reason("cues_shown_late", text)


def camera_of(sent: Sent) -> Camera:
    """What is known of the camera, for people."""
    told, video = sent.telemetry, sent.facts.video
    rate = told.reported.frame_rate
    shown = f"{rate:.0f}/s" if rate is not None else "an unknown rate"
    recorded = "no pictures"
    if video is not None:
        recorded = f"{video.width}x{video.height} at {_rate(_times(video)):.1f}/s"
    return Camera(
        label=told.label,
        reported=f"{told.reported.width}x{told.reported.height} at {shown}",
        recorded=recorded,
        frames_watched=len(told.frames),
    )


@cache
def software_cameras() -> tuple[str, ...]:
    """Names of programs that offer pictures as a camera, in small letters."""
    text = (
        resources.files("liveness.challenge").joinpath("software_cameras.toml").read_text("utf-8")
    )
    return tuple(tomllib.loads(text)["names"])


def _software(sent: Sent, _: Point) -> Iterator[Reason]:
    label = sent.telemetry.label.casefold()
    if any(name in label for name in software_cameras()):
        yield Reason(
            "software_camera",
            f"The pictures came from '{sent.telemetry.label}', which is a program and no camera. "
            "Choose a camera that is built in or plugged in.",
        )


def _settings(sent: Sent, point: Point) -> Iterator[Reason]:
    """Sizes and rates that cannot all be of one stream."""
    told, video = sent.telemetry, sent.facts.video
    if video is None:
        return
    sizes = {
        "reported": _size(told.reported.width, told.reported.height),
        "shown": _size(told.element_width, told.element_height),
        "recorded": _size(video.width, video.height),
    }
    known = {name: size for name, size in sizes.items() if size is not None}
    if len(set(known.values())) > 1:
        words = ", ".join(f"{name} {size[0]}x{size[1]}" for name, size in known.items())
        yield Reason("settings_contradicted", f"The sizes of the picture differ: {words}.")
    rate, recorded = told.reported.frame_rate, _rate(_times(video))
    if rate and recorded > rate * point["rate_over"] + point["rate_over_fps"]:
        yield Reason(
            "settings_contradicted",
            f"The camera is said to give {rate:.0f} frames a second; {recorded:.1f} were recorded.",
        )


def _size(width: int | None, height: int | None) -> tuple[int, int] | None:
    """The longer side first: a phone may be turned, and files turn pictures when shown."""
    return (max(width, height), min(width, height)) if width and height else None


def _frames(sent: Sent, point: Point) -> Iterator[Reason]:
    """Times of frames that no camera and browser can give."""
    told, video = sent.telemetry, sent.facts.video
    length = _recorded_s(sent.facts)
    if abs(length - told.recorded_s) > point["length_s"]:
        yield Reason(
            "impossible_frame_timing",
            f"The page says that it recorded for {told.recorded_s:.1f} s; the file holds "
            f"{length:.1f} s.",
        )
    if len(told.frames) < point["least_frames"]:
        if told.frame_callback:
            text = f"The page saw {len(told.frames)} frames, although the browser tells of each."
            yield Reason("impossible_frame_timing", text)
        return
    at = np.array([f.at for f in told.frames])
    media = np.array([f.media_s for f in told.frames])
    count = np.array([f.count for f in told.frames])
    yield from _order(at, media, count, point)
    if video is not None:
        yield from _pace(sent, at, count, point)


def _order(at: Array, media: Array, count: Array, point: Point) -> Iterator[Reason]:
    if (np.diff(at) < 0).any() or (np.diff(count) <= 0).any() or (np.diff(media) < 0).any():
        text = "Times or numbers of frames run backwards."
        yield Reason("impossible_frame_timing", text)
        return
    steps = np.diff(at)
    if len(steps) and float(steps.std()) < point["jitter_ms"]:
        text = f"Frames came {steps.mean():.1f} ms apart without any variation."
        yield Reason("impossible_frame_timing", text)
    seconds = (at[-1] - at[0]) / 1000
    if seconds > 3 and abs((media[-1] - media[0]) / seconds - 1) > point["clock_share"]:
        text = (
            f"The camera's clock ran {media[-1] - media[0]:.1f} s while the page's ran "
            f"{seconds:.1f} s."
        )
        yield Reason("impossible_frame_timing", text)


def _pace(sent: Sent, at: Array, count: Array, point: Point) -> Iterator[Reason]:
    """The file cannot hold many more frames than the camera gave while it was recorded."""
    told, video = sent.telemetry, sent.facts.video
    assert video is not None  # noqa: S101 - the caller looked
    inside = (at >= told.started_at) & (at <= told.stopped_at)
    if inside.sum() < 2:
        yield Reason("impossible_frame_timing", "No frame was seen while it was recorded.")
        return
    given = int(count[inside][-1] - count[inside][0]) + 1
    held = len(_times(video))
    if held > given * point["frames_over"] + point["frames_over_count"]:
        text = f"The file holds {held} frames; the camera gave {given} meanwhile."
        yield Reason("impossible_frame_timing", text)


def _clock(sent: Sent, point: Point) -> Iterator[Reason]:
    """What the page says it took cannot take longer than it took here, nor less than its cues."""
    told = sent.telemetry
    wall = (told.clock_stop_ms - told.clock_start_ms) / 1000
    if told.recorded_s > sent.elapsed_s + point["clock_s"]:
        yield Reason(
            "clock_contradicted",
            f"The page says that it recorded for {told.recorded_s:.1f} s; {sent.elapsed_s:.1f} s "
            "passed here between start and answer.",
        )
    if told.recorded_s < sent.plan.duration_s - point["clock_s"]:
        yield Reason(
            "clock_contradicted",
            f"The cues take {sent.plan.duration_s:.1f} s; the page says that it recorded for "
            f"{told.recorded_s:.1f} s.",
        )
    if abs(wall - told.recorded_s) > point["clock_s"]:
        yield Reason(
            "clock_contradicted",
            f"Two clocks of the device say {wall:.1f} s and {told.recorded_s:.1f} s of the same "
            "recording.",
        )


def _cues_late_s(sent: Sent) -> float | None:
    """The largest distance of a step from its time, seconds; None where one was not reported."""
    told = sent.telemetry
    shown = {(each.cue, each.step): (each.at - told.started_at) / 1000 for each in told.cues}
    most = 0.0
    for number, cue in enumerate(sent.plan.cues):
        for step in range(len(cue.steps)):
            at = shown.get((number, step))
            if at is None:
                return None
            most = max(most, abs(at - (cue.start_s + step * cue.step_s)))
    return most


def _times(video: Stream) -> Array:
    times = video.packets.pts_s
    return np.sort(times[np.isfinite(times)])


def _rate(times: Array) -> float:
    """Frames a second over the whole."""
    return (len(times) - 1) / float(times[-1] - times[0]) if len(times) > 1 and np.ptp(times) else 0


def _recorded_s(facts: MediaFacts) -> float:
    if facts.video is None:
        return facts.duration_s
    times = _times(facts.video)
    return float(times[-1] - times[0]) if len(times) else 0.0
