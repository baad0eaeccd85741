"""Task: one audio stream as 16-bit mono at one rate, placed by its timestamps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import av

from audit.confined import libav
from audit.confined.channel import Channel, Refused
from audit.confined.entry import SourceFile

JUMP_S = 0.1
"""A timestamp this far from where the samples so far end begins a new segment at once."""

DRIFT_S = 0.02
DRIFT_WEIGHT = 0.1
"""A smaller distance does when its running mean (weight of the newest frame) stays beyond this:
recorders round and jitter timestamps by milliseconds, and cutting at each would add clicks."""

CHUNK_BYTES = 1 << 16


@dataclass
class _Segment:
    """A stretch without gaps: where it began, how much went in, how much came out."""

    start_s: float
    resampler: Any
    source_s: float = 0.0
    drift_s: float = 0.0

    @property
    def end_s(self) -> float:
        return self.start_s + self.source_s


def sound(source: SourceFile, request: dict[str, Any], body: bytes, channel: Channel) -> None:
    """Sends chunks with the sample position `at` (from `origin_s`), then one message `report`."""
    with libav.opened(source) as container:
        stream = container.streams[request["stream"]]
        context = libav.prepare(stream, request)
        if context is None or stream.type != "audio":
            raise Refused("unreadable", "The sound has a format that no decoder here knows.")
        _Listener(stream, context, request, channel).listen(container, request["packets"])


class _Listener:
    def __init__(self, stream: Any, context: Any, request: dict[str, Any], channel: Channel):
        self._stream = stream
        self._context = context
        self._channel = channel
        self._rate: int = request["rate"]
        self._origin_s: float = request["origin_s"]
        self._most: int = request["samples"]
        self._segment: _Segment | None = None
        self._at = 0
        self._chunk = bytearray()
        self._sent = 0
        self._errors = 0
        self._first_error_s: float | None = None
        self._notes: list[str] = []

    def listen(self, container: Any, most_packets: int) -> None:
        try:
            for packet in libav.packets(container, [self._stream], most_packets):
                self._decode(packet)
        except libav.Broken as broken:
            self._notes.append(f"Reading the sound stopped before the end of the file ({broken}).")
        self._decode(None)
        self._close_segment()
        self._channel.send(
            {
                "kind": "report",
                "errors": self._errors,
                "first_error_s": self._first_error_s,
                "notes": self._notes,
            }
        )

    def _decode(self, packet: Any) -> None:
        try:
            frames = self._context.decode(packet)
        except MemoryError:
            raise
        except libav.FAULTS:
            self._errors += 1
            if self._first_error_s is None:
                self._first_error_s = self._segment.end_s if self._segment else 0.0
            return
        for frame in frames:
            self._take(frame)

    def _take(self, frame: Any) -> None:
        if frame.samples <= 0 or frame.sample_rate <= 0:
            return
        time_s = self._time(frame)
        segment = self._segment
        if segment is None or not self._continues(segment, time_s):
            self._close_segment()
            start_s = time_s if time_s is not None else (segment.end_s if segment else 0.0)
            segment = self._segment = _Segment(start_s, self._resampler("mono"))
            self._at = round(start_s * self._rate)
        segment.source_s += frame.samples / frame.sample_rate
        # Our own clock counts samples; timestamps given to the resampler would only be echoed.
        frame.pts = None
        self._emit(self._resample(segment, frame))

    def _time(self, frame: Any) -> float | None:
        if frame.pts is None or frame.time_base is None:
            return None
        return float(frame.pts * frame.time_base) - self._origin_s

    def _continues(self, segment: _Segment, time_s: float | None) -> bool:
        if time_s is None:
            return True
        off_s = time_s - segment.end_s
        segment.drift_s += (off_s - segment.drift_s) * DRIFT_WEIGHT
        return abs(off_s) <= JUMP_S and abs(segment.drift_s) <= DRIFT_S

    def _resampler(self, layout: str | None) -> Any:
        return av.AudioResampler(format="s16p" if layout is None else "s16", layout=layout,
                                 rate=self._rate)  # fmt: skip

    def _resample(self, segment: _Segment, frame: Any) -> list[Any]:
        try:
            return list(segment.resampler.resample(frame))
        except MemoryError:
            raise
        except libav.FAULTS:
            # Channel layouts without a name cannot be mixed; the first channel still can be read.
            note = "The sound's channels could not be mixed; the first one was used."
            if note in self._notes:
                self._errors += 1
                return []
            self._notes.append(note)
        segment.resampler = self._resampler(None)
        return self._resample(segment, frame)

    def _close_segment(self) -> None:
        if self._segment is not None:
            try:
                self._emit(self._segment.resampler.resample(None))
            except libav.FAULTS:
                self._errors += 1
            self._segment = None
        self._send()

    def _emit(self, frames: list[Any]) -> None:
        for frame in frames:
            self._chunk += bytes(frame.planes[0])[: 2 * frame.samples]
            if len(self._chunk) >= CHUNK_BYTES:
                self._send()

    def _send(self) -> None:
        if not self._chunk:
            return
        samples = len(self._chunk) // 2
        self._sent += samples
        if max(self._sent, self._at + samples) > self._most:
            raise Refused(
                "limit",
                "The sound is longer than the limit on a recording's length allows. Give a shorter "
                "file, or raise FAIRWITNESS_LIMITS__DURATION_S.",
            )
        self._channel.send({"kind": "sound", "at": self._at}, self._chunk)
        self._at += samples
        self._chunk = bytearray()
