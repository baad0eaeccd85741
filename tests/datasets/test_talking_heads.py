"""Heads made of drawn pictures: cut close, attacked by others, with every strength in turn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from datasets.attacks.clips import make
from datasets.attacks.face_videos import SPECIES, STRENGTHS, Film
from datasets.talking_heads import Forger, Head, recordings, strength_of
from tests.datasets.test_faces import material


def head(name: str, seed: int, *, person: str = "") -> Head:
    image, points = material(seed)
    film = Film(make(np.stack([image] * 3), 10.0), np.stack([points[:, :2]] * 3).astype(np.float32))
    return Head(name, "drawn", person or name, film)


def test_a_close_view_has_the_height_asked_for_and_its_mesh_lies_where_it_did() -> None:
    plain = head("a", 1)
    close = plain.closer(60.0)
    assert close.size == pytest.approx(60, abs=1) and close.person == "a"
    frames = close.film.clip.frames
    assert frames.shape[1] % 2 == frames.shape[2] % 2 == 0
    x, y = plain.film.meshes[0, 1, :2].round().astype(int)
    u, v = close.film.meshes[0, 1, :2].round().astype(int)
    before = plain.film.clip.frames[0, y - 4 : y + 5, x - 4 : x + 5].mean()
    assert frames[0, v - 1 : v + 2, u - 1 : u + 2].mean() == pytest.approx(before, abs=12)
    assert plain.closer(5000.0).size == pytest.approx(plain.size, abs=1)


def test_attacks_take_from_another_person_and_repeat() -> None:
    a, b = head("a", 1), head("b", 2)
    clip = Forger([a, b]).clip(a, "video.swap_soft", "strong")
    assert np.array_equal(clip.frames, Forger([a, b]).clip(a, "video.swap_soft", "strong").frames)
    assert np.abs(clip.frames.astype(int) - a.film.clip.frames).max() > 20
    same = replace(b, id="c", person="a")
    alone = Forger([a, same]).clip(a, "video.swap_soft", "strong")
    # There is nobody else: the face is laid over itself.
    assert np.abs(alone.frames.astype(int) - a.film.clip.frames).mean() < 2
    assert not clip.audio.any()


def test_a_face_is_not_rebuilt_from_its_own_pictures() -> None:
    everybody = [head(str(n), n) for n in range(6)]
    clip = Forger(everybody).clip(everybody[0], "video.resynthesised", "strong")
    assert np.abs(clip.frames.astype(int) - everybody[0].film.clip.frames).max() > 5


def test_every_strength_comes_up() -> None:
    for each in SPECIES:
        assert {strength_of(place, each.id) for place in range(3)} == set(STRENGTHS)


def test_recordings_are_found_by_their_ending(tmp_path: Path) -> None:
    for name in ("b/x.mp4", "a/y.MPG", "a/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [p.relative_to(tmp_path).as_posix() for p in recordings(tmp_path)] == [
        "a/y.MPG",
        "b/x.mp4",
    ]
