from __future__ import annotations

import numpy as np
import pytest

from audit.perception.eyes import Lids, nearer
from tests.audit.toy_face import flat_mesh


class Contour:
    """An interpreter whose eye contour has a given lid gap and width."""

    def __init__(self, gap: float, width: float) -> None:
        points = np.zeros((71, 3), np.float32)
        points[8, 0] = width
        points[[11, 12, 13], 1] = -gap
        self._points = points
        self.iris = np.zeros((5, 3), np.float32)
        self.crop = np.zeros(0)

    def allocate_tensors(self) -> None: ...

    def invoke(self) -> None: ...

    def get_input_details(self) -> list[dict[str, object]]:
        return [{"index": 0}]

    def get_output_details(self) -> list[dict[str, object]]:
        return [{"index": 2, "shape": (1, 15)}, {"index": 1, "shape": (1, 213)}]

    def set_tensor(self, _index: int, tensor: np.ndarray) -> None:
        self.crop = tensor

    def get_tensor(self, index: int) -> np.ndarray:
        return self._points.reshape(1, 213) if index == 1 else self.iris.reshape(1, 15)


def test_the_gap_is_taken_over_the_width() -> None:
    lids = Lids(Contour(12.0, 30.0))
    mesh = flat_mesh() + np.float32([100, 100, 0])
    eye = lids.look(np.zeros((200, 200, 3), np.uint8), mesh, "left")
    assert eye.gap == pytest.approx(0.4)


def test_the_iris_is_placed_between_the_corners() -> None:
    net = Contour(12.0, 30.0)  # corners at 0 and 30
    net.iris[0, :2] = (18.0, -3.0)
    eye = Lids(net).look(np.zeros((200, 200, 3), np.uint8), flat_mesh(), "right")
    assert (eye.across, eye.up) == pytest.approx((0.1, 0.1))


def test_the_crop_is_centred_on_the_wanted_eye() -> None:
    image = np.zeros((200, 200, 3), np.uint8)
    image[86:94, 76:84] = 255  # the left eye of a mesh at (100, 100)
    mesh = flat_mesh() + np.float32([100, 100, 0])
    net = Contour(1.0, 1.0)
    lids = Lids(net)
    lids.look(image, mesh, "left")
    assert net.crop.shape == (1, 64, 64, 3) and net.crop[0, 32, 32].min() > 0.9
    lids.look(image, mesh, "right")
    assert net.crop.max() == 0.0


def test_the_nearer_eye_is_on_the_side_that_is_turned_to_the_camera() -> None:
    assert nearer(30.0) == "left" and nearer(-30.0) == "right"
