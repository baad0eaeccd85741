"""The speech of a recording as a line of voice vectors, made once and shared by the detectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.interview import Floats, Interview
from audit.perception.sound import Sound, sound_of
from identity.embeddings import unit
from identity.voice_encoder import VoiceEncoder, encoder_for
from identity.voice_windows import RATE, WINDOW, SpeechTimeline, window_starts

HOP = RATE * 4 // 5
FINE_HOP = HOP // 2
FINE_UP_TO = 30 * RATE
MOST_WINDOWS = 4000
"""Longer recordings are heard at wider steps: one window per 2.5 s in three hours of speech."""

SPARED_FROM = 300 * RATE
"""From so much speech on, windows between two that sound alike are not made (`spared`)."""
MADE = 0.3
"""Share of the windows in between that is made: where the speech is least alike."""

CACHE_KEY = "identity.voice_line"


@dataclass(frozen=True, slots=True)
class VoiceLine:
    """Windows of 1.6 s along the speech of a recording.

    Attributes:
        timeline: the speech and its times. encoder: what made the vectors.
        starts (n,): first speech sample of each window. hop: samples between them.
        embeddings (n, d): unit vectors; in long recordings some stand for the mean of those beside
            them.
        sound: how the track sounds, None without speech.
    """

    timeline: SpeechTimeline
    encoder: VoiceEncoder
    starts: NDArray[np.int64]
    hop: int
    embeddings: Floats
    sound: Sound | None

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def speech_s(self) -> float:
        """Seconds of speech."""
        return self.timeline.length / RATE

    @property
    def times_s(self) -> NDArray[np.float64]:
        """Time of each window's middle in the recording, shape (n,)."""
        middle = self.starts + WINDOW // 2
        return np.array([self.timeline.time_s(int(m)) for m in middle], dtype=np.float64)

    def windows(self, rows: NDArray[np.int64]) -> Floats:
        """Samples of some windows, (k, WINDOW)."""
        return self.at(self.starts[rows])

    def at(self, starts: NDArray[np.int64]) -> Floats:
        """Samples of the windows that begin at these speech samples, (k, WINDOW)."""
        return np.stack([self.timeline.cut(int(a), int(a) + WINDOW) for a in starts])

    def mean(self) -> Floats:
        """One unit vector for all the speech, shape (d,)."""
        return unit(self.embeddings.mean(axis=0))


def voice_line(interview: Interview) -> VoiceLine | None:
    """The line of a recording; None where it has no readable sound. Made once per recording.

    Less than 1.6 s of speech gives a line without windows.

    Raises:
        SettingsInvalid, WeightsUnavailable: the encoder cannot be opened.
    """
    if interview.audio is None or interview.speech is None:
        return None
    kept = interview.cache.get(CACHE_KEY)
    if isinstance(kept, VoiceLine):
        return kept
    line = _made(interview)
    interview.cache[CACHE_KEY] = line
    return line


def _made(interview: Interview) -> VoiceLine:
    assert interview.audio is not None and interview.speech is not None  # noqa: S101 (caller checked)
    segments = interview.speech.segments
    timeline = SpeechTimeline.of(interview.audio, segments)
    encoder = encoder_for(interview)
    hop = FINE_HOP if timeline.length <= FINE_UP_TO else HOP
    hop = max(hop, -(-timeline.length // MOST_WINDOWS))
    starts = window_starts(timeline.length, hop)

    def embedded(some: NDArray[np.int64]) -> Floats:
        parts = [
            encoder.embed(np.stack([timeline.cut(int(a), int(a) + WINDOW) for a in part]))
            for part in np.array_split(some, max(1, -(-len(some) // 64)))
            if len(part)
        ]
        return np.concatenate(parts) if parts else np.empty((0, 1), np.float32)

    spares = timeline.length >= SPARED_FROM
    embeddings = spared(starts, embedded) if spares else embedded(starts)
    return VoiceLine(
        timeline, encoder, starts, hop, embeddings, sound_of(interview.audio, segments)
    )


def spared(starts: NDArray[np.int64], embedded: Callable[[NDArray[np.int64]], Floats]) -> Floats:
    """Vectors (n, d) of all windows, a third of which are not made, n >= 3.

    Every second window is. Of those in between, the ones are made beside which the speech is least
    alike: window to next window, or either to the whole. The rest become the mean of their two
    neighbours, as they would nearly be.
    """
    rows = np.arange(0, len(starts), 2)
    known = embedded(starts[rows])
    whole = unit(known.mean(axis=0))
    apart = np.minimum(
        (known[:-1] * known[1:]).sum(axis=1),
        np.minimum.reduce([known[:-1] @ whole, known[1:] @ whole]),
    )
    found = np.empty((len(starts), known.shape[1]), known.dtype)
    found[rows] = known
    between = rows[:-1] + 1
    made = np.sort(np.argsort(apart, kind="stable")[: max(1, round(MADE * len(apart)))])
    found[between] = unit(known[:-1] + known[1:])
    odd = between[made]
    if rows[-1] + 1 < len(starts):
        odd = np.append(odd, rows[-1] + 1)
    found[odd] = embedded(starts[odd])
    return found
