"""The walk over ISO boxes: what it finds, and what it does not follow."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.confined.boxes import MOST_NAMED, walk
from audit.confined.channel import Refused


def box(name: bytes, body: bytes = b"", *, long: bool = False) -> bytes:
    if long:
        return struct.pack(">I4sQ", 1, name, len(body) + 16) + body
    return struct.pack(">I4s", len(body) + 8, name) + body


def full(name: bytes, body: bytes, version: int = 0) -> bytes:
    return box(name, bytes([version, 0, 0, 0]) + body)


def track(number: int, timescale: int, edits: bytes) -> bytes:
    head = full(b"tkhd", struct.pack(">III", 0, 0, number) + bytes(8))
    media = box(b"mdia", full(b"mdhd", struct.pack(">IIII", 0, 0, timescale, 0)))
    return box(b"trak", head + box(b"edts", edits) + media)


def movie(*tracks: bytes, timescale: int = 1000) -> bytes:
    return box(b"moov", full(b"mvhd", struct.pack(">IIII", 0, 0, timescale, 0)) + b"".join(tracks))


def look(data: bytes, nesting: int = 32):  # type: ignore[no-untyped-def]
    return walk(io.BytesIO(data), len(data), nesting)


def test_order_brand_and_edits() -> None:
    short = full(b"elst", struct.pack(">I", 2) + struct.pack(">IiHH", 500, -1, 1, 0)
                 + struct.pack(">IiHH", 2000, 3000, 1, 0))  # fmt: skip
    wide = full(b"elst", struct.pack(">I", 1) + struct.pack(">QqHH", 4000, 90, 0, 32768), version=1)
    data = (
        box(b"ftyp", b"isom" + bytes(8))
        + box(b"free")
        + movie(track(1, 3000, short), track(7, 90, wide))
        + box(b"mdat", bytes(100), long=True)
    )
    found = look(data)
    assert found.brand == "isom"
    assert found.order == ["ftyp", "free", "moov", "mdat"]
    assert found.edits == [(1, 0.5, -1.0, 1.0), (1, 2.0, 1.0, 1.0), (7, 4.0, 1.0, 0.5)]
    assert found.problems == []


def test_other_files_have_no_boxes() -> None:
    for data in (b"", b"RIFF\x00\x00\x00\x00WAVE", b"\x1aE\xdf\xa3" + bytes(50)):
        assert look(data).order == []


def test_a_last_box_may_run_to_the_end() -> None:
    data = box(b"ftyp", b"qt  ") + struct.pack(">I4s", 0, b"mdat") + bytes(50)
    found = look(data)
    assert found.order == ["ftyp", "mdat"]
    assert found.problems == []


def test_a_cut_file_says_what_is_missing() -> None:
    data = box(b"ftyp", b"isom") + struct.pack(">I4s", 1000, b"mdat") + bytes(50)
    (problem,) = look(data).problems
    assert "'mdat' part should be 1000 bytes long, but only 58" in problem


@pytest.mark.parametrize("depth", [33, 1000])
def test_nesting_is_bounded(depth: int) -> None:
    data = b""
    for _ in range(depth):
        data = box(b"moov", data)
    with pytest.raises(Refused, match="nested more than 32 deep") as caught:
        look(data)
    assert caught.value.code == "limit"


def test_nesting_within_the_limit_is_walked() -> None:
    data = movie(track(3, 10, full(b"elst", struct.pack(">IIiHH", 1, 1000, 5, 1, 0))))
    for _ in range(28):
        data = box(b"udta", data)
    assert look(box(b"moov", data)).edits == [(3, 1.0, 0.5, 1.0)]


def test_many_boxes_are_named_up_to_a_number() -> None:
    found = look(box(b"ftyp", b"isom") + box(b"moof") * 5000)
    assert len(found.order) == MOST_NAMED


def test_meta_boxes_of_both_kinds_are_entered() -> None:
    inner = movie(track(1, 10, full(b"elst", struct.pack(">IIiHH", 1, 1000, 5, 1, 0))))
    for version in (bytes(4), b""):
        assert len(look(box(b"ftyp", b"isom") + box(b"meta", version + inner)).edits) == 1


def test_short_bodies_are_left_alone() -> None:
    parts = [full(n, b"") for n in (b"mvhd", b"tkhd", b"mdhd", b"elst")]
    found = look(box(b"ftyp") + box(b"moov", box(b"trak", b"".join(parts)) + parts[0]))
    assert found.edits == []


@given(st.binary(max_size=400), st.integers(0, 40))
def test_any_bytes_end_in_an_answer(noise: bytes, cut: int) -> None:
    whole = box(b"ftyp", b"isom") + movie(
        track(1, 3000, full(b"elst", struct.pack(">IIiHH", 1, 500, -1, 1, 0)))
    )
    for data in (
        whole[:cut] + noise,
        whole + noise,
        box(b"moov", noise),
        whole[: len(whole) - cut],
    ):
        found = look(data)
        assert len(found.order) <= MOST_NAMED
