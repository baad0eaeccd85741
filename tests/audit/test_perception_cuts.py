from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.media.plan import Picture
from audit.perception.cuts import CutFinder, change


def _picture(frame: int, values: np.ndarray, dense: bool = True) -> Picture:
    return Picture(frame / 25, frame, dense, values.clip(0, 255).astype(np.uint8), None)


def _room(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(40, 200, (24, 32))


@given(st.integers(1, 100), st.integers(5, 40))
def test_a_cut_is_found_where_it_is(seed: int, at: int) -> None:
    finder = CutFinder()
    noise = np.random.default_rng(seed)
    found = [
        k
        for k in range(60)
        if finder.add(_picture(k, _room(1 if k < at else 2) + noise.normal(0, 1, (24, 32))))
    ]
    assert found == [at]


def test_a_lamp_that_is_switched_on_is_no_cut() -> None:
    finder = CutFinder()
    calm = _room(1) / 2
    assert not any(finder.add(_picture(k, calm + (40 if k > 9 else 0))) for k in range(20))


def test_lasting_fast_movement_is_no_cut() -> None:
    finder = CutFinder()
    moving = [np.roll(_room(1), 2 * k, axis=1) for k in range(20)]
    found = [k for k in range(20) if finder.add(_picture(k, moving[k]))]
    assert all(k <= 3 for k in found)


def test_sampled_pictures_need_a_change_of_the_whole_picture() -> None:
    finder = CutFinder()
    assert not finder.add(_picture(0, _room(1), dense=False))
    assert not finder.add(_picture(50, _room(1) + _room(3) / 8, dense=False))
    assert finder.add(_picture(100, _room(2), dense=False))


def test_change_ignores_the_mean() -> None:
    a = np.full((24, 32), 50, np.uint8)
    assert change(a, a + 100) == 0.0
    b = a.copy()
    b[:12] += 20
    assert change(a, b) == pytest.approx(10.0)
