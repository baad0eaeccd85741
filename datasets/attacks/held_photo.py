"""A still held before a camera and moved by a hand: simulated presentation attacks.

PAI species in the sense of ISO/IEC 30107-3: `print` is a photograph on paper with a border,
`display` is a still shown on a screen with its bezel and pixel grid. The instrument is a plane
in front of a pinhole camera. Its hand motion is a sum of slow drift and tremor; light, glare,
blur and sensor noise are added in the camera. Everything follows from the seed.

A simulation has no ink, no paper grain and no real optics: rates measured on it say that the
geometry is found, not that every real instrument is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Species = Literal["print", "display"]
Image = NDArray[np.uint8]
Floats = NDArray[np.float64]

_DRIFT_HZ = (0.15, 0.27, 0.45, 0.8, 1.3)  # slow sway of a held object
_TREMOR_HZ = (7.0, 9.5)  # physiological tremor of the hand


@dataclass(frozen=True, slots=True)
class Hand:
    """How the instrument is held.

    Attributes:
        fill: its height over the frame's height when held straight; above 1 hides its border.
        travel: standard deviation of sideways motion over the frame's height.
        approach: standard deviation of relative distance.
        turn_deg: standard deviation of each rotation.
        tremor: share of the travel that is tremor.
    """

    fill: float = 0.86
    travel: float = 0.02
    approach: float = 0.02
    turn_deg: float = 3.0
    tremor: float = 0.03


def held_photo(
    still: Image,
    *,
    seconds: float,
    seed: int,
    species: Species = "print",
    size: tuple[int, int] | None = None,
    hand: Hand | None = None,
) -> Iterator[Image]:
    """Frames (25 per second, BGR uint8) of `still` held before a camera.

    `size` is width and height of the frames, by default those of the still.
    """
    rng = np.random.default_rng(seed)
    grip = hand or Hand()
    wide, high = size or (still.shape[1], still.shape[0])
    instrument = _printed(still) if species == "print" else _displayed(still, high)
    behind = room(rng, wide, high)
    motion = hand_motion(rng, max(1, round(seconds * 25)), grip)
    light = 1 + 0.04 * _wander(rng, len(motion), (0.1, 0.3, 0.7))
    for pose, level in zip(motion, light, strict=True):
        matrix = projection(instrument.shape, wide, high, pose, grip.fill)
        yield _taken(rng, instrument, behind, matrix, float(level) * _glare(pose, species))


def _printed(still: Image) -> Image:
    """The still on paper: flatter contrast, warmer, with a white border."""
    ink = 28 + still.astype(np.float32) * 0.80 * np.array([0.95, 1.0, 1.03], np.float32)
    edge = max(4, still.shape[0] // 14)
    paper: Image = cv2.copyMakeBorder(
        np.clip(ink, 0, 255).astype(np.uint8), edge, edge, edge, edge, cv2.BORDER_CONSTANT,
        value=(232, 236, 238),
    )  # fmt: skip
    return paper


def _displayed(still: Image, high: int) -> Image:
    """The still on a screen: a pixel grid at about 1.4 cells per camera pixel, and a bezel."""
    grow = max(1.0, 1.4 * high / still.shape[0])
    cells = cv2.resize(still, None, fx=grow, fy=grow, interpolation=cv2.INTER_LINEAR)
    lit = cv2.resize(cells, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST).astype(np.float32)
    lit[1::2] *= 0.72
    lit[:, 1::2] *= np.array([0.75, 0.9, 0.75], np.float32)
    lit = lit * 1.18 * np.array([1.06, 1.0, 0.96], np.float32)
    edge = max(6, lit.shape[0] // 22)
    screen: Image = cv2.copyMakeBorder(
        np.clip(lit, 6, 255).astype(np.uint8), edge, edge, edge, edge, cv2.BORDER_CONSTANT,
        value=(18, 16, 16),
    )  # fmt: skip
    return screen


def room(rng: np.random.Generator, wide: int, high: int) -> Image:
    """A wall with soft light and a few things on it."""
    coarse = rng.normal(0, 12, (6, 8, 3)).astype(np.float32)
    wall = cv2.resize(coarse, (wide, high), interpolation=cv2.INTER_CUBIC)
    wall += rng.uniform(90, 170, 3).astype(np.float32)
    for _ in range(9):
        x, y = int(rng.integers(0, wide)), int(rng.integers(0, high))
        far = x + int(rng.integers(wide // 20, wide // 4)), y + int(rng.integers(8, high // 3))
        tone = tuple(float(v) for v in rng.uniform(30, 220, 3))
        cv2.rectangle(wall, (x, y), far, tone, -1)
    blurred = cv2.GaussianBlur(wall, (0, 0), high / 160)
    wall_seen: Image = np.clip(blurred, 0, 255).astype(np.uint8)
    return wall_seen


def _wander(rng: np.random.Generator, count: int, rates: tuple[float, ...]) -> Floats:
    """A smooth random course with standard deviation near 1."""
    times = np.arange(count)[:, None] / 25.0
    hertz = np.array(rates) * rng.uniform(0.8, 1.25, len(rates))
    weight = rng.normal(0, 1, len(rates)) / np.sqrt(len(rates)) * np.sqrt(2)
    phase = rng.uniform(0, 2 * np.pi, len(rates))
    course: Floats = (weight * np.sin(2 * np.pi * hertz * times + phase)).sum(axis=1)
    return course


def hand_course(rng: np.random.Generator, count: int, columns: int) -> Floats:
    """Slow sway of a hand, 25 steps a second, shape (count, columns), deviation near 1."""
    return np.stack([_wander(rng, count, _DRIFT_HZ) for _ in range(columns)], axis=1)


def hand_motion(rng: np.random.Generator, count: int, grip: Hand) -> Floats:
    """Poses (count, 6): x and y over frame height, relative distance, three angles in radians."""
    turn = np.radians(grip.turn_deg)
    scales = (grip.travel, grip.travel, grip.approach, turn, turn, turn / 2)
    columns = []
    for scale in scales:
        slow = _wander(rng, count, _DRIFT_HZ)
        columns.append(scale * (slow + grip.tremor * _wander(rng, count, _TREMOR_HZ)))
    return np.stack(columns, axis=1)


def projection(shape: tuple[int, ...], wide: int, high: int, pose: Floats, fill: float) -> Floats:
    """From the instrument's pixels to the camera's, whose focal length is 1.2 frame heights."""
    rows, columns = shape[:2]
    unit = 1.0 / rows
    half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * np.array([columns, rows]) * unit / 2
    corners = np.column_stack([half, np.zeros(4)])
    turned = corners @ cv2.Rodrigues(pose[3:6])[0].T
    focal = 1.2
    depth = focal / fill * (1 + pose[2])
    placed = turned + np.array([pose[0] * depth / focal, pose[1] * depth / focal, depth])
    seen = placed[:, :2] / placed[:, 2:] * focal * high + np.array([wide / 2, high / 2])
    source = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    matrix: Floats = cv2.getPerspectiveTransform(source, seen.astype(np.float32))
    return matrix


def _glare(pose: Floats, species: Species) -> float:
    """Brightness that a glossy plane gains or loses as it turns to the light."""
    return float(1 + (1.2 if species == "print" else 0.5) * pose[4])


def _taken(
    rng: np.random.Generator, instrument: Image, behind: Image, matrix: Floats, level: float
) -> Image:
    """What the camera records of the instrument before the room."""
    high, wide = behind.shape[:2]
    shown = cv2.warpPerspective(instrument, matrix, (wide, high), flags=cv2.INTER_LINEAR)
    whole = np.full(instrument.shape[:2], 1.0, np.float32)
    share = cv2.warpPerspective(whole, matrix, (wide, high), flags=cv2.INTER_LINEAR)
    share = cv2.merge([share] * 3)
    mixed = cv2.multiply(cv2.multiply(shown, share, dtype=cv2.CV_32F), (level,) * 4)
    mixed = cv2.add(mixed, cv2.multiply(behind, 1 - share, dtype=cv2.CV_32F))
    soft = cv2.GaussianBlur(mixed, (0, 0), 0.6)
    soft += 2.0 * rng.standard_normal(soft.shape, dtype=np.float32)
    taken: Image = cv2.add(soft, (0.0,) * 4, dtype=cv2.CV_8U)
    return taken
