"""Repeats and freezes in signature sequences with known truth, in real clips, and their absence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from audit.detectors import Scout
from audit.facts import MediaFacts, Packets, Stream
from audit.interview import Interview, PictureLog
from audit.types import Question, Signal, Span, Status
from benchmarks import frame_loop as benchmark
from benchmarks.frame_loop import inspect, log_of, look, surrogate
from datasets.attacks.clips import Encoding, make, read_clip, render
from liveness.frame_loop import FrameLoop
from liveness.motion_space import merged

RATE = 25.0
Frames = NDArray[np.float64]


@dataclass(frozen=True)
class Fault:
    """Luma pictures with something planted: where, and for repeats where it comes from."""

    frames: Frames | NDArray[np.uint8]
    span: Span
    source: Span | None = None


def located(signal: Signal, fault: Fault) -> bool:
    return benchmark.located(signal, fault.span, fault.source)


def walk(count: int, rng: np.random.Generator, smooth: float, size: float) -> NDArray[np.float64]:
    """A smooth random course: white noise through a Gaussian of `smooth` samples, scaled."""
    course = gaussian_filter1d(rng.normal(size=count + 200), smooth)[100:-100]
    return np.asarray(course * size / max(float(course.std()), 1e-9))


def talker(seconds: float, seed: int, *, motion: float = 1.0) -> Frames:
    """Luma of a drawn talking head, (n, 24, 32): swaying, nodding, opening mouth, blinking eyes."""
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE)
    y, x = np.mgrid[0:24, 0:32].astype(float)
    across = 16 + motion * (walk(count, rng, 12, 0.8) + walk(count, rng, 60, 0.6))
    down = 11 + motion * (walk(count, rng, 9, 0.4) + walk(count, rng, 50, 0.4))
    mouth = motion * np.abs(walk(count, rng, 2, 1.0))
    turn = motion * walk(count, rng, 8, 0.5)
    lids = np.zeros(count)
    for at in rng.integers(0, count, round(seconds / 3)):
        lids[at : at + 5] = motion
    across, down, mouth, turn, lids = (v[:, None, None] for v in (across, down, mouth, turn, lids))
    dx, dy = x - across, y - down
    head = 1 / (1 + np.exp(3 * (np.hypot(dx / 6, dy / 8) - 1)))
    lips = np.exp(-((dx - turn) ** 2 / 6 + (dy - 4 - 0.4 * mouth) ** 2 / 1.5))
    eyes = sum(np.exp(-(((dx - turn + s) ** 2 + (dy + 2) ** 2) / 0.8)) for s in (-2.5, 2.5))
    body = 1 / (1 + np.exp(-(dy - 9)))
    light = 60 + 110 * head + 30 * body - 40 * mouth * lips - 50 * (1 - lids) * eyes + 0.5 * x
    return np.asarray(light)


def as_log(frames: Frames, seed: int, *, noise: float = 0.35, rate: float = RATE) -> PictureLog:
    """A picture log of `frames` with sensor noise, as it is after averaging into signatures."""
    rng = np.random.default_rng(seed + 10_000)
    noisy = frames + rng.normal(0.0, noise, frames.shape)
    return log_with(np.clip(np.round(noisy), 0, 255).astype(np.uint8), rate)


def log_with(signatures: NDArray[np.uint8], rate: float = RATE) -> PictureLog:
    times = np.arange(len(signatures)) / rate
    whole = (Span(0.0, len(signatures) / rate),)
    return PictureLog(times, np.arange(len(times)), signatures, whole, 640, 480)


def facts_of(log: PictureLog, size: NDArray[np.int64] | None = None) -> MediaFacts:
    n = len(log.times_s)
    packets = Packets(
        pts_s=log.times_s,
        dts_s=log.times_s,
        duration_s=np.full(n, 1 / RATE),
        size=np.full(n, 1000) if size is None else size,
        keyframe=np.arange(n) % 250 == 0,
        position=np.arange(n),
    )
    stream = Stream(0, "video", "h264", "", 0.0, None, (1, 90_000), packets)
    return MediaFacts("", 0, "mov,mp4", float(log.times_s[-1]) + 1 / RATE, (stream,))


def signal_of(log: PictureLog) -> Signal:
    return inspect(log, facts_of(log))


def looped(frames: Frames, first: int, length: int, at: int, *, backwards: bool = False) -> Fault:
    part = frames[first : first + length][:: -1 if backwards else 1]
    return Fault(
        np.concatenate([frames[:at], part, frames[at:]]),
        Span(at / RATE, (at + length) / RATE),
        Span(first / RATE, (first + length) / RATE),
    )


def held(log: PictureLog, first: int, length: int) -> tuple[PictureLog, Fault]:
    """Pictures held: the noise stands still with them."""
    signatures = log.signatures.copy()
    signatures[first : first + length] = signatures[first]
    span = Span(first / RATE, (first + length) / RATE)
    return replace(log, signatures=signatures), Fault(signatures, span)


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    length_s=st.floats(2.0, 4.0),
    where=st.floats(0.0, 1.0),
    gap=st.floats(0.0, 1.0),
)
def test_planted_repeat_is_found_within_a_second(
    seed: int, length_s: float, where: float, gap: float
) -> None:
    frames = talker(14.0, seed)
    length = round(length_s * RATE)
    first = round(where * (len(frames) - length))
    at = first + length + round(gap * (len(frames) - first - length))
    fault = looped(frames, first, length, at)
    signal = signal_of(as_log(fault.frames, seed))
    assert located(signal, fault), signal.evidence
    assert signal.status is Status.REVIEW
    assert all(signal.status_for(q) is Status.REVIEW for q in signal.questions)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), length_s=st.floats(0.76, 3.0), where=st.floats(0.0, 1.0))
def test_planted_freeze_is_found_within_a_second(seed: int, length_s: float, where: float) -> None:
    frames = talker(10.0, seed)
    length = round(length_s * RATE)
    log, fault = held(as_log(frames, seed), round(where * (len(frames) - length)), length)
    signal = signal_of(log)
    assert located(signal, fault), signal.evidence
    assert signal.reason.code == "frozen"
    assert signal.status_for(Question.AUTHENTICITY) is Status.NO_INDICATION
    assert signal.status_for(Question.PRESENCE) is Status.REVIEW
    assert "connection" in signal.reason.text


def test_false_alarms_of_drawn_talkers_stay_below_one_in_twenty() -> None:
    flagged = [
        (seed, noise)
        for seed in range(10)
        for noise in (0.2, 0.6)
        if signal_of(as_log(talker(10.0, seed), seed, noise=noise)).status is Status.REVIEW
    ]
    assert len(flagged) <= 1, flagged


def test_noise_alone_decides_nothing() -> None:
    frames = talker(12.0, 5)
    codes = {signal_of(as_log(frames, seed)).reason.code for seed in range(6)}
    assert codes == {"nothing_repeats"}


@pytest.mark.parametrize("motion", [0.0, 0.05, 0.15, 0.3])
def test_still_listener_is_no_loop(motion: float) -> None:
    for seed in range(2):
        signal = signal_of(as_log(talker(20.0, seed, motion=motion), seed))
        assert signal.status is not Status.REVIEW, signal.evidence


def test_a_picture_that_never_changes_is_inconclusive() -> None:
    still = np.repeat(talker(1.0, 1)[:1], 200, axis=0)
    assert signal_of(as_log(still, 0, noise=0.0)).reason.code == "hardly_moves"


def test_equal_blinks_and_nods_are_no_loop() -> None:
    base = talker(1.0, 3)[0]
    times = np.arange(round(24 * RATE)) / RATE
    blink = np.zeros(len(times))
    for at in (2.0, 5.0, 9.1, 13.0, 16.2, 20.0):
        blink += np.exp(-(((times - at) / 0.08) ** 2))
    eyes = np.zeros((24, 32))
    eyes[8:10, 12:20] = 40
    assert signal_of(as_log(base + blink[:, None, None] * eyes, 1)).status is not Status.REVIEW
    nod = np.sin(2 * np.pi * times / 0.9)
    edges = np.gradient(base, axis=0)
    assert signal_of(as_log(base + nod[:, None, None] * edges, 2)).status is not Status.REVIEW


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_doubled_pictures_are_no_freeze(factor: int) -> None:
    frames = talker(16.0, 8)[:: factor * 1]
    log = as_log(frames, 8)
    doubled = replace(
        log_with(np.repeat(log.signatures, factor, axis=0)), frames=np.arange(len(frames) * factor)
    )
    assert signal_of(doubled).status is Status.NO_INDICATION


def test_pictures_played_backwards_are_told_apart() -> None:
    frames = talker(14.0, 21)
    fault = looped(frames, 100, 75, 175, backwards=True)
    signal = signal_of(as_log(fault.frames, 21))
    assert located(signal, fault)
    assert "backwards" in signal.reason.text


def test_each_repeat_is_named_with_its_frames_and_source() -> None:
    frames = talker(12.0, 33)
    part = frames[50:125]
    log = as_log(np.concatenate([frames[:200], part, frames[200:], part]), 33)
    signal = signal_of(log)
    starts = sorted(e.start_s for e in signal.evidence)
    assert starts == pytest.approx([8.0, 15.0], abs=0.4)
    for evidence in signal.evidence:
        assert evidence.peer is not None
        assert evidence.start_frame == pytest.approx(evidence.start_s * RATE, abs=1)
        assert evidence.end_frame is not None
        assert len(evidence.frames_s) == 6
    assert "1 more such stretch" in signal.reason.text


def test_repeat_across_two_windows_of_a_long_recording() -> None:
    frames = talker(40.0, 4)
    frames[600:700] = frames[100:200]
    log = as_log(frames, 4)
    spans = (Span(3.0, 9.0), Span(23.0, 29.0))
    keep = np.array([any(s.start_s <= t <= s.end_s for s in spans) for t in log.times_s])
    sparse = keep | (np.arange(len(keep)) % 50 == 0)
    log = PictureLog(
        log.times_s[sparse], log.frames[sparse], log.signatures[sparse], spans, 640, 480
    )
    signal = inspect(log, facts_of(log))
    fault = Fault(frames, Span(24.0, 28.0), Span(4.0, 8.0))
    assert located(signal, fault), signal.evidence
    assert signal.quality is not None
    assert signal.quality < 0.5
    assert any("searched" in note for note in signal.quality_notes)


def test_too_little_or_too_slow_is_inconclusive() -> None:
    log = as_log(talker(1.2, 1), 1)
    assert signal_of(log).reason.code == "too_few_pictures"
    assert signal_of(as_log(talker(6.0, 1), 1, rate=4.0)).reason.code == "too_few_pictures"
    bare = Interview("r", facts_of(log), None, "")  # type: ignore[arg-type]
    assert FrameLoop().inspect(bare).reason.code == "no_pictures"


def test_uneven_times_do_not_matter() -> None:
    frames = talker(14.0, 6)
    fault = looped(frames, 60, 75, 200)
    log = as_log(fault.frames, 6)
    rng = np.random.default_rng(0)
    uneven = replace(log, times_s=np.sort(log.times_s + rng.uniform(0, 0.02, len(log.times_s))))
    assert located(inspect(uneven, facts_of(uneven)), fault)


def test_two_minutes_take_little_time_and_give_bounded_series() -> None:
    log = surrogate(as_log(talker(8.0, 2), 2), 120.0, np.random.default_rng(3))
    signal = signal_of(log)
    assert signal.status is Status.NO_INDICATION
    assert {s.name for s in signal.series} == {"movement of the picture", "best match elsewhere"}
    assert all(len(s.times_s) <= 600 for s in signal.series)


def sizes(count: int, seed: int) -> NDArray[np.int64]:
    rng = np.random.default_rng(seed)
    return np.round(1500 * np.exp(walk(count, rng, 1.5, 0.5))).astype(np.int64)


def scouted(size: NDArray[np.int64]) -> tuple[Any, ...]:
    log = log_with(np.zeros((len(size), 24, 32), np.uint8))
    return FrameLoop().scout(facts_of(log, size))


def test_scout_points_at_repeated_and_vanishing_packets() -> None:
    assert isinstance(FrameLoop(), Scout)
    size = sizes(5000, 1)
    size[4000:4100] = size[1000:1100] * 1.1
    size[2500:2550] = 30
    windows = scouted(size)
    assert (windows[0].start_s, windows[0].end_s) == pytest.approx((99.0, 103.0), abs=0.8)
    assert any(w.start_s < 41 and w.end_s > 43 for w in windows)
    assert any(w.start_s < 161 and w.end_s > 163 for w in windows)
    assert {w.mode for w in windows} == {"signature"}
    assert sum(w.end_s - w.start_s for w in windows) < 60


def test_scout_asks_for_nothing_without_cause() -> None:
    rng = np.random.default_rng(2)
    assert scouted(np.round(1500 * np.exp(rng.normal(0, 0.4, 5000))).astype(np.int64)) == ()
    assert scouted(sizes(20, 2)) == ()
    assert scouted(np.full(500, 900)) == ()
    assert FrameLoop().scout(MediaFacts("", 0, "wav", 3.0, ())) == ()


def test_spans_are_joined_in_order() -> None:
    assert merged([Span(5, 6), Span(1, 2), Span(1.5, 3)], 0.1) == [Span(1, 3), Span(5, 6)]


@pytest.mark.parametrize("encoding", ["x264", "vp8"])
def test_real_clip_with_repeat_and_freeze(shared_data: Path, tmp_path: Path, encoding: str) -> None:
    how = {
        "x264": Encoding("x264", ".mp4", "libx264", "aac", quality=30),
        "vp8": Encoding("vp8", ".webm", "libvpx", "libopus", bit_rate=200_000),
    }[encoding]
    clip = read_clip(shared_data / "video" / "video_retalking" / "3.mp4", max_side=320)
    frames = np.concatenate([clip.frames[:90], clip.frames[10:85], clip.frames[90:]])
    frames[170:195] = frames[170]
    signal = look(render(make(frames, clip.rate), tmp_path / "clip", how))
    assert located(signal, Fault(frames, Span(3.6, 6.6), Span(0.4, 3.4)))
    assert located(signal, Fault(frames, Span(6.8, 7.8)))


def test_untouched_real_clips_are_quiet(shared_data: Path) -> None:
    folder = shared_data / "video"
    for path in [*sorted((folder / "grid").rglob("*.mpg"))[:4], folder / "video_retalking/1.mp4"]:
        log, facts = log_of(path)
        signal = inspect(log, facts)
        assert signal.status is Status.NO_INDICATION, (path.name, signal.evidence)
