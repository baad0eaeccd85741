"""Manipulated faces: changed where the mask says, nowhere else, and repeatable."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from datasets.attacks import faces
from datasets.attacks.faces import LIPS, OVAL, FaceModel, Forged, Photo, Points

SIDE = 224


def mesh(random: np.random.Generator, *, scale: float = 1.0) -> Points:
    """468 points with the outline, eyes and mouth where a face has them, the rest inside."""
    points = random.uniform(75, 150, (468, 3)).astype(np.float32)
    turn = np.linspace(0, 2 * np.pi, len(OVAL), endpoint=False)
    points[list(OVAL), 0] = 112 + 70 * np.sin(turn)
    points[list(OVAL), 1] = 112 - 88 * np.cos(turn)
    for ids, x, y, wide, high in (
        (faces.EYES[:16], 85, 90, 14, 5),
        (faces.EYES[16:], 139, 90, 14, 5),
        (LIPS, 112, 158, 26, 9),
        (faces.NOSE, 112, 122, 16, 20),
        (faces.BROWS, 112, 74, 52, 4),
    ):
        turn = np.linspace(0, 2 * np.pi, len(ids), endpoint=False)
        points[list(ids), 0] = x + wide * np.sin(turn)
        points[list(ids), 1] = y - high * np.cos(turn)
    points[:, :2] = (points[:, :2] - 112) * scale + 112
    return points


def photo(random: np.random.Generator, points: Points) -> Photo:
    """A face-like picture with detail everywhere."""
    base = random.integers(60, 190, (28, 28, 3)).astype(np.uint8)
    image = cv2.resize(base, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    hull = points[list(OVAL), :2].astype(np.int32)
    cv2.fillPoly(image, [hull], (120, 150, 200))
    noise = random.normal(0, 9, image.shape)
    return np.asarray(np.clip(image + noise, 0, 255), np.uint8)


def material(seed: int) -> tuple[Photo, Points]:
    """A picture with its mesh."""
    random = np.random.default_rng(seed)
    points = mesh(random, scale=float(random.uniform(0.9, 1.05)))
    return photo(random, points), points


def _model() -> FaceModel:
    return FaceModel.fitted([material(seed) for seed in range(20, 36)], side=32, count=8)


GENERATORS: dict[str, Callable[[Photo, Points, np.random.Generator], Forged]] = {
    "self_blended": lambda i, p, r: faces.self_blended(i, p, r, region="face"),
    "rendered": faces.rendered,
    "locally_bent": faces.locally_bent,
    "cross_blended": lambda i, p, r: faces.cross_blended(i, p, material(9), r),
    "poisson": lambda i, p, r: faces.cross_blended(i, p, material(9), r, poisson=True),
    "mouth_warped": faces.mouth_warped,
    "resynthesised": lambda i, p, r: faces.resynthesised(i, p, _model(), r),
}


@pytest.mark.parametrize("name", GENERATORS)
def test_only_what_the_mask_names_is_changed(name: str) -> None:
    image, points = material(1)
    made = GENERATORS[name](image, points, np.random.default_rng(3))
    assert made.image.shape == image.shape and made.image.dtype == np.uint8
    assert made.mask.shape == image.shape[:2]
    assert made.mask.min() >= 0 and made.mask.max() <= 1
    change = np.abs(made.image.astype(int) - image.astype(int)).max(axis=2)
    assert change[made.mask < 1e-6].max(initial=0) <= 1
    assert change[made.mask > 0.8 * made.mask.max()].mean() > 0.5


@pytest.mark.parametrize("name", GENERATORS)
def test_a_seed_gives_the_same_picture(name: str) -> None:
    image, points = material(1)
    first, second = (
        GENERATORS[name](image, points, np.random.default_rng(5)).image for _ in range(2)
    )
    other = GENERATORS[name](image, points, np.random.default_rng(6)).image
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_the_photo_itself_is_left_alone() -> None:
    image, points = material(2)
    before = image.copy()
    for make in GENERATORS.values():
        make(image, points, np.random.default_rng(1))
    assert np.array_equal(image, before)


@pytest.mark.parametrize("region", faces.REGIONS)
def test_regions_lie_within_the_face(region: faces.Region) -> None:
    image, points = material(4)
    mask = faces.soft_mask(image, points, region, np.random.default_rng(2), full=True)
    x0, y0 = points[:, :2].min(axis=0) - 30
    x1, y1 = points[:, :2].max(axis=0) + 30
    ys, xs = np.nonzero(mask > 0.05)
    assert x0 <= xs.min() and xs.max() <= x1
    assert y0 <= ys.min() and ys.max() <= y1


def test_a_carried_mesh_lands_on_its_targets() -> None:
    random = np.random.default_rng(8)
    points = mesh(random)
    targets = points.copy()
    targets[:, 0] += 6
    targets[:, 1] -= 4
    image = np.zeros((SIDE, SIDE, 3), np.uint8)
    for x, y in ((80, 90), (140, 90), (112, 150)):
        cv2.circle(image, (x, y), 5, (255, 255, 255), -1)
    moved = faces.carried(image, points, targets, (SIDE, SIDE))
    for x, y in ((80, 90), (140, 90), (112, 150)):
        near = moved[y - 14 : y + 6, x - 4 : x + 16, 0].astype(float)
        ys, xs = np.mgrid[y - 14 : y + 6, x - 4 : x + 16]
        assert abs((xs * near).sum() / near.sum() - (x + 6)) < 1.5
        assert abs((ys * near).sum() / near.sum() - (y - 4)) < 1.5


def test_more_components_keep_more_of_a_face() -> None:
    known = [material(seed) for seed in range(40, 60)]
    image, points = known[0]
    lost = []
    for count in (1, 4, 18):
        model = FaceModel.fitted(known, side=32, count=count)
        again, _ = faces.aligned(model.rebuilt(image, points), points, 32)
        lost.append(float(np.abs(again - faces.aligned(image, points, 32)[0]).mean()))
    assert lost[0] > lost[1] > lost[2]


def test_reenactment_bends_the_face_and_blends_nothing() -> None:
    """Every pixel comes from the photo itself: no new colour, and the outline stays."""
    image, points = material(4)
    other = material(5)
    made = faces.reenacted(image, points, other, np.random.default_rng(1))
    again = faces.reenacted(image, points, other, np.random.default_rng(1))
    assert np.array_equal(made.image, again.image)
    assert not np.array_equal(made.image, image)
    untouched = made.mask == 0
    assert np.array_equal(made.image[untouched], image[untouched])
    own = faces.reenacted(image, points, (image, points), np.random.default_rng(1))
    apart = np.abs(own.image.astype(int) - image.astype(int))
    assert apart.mean() < 0.5


def test_a_face_laid_over_is_the_other_face_inside_and_this_photo_outside() -> None:
    image, points = material(4)
    other = material(6)
    made = faces.cut_in(image, points, other, np.random.default_rng(2))
    outside = made.mask == 0
    assert outside.any() and np.array_equal(made.image[outside], image[outside])
    inside = made.mask == 1
    assert np.abs(made.image[inside].astype(int) - image[inside].astype(int)).mean() > 2
    assert made.image[inside].mean(axis=0) == pytest.approx(image[inside].mean(axis=0), abs=3)
