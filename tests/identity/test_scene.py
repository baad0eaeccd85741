"""What stands behind the person in two sessions: alike, different, plain or unseen; in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audit.interview import Interview, PictureLog
from audit.types import Reason
from identity.scene import Scene, SceneChange, compare_scenes, scene_of
from tests.identity.toy_faces import interview, track


def room(seed: int, light: float = 0.0, spread: int = 60) -> np.ndarray:
    """A made-up room of (24, 32) grey levels."""
    grey = np.random.default_rng(seed).integers(-spread, spread + 1, (24, 32)) + 120 + light
    picture: np.ndarray = grey.astype(np.uint8)
    return picture


def recording(picture: np.ndarray, *, encoder: str = "", face: float = 40.0) -> Interview:
    """Ten pictures of a room with a face of `face` pixels at the upper left, of 320 x 240."""
    times = np.arange(10) / 5.0
    log = PictureLog(times, np.arange(10), np.stack([picture] * 10), (), 320, 240)
    made = interview([track(0, times, size=face)], [])
    tags = {"encoder": encoder} if encoder else {}
    return replace(made, pictures=log, facts=replace(made.facts, tags=tags))


def scene(picture: np.ndarray, **more: str) -> Scene:
    found = scene_of(recording(picture, **more))  # type: ignore[arg-type]
    assert isinstance(found, Scene)
    return found


def compared(one: Scene, other: Scene) -> SceneChange:
    found = compare_scenes(one, other)
    assert isinstance(found, SceneChange)
    return found


def test_one_room_is_alike_and_another_is_not() -> None:
    here = scene(room(1), encoder="Lavf58")
    again = compared(here, scene(room(1, light=5.0), encoder="Lavf58"))
    assert again.alike is True and again.same_encoder is True
    assert again.light == pytest.approx(5.0, abs=0.1)
    assert again.words == "what is behind the person looks alike; lit alike; files written alike"
    other = compared(here, scene(room(2, light=40.0), encoder="other"))
    assert other.alike is False and "looks different; lit differently" in other.words
    assert "different programs" in other.words and "camera" not in other.words


def test_a_room_in_between_and_a_silent_file_decide_nothing() -> None:
    mixed = (0.65 * room(1).astype(float) + 0.5 * room(2)).clip(0, 255).astype(np.uint8)
    found = compared(scene(room(1)), scene(mixed))
    assert 0.6 <= found.correlation < 0.9
    assert found.same_encoder is None
    unsure = replace(found, alike=None)
    assert "cannot be said" in unsure.words and "does not say what wrote it" in unsure.words


def test_where_the_person_sits_is_not_looked_at() -> None:
    changed = room(1).copy()
    changed[2:, :6] = 255  # within the face's columns, down from its top
    found = compared(scene(room(1)), scene(changed))
    assert found.correlation == pytest.approx(1.0) and found.light == 0.0


def test_nothing_behind_and_plain_walls_say_so() -> None:
    full = scene_of(recording(room(1), face=300.0))
    assert isinstance(full, Reason) and full.code == "nothing_behind"
    plain = compare_scenes(scene(room(1, spread=2)), scene(room(2, spread=2)))
    assert isinstance(plain, Reason) and plain.code == "plain_background"
    none = scene_of(replace(recording(room(1)), pictures=None))
    assert isinstance(none, Reason) and none.code == "no_pictures"
