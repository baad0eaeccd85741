"""Where voices take turns: stretches of windows made into times, to a fraction of a window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audit.interview import Floats
from audit.types import Span
from identity.voice_line import VoiceLine
from identity.voice_split import Labels
from identity.voice_windows import RATE, WINDOW

FINE = RATE // 5
REACH = RATE * 3 // 5
SNAP = RATE * 7 // 20
MOST_REFINED = 16


@dataclass(frozen=True, slots=True)
class Turn:
    """One voice speaking without another between.

    Attributes:
        voice: 0 is the voice heard most.
        first, last: speech samples, `last` not included. span: the same in the recording.
    """

    voice: int
    first: int
    last: int
    span: Span

    @property
    def speech_s(self) -> float:
        """Seconds of speech in it."""
        return (self.last - self.first) / RATE


def turns_of(line: VoiceLine, labels: Labels, voices: Sequence[Floats]) -> tuple[Turn, ...]:
    """The turns of a labelled line, in time order, covering all its speech.

    `labels` (n,) number the voices; `voices` are their vectors. The first 16 changes are located
    between windows every .2 s, later ones to half a hop; a pause within .35 s is taken for the
    change.
    """
    changes = np.flatnonzero(np.diff(labels))
    middles = line.starts + WINDOW // 2
    borders = [0]
    for count, row in enumerate(changes):
        between = int(middles[row] + middles[row + 1]) // 2
        if count < MOST_REFINED:
            pair = voices[labels[row]], voices[labels[row + 1]]
            between = _refined(line, between, *pair)
        borders.append(max(borders[-1], _snapped(line, between)))
    borders.append(line.timeline.length)
    spoken = [int(labels[0]), *(int(labels[row + 1]) for row in changes)]
    return tuple(
        Turn(voice, first, last, _span(line, first, last))
        for voice, first, last in zip(spoken, borders, borders[1:], strict=False)
        if last > first
    )


def _refined(line: VoiceLine, near: int, before: Floats, after: Floats) -> int:
    """Where the window that ends fits the voice before best, and the one that begins the next."""
    length = line.timeline.length
    places = np.arange(near - REACH, near + REACH + 1, FINE)
    places = places[(places >= 0) & (places <= length)]
    starts = np.concatenate([places - WINDOW, places])
    whole = (starts >= 0) & (starts + WINDOW <= length)
    gain = np.zeros(len(starts))
    if whole.any():
        gain[whole] = line.encoder.embed(line.at(starts[whole])) @ (before - after)
    ends, begins = gain[: len(places)], -gain[len(places) :]
    return int(places[np.argmax(ends + begins)]) if len(places) else near


def _snapped(line: VoiceLine, position: int) -> int:
    """The nearest pause in the speech within .35 s, else the position itself."""
    pauses = line.timeline.ends_at[:-1]
    if not len(pauses):
        return position
    nearest = int(pauses[np.argmin(np.abs(pauses - position))])
    return nearest if abs(nearest - position) <= SNAP else position


def _span(line: VoiceLine, first: int, last: int) -> Span:
    start = line.timeline.time_s(first)
    return Span(start, max(start, line.timeline.time_s(last - 1) + 1.0 / RATE))
