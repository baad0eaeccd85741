"""How a face moves between two pictures: as one plane, and within itself.

A flat picture of a face that is moved before a camera changes by a homography, together with
what surrounds the face in it (R. Hartley and A. Zisserman, Multiple View Geometry, 2nd ed.,
section 13.1). A live face turns, blinks and speaks, and its background does not follow it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.interview import FaceMotion, Floats
from audit.perception.geometry import LEFT_EYE, RIGHT_EYE
from audit.perception.mesh import Mesh
from audit.perception.table import Table

Grey = NDArray[np.uint8]

GAP_S = 0.18  # two pictures are compared when they lie at least this far apart
MOST_GAP_S = 0.4
UNIT = 128.0  # the face's size in the pictures that are compared, pixels
LEAST_SIZE = 48.0  # smaller faces are not compared
LEAST_POINTS = 12
LEAST_AROUND = 8
_REACH = (0.8, 0.7, 0.8, 0.5)  # how far "around" goes: left, up, right, down, box sides
_MOUTH = (61, 291, 0, 17, 37, 267, 84, 314)


@dataclass(frozen=True, slots=True)
class View:
    """The grey picture around a face: `scale` and `left`, `top` map picture pixels to its own."""

    grey: Grey
    scale: float
    left: int
    top: int


@dataclass(frozen=True, slots=True)
class _Anchor:
    view: View
    points: Floats
    time_s: float


class MotionMeter:
    """Compares one face's successive pictures; rows gather until `finish`."""

    def __init__(self) -> None:
        self._anchor: _Anchor | None = None
        self._table = Table(7)

    def add(self, image: NDArray[np.uint8], mesh: Mesh, time_s: float) -> None:
        """Take the face's next picture of a dense stretch."""
        anchor = self._anchor
        if anchor is not None and time_s - anchor.time_s < GAP_S:
            return
        if anchor is not None and time_s - anchor.time_s <= MOST_GAP_S:
            then = look_again(image, anchor.view)
            row = compare(anchor.view.grey, then, anchor.points)
            if row is not None:
                self._table.append((time_s, time_s - anchor.time_s, *row))
        self._anchor = anchored(image, mesh, time_s)

    def pause(self) -> None:
        """The face was not seen, or the next picture is not the next frame."""
        self._anchor = None

    def finish(self) -> FaceMotion | None:
        """All comparisons, None where there were none."""
        rows = self._table.rows
        if not len(rows):
            return None
        data = rows[:, 1:].astype(np.float32)
        return FaceMotion(rows[:, 0].copy(), *(data[:, k].copy() for k in range(6)))


def anchored(image: NDArray[np.uint8], mesh: Mesh, time_s: float) -> _Anchor | None:
    """The picture around a face, reduced so that the face has a size of 128 px."""
    box = mesh.box
    wide, high = float(box[2] - box[0]), float(box[3] - box[1])
    size = max(wide, high)
    if size < LEAST_SIZE:
        return None
    scale = min(1.0, UNIT / size)
    height, width = image.shape[:2]
    left = max(0, int(box[0] - 1.2 * wide))
    right = min(width, int(box[2] + 1.2 * wide))
    top, bottom = max(0, int(box[1] - high)), min(height, int(box[3] + high))
    if right - left < 16 or bottom - top < 16:
        return None
    grey = _reduced(image[top:bottom, left:right], scale)
    points = (mesh.points[:, :2] - np.array([left, top], np.float32)) * np.float32(scale)
    return _Anchor(View(grey, scale, left, top), points.astype(np.float32), time_s)


def look_again(image: NDArray[np.uint8], view: View) -> Grey:
    """The same place in a later picture."""
    high, wide = view.grey.shape
    right, bottom = view.left + round(wide / view.scale), view.top + round(high / view.scale)
    part = image[view.top : bottom, view.left : right]
    return _reduced(part, view.scale, (wide, high))


def _reduced(part: NDArray[np.uint8], scale: float, size: tuple[int, int] | None = None) -> Grey:
    goal = size or (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
    if goal != (part.shape[1], part.shape[0]):
        part = cv2.resize(part, goal, interpolation=cv2.INTER_AREA)
    grey: Grey = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY)
    return grey


def compare(
    first: Grey, second: Grey, points: Floats
) -> tuple[float, float, float, float, float] | None:
    """Shift, around, mouth, eyes and rest (see `FaceMotion`) between two grey pictures.

    `points` (468, 2) are the mesh in the first. None where too few points could be followed.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    size = float((high - low).max())
    start, end = _followed(first, second, _on_face(first, low, high, size))
    if len(start) < LEAST_POINTS:
        return None
    carry, _ = cv2.findHomography(start, end, cv2.RANSAC, 1.5, maxIters=200)
    if carry is None:
        return None
    shift = float(np.median(np.linalg.norm(end - start, axis=1))) / size
    begun, ended = _followed(first, second, _around_face(first, low, high, size))
    around = float("nan")
    if len(begun) >= LEAST_AROUND:
        put = cv2.perspectiveTransform(begun[:, None].astype(np.float64), carry)[:, 0]
        around = float(np.median(np.linalg.norm(put - ended, axis=1))) / size
    return (shift, around, *_changes(first, second, carry, points))


def _on_face(grey: Grey, low: Floats, high: Floats, size: float) -> Floats:
    mask = np.zeros_like(grey)
    _fill(mask, low, high, 255)
    return _corners(grey, mask, 80, size / 16)


def _around_face(grey: Grey, low: Floats, high: Floats, size: float) -> Floats:
    wide, tall = high - low
    mask = np.zeros_like(grey)
    _fill(
        mask,
        low - np.array([_REACH[0] * wide, _REACH[1] * tall]),
        high + np.array([_REACH[2] * wide, _REACH[3] * tall]),
        255,
    )
    edge = np.array([0.05 * wide, 0.1 * tall])
    _fill(mask, low - edge, high + edge, 0)
    return _corners(grey, mask, 80, size / 12)


def _fill(mask: Grey, low: Floats, high: Floats, value: int) -> None:
    x0, y0 = (max(0, int(v)) for v in low)
    x1, y1 = (max(0, int(v)) for v in high)
    mask[y0:y1, x0:x1] = value


def _corners(grey: Grey, mask: Grey, most: int, apart: float) -> Floats:
    found = cv2.goodFeaturesToTrack(grey, most, 0.01, apart, mask=mask)
    return np.zeros((0, 2), np.float32) if found is None else found[:, 0].astype(np.float32)


def _followed(first: Grey, second: Grey, points: Floats) -> tuple[Floats, Floats]:
    """Points that optical flow carries there and back to within a pixel."""
    if not len(points):
        return points, points
    there, ok = _flow(first, second, points)
    back, ok_back = _flow(second, first, there)
    near = np.linalg.norm(back - points, axis=1) < 1.0
    good = ok & ok_back & near
    return points[good], there[good]


def _flow(first: Grey, second: Grey, points: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    moved, found, _ = cv2.calcOpticalFlowPyrLK(
        first, second, points, None, winSize=(15, 15), maxLevel=3, criteria=(3, 12, 0.03)
    )
    return moved, found[:, 0] > 0


def _changes(
    first: Grey, second: Grey, carry: NDArray[np.float64], points: Floats
) -> tuple[float, float, float]:
    """1 - correlation within mouth, eyes and the rest of the face after undoing the homography."""
    low = np.maximum(points.min(axis=0).astype(int) - 2, 0)
    high = points.max(axis=0).astype(int) + 3
    shift = np.array([[1, 0, low[0]], [0, 1, low[1]], [0, 0, 1]], np.float64)
    wide, tall = (int(v) for v in np.minimum(high, first.shape[::-1]) - low)
    undone = cv2.warpPerspective(
        second, carry @ shift, (wide, tall), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    before = first[low[1] : low[1] + tall, low[0] : low[0] + wide]
    a, b = (cv2.GaussianBlur(g.astype(np.float32), (0, 0), 1.2) for g in (before, undone))
    local = points - low.astype(np.float32)
    hull = np.zeros(a.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(local).astype(np.int32), 1)
    mouth = _patch(a.shape, local[list(_MOUTH)], 1.25)
    eyes = _patch(a.shape, local[list(LEFT_EYE)], 1.2) | _patch(
        a.shape, local[list(RIGHT_EYE)], 1.2
    )
    rest = (hull > 0) & ~mouth & ~eyes
    return _change(a, b, mouth), _change(a, b, eyes), _change(a, b, rest)


def _patch(shape: tuple[int, ...], points: Floats, grow: float) -> NDArray[np.bool_]:
    low, high = points.min(axis=0), points.max(axis=0)
    centre, half = (low + high) / 2, (high - low) / 2 * grow
    mask = np.zeros(shape, np.uint8)
    _fill(mask, centre - half, centre + half, 1)
    return mask > 0


def _change(a: Floats, b: Floats, mask: NDArray[np.bool_]) -> float:
    """1 - Pearson correlation under a mask, 0..2; NaN where it is nearly empty."""
    x, y = a[mask], b[mask]
    if x.size < 30:
        return float("nan")
    x, y = x - x.mean(), y - y.mean()
    return 1.0 - float((x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum() + 1e-6))
