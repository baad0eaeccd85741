"""Logos: only what a picture needs comes through."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.logos import safe_png
from audit.errors import InputError
from tests.filed import PNG


def chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)


def png(
    *more: bytes,
    size: tuple[int, int] = (3, 2),
    form: tuple[int, int] = (8, 2),
    rows: bytes | None = None,
    after: bytes = b"",
) -> bytes:
    depth, colour = form
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    width = (size[0] * channels * depth + 7) // 8
    data = rows if rows is not None else (b"\0" + bytes(n % 251 for n in range(width))) * size[1]
    header = struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *more, chunk(b"IDAT", zlib.compress(data))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"") + after


def kinds(data: bytes) -> list[bytes]:
    found, at = [], 8
    while at < len(data):
        found.append(data[at + 4 : at + 8])
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return found


@pytest.mark.parametrize("form", [(8, 0), (1, 0), (16, 2), (8, 4), (8, 6)])
def test_pictures_come_through_as_they_are(form: tuple[int, int]) -> None:
    import cv2

    data = png(form=form)
    made = safe_png(data)
    assert kinds(made) == [b"IHDR", b"IDAT", b"IEND"]
    before, after = (
        cv2.imdecode(np.frombuffer(each, np.uint8), cv2.IMREAD_UNCHANGED) for each in (data, made)
    )
    assert before is not None and np.array_equal(before, after)
    assert safe_png(made) == made == safe_png(data)


def test_a_palette_comes_through() -> None:
    palette = chunk(b"PLTE", bytes(range(9)))
    made = safe_png(png(palette, chunk(b"tRNS", b"\0\xff"), form=(8, 3), rows=b"\0\0\1\2" * 2))
    assert kinds(made) == [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"]


def test_what_is_no_picture_is_dropped() -> None:
    text = chunk(b"tEXt", b"Author\0Jane Doe") + chunk(b"iCCP", b"x\0\0" + zlib.compress(b"p"))
    made = safe_png(png(text, chunk(b"eXIf", b"MM"), after=b"<script>alert(1)</script>"))
    assert kinds(made) == [b"IHDR", b"IDAT", b"IEND"]
    assert b"Jane" not in made and b"script" not in made


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        PNG[:-1],
        PNG[:20] + b"\xff" + PNG[21:],
        PNG + b"x" * (64 * 1024),
        png(size=(1025, 1)),
        png(size=(1, 513)),
        png(size=(0, 1)),
        png(rows=b"\0" * 19),
        png(rows=b"\0" * 21),
        png(rows=b"\5" + b"\0" * 9 + b"\0" * 10),
        png(form=(8, 3)),
        png(chunk(b"PLTE", b"ab"), form=(8, 3)),
        png(chunk(b"EVIL", b"x")),
        png(rows=b"\0" * 50_000_000),
        b"\x89PNG\r\n\x1a\n" + chunk(b"IDAT", b""),
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"short"),
        PNG[:8] + PNG[8:33] + PNG[8:],
        PNG.replace(b"\x08\x02\x00\x00\x00", b"\x08\x02\x00\x00\x01"),
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="logo"):
        safe_png(data)


@given(st.binary(max_size=200), st.integers(0, len(PNG)))
def test_no_bytes_break_it(data: bytes, at: int) -> None:
    for each in (data, PNG[:at] + data + PNG[at:], PNG[:at] + data):
        try:
            made = safe_png(each)
        except InputError:
            continue
        assert set(kinds(made)) <= {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
        assert io.BytesIO(made).read(8) == PNG[:8]
