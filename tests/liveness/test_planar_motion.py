from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from audit.detectors import operating_point
from liveness.planar_motion import calm_runs, inner_movement, moves_as_a_plane, stir_of
from tests.liveness.face_tracks import movement

POINT = operating_point("liveness", "presentation_attack")


def test_a_photo_that_is_moved_moves_as_a_plane() -> None:
    inner = inner_movement(movement(4.0), POINT["stir_at"])
    assert inner.compared_s == pytest.approx(4.0)
    assert inner.stirred == 0.0
    assert inner.follow == pytest.approx(0.1)
    assert moves_as_a_plane(inner, POINT)


@pytest.mark.parametrize(
    "live",
    [
        movement(4.0, stir=0.2),  # it speaks
        movement(4.0, around=0.05),  # the background stays where it is
        movement(4.0, shift=0.001, around=0.0001),  # nothing moves
        movement(4.0, around=float("nan")),  # nothing to follow
    ],
)
def test_live_or_unknown_movement_is_no_plane(live: object) -> None:
    inner = inner_movement(live, POINT["stir_at"])  # type: ignore[arg-type]
    assert not moves_as_a_plane(inner, POINT)


def test_comparisons_that_one_map_cannot_describe_are_left_out() -> None:
    made = movement(4.0, stir=0.5)
    rest = np.full(20, 0.01, np.float32)
    rest[:10] = 0.4
    blurred = dataclasses.replace(made, rest=rest)
    assert np.isnan(stir_of(blurred)[:10]).all()
    assert inner_movement(blurred, 0.05).compared_s == pytest.approx(2.0)


def test_calm_runs_end_where_something_moves_or_time_jumps() -> None:
    made = movement(4.0)
    mouth = made.mouth.copy()
    mouth[8] = 0.5
    times = made.times_s.copy()
    times[15:] += 10.0
    runs = calm_runs(dataclasses.replace(made, mouth=mouth, times_s=times), 0.05)
    assert [(r.start, r.stop) for r in runs] == [(0, 8), (9, 15), (15, 20)]


def test_no_comparison_says_nothing() -> None:
    empty = movement(0.0)
    inner = inner_movement(empty, 0.05)
    assert inner.compared_s == 0.0 and np.isnan(inner.follow)
    assert not moves_as_a_plane(inner, POINT)
    assert calm_runs(empty, 0.05) == []
