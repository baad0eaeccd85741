"""What stands behind the person in two sessions: alike, different, plain or unseen; in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audit.interview import Interview, PictureLog
from audit.media import probe
from audit.settings import Limits
from audit.types import Reason
from identity.scene import (
    TRACES,
    UNSAID,
    Scene,
    SceneChange,
    compare_scenes,
    packed,
    scene_of,
    traces_of,
    unpacked,
)
from tests import media_factory
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
    assert again.alike is True and (again.compared, again.unlike) == (1, ())
    assert again.light == pytest.approx(5.0, abs=0.1)
    assert again.words == (
        "what is behind the person looks alike; lit alike; files written alike (1 of 8 traces "
        "compared)"
    )
    other = compared(here, scene(room(2, light=40.0), encoder="other"))
    assert other.alike is False and "looks different; lit differently" in other.words
    assert "differently (program)" in other.words and "camera" not in other.words


def test_a_room_in_between_and_a_silent_file_decide_nothing() -> None:
    mixed = (0.65 * room(1).astype(float) + 0.5 * room(2)).clip(0, 255).astype(np.uint8)
    found = compared(scene(room(1)), scene(mixed))
    assert 0.6 <= found.correlation < 0.9
    assert (found.compared, found.unlike) == (0, ())
    unsure = replace(found, alike=None)
    assert "cannot be said" in unsure.words and "show no trace of how they were" in unsure.words


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


def test_a_kept_scene_says_the_same_and_holds_no_name() -> None:
    here, other = scene(room(1), encoder="Zoltana's camera"), scene(room(2, light=40.0))
    kept = packed(here)
    assert kept.dtype == np.float32 and np.isfinite(kept).all()
    again = unpacked(kept)
    np.testing.assert_array_equal(again.background, here.background)
    assert again.traces == here.traces
    assert compared(again, unpacked(packed(other))) == compared(here, other)
    with pytest.raises(ValueError, match="another length"):
        unpacked(kept[:-1])


def test_files_differ_in_what_their_headers_and_packets_show(tmp_path: Path) -> None:
    def traces(name: str, **how: Any) -> tuple[int, ...]:
        times = media_factory.regular(12)
        pictures = media_factory.Pictures(times, key_every=4, **how)
        return traces_of(probe(media_factory.make(tmp_path / name, pictures), Limits()))

    first, again = traces("a.mp4"), traces("b.mp4")
    assert first == again and UNSAID not in first[:-1]
    assert {0 < each < 2**24 for each in first if each != UNSAID} == {True}
    wide = traces("c.mp4", images=lambda number: media_factory.numbered(number, 192, 96))
    unlike = [name for name, one, two in zip(TRACES, first, wide, strict=True) if one != two]
    assert unlike == ["picture size"]
