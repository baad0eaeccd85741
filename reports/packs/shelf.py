"""All rule packs there are, and the version that holds on a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from audit.errors import PackInvalid
from reports.packs.model import Pack
from reports.packs.reading import read_folder, shipped


def packs(own: Path | None = None) -> dict[str, Pack]:
    """The newest version of every pack, by id; `own`: an organisation's folder of further packs.

    Raises:
        PackInvalid: a pack cannot be used; names file, line, field and remedy.
    """
    return {each.pack: each for each in versions(own)}


def versions(own: Path | None = None) -> tuple[Pack, ...]:
    """All versions of all packs, by id, the oldest first. Raises `PackInvalid`."""
    return shipped() + (read_folder(own) if own else ())


def pack(
    pack_id: str, version: str | None = None, *, on: date | None = None, own: Path | None = None
) -> Pack:
    """One pack: in that version, or in the newest that was there on the day `on`, or the newest.

    On a day before its oldest version a pack has that version: its fields still say since when
    they are in force.

    Raises:
        PackInvalid: there is no such pack or version; the message lists those there are.
    """
    held = versions(own)
    named = [each for each in held if each.pack == pack_id]
    if not named:
        raise PackInvalid(f"no rule pack is called {pack_id!r}; there are: {_ids(held)}")
    if version is not None:
        return _in_version(named, version)
    past = [each for each in named if on is None or each.moment[0] <= on]
    return past[-1] if past else named[0]


def _in_version(named: list[Pack], version: str) -> Pack:
    for each in named:
        if each.version == version:
            return each
    there = ", ".join(each.version for each in named)
    raise PackInvalid(f"the rule pack {named[0].pack!r} has no version {version}; it has: {there}")


def _ids(held: Iterable[Pack]) -> str:
    return ", ".join(sorted({each.pack for each in held}))
