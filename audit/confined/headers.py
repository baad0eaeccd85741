"""Task: what a file says about itself, from its headers, packets and first frames."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from av.stream import Disposition

from audit.confined import boxes, libav, stills
from audit.confined.channel import Channel, Refused
from audit.confined.entry import SourceFile

NONE = -(1 << 63)
"""Stands for a missing timestamp (libav's AV_NOPTS_VALUE)."""

KEYFRAME = 1
ROWS = 1 << 15
MOST_TAGS = 64
TAG_CHARACTERS = 512
SIDE_PACKETS = 3
SIDE_BYTES = 1 << 16
SIDE_TEXTS = 8
SIDE_CHARACTERS = 2000
FIRST_FRAME_PACKETS = 120
MOST_RATE = 1000.0
"""Encoders that write variable rates put their clock's ticks where the frame rate belongs."""

TEXT_CODECS = {"h264", "hevc", "mpeg4", "av1"}
"""Codecs whose encoders leave their settings as text in the stream."""

LONG_TEXT = re.compile(rb"[\x20-\x7e]{20,}")
ENCODER_TEXT = re.compile(rb"(?:Lavc|LAME|libfaac|XviD|DivX)[\x20-\x7e]{2,40}")


@dataclass
class _Seen:
    """What has been gathered of one stream while its packets pass."""

    stream: Any
    context: Any
    columns: dict[str, array[int]]
    count: int = 0
    turn: tuple[int, bool] = (0, False)
    pixel_format: str = ""
    first_pts: int | None = None
    decoded: bool = False
    texts: dict[str, None] = field(default_factory=dict)


COLUMNS = ("pts", "dts", "duration", "size", "flags", "position")


def probe(source: SourceFile, request: dict[str, Any], body: bytes, channel: Channel) -> None:
    """Sends packets as int64 columns per stream, then one message of facts.

    Timestamps are in the stream's time base. `first_pts` is that of the first decoded frame, which
    for sound lies after the encoder's priming samples.
    """
    found = boxes.walk(source, source.length, request["nesting"])
    with libav.opened(source) as container:
        if len(container.streams) > request["streams"]:
            raise Refused(
                "limit",
                f"The file has {len(container.streams)} streams, more than {request['streams']}. "
                "Give a file with fewer, or raise FAIRWITNESS_LIMITS__STREAMS.",
            )
        seen, others = _streams(container, request)
        if not seen:
            raise Refused("unreadable", _nothing(others))
        problems = list(found.problems)
        if libav.is_still(container):
            _read_still(container, seen[0], source, request, channel)
        else:
            _read(container, seen, request["packets"], channel, problems)
        channel.send(
            {
                "kind": "facts",
                "format": container.format.name,
                "duration": _seconds(container.duration, 1_000_000),
                "tags": tags(container.metadata),
                "brand": found.brand,
                "boxes": found.order,
                "edits": found.edits,
                "others": others[:64],
                "problems": problems,
                "streams": [_described(one) for one in seen.values()],
            }
        )


def _nothing(others: list[str]) -> str:
    held = f" It holds {', '.join(others[:5])} only." if others else ""
    return f"The file has neither sound nor pictures.{held} Give a video, audio or image file."


def _streams(container: Any, limits: dict[str, Any]) -> tuple[dict[int, _Seen], list[str]]:
    seen: dict[int, _Seen] = {}
    others: list[str] = []
    for stream in container.streams:
        cover = bool(stream.disposition & Disposition.attached_pic)
        tile = bool(stream.disposition & Disposition.dependent) and stream.type == "video"
        if stream.type in ("video", "audio") and not cover and not tile:
            context = libav.prepare(stream, limits)
            seen[stream.index] = _Seen(stream, context, _columns())
            if context is not None and context.extradata:
                _scan(seen[stream.index], context.extradata)
        else:
            name = stream.codec_context.name if stream.codec_context is not None else "unknown"
            kind = "cover picture" if cover else "tile of an image" if tile else stream.type
            others.append(f"{kind} ({name})")
    return seen, others


def _columns() -> dict[str, array[int]]:
    return {name: array("q") for name in COLUMNS}


def _read(
    container: Any, seen: dict[int, _Seen], most: int, channel: Channel, problems: list[str]
) -> None:
    streams = [one.stream for one in seen.values()]
    try:
        for packet in libav.packets(container, streams, most):
            one = seen[packet.stream_index]
            if not one.decoded and one.context is not None:
                _first_frame(one, packet)
            if len(one.texts) < SIDE_TEXTS and one.count < SIDE_PACKETS:
                _scan(one, bytes(packet)[:SIDE_BYTES])
            if packet.is_discard:
                continue
            _record(one, packet)
            if len(one.columns["pts"]) >= ROWS:
                _flush(one, channel)
    except libav.Broken as broken:
        problems.append(f"Reading the file stopped before its end ({broken}).")
    for one in seen.values():
        if not one.decoded and one.context is not None:
            _first_frame(one, None)
        _flush(one, channel)


def _read_still(
    container: Any, one: _Seen, source: SourceFile, limits: dict[str, Any], channel: Channel
) -> None:
    """An image is one frame, the whole file its one packet."""
    source.seek(0)
    data = source.read()
    frame = stills.decode(container, data, limits)
    one.pixel_format = frame.format.name
    one.turn = stills.turn(data) or libav.Turns().of(frame)
    one.first_pts = 0
    row = {"pts": 0, "dts": 0, "duration": 1, "size": len(data), "flags": KEYFRAME, "position": 0}
    for name in COLUMNS:
        one.columns[name].append(row[name])
    _flush(one, channel)


def _record(one: _Seen, packet: Any) -> None:
    columns = one.columns
    columns["pts"].append(NONE if packet.pts is None else packet.pts)
    columns["dts"].append(NONE if packet.dts is None else packet.dts)
    columns["duration"].append(packet.duration or 0)
    columns["size"].append(packet.size)
    columns["flags"].append(KEYFRAME if packet.is_keyframe else 0)
    columns["position"].append(-1 if packet.pos is None else packet.pos)
    one.count += 1


def _flush(one: _Seen, channel: Channel) -> None:
    rows = len(one.columns["pts"])
    if rows:
        header = {"kind": "packets", "stream": one.stream.index, "rows": rows}
        channel.send(header, *(one.columns[name] for name in COLUMNS))
        one.columns = _columns()


def _first_frame(one: _Seen, packet: Any) -> None:
    """Decodes until the first frame, for what only frames tell."""
    try:
        frames = one.context.decode(packet)
    except MemoryError:
        raise
    except libav.FAULTS:
        frames = []
    if frames:
        one.decoded = True
        one.first_pts = frames[0].pts
        one.pixel_format = frames[0].format.name
        if one.stream.type == "video":
            one.turn = libav.Turns().of(frames[0])
    elif one.count > FIRST_FRAME_PACKETS:
        one.decoded = True


def _scan(one: _Seen, data: bytes) -> None:
    """Texts that encoders leave in the stream, such as the x264 settings line."""
    codec = one.context.codec.canonical_name if one.context is not None else ""
    long = LONG_TEXT.findall(data) if codec in TEXT_CODECS else []
    for text in [*long, *ENCODER_TEXT.findall(data)]:
        # The last byte of x265's identifier is printable and stands right before the text.
        words = text.decode("ascii").replace("Nx265", "x265", 1).strip()[:SIDE_CHARACTERS]
        if words and len(one.texts) < SIDE_TEXTS:
            one.texts[words] = None


def _described(one: _Seen) -> dict[str, Any]:
    stream, context = one.stream, one.context
    video = stream.type == "video"
    known = context is not None
    return {
        "index": stream.index,
        "kind": stream.type,
        "codec": context.codec.canonical_name if known else "unknown",
        "profile": str((stream.profile if known else "") or "")[:64],
        "decodable": known,
        "time_base": _ratio(stream.time_base),
        "start": one.first_pts,
        "duration": _seconds(stream.duration, stream.time_base),
        "width": context.width if video and known else 0,
        "height": context.height if video and known else 0,
        "turns": one.turn[0],
        "mirrored": one.turn[1],
        "pixel_format": one.pixel_format if video else "",
        "declared_rate": _rate(context.framerate) if video and known else None,
        "average_rate": _rate(stream.average_rate) if video else None,
        "sample_rate": (context.sample_rate or 0) if not video and known else 0,
        "channels": (context.channels or 0) if not video and known else 0,
        "bit_rate": (context.bit_rate or None) if known else None,
        "tags": tags(stream.metadata),
        "side": list(one.texts),
    }


def _ratio(value: Any) -> tuple[int, int]:
    return (value.numerator, value.denominator) if value else (0, 1)


def _rate(value: Any) -> float | None:
    return float(value) if value and value <= MOST_RATE else None


def _seconds(count: int | None, base: Any) -> float | None:
    if count is None:
        return None
    return float(count / base) if isinstance(base, int) else float(count * base)


def tags(metadata: Any) -> dict[str, str]:
    """At most 64 tags, each a printable text of at most 512 characters."""
    items: Iterable[tuple[str, str]] = list(metadata.items())[:MOST_TAGS]
    return {_clean(key)[:64]: _clean(value)[:TAG_CHARACTERS] for key, value in items}


def _clean(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
