"""Tasks: frames of one video stream, or of single images, as signatures and reduced pictures.

What to decode is decided by the parent and comes as one byte per packet (see `audit.media.schedule`
for how it is found): the low two bits say how, the next two what is handed out.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Any

from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from audit.confined import libav, stills
from audit.confined.channel import Channel, Refused
from audit.confined.entry import SourceFile
from audit.confined.orders import DROP, PICTURE, REFERENCES, SIGNATURE_SIZE, SILENT, SPARSE

SLACK_S = 1e-6
"""Times are rounded sums of fractions; steps are compared with this much room."""


@dataclass
class _Report:
    errors: int = 0
    damaged: int = 0
    first_error: int | None = None
    notes: list[str] = field(default_factory=list)


class _Painter:
    """Sends decoded frames: signature always, picture where it is due."""

    def __init__(self, request: dict[str, Any], orders: bytes, times: array[float], to: Channel):
        self._orders = orders
        self._times = times
        self._channel = to
        self._step_s: float = request["step_s"]
        self._max_side: int = request["max_side"]
        self._small = VideoReformatter()
        self._large = VideoReformatter()
        self._next_s = float("-inf")
        self._turns = libav.Turns()

    def paint(self, frame: Any, index: int, turn: tuple[int, bool] | None = None) -> None:
        """Send one frame, if its order asks for it; `turn` goes before what the frame says."""
        what = self._orders[index] >> 2
        if what == SILENT:
            return
        time_s = self._times[index]
        turns, mirrored = turn or self._turns.of(frame)
        width, height = SIGNATURE_SIZE if turns % 2 == 0 else SIGNATURE_SIZE[::-1]
        small = self._small.reformat(
            frame, width, height, "gray", interpolation=Interpolation.AREA, threads=1
        )
        header = {"kind": "frame", "index": index, "turns": turns, "mirrored": mirrored}
        rows = memoryview(small.planes[0])
        stride = small.planes[0].line_size
        signature = b"".join(rows[y * stride : y * stride + width] for y in range(height))
        due = what == PICTURE or (what == SPARSE and time_s >= self._next_s)
        if not due:
            self._channel.send(header, signature)
            return
        self._next_s = time_s + self._step_s - SLACK_S
        large = self._picture(frame)
        plane = large.planes[0]
        header |= {"width": large.width, "height": large.height, "stride": plane.line_size}
        header |= {"of": max(_displayed(frame))}
        self._channel.send(header, signature, plane)

    def _picture(self, frame: Any) -> Any:
        width, height = _displayed(frame)
        share = min(1.0, self._max_side / max(width, height))
        size = max(1, round(width * share)), max(1, round(height * share))
        return self._large.reformat(
            frame,
            *size,
            "bgr24",
            interpolation=Interpolation.AREA if size != (width, height) else None,
            dst_color_range=ColorRange.JPEG,
            threads=1,
        )


def _displayed(frame: Any) -> tuple[int, int]:
    """Width and height before turning."""
    return frame.width, frame.height


def frames(source: SourceFile, request: dict[str, Any], body: bytes, channel: Channel) -> None:
    """Sends one message per decoded frame, in presentation order, then one message `report`."""
    count = request["count"]
    times = array("d")
    times.frombytes(body[count:])
    painter = _Painter(request, body[:count], times, channel)
    with libav.opened(source) as container:
        stream = container.streams[request["stream"]]
        context = libav.prepare(stream, request)
        if context is None or stream.type != "video":
            raise Refused("unreadable", "The pictures have a format that no decoder here knows.")
        watcher = _Watcher(context, body[:count], painter, sequential=request["sequential"])
        try:
            for packet in libav.packets(container, [stream], request["packets"]):
                watcher.feed(packet)
        except libav.Broken as broken:
            note = f"Reading the pictures stopped before the end of the file ({broken})."
            watcher.report.notes.append(note)
        watcher.drain()
    _close(watcher.report, channel)


class _Watcher:
    """Decodes what the orders say; knows which packet each frame came from."""

    def __init__(self, context: Any, orders: bytes, painter: _Painter, *, sequential: bool):
        self.report = _Report()
        self._context = context
        self._orders = orders
        self._painter = painter
        self._sequential = sequential
        self._next = 0
        self._holding = False
        self._fed: list[int] = []

    def feed(self, packet: Any) -> None:
        """Decode one packet, or skip it; packets that are not shown go with the next one."""
        index = self._next
        if not packet.is_discard:
            self._next += 1
        how = self._orders[index] & 3 if index < len(self._orders) else DROP
        if how == DROP:
            self.drain()
            return
        self._context.skip_frame = "NONREF" if how == REFERENCES else "DEFAULT"
        self._holding = True
        if not packet.is_discard:
            # PyAV tells opaque objects apart by identity, so no two packets may share a number.
            packet.opaque = index
            self._fed.append(index)
        self._decode(packet, index)

    def drain(self) -> None:
        """Take what the decoder still holds and make it forget: the next packet lies elsewhere."""
        if not self._holding:
            return
        self._context.skip_frame = "DEFAULT"
        self._decode(None, self._next)
        self._context.flush_buffers()
        self._holding = False
        self._fed.clear()

    def _decode(self, packet: Any, index: int) -> None:
        try:
            decoded = self._context.decode(packet)
        except MemoryError:
            raise
        except libav.FAULTS:
            self.report.errors += 1
            if self.report.first_error is None:
                self.report.first_error = min(index, len(self._orders) - 1)
            return
        for frame in decoded:
            self._show(frame)

    def _show(self, frame: Any) -> None:
        index = self._origin(frame)
        if index is None or index >= len(self._orders):
            return
        if frame.is_corrupt:
            self.report.damaged += 1
        try:
            self._painter.paint(frame, index)
        except libav.FAULTS:
            self.report.errors += 1

    def _origin(self, frame: Any) -> int | None:
        """The packet that a frame came from; in files without presentation times, by order."""
        if not self._sequential:
            return frame.opaque if isinstance(frame.opaque, int) else None
        return self._fed.pop(0) if self._fed else None


def images(source: SourceFile, request: dict[str, Any], body: bytes, channel: Channel) -> None:
    """Like `frames` for images that the parent feeds, one message each, in the order of `body`."""
    count = request["count"]
    times = array("d")
    times.frombytes(body[count:])
    painter = _Painter(request, body[:count], times, channel)
    report = _Report()
    for index in range(count):
        if body[index] & 3 == DROP:
            continue
        _, data = channel.receive()
        try:
            frame = stills.decode_bytes(data, request)
            painter.paint(frame, index, stills.turn(data))
        except Refused as refusal:
            if refusal.code == "limit":
                raise
            report.errors += 1
            if report.first_error is None:
                report.first_error = index
    _close(report, channel)


def _close(report: _Report, channel: Channel) -> None:
    channel.send(
        {
            "kind": "report",
            "errors": report.errors,
            "damaged": report.damaged,
            "first_error": report.first_error,
            "notes": report.notes,
        }
    )
