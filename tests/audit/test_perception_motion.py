from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.perception.mesh import Mesh
from audit.perception.motion import MotionMeter, anchored, compare
from tests.audit.toy_face import flat_mesh


def _textured(seed: int = 0, side: int = 420) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rough = cv2.resize(rng.uniform(30, 220, (side // 7, side // 7)), (side, side))
    return cv2.GaussianBlur(rough, (0, 0), 1.5).astype(np.uint8)


POINTS = (flat_mesh(120)[:, :2] + 210).astype(np.float32)


def _shift(image: np.ndarray, dx: float, dy: float, turn: float = 0.0) -> np.ndarray:
    matrix = cv2.getRotationMatrix2D((210, 210), turn, 1.0)
    matrix[:, 2] += (dx, dy)
    return cv2.warpAffine(image, matrix, image.shape[::-1], borderMode=cv2.BORDER_REFLECT)


@settings(deadline=None, max_examples=15)
@given(st.floats(-9, 9), st.floats(-9, 9), st.floats(-3, 3))
def test_a_plane_that_moves_leaves_nothing_within(dx: float, dy: float, turn: float) -> None:
    image = _textured()
    row = compare(image, _shift(image, dx, dy, turn), POINTS)
    assert row is not None
    shift, around, mouth, eyes, rest = row
    assert shift == pytest.approx(np.hypot(dx, dy) / 120, abs=0.02)
    assert around < 0.01
    assert max(mouth, eyes, rest) < 0.03


def test_a_background_that_stays_is_seen() -> None:
    image = _textured()
    moved = image.copy()
    moved[140:280, 140:280] = _shift(image, 6, 0)[140:280, 140:280]
    row = compare(image, moved, POINTS)
    assert row is not None
    assert row[0] == pytest.approx(6 / 120, abs=0.01)
    assert row[1] == pytest.approx(6 / 120, abs=0.02)


def test_a_mouth_that_changes_is_seen_at_the_mouth_alone() -> None:
    image = _textured()
    spoken = image.copy()
    spoken[230:262, 185:236] = _textured(5)[230:262, 185:236]
    row = compare(image, spoken, POINTS)
    assert row is not None
    _, _, mouth, eyes, rest = row
    assert mouth > 0.2 and eyes < 0.02 and rest < 0.1


def test_a_blank_picture_cannot_be_compared() -> None:
    blank = np.full((420, 420), 80, np.uint8)
    assert compare(blank, blank, POINTS) is None


def test_a_face_without_texture_around_it_has_no_surroundings() -> None:
    image = np.full((420, 420), 90, np.uint8)
    image[155:265, 165:255] = _textured()[155:265, 165:255]
    row = compare(image, _shift(image, 3, 0), POINTS)
    assert row is not None and np.isnan(row[1])


def _mesh(x: float = 210, size: float = 120) -> Mesh:
    return Mesh(flat_mesh(size) + np.float32([x, 210, 0]), 0.9)


def test_the_meter_compares_a_fifth_of_a_second_apart() -> None:
    image = cv2.cvtColor(_textured(), cv2.COLOR_GRAY2BGR)
    meter = MotionMeter()
    for k in range(26):
        meter.add(image, _mesh(), k / 25)
    motion = meter.finish()
    assert motion is not None
    assert motion.times_s == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert motion.gaps_s == pytest.approx([0.2] * 5)
    assert float(motion.shift.max()) < 0.001


def test_nothing_is_compared_across_a_pause_or_a_long_gap() -> None:
    image = cv2.cvtColor(_textured(), cv2.COLOR_GRAY2BGR)
    meter = MotionMeter()
    meter.add(image, _mesh(), 0.0)
    meter.pause()
    meter.add(image, _mesh(), 0.2)
    meter.add(image, _mesh(), 5.0)
    assert meter.finish() is None


def test_small_faces_and_faces_outside_are_not_compared() -> None:
    image = cv2.cvtColor(_textured(), cv2.COLOR_GRAY2BGR)
    assert anchored(image, _mesh(size=30), 0.0) is None
    assert anchored(image, _mesh(x=2000), 0.0) is None


def test_large_faces_are_compared_in_a_reduced_picture() -> None:
    large = cv2.resize(_textured(), (1260, 1260))
    view = anchored(
        cv2.cvtColor(large, cv2.COLOR_GRAY2BGR),
        Mesh(flat_mesh(360) + np.float32([630, 630, 0]), 0.9),
        0.0,
    )
    assert view is not None
    assert np.ptp(view.points[:, 1]) == pytest.approx(128, abs=2)
