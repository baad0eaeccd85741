"""Probing: headers and packets of a recording, brought onto the recording's clock."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audit import sandbox
from audit.errors import InputError, MediaLimitExceeded, MediaUnreadable, SandboxFailed
from audit.facts import EditList, MediaFacts, Packets, Stream
from audit.media.sources import (
    SEQUENCE_RATE,
    MediaSource,
    digest,
    opened,
    resolve,
)

if TYPE_CHECKING:
    from audit.settings import Limits

COLUMNS = ("pts", "dts", "duration", "size", "flags", "position")
KEYFRAME = 1
MISSING = np.iinfo(np.int64).min
OUTPUT_MB = 512
FIRST_IMAGES = 8
"""How many images of a sequence are tried before it is called unreadable."""


def probe(source: MediaSource, limits: Limits) -> MediaFacts:
    """Headers and packets of one recording; the whole file is hashed.

    Raises:
        MediaUnreadable: there is neither sound nor picture that could be read.
        MediaLimitExceeded: the file is beyond one of `limits`.
        SandboxFailed: our own subprocess failed.
    """
    where = resolve(source, limits)
    if isinstance(where, tuple):
        return _sequence_facts(where, limits)
    with opened(where, limits) as fd:
        raw = _ask(fd, limits)
        return _facts(raw, digest(fd), os.fstat(fd).st_size, limits)


@dataclass
class _Raw:
    header: dict[str, Any]
    columns: dict[int, list[NDArray[np.int64]]]


def _ask(fd: int, limits: Limits) -> _Raw:
    columns: dict[int, list[NDArray[np.int64]]] = defaultdict(list)
    header: dict[str, Any] | None = None
    for message in _messages(fd, limits):
        if message.header.get("kind") == "facts":
            header = message.header
        else:
            rows = message.payload.view(np.int64)
            columns[int(message.header["stream"])].append(rows.reshape(len(COLUMNS), -1))
    if header is None:
        raise SandboxFailed("The probing process ended without an answer.")
    return _Raw(header, columns)


def _messages(fd: int, limits: Limits) -> Iterator[sandbox.Message]:
    request = {
        "pixels": limits.pixels,
        "still_pixels": limits.still_pixels,
        "streams": limits.streams,
        "packets": limits.packets,
        "nesting": limits.nesting,
    }
    bounds = sandbox.Bounds.of(limits, output_mb=OUTPUT_MB)
    run = sandbox.run("audit.confined.headers:probe", request, source=fd, bounds=bounds)
    with contextlib.closing(run) as messages:
        yield from messages


def _facts(raw: _Raw, sha256: str, size: int, limits: Limits) -> MediaFacts:
    header = raw.header
    streams = [_stream(row, raw.columns.get(row["index"], [])) for row in header["streams"]]
    origin_s = min((s.start_s for s in streams if len(s.packets.size)), default=0.0)
    streams = [_shifted(stream, origin_s) for stream in streams]
    duration_s = max((_end_s(s) for s in streams), default=0.0)
    if duration_s <= 0.0:
        duration_s = float(header["duration"] or 0.0)
    if duration_s > limits.duration_s:
        raise MediaLimitExceeded(
            f"The recording is {duration_s:.0f} s long, more than {limits.duration_s:.0f} s. Give "
            "a shorter file, or raise FAIRWITNESS_LIMITS__DURATION_S."
        )
    return MediaFacts(
        sha256=sha256,
        size=size,
        format=str(header["format"]),
        duration_s=duration_s,
        streams=tuple(streams),
        tags=_texts(header["tags"]),
        brand=str(header["brand"]),
        boxes=tuple(str(name) for name in header["boxes"]),
        edits=tuple(
            EditList(int(t), float(d), float(m), float(r)) for t, d, m, r in header["edits"]
        ),
        others=tuple(str(name) for name in header["others"]),
        problems=(*(str(p) for p in header["problems"]), *_stream_problems(streams, header)),
        origin_s=origin_s,
    )


def _stream_problems(streams: list[Stream], header: Mapping[str, Any]) -> Iterator[str]:
    words = {"video": "pictures", "audio": "sound"}
    for stream, row in zip(streams, header["streams"], strict=True):
        name = f"The {words[stream.kind]} (stream {stream.index}"
        if not row["decodable"]:
            yield f"{name}) cannot be decoded: their format is not known here."
        elif not len(stream.packets.size):
            yield f"{name}, {stream.codec}) is announced, but the file holds none of it."


def _stream(row: Mapping[str, Any], columns: list[NDArray[np.int64]]) -> Stream:
    table = np.concatenate(columns, axis=1) if columns else np.empty((len(COLUMNS), 0), np.int64)
    column = dict(zip(COLUMNS, table, strict=True))
    base = Fraction(*row["time_base"])
    packets = Packets(
        pts_s=_seconds(column["pts"], base),
        dts_s=_seconds(column["dts"], base),
        duration_s=_seconds(column["duration"], base),
        size=column["size"],
        keyframe=(column["flags"] & KEYFRAME).astype(np.bool_),
        position=column["position"],
    )
    first_s = None if row["start"] is None else float(row["start"] * base)
    return Stream(
        index=int(row["index"]),
        kind=row["kind"],
        codec=str(row["codec"]),
        profile=str(row["profile"]),
        start_s=_start_s(packets, first_s),
        duration_s=row["duration"],
        time_base=(base.numerator, base.denominator),
        packets=packets,
        width=int(row["width"]),
        height=int(row["height"]),
        rotation=90 * (int(row["turns"]) % 4),
        pixel_format=str(row["pixel_format"]),
        declared_rate=row["declared_rate"],
        average_rate=row["average_rate"],
        sample_rate=int(row["sample_rate"]),
        channels=int(row["channels"]),
        bit_rate=row["bit_rate"],
        tags=_texts(row["tags"]),
        side=tuple(str(text) for text in row["side"]),
        mirrored=bool(row["mirrored"]),
    )


def _start_s(packets: Packets, first_s: float | None) -> float:
    """When the stream is first seen or heard, on the file's clock.

    The first decoded frame says it best for sound (encoders put priming samples before it, which
    are not played); for pictures the earliest packet may come later in the file.
    """
    known = packets.pts_s[np.isfinite(packets.pts_s)]
    earliest = float(known.min()) if len(known) else 0.0
    if first_s is None:
        return earliest
    return first_s if first_s > earliest else earliest


def _seconds(ticks: NDArray[np.int64], base: Fraction) -> NDArray[np.float64]:
    seconds = ticks.astype(np.float64) * base.numerator / base.denominator
    seconds[ticks == MISSING] = np.nan
    return seconds


def _shifted(stream: Stream, origin_s: float) -> Stream:
    packets = replace(
        stream.packets,
        pts_s=stream.packets.pts_s - origin_s,
        dts_s=stream.packets.dts_s - origin_s,
    )
    return replace(stream, start_s=stream.start_s - origin_s, packets=packets)


def _end_s(stream: Stream) -> float:
    packets = stream.packets
    if not len(packets.size):
        return 0.0
    times = np.where(np.isnan(packets.pts_s), packets.dts_s, packets.pts_s)
    ends = times + packets.duration_s
    known = ends[np.isfinite(ends)]
    return float(known.max()) if len(known) else 0.0


def _texts(tags: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in tags.items()}


def _sequence_facts(paths: tuple[Path, ...], limits: Limits) -> MediaFacts:
    """Facts of an image sequence: one packet per image, at `SEQUENCE_RATE`."""
    first, problems = _first_image(paths, limits)
    sha = hashlib.sha256()
    sizes = np.zeros(len(paths), dtype=np.int64)
    for place, path in enumerate(paths):
        with opened(path, limits) as fd:
            sha.update(bytes.fromhex(digest(fd)))
            sizes[place] = os.fstat(fd).st_size
    count = len(paths)
    times = np.arange(count) / SEQUENCE_RATE
    packets = Packets(
        pts_s=times,
        dts_s=times,
        duration_s=np.full(count, 1.0 / SEQUENCE_RATE),
        size=sizes,
        keyframe=np.ones(count, dtype=np.bool_),
        position=np.full(count, -1, dtype=np.int64),
    )
    stream = replace(first, index=0, start_s=0.0, duration_s=None, packets=packets)
    return MediaFacts(
        sha256=sha.hexdigest(),
        size=int(sizes.sum()),
        format="image sequence",
        duration_s=count / SEQUENCE_RATE,
        streams=(replace(stream, time_base=(1, 25), declared_rate=None, average_rate=None),),
        problems=tuple(problems),
    )


def _first_image(paths: tuple[Path, ...], limits: Limits) -> tuple[Stream, list[str]]:
    """The stream of the first image that can be read."""
    problems = []
    for path in paths[:FIRST_IMAGES]:
        try:
            with opened(path, limits) as fd:
                raw = _ask(fd, limits)
        except InputError as error:
            problems.append(f"Image '{path.name}': {error}")
            continue
        rows = [row for row in raw.header["streams"] if row["kind"] == "video"]
        if rows:
            return _stream(rows[0], []), problems
    raise MediaUnreadable(
        f"None of the first {min(len(paths), FIRST_IMAGES)} images could be read"
        f" ({'; '.join(problems[:1]) or 'they hold no picture'})."
    )
