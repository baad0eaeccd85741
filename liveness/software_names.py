"""Which software a file's tags name, from the table `software_names.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from audit.facts import MediaFacts

Kind = Literal[
    "virtual_camera",
    "screen_recorder",
    "editor",
    "generator",
    "transcoder",
    "encoder",
    "browser",
    "camera",
]

LONGEST_QUOTE = 80
LONGEST_VALUE = 20_000  # a workflow in a comment may be long; patterns are linear, but not free


@dataclass(frozen=True, slots=True)
class Software:
    """One row of the table."""

    name: str
    kind: Kind
    pattern: re.Pattern[str]
    source: str


@dataclass(frozen=True, slots=True)
class Named:
    """Software that a file names: where (tag name) and the words around the match."""

    software: Software
    where: str
    quote: str


@cache
def table() -> tuple[Software, ...]:
    """All rows, in the order of the file."""
    text = resources.files("liveness").joinpath("software_names.toml").read_text("utf-8")
    return tuple(
        Software(row["name"], row["kind"], re.compile(row["pattern"], re.IGNORECASE), row["source"])
        for row in tomllib.loads(text)["software"]
    )


def named_in(facts: MediaFacts) -> tuple[Named, ...]:
    """Every row that matches somewhere in the file's tags, each once, in the table's order."""
    places = list(_places(facts))
    found = []
    for software in table():
        hit = next(filter(None, (_match(software, *place) for place in places)), None)
        if hit is not None:
            found.append(hit)
    return tuple(found)


def _places(facts: MediaFacts) -> Iterator[tuple[str, str]]:
    """Tag names and values; codec names count as a tag called codec."""
    yield from facts.tags.items()
    for stream in facts.streams:
        yield from stream.tags.items()
        yield "codec", stream.codec
        for text in stream.side:
            yield "encoder settings", text


def _match(software: Software, name: str, value: str) -> Named | None:
    text = f"{name}={value}"[:LONGEST_VALUE]
    hit = software.pattern.search(text)
    if hit is None:
        return None
    start = max(0, min(hit.start(), hit.end() - LONGEST_QUOTE))
    quote = text[start : start + LONGEST_QUOTE]
    return Named(software, name, "".join(c if c.isprintable() else " " for c in quote).strip())
