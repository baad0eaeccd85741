from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.perception.mesh import Mesh
from audit.perception.samples import Place, Samples
from audit.perception.table import Table
from audit.perception.tracks import Thread, assign, distance, doubled, kept, main_track
from tests.audit.toy_face import flat_mesh
from tests.liveness.face_tracks import track

BOX = np.float32([100, 100, 200, 220])


def _thread(number: int, x: float, y: float, seen_s: float = 0.0) -> Thread:
    return Thread(number, Mesh(flat_mesh() + np.float32([x, y, 0]), 0.9), seen_s)


@given(st.floats(-80, 80), st.floats(-80, 80), st.floats(0, 10))
def test_distance_is_symmetric_and_grows_with_the_way(dx: float, dy: float, gap: float) -> None:
    other = BOX + np.float32([dx, dy, dx, dy])
    assert distance(BOX, other, gap) == pytest.approx(distance(other, BOX, gap), abs=1e-5)
    assert distance(BOX, BOX, gap) == 0.0


def test_a_head_may_move_further_with_time() -> None:
    moved = BOX + np.float32([130, 0, 130, 0])
    assert distance(BOX, moved, 0.04) == math.inf
    assert math.isfinite(distance(BOX, moved, 2.0))
    grown = BOX * np.float32(3)
    assert distance(BOX, grown, 60.0) == math.inf


@given(st.permutations(range(4)))
def test_assignment_gives_each_box_its_own_thread(order: list[int]) -> None:
    threads = [_thread(k, 150.0 * k, 0.0) for k in range(4)]
    boxes = [threads[k].mesh.box + np.float32(3) for k in order]
    given_to = assign(boxes, threads, 0.04)
    assert {i: t.id for i, t in given_to.items()} == dict(enumerate(order))


def test_a_thread_is_given_once_and_strangers_to_none() -> None:
    threads = [_thread(0, 0.0, 0.0)]
    near, nearer, far = (threads[0].mesh.box + np.float32(d) for d in (20, 5, 900))
    assert list(assign([near, nearer, far], threads, 0.04)) == [1]


def test_doubled_needs_a_real_overlap() -> None:
    assert doubled(BOX, [BOX + np.float32(10)])
    assert not doubled(BOX, [BOX + np.float32(90)])
    assert not doubled(BOX, [])


def test_kept_drops_flicker_only_in_longer_recordings() -> None:
    steady, brief, twice = track(2.0), track(0.04, id=1), track(0.08, id=2)
    assert len(kept([steady, brief, twice], 5)) == 3
    assert [t.id for t in kept([steady, brief, twice], 50)] == [0, 2]


def test_the_main_track_is_the_one_that_is_large_for_long() -> None:
    long, short = track(10.0, size=100), track(2.0, id=1, size=200)
    times = long.times_s
    assert main_track([long, short], times) == 0
    assert main_track([], times) is None
    assert main_track([track(0.04)], np.zeros(1)) == 0


def test_dense_rows_do_not_outweigh_sparse_ones() -> None:
    dense = track(2.0, start_s=0.0)
    sparse = track(30.0, id=1, start_s=2.0, step_s=1.0)
    times = np.concatenate([dense.times_s, sparse.times_s])
    assert main_track([dense, sparse], times) == 1


@given(st.lists(st.integers(0, 9), min_size=1, max_size=100))
def test_a_table_returns_what_was_put_in(values: list[int]) -> None:
    table = Table(2)
    for value in values:
        table.append((value, -value))
    assert len(table) == len(values)
    assert table.rows[:, 0].tolist() == values


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 3000), st.floats(0, 1)),
        min_size=1,
        max_size=150,
    ),
    st.integers(4, 20),
)
def test_samples_stay_bounded_and_keep_the_best_of_a_step(
    offers: list[tuple[int, int, float]], most: int
) -> None:
    store = Samples(1.0, most)
    ordered = sorted(offers, key=lambda o: o[1])
    for row, (owner, frame, quality) in enumerate(ordered):
        store.offer(Place(owner, row, frame / 25, frame), quality, dict)
    left = store.finish({0, 1, 2})
    assert 1 <= len(left) <= most
    assert [s.time_s for s in left] == sorted(s.time_s for s in left)
    best = max(q for _, _, q in ordered)
    assert max(s.quality for s in left) == best
    assert store.finish(set()) == ()


def test_samples_cover_a_long_recording_evenly() -> None:
    store = Samples(1.0, 64)
    for second in range(3600):
        store.offer(Place(0, second, float(second), second), 0.5, dict)
    times = np.array([s.time_s for s in store.finish({0})])
    assert len(times) > 32
    assert np.diff(times).max() <= 2 * np.diff(times).min()


def test_many_tracks_with_one_sample_each_keep_the_best() -> None:
    store = Samples(1.0, 8)
    for k in range(50):
        store.offer(Place(k, 0, float(k), k), k / 50, dict)
    assert sorted(s.track for s in store.finish(set(range(50)))) == list(range(42, 50))


def test_crops_are_cut_only_when_they_are_kept() -> None:
    made: list[int] = []
    store = Samples(1.0, 8)
    for k, quality in enumerate((0.5, 0.4, 0.3, 0.6)):
        store.offer(Place(0, k, k / 25, k), quality, lambda k=k: made.append(k) or {})  # type: ignore[misc]
    assert made == [0, 3]
