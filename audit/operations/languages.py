"""Languages in which candidates are written to."""

from __future__ import annotations

from typing import Literal

Language = Literal["en", "de", "es"]
_KNOWN: dict[str, Language] = {"en": "en", "de": "de", "es": "es"}


def nearest(locale: str) -> Language:
    """The language of a BCP 47 tag; English where there are no texts in it."""
    return _KNOWN.get(locale.partition("-")[0].lower(), "en")
