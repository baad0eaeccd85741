"""Voice activity: a probability per 32 ms, and the speech segments drawn from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from audit.interview import Floats
from audit.types import Span

RATE = 16_000
FRAME = 512
CONTEXT = 64
STEP_S = FRAME / RATE

LANES = 16
LANE_MIN_FRAMES = 512
WARM_UP_FRAMES = 128


class Session(Protocol):
    """The part of an onnxruntime session that is used here."""

    def run(
        self, output_names: Sequence[str] | None, input_feed: dict[str, NDArray[np.generic]]
    ) -> list[NDArray[np.float32]]:
        """Run the graph once."""
        ...


@dataclass(frozen=True, slots=True)
class Smoothing:
    """How frame probabilities become segments; the defaults are those of the network's authors.

    Attributes:
        enter, leave: probability at which speech starts and below which it may end, 0..1.
        min_speech_s, min_silence_s: shorter speech is dropped, shorter silence is bridged, seconds.
        pad_s: added on both sides of each segment, seconds.
    """

    enter: float = 0.5
    leave: float = 0.35
    min_speech_s: float = 0.25
    min_silence_s: float = 0.1
    pad_s: float = 0.03


def voice_probability(samples: NDArray[np.int16], session: Session) -> Floats:
    """Probability of speech per frame of 512 samples at 16 kHz, 0..1, shape (ceil(n / 512),).

    Tracks of 33 s and more are cut into up to 16 lanes that run side by side, each warmed up on
    the 4 s before it: less than half the time of one lane. The network remembers long, so single
    frames differ from one lane's; the accuracy on real meetings does not (figures in
    docs/detectors/voice_activity.md).
    """
    frames = -(-len(samples) // FRAME)
    if frames == 0:
        return np.zeros(0, dtype=np.float32)
    lanes = max(1, min(LANES, frames // LANE_MIN_FRAMES))
    length = -(-frames // lanes)
    first = np.arange(lanes) * length
    state = np.zeros((2, lanes, 128), dtype=np.float32)
    result = np.zeros((lanes, length), dtype=np.float32)
    rate = np.array(RATE, dtype=np.int64)
    for step in range(-WARM_UP_FRAMES if lanes > 1 else 0, length):
        if step == 0:
            state[:, 0] = 0.0  # the first lane has nothing before it to warm up on
        block = _frames(samples, first + step)
        out, state = session.run(None, {"input": block, "state": state, "sr": rate})
        if step >= 0:
            result[:, step] = out[:, 0]
    return result.reshape(-1)[:frames]


def _frames(samples: NDArray[np.int16], numbers: NDArray[np.int64]) -> Floats:
    """Frames with the 64 samples before each, -1..1, shape (n, 576); zeros outside the track."""
    block = np.zeros((len(numbers), CONTEXT + FRAME), dtype=np.float32)
    for row, number in enumerate(numbers):
        start = int(number) * FRAME - CONTEXT
        part = samples[max(0, start) : max(0, start + CONTEXT + FRAME)]
        at = max(0, -start)
        block[row, at : at + len(part)] = part
    block /= np.float32(32768.0)
    return block


def segments(
    probability: Floats,
    step_s: float,
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
    smoothing: Smoothing | None = None,
) -> tuple[Span, ...]:
    """Speech spans from frame probabilities, with hysteresis, in time order, not overlapping.

    Args:
        probability: shape (n,), 0..1. step_s: seconds per frame.
        start_s: time of the first frame. end_s: end of the track, which padding may not pass.
    """
    rule = smoothing or Smoothing()
    limit = start_s + len(probability) * step_s if end_s is None else end_s
    runs = _bridged(_runs(probability, rule), round(rule.min_silence_s / step_s))
    kept = [(a, b) for a, b in runs if (b - a) * step_s >= rule.min_speech_s - 1e-9]
    spans: list[Span] = []
    for a, b in kept:
        begin = max(start_s, start_s + a * step_s - rule.pad_s)
        end = min(limit, start_s + b * step_s + rule.pad_s)
        if spans and begin <= spans[-1].end_s:
            spans[-1] = Span(spans[-1].start_s, max(end, spans[-1].end_s))
        elif end > begin:
            spans.append(Span(begin, end))
    return tuple(spans)


def _runs(probability: Floats, rule: Smoothing) -> list[tuple[int, int]]:
    """Frame ranges that rise above `enter` and last until they fall below `leave`."""
    runs: list[tuple[int, int]] = []
    begin: int | None = None
    for i, value in enumerate(probability):
        if begin is None and value >= rule.enter:
            begin = i
        elif begin is not None and value < rule.leave:
            runs.append((begin, i))
            begin = None
    if begin is not None:
        runs.append((begin, len(probability)))
    return runs


def _bridged(runs: list[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    """Runs joined where the silence between them is shorter than `gap` frames."""
    joined: list[tuple[int, int]] = []
    for a, b in runs:
        if joined and a - joined[-1][1] < gap:
            joined[-1] = (joined[-1][0], b)
        else:
            joined.append((a, b))
    return joined
