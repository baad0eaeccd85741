"""How parts of a face, and what surrounds it, change from one picture to the next.

Of each part one displacement and one change of brightness are estimated by least squares on the
picture's gradients (B. Lucas and T. Kanade, IJCAI 1981; with a term for brightness after S.
Negahdaripour, IEEE TPAMI 20(9), 1998), after the mesh has undone the face's movement roughly. All
of it is measured on a reduced picture, so that the size of the face hardly matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.interview import FaceParts, Floats
from audit.perception.geometry import LEFT_EYE, RIGHT_EYE
from audit.perception.mesh import Mesh
from audit.perception.table import Table
from audit.perception.warp import warp

Doubles = NDArray[np.float64]

SIDE = 128
UNIT = 72.0  # the face's height in the reduced picture, pixels
COUNT = 6
MOST_GAP_S = 0.1
LEAST_SIZE = 48.0  # smaller faces are not compared
LEAST_PIXELS = 40
LEAST_TEXTURE = 1.0  # mean squared gradient, below which a displacement is not known
WHOLE_S = 10.0  # so much of a track is measured without a pause, then SHARE of every EVERY_S
EVERY_S = 4.0
SHARE = 0.25
_FROM, _TO = 1.12, 1.5  # the surroundings, over the outline of the face
_RESCALED = 0.1  # change of size that a view bears
_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
# Halves of the face from the brows to the wings of the nose: what speech hardly moves.
_NOSE = (168, 197, 195, 5, 4, 1, 2)
_LEFT = (70, 63, 105, 66, 107, 98, 64, 203, 206, 207, 187, 123, 116, 143, 156, *_NOSE)
_RIGHT = (300, 293, 334, 296, 336, 327, 294, 423, 426, 427, 411, 352, 345, 372, 383, *_NOSE)


@dataclass(frozen=True, slots=True)
class _View:
    """A reduced, smoothed picture around a face: its middle and scale in the picture."""

    grey: Floats
    middle: Doubles
    scale: float

    @classmethod
    def cut(cls, image: NDArray[np.uint8], middle: Doubles, scale: float) -> _View:
        shift = SIDE / 2 - scale * middle
        part = warp(image, np.array([[scale, 0, shift[0]], [0, scale, shift[1]]]), SIDE)
        grey = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY).astype(np.float32)
        return cls(cv2.GaussianBlur(grey, (0, 0), 1.0), middle, scale)

    def placed(self, points: Floats) -> Doubles:
        """Points of the picture in this view."""
        return (points - self.middle) * self.scale + SIDE / 2


class PartsMeter:
    """Compares one face's successive pictures; rows gather until `finish`."""

    def __init__(self) -> None:
        self._view: _View | None = None
        self._points: Floats | None = None
        self._time_s = self._start_s = -np.inf
        self._linked = False
        self._table = Table(3 + COUNT * 4)

    def add(self, image: NDArray[np.uint8], mesh: Mesh, time_s: float) -> None:
        """Take the face's next picture of a dense stretch."""
        if not np.isfinite(self._start_s):
            self._start_s = time_s
        if mesh.size < LEAST_SIZE or not _is_due(time_s - self._start_s):
            self.pause()
            return
        points = mesh.points[:, :2]
        now = self._compared(image, points, time_s)
        scale = min(1.0, UNIT / float(np.ptp(points[:, 1])))
        if now is None or abs(now.scale / scale - 1) > _RESCALED:
            middle = (points.min(axis=0) + points.max(axis=0)).astype(np.float64) / 2
            now = _View.cut(image, middle, scale)
        self._view, self._points, self._time_s = now, points.copy(), time_s

    def _compared(self, image: NDArray[np.uint8], points: Floats, time_s: float) -> _View | None:
        """Write the row of this picture; its view, or None where there is none before it."""
        before, known = self._view, self._points
        gap = time_s - self._time_s
        if before is None or known is None or not 0 < gap <= MOST_GAP_S:
            self._linked = False
            return None
        shift = np.median(points - known, axis=0).astype(np.float64)
        now = _View.cut(image, before.middle + shift, before.scale)
        row = changes(before.grey, now.grey, before.placed(known))
        row[:, :2] += shift * before.scale
        self._table.append(np.concatenate([[time_s, gap, self._linked], row.ravel()]))
        self._linked = True
        return now

    def pause(self) -> None:
        """The face was not seen, or the next picture is not the next frame."""
        self._view, self._linked = None, False

    def finish(self) -> FaceParts | None:
        """All comparisons, None where there were none."""
        rows = self._table.rows
        if not len(rows):
            return None
        values = rows[:, 3:].reshape(-1, COUNT, 4).astype(np.float32)
        return FaceParts(
            times_s=rows[:, 0].copy(),
            gaps_s=rows[:, 1].astype(np.float32),
            follows=rows[:, 2] > 0,
            moved=values[:, :, :2].copy(),
            lit=values[:, :, 2].copy(),
            unexplained=values[:, :, 3].copy(),
        )


def _is_due(since_s: float) -> bool:
    """Long recordings are measured in part: what does not change need not be seen all the time."""
    return since_s < WHOLE_S or since_s % EVERY_S < SHARE * EVERY_S


def changes(first: Floats, second: Floats, points: Doubles) -> Doubles:
    """Displacement across and down, change of brightness and what is left, (6, 4).

    `first` and `second` are smoothed grey pictures (SIDE, SIDE), `points` (468, 2) the mesh in the
    first. NaN as `FaceParts` has it.
    """
    labels = parts(points).ravel()
    inside = np.flatnonzero(labels)
    labels = labels[inside]
    middle = (first + second) / 2
    across = cv2.Sobel(middle, cv2.CV_32F, 1, 0, scale=1 / 8).ravel()[inside]
    down = cv2.Sobel(middle, cv2.CV_32F, 0, 1, scale=1 / 8).ravel()[inside]
    change = (second - first).ravel()[inside]
    columns = (-across, -down, np.ones_like(across))

    def sums(values: Floats) -> Doubles:
        return np.bincount(labels, values, COUNT + 1)[1:].astype(np.float64)

    matrix = np.empty((COUNT, 3, 3))
    wanted = np.empty((COUNT, 3, 1))
    for i, one in enumerate(columns):
        wanted[:, i, 0] = sums(one * change)
        for k in range(i, 3):
            matrix[:, i, k] = matrix[:, k, i] = sums(one * columns[k])
    # A little weight on standing still where there is hardly any texture.
    solved = np.linalg.solve(matrix + np.diag([1.0, 1.0, 1e-6]), wanted)[:, :, 0]
    each = np.concatenate([np.zeros((1, 3)), solved])[labels]
    left = change - sum(column * each[:, i] for i, column in enumerate(columns))
    count = matrix[:, 2, 2]
    known = np.maximum(count, 1.0)
    out = np.column_stack([solved, sums(np.abs(left)) / known])
    texture = (matrix[:, 0, 0] + matrix[:, 1, 1]) / known
    out[texture < LEAST_TEXTURE, :2] = np.nan
    out[count < LEAST_PIXELS] = np.nan
    return out


def parts(points: Doubles) -> NDArray[np.uint8]:
    """The part of each pixel, (SIDE, SIDE): 1 to 6 in the order of `FaceParts`, 0 for none."""
    outline = points[list(_OVAL)]
    centre = outline.mean(axis=0)
    ring = np.zeros((SIDE, SIDE), np.uint8)
    _fill(ring, (outline - centre) * _TO + centre, 1)
    _fill(ring, (outline - centre) * _FROM + centre, 0)
    labels = ring * _sides()
    _fill(labels, points[list(_LEFT)], 1)
    _fill(labels, points[list(_RIGHT)], 2)
    for eye in (LEFT_EYE, RIGHT_EYE):
        lids = points[list(eye)]
        _fill(labels, (lids - lids.mean(axis=0)) * 1.3 + lids.mean(axis=0), 0)
    return labels


def _fill(mask: NDArray[np.uint8], points: Doubles, value: int) -> None:
    hull = cv2.convexHull(points.astype(np.float32))
    cv2.fillConvexPoly(mask, np.round(hull).astype(np.int32), value)


@cache
def _sides() -> NDArray[np.uint8]:
    """3 above, 4 left of, 5 right of and 6 below the middle, divided by the diagonals."""
    down, across = np.mgrid[0:SIDE, 0:SIDE] - (SIDE - 1) / 2
    is_steep = np.abs(down) > np.abs(across)
    sides = np.where(is_steep, np.where(down < 0, 3, 6), np.where(across < 0, 4, 5))
    return sides.astype(np.uint8)
