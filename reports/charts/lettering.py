"""How wide texts are in a drawing, and where they break. No font is read: widths are estimates."""

from __future__ import annotations

import unicodedata

SIZE = 12.0
"""Height of letters, units of the drawing."""
SMALL = 11.0
_NARROW = frozenset("iljtfrI.,:;'|!()[]/ -")
_WIDE = frozenset("wOQGDHNU&")
_WIDEST = frozenset("mMW@%")
_EM = {"narrow": 0.38, "widest": 0.99, "wide": 0.82, "capital": 0.7, "other": 0.62, "east": 1.0}
"""Shares of the height after DejaVu Sans, the widest face that the renderers use."""


def width(text: str, size: float = SIZE) -> float:
    """About how wide `text` is at this size, units of the drawing; rather too wide."""
    return size * sum(_em(letter) for letter in text)


def _em(letter: str) -> float:
    if unicodedata.combining(letter) or unicodedata.category(letter) == "Cf":
        return 0.0
    if letter in _NARROW:
        return _EM["narrow"]
    if unicodedata.east_asian_width(letter) in "WF":
        return _EM["east"]
    if letter in _WIDEST:
        return _EM["widest"]
    if letter in _WIDE:
        return _EM["wide"]
    return _EM["capital"] if letter.isupper() else _EM["other"]


def fitting(text: str, room: float, size: float = SIZE) -> str:
    """`text`, cut with an ellipsis where it is wider than `room`."""
    if width(text, size) <= room:
        return text
    kept = text
    while kept and width(kept + "…", size) > room:
        kept = kept[:-1]
    while kept and unicodedata.combining(text[len(kept)]):
        kept = kept[:-1]
    return kept.rstrip() + "…"


def lines(text: str, room: float, most: int = 2, size: float = SIZE) -> list[str]:
    """`text` in at most so many lines, broken at spaces and in words that are too long for a line;
    the last line is cut where all is too long."""
    made: list[str] = []
    left = " ".join(text.split())
    while len(made) < most - 1 and width(left, size) > room:
        whole = fitting(left, room, size).removesuffix("…")
        end = whole.rfind(" ")
        if left[len(whole) :].startswith(" "):
            end = len(whole)
        if end <= 0:
            end = max(1, len(whole))
        made.append(left[:end])
        left = left[end:].lstrip()
    return [*made, fitting(left, room, size)]
