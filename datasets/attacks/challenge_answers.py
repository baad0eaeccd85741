"""Answers to challenges from photos: a still that turns its head, covers its face, is lit.

The photo is bent to the turned mesh, a hand-coloured patch moves before the face, and the light of
the screen is added to what is near. What it lacks is said with every figure: a still bent by twenty
degrees shows no new side of the face, eyes do not move, and the hand is a shape of one colour.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.challenges import Cue, Kind, Plan
from datasets.attacks.animated import Take, _course, _filmed, _placed
from datasets.attacks.clips import Clip, make
from datasets.attacks.faces import LOWER_LIP, Photo, Points, carried

Floats = NDArray[np.float64]

_LIGHT = {"red": (0.15, 0.15, 1.0), "green": (0.15, 1.0, 0.15), "blue": (1.0, 0.15, 0.15)}
"""BGR, linear, as the page shows them."""
_COVERS = {"mouth": (13, 152), "eyes": (9, 168)}
"""Two points of the mesh between which the hand lies."""


@dataclass(frozen=True, slots=True)
class Sitter:
    """How somebody answers.

    Attributes:
        late_s: from a cue to the movement. turn, lift: degrees that the mesh is turned by; a bent
            photo shows a third of it, at most about ten degrees. misses: turns that are not done.
        screen: its light on the face, share of the room's. dim: all light, 1 = as in the photo.
        noise: of the sensor, grey levels.
    """

    late_s: float = 0.5
    turn: float = 28.0
    lift: float = 24.0
    screen: float = 0.12
    dim: float = 1.0
    noise: float = 1.5
    misses: int = 0


def answering(
    photo: Photo, points: Points, plan: Plan, take: Take, sitter: Sitter, *, seed: int
) -> Clip:
    """A silent clip of somebody who answers a plan. `points`: the mesh, pixels (468, 3)."""
    random = np.random.default_rng(seed)
    count = round(plan.duration_s * take.rate)
    course = _course(random, count, 6)
    base, placed = _placed(photo, points, take)
    scale = take.face / float(np.ptp(points[:, 1]))
    solid = np.column_stack([placed, points[:, 2] * scale]).astype(np.float64)
    skin = _skin(base, placed)
    turns = [cue for cue in plan.cues if cue.kind is Kind.TURN_HEAD]
    skipped = {id(cue) for cue in turns[: sitter.misses]}
    frames = []
    for number in range(count):
        time_s = number / take.rate
        held = Moment(plan, time_s - sitter.late_s, time_s, skipped)
        image, mesh = _posed(base, solid, held, sitter, course[number], take)
        image = _covered(image, mesh, held, skin)
        image = _lit(image, mesh, held, sitter)
        frames.append(_filmed(image, course[number, 5], sitter.noise, random))
    return make(np.stack(frames), take.rate)


@dataclass(frozen=True, slots=True)
class Moment:
    """What is done at a time: the cue that the person follows, and what the screen shows now."""

    plan: Plan
    followed_s: float
    shown_s: float
    skipped: set[int]

    def doing(self, kind: Kind) -> tuple[Cue, float] | None:
        """The cue of a kind that is being followed, and how far it is done, 0..1..0."""
        for cue in self.plan.of(kind):
            share = (self.followed_s - cue.start_s) / (cue.end_s - cue.start_s)
            if 0 <= share <= 1 and id(cue) not in self.skipped:
                return cue, float(np.clip(4 * min(share, 1 - share), 0, 1))
        return None

    def colour(self) -> str | None:
        """What the screen shows."""
        for cue in self.plan.of(Kind.SCREEN_COLOURS):
            if cue.start_s <= self.shown_s < cue.end_s:
                return cue.step_at(self.shown_s)
        return None


def _posed(
    base: Photo, solid: Floats, held: Moment, sitter: Sitter, course: Floats, take: Take
) -> tuple[Photo, Points]:
    """Head turned and moved, mouth as it is."""
    turning = held.doing(Kind.TURN_HEAD)
    yaw, pitch = 1.5 * course[2], 1.0 * course[3]
    if turning is not None:
        cue, share = turning
        # The person's left is the viewer's right.
        yaw += share * {"left": sitter.turn, "right": -sitter.turn, "up": 0.0}[cue.steps[0]]
        pitch += share * (sitter.lift if cue.steps[0] == "up" else 0.0)
    mesh = _turned(solid, np.radians(yaw), np.radians(pitch))
    speaking = held.doing(Kind.SAY_DIGITS)
    if speaking is not None:
        opened = abs(np.sin(2 * np.pi * 1.7 * held.followed_s))
        mesh[list(LOWER_LIP), 1] += 0.05 * take.face * opened
    mesh[:, :2] += take.sway * take.face * np.array([course[0], 0.6 * course[1]])
    flat = mesh[:, :2].astype(np.float32)
    return carried(base, solid[:, :2].astype(np.float32), flat, base.shape[:2]), flat


def _turned(solid: Floats, yaw: float, pitch: float) -> Floats:
    """The mesh turned about its middle; positive is towards the viewer's right, and upwards."""
    about_y = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array(
        [[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]]
    )
    middle = solid.mean(axis=0)
    turned: Floats = (solid - middle) @ (about_y @ about_x).T + middle
    return turned


def _skin(image: Photo, mesh: Points) -> Floats:
    """The colour between the cheeks, BGR."""
    x, y = mesh[4].round().astype(int)
    patch = image[max(0, y - 6) : y + 6, max(0, x - 12) : x + 12].reshape(-1, 3)
    return np.asarray(np.median(patch, axis=0) * 0.92, np.float64)


def _covered(image: Photo, mesh: Points, held: Moment, skin: Floats) -> Photo:
    """A hand before the mouth or the eyes: a palm with fingers, coming in from below."""
    covering = held.doing(Kind.COVER_FACE)
    if covering is None:
        return image
    cue, share = covering
    first, second = (mesh[n] for n in _COVERS[cue.steps[0]])
    centre = (first + second) / 2
    tall = float(np.ptp(mesh[:, 1]))
    centre = centre + np.array([0.0, (1 - share) * 1.2 * tall])
    mask = np.zeros(image.shape[:2], np.float32)
    size = (round(0.36 * tall), round(0.2 * tall))
    cv2.ellipse(mask, tuple(centre.round().astype(int).tolist()), size, 0, 0, 360, 1.0, -1)
    for finger in range(4):
        at = centre + np.array([0.3 * tall, (finger - 1.5) * 0.11 * tall])
        cv2.ellipse(
            mask, tuple(at.round().astype(int).tolist()), (round(0.28 * tall), round(0.05 * tall)),
            0, 0, 360, 1.0, -1,
        )  # fmt: skip
    mask = cv2.GaussianBlur(mask, (0, 0), 1.5)[:, :, None]
    rows = np.linspace(0.85, 1.05, image.shape[0])[:, None, None]
    return np.asarray(np.clip(image * (1 - mask) + skin * rows * mask, 0, 255), np.uint8)


def _lit(image: Photo, mesh: Points, held: Moment, sitter: Sitter) -> Photo:
    """The room's light, and that of the screen on what is near: the face, and little behind it."""
    linear = (image.astype(np.float32) / 255) ** 2.2
    light = np.full(3, sitter.dim, np.float32)
    colour = held.colour()
    near = np.zeros(image.shape[:2], np.float32)
    if colour is not None and sitter.screen > 0:
        centre = mesh.mean(axis=0)
        tall = float(np.ptp(mesh[:, 1]))
        cv2.circle(near, tuple(centre.round().astype(int).tolist()), round(0.7 * tall), 1.0, -1)
        small = cv2.resize(near, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), max(0.5, 0.05 * tall))
        near = cv2.resize(small, (image.shape[1], image.shape[0]))
        screen = np.array(_LIGHT[colour], np.float32) * sitter.screen
        linear = linear * (light + near[:, :, None] * screen)
    else:
        linear = linear * light
    made = np.clip(linear, 0, 1) ** (1 / 2.2) * 255
    return np.asarray(np.round(made), np.uint8)
