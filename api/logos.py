"""A logo made safe: a PNG taken apart and put together again of what a picture needs.

Nothing is decoded by a library. Only the header, the palette, its transparency and the pixels are
kept; texts, profiles, animations and whatever follows the end are dropped. The pixels have to be
exactly as many as the header says, so that no reader gets anything to stumble over.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from audit.errors import InputError

MOST_BYTES = 64 * 1024
MOST_WIDTH, MOST_HEIGHT = 1024, 512
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_KEPT = (b"PLTE", b"tRNS")
_PALETTE = 3
_FILTERS = 5


def safe_png(data: bytes) -> bytes:
    """The same picture, written anew. The same bytes give the same bytes.

    Raises:
        InputError: it is no PNG of at most 64 KiB and 1024 x 512 pixels that is not interlaced.
    """
    if len(data) > MOST_BYTES:
        raise InputError(f"The logo has more than {MOST_BYTES // 1024} KiB.")
    if not data.startswith(_SIGNATURE):
        raise InputError("The logo is no PNG picture.")
    header, pixels = b"", b""
    kept: dict[bytes, bytes] = {}
    for number, (kind, body) in enumerate(_chunks(data)):
        if (number == 0) != (kind == b"IHDR"):
            raise _broken()
        if kind == b"IHDR":
            header = body
        elif kind == b"IDAT":
            pixels += body
        elif kind in _KEPT and kind not in kept and not pixels:
            kept[kind] = body
        elif kind[:1].isupper() and kind not in (b"IEND", *_KEPT):
            raise InputError("The logo needs more than ordinary PNG readers have.")
    colour = _colour(header)
    _check_palette(colour, kept)
    rows = _rows(header, pixels)
    parts = [_chunk(b"IHDR", header), *(_chunk(name, kept[name]) for name in _KEPT if name in kept)]
    parts += [_chunk(b"IDAT", zlib.compress(rows, 9)), _chunk(b"IEND", b"")]
    return _SIGNATURE + b"".join(parts)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each chunk up to the end; checksums have to fit."""
    at = len(_SIGNATURE)
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        check = data[at + 8 + size : at + 12 + size]
        fits = len(body) == size and check == zlib.crc32(kind + body).to_bytes(4, "big")
        if not fits or not kind.isalpha():
            raise _broken()
        yield kind, body
        if kind == b"IEND":
            return
        at += 12 + size
    raise _broken()


def _colour(header: bytes) -> int:
    if len(header) != 13:
        raise _broken()
    width, height = (int.from_bytes(header[n : n + 4], "big") for n in (0, 4))
    depth, colour, compression, filtering, interlaced = header[8:]
    if not (0 < width <= MOST_WIDTH and 0 < height <= MOST_HEIGHT):
        raise InputError(f"The logo has more than {MOST_WIDTH} x {MOST_HEIGHT} pixels.")
    if depth not in _DEPTHS.get(colour, ()) or compression or filtering:
        raise _broken()
    if interlaced:
        raise InputError("The logo is interlaced; save it without.")
    return colour


def _check_palette(colour: int, kept: dict[bytes, bytes]) -> None:
    palette = kept.get(b"PLTE", b"")
    if len(palette) % 3 or len(palette) > 768 or (colour == _PALETTE) > bool(palette):
        raise _broken()
    if colour == _PALETTE and len(kept.get(b"tRNS", b"")) > len(palette) // 3:
        raise _broken()
    if colour != _PALETTE:
        kept.pop(b"PLTE", None)
        kept.pop(b"tRNS", None)


def _rows(header: bytes, pixels: bytes) -> bytes:
    """The filtered rows, exactly as many as there should be."""
    width, height = (int.from_bytes(header[n : n + 4], "big") for n in (0, 4))
    row = 1 + (width * header[8] * _CHANNELS[header[9]] + 7) // 8
    reader = zlib.decompressobj()
    try:
        rows = reader.decompress(pixels, row * height + 1)
    except zlib.error:
        raise _broken() from None
    if len(rows) != row * height or any(rows[n] >= _FILTERS for n in range(0, len(rows), row)):
        raise _broken()
    return rows


def _chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(kind + body).to_bytes(4, "big")
    return len(body).to_bytes(4, "big") + kind + body + check


def _broken() -> InputError:
    return InputError("The logo is no PNG picture, or it is damaged.")
