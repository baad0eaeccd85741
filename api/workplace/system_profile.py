"""What follows from how a system is used: risks, duties, and days by which something is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from api.workplace import words
from audit.clocks import Clock, book, due
from audit.errors import ClockInvalid
from audit.records.issued import ReportSchedule
from audit.records.register import System
from reports.compose.duties import applying, chain
from reports.document.catalogue import catalogue

_AUDITED = "audit_dated"


@dataclass(frozen=True, slots=True)
class Point:
    """A risk or a duty. `standing`: how it stands today; `since`: from when on, if later."""

    text: str
    citation: str
    standing: str
    since: str
    primary: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """What applies to a system of this mode, role, data and places."""

    risks: tuple[Point, ...]
    duties: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """What is due, and when; `at` None: nothing started the clock yet."""

    title: str
    at: datetime | None
    standing: words.Standing
    citation: str


@dataclass(frozen=True, slots=True)
class Running:
    """A clock that law makes run in one of the places."""

    title: str
    period: str
    citation: str
    place: str


def profile(system: System, on: date) -> Profile:
    """Risks and duties, as governance reports have them."""
    facts = {
        "mode": system.mode.value,
        "decision_role": system.decision_role.value,
        "data_types": system.data_types,
        "jurisdictions": system.jurisdictions,
    }
    rows = applying(facts, on)
    return Profile(
        tuple(_point(each) for each in rows if each["kind"] == "risk"),
        tuple(_point(each) for each in rows if each["kind"] == "duty"),
    )


def deadlines(
    system: System, audited: datetime | None, schedules: Sequence[ReportSchedule], now: datetime
) -> list[Due]:
    """What is due for a system, the next first; what nothing started yet is last.

    `audited`: when its newest fairness audit was finished.
    """
    found: list[Due] = []
    for place in system.jurisdictions:
        for clock in _clocks(place, now.date()):
            if clock.starts == _AUDITED:
                at = _ends(clock, audited, place)
                found.append(Due(clock.title, at, words.standing(at, now), clock.citation))
    for each in schedules:
        title = f"{words.kind(each.kind)} of the {each.every.value} is made"
        found.append(Due(title, each.next_at, "open", "your schedule"))
    return sorted(found, key=lambda d: (d.at is None, d.at or now))


def clocks_of(places: Sequence[str], on: date) -> list[Running]:
    """Every clock that binds in the places, once."""
    found = {clock.id: (clock, place) for place in places for clock in _clocks(place, on)}
    return [
        Running(clock.title, period(clock), clock.citation, place)
        for clock, place in found.values()
    ]


def _clocks(place: str, on: date) -> list[Clock]:
    codes = set(chain(place))
    return [c for c in book().clock if c.binds(on) and not codes.isdisjoint(c.jurisdictions)]


def _ends(clock: Clock, started: datetime | None, place: str) -> datetime | None:
    if started is None:
        return None
    try:
        return due(clock, started, place).ends_at
    except ClockInvalid:
        return None


def period(clock: Clock) -> str:
    """How long a clock runs, in words."""
    if clock.period is None:
        return f"each year on {clock.fixed_date:%d %B}" if clock.fixed_date else ""
    return f"{clock.period.length} {clock.period.unit.replace('_', ' ')}"


def _point(row: dict[str, Any]) -> Point:
    return Point(
        catalogue("en").word("period_duty", row["id"]),
        row["citation"],
        row["standing"],
        row["since"] or "",
        row["read"] != "secondary",
    )
