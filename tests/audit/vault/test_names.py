"""File names are shown, never used."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.vault.names import MOST_CHARACTERS, extension, shown_name


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("interview.mp4", "interview.mp4"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system32\\a.mp4", "a.mp4"),
        ("C:\\Users\\jo\\a.mp4", "a.mp4"),
        ("/absolute/a.mp4", "a.mp4"),
        ("..", "unnamed"),
        (".", "unnamed"),
        ("", "unnamed"),
        (None, "unnamed"),
        ("a/", "unnamed"),
        (".htaccess", "htaccess"),
        ("a\0b.mp4", "ab.mp4"),
        ("a\r\nSet-Cookie: x.mp4", "a Set-Cookie: x.mp4"),
        ("\x1b[31mred.mp4", "[31mred.mp4"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("\u2066a\u2069\u200f\u200b\ufeff.mp4", "a.mp4"),
        ("a\u2028b\u00a0c.mp4", "a b c.mp4"),
        ("u\u0308ber.mp4", "über.mp4"),
        ("面接.mp4", "面接.mp4"),
        ("\ud800a.mp4", "a.mp4"),
        ("  a  .mp4 ", "a .mp4"),
    ],
)
def test_names_are_made_safe(given_name: str | None, shown: str) -> None:
    assert shown_name(given_name) == shown


def test_long_names_keep_their_extension() -> None:
    shown = shown_name("x" * 5000 + ".webm")
    assert len(shown) == MOST_CHARACTERS
    assert shown.endswith("x….webm")
    assert len(shown_name("y" * 5000)) == MOST_CHARACTERS


@given(st.text(st.characters(), max_size=300))
def test_any_name_becomes_one_safe_line(name: str) -> None:
    shown = shown_name(name)
    assert 0 < len(shown) <= MOST_CHARACTERS
    assert not set(shown) & set("/\\")
    assert shown not in (".", "..")
    assert not any(unicodedata.category(c)[0] == "C" for c in shown)
    assert shown_name(shown) == shown
    shown.encode()


@pytest.mark.parametrize(
    ("name", "found"),
    [("a.MP4", ".mp4"), ("a", ""), ("a.b.webm", ".webm"), ("a.", ""), ("a.x y", ""), ("mp4", "")],
)
def test_extensions(name: str, found: str) -> None:
    assert extension(name) == found
