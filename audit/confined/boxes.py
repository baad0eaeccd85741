"""The boxes of ISO base media files (mp4, mov, m4a, 3gp, avif): order, brand and edit lists.

Sources: ISO/IEC 14496-12, sections 4.2 (boxes), 8.2.2 (mvhd), 8.3.2 (tkhd), 8.4.2 (mdhd) and
8.6.6 (elst). Only headers and these small boxes are read, so the walk costs little whatever the
size of the file; it also finds hostile nesting before libav sees the file.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

from audit.confined.channel import Refused

FIRST = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"styp", b"moof", b"pnot", b"uuid"}
CONTAINERS = {
    b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"dinf", b"udta", b"mvex", b"moof",
    b"traf", b"mfra", b"meta", b"iprp", b"ipco", b"tref", b"sinf", b"schi", b"clip", b"cmov",
}  # fmt: skip
MOST_BOXES = 200_000
MOST_NAMED = 256
MOST_EDITS = 4096
SMALL_BOX = 1 << 16
NEVER = 0xFFFFFFFFFFFFFFFF


@dataclass
class Boxes:
    """What the walk found. `edits` rows are track, duration_s, media_time_s (-1 = empty), rate."""

    brand: str = ""
    order: list[str] = field(default_factory=list)
    edits: list[tuple[int, float, float, float]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass
class _Track:
    id: int = 0
    timescale: int = 0
    edits: list[tuple[int, int, float]] = field(default_factory=list)


def walk(source: Any, length: int, nesting: int) -> Boxes:
    """Boxes of the file `source`, `length` bytes long; empty where it is no ISO file.

    Raises:
        Refused: boxes are nested deeper than `nesting`.
    """
    found = Boxes()
    if _at(source, 4, 4) not in FIRST:
        return found
    return _Walk(source, length, nesting, found).run()


class _Walk:
    def __init__(self, source: Any, length: int, nesting: int, found: Boxes) -> None:
        self._source = source
        self._length = length
        self._nesting = nesting
        self._found = found
        self._tracks: list[_Track] = []
        self._timescale = 0
        self._boxes = 0

    def run(self) -> Boxes:
        stack = [(0, self._length, 0)]
        while stack:
            start, end, depth = stack.pop()
            header = self._header(start, end, top=depth == 0)
            if header is None:
                continue
            name, body, box_end = header
            stack.append((box_end, end, depth))
            if depth == 0 and len(self._found.order) < MOST_NAMED:
                self._found.order.append(_shown(name))
            if name in CONTAINERS:
                stack.append((self._open(name, body, depth + 1), box_end, depth + 1))
            else:
                self._leaf(name, body, box_end)
        self._resolve()
        return self._found

    def _header(self, start: int, end: int, *, top: bool) -> tuple[bytes, int, int] | None:
        """Name, start of the body and end of the box at `start`, or None where there is none."""
        self._boxes += 1
        if start + 8 > end or self._boxes > MOST_BOXES:
            return None
        head = _at(self._source, start, 16)
        if len(head) < 8:
            return None
        size, name = struct.unpack(">I4s", head[:8])
        body = start + 8
        if size == 1 and len(head) == 16:
            size, body = struct.unpack(">Q", head[8:])[0], start + 16
        elif size == 0:
            size = end - start
        if size < body - start:
            return None
        if start + size > end and top:
            self._found.problems.append(
                f"The file is cut short: its '{_shown(name)}' part should be {size} bytes long, "
                f"but only {end - start} are there."
            )
        return name, body, min(start + size, end)

    def _open(self, name: bytes, body: int, depth: int) -> int:
        """Where the first box inside begins."""
        if depth > self._nesting:
            raise Refused(
                "limit",
                f"The file's boxes are nested more than {self._nesting} deep, which no recorder "
                "writes. Re-encode the file, or raise FAIRWITNESS_LIMITS__NESTING.",
            )
        if name == b"trak":
            self._tracks.append(_Track())
        if name == b"meta" and _at(self._source, body, 4) == b"\0\0\0\0":
            body += 4
        return body

    def _leaf(self, name: bytes, body: int, end: int) -> None:
        if name not in (b"ftyp", b"mvhd", b"tkhd", b"mdhd", b"elst"):
            return
        data = _at(self._source, body, min(end - body, SMALL_BOX))
        if name == b"ftyp":
            self._found.brand = self._found.brand or _shown(data[:4])
        elif name == b"mvhd":
            self._timescale = _timescale(data)
        elif self._tracks and name == b"mdhd":
            self._tracks[-1].timescale = _timescale(data)
        elif self._tracks and name == b"tkhd" and len(data) >= 24:
            at = 20 if data[0] == 1 else 12
            self._tracks[-1].id = struct.unpack_from(">I", data, at)[0]
        elif self._tracks and name == b"elst":
            self._tracks[-1].edits += _edits(data)

    def _resolve(self) -> None:
        for track in self._tracks:
            for duration, media_time, rate in track.edits:
                if len(self._found.edits) >= MOST_EDITS:
                    return
                empty = media_time < 0
                self._found.edits.append(
                    (
                        track.id,
                        duration / self._timescale if self._timescale else 0.0,
                        -1.0 if empty else media_time / max(1, track.timescale),
                        rate,
                    )
                )


def _timescale(data: bytes) -> int:
    """Ticks per second from a mvhd or mdhd body; 0 where it is cut short."""
    at = 20 if data[:1] == b"\x01" else 12
    if len(data) < at + 4:
        return 0
    return int(struct.unpack_from(">I", data, at)[0])


def _edits(data: bytes) -> list[tuple[int, int, float]]:
    """Segment duration, media time and rate of each entry of an elst body."""
    if len(data) < 8:
        return []
    long = data[0] == 1
    row = struct.Struct(">QqhH" if long else ">IihH")
    count = min(struct.unpack_from(">I", data, 4)[0], (len(data) - 8) // row.size, MOST_EDITS)
    entries = []
    for number in range(count):
        duration, media_time, whole, part = row.unpack_from(data, 8 + number * row.size)
        entries.append((duration, media_time, whole + part / 65536.0))
    return entries


def _at(source: Any, offset: int, size: int) -> bytes:
    source.seek(offset)
    data: bytes = source.read(size)
    return data


def _shown(name: bytes) -> str:
    return "".join(c if c.isprintable() else "?" for c in name.decode("latin-1"))
