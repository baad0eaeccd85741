"""Manipulated videos: changed only under their masks, by the mechanism named, and repeatable."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from datasets.attacks import face_videos, faces
from datasets.attacks.animated import Take, animated
from datasets.attacks.clips import ENCODINGS, make, read_clip, render
from datasets.attacks.face_videos import SPECIES, STRENGTHS, Film, Manipulation, manipulated
from datasets.attacks.faces import FaceModel
from datasets.attacks.species import species
from tests.datasets.test_faces import material

COUNT = 4
# The whole picture is another's, or strength is how much the share varies in time.
GROWING = [e.id for e in SPECIES if e.id not in ("video.still_driven", "video.flicker")]
SIDEWAYS = np.array([3.0, 1.0], np.float32)


def _film(seed: int, *, opening: float = 0.0) -> Film:
    """A face moving by 3 and 1 pixels a frame, its lower lip sinking by `opening`."""
    image, points = material(seed)
    frames, meshes = [], []
    for number in range(COUNT):
        mesh = points[:, :2].copy()
        mesh[list(faces.LOWER_LIP), 1] += opening * number
        mesh += SIDEWAYS * number
        frames.append(np.roll(image, (number, 3 * number), axis=(0, 1)))
        meshes.append(mesh.astype(np.float32))
    return Film(make(np.stack(frames), 10.0), np.stack(meshes))


def _how(
    kind: str, strength: str = "strong", *, seed: int = 5, opening: float = 2.0
) -> Manipulation:
    model = FaceModel.fitted([material(n) for n in range(20, 32)], side=32, count=6)
    return Manipulation(kind, strength, _film(9, opening=opening), seed, model)


@pytest.mark.parametrize("kind", [each.id for each in SPECIES])
def test_only_what_the_masks_name_is_changed_and_a_seed_repeats(kind: str) -> None:
    film = _film(1)
    clip, masks = manipulated(film, _how(kind))
    change = np.abs(clip.frames.astype(int) - film.clip.frames).max(axis=3)
    assert masks.shape == change.shape and masks.min() >= 0 and masks.max() <= 1
    assert change[masks == 0].max(initial=0) == 0
    assert change[masks > 0].max() > 5
    again, _ = manipulated(film, _how(kind))
    assert np.array_equal(clip.frames, again.frames)


@pytest.mark.parametrize("kind", GROWING)
def test_a_stronger_manipulation_changes_more(kind: str) -> None:
    film = _film(1)

    def change(strength: str) -> float:
        clip, _ = manipulated(film, _how(kind, strength))
        reference, _ = manipulated(film, _how("video.swap_soft"))
        # A trembling face differs from a still one by its trembling, not by being swapped.
        base = reference if kind == "video.swap_jittered" else film.clip
        return float(np.abs(clip.frames.astype(int) - base.frames).mean())

    strong, _, weak = (change(each) for each in STRENGTHS)
    assert strong > weak > 0


def test_flicker_varies_in_time_and_more_so_when_strong() -> None:
    def spread(strength: str) -> float:
        _, masks = manipulated(_film(1), _how("video.flicker", strength))
        return float(np.ptp(masks.max(axis=(1, 2))))

    assert spread("strong") > 2 * spread("weak") > 0
    _, masks = manipulated(_film(1), _how("video.swap_soft"))
    assert np.ptp(masks.max(axis=(1, 2))) < 0.02


def test_the_mouth_follows_the_source_and_stays_where_the_source_does_not_speak() -> None:
    def moved(opening: float) -> float:
        film = _film(1)
        clip, _ = manipulated(film, _how("video.mouth_driven", opening=opening))
        return float(np.abs(clip.frames.astype(int) - film.clip.frames).mean())

    assert moved(4.0) > 2 * moved(0.0)


def test_sharpness_changes_the_way_its_species_says() -> None:
    film = _film(1)

    def detail(frames: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> float:
        return float(cv2.Laplacian(frames[0][80:140, 80:140], cv2.CV_64F).std())

    own = detail(film.clip.frames)
    assert detail(manipulated(film, _how("video.sharpened"))[0].frames) > 1.2 * own
    for kind in ("video.blurred", "video.resampled"):
        assert detail(manipulated(film, _how(kind))[0].frames) < 0.8 * own


def test_a_driven_still_moves_as_its_driver_does() -> None:
    driver, still = _film(1), _film(9)
    source = Film(still.clip, driver.meshes)
    how = Manipulation("video.still_driven", "strong", source, 5)
    clip, _ = manipulated(driver, how)
    for number, shown in enumerate(clip.frames):
        wanted = np.roll(still.clip.frames[0], (number, 3 * number), axis=(0, 1))
        apart = np.abs(shown.astype(int) - wanted)[20:-20, 20:-20]
        assert apart.mean() < 1.0


def test_a_short_source_runs_forwards_and_back() -> None:
    how = _how("video.swap_soft")
    first = [float(how.other(n)[1][0, 0]) for n in range(2 * COUNT - 1)]
    assert first == first[::-1] and first[0] < first[COUNT - 1]


def test_unknown_kinds_and_a_missing_model_are_refused() -> None:
    with pytest.raises(ValueError, match="no species"):
        Manipulation("video.none", "strong", _film(9), 1)
    with pytest.raises(ValueError, match="no species"):
        Manipulation("video.flicker", "huge", _film(9), 1)
    with pytest.raises(ValueError, match="model"):
        Manipulation("video.resynthesised", "strong", _film(9), 1)
    with pytest.raises(ValueError, match="one mesh"):
        Film(_film(9).clip, _film(9).meshes[:2])


def test_the_table_and_the_generators_agree() -> None:
    assert [each.id for each in SPECIES] == list(face_videos._MAKERS)
    assert {each.id for each in SPECIES} <= set(species())
    held_out = {each.id for each in SPECIES if not each.trained_on}
    assert held_out == {
        "video.swap_poisson", "video.resynthesised", "video.mouth_driven", "video.still_driven",
    }  # fmt: skip


def test_a_photo_is_attacked_before_it_is_filmed_and_written_by_real_encoders(
    tmp_path: Path,
) -> None:
    photo, points = material(1)
    take = Take(width=160, height=120, face=70.0, rate=5.0, seconds=1.0)
    plain = animated(photo, points, take, seed=3)
    clip = animated(photo, points, take, seed=3, change=_how("video.swap_soft"))
    assert not np.array_equal(clip.frames, plain.frames)
    assert np.array_equal(clip.frames[:, :5, :5], plain.frames[:, :5, :5])
    for encoding in ENCODINGS:
        read = read_clip(render(clip, tmp_path / encoding.name, encoding))
        assert np.abs(read.frames[0].astype(int) - clip.frames[0]).mean() < 12
