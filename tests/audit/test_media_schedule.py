"""Which packets are decoded: checked against a model of how frames depend on one another."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.confined.orders import ALL, DROP, PICTURE, REFERENCES, SIGNATURE, SILENT, SPARSE
from audit.facts import Packets
from audit.interview import Window
from audit.media.plan import PicturePlan
from audit.media.schedule import Schedule, schedule, schedule_exactly
from audit.media.timeline import timeline


@dataclass(frozen=True)
class Frame:
    """A packet of the model: when it is shown, and which earlier packets it is predicted from."""

    number: int
    key: bool
    leaf: bool
    needs: tuple[int, ...]


@dataclass(frozen=True)
class Coded:
    """A coded stream in file order."""

    frames: tuple[Frame, ...]
    times_s: np.ndarray
    packets: Packets


def packets_of(times: np.ndarray, key: list[bool]) -> Packets:
    count = len(times)
    return Packets(
        pts_s=np.asarray(times, dtype=float),
        dts_s=np.sort(np.asarray(times, dtype=float)),
        duration_s=np.full(count, 0.04),
        size=np.full(count, 100),
        keyframe=np.array(key, dtype=bool),
        position=np.arange(count),
    )


def code(groups: list[list[int]], step_s: list[float], *, open_groups: bool) -> Coded:
    """Groups of runs: a run of n is n leaf frames between two anchors (as IBBP).

    In open groups the first key frame's run comes after it in the file and is shown before it.
    """
    frames: list[Frame] = []
    shown = 0
    anchor: int | None = None
    for group in groups:
        for place, leaves in enumerate(group):
            key = place == 0
            leading = leaves if not key or (open_groups and anchor is not None) else 0
            at = len(frames)
            needs = () if key else (anchor,) if anchor is not None else ()
            frames.append(Frame(shown + leading, key, leaf=False, needs=needs))
            for leaf in range(leading):
                both = (anchor, at) if anchor is not None else (at,)
                frames.append(Frame(shown + leaf, key=False, leaf=True, needs=both))
            shown += leading + 1
            anchor = at
    clock = np.concatenate([[0.0], np.cumsum(np.resize(step_s, max(0, shown - 1)))])
    times = clock[[f.number for f in frames]]
    return Coded(tuple(frames), times, packets_of(times, [f.key for f in frames]))


def decoded(coded: Coded, orders: Schedule) -> list[int]:
    """Packets whose frames come out whole: fed, not left out as leaves, and all they need too."""
    whole: set[int] = set()
    for place, frame in enumerate(coded.frames):
        how = orders.how[place]
        fed = how == ALL or (how == REFERENCES and not frame.leaf)
        if fed and all(need in whole for need in frame.needs):
            whole.add(place)
    return sorted(whole, key=lambda place: coded.times_s[place])


GROUPS = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=12), min_size=1, max_size=10)
STEPS = st.lists(st.sampled_from([0.02, 0.04, 0.04, 0.1]), min_size=1, max_size=5)


@st.composite
def streams(draw: st.DrawFn) -> Coded:
    return code(draw(GROUPS), draw(STEPS), open_groups=draw(st.booleans()))


@st.composite
def plans(draw: st.DrawFn) -> PicturePlan:
    cuts = sorted(draw(st.lists(st.floats(0, 12), max_size=6, unique=True)))
    windows = tuple(
        Window(a, b, draw(st.sampled_from(["pictures", "signature"])))
        for a, b in zip(cuts[::2], cuts[1::2], strict=False)
    )
    step_s, gap_s = draw(st.sampled_from([(1.0, 2.0), (0.5, 0.5), (2.0, 1.0), (0.2, 4.0)]))
    return PicturePlan(windows, step_s, gap_s, 640)


@settings(deadline=None, max_examples=200)
@given(streams(), plans(), st.booleans())
def test_every_frame_of_a_window_is_decoded(coded: Coded, plan: PicturePlan, whole: bool) -> None:
    orders = schedule(coded.packets, coded.times_s, plan, whole_groups=whole)
    came = set(decoded(coded, orders))
    for place, time in enumerate(coded.times_s):
        for window in plan.windows:
            if window.start_s <= time <= window.end_s:
                assert place in came
                wanted = PICTURE if window.mode == "pictures" else SIGNATURE
                assert orders.gives[place] == wanted


@settings(deadline=None, max_examples=100)
@given(streams(), st.integers(1, 4), st.floats(0, 6))
def test_every_strideth_shown_frame_of_a_window_is_a_picture(
    coded: Coded, stride: int, start_s: float
) -> None:
    window = Window(start_s, start_s + 5.0)
    orders = schedule(coded.packets, coded.times_s, PicturePlan((window,), 1.0, 2.0, 640, stride))
    inside = (coded.times_s >= start_s - 1e-6) & (coded.times_s <= window.end_s + 1e-6)
    shown = np.flatnonzero(inside)[np.argsort(coded.times_s[inside], kind="stable")]
    wanted = [PICTURE if number % stride == 0 else SIGNATURE for number in range(len(shown))]
    assert orders.gives[shown].tolist() == wanted


@settings(deadline=None, max_examples=200)
@given(streams(), plans())
def test_no_stretch_beyond_the_largest_gap_stays_unseen(coded: Coded, plan: PicturePlan) -> None:
    orders = schedule(coded.packets, coded.times_s, plan)
    seen = coded.times_s[decoded(coded, orders)]
    everything = np.sort(coded.times_s)
    assert seen[0] <= everything[0] + plan.max_gap_s
    # Leaves are left out between anchors at most 0.4 s apart, so gaps may be that much longer.
    room = plan.max_gap_s + 0.4
    for before, after in zip(seen, [*seen[1:], everything[-1]], strict=True):
        between = everything[(everything > before) & (everything < after)]
        assert after - before <= room or not len(between)


@settings(deadline=None, max_examples=200)
@given(streams(), plans())
def test_what_is_handed_out_is_decoded_and_the_rest_is_as_little(
    coded: Coded, plan: PicturePlan
) -> None:
    orders = schedule(coded.packets, coded.times_s, plan)
    assert set(np.unique(orders.how)) <= {DROP, ALL, REFERENCES}
    assert np.all(orders.how[orders.gives != SPARSE] == ALL)
    if all(f.key for f in coded.frames):
        outside = (orders.gives == SPARSE) & (orders.how != DROP)
        times = np.sort(coded.times_s[outside])
        apart = min(plan.step_s, plan.max_gap_s)
        length = coded.times_s.max() - coded.times_s.min()
        assert len(times) <= 2 + 2 * len(plan.windows) + length / apart * 1.5


@settings(deadline=None, max_examples=150)
@given(streams(), st.data())
def test_chosen_frames_come_out_and_no_others(coded: Coded, data: st.DataObject) -> None:
    places = st.integers(0, len(coded.frames) - 1)
    chosen = data.draw(st.lists(places, min_size=1, max_size=4))
    orders = schedule_exactly(coded.packets, coded.times_s, chosen)
    came = decoded(coded, orders)
    assert set(chosen) <= set(came)
    assert {p for p in came if orders.gives[p] != SILENT} == set(chosen)


@settings(deadline=None, max_examples=100)
@given(streams(), plans())
def test_whole_groups_are_decoded_as_a_key_frame_or_to_the_end(
    coded: Coded, plan: PicturePlan
) -> None:
    orders = schedule(coded.packets, coded.times_s, plan, whole_groups=True)
    assert REFERENCES not in orders.how
    starts = [*np.flatnonzero(coded.packets.keyframe), len(coded.frames)]
    for start, end in itertools.pairwise(starts):
        rest = orders.how[start + 1 : end]
        assert np.all(rest == DROP) or np.all(rest[np.argmax(rest != DROP) :] == ALL)


def test_long_groups_are_left_early() -> None:
    """A group of 10 s with a largest gap of 2 s: the last 2 s before the next key are skipped."""
    coded = code([[0] * 250, [0] * 250], [0.04], open_groups=False)
    orders = schedule(coded.packets, coded.times_s, PicturePlan((), 1.0, 2.0, 640))
    first = orders.how[:250]
    assert np.all(first[:200] != DROP)
    assert coded.times_s[np.flatnonzero(first)[-1]] == pytest.approx(8.0)
    assert np.all(first[201:] == DROP)


def test_dense_key_frames_are_thinned() -> None:
    coded = code([[0]] * 250, [0.04], open_groups=False)
    orders = schedule(coded.packets, coded.times_s, PicturePlan((), 1.0, 2.0, 640))
    assert int((orders.how != DROP).sum()) == 10


def test_streams_without_key_flags_are_decoded_throughout() -> None:
    times = np.arange(100) * 0.04
    orders = schedule(packets_of(times, [False] * 100), times, PicturePlan((), 1.0, 2.0, 640))
    assert int((orders.how != DROP).sum()) >= 50


def test_an_empty_stream_has_an_empty_schedule() -> None:
    nothing = packets_of(np.empty(0), [])
    orders = schedule(nothing, np.empty(0), PicturePlan((), 1.0, 2.0, 640))
    assert len(orders.orders) == 0


def test_frames_are_numbered_as_they_are_shown() -> None:
    coded = code([[0, 2, 2], [0, 1]], [0.04], open_groups=False)
    line = timeline(coded.packets)
    assert line.frames.tolist() == [f.number for f in coded.frames]
    assert np.all(np.diff(line.sorted_s) > 0)


def test_missing_times_follow_the_packet_before() -> None:
    packets = packets_of(np.array([0.0, np.nan, np.nan, 0.12]), [True, False, False, False])
    packets.dts_s[:] = np.nan
    assert timeline(packets).times_s == pytest.approx([0.0, 0.04, 0.08, 0.12])


def test_without_any_time_frames_are_counted() -> None:
    packets = packets_of(np.full(3, np.nan), [True, False, False])
    packets.dts_s[:] = np.nan
    packets.duration_s[:] = 0.0
    line = timeline(packets)
    assert line.frames.tolist() == [0, 1, 2]
    assert np.all(np.diff(line.times_s) > 0)
