"""Moved photos: repeatable, the same movement whatever is changed, and of the wanted size."""

from __future__ import annotations

import numpy as np

from datasets.attacks.animated import Take, animated
from datasets.attacks.faces import OVAL, Photo, Points
from tests.datasets.test_faces import material

TAKE = Take(width=160, height=120, face=70.0, rate=5.0, seconds=2.0)


def test_a_take_has_its_size_and_repeats() -> None:
    photo, points = material(1)
    clip = animated(photo, points, TAKE, seed=3)
    assert clip.frames.shape == (10, 120, 160, 3) and clip.rate == 5.0
    assert np.array_equal(clip.frames, animated(photo, points, TAKE, seed=3).frames)
    assert not np.array_equal(clip.frames, animated(photo, points, TAKE, seed=4).frames)
    assert not np.array_equal(clip.frames[0], clip.frames[5])


def test_the_change_gets_the_mesh_where_the_face_is_and_does_not_alter_the_movement() -> None:
    photo, points = material(2)
    seen: list[tuple[int, Points]] = []

    def watched(image: Photo, mesh: Points, number: int) -> Photo:
        seen.append((number, mesh))
        return image

    untouched = animated(photo, points, TAKE, seed=5)
    watched_clip = animated(photo, points, TAKE, seed=5, change=watched)
    assert np.array_equal(untouched.frames, watched_clip.frames)
    assert [number for number, _ in seen] == list(range(10))
    heights = [float(np.ptp(mesh[list(OVAL), 1])) for _, mesh in seen]
    assert min(heights) > 0.85 * 70 and max(heights) < 1.2 * 70
    centres = np.array([mesh.mean(axis=0) for _, mesh in seen])
    assert np.ptp(centres, axis=0).max() > 1.0
    assert (np.abs(centres - [80, 62]) < 20).all()


def test_what_is_changed_is_filmed() -> None:
    photo, points = material(2)

    def black(image: Photo, mesh: Points, number: int) -> Photo:
        return np.zeros_like(image)

    dark = animated(photo, points, TAKE, seed=5, change=black)
    assert dark.frames.mean() < 2.0
