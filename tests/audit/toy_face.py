"""A face of few numbers: mesh points on a plane, and pictures in which faces are bright squares."""

from __future__ import annotations

import math

import cv2
import numpy as np

from audit.media.plan import Picture
from audit.perception.blazeface import Detection
from audit.perception.eyes import Eye
from audit.perception.geometry import LEFT_EYE, RIGHT_EYE
from audit.perception.mesh import Mesh, Region


def flat_mesh(size: float = 100.0) -> np.ndarray:
    """Mesh points (468, 3) of a frontal face centred at 0, `size` pixels high."""
    rng = np.random.default_rng(3)
    mesh = np.zeros((468, 3), np.float32)
    mesh[:, :2] = rng.uniform(-0.3, 0.3, (468, 2)) * size
    places = {
        10: (0, -0.5), 152: (0, 0.5), 151: (0, -0.35), 200: (0, 0.4), 1: (0, 0.05), 4: (0, 0.1),
        234: (-0.4, 0), 454: (0.4, 0), 127: (-0.4, -0.1), 356: (0.4, -0.1),
        61: (-0.2, 0.3), 291: (0.2, 0.3), 78: (-0.2, 0.3), 308: (0.2, 0.3),
        13: (0, 0.3), 14: (0, 0.3), 82: (-0.1, 0.3), 87: (-0.1, 0.3),
        312: (0.1, 0.3), 317: (0.1, 0.3), 0: (0, 0.24), 17: (0, 0.36), 37: (-0.05, 0.25),
        267: (0.05, 0.25), 84: (-0.05, 0.35), 314: (0.05, 0.35),
    }  # fmt: skip
    for eye, centre in ((LEFT_EYE, -0.2), (RIGHT_EYE, 0.2)):
        for k, index in enumerate(eye):
            angle = 2 * math.pi * k / len(eye)
            places[index] = (centre + 0.08 * math.cos(angle), -0.1 + 0.03 * math.sin(angle))
    places |= {33: (-0.28, -0.1), 133: (-0.12, -0.1), 362: (0.12, -0.1), 263: (0.28, -0.1)}
    for index, (x, y) in places.items():
        mesh[index, :2] = (x * size, y * size)
    return mesh


def turned(
    mesh: np.ndarray, *, yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0
) -> np.ndarray:
    """The mesh turned about its middle by degrees, as `FaceTrack.pose` counts them."""
    a, b, c = (math.radians(v) for v in (yaw, pitch, roll))
    about_y = np.array([[math.cos(a), 0, -math.sin(a)], [0, 1, 0], [math.sin(a), 0, math.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(b), math.sin(b)], [0, -math.sin(b), math.cos(b)]])
    about_z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    middle = mesh.mean(axis=0)
    return ((mesh - middle) @ (about_y @ about_x @ about_z).T + middle).astype(np.float32)


Square = tuple[float, float, float]
"""Centre x, centre y and side of a face in a toy picture."""


def picture(
    squares: list[Square],
    frame: int,
    *,
    rate: float = 25.0,
    dense: bool = True,
    scene: int = 0,
    scale: float = 1.0,
) -> Picture:
    """A picture of 320 x 240 with a chequered square per face; `scene` changes the room."""
    room = np.random.default_rng(scene).integers(60, 160, (24, 32)).astype(np.uint8)
    image = np.repeat(np.kron(room, np.ones((10, 10), np.uint8))[:, :, None], 3, axis=2)
    for x, y, side in squares:
        x0, y0 = max(0, round(x - side / 2)), max(0, round(y - side / 2))
        part = image[y0 : round(y + side / 2), x0 : round(x + side / 2)]
        rows, columns = np.indices(part.shape[:2])
        part[:] = np.where((rows // 5 + columns // 5) % 2, 200, 120)[:, :, None]
    signature = cv2.resize(image[:, :, 0], (32, 24), interpolation=cv2.INTER_AREA)
    return Picture(frame / rate, frame, dense, signature, image, scale)


class ToyDetector:
    """Finds the squares of the picture that it is told about."""

    def __init__(self) -> None:
        self.squares: list[Square] = []
        self.small: list[Square] = []
        self.overlooked: list[Square] = []
        self.blind = False
        self.searches = 0

    def find(self, _image: np.ndarray) -> list[Detection]:
        self.searches += 1
        if self.blind:
            return []
        return [_detection(s) for s in self.squares if s not in self.overlooked]

    def find_small(self, _image: np.ndarray) -> list[Detection]:
        return [] if self.blind else [_detection(s) for s in self.small]


def _detection(square: Square) -> Detection:
    x, y, side = square
    points = np.float32([[x - side / 5, y], [x + side / 5, y], *[[x, y]] * 4])
    half = side / 2
    return Detection(np.float32([x - half, y - half, x + half, y + half]), points, 0.9)


class ToyMesh:
    """Fits the nearest square whose centre lies in the region; else says that there is no face."""

    def __init__(self, detector: ToyDetector) -> None:
        self._detector = detector
        self.sure = 0.95

    def fit(self, _image: np.ndarray, region: Region, *, passes: int = 1) -> Mesh:
        assert passes in (1, 2)
        near = [
            s
            for s in self._detector.squares
            if max(abs(s[0] - region.x), abs(s[1] - region.y)) < region.side / 2
        ]
        if not near:
            return Mesh(flat_mesh() + np.float32([region.x, region.y, 0]), 0.1)
        x, y, side = min(near, key=lambda s: abs(s[0] - region.x) + abs(s[1] - region.y))
        return Mesh(flat_mesh(side) + np.float32([x, y, 0]), self.sure)


class ToyLids:
    """Eyes that are always open and look a little to one side."""

    def look(self, _image: np.ndarray, _mesh: np.ndarray, side: str) -> Eye:
        return Eye(0.36 if side == "left" else 0.35, 0.1, -0.05)
