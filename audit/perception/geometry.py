"""Measurements on one face mesh: five points, pose, mouth, eyes, sharpness, light, quality.

Point numbers are those of MediaPipe's canonical face mesh. "Left" and "right" are as seen in the
picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.interview import Floats

LEFT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
RIGHT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
_ACROSS = ((33, 263), (234, 454), (127, 356), (61, 291))
_DOWN = ((10, 152), (151, 200))


@dataclass(frozen=True, slots=True)
class Face:
    """What is known of one face in one picture, in pixels of that picture.

    Fields are those of one row of `FaceTrack`; `quality` is that of `FaceSample`.
    """

    box: Floats
    points: Floats
    confidence: float
    pose: tuple[float, float, float]
    mouth_open: float
    sharpness: float
    brightness: float
    quality: float

    @property
    def size(self) -> float:
        """Larger side of the box, pixels."""
        return float(max(self.box[2] - self.box[0], self.box[3] - self.box[1]))


def five_points(mesh: Floats) -> Floats:
    """Eyes, nose and mouth corners, left to right, from mesh points (468, 3), shape (5, 2)."""
    flat = mesh[:, :2]
    return np.stack(
        [
            flat[list(LEFT_EYE)].mean(axis=0),
            flat[list(RIGHT_EYE)].mean(axis=0),
            flat[[1, 4]].mean(axis=0),
            flat[61],
            flat[291],
        ]
    )


def pose_of(mesh: Floats) -> tuple[float, float, float]:
    """Yaw, pitch, roll in degrees from mesh points (468, 3).

    The face's own axes are taken from point pairs that lie across and down the face; in the
    canonical mesh they are perpendicular, so no camera model is needed (weak perspective).
    """
    ax, ay, az = _direction(mesh, _ACROSS)
    dx, dy, dz = _direction(mesh, _DOWN)
    x, y, z = az * dy - ay * dz, ax * dz - az * dx, ay * dx - ax * dy  # out of the face
    yaw = math.degrees(math.atan2(x, -z))
    pitch = math.degrees(math.atan2(-y, math.hypot(x, z)))
    eyes = mesh[263] - mesh[33]
    return yaw, pitch, math.degrees(math.atan2(float(eyes[1]), float(eyes[0])))


def mouth_open(mesh: Floats) -> float:
    """Inner-lip gap over inner mouth width; 0 = shut."""
    gap = np.mean([_length(mesh[a] - mesh[b]) for a, b in ((13, 14), (82, 87), (312, 317))])
    return float(gap) / max(_length(mesh[78] - mesh[308]), 1e-6)


def sharpness_and_light(image: NDArray[np.uint8], box: Floats) -> tuple[float, float]:
    """Variance of the Laplacian of the face at 112 px (grey levels squared); mean luma 0..255."""
    height, width = image.shape[:2]
    x0, y0 = max(0, int(box[0])), max(0, int(box[1]))
    x1, y1 = min(width, math.ceil(box[2])), min(height, math.ceil(box[3]))
    if x1 <= x0 or y1 <= y0:
        return 0.0, 0.0
    part = image[y0:y1, x0:x1]
    way = cv2.INTER_AREA if max(part.shape[:2]) > 112 else cv2.INTER_LINEAR
    grey = cv2.resize(cv2.cvtColor(part, cv2.COLOR_BGR2GRAY), (112, 112), interpolation=way)
    edges = cv2.Laplacian(grey, cv2.CV_32F)
    return float(edges.var()), float(grey.mean())


def ramp(value: float, bad: float, good: float) -> float:
    """0 at `bad`, 1 at `good`, straight between; `bad` may lie above `good`."""
    return min(1.0, max(0.0, (value - bad) / (good - bad)))


def inside_share(box: Floats, width: int, height: int) -> float:
    """Share of the box's area that lies in the picture, 0..1."""
    full = float((box[2] - box[0]) * (box[3] - box[1]))
    wide = min(width, float(box[2])) - max(0.0, float(box[0]))
    high = min(height, float(box[3])) - max(0.0, float(box[1]))
    return max(0.0, wide) * max(0.0, high) / full if full > 0 else 0.0


def measure(image: NDArray[np.uint8], mesh: Floats, score: float, scale: float = 1.0) -> Face:
    """All measurements of one face.

    `scale` is the size of `image` over the displayed size. Box and points are returned in pixels
    of `image`; the size that counts in `quality` is that of the face as displayed.

    Quality is the product of five factors, each 0..1: face size (24 to 96 px), sharpness (10 to
    120), distance from frontal (20 to 70 degrees of yaw and pitch together), light (mean luma 25
    to 60 and 245 to 215), and confidence times the share of the box inside the frame.
    """
    flat = mesh[:, :2]
    box = np.concatenate([flat.min(axis=0), flat.max(axis=0)])
    sharpness, light = sharpness_and_light(image, box)
    pose = pose_of(mesh)
    height, width = image.shape[:2]
    size = float(max(box[2] - box[0], box[3] - box[1])) / scale
    quality = (
        ramp(size, 24, 96)
        * ramp(sharpness, 10, 120)
        * ramp(math.hypot(pose[0], pose[1]), 70, 20)
        * min(ramp(light, 25, 60), ramp(light, 245, 215))
        * score
        * inside_share(box, width, height)
    )
    return Face(
        box=box,
        points=five_points(mesh),
        confidence=score,
        pose=pose,
        mouth_open=mouth_open(mesh),
        sharpness=sharpness,
        brightness=light,
        quality=quality,
    )


def _direction(mesh: Floats, pairs: tuple[tuple[int, int], ...]) -> tuple[float, float, float]:
    """The summed directions from the first to the second point of each pair."""
    ways = mesh[[b for _, b in pairs]] - mesh[[a for a, _ in pairs]]
    lengths = np.sqrt((ways * ways).sum(axis=1, keepdims=True))
    x, y, z = (ways / np.maximum(lengths, 1e-6)).sum(axis=0).tolist()
    return x, y, z


def _length(vector: Floats) -> float:
    return float(np.sqrt(np.dot(vector, vector)))
