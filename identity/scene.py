"""Camera and scene of two sessions: does the room look alike, is it lit alike, are the files alike?

Supporting evidence in words, without a likelihood ratio: no recordings of several rooms and cameras
on several days are at hand to calibrate one. It is *same scene*, never *same camera*: pictures kept
of each frame are 24 x 32 grey levels, which show no sensor noise. It costs no decoding.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.detectors import operating_point
from audit.facts import MediaFacts, Stream
from audit.interview import Floats, Interview
from audit.types import Reason

SPACE = "scene/1"
"""Of kept scenes and patterns, as spaces of networks name what may be compared."""

ROWS, COLUMNS = 24, 32
BESIDE = 0.6
"""Of a face's width, masked on either side; and all below its top, where a person sits."""

TRACES = (
    "program",
    "encoder settings",
    "video format",
    "picture size",
    "frame rate",
    "clock",
    "order of frames",
    "sound format",
)
"""What a file shows of how it was written, beside its pictures and its sound."""

UNSAID = 0
"""The digest of a trace that a file does not show."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The still part of a session's pictures, and how its file was written.

    Attributes:
        background (24, 32): median luma of each place, 0..255; NaN where the person sits.
        traces: a digest for each of `TRACES`, 1..2**24 - 1, or `UNSAID`. Equal ones are of equal
            texts; the texts, which may name a program or a person's device, are not kept.
        times_s: of the first and the last picture. pictures: how many.
    """

    background: NDArray[np.float64]
    traces: tuple[int, ...]
    times_s: tuple[float, float] = (0.0, 0.0)
    pictures: int = 1


@dataclass(frozen=True, slots=True)
class SceneChange:
    """Two sessions' scenes.

    Attributes:
        correlation: of what both show beside the person, -1..1. light: change of its mean luma,
            grey levels. alike: from the correlation, None between both thresholds.
        compared: how many traces of the files both show. unlike: those of them that differ.
    """

    correlation: float
    light: float
    alike: bool | None
    compared: int
    unlike: tuple[str, ...]

    @property
    def lit_alike(self) -> bool:
        """Whether the light behind the person is about the same."""
        return abs(self.light) <= float(operating_point("identity", "scene")["like_light"])

    @property
    def words(self) -> str:
        """All of it in words, which claim nothing about a camera."""
        looks = {
            True: "what is behind the person looks alike",
            False: "what is behind the person looks different",
            None: "whether the room is the same cannot be said",
        }[self.alike]
        lit = "lit alike" if self.lit_alike else "lit differently"
        wrote = f"files written alike ({self.compared} of {len(TRACES)} traces compared)"
        if not self.compared:
            wrote = "the files show no trace of how they were written"
        elif self.unlike:
            wrote = f"files written differently ({', '.join(self.unlike)})"
        return f"{looks}; {lit}; {wrote}"


def scene_of(interview: Interview) -> Scene | Reason:
    """The scene of a recording, or why there is none."""
    log, faces = interview.pictures, interview.faces
    if log is None or not len(log.times_s):
        return Reason("no_pictures", "The recording has no readable pictures.")
    background = np.median(log.signatures.astype(np.float64), axis=0)
    for track in faces.tracks if faces is not None else ():
        x0, y0, x1, _ = np.median(track.boxes, axis=0) / np.array([log.width, log.height] * 2)
        wide = (x1 - x0) * BESIDE
        left, right = _columns(x0 - wide), _columns(x1 + wide)
        background[int(np.clip(y0 * ROWS, 0, ROWS)) :, left : right + 1] = np.nan
    if np.isfinite(background).sum() < operating_point("identity", "scene")["least_places"]:
        return Reason("nothing_behind", "The person fills the picture: too little is seen behind.")
    return Scene(
        background,
        traces_of(interview.facts),
        (float(log.times_s[0]), float(log.times_s[-1])),
        len(log.times_s),
    )


def _columns(x: float) -> int:
    return int(np.clip(x * COLUMNS, 0, COLUMNS - 1))


def traces_of(facts: MediaFacts) -> tuple[int, ...]:
    """A digest for each of `TRACES` that a file shows."""
    video, sound = facts.video, facts.audio
    said = [tags.get("encoder", "") for tags in (facts.tags, video.tags if video else {})]
    texts: dict[str, str] = {}
    if any(said):
        texts["program"] = "/".join([facts.format, facts.brand, *said])
    if video is not None:
        texts |= _of_pictures(video)
    if sound is not None:
        texts["sound format"] = f"{sound.codec}/{sound.sample_rate}/{sound.channels}"
    return tuple(_digest(texts[name]) if name in texts else UNSAID for name in TRACES)


def _of_pictures(video: Stream) -> Mapping[str, str]:
    """What packets and headers of the pictures show."""
    packets = video.packets
    both = np.isfinite(packets.pts_s) & np.isfinite(packets.dts_s)
    texts = {
        "video format": f"{video.codec}/{video.profile}/{video.pixel_format}",
        "picture size": f"{video.width}x{video.height}/{video.rotation}/{video.mirrored}",
        "clock": f"{video.time_base[0]}/{video.time_base[1]}",
    }
    if video.side:
        texts["encoder settings"] = "\n".join(video.side)
    if video.average_rate:
        texts["frame rate"] = f"{video.average_rate:.0f}"
    if both.sum() > 1:
        order = np.diff(packets.pts_s[both])
        texts["order of frames"] = "reordered" if (order < 0).any() else "as shown"
    return texts


def _digest(text: str) -> int:
    """24 bits, which float32 holds exactly, and never `UNSAID`."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:3]) or 1


def packed(scene: Scene) -> Floats:
    """A scene as the finite numbers that are kept: 768 grey levels, -1 for none, and traces."""
    grey = np.where(np.isfinite(scene.background), scene.background, -1.0).ravel()
    return np.concatenate([grey, scene.traces]).astype(np.float32)


def unpacked(vector: Floats) -> Scene:
    """What `packed` made. Raises ValueError where it is of another length."""
    grey, traces = vector[: ROWS * COLUMNS], vector[ROWS * COLUMNS :]
    if len(traces) != len(TRACES):
        raise ValueError("a kept scene has another length than scenes of this version")
    background = grey.astype(np.float64).reshape(ROWS, COLUMNS)
    background[background < 0] = np.nan
    return Scene(background, tuple(int(each) for each in traces))


def compare_scenes(one: Scene, other: Scene) -> SceneChange | Reason:
    """Two scenes at the places that both show, or why they cannot be compared."""
    point = operating_point("identity", "scene")
    both = np.isfinite(one.background) & np.isfinite(other.background)
    first, second = one.background[both], other.background[both]
    if both.sum() < point["least_places"]:
        return Reason("nothing_behind", "Too little is seen behind the person in both.")
    if min(first.std(), second.std()) < point["least_texture"]:
        return Reason("plain_background", "What is behind the person is plain: rooms look alike.")
    correlation = float(np.corrcoef(first, second)[0, 1])
    alike = True if correlation >= point["alike_from"] else None
    if correlation < point["different_below"]:
        alike = False
    said = [
        (name, a == b)
        for name, a, b in zip(TRACES, one.traces, other.traces, strict=True)
        if UNSAID not in (a, b)
    ]
    return SceneChange(
        correlation=round(correlation, 3),
        light=round(float(second.mean() - first.mean()), 1),
        alike=alike,
        compared=len(said),
        unlike=tuple(name for name, same in said if not same),
    )
