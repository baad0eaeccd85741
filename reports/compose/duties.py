"""Risks and duties that follow from a system's mode, role, data and places: `duties.toml`.

The file is dated data; which entries apply on a day is decided here, from what is registered.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from audit.calendars import calendar
from audit.errors import ClockInvalid
from audit.records.register import DecisionRole, Mode
from reports.packs.standing import Standing, standing


class Scoped(BaseModel):
    """What applies to systems of some modes, roles, data and places; as `duties.toml` has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    modes: tuple[Mode, ...] = tuple(Mode)
    roles: tuple[DecisionRole, ...] = ()
    data: tuple[str, ...] = ()
    jurisdictions: tuple[str, ...] = ()
    citation: str
    read: Literal["primary", "secondary", "none"]
    status: Literal["in_force", "from", "voluntary"]
    since: date | None = None
    until: date | None = None

    def applies(self, system: Mapping[str, Any], places: Sequence[str]) -> bool:
        """Whether it applies to a system (mode, decision_role, data_types) in one of the places."""
        return (
            system["mode"] in self.modes
            and (not self.roles or system["decision_role"] in self.roles)
            and (not self.data or not set(self.data).isdisjoint(system["data_types"]))
            and (not self.jurisdictions or within(places, self.jurisdictions))
        )


class Duty(Scoped):
    """One entry of `duties.toml`."""

    kind: Literal["risk", "duty"]
    answered_by: str


class DutyBook(BaseModel):
    """All entries, in the order of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    revision: date
    duty: tuple[Duty, ...]


def applying(system: Mapping[str, Any], on: date) -> list[dict[str, Any]]:
    """The entries that apply to a system, as rows; `standing` says how each stands on that day.

    `system`: mode, decision_role, data_types and jurisdictions, as registered.
    """
    rows = []
    for each in book().duty:
        if each.applies(system, system["jurisdictions"]):
            stands = standing(each, on)
            begins = each.since if stands is Standing.NOT_YET else None
            rows.append(
                {
                    "id": each.id,
                    "kind": each.kind,
                    "citation": each.citation,
                    "read": each.read,
                    "standing": stands.value,
                    "since": begins.isoformat() if begins else None,
                    "section": each.answered_by,
                }
            )
    return rows


def within(places: Sequence[str], jurisdictions: Sequence[str]) -> bool:
    """Whether one of the places is one of the jurisdictions, or a part of one."""
    return any(not set(chain(place)).isdisjoint(jurisdictions) for place in places)


def chain(place: str) -> tuple[str, ...]:
    """A place and all that it is part of, also where it has no calendar of its own."""
    try:
        return calendar(place).jurisdictions
    except ClockInvalid:
        parts = place.split("-")
        return tuple("-".join(parts[:count]) for count in range(len(parts), 0, -1))


@cache
def book() -> DutyBook:
    """All entries of duties.toml."""
    text = resources.files("reports.compose").joinpath("duties.toml").read_text("utf-8")
    return DutyBook.model_validate(tomllib.loads(text))
