from __future__ import annotations

import cv2
import numpy as np
import pytest

from audit.perception.mesh import Mesh
from audit.perception.parts import _LEFT as LEFT
from audit.perception.parts import _NOSE as NOSE
from audit.perception.parts import _OVAL as OVAL
from audit.perception.parts import _RIGHT as RIGHT
from audit.perception.parts import COUNT, SIDE, PartsMeter, changes, parts
from tests.audit.toy_face import flat_mesh

CENTRE = SIDE / 2


def _oval_mesh(size: float) -> np.ndarray:
    """The toy's mesh with an outline and two halves."""
    mesh = flat_mesh(size)
    angle = np.linspace(0, 2 * np.pi, len(OVAL), endpoint=False)
    mesh[list(OVAL), 0] = 0.4 * size * np.sin(angle)
    mesh[list(OVAL), 1] = -0.5 * size * np.cos(angle)
    for half, side in ((LEFT, -1), (RIGHT, 1)):
        turn = np.linspace(0, np.pi, len(half))
        mesh[list(half), 0] = side * 0.32 * size * np.sin(turn)
        mesh[list(half), 1] = -0.3 * size * np.cos(turn)
    mesh[list(NOSE), 0] = 0.0
    return mesh


POINTS = (_oval_mesh(72)[:, :2] + CENTRE).astype(np.float64)


def _textured(side: int = SIDE, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rough = cv2.resize(rng.uniform(30, 220, (side // 6, side // 6)), (side, side))
    return cv2.GaussianBlur(rough, (0, 0), 2.0).astype(np.float32)


def _shifted(image: np.ndarray, dx: float, dy: float) -> np.ndarray:
    matrix = np.array([[1, 0, dx], [0, 1, dy]], np.float64)
    return cv2.warpAffine(image, matrix, image.shape[:2][::-1], borderMode=cv2.BORDER_REFLECT)


def test_every_part_is_there_once() -> None:
    labels = parts(POINTS)
    counts = np.bincount(labels.ravel(), minlength=COUNT + 1)
    assert len(counts) == COUNT + 1 and counts[1:].min() >= 40
    # Left and right as seen, above and below.
    ys, xs = np.mgrid[0:SIDE, 0:SIDE]
    middle = {k: (xs[labels == k].mean(), ys[labels == k].mean()) for k in range(1, COUNT + 1)}
    assert middle[1][0] < CENTRE < middle[2][0]
    assert middle[4][0] < CENTRE < middle[5][0]
    assert middle[3][1] < CENTRE < middle[6][1]


@pytest.mark.parametrize(("dx", "dy"), [(0.6, -0.3), (-0.2, 0.5), (0.0, 0.0)])
def test_what_moves_as_one_moves_alike_in_all_parts(dx: float, dy: float) -> None:
    image = _textured()
    found = changes(image, _shifted(image, dx, dy), POINTS)
    assert found[:, :2] == pytest.approx(np.tile([dx, dy], (COUNT, 1)), abs=0.08)
    assert np.abs(found[:, 2]).max() < 0.5


def test_a_half_that_moves_by_itself_and_light_on_the_face_alone() -> None:
    image, labels = _textured(), parts(POINTS)
    moved = np.where(labels == 1, _shifted(image, 0.5, 0.0), image)
    found = changes(image, moved.astype(np.float32), POINTS)
    assert found[0, 0] == pytest.approx(0.5, abs=0.1)
    assert np.abs(found[1:, :2]).max() < 0.1
    lit = np.where((labels == 1) | (labels == 2), image + 5, image)
    found = changes(image, lit.astype(np.float32), POINTS)
    assert found[:2, 2] == pytest.approx([5, 5], abs=0.7)
    assert np.abs(found[2:, 2]).max() < 0.7


def test_what_is_left_is_what_neither_movement_nor_light_explains() -> None:
    image, labels = _textured(), parts(POINTS)
    rough = image + np.random.default_rng(1).normal(0, 6, image.shape)
    found = changes(image, np.where(labels == 2, rough, image).astype(np.float32), POINTS)
    assert found[1, 3] > 3 and found[[0, 2, 3, 4, 5], 3].max() < 1


def test_without_texture_nothing_is_known_of_movement() -> None:
    image = _textured()
    image[:, :41] = 90
    found = changes(image, image, POINTS)
    assert np.isnan(found[3, :2]).all() and np.isfinite(found[:2]).all()
    assert found[3, 2] == pytest.approx(0, abs=1e-3)


def _mesh(x: float = 210, size: float = 144) -> Mesh:
    return Mesh(_oval_mesh(size) + np.float32([x, 210, 0]), 0.9)


def _picture(shift: float = 0.0) -> np.ndarray:
    grey = _shifted(_textured(420), shift, 0.0).astype(np.uint8)
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)


def test_the_meter_gives_lengths_of_a_face_of_72_pixels_and_undoes_what_the_mesh_follows() -> None:
    meter = PartsMeter()
    for k in range(5):
        meter.add(_picture(3.0 * k), _mesh(210 + 3.0 * k), k / 25)
    found = meter.finish()
    assert found is not None and found.moved.shape == (4, COUNT, 2)
    assert found.follows.tolist() == [False, True, True, True]
    assert found.gaps_s == pytest.approx([0.04] * 4)
    assert found.moved[:, :, 0] == pytest.approx(np.full((4, COUNT), 1.5), abs=0.1)
    assert np.abs(found.moved[:, :, 1]).max() < 0.1


def test_nothing_is_compared_across_a_pause_a_long_gap_or_where_the_face_is_small() -> None:
    meter = PartsMeter()
    meter.add(_picture(), _mesh(), 0.0)
    meter.pause()
    meter.add(_picture(), _mesh(), 0.04)
    meter.add(_picture(), _mesh(), 1.0)
    meter.add(_picture(), _mesh(size=40), 1.04)
    assert meter.finish() is None


def test_a_face_that_comes_nearer_is_measured_in_a_new_view() -> None:
    meter = PartsMeter()
    for k in range(4):
        meter.add(_picture(), _mesh(size=144 * 1.07**k), k / 25)
    assert meter.finish() is not None and meter._view is not None
    assert meter._view.scale * 144 * 1.07**3 == pytest.approx(72, rel=0.11)


def test_of_a_long_track_a_quarter_is_measured_after_ten_seconds() -> None:
    meter = PartsMeter()
    image, mesh = _picture(), _mesh()
    for k in range(18 * 12):
        meter.add(image, mesh, k / 12)
    found = meter.finish()
    assert found is not None
    late = found.times_s[found.times_s > 10]
    assert len(late) == pytest.approx(2 * 11, abs=2) and (late % 4 < 1).all()
    assert (found.times_s <= 10).sum() >= 118
