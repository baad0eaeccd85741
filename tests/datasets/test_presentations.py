from __future__ import annotations

import cv2
import numpy as np
import pytest

from datasets.attacks.masks import OVAL, hole, worn_at
from datasets.attacks.presentations import SPECIES, Person, bona_fide, present
from datasets.attacks.prints import bent, printed
from datasets.attacks.recapture import OVER, Camera, before, linear, whole
from datasets.attacks.screens import CELL, Panel

SMALL = Camera(width=160, height=120)
KINDS = [(s.id, strength) for s in SPECIES for strength in s.strengths]


def _scene(tone: tuple[int, int, int] = (60, 120, 180)) -> np.ndarray:
    image = np.full((120, 160, 3), tone, np.uint8)
    cv2.circle(image, (80, 60), 40, (90, 130, 200), -1)
    return image


def _mesh() -> np.ndarray:
    """A face of 468 points on ellipses: its outline is the outline, the rest lies within."""
    rng = np.random.default_rng(0)
    turn = rng.uniform(0, 2 * np.pi, 468)
    radius = np.sqrt(rng.uniform(0, 0.8, 468))
    mesh = np.column_stack([80 + 30 * radius * np.cos(turn), 60 + 38 * radius * np.sin(turn)])
    around = np.linspace(0, 2 * np.pi, len(OVAL), endpoint=False)
    mesh[list(OVAL)] = np.column_stack([80 + 30 * np.sin(around), 60 - 38 * np.cos(around)])
    return mesh.astype(np.float32)


PERSON = Person((_scene(), _scene((70, 110, 170))), (_mesh(), _mesh() + 2))


@pytest.mark.parametrize(("species", "strength"), KINDS)
def test_every_species_and_strength_is_made_and_repeats(species: str, strength: str) -> None:
    def frames(seed: int) -> np.ndarray:
        made = present(species, strength, PERSON, seed=seed, wearer=PERSON, camera=SMALL, count=2)
        return np.stack(list(made))

    first = frames(1)
    assert first.shape == (2, 120, 160, 3) and first.dtype == np.uint8
    assert np.array_equal(first, frames(1))
    assert not np.array_equal(first, frames(2))


def test_what_is_unknown_or_lacks_a_wearer_is_refused() -> None:
    for species, strength in (("print.lithograph", "usual"), ("print.laser", "perfect")):
        with pytest.raises(ValueError, match="no species"):
            present(species, strength, PERSON, seed=0)
    with pytest.raises(ValueError, match="needs a wearer"):
        present("mask.paper", "usual", PERSON, seed=0)


def test_the_camera_keeps_colours_and_places() -> None:
    (seen,) = bona_fide(Person((_scene(),)), seed=3, camera=SMALL)
    inside, outside = seen[50:70, 70:90].mean((0, 1)), seen[5:20, 5:30].mean((0, 1))
    assert inside == pytest.approx([90, 130, 200], abs=6)
    assert outside == pytest.approx([60, 120, 180], abs=6)


@pytest.mark.parametrize("process", ["amplitude", "frequency"])
def test_dots_send_back_as_much_light_as_the_tone_asks(process: str) -> None:
    rng = np.random.default_rng(0)
    means = [
        printed(np.full((64, 64, 3), tone, np.uint8), process=process, lines=32, rows=256, rng=rng)
        for tone in (40, 128, 220)
    ]
    light = [m.mean() for m in means]
    assert light[0] < 0.6 * light[1] < light[1] < 0.7 * light[2]
    grain = [m[..., 1].std() for m in means]
    assert grain[1] > 0.05  # dots, not a tone


def test_a_screen_under_a_camera_has_peaks_that_the_scene_does_not() -> None:
    def peak(image: np.ndarray) -> float:
        grey = image[20:100, 40:120, 1].astype(np.float64)
        fine = grey - cv2.GaussianBlur(grey, (0, 0), 3)
        spectrum = np.abs(np.fft.rfft2(fine * np.outer(np.hanning(80), np.hanning(80))))
        return float(spectrum.max() / np.median(spectrum))

    (plain,) = bona_fide(PERSON, seed=1, camera=SMALL)
    (seen,) = present("screen.lcd", "coarse", PERSON, seed=1, camera=SMALL)
    flat = np.full((120, 160, 3), 150, np.uint8)
    panel = Panel(rows=70)
    matrix = np.diag([OVER * 120 / (70 * CELL), OVER * 120 / (70 * CELL), 1.0])
    lit = before(whole(panel.lit(flat)), SMALL.enlarged(flat), matrix, (0.5, 0.5))
    grid = SMALL.record(lit, np.random.default_rng(0))
    assert peak(grid) > 2 * peak(plain)
    assert seen.mean() > 10


def test_a_video_species_shows_the_pictures_in_turn() -> None:
    person = Person((np.full((120, 160, 3), 60, np.uint8), np.full((120, 160, 3), 200, np.uint8)))
    still = [
        f.mean() for f in present("screen.oled", "fine", person, seed=1, camera=SMALL, count=2)
    ]
    video = [
        f.mean()
        for f in present("screen.oled_video", "fine", person, seed=1, camera=SMALL, count=2)
    ]
    assert abs(still[1] - still[0]) < 10 < 60 < video[1] - video[0]


def test_a_bend_darkens_the_side_that_turns_away() -> None:
    light = bent(np.full((50, 100, 3), 0.8, np.float32), 1.0, 0.6)
    assert light[25, 5].mean() < 0.5 < light[25, 80].mean()


def test_refresh_bands_run_across_the_frame() -> None:
    gain = Panel(rows=100, pulse=0.2, bands=3).flicker(0, 300, 0.0137).ravel()
    assert gain.max() == pytest.approx(1.2, abs=0.01)
    assert int((np.diff(np.sign(gain - 1)) != 0).sum()) in (5, 6, 7)


def test_a_worn_sheet_moves_rigidly_with_the_head() -> None:
    mesh = _mesh()
    turned = mesh @ np.array([[0.98, 0.199], [-0.199, 0.98]], np.float32) * 1.2 + (5, 9)
    matrix = worn_at(mesh, turned)
    there = np.column_stack([mesh, np.ones(468)]) @ matrix.T
    assert np.abs(there[:, :2] - turned).max() < 0.01


def test_a_hole_covers_its_outline() -> None:
    filled = hole(_mesh(), OVAL, (120, 160), 1.0)
    assert filled[60, 80] == 1 and filled[5, 5] == 0
    assert filled.sum() == pytest.approx(np.pi * 30 * 38, rel=0.05)
    assert linear(np.array([0, 255], np.uint8)).tolist() == [0.0, 1.0]
