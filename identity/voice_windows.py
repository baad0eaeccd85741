"""Speech with the silence left out, cut into windows for a voice encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.interview import Audio, Floats
from audit.types import Span

RATE = 16_000
MEL_FRAME = 400
MEL_HOP = 160
WINDOW = 159 * MEL_HOP + MEL_FRAME
"""Samples of one window at 16 kHz: 160 frames of 25 ms every 10 ms, 1.615 s."""

LEVEL_DBFS = -25.0
"""Every window is brought to this level, so that loudness cannot make a speaker. The network's own
pre-processing raises quiet utterances to -30 dBFS and leaves loud ones; this compared as well
(docs/detectors/speaker_consistency.md)."""


@dataclass(frozen=True, slots=True)
class SpeechTimeline:
    """Only the speech of a track, as if it were one piece; positions map back to times.

    Attributes:
        audio: the whole track.
        starts: first sample of each speech segment in the track, shape (m,).
        ends_at: speech samples up to the end of each segment, shape (m,).
    """

    audio: Audio
    starts: NDArray[np.int64]
    ends_at: NDArray[np.int64]

    @classmethod
    def of(cls, audio: Audio, segments: Sequence[Span]) -> SpeechTimeline:
        """The timeline of `segments`, which are sorted and do not overlap."""
        edges = np.array([(s.start_s, s.end_s) for s in segments], dtype=np.float64).reshape(-1, 2)
        samples = np.round((edges - audio.start_s) * audio.rate).astype(np.int64)
        samples = np.clip(samples, 0, len(audio.samples))
        return cls(audio, samples[:, 0], np.cumsum(samples[:, 1] - samples[:, 0]))

    @property
    def length(self) -> int:
        """Samples of speech."""
        return int(self.ends_at[-1]) if len(self.ends_at) else 0

    def time_s(self, position: int) -> float:
        """Time in the recording of a speech sample; the end of speech for positions past it."""
        if not len(self.ends_at):
            return self.audio.start_s
        row = min(int(np.searchsorted(self.ends_at, position, side="right")), len(self.starts) - 1)
        before = int(self.ends_at[row - 1]) if row else 0
        inside = min(position, int(self.ends_at[row])) - before
        return self.audio.start_s + (int(self.starts[row]) + inside) / self.audio.rate

    def cut(self, first: int, last: int) -> Floats:
        """Speech samples `first`..`last` as float32 in -1..1."""
        pieces: list[NDArray[np.int16]] = []
        row = int(np.searchsorted(self.ends_at, first, side="right"))
        while row < len(self.starts) and first < min(last, self.length):
            before = int(self.ends_at[row - 1]) if row else 0
            until = min(last, int(self.ends_at[row]))
            at = int(self.starts[row]) + first - before
            pieces.append(self.audio.samples[at : at + until - first])
            first, row = until, row + 1
        joined = np.concatenate(pieces) if pieces else np.zeros(0, np.int16)
        return joined.astype(np.float32) / np.float32(32768.0)


def window_starts(length: int, hop: int) -> NDArray[np.int64]:
    """First samples of windows every `hop` over `length` samples; none where it is too short.

    The last window ends with the track where the regular ones leave more than half a hop over.
    """
    if length < WINDOW:
        return np.zeros(0, dtype=np.int64)
    starts = np.arange(0, length - WINDOW + 1, hop, dtype=np.int64)
    if length - WINDOW - starts[-1] > hop // 2:
        starts = np.append(starts, length - WINDOW)
    return starts


def windows_of(samples: Floats, hop: int) -> Floats:
    """Windows (n, WINDOW) of a piece of speech; a piece shorter than one is repeated to fill it."""
    if len(samples) < WINDOW:
        samples = np.resize(samples, WINDOW)
    return np.stack([samples[a : a + WINDOW] for a in window_starts(len(samples), hop)])


def levelled(windows: Floats) -> Floats:
    """Windows (n, samples) scaled to `LEVEL_DBFS` each; digital silence stays silent."""
    power = np.mean(windows.astype(np.float64) ** 2, axis=1)
    gain = np.zeros(len(windows))
    loud = power > 0
    gain[loud] = 10.0 ** (LEVEL_DBFS / 20.0) / np.sqrt(power[loud])
    scaled: Floats = (windows * gain[:, None]).astype(np.float32)
    return scaled
