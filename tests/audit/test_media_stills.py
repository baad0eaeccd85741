"""EXIF orientation wherever formats keep it, and JPEGs with more pictures behind the first."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.confined import stills
from audit.confined.channel import Refused
from tests.audit.in_process import LIMITS
from tests.media_factory import numbered


def tiff(orientation: int, order: str) -> bytes:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    other = struct.pack(order + "HHIHxx", 0x0100, 3, 1, 640)
    entry = struct.pack(order + "HHIHxx", 0x0112, 3, 1, orientation)
    return mark + struct.pack(order + "IH", 8, 2) + other + entry + bytes(4)


def in_jpeg(data: bytes) -> bytes:
    ok, coded = cv2.imencode(".jpg", numbered(5))
    assert ok
    body = b"Exif\0\0" + data
    segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    return coded.tobytes()[:2] + segment + coded.tobytes()[2:]


def in_png(data: bytes) -> bytes:
    signature = b"\x89PNG\r\n\x1a\n"
    head = struct.pack(">I4s", 13, b"IHDR") + bytes(17)
    return signature + head + struct.pack(">I4s", len(data), b"eXIf") + data + bytes(4)


def in_webp(data: bytes, prefix: bytes = b"") -> bytes:
    body = prefix + data
    odd = struct.pack("<4sI", b"VP8X", 9) + bytes(10)
    return b"RIFF" + bytes(4) + b"WEBP" + odd + struct.pack("<4sI", b"EXIF", len(body)) + body


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_found_in_every_format(orientation: int, order: str) -> None:
    data = tiff(orientation, order)
    wanted = stills.TURNS[orientation]
    for file in (data, in_jpeg(data), in_png(data), in_webp(data), in_webp(data, b"Exif\0\0")):
        assert stills.turn(file) == wanted


def test_files_without_exif_say_nothing() -> None:
    ok, coded = cv2.imencode(".jpg", numbered(5))
    assert ok
    for data in (coded.tobytes(), in_png(b"")[:40], in_webp(b"")[:30], b"", b"\xff\xd8", b"GIF89a"):
        assert stills.turn(data) is None


def test_nonsense_orientation_is_upright() -> None:
    for value in (0, 9, 77):
        assert stills.turn(tiff(value, "<")) == (0, False)


@given(st.binary(max_size=200))
def test_any_bytes_end_in_an_answer(noise: bytes) -> None:
    for data in (noise, b"\xff\xd8" + noise, b"II*\0" + noise, in_png(noise), in_webp(noise)):
        turn = stills.turn(data)
        assert turn is None or turn in stills.TURNS.values()
        assert data.startswith(stills.first_jpeg(data))


def test_a_second_picture_is_cut_off() -> None:
    first, second = in_jpeg(tiff(1, "<")), in_jpeg(tiff(6, "<"))
    assert stills.first_jpeg(first + second) == first
    assert stills.first_jpeg(first) == first
    frame = stills.decode_bytes(first + second, LIMITS)
    assert (frame.width, frame.height) == (128, 96)
    assert np.abs(frame.to_ndarray(format="gray").mean() - numbered(5).mean()) < 3


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"nothing at all", "not a media file"), (in_jpeg(b"")[:400], "damaged|complete|not a media")],
)
def test_broken_images_are_refused(data: bytes, words: str) -> None:
    with pytest.raises(Refused, match=words) as caught:
        stills.decode_bytes(data, LIMITS)
    assert caught.value.code == "unreadable"


def test_large_images_are_refused_by_size() -> None:
    ok, coded = cv2.imencode(".png", numbered(1))
    assert ok
    with pytest.raises(Refused, match="128 x 96, more than 1000 pixels") as caught:
        stills.decode_bytes(coded.tobytes(), {**LIMITS, "still_pixels": 1000})
    assert caught.value.code == "limit"
