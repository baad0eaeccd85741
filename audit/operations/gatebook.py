"""The gates by place, as data: `gates.toml`, read once and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib import resources
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from audit.calendars import calendar
from audit.errors import ClockInvalid
from audit.records.register import Purpose


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Need(_Part):
    """Something that has to be recorded first."""

    consent: Purpose | None = None
    written: bool = False
    notices: tuple[str, ...] = ()
    before: Literal["checking", "interview"] = "checking"

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if (self.consent is None) != bool(self.notices):
            raise ValueError("a need is either a consent or notices")
        if self.written and self.consent is None:
            raise ValueError("only a consent can be written")
        return self


class Gate(_Part):
    """What has to be recorded before something runs; fields as gates.toml describes them."""

    id: str = Field(pattern=r"^[a-z0-9_]+\.[a-z0-9_]+$")
    title: str = Field(min_length=1)
    citation: str = Field(min_length=1)
    read: Literal["primary", "secondary", "none"]
    status: Literal["in_force", "from", "proposed", "own"]
    since: date | None = None
    applies: Literal["listed", "everywhere", "unreviewed"]
    jurisdictions: tuple[str, ...] = ()
    withholds: Literal["checking", "identity"]
    need: tuple[Need, ...] = Field(min_length=1)
    note: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.applies == "listed") != bool(self.jurisdictions):
            raise ValueError(f"{self.id}: jurisdictions go with applies = 'listed'")
        if self.status == "from" and self.since is None:
            raise ValueError(f"{self.id}: status 'from' needs since")
        return self

    def binds(self, on: date) -> bool:
        """Whether it is asked for on that day."""
        return self.status != "proposed" and (self.since is None or self.since <= on)


class Place(_Part):
    """A place whose law was looked at."""

    code: str
    parts: bool = False
    read: Literal["primary", "secondary"]
    note: str


class GateBook(_Part):
    """All gates, in the order of the file."""

    revision: date
    place: tuple[Place, ...]
    gate: tuple[Gate, ...]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        ids = [gate.id for gate in self.gate]
        if len(ids) != len(set(ids)):
            raise ValueError("two gates have one id")
        codes = {place.code for place in self.place}
        for gate in self.gate:
            if not codes.issuperset(gate.jurisdictions):
                raise ValueError(f"{gate.id}: a jurisdiction has no place")
        return self

    def reviewed(self, code: str) -> bool:
        """Whether the law of a place was looked at: its own, or one that covers its parts."""
        above = set(chain(code))
        return any(p.code == code or (p.parts and p.code in above) for p in self.place)


def book() -> GateBook:
    """All gates of gates.toml."""
    return _book()


def chain(code: str) -> tuple[str, ...]:
    """A place and all that it is part of, also where it has no calendar of its own."""
    try:
        return calendar(code).jurisdictions
    except ClockInvalid:
        parts = code.split("-")
        return tuple("-".join(parts[:count]) for count in range(len(parts), 0, -1))


def needed_in(places: Sequence[str], on: date) -> tuple[Gate, ...]:
    """The gates that somebody in these places passes on that day, in the order of the book."""
    everything = book()
    above = {code for place in places for code in chain(place)}
    unknown = any(not everything.reviewed(place) for place in places)
    applies = {"everywhere": True, "unreviewed": unknown}
    return tuple(
        gate
        for gate in everything.gate
        if gate.binds(on) and applies.get(gate.applies, not above.isdisjoint(gate.jurisdictions))
    )


@cache
def _book() -> GateBook:
    text = resources.files("audit.operations").joinpath("gates.toml").read_text("utf-8")
    return GateBook.model_validate(tomllib.loads(text))
