from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.perception import geometry
from audit.perception.blazeface import Detection
from audit.perception.mesh import MARGIN, SIDE, Mesh, Region, region_of
from tests.audit.toy_face import flat_mesh, turned


@given(st.floats(-60, 60), st.floats(-40, 40))
def test_pose_of_a_turned_face(yaw: float, pitch: float) -> None:
    seen = geometry.pose_of(turned(flat_mesh(), yaw=yaw, pitch=pitch))
    assert seen[0] == pytest.approx(yaw, abs=0.5)
    assert seen[1] == pytest.approx(pitch, abs=0.5)


@given(st.floats(-80, 80))
def test_roll_is_the_eyes_line(roll: float) -> None:
    assert geometry.pose_of(turned(flat_mesh(), roll=roll))[2] == pytest.approx(roll, abs=0.1)


def test_mouth_opening_is_gap_over_width_and_shut_is_nought() -> None:
    mesh = flat_mesh()
    assert geometry.mouth_open(mesh) == pytest.approx(0.0, abs=1e-6)
    for upper, lower in ((13, 14), (82, 87), (312, 317)):
        mesh[upper, 1] -= 6
        mesh[lower, 1] += 6
    assert geometry.mouth_open(mesh) == pytest.approx(12 / 40)


def test_five_points_run_from_left_to_right() -> None:
    points = geometry.five_points(flat_mesh())
    assert points.shape == (5, 2)
    assert points[0, 0] < points[1, 0] and points[3, 0] < points[4, 0]


def test_quality_falls_with_each_fault() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(60, 200, (400, 400, 3)).astype(np.uint8)
    mesh = flat_mesh() + np.float32([200, 200, 0])
    good = geometry.measure(image, mesh, 1.0).quality
    assert good > 0.9
    assert geometry.measure(image, mesh, 0.5).quality == pytest.approx(good / 2)
    assert geometry.measure(image // 10, mesh, 1.0).quality == 0.0
    assert geometry.measure(image, turned(mesh, yaw=65), 1.0).quality < 0.3 * good
    assert geometry.measure(np.full_like(image, 120), mesh, 1.0).quality == 0.0
    outside = mesh - np.float32([200, 0, 0])
    assert geometry.measure(image, outside, 1.0).quality < 0.7 * good
    assert geometry.measure(image, mesh + np.float32([5000, 0, 0]), 1.0).quality == 0.0


def test_a_face_that_was_reduced_counts_with_its_displayed_size() -> None:
    image = np.random.default_rng(0).integers(60, 200, (400, 400, 3)).astype(np.uint8)
    mesh = flat_mesh() * np.float32(0.3) + np.float32([200, 200, 0])
    small = geometry.measure(image, mesh, 1.0)
    reduced = geometry.measure(image, mesh, 1.0, scale=0.5)
    assert reduced.quality > small.quality and reduced.size == small.size


@given(st.floats(-200, 200), st.floats(-200, 200), st.floats(5, 500), st.floats(-math.pi, math.pi))
def test_a_region_maps_its_centre_and_side(x: float, y: float, side: float, angle: float) -> None:
    matrix = Region(x, y, side, angle).matrix(SIDE)
    assert matrix @ np.array([x, y, 1]) == pytest.approx([SIDE / 2, SIDE / 2], abs=1e-6)
    right = np.array([x + side / 2 * math.cos(angle), y + side / 2 * math.sin(angle), 1])
    assert matrix @ right == pytest.approx([SIDE, SIDE / 2], abs=1e-6)


def test_the_next_region_follows_a_rolled_face() -> None:
    mesh = Mesh(turned(flat_mesh(), roll=30).astype(np.float32), 1.0)
    assert math.degrees(mesh.region.angle) == pytest.approx(30, abs=0.1)
    upright = Mesh(flat_mesh(), 1.0).region
    assert mesh.region.side == pytest.approx(upright.side, rel=0.01)
    assert upright.side == pytest.approx(Mesh(flat_mesh(), 1.0).size * MARGIN)


def test_a_detection_gives_a_square_turned_by_its_eyes() -> None:
    points = np.zeros((6, 2), np.float32)
    points[1] = (10, 10)
    region = region_of(Detection(np.float32([0, 0, 20, 40]), points, 0.9))
    assert (region.x, region.y, region.side) == (10, 20, 60)
    assert math.degrees(region.angle) == pytest.approx(45)
