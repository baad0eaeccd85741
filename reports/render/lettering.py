"""Which letters files of our own making can show, and with which fonts.

Fonts are those inside of Typst (Libertinus Serif) and our own (`fonts/fonts.toml` says from where,
under which licence), never the machine's, so that a document looks alike everywhere. They have
Latin, Greek, Cyrillic, Armenian, Georgian, Hebrew, Arabic, Thaana, Ethiopic, the larger scripts of
South and South-East Asia, Han, kana and Hangul. What none of them has (emoji, Mongolian, Tibetan,
historical scripts) is written as its number.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import typst
from fontTools.ttLib import TTFont

from reports.document.characters import printable

_LONGEST_WORD = 18
"""Letters after which a word may be broken, so that names fit narrow columns."""
_LONG_WORD = re.compile(rf"[^\s<>\"=]{{{_LONGEST_WORD + 1},}}")
_WORD_OF_DRAWING = re.compile(r"[^\x00-\x7f]+")
_JOINING = re.compile("[\u0e00-\u0eff\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]")
"""Thai, Lao and single letters of Hangul, which become others when they are set."""
_ALONE = re.compile("[\u1200-\u139f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef]")
"""Ethiopic, Han, kana and Hangul."""
_RTL = frozenset({"R", "AL", "AN"})
_MISSING = "\N{REPLACEMENT CHARACTER}"
_SOFT_BREAK = "\N{ZERO WIDTH SPACE}"
_ISOLATE, _END = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
_JOINER = "\N{ZERO WIDTH JOINER}"


def letters(text: str) -> str:
    """`text` as the fonts can set it: long words may break, other directions are isolated."""
    shown = covered(text)
    if not shown.isascii() and any(unicodedata.bidirectional(c) in _RTL for c in shown):
        return f"{_ISOLATE}{shown}{_END}"
    return _LONG_WORD.sub(_breakable, shown)


def covered(text: str) -> str:
    """`text` with the numbers of the characters that no font has a picture of: `[U+1F469]`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c if c in " \n\t" or _is_known(c) else f"[U+{ord(c):04X}]" for c in printable(text)
    )


def settable(svg: str) -> str:
    """A drawing with a mark for each word that cannot be set in it: there is no room for numbers.

    Besides words with letters that no font has, these are words with marks on or around letters
    (South and South-East Asian scripts, vowels of Semitic ones): Typst takes letters of a drawing
    one by one and refuses to make an accessible file of what it put together wrongly.
    """
    shown = printable(svg)
    if shown.isascii():
        return shown
    return _WORD_OF_DRAWING.sub(_drawn, unicodedata.normalize("NFC", shown))


def _drawn(found: re.Match[str]) -> str:
    return found[0] if all(_is_apart(c) for c in found[0]) else _MISSING


def _is_apart(character: str) -> bool:
    """Whether a letter is set by itself, whatever stands beside it, and a font has it."""
    if unicodedata.category(character)[0] in "MC" or _JOINING.match(character):
        return False
    return ord(character) in _in_first() or (
        _ALONE.match(character) is not None and _is_known(character)
    )


def font_folder() -> Path:
    """The folder that holds all the fonts, but for those inside of Typst."""
    return Path(str(resources.files("reports"))) / "render" / "fonts"


@cache
def families() -> tuple[str, ...]:
    """The project's own fonts, in the order in which they are tried."""
    return tuple(dict.fromkeys(font["family"] for font in _manifest()))


@cache
def compiler_fonts() -> Any:
    """The fonts as Typst takes them, read once."""
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=True,
        font_paths=[str(font_folder())],
    )


def _breakable(found: re.Match[str]) -> str:
    """A long word with places to break it, none within a letter and the marks on it."""
    word = found[0]
    if any(unicodedata.east_asian_width(c) in "WF" for c in word):
        return word  # breaks anywhere by itself
    made, since = [], 0
    for place, letter in enumerate(word):
        if since >= _LONGEST_WORD // 2 and _begins(word[place - 1], letter):
            made.append(_SOFT_BREAK)
            since = 0
        made.append(letter)
        since += 1
    return "".join(made)


def _begins(before: str, letter: str) -> bool:
    joined = before == _JOINER or unicodedata.combining(before) == _VIRAMA
    return not joined and letter != _JOINER and not unicodedata.category(letter).startswith("M")


_VIRAMA = 9
"""Combining class of the mark that joins two consonants of South Asian scripts."""


def _is_known(character: str) -> bool:
    return ord(character) in _in_first() or ord(character) in _in_all()


@cache
def _in_first() -> frozenset[int]:
    return _held_by(_manifest()[0]["file"])


@cache
def _in_all() -> frozenset[int]:
    """Read only where a text has a letter that is not in the first font."""
    return frozenset().union(*(_held_by(font["file"]) for font in _manifest()))


def _held_by(file: str) -> frozenset[int]:
    with TTFont(font_folder() / file, lazy=True) as font:
        return frozenset(font.getBestCmap())


@cache
def _manifest() -> tuple[dict[str, str], ...]:
    return tuple(tomllib.loads((font_folder() / "fonts.toml").read_text("utf-8"))["font"])
