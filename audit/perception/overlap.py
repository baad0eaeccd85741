"""Two voices at once: a probability per 17 ms from a three-speaker segmentation network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audit.interview import Floats
from audit.perception.vad import Session

WINDOW = 80_000
FRAMES = 293
STEP_S = 5.0 / FRAMES
BATCH = 2


def overlap_probability(samples: NDArray[np.int16], session: Session) -> Floats:
    """Probability that at least two people speak, per frame of `STEP_S`, 0..1, shape (n,).

    `samples` are mono at 16 kHz. The network sees windows of 5 s and gives the activity of up to
    three local speakers; overlap is the second largest of the three (Bredin and Laurent 2021,
    "End-to-end speaker segmentation for overlap-aware resegmentation"). Frame times are exact to
    about 30 ms.
    """
    count = -(-len(samples) // WINDOW)
    found = [
        _second_speaker(_windows(samples, i, min(count, i + BATCH)), session)
        for i in range(0, count, BATCH)
    ]
    if not found:
        return np.zeros(0, dtype=np.float32)
    frames = -(-len(samples) * FRAMES // WINDOW)
    return np.concatenate(found)[:frames]


def _windows(samples: NDArray[np.int16], first: int, last: int) -> Floats:
    part = samples[first * WINDOW : last * WINDOW].astype(np.float32) / np.float32(32768.0)
    padded = np.zeros((last - first) * WINDOW, dtype=np.float32)
    padded[: len(part)] = part
    return padded.reshape(last - first, 1, WINDOW)


def _second_speaker(windows: Floats, session: Session) -> Floats:
    (scores,) = session.run(None, {"waveform": windows})
    second: Floats = np.sort(scores, axis=2)[:, :, -2].reshape(-1).astype(np.float32)
    return second
