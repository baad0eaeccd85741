"""The four numbers on made-up movements: each rises with what it is named for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audit.interview import FaceParts
from liveness.part_motion import NAMES, brightness, score, unrest

COUNT = 60


def made(seed: int = 0, *, gap_s: float = 0.04, **kinds: float) -> FaceParts:
    """A head that moves as one, with noise; `kinds` add what `NAMES` are about."""
    random = np.random.default_rng(seed)
    head = random.normal(0, 0.5, (COUNT, 1, 2))
    moved = head + random.normal(0, 0.05, (COUNT, 6, 2))
    lit = random.normal(0, 0.3, (COUNT, 1)) + random.normal(0, 0.1, (COUNT, 6))
    left = np.exp(random.normal(0, 0.1, (COUNT, 6)))
    shake = random.normal(0, kinds.get("tremble", 0.0), (COUNT, 2))
    moved[:, 0] += shake
    moved[:, 1] -= shake
    moved[:, :2] += random.normal(0, kinds.get("apart", 0.0), (COUNT, 1, 2))
    lit[:, :2] += random.normal(0, kinds.get("flicker", 0.0), (COUNT, 1))
    left[:, :2] *= np.exp(kinds.get("change", 0.0))
    return FaceParts(
        times_s=gap_s * np.arange(1, COUNT + 1),
        gaps_s=np.full(COUNT, gap_s, np.float32),
        follows=np.arange(COUNT) > 0,
        moved=moved.astype(np.float32),
        lit=lit.astype(np.float32),
        unexplained=left.astype(np.float32),
    )


@pytest.mark.parametrize("name", NAMES)
def test_each_number_rises_with_its_own_kind_most(name: str) -> None:
    plain, altered = unrest(made(), 0.05), unrest(made(**{name: 1.0}), 0.05)
    assert plain is not None and altered is not None
    gain = altered.values - plain.values
    assert NAMES[int(np.argmax(gain))] == name and gain[NAMES.index(name)] > 0.7


def test_a_head_that_moves_as_one_is_at_rest() -> None:
    found = unrest(made(), 0.05)
    assert found is not None and found.count == COUNT - 1
    assert found.tremble < -1.5 and found.apart < -2 and abs(found.change) < 0.1


def test_how_much_it_is_moved_or_lit_as_a_whole_does_not_matter() -> None:
    parts = made()
    found, other = unrest(parts, 0.05), unrest(made(), 0.05)
    assert found == other
    parts.moved[:] *= 5
    parts.unexplained[:] *= 5
    large = unrest(parts, 0.05)
    assert found is not None and large is not None
    # What is left of a change below which nothing is known, .02 px, weighs less then.
    assert large.values == pytest.approx(found.values, abs=0.2)


def test_without_surroundings_or_with_slow_pictures_nothing_is_said() -> None:
    parts = made()
    parts.moved[:, 2:] = np.nan
    assert unrest(parts, 0.05) is None
    assert unrest(made(gap_s=0.08), 0.05) is None


def test_one_part_of_the_surroundings_is_enough() -> None:
    parts = made()
    parts.moved[:, 3:], parts.lit[:, 3:], parts.unexplained[:, 3:] = np.nan, np.nan, np.nan
    found = unrest(parts, 0.05)
    assert found is not None and np.isfinite(found.values).all()


def test_the_logit_and_what_adds_most_to_it() -> None:
    found = unrest(made(flicker=2.0), 0.05)
    assert found is not None
    model = {"centre": [0.0] * 4, "scale": [1.0, 1.0, 2.0, 1.0], "weights": [0.0, 0.0, 3.0, 0.5]}
    point: dict[str, Any] = {"model": {**model, "offset": -1.0}}
    logit, most = score(found, point)
    assert logit == pytest.approx(1.5 * found.flicker + 0.5 * found.change - 1)
    assert most == "flicker"


def test_brightness_of_the_face_against_its_surroundings() -> None:
    parts = made()
    parts.lit[:] = 1.0
    parts.lit[:, :2] = 4.0
    parts.lit[0] = np.nan
    assert np.isnan(brightness(parts)[0]) and brightness(parts)[1:] == pytest.approx(3.0)
