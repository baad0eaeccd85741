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
    return _start(text, room - width("…", size), size).rstrip() + "…"


def _start(text: str, room: float, size: float) -> str:
    """The first letters of `text` that `room` holds, with the marks on them."""
    used, end = 0.0, 0
    for letter in text:
        used += size * _em(letter)
        if used > room:
            break
        end += 1
    while 0 < end < len(text) and unicodedata.combining(text[end]):
        end -= 1
    return text[:end]


def lines(text: str, room: float, most: int = 2, size: float = SIZE) -> list[str]:
    """`text` in at most so many lines, broken at spaces and in words that are too long for a line;
    the last line is cut where all is too long."""
    made: list[str] = []
    left = " ".join(text.split())
    while len(made) < most - 1 and width(left, size) > room:
        whole = _start(left, room, size)
        end = len(whole) if left[len(whole)] == " " else whole.rfind(" ")
        end = end if end > 0 else max(1, len(whole))
        made.append(left[:end].rstrip())
        left = left[end:].lstrip()
    return [*made, fitting(left, room, size)]
