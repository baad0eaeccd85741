"""Names of signals and members for people. No measuring here."""

from __future__ import annotations


def plain(name: str) -> str:
    """A name without underscores."""
    return name.replace("_", " ")
