"""Where a recording is looked at frame by frame."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.facts import MediaFacts, Packets, Stream
from audit.interview import Window
from audit.media.plan import afford, merge, plan_pictures, stretch_s
from audit.settings import Sampling

MODES = st.sampled_from(["pictures", "signature"])
TIMES = st.floats(-10, 2000, allow_nan=False)


def facts(duration_s: float, key_every_s: float = 2.0, rate: float = 5.0) -> MediaFacts:
    times = np.arange(0, duration_s, 1 / rate)
    count = len(times)
    packets = Packets(
        pts_s=times,
        dts_s=times,
        duration_s=np.full(count, 1 / rate),
        size=np.full(count, 1000),
        keyframe=np.isclose(times % key_every_s, 0, atol=1e-6),
        position=np.arange(count),
    )
    stream = Stream(0, "video", "h264", "", 0.0, duration_s, (1, 1000), packets)
    return MediaFacts("", 0, "mp4", duration_s, (stream,))


@st.composite
def windows(draw: st.DrawFn) -> tuple[Window, ...]:
    spans = draw(st.lists(st.tuples(TIMES, st.floats(0, 60), MODES), max_size=8))
    return tuple(Window(start, start + length, mode) for start, length, mode in spans)


def overlap(a: Window, b: Window) -> float:
    return min(a.end_s, b.end_s) - max(a.start_s, b.start_s)


@given(st.floats(0, 120))
def test_short_recordings_are_one_window(duration_s: float) -> None:
    plan = plan_pictures(facts(duration_s), Sampling(dense_up_to_s=120), (), 1)
    assert plan.windows == (Window(0.0, duration_s),)


@given(st.floats(121, 1500), windows(), st.integers(0, 2**32), st.sampled_from([0.0, 0.05, 0.15]))
def test_windows_are_sorted_inside_apart_and_bounded(
    duration_s: float, scouted: tuple[Window, ...], seed: int, share: float
) -> None:
    sampling = Sampling(dense_up_to_s=120, scout_share=share)
    plan = plan_pictures(facts(duration_s), sampling, scouted, seed)
    for window in plan.windows:
        assert 0 <= window.start_s < window.end_s <= duration_s + 1e-9
    for before, after in zip(plan.windows, plan.windows[1:], strict=False):
        assert before.end_s <= after.start_s + 1e-9
    stretches = np.ceil(duration_s / stretch_s(duration_s, sampling))
    total = sum(w.end_s - w.start_s for w in plan.windows)
    assert total <= stretches * sampling.burst_s + share * duration_s + 1e-6


@given(st.floats(121, 1500), st.integers(0, 2**32))
def test_each_stretch_has_a_burst_at_a_key_frame(duration_s: float, seed: int) -> None:
    sampling = Sampling(dense_up_to_s=120)
    plan = plan_pictures(facts(duration_s), sampling, (), seed)
    length_s = stretch_s(duration_s, sampling)
    stretches = int(np.ceil(duration_s / length_s))
    starts = [w.start_s for w in plan.windows]
    for number in range(stretches):
        low = number * length_s
        high = min(low + length_s, duration_s)
        if high - low >= sampling.burst_s + 2.0:
            inside = [s for s in starts if low <= s <= high]
            covered = [w for w in plan.windows if w.start_s <= low + 0.5 <= w.end_s]
            assert inside or covered
            assert all(s % 2.0 == pytest.approx(0, abs=1e-6) for s in inside)


@pytest.mark.parametrize(
    ("minutes", "apart_s"), [(5, 60.0), (20, 60.0), (30, 90.0), (40, 120.0), (240, 120.0)]
)
def test_bursts_lie_further_apart_in_longer_recordings_but_not_without_end(
    minutes: float, apart_s: float
) -> None:
    assert stretch_s(60.0 * minutes, Sampling()) == apart_s
    assert stretch_s(60.0 * minutes, Sampling(burst_every_s=300.0)) == 300.0


def test_the_seed_moves_bursts_and_repeats() -> None:
    long = facts(1200.0)
    first = plan_pictures(long, Sampling(), (), 1)
    assert first == plan_pictures(long, Sampling(), (), 1)
    assert first != plan_pictures(long, Sampling(), (), 2)


def test_bursts_need_no_key_frames() -> None:
    plan = plan_pictures(facts(600.0, key_every_s=1e9), Sampling(), (), 3)
    assert len(plan.windows) == 10
    assert all(w.end_s - w.start_s == pytest.approx(Sampling().burst_s) for w in plan.windows)


@pytest.mark.parametrize(("fps", "stride"), [(12.0, 1), (25.0, 1), (30.0, 2), (50.0, 3), (60.0, 4)])
def test_bursts_show_fifteen_faces_a_second_or_all_there_are(fps: float, stride: int) -> None:
    assert plan_pictures(facts(600.0, rate=fps), Sampling(), (), 1).stride == stride
    assert plan_pictures(facts(60.0, rate=fps), Sampling(), (), 1).stride == 1


def test_a_recording_without_pictures_has_a_plan_too() -> None:
    sound = MediaFacts("", 0, "wav", 600.0, ())
    assert len(plan_pictures(sound, Sampling(), (), 1).windows) == 10


@given(windows(), st.floats(0, 500))
def test_what_is_affordable_fits_the_budget(wanted: tuple[Window, ...], budget_s: float) -> None:
    taken = afford(wanted, 1000.0, budget_s)
    assert sum(w.end_s - w.start_s for w in taken) <= budget_s + 1e-6
    assert all(0 <= w.start_s < w.end_s <= 1000.0 for w in taken)


def test_the_most_promising_windows_come_first() -> None:
    taken = afford((Window(50, 60), Window(0, 10), Window(100, 110)), 200.0, 15.0)
    assert taken == (Window(50, 60), Window(0, 5))


@given(windows(), windows())
def test_merged_windows_cover_what_they_were_made_of(
    bursts: tuple[Window, ...], others: tuple[Window, ...]
) -> None:
    merged = merge(bursts, others)
    for before, after in itertools.pairwise(merged):
        assert before.end_s <= after.start_s
    for window in (w for w in (*bursts, *others) if w.end_s > w.start_s):
        middle = (window.start_s + window.end_s) / 2
        holding = [w for w in merged if w.start_s <= middle <= w.end_s]
        assert holding
        if window.mode == "pictures":
            assert any(w.mode == "pictures" for w in holding)


def test_pictures_win_over_signatures() -> None:
    merged = merge((Window(4, 6),), (Window(0, 10, "signature"),))
    assert merged == (
        Window(0, 4, "signature"),
        Window(4, 6),
        Window(6, 10, "signature"),
    )
