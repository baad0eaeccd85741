"""Which frames of a recording are decoded, and which are handed out in colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.interview import Window


@dataclass(frozen=True, slots=True)
class PicturePlan:
    """A request to the decoder.

    In each of `windows` (sorted, not overlapping) every frame is decoded. Outside of them key
    frames are decoded, and whole stretches between key frames where those lie further apart than
    `max_gap_s`; of these, frames at least `step_s` apart are handed out in colour. `max_side`
    bounds the longer side of handed-out images.
    """

    windows: tuple[Window, ...]
    step_s: float
    max_gap_s: float
    max_side: int


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded frame.

    Attributes:
        time_s: presentation time on the recording's clock. frame: number in presentation order.
        dense: True inside a window (the previous frame of the file was decoded too).
        signature: area-averaged luma of the displayed frame, uint8 (24, 32).
        image: BGR uint8 (height, width, 3), rotation applied, or None where only the signature was
            asked for.
        scale: handed-out size over displayed size (1.0 unless reduced to `max_side`).
    """

    time_s: float
    frame: int
    dense: bool
    signature: NDArray[np.uint8]
    image: NDArray[np.uint8] | None
    scale: float = 1.0
