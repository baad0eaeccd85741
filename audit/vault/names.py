"""File names as users gave them, made fit to be shown. They name nothing in the store."""

from __future__ import annotations

import re
import unicodedata

MOST_CHARACTERS = 120
_MOST_SUFFIX = 12
_UNNAMED = "unnamed"


def shown_name(name: str | None) -> str:
    """The last part of a path, without control, formatting and direction characters, in one line.

    At most `MOST_CHARACTERS`, cut before the extension. Show it escaped, like any text of a user.
    """
    last = re.split(r"[/\\]", name or "")[-1]
    text = unicodedata.normalize("NFC", "".join(_visible(c) for c in last))
    text = " ".join(text.split()).strip(". ")
    if len(text) > MOST_CHARACTERS:
        stem, suffix = text[:-_MOST_SUFFIX], text[-_MOST_SUFFIX:]
        dot = suffix.rfind(".")
        tail = suffix[dot:] if dot >= 0 else ""
        text = f"{stem[: MOST_CHARACTERS - len(tail) - 1]}…{tail}"
    return text or _UNNAMED


def extension(name: str) -> str:
    """The shown name's extension in small letters with its dot, or ""."""
    found = re.search(r"[^.](\.[A-Za-z0-9]{1,8})$", name)
    return found.group(1).lower() if found else ""


def _visible(character: str) -> str:
    """Unicode's categories C* are controls, formats (direction marks), surrogates and unassigned;
    Z* are spaces and separators.
    """
    category = unicodedata.category(character)
    if category.startswith("Z") or character in "\t\n\r":
        return " "
    return "" if category.startswith("C") else character
