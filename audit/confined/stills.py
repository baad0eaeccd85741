"""Single images: decoded whole, and turned as their EXIF orientation says."""

from __future__ import annotations

import io
import re
import struct
from typing import Any

import av

from audit.confined import libav
from audit.confined.channel import Refused

ORIENTATION = 0x0112
"""The TIFF tag (TIFF 6.0; CIPA DC-008)."""

TURNS = {
    1: (0, False),
    2: (0, True),
    3: (2, False),
    4: (2, True),
    5: (3, True),
    6: (1, False),
    7: (1, True),
    8: (3, False),
}
"""Orientation -> clockwise quarter turns, mirrored left to right before that."""

ENTRIES = 512

MARKER = re.compile(rb"\xff[\x02-\xcf\xd9-\xfe]")
"""The start of a JPEG segment: not a stuffed byte, a restart or another picture's start."""


def decode(container: Any, data: bytes, limits: dict[str, Any]) -> Any:
    """The picture of the image file whose bytes are `data`.

    Raises:
        Refused: it cannot be decoded.
    """
    if not container.streams.video:
        raise Refused("unreadable", "The file is not an image.")
    stream = container.streams.video[0]
    context = libav.prepare(stream, limits)
    if context is None:
        raise Refused("unreadable", "The image has a format that no decoder here knows.")
    try:
        if libav.is_still(container):
            frames = context.decode(av.Packet(first_jpeg(data))) or context.decode(None)
        else:
            frames = [next(container.decode(stream))]
    except MemoryError:
        raise
    except (*libav.FAULTS, StopIteration) as error:
        raise Refused(
            "unreadable",
            f"The image cannot be decoded: its data are damaged ({libav.words(error)}).",
        ) from error
    if not frames:
        raise Refused("unreadable", "The image file holds no complete picture.")
    return frames[0]


def decode_bytes(data: bytes, limits: dict[str, Any]) -> Any:
    """The picture in the bytes of an image file."""
    with libav.opened(io.BytesIO(data)) as container:
        return decode(container, data, limits)


def first_jpeg(data: bytes) -> bytes:
    """A JPEG without the further pictures that cameras append; other data as they are."""
    if data[:2] != b"\xff\xd8":
        return data
    at = 2
    while found := MARKER.search(data, at):
        at = found.end()
        if found.group() == b"\xff\xd9":
            return data[:at]
        if at + 2 <= len(data):
            at += struct.unpack_from(">H", data, at)[0]
    return data


def turn(data: bytes) -> tuple[int, bool] | None:
    """Clockwise quarter turns and mirroring that an image's EXIF asks for, None without EXIF."""
    tiff = _exif(data)
    if tiff is None:
        return None
    return TURNS.get(_orientation(tiff), (0, False))


def _exif(data: bytes) -> bytes | None:
    """The TIFF structure with the camera's tags, wherever the format keeps it."""
    if data[:2] == b"\xff\xd8":
        return _in_jpeg(data)
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return _in_chunks(data, 8, b"eXIf", big=True)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        found = _in_chunks(data, 12, b"EXIF", big=False)
        return found[6:] if found and found[:6] == b"Exif\0\0" else found
    if data[:4] in (b"II*\0", b"MM\0*"):
        return data
    return None


def _in_jpeg(data: bytes) -> bytes | None:
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, size = struct.unpack_from(">xBH", data, at)
        if marker in (0xDA, 0xD9):
            return None
        if marker == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0":
            return data[at + 10 : at + 2 + size]
        at += 2 + max(2, size)
    return None


def _in_chunks(data: bytes, at: int, wanted: bytes, *, big: bool) -> bytes | None:
    """A chunk's body in PNG (size, name, body, checksum) or RIFF (name, size, body, padding)."""
    while at + 8 <= len(data):
        if big:
            size, name = struct.unpack_from(">I4s", data, at)
            after = 12 + size
        else:
            name, size = struct.unpack_from("<4sI", data, at)
            after = 8 + size + size % 2
        if name == wanted:
            return data[at + 8 : at + 8 + size]
        at += after
    return None


def _orientation(tiff: bytes) -> int:
    """The orientation in the first directory of a TIFF structure; 1 where there is none."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return 1
    start = struct.unpack_from(order + "I", tiff, 4)[0]
    if start + 2 > len(tiff):
        return 1
    count = min(struct.unpack_from(order + "H", tiff, start)[0], ENTRIES)
    for number in range(count):
        at = start + 2 + 12 * number
        if at + 12 > len(tiff):
            return 1
        tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, at)
        if tag == ORIENTATION and kind == 3:
            return int(value)
    return 1
