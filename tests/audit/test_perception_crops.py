from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.detectors import CropSpec
from audit.perception.crops import crop, scaled_box, similarity
from audit.perception.warp import warp

COORDINATE = st.floats(-50, 450)


@given(COORDINATE, COORDINATE, st.floats(2, 300), st.floats(2, 300), st.floats(0.5, 6))
def test_a_scaled_box_lies_in_the_frame_and_has_pixels(
    x: float, y: float, wide: float, high: float, scale: float
) -> None:
    box = np.float32([x, y, x + wide, y + high])
    x0, y0, x1, y1 = scaled_box(box, scale, 400, 300)
    assert 0 <= x0 < x1 <= 400 and 0 <= y0 < y1 <= 300


def test_a_box_in_the_middle_is_enlarged_about_its_centre() -> None:
    x0, y0, x1, y1 = scaled_box(np.float32([190, 140, 210, 160]), 4.0, 400, 300)
    assert (x0, y0) == (160, 110)
    assert abs(x1 - 240) <= 1 and abs(y1 - 190) <= 1


def test_at_the_border_the_box_moves_before_it_shrinks() -> None:
    x0, y0, x1, y1 = scaled_box(np.float32([0, 100, 40, 140]), 2.7, 400, 300)
    assert x0 == 0 and abs((x1 - x0) - 108) <= 1
    x0, y0, x1, y1 = scaled_box(np.float32([100, 50, 300, 250]), 4.0, 400, 300)
    assert y0 == 0 and y1 == 300 and abs((x1 - x0) - 299) <= 1


@given(st.floats(-math.pi, math.pi), st.floats(0.1, 5), COORDINATE, COORDINATE)
def test_the_similarity_is_recovered(angle: float, scale: float, dx: float, dy: float) -> None:
    points = np.array([[0.0, 0], [10, 1], [5, 7], [2, 12], [9, 12]])
    turn = scale * np.array(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    )
    matrix = similarity(points, points @ turn.T + [dx, dy])
    assert matrix[:, :2] == pytest.approx(turn, abs=1e-6)
    assert matrix[:, 2] == pytest.approx([dx, dy], abs=1e-6)


def test_points_in_one_place_do_no_harm() -> None:
    assert np.isfinite(similarity(np.ones((5, 2)), np.eye(5, 2))).all()


def test_a_template_crop_puts_the_points_in_their_places() -> None:
    image = np.zeros((200, 300, 3), np.uint8)
    points = np.float32([[100, 80], [140, 80], [120, 100], [105, 125], [135, 125]])
    for x, y in points:
        cv2.circle(image, (int(x), int(y)), 3, (255, 255, 255), -1)
    target = (points - points.mean(axis=0)) / 2 + 32
    spec = CropSpec("t", 64, template=tuple((float(x), float(y)) for x, y in target))
    seen = crop(image, np.float32([90, 70, 150, 140]), points, spec)
    assert seen.shape == (64, 64, 3)
    for x, y in target:
        assert seen[round(float(y)), round(float(x))].min() > 120


def test_a_scale_crop_of_a_tiny_box_is_enlarged() -> None:
    image = np.full((50, 50, 3), 9, np.uint8)
    spec = CropSpec("s", 80, scale=1.0)
    seen = crop(image, np.float32([20, 20, 22, 22]), np.zeros((5, 2), np.float32), spec)
    assert seen.shape == (80, 80, 3) and (seen == 9).all()


@given(st.integers(2, 9), st.floats(0, 40), st.floats(0, 40))
def test_shrinking_does_not_alias_and_keeps_places(factor: int, dx: float, dy: float) -> None:
    rows, columns = np.indices((400, 400))
    slope = np.stack([rows / 2, columns / 2, (rows + columns) / 4], axis=2).astype(np.uint8)
    matrix = np.array([[1 / factor, 0, -dx / factor], [0, 1 / factor, -dy / factor]])
    size = int((400 - 40) / factor) - 2
    small = warp(slope, matrix, size).astype(float)
    middle = size // 2
    assert small[middle, middle, 1] == pytest.approx((middle * factor + dx) / 2, abs=2)
    assert small[middle, middle, 0] == pytest.approx((middle * factor + dy) / 2, abs=2)
    checks = ((np.indices((400, 400)).sum(axis=0) % 2) * 255).astype(np.uint8)
    grey = warp(np.repeat(checks[:, :, None], 3, axis=2), matrix, size)
    assert abs(float(grey.mean()) - 127.5) < 20


def test_a_region_outside_the_picture_repeats_its_border() -> None:
    image = np.full((20, 20, 3), 77, np.uint8)
    far = np.array([[0.25, 0, 500.0], [0, 0.25, 500.0]])
    assert (warp(image, far, 16) == 77).all()
