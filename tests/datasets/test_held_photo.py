from __future__ import annotations

import numpy as np
import pytest

from datasets.attacks.held_photo import Hand, hand_course, held_photo

STILL = np.random.default_rng(0).integers(0, 255, (90, 120, 3)).astype(np.uint8)


def test_the_seed_decides_everything() -> None:
    first, again, other = (
        np.stack(list(held_photo(STILL, seconds=0.4, seed=s))) for s in (1, 1, 2)
    )
    assert (first == again).all() and (first != other).any()
    assert first.shape == (10, 90, 120, 3) and first.dtype == np.uint8


@pytest.mark.parametrize("species", ["print", "display"])
def test_the_still_is_shown_inside_its_border(species: str) -> None:
    red = np.zeros((90, 120, 3), np.uint8)
    red[:, :, 2] = 220
    still = Hand(travel=0.0, approach=0.0, turn_deg=0.0)
    frames = held_photo(red, seconds=0.04, seed=3, species=species, hand=still, size=(240, 180))  # type: ignore[arg-type]
    (frame,) = list(frames)
    middle = frame[80:100, 110:130].reshape(-1, 3).mean(axis=0)
    assert middle[2] > 1.5 * middle[0]
    rows = frame[:, 120].mean(axis=1)
    edge = rows[14:18].mean()
    assert edge > 200 if species == "print" else edge < 60


def test_a_hand_moves_it_and_a_still_hand_does_not() -> None:
    def spread(hand: Hand) -> float:
        frames = np.stack(list(held_photo(STILL, seconds=2.0, seed=5, hand=hand))).astype(float)
        return float(frames.std(axis=0).mean())

    assert spread(Hand(travel=0.05)) > 2 * spread(Hand(travel=0, approach=0, turn_deg=0))


def test_a_course_has_about_unit_spread_and_is_smooth() -> None:
    course = hand_course(np.random.default_rng(1), 2500, 8)
    assert course.shape == (2500, 8)
    assert 0.4 < course.std() < 1.8
    assert np.abs(np.diff(course, axis=0)).max() < 1.0
