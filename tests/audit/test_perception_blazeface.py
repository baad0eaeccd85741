from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.inference import Models
from audit.perception.blazeface import BACK, BlazeFace, letterbox, merge, overlaps, tiles


class OneHot:
    """An interpreter that answers with given raw outputs, shaped as the network's."""

    def __init__(self, regressors: np.ndarray, logits: np.ndarray) -> None:
        self._out = {1: regressors[None], 2: logits[None, :, None]}

    def allocate_tensors(self) -> None:
        self.ready = True

    def get_input_details(self) -> list[dict[str, object]]:
        return [{"index": 0}]

    def get_output_details(self) -> list[dict[str, object]]:
        return [{"index": 2, "shape": (1, 896, 1)}, {"index": 1, "shape": (1, 896, 16)}]

    def set_tensor(self, _index: int, tensor: np.ndarray) -> None:
        assert tensor.shape == (1, 256, 256, 3) and tensor.dtype == np.float32
        assert tensor.min() >= -1 and tensor.max() <= 1

    def invoke(self) -> None:
        assert self.ready

    def get_tensor(self, index: int) -> np.ndarray:
        return self._out[index].astype(np.float32)


def test_anchors_are_the_centres_of_both_grids() -> None:
    anchors = BACK.anchors()
    assert anchors.shape == (16 * 16 * 2 + 8 * 8 * 6, 2)
    assert anchors[0] == pytest.approx([1 / 32, 1 / 32])
    assert anchors[1] == pytest.approx([1 / 32, 1 / 32])
    assert anchors[2] == pytest.approx([3 / 32, 1 / 32])
    assert anchors[512] == pytest.approx([1 / 16, 1 / 16])
    assert anchors[-1] == pytest.approx([15 / 16, 15 / 16])


def test_a_raw_output_becomes_pixels_of_the_picture() -> None:
    raw = np.zeros((896, 16), np.float32)
    logits = np.full(896, -200.0, np.float32)
    cell = (8 * 16 + 8) * 2  # centre (8.5 / 16) of the square
    logits[cell] = 3.0
    raw[cell, 2:4] = (64, 32)  # width and height in input pixels
    raw[cell, 4:6] = (-16, -8)  # first eye
    found = BlazeFace(OneHot(raw, logits)).find(np.zeros((256, 512, 3), np.uint8))
    (face,) = found
    assert face.score == pytest.approx(1 / (1 + np.exp(-3)))
    # the picture is halved and centred: 64 rows of padding above
    assert face.box == pytest.approx([(136 - 32) * 2, (136 - 16 - 64) * 2, 336, 176])
    assert face.points[0] == pytest.approx([(136 - 16) * 2, (136 - 8 - 64) * 2])


def test_nothing_above_the_least_score_is_nothing() -> None:
    empty = BlazeFace(OneHot(np.zeros((896, 16)), np.full(896, -1.0)))
    assert empty.find(np.zeros((64, 64, 3), np.uint8)) == []


@given(st.integers(20, 2000), st.integers(20, 2000))
def test_letterboxing_keeps_the_picture_inside_and_its_shape(width: int, height: int) -> None:
    tensor, scale, left, top = letterbox(np.full((height, width, 3), 255, np.uint8), 64)
    white = np.argwhere(tensor[0, :, :, 0] > 0.9)
    assert white.min(axis=0).tolist() == [top, left]
    spread = white.max(axis=0) - white.min(axis=0) + 1
    assert abs(spread[1] - width * scale) <= 1 and abs(spread[0] - height * scale) <= 1


def test_boxes_of_one_face_are_averaged_by_score() -> None:
    def place(x: float) -> np.ndarray:
        return np.tile(np.float32([[x, 0], [x + 10, 10]]), (4, 1))

    places = np.stack([place(0.0), place(2.0), place(50.0)])
    found = merge(places, np.float32([0.6, 0.9, 0.7]), 0.3)
    assert [round(f.score, 2) for f in found] == [0.9, 0.7]
    assert found[0].box[0] == pytest.approx((0.6 * 0 + 0.9 * 2) / 1.5)


@given(st.integers(1, 3000), st.integers(1, 3000))
def test_tiles_cover_the_picture_with_half_overlaps(width: int, height: int) -> None:
    made = tiles(width, height)
    side = made[0][2]
    assert len(made) <= 4 * (max(width, height) / min(width, height) + 1) * 4
    assert all(0 <= x <= width - side and 0 <= y <= height - side for x, y, _ in made)
    lefts = sorted({x for x, _, _ in made})
    assert lefts[0] == 0 and lefts[-1] == width - side
    assert all(b - a <= side / 2 + 1 for a, b in pairwise(lefts))


@pytest.mark.weights
def test_a_small_face_is_found_in_tiles(models: Models) -> None:
    data = pytest.importorskip("skimage.data")
    image = np.full((720, 1280, 3), 110, np.uint8)
    image[300:380, 700:780] = cv2.resize(
        np.ascontiguousarray(data.astronaut()[:, :, ::-1]), (80, 80), interpolation=cv2.INTER_AREA
    )
    detector = BlazeFace(models.tflite("blazeface_back"))
    (face,) = detector.find_small(image)
    x, y = (face.box[:2] + face.box[2:]) / 2
    assert 728 < x < 742 and 312 < y < 328


@given(st.lists(st.floats(-50, 50), min_size=8, max_size=8))
def test_overlap_is_a_share_and_symmetric(values: list[float]) -> None:
    a, b = (np.float32([*np.minimum(v[:2], v[2:]), *np.maximum(v[:2], v[2:])]) for v in
            (np.array(values[:4]), np.array(values[4:])))  # fmt: skip
    one, other = float(overlaps(a, b[None])[0]), float(overlaps(b, a[None])[0])
    assert 0 <= one <= 1 + 1e-6 and one == pytest.approx(other, abs=1e-5)


@pytest.mark.weights
def test_the_real_detector_finds_a_portrait(models: Models) -> None:
    data = pytest.importorskip("skimage.data")
    image = np.ascontiguousarray(data.astronaut()[:, :, ::-1])
    (face,) = BlazeFace(models.tflite("blazeface_back")).find(image)
    x, y = (face.box[:2] + face.box[2:]) / 2
    assert 190 < x < 250 and 90 < y < 160
    assert face.points[0][0] < face.points[1][0]
