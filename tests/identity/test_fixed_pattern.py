"""The fine grain of pictures: what is planted is found, other sensors and sizes are not mixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from audit.interview import Interview, PictureLog
from audit.media import probe
from audit.settings import Limits
from audit.types import Reason
from identity.enrolment import grain_of
from identity.fixed_pattern import (
    FixedPattern,
    compare_patterns,
    estimate,
    fixed_pattern_of,
    packed,
    residual,
    shared,
    unpacked,
)
from tests import media_factory
from tests.identity.toy_faces import interview, track

HEIGHT, WIDTH = 256, 320
EVERYWHERE = np.ones((HEIGHT, WIDTH), np.bool_)


def sensor(seed: int) -> np.ndarray:
    """A pattern of 2 % about 1."""
    return 1.0 + np.random.default_rng([1, seed]).normal(0, 0.02, (HEIGHT, WIDTH))


def scene(seed: int) -> np.ndarray:
    """Something smooth, of 60 to 190 grey levels."""
    noise = np.random.default_rng([2, seed]).normal(size=(HEIGHT, WIDTH))
    smooth = cv2.GaussianBlur(noise, (0, 0), 12.0)
    found: np.ndarray = 125 + 65 * smooth / np.abs(smooth).max()
    return found


def planes(scenes: Sequence[int], sensor_of: int, noise: float = 2.0) -> list[np.ndarray]:
    """A picture of each scene by one sensor, with noise that differs from picture to picture."""
    draw = np.random.default_rng([3, sensor_of, *scenes])
    seen = (scene(each) * sensor(sensor_of) for each in scenes)
    return [(one + draw.normal(0, noise, one.shape)).astype(np.float32) for one in seen]


def pattern(scenes: Sequence[int], sensor_of: int) -> FixedPattern:
    made = estimate(planes(scenes, sensor_of), EVERYWHERE)
    return FixedPattern(np.sign(made).astype(np.int8), WIDTH, HEIGHT, len(scenes))


def scored(one: FixedPattern, other: FixedPattern) -> float:
    found = compare_patterns(one, other)
    assert isinstance(found, float)
    return found


def test_the_denoiser_takes_noise_and_leaves_what_is_smooth() -> None:
    grain = np.random.default_rng(4).normal(0, 2.0, (HEIGHT, WIDTH))
    taken = residual((scene(1) + grain).astype(np.float32))
    assert np.corrcoef(taken.ravel(), grain.ravel())[0, 1] > 0.9
    smooth = residual(scene(1).astype(np.float32))[40:-40, 40:-40]  # its edges do not meet
    assert smooth.std() < 0.2
    flat = np.full((HEIGHT, WIDTH), 120.0, np.float32)
    flat[100, 200] = 180.0  # a spot is picture, however small
    assert np.abs(residual(flat)).max() < 20.0


def test_a_planted_pattern_is_found_in_other_scenes_and_another_is_not() -> None:
    own = estimate(planes(range(8), 1), EVERYWHERE)
    planted = sensor(1) - 1.0
    assert np.corrcoef(own.ravel(), planted.ravel())[0, 1] > 0.6
    here, again, other = pattern(range(8), 1), pattern(range(20, 28), 1), pattern(range(8), 2)
    assert scored(here, again) > 5000 and shared(scored(here, again))
    assert abs(scored(here, other)) < 60 and not shared(scored(here, other))
    assert scored(here, again) == pytest.approx(scored(again, here))


def test_a_still_scene_passes_for_its_camera() -> None:
    """What makes it camera-and-scene: texture that a denoiser leaves stays on its pixels."""
    texture = np.random.default_rng(9).normal(0, 6.0, (HEIGHT, WIDTH))
    still = [(one + texture).astype(np.float32) for one in planes([5] * 8, 3)]
    other = [(one + texture).astype(np.float32) for one in planes([5] * 8, 4)]
    both = [np.sign(estimate(each, EVERYWHERE)).astype(np.int8) for each in (still, other)]
    score = scored(*(FixedPattern(each, WIDTH, HEIGHT, 8) for each in both))
    assert shared(score)


def test_rows_and_columns_in_common_do_not_count() -> None:
    stripes = np.zeros((HEIGHT, WIDTH))
    stripes[:, ::8] = stripes[::16] = 3.0  # as blocks of a coder leave
    both = []
    for number in (5, 6):
        made = [(p + stripes).astype(np.float32) for p in planes(range(8 * number), number)[-8:]]
        signs = np.sign(estimate(made, EVERYWHERE)).astype(np.int8)
        both.append(FixedPattern(signs, WIDTH, HEIGHT, 8))
    assert not shared(scored(*both))


def test_what_cannot_be_compared_says_so() -> None:
    here = pattern(range(6), 1)
    size = compare_patterns(here, replace(here, width=WIDTH * 2))
    assert isinstance(size, Reason) and size.code == "other_size"
    blind = np.zeros_like(here.signs)
    blind[:40, :40] = 1
    few = compare_patterns(here, replace(here, signs=blind))
    assert isinstance(few, Reason) and few.code == "nothing_behind"


def test_a_kept_pattern_is_the_same() -> None:
    here = pattern(range(6), 1)
    held = replace(here, signs=here.signs[:, :301].copy())
    held.signs[:, :40] = 0
    kept = packed(held)
    assert kept.dtype == np.float32 and np.isfinite(kept).all() and len(kept) < held.signs.size / 14
    again = unpacked(kept, width=WIDTH, height=HEIGHT, pictures=6)
    np.testing.assert_array_equal(again.signs, held.signs)


def recorded(path: Path, scenes: Sequence[int], sensor_of: int, face: float = 40.0) -> Interview:
    """A file of these pictures, with a face at the upper left."""

    def picture(number: int) -> np.ndarray:
        grey = planes([scenes[number % len(scenes)]], sensor_of)[0].clip(0, 255).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)

    times = media_factory.regular(16)
    options = {"crf": "18", "preset": "veryfast"}
    pictures = media_factory.Pictures(times, images=picture, key_every=1, options=options)
    media_factory.make(path, pictures)
    made = interview([track(0, np.asarray(times), size=face)], [])
    log = PictureLog(np.asarray(times), np.arange(16), np.zeros((16, 24, 32), np.uint8), (), 0, 0)
    facts = probe(path, Limits())
    log = replace(log, width=WIDTH, height=HEIGHT)
    return replace(made, source_path=str(path), facts=facts, pictures=log)


def test_recordings_of_one_made_sensor_share_their_grain(tmp_path: Path) -> None:
    first = fixed_pattern_of(recorded(tmp_path / "a.mp4", range(16), 1), Limits())
    second = fixed_pattern_of(recorded(tmp_path / "b.mp4", range(30, 46), 1), Limits())
    other = fixed_pattern_of(recorded(tmp_path / "c.mp4", range(50, 66), 2), Limits())
    assert isinstance(first, FixedPattern) and first.pictures == 12
    assert isinstance(second, FixedPattern) and isinstance(other, FixedPattern)
    assert not first.signs[40:100, :50].any() and first.signs[:, 120:].any()
    assert shared(scored(first, second)) and not shared(scored(first, other))
    segment = grain_of(recorded(tmp_path / "d.mp4", range(16), 1), Limits())
    assert not isinstance(segment, Reason)
    assert (segment.trait, segment.number, segment.conditions["frame_width"]) == ("scene", 1, WIDTH)


def test_what_gives_no_pattern_says_why(tmp_path: Path) -> None:
    full = fixed_pattern_of(recorded(tmp_path / "a.mp4", range(16), 1, face=200.0), Limits())
    assert isinstance(full, Reason) and full.code == "nothing_behind"
    still = replace(recorded(tmp_path / "b.mp4", range(16), 1), source_path="")
    none = fixed_pattern_of(still, Limits())
    assert isinstance(none, Reason) and none.code == "no_pictures"
