from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveness.blinks import BREAK_S, stretches, watch
from tests.liveness.face_tracks import RATE, track


def eyes(seconds: float, blinks: list[tuple[int, int]], noise: float = 0.0) -> np.ndarray:
    """Open lids with shut stretches given as (first frame, frames)."""
    n = round(seconds * RATE)
    opening = 0.36 + noise * np.random.default_rng(1).standard_normal(n)
    for first, length in blinks:
        opening[first : first + length] = 0.12
    return opening


@given(
    st.lists(st.integers(1, 9), min_size=0, max_size=6),
    st.integers(2, 10),
)
def test_every_planted_blink_is_counted_with_its_length(gaps: list[int], length: int) -> None:
    planted, at = [], 20
    for gap in gaps:
        planted.append((at, length))
        at += 25 + 5 * gap
    seen = watch(track((at + 30) / RATE, eyes=eyes((at + 30) / RATE, planted, 0.005)))
    assert len(seen.blinks) == len(planted)
    for blink, (first, _) in zip(seen.blinks, planted, strict=True):
        assert blink.start_s == pytest.approx(first / RATE)
        assert blink.duration_s == pytest.approx(length / RATE)
        assert 0.5 < blink.depth < 0.8


def test_a_long_look_down_is_no_blink() -> None:
    assert watch(track(6.0, eyes=eyes(6.0, [(60, 25)]))).blinks == ()


def test_eyes_that_start_shut_have_no_blink_there() -> None:
    assert watch(track(3.0, eyes=eyes(3.0, [(0, 4)]))).blinks == ()


def test_sparse_rows_are_not_watched() -> None:
    seen = watch(track(30.0, step_s=1.0))
    assert seen.blinks == () and seen.watched_s == 0.0 and len(seen.opening) == 0


def test_turned_heads_and_unmeasured_eyes_are_left_out() -> None:
    made = track(4.0, eyes=eyes(4.0, [(50, 4)]))
    made.pose[:, 0] = 60.0
    assert watch(made).watched_s == 0.0
    blind = track(4.0, eyes=np.full(100, np.nan))
    assert watch(blind).watched_s == 0.0


@given(st.lists(st.booleans(), max_size=40), st.lists(st.integers(1, 8), max_size=40))
def test_stretches_are_usable_and_successive(usable: list[bool], steps: list[int]) -> None:
    n = min(len(usable), len(steps))
    frames = np.cumsum(np.array(steps[:n], dtype=np.int64))
    mask = np.array(usable[:n], dtype=bool)
    covered = np.zeros(n, bool)
    for rows in stretches(frames / RATE, mask):
        assert mask[rows].all()
        assert (np.diff(frames[rows]) / RATE <= BREAK_S).all()
        assert rows.stop - rows.start >= 4
        assert not covered[rows].any()
        covered[rows] = True
