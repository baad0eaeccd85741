"""Photos that move: a still made into a short take of a sitter before a camera.

One photo a person is all that many collections hold. Moved, lit, opened and shut and filmed, such
photos stand for as many sitters as there are photos, untouched and attacked alike. What they lack
is said with every figure: no turn of the head, no real optics.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.attacks.clips import Clip, make
from datasets.attacks.faces import LOWER_LIP, Photo, Points, carried

Floats = NDArray[np.float64]

Change = Callable[[Photo, Points, int], Photo]
"""What is done to a picture before it is filmed: the picture, its mesh, its number."""


@dataclass(frozen=True, slots=True)
class Take:
    """How a photo is filmed.

    Attributes:
        width, height: of the picture, pixels, even. face: height of the mesh in it, pixels.
        rate: pictures a second. seconds: length.
        sway: how far the head moves, shares of the face. noise: standard deviation of the sensor's
            noise, grey levels.
    """

    width: int = 480
    height: int = 360
    face: float = 190.0
    rate: float = 10.0
    seconds: float = 3.2
    sway: float = 0.05
    noise: float = 1.5


def animated(
    photo: Photo, points: Points, take: Take, *, seed: int, change: Change | None = None
) -> Clip:
    """The photo as a silent clip; the same seed gives the same movement whatever is changed.

    Args:
        photo: BGR uint8 (height, width, 3).
        points: its mesh, pixels (468, 2 or more).
        change: done to every picture after the movement and before light and noise.
    """
    random = np.random.default_rng(seed)
    count = max(1, round(take.seconds * take.rate))
    course = _course(random, count, 6)
    base, placed = _placed(photo, points, take)
    frames = []
    for number in range(count):
        image, mesh = _moved(base, placed, course[number], take)
        if change is not None:
            image = change(image, mesh, number)
        frames.append(_filmed(image, course[number, 5], take.noise, random))
    return make(np.stack(frames), take.rate)


def _course(random: np.random.Generator, count: int, columns: int) -> Floats:
    """Slow and quick movement together, about -1..1, (count, columns)."""
    steps = np.arange(count)[:, None] / 10.0
    made = np.zeros((count, columns))
    for rate, share in ((0.35, 0.6), (0.9, 0.3), (2.3, 0.15)):
        phase = random.uniform(0, 2 * np.pi, columns)
        speed = rate * random.uniform(0.7, 1.4, columns)
        made += share * np.sin(2 * np.pi * speed * steps + phase)
    return made


def _placed(photo: Photo, points: Points, take: Take) -> tuple[Photo, Points]:
    """The photo in the middle of the picture, its surroundings going on beyond its edges."""
    scale = take.face / float(np.ptp(points[:, 1]))
    centre = (points[:, :2].min(axis=0) + points[:, :2].max(axis=0)) / 2
    shift = np.array([take.width / 2, take.height * 0.52]) - scale * centre
    matrix = np.column_stack([np.eye(2) * scale, shift])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    size = (take.width, take.height)
    image = cv2.warpAffine(photo, matrix, size, flags=way, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(np.full(photo.shape[:2], 255, np.uint8), matrix, size)
    away = cv2.distanceTransform((inside < 128).astype(np.uint8), cv2.DIST_L2, 3)
    # Beyond its edges the photo goes on as a blur, out of focus the further away.
    soft = cv2.GaussianBlur(image, (0, 0), 0.12 * take.face)
    share = np.clip(away / (0.1 * take.face), 0, 1)[:, :, None]
    image = np.round(image * (1 - share) + soft * share)
    placed = points[:, :2] * scale + shift
    return np.asarray(image, np.uint8), np.asarray(placed, np.float32)


def _moved(image: Photo, mesh: Points, course: Floats, take: Take) -> tuple[Photo, Points]:
    """Head and mouth as they are at one moment."""
    right, down, turn, near, mouth = course[:5]
    spoken = mesh.copy()
    spoken[list(LOWER_LIP), 1] += 0.02 * take.face * max(0.0, mouth)
    image = carried(image, mesh, spoken, image.shape[:2])
    centre = mesh.mean(axis=0)
    matrix = cv2.getRotationMatrix2D(
        (float(centre[0]), float(centre[1])), 2.5 * turn, 1 + take.sway * 0.5 * near
    )
    matrix[:, 2] += take.sway * take.face * np.array([right, 0.6 * down])
    moved = cv2.warpAffine(
        image, matrix, (take.width, take.height), flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    points = spoken @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(moved, np.uint8), np.asarray(points, np.float32)


def _filmed(image: Photo, light: float, noise: float, random: np.random.Generator) -> Photo:
    """Light that drifts, and the sensor's noise."""
    seen = image * (1 + 0.04 * light) + random.normal(0, noise, image.shape)
    return np.clip(np.round(seen), 0, 255).astype(np.uint8)
