"""How far the lids of one eye are open, and where its iris stands between them.

The face mesh keeps eyes open through a blink; MediaPipe's iris network (Apache-2.0; A. Ablavatski
et al., "Real-time Pupil Tracking from Monocular Video", arXiv 2006.11341) follows the lids.
"""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from audit.interview import Floats
from audit.perception.mesh import Region
from audit.perception.warp import warp

Side = Literal["left", "right"]

SIDE = 64
MARGIN = 2.3  # the square that the network wants, over the distance of the eye's corners
CORNERS: dict[Side, tuple[int, int]] = {"left": (33, 133), "right": (362, 263)}
_UPPER = (11, 12, 13)
_LOWER = (3, 4, 5)
_ENDS = (0, 8)


class Eye(NamedTuple):
    """One eye in one picture.

    `gap`: lid gap over eye width; about .35 open, below .2 shut. `across`, `up`: the iris from the
    middle between the corners, in eye widths, positive to the viewer's right and upwards; about
    -.2 to .2. Turning the head moves neither by itself, glancing does.
    """

    gap: float
    across: float
    up: float


class Lids:
    """The iris network over one TFLite interpreter."""

    def __init__(self, interpreter: Any) -> None:
        interpreter.allocate_tensors()
        self._net = interpreter
        self._input = interpreter.get_input_details()[0]["index"]
        outputs = sorted(interpreter.get_output_details(), key=lambda d: -int(d["shape"][-1]))
        self._contour, self._iris = outputs[0]["index"], outputs[1]["index"]

    def look(self, image: NDArray[np.uint8], mesh: Floats, side: Side) -> Eye:
        """The left or right eye as seen.

        `mesh` (468, 3) are the points of the face in pixels of `image` (BGR).
        """
        a, b = (mesh[k, :2] for k in CORNERS[side])
        centre, across = (a + b) / 2, b - a
        width = max(1.0, float(np.hypot(*across)))
        angle = math.atan2(float(across[1]), float(across[0]))
        region = Region(float(centre[0]), float(centre[1]), width * MARGIN, angle)
        crop = warp(image, region.matrix(SIDE), SIDE)
        self._net.set_tensor(self._input, crop[None, :, :, ::-1].astype(np.float32) / 255)
        self._net.invoke()
        points = self._net.get_tensor(self._contour).reshape(71, 3)[:, :2]
        lids = np.linalg.norm(points[list(_UPPER)] - points[list(_LOWER)], axis=1)
        ends = max(float(np.linalg.norm(points[_ENDS[0]] - points[_ENDS[1]])), 1e-6)
        middle = (points[_ENDS[0]] + points[_ENDS[1]]) / 2
        iris = (self._net.get_tensor(self._iris).reshape(5, 3)[0, :2] - middle) / ends
        return Eye(float(lids.mean()) / ends, float(iris[0]), -float(iris[1]))


def nearer(yaw: float) -> Side:
    """The eye that a turned head shows better; `yaw` in degrees, positive to the viewer's right."""
    return "right" if yaw < 0 else "left"
