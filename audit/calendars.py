"""Days of deadlines: business days, months by the calendar, and the instant at which a day ends.

Where a regime says "business day" without a definition, lists of holidays differ (a state's list,
the federal one). `Doubt` says how a day counts that only some of a calendar's lists name: a duty to
act takes the reading that ends first, a duty to wait or to keep the one that ends last. So who
keeps a deadline given here keeps it by each list.
"""

from __future__ import annotations

import calendar as months
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any, Literal
from zoneinfo import ZoneInfo

import holidays

from audit.errors import ClockInvalid

Counting = Literal["plain", "eu_1182_71"]
Unit = Literal["hours", "days", "business_days", "months", "years"]

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_SATURDAY = 5
# Regulation 1182/71, Art. 3(5): a period of two days or more has at least two working days.
_LEAST_WORKING_DAYS = 2


class Doubt(StrEnum):
    """What a day counts as that some, but not all, of a calendar's lists call a holiday."""

    BUSINESS_DAY = "business_day"
    HOLIDAY = "holiday"


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time as a law states it: `length` >= 0 of `unit`."""

    length: int
    unit: Unit

    def __str__(self) -> str:
        word = self.unit.replace("_", " ")
        return f"{self.length} {word.removesuffix('s') if self.length == 1 else word}"


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of one jurisdiction.

    Attributes:
        code: ISO 3166-1 or 3166-2, or that with a city ("US-NY-NYC").
        sources: lists of public holidays, country and subdivision.
        counting: plain (the day of the event is not counted; the last day stays where it falls) or
            Regulation (EEC, Euratom) No 1182/71, Art. 3.
        within: codes of the jurisdictions that this one is part of, nearest first.
    """

    code: str
    name: str
    zone: ZoneInfo
    sources: tuple[tuple[str, str | None], ...]
    counting: Counting
    within: tuple[str, ...]

    @property
    def jurisdictions(self) -> tuple[str, ...]:
        """This one and all that it is part of."""
        return (self.code, *self.within)

    def is_business_day(self, day: date, doubt: Doubt) -> bool:
        """Whether `day` is neither Saturday, Sunday nor a public holiday."""
        if day.weekday() >= _SATURDAY:
            return False
        named = [day in public_holidays(*source, day.year) for source in self.sources]
        return not (all(named) if doubt is Doubt.BUSINESS_DAY else any(named))

    def add_business_days(self, day: date, count: int, doubt: Doubt) -> date:
        """The `count`-th business day after `day`, or before it if negative."""
        step = _DAY if count >= 0 else -_DAY
        left = abs(count)
        while left:
            day += step
            left -= self.is_business_day(day, doubt)
        return day

    def last_day(self, start: date, period: Period, doubt: Doubt) -> date:
        """The last day of a period of days or longer that an event on `start` sets going."""
        if period.unit == "business_days":
            return self.add_business_days(start, period.length, doubt)
        if period.unit == "hours":
            raise ClockInvalid("A period of hours ends at an instant, not on a day.")
        end = _plain_end(start, period)
        return self._as_1182_71(start, end, doubt) if self.counting == "eu_1182_71" else end

    def _as_1182_71(self, start: date, end: date, doubt: Doubt) -> date:
        """Art. 3(5), then 3(4): two working days at least, and a working day as the last one."""
        if end - start >= 2 * _DAY:
            end = max(end, self.add_business_days(start, _LEAST_WORKING_DAYS, doubt))
        while not self.is_business_day(end, doubt):
            end += _DAY
        return end

    def after_hours(self, start: datetime, hours: int) -> datetime:
        """The instant, in UTC, at which a period of hours from `start` ends.

        Regulation 1182/71, Art. 3(1) does not count the hour in which the event falls.
        """
        moment = start.astimezone(UTC)
        whole = moment.replace(minute=0, second=0, microsecond=0)
        if self.counting == "eu_1182_71" and whole != moment:
            moment = whole + _HOUR
        return moment + hours * _HOUR

    def day_of(self, moment: datetime) -> date:
        """The day that `moment` falls on here."""
        return moment.astimezone(self.zone).date()

    def start_of(self, day: date) -> datetime:
        """The first instant of `day` here, in UTC."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)

    def end_of(self, day: date) -> datetime:
        """The instant at which `day` is over here, in UTC: the first one of the next day."""
        return self.start_of(day + _DAY)


def add_months(day: date, count: int) -> date:
    """The same date `count` months on, or that month's last day where it is too short."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month + 1, min(day.day, months.monthrange(year, month + 1)[1]))


def _plain_end(start: date, period: Period) -> date:
    if period.unit == "days":
        return start + period.length * _DAY
    return add_months(start, period.length * (12 if period.unit == "years" else 1))


@cache
def public_holidays(country: str, subdivision: str | None, year: int) -> frozenset[date]:
    """Public holidays of one list and year, days observed in place of others included."""
    return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=year))


def calendar(code: str) -> Calendar:
    """The calendar of a jurisdiction.

    Raises:
        ClockInvalid: there is none; the message names what to give instead.
    """
    table = _table()
    if code in table:
        return _made(code, table[code])
    country, _, subdivision = code.partition("-")
    if country in table and subdivision in _subdivisions(country):
        parent = _made(country, table[country])
        own = (country, subdivision)
        return replace(
            parent,
            code=code,
            name=f"{parent.name}: {subdivision}",
            sources=(*parent.sources, own) if country == "US" else (own,),
            within=(country, *parent.within),
        )
    if code in {row.get("within") for row in table.values()}:
        raise ClockInvalid(
            f"'{code}' has no calendar of its own: name the member state, such as DE or FR."
        )
    raise ClockInvalid(f"No calendar for the jurisdiction '{code}'. Known: {', '.join(table)}.")


def known() -> tuple[str, ...]:
    """Codes that have an entry of their own."""
    return tuple(_table())


def _made(code: str, row: dict[str, Any]) -> Calendar:
    parents = tuple(_parents(code))
    within = row.get("within")
    return Calendar(
        code=code,
        name=row["name"],
        zone=ZoneInfo(row["zone"]),
        sources=tuple(_source(s) for s in row["sources"]),
        counting=row.get("counting", "plain"),
        within=(*parents, within) if within else parents,
    )


def _source(text: str) -> tuple[str, str | None]:
    country, _, subdivision = text.partition("/")
    return country, subdivision or None


def _parents(code: str) -> Iterator[str]:
    while "-" in code:
        code = code.rpartition("-")[0]
        yield code


@cache
def _subdivisions(country: str) -> frozenset[str]:
    return frozenset(holidays.country_holidays(country).subdivisions)


@cache
def _table() -> dict[str, dict[str, Any]]:
    text = resources.files("audit").joinpath("calendars.toml").read_text("utf-8")
    return tomllib.loads(text)
