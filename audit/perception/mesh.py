"""The face mesh: 468 points on one face, and how sure the network is that there is a face.

The network is MediaPipe's face_landmark (Apache-2.0); Y. Kartynnik et al., "Real-time Facial
Surface Geometry from Monocular Video on Mobile GPUs", arXiv 1907.06724.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.interview import Floats
from audit.perception.blazeface import Detection
from audit.perception.warp import warp

SIDE = 192
MARGIN = 1.5  # the square that the network wants, over the larger side of the face's box
_OUTER_EYES = (33, 263)


@dataclass(frozen=True, slots=True)
class Region:
    """A rotated square: centre and side in pixels, angle in radians (clockwise as seen)."""

    x: float
    y: float
    side: float
    angle: float

    def matrix(self, size: int) -> NDArray[np.float64]:
        """The 2 x 3 affine map from the picture to a crop of `size` x `size`."""
        scale = size / self.side
        cos, sin = math.cos(self.angle) * scale, math.sin(self.angle) * scale
        half = size / 2
        return np.array(
            [
                [cos, sin, half - cos * self.x - sin * self.y],
                [-sin, cos, half + sin * self.x - cos * self.y],
            ]
        )


@dataclass(frozen=True, slots=True)
class Mesh:
    """One fitted face: points (468, 3) in pixels, smaller z is nearer; score 0..1."""

    points: Floats
    score: float

    @property
    def box(self) -> Floats:
        """x0, y0, x1, y1 around all points, pixels, shape (4,)."""
        flat = self.points[:, :2]
        return np.concatenate([flat.min(axis=0), flat.max(axis=0)])

    @property
    def size(self) -> float:
        """Larger side of the box, pixels."""
        box = self.box
        return float(max(box[2] - box[0], box[3] - box[1]))

    @property
    def region(self) -> Region:
        """Where to look for the same face in the next picture."""
        flat = self.points[:, :2]
        a, b = flat[_OUTER_EYES[0]], flat[_OUTER_EYES[1]]
        angle = math.atan2(float(b[1] - a[1]), float(b[0] - a[0]))
        cos, sin = math.cos(angle), math.sin(angle)
        turn = np.array([[cos, -sin], [sin, cos]], np.float32)
        upright = flat @ turn
        low, high = upright.min(axis=0), upright.max(axis=0)
        middle = turn @ ((low + high) / 2)
        side = max(1.0, float((high - low).max()) * MARGIN)
        return Region(float(middle[0]), float(middle[1]), side, angle)


def region_of(detection: Detection) -> Region:
    """The square around a detected face, turned so that its eyes lie level."""
    box, (a, b) = detection.box, detection.points[:2]
    angle = math.atan2(float(b[1] - a[1]), float(b[0] - a[0]))
    side = max(1.0, float(max(box[2] - box[0], box[3] - box[1])) * MARGIN)
    return Region(float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2, side, angle)


class FaceMesh:
    """The mesh over one TFLite interpreter."""

    def __init__(self, interpreter: Any) -> None:
        interpreter.allocate_tensors()
        self._net = interpreter
        self._input = interpreter.get_input_details()[0]["index"]
        outputs = sorted(interpreter.get_output_details(), key=lambda d: -int(d["shape"][-1]))
        self._points, self._flag = outputs[0]["index"], outputs[1]["index"]

    def fit(self, image: NDArray[np.uint8], region: Region, *, passes: int = 1) -> Mesh:
        """The mesh of the face in `region` of a BGR picture.

        A second pass looks again in the square around the first pass's points, which is what the
        network was trained on; when a face is followed from frame to frame one pass is enough.
        """
        mesh = self._once(image, region)
        for _ in range(passes - 1):
            mesh = self._once(image, mesh.region)
        return mesh

    def _once(self, image: NDArray[np.uint8], region: Region) -> Mesh:
        crop = warp(image, region.matrix(SIDE), SIDE)
        self._net.set_tensor(self._input, crop[None, :, :, ::-1].astype(np.float32) / 255)
        self._net.invoke()
        raw = self._net.get_tensor(self._points).reshape(468, 3)
        flag = float(self._net.get_tensor(self._flag).ravel()[-1])
        points = np.empty((468, 3), np.float32)
        back = cv2.invertAffineTransform(region.matrix(SIDE))
        points[:, :2] = raw[:, :2] @ back[:, :2].T + back[:, 2]
        points[:, 2] = raw[:, 2] * (region.side / SIDE)
        return Mesh(points, 1.0 / (1.0 + math.exp(-min(80.0, max(-80.0, flag)))))
