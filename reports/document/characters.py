"""Characters that files of documents can hold, and readers can see."""

from __future__ import annotations

import re

_PICTURES = 0x2400
_DELETE = 0x7F
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]"
)


def printable(text: str) -> str:
    """`text` without what XML forbids, what breaks lines unasked, and what turns others' order.

    Control characters become their pictures (U+2400 and on); the others, among them the marks that
    override the direction of the text around them (U+202A to U+202E, U+2066 to U+2069), the
    replacement character. Tab and line feed stay.
    """
    return _UNSEEN.sub(_picture, text)


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(_PICTURES + code)
    return "\N{SYMBOL FOR DELETE}" if code == _DELETE else _REPLACEMENT
