"""Reading the sound of a recording."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audit import sandbox
from audit.errors import MediaLimitExceeded, MediaUnreadable
from audit.facts import MediaFacts, Stream
from audit.interview import Audio
from audit.media.sources import MediaSource, opened, resolve
from audit.types import Span

if TYPE_CHECKING:
    from audit.settings import Limits

RATE = 16_000
"""Samples per second handed out; what the speech models take."""

SHORT_S = 1.0
"""A decoded track that ends this much before its last packet is reported as cut off."""

SMALLEST_GAP_S = 0.02


def read_audio(
    source: MediaSource, facts: MediaFacts, limits: Limits
) -> tuple[Audio | None, tuple[str, ...]]:
    """The main audio stream as 16 kHz mono int16 on the recording's clock, and what went wrong.

    None where the recording has no sound or none of it could be decoded. Stretches that the file
    does not cover are zeros and are listed in `Audio.gaps`.

    Raises:
        MediaUnreadable, MediaLimitExceeded: the pass over the file failed as a whole.
    """
    stream = facts.audio
    where = resolve(source, limits)
    if stream is None or isinstance(where, tuple) or not len(stream.packets.size):
        return None, ()
    try:
        track, report = _listen(where, facts, stream, limits)
    except MediaUnreadable as error:
        return None, (str(error),)
    problems = _problems(track, report, stream)
    if not track.samples:
        return None, problems or ("The sound holds no samples.",)
    audio = Audio(
        samples=np.frombuffer(track.samples, dtype="<i2"),
        rate=RATE,
        start_s=track.first / RATE,
        source_rate=stream.sample_rate,
        channels=stream.channels,
        gaps=tuple(track.gaps),
    )
    return audio, problems


class _Track:
    """Samples in their places; gaps are filled, overlaps dropped."""

    def __init__(self, most: int) -> None:
        self.samples = bytearray()
        self.first = 0
        self.gaps: list[Span] = []
        self._most = most

    @property
    def end(self) -> int:
        """The position after the last sample, from the recording's start."""
        return self.first + len(self.samples) // 2

    def add(self, at: int, data: NDArray[np.uint8]) -> None:
        if not self.samples:
            # Sound before the clock's zero is the encoder's lead-in.
            data = data[max(0, -at) * 2 :]
            self.first = max(0, at)
        else:
            self._join(at)
            data = data[max(0, self.end - at) * 2 :]
        if len(self.samples) + len(data) > 2 * self._most:
            raise _too_long()
        self.samples += data.tobytes()

    def _join(self, at: int) -> None:
        missing = at - self.end
        if missing <= 0:
            return
        if at - self.first > self._most:
            raise _too_long()
        if missing > SMALLEST_GAP_S * RATE:
            self.gaps.append(Span(self.end / RATE, at / RATE))
        self.samples += bytes(2 * missing)


def _too_long() -> MediaLimitExceeded:
    return MediaLimitExceeded(
        "The sound is longer than the limit on a recording's length allows. Give a shorter file, "
        "or raise FAIRWITNESS_LIMITS__DURATION_S."
    )


def _listen(
    path: Path, facts: MediaFacts, stream: Stream, limits: Limits
) -> tuple[_Track, dict[str, Any]]:
    most = int(limits.duration_s * RATE) + RATE
    request = {
        "stream": stream.index,
        "rate": RATE,
        "samples": most,
        "origin_s": facts.origin_s,
        "pixels": limits.pixels,
        "still_pixels": limits.still_pixels,
        "packets": limits.packets,
    }
    bounds = sandbox.Bounds.of(limits, duration_s=facts.duration_s, output_mb=16 + (most * 2 >> 20))
    track = _Track(most)
    report: dict[str, Any] = {}
    with opened(path, limits, size=facts.size) as fd:
        run = sandbox.run("audit.confined.sound:sound", request, source=fd, bounds=bounds)
        with contextlib.closing(run) as messages:
            for message in messages:
                if message.header.get("kind") == "report":
                    report = message.header
                else:
                    track.add(int(message.header["at"]), message.payload)
    return track, report


def _problems(track: _Track, report: dict[str, Any], stream: Stream) -> tuple[str, ...]:
    problems = [str(note) for note in report.get("notes", [])]
    errors = int(report.get("errors", 0))
    ends = stream.packets.pts_s + stream.packets.duration_s
    known = ends[np.isfinite(ends)]
    whole_s = float(known.max()) if len(known) else 0.0
    heard_s = track.end / RATE
    if errors and not track.samples:
        problems.append("The sound could not be decoded: its packets are damaged or encrypted.")
    elif whole_s - heard_s > SHORT_S:
        problems.append(f"Sound could be decoded up to {heard_s:.1f} s of {whole_s:.1f} s.")
    elif errors:
        at_s = float(report.get("first_error_s") or 0.0)
        problems.append(
            f"{errors} of {len(stream.packets.size)} sound packets could not be decoded, the first "
            f"at {at_s:.1f} s."
        )
    return tuple(problems)
