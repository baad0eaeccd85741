"""How a face moves between two pictures: as one plane, and within itself.

A flat picture of a face that is moved before a camera changes by a homography, together with
what surrounds the face in it (R. Hartley and A. Zisserman, Multiple View Geometry, 2nd ed.,
section 13.1). Over a fifth of a second that is an affine map to within a fraction of a pixel, and
an affine map is steadier to fit. A live face turns, blinks and speaks, and its background does
not follow it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
MOST_POINTS = 80
LEAST_TEXTURE = 0.03  # of the face's strongest corner, for points around it
SLIP = 2
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
    grey: Grey = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY)
    if goal == (part.shape[1], part.shape[0]):
        return grey
    small: Grey = cv2.resize(grey, goal, interpolation=cv2.INTER_AREA)
    return small


def compare(
    first: Grey, second: Grey, points: Floats
) -> tuple[float, float, float, float, float] | None:
    """Shift, around, mouth, eyes and rest (see `FaceMotion`) between two grey pictures.

    `points` (468, 2) are the mesh in the first. None where too few points could be followed.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    size = float((high - low).max())
    texture = cv2.cornerMinEigenVal(first, 3)
    strongest = float(texture[_part(texture, low, high)].max(initial=0.0))
    face = np.zeros_like(first)
    face[_part(face, low, high)] = 255
    start, end = _followed(first, second, _corners(first, face, 0.01, size / 16))
    if len(start) < LEAST_POINTS:
        return None
    steady, _ = cv2.estimateAffinePartial2D(start, end, ransacReprojThreshold=1.0, maxIters=300)
    close, _ = cv2.estimateAffine2D(start, end, ransacReprojThreshold=1.0, maxIters=300)
    if steady is None or close is None:
        return None
    shift = float(np.median(np.linalg.norm(end - start, axis=1))) / size
    around = _around(first, second, (low, high), steady, LEAST_TEXTURE * strongest)
    changes = (_changes(first, second, carry, points) for carry in (steady, close))
    return (shift, around, *min(changes, key=lambda change: change[2]))


def _around(
    first: Grey,
    second: Grey,
    box: tuple[Floats, Floats],
    carry: NDArray[np.float64],
    least_texture: float,
) -> float:
    """How far what surrounds the face is from following it (see `FaceMotion.around`).

    A similarity carries points here: away from the points that it was fitted to, it errs less
    than an affine map. Flat ground is left out: coders freeze it, so it would seem to stay.
    """
    size = float((box[1] - box[0]).max())
    ring = _ring(first, *box)
    texture = cv2.cornerMinEigenVal(first, 3)
    highest = float(texture[ring > 0].max(initial=0.0))
    if highest <= 0:
        return float("nan")
    level = min(0.99, max(0.01, least_texture / highest))
    begun, ended = _followed(first, second, _corners(first, ring, level, size / 12))
    if len(begun) < LEAST_AROUND:
        return float("nan")
    put = begun @ carry[:, :2].T + carry[:, 2]
    return float(np.median(np.linalg.norm(put - ended, axis=1))) / size


def _ring(grey: Grey, low: Floats, high: Floats) -> Grey:
    """A mask of what surrounds the face."""
    wide, tall = high - low
    reach = np.array([_REACH[0] * wide, _REACH[1] * tall])
    reach_on = np.array([_REACH[2] * wide, _REACH[3] * tall])
    edge = np.array([0.05 * wide, 0.1 * tall])
    mask = np.zeros_like(grey)
    mask[_part(mask, low - reach, high + reach_on)] = 255
    mask[_part(mask, low - edge, high + edge)] = 0
    return mask


def _part(grey: NDArray[Any], low: Floats, high: Floats) -> tuple[slice, slice]:
    """The pixels between two corners, within the picture."""
    x0, y0 = (max(0, int(v)) for v in low)
    x1, y1 = (max(0, int(v)) for v in high)
    return slice(y0, y1), slice(x0, x1)


def _corners(grey: Grey, mask: Grey, level: float, apart: float) -> Floats:
    found = cv2.goodFeaturesToTrack(grey, MOST_POINTS, level, apart, mask=mask)
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
    """1 - correlation of mouth, eyes and the rest of the face, the common motion undone."""
    undone = cv2.warpAffine(
        second, carry, first.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    low, high = points.min(axis=0) - 2, points.max(axis=0) + 3
    part = _part(first, low, high)
    a, b = (cv2.GaussianBlur(g[part].astype(np.float32), (0, 0), 1.2) for g in (first, undone))
    local = points - np.maximum(low, 0).astype(int).astype(np.float32)
    mouth = _extent(local[list(_MOUTH)], 1.25)
    eyes = [_extent(local[list(eye)], 1.2) for eye in (LEFT_EYE, RIGHT_EYE)]
    rest = np.zeros(a.shape, np.uint8)
    cv2.fillConvexPoly(rest, cv2.convexHull(local).astype(np.int32), 1)
    for extent in (mouth, *eyes):
        rest[_part(rest, *extent)] = 0
    lids = float(np.mean([_patch_change(a, b, e) for e in eyes]))
    return _patch_change(a, b, mouth), lids, _masked_change(a, b, rest > 0)


def _extent(points: Floats, grow: float) -> tuple[Floats, Floats]:
    low, high = points.min(axis=0), points.max(axis=0)
    centre, half = (low + high) / 2, (high - low) / 2 * grow
    return centre - half, centre + half


def _patch_change(a: Floats, b: Floats, extent: tuple[Floats, Floats]) -> float:
    """1 - the best correlation of a patch with its surroundings `SLIP` pixels around; NaN if tiny.

    The slip forgives what the common motion is off by; it does not close an eye.
    """
    inner = a[_part(a, extent[0], extent[1])]
    outer = b[_part(b, extent[0] - SLIP, extent[1] + SLIP)]
    if min(inner.shape) < 4 or inner.shape[0] > outer.shape[0] or inner.shape[1] > outer.shape[1]:
        return float("nan")
    return 1.0 - float(cv2.matchTemplate(outer, inner, cv2.TM_CCOEFF_NORMED).max())


def _masked_change(a: Floats, b: Floats, mask: NDArray[np.bool_]) -> float:
    """1 - Pearson correlation under a mask, 0..2; NaN where it is nearly empty."""
    x, y = a[mask], b[mask]
    if x.size < 30:
        return float("nan")
    x, y = x - x.mean(), y - y.mean()
    return 1.0 - float((x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum() + 1e-6))
