"""Camera and scene of two sessions: does the room look alike, is it lit alike, who wrote the file?

Supporting evidence in words, without a likelihood ratio: no recordings of several rooms and cameras
on several days are at hand to calibrate one. It is *same scene*, never *same camera*: pictures kept
of each frame are 24 x 32 grey levels, which show no sensor noise. It costs no decoding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.detectors import operating_point
from audit.facts import MediaFacts
from audit.interview import Interview
from audit.types import Reason

ROWS, COLUMNS = 24, 32
BESIDE = 0.6
"""Of a face's width, masked on either side; and all below its top, where a person sits."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The still part of a session's pictures.

    Attributes:
        background (24, 32): median luma of each place, 0..255; NaN where the person sits.
        encoder: what wrote the file: container, codec and its own words, empty where it says none.
    """

    background: NDArray[np.float64]
    encoder: str


@dataclass(frozen=True, slots=True)
class SceneChange:
    """Two sessions' scenes.

    Attributes:
        correlation: of what both show beside the person, -1..1. light: change of its mean luma,
            grey levels. alike: from the correlation, None between both thresholds.
        same_encoder: None where a file does not say what wrote it.
    """

    correlation: float
    light: float
    alike: bool | None
    same_encoder: bool | None

    @property
    def words(self) -> str:
        """All of it in words, which claim nothing about a camera."""
        looks = {
            True: "what is behind the person looks alike",
            False: "what is behind the person looks different",
            None: "whether the room is the same cannot be said",
        }[self.alike]
        point = operating_point("identity", "scene")
        lit = "lit alike" if abs(self.light) <= point["like_light"] else "lit differently"
        wrote = {
            True: "files written alike",
            False: "files written by different programs",
            None: "a file does not say what wrote it",
        }[self.same_encoder]
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
    return Scene(background, _encoder(interview.facts))


def _encoder(facts: MediaFacts) -> str:
    """What wrote a file, as far as it says: brand, codec and the names that programs leave."""
    video = facts.video
    said = [tags.get("encoder", "") for tags in (facts.tags, video.tags if video else {})]
    return "/".join([facts.brand, video.codec if video else "", *said]) if any(said) else ""


def _columns(x: float) -> int:
    return int(np.clip(x * COLUMNS, 0, COLUMNS - 1))


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
    known = bool(one.encoder and other.encoder)
    return SceneChange(
        correlation=round(correlation, 3),
        light=round(float(second.mean() - first.mean()), 1),
        alike=alike,
        same_encoder=one.encoder == other.encoder if known else None,
    )
