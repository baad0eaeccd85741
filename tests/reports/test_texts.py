from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.texts import HIDDEN, LONGEST, Cleaner, label, visible

CLEAN = Cleaner({"/data/in/jane.mp4": "recording"})


@pytest.mark.parametrize(
    "text",
    [
        "cannot open '/home/jane/x.mp4'",
        "cannot open ~/videos/x.mp4 today",
        r"cannot open C:\Users\jane\x.mp4",
        r"cannot open \\server\share\x.mp4",
        "see file:///srv/x.mp4",
        "/tmp/a/b.h264@GPAC0.5",
    ],
)
def test_paths_are_not_shown(text: str) -> None:
    shown = CLEAN(text)
    assert HIDDEN in shown
    assert "jane" not in shown
    assert "x.mp4" not in shown
    assert "b.h264" not in shown


@pytest.mark.parametrize(
    "text",
    [
        "24/25 frames and/or 1/2/3 packets",
        "video/mp4",
        "package 1.0, member a/b/c.onnx from https://example.org/a/b",
        "crf=23.0 / me=hex",
    ],
)
def test_other_slashes_stay(text: str) -> None:
    assert CLEAN(text) == text


def test_the_recordings_own_path_is_replaced_by_its_label() -> None:
    assert CLEAN("Bad packet in /data/in/jane.mp4.") == "Bad packet in recording."


def test_characters_that_cannot_be_seen_are_left_out() -> None:
    assert visible("a\x00\x1b[31m\u202eb\ud800\n c\u200b") == "a[31mb c"


@given(st.text())
def test_a_cleaned_text_can_be_written_and_has_a_bounded_length(text: str) -> None:
    shown = CLEAN(text)
    shown.encode("utf-8")
    assert len(shown) <= LONGEST
    assert "\x1b" not in shown


def test_only_technical_tags_are_kept() -> None:
    tags = {"title": "Jane Doe", "encoder": "Lavf 61", "artist": "J", "location": "+52.1+004.3/"}
    assert CLEAN.tags(tags) == {"encoder": "Lavf 61"}


@pytest.mark.parametrize(
    ("given_label", "shown"),
    [
        ("recording", "recording"),
        ("/a/b/c.mp4", "c.mp4"),
        (r"C:\x\y.mp4", "y.mp4"),
        ("", "recording"),
    ],
)
def test_a_label_is_never_a_path(given_label: str, shown: str) -> None:
    assert label(given_label) == shown
