"""Legal clocks: what starts them, how long they run, what extends and stops them.

The clocks are data (`audit/clocks.toml`), each with citation and status. `due` turns a clock and
its starting event into a `Deadline`; `state` says where that stands at a given time. Nothing here
reads the time of day. A duty without a stated period has no clock, and `for_request` says so.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib import resources
from itertools import product
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from audit.calendars import Calendar, Doubt, Period, calendar
from audit.errors import ClockInvalid, ExtensionRefused

Direction = Literal["act_by", "lead", "wait", "keep_until"]
Standing = Literal["in_force", "from", "proposed", "voluntary", "own"]
Artefact = Literal[
    "media",
    "biometric_reference",
    "scores",
    "decisions",
    "selection_criteria",
    "demographics",
    "logs",
    "documentation",
    "audit_summary",
    "postings",
    "records",
]


class RequestKind(StrEnum):
    """What a person may ask for."""

    OPT_OUT = "opt_out"
    HUMAN_ALTERNATIVE = "human_alternative"
    APPEAL = "appeal"
    ACCESS = "access"
    CORRECTION = "correction"
    EXPLANATION = "explanation"
    DELETION = "deletion"


class State(StrEnum):
    """Where a deadline stands."""

    PENDING = "pending"  # runs
    REMINDER = "reminder"  # runs, and a reminder point has passed
    OVERDUE = "overdue"  # what was to be done by then was not
    RUN_OUT = "run_out"  # a time to wait or to keep is over: nothing is owed
    STOPPED = "stopped"  # what it asked for was done


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ClockExtension(_Part):
    """How a clock may be extended, once, before its first end."""

    period: Period
    condition: str = Field(min_length=1)
    tell_person: bool


class Clock(_Part):
    """One clock as its source states it; fields as described at the head of clocks.toml."""

    id: str = Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)+$")
    regime: str
    title: str
    citation: str = Field(min_length=1)
    read: Literal["primary", "secondary", "none"]
    status: Standing
    since: date | None = None
    jurisdictions: tuple[str, ...]
    direction: Direction
    starts: str
    stops: str = ""
    period: Period | None = None
    fixed_date: date | None = None
    """Of any year: it comes round each year."""
    extension: ClockExtension | None = None
    requests: tuple[RequestKind, ...] = ()
    covers: tuple[Artefact, ...] = ()
    reminders: tuple[Annotated[int, Field(ge=1)], ...] = ()
    hold: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.period is None) == (self.fixed_date is None):
            raise ValueError(f"{self.id}: give either period or fixed_date")
        if self.period is not None and self.period.length < 0:
            raise ValueError(f"{self.id}: a period is not negative")
        if (self.status == "from") and self.since is None:
            raise ValueError(f"{self.id}: status 'from' needs since")
        if self.extension and (not self.period or self.extension.period.unit != self.period.unit):
            raise ValueError(f"{self.id}: the extension needs the unit of the period")
        if self.reminders and self.direction != "act_by":
            raise ValueError(f"{self.id}: only what must be done by a day has reminders")
        return self

    def binds(self, on: date) -> bool:
        """Whether law makes this clock run on that day. Proposed and voluntary ones never bind."""
        if self.status not in ("in_force", "from"):
            return False
        return self.since is None or self.since <= on

    @property
    def doubt(self) -> Doubt:
        """How a doubtful holiday counts: never to the disadvantage of the person concerned."""
        return Doubt.BUSINESS_DAY if self.direction == "act_by" else Doubt.HOLIDAY


class NoPeriod(_Part):
    """A duty or a right for which the sources read state no period."""

    id: str
    regime: str
    citation: str
    jurisdictions: tuple[str, ...]
    since: date | None = None
    requests: tuple[RequestKind, ...] = ()
    text: str


class ClockBook(_Part):
    """All clocks, in the order of the file."""

    clock: tuple[Clock, ...]
    no_period: tuple[NoPeriod, ...] = ()

    @model_validator(mode="after")
    def _unique(self) -> Self:
        ids = [c.id for c in self.clock] + [n.id for n in self.no_period]
        if len(ids) != len(set(ids)):
            raise ValueError("two clocks have one id")
        return self


@dataclass(frozen=True, slots=True)
class Extension:
    """That, why and when a deadline was extended, and when the person was told."""

    reason: str
    decided_at: datetime
    told_at: datetime | None
    first_end: datetime


@dataclass(frozen=True, slots=True)
class Deadline:
    """One running clock. Instants are UTC; days are those of the jurisdiction.

    Attributes:
        due_on: act_by and keep_until: the last day. lead: the first day allowed. wait: the last
            day barred. For a period of hours, the day that `ends_at` falls on.
        ends_at: the instant after which the duty is broken (act_by) or over (the others).
        binding: whether law makes the clock run on the day it started.
    """

    clock: str
    jurisdiction: str
    direction: Direction
    started_at: datetime
    due_on: date
    ends_at: datetime
    zone: str
    binding: bool
    reminders_at: tuple[datetime, ...] = ()
    extension: Extension | None = None
    stopped_at: datetime | None = None

    @property
    def is_late(self) -> bool:
        """Whether it was stopped only after its end."""
        return self.stopped_at is not None and self.stopped_at >= self.ends_at


@dataclass(frozen=True, slots=True)
class RequestClocks:
    """What runs for one kind of request: binding clocks, and what is to be said without one."""

    clocks: tuple[Clock, ...]
    notes: tuple[str, ...]


def due(clock: Clock, started: datetime | date, jurisdiction: str) -> Deadline:
    """The deadline that an event at `started` (aware, or a day of the jurisdiction) sets going.

    Raises:
        ClockInvalid: the clock does not run in the jurisdiction, or `started` has no time zone.
    """
    days = _calendar_for(clock, jurisdiction)
    moment = _moment(started, days)
    day = days.day_of(moment)
    due_on, ends_at = _end(clock, clock.period, moment, days)
    return Deadline(
        clock=clock.id,
        jurisdiction=jurisdiction,
        direction=clock.direction,
        started_at=moment,
        due_on=due_on,
        ends_at=ends_at,
        zone=days.zone.key,
        binding=clock.binds(day),
        reminders_at=_reminders(clock, days, due_on, moment),
    )


def latest_start(clock: Clock, use_on: date, jurisdiction: str) -> date:
    """The last day for the starting event (a notice) of a `lead` clock, if use begins on `use_on`.

    Raises:
        ClockInvalid: the clock is of another direction, or does not run there.
    """
    if clock.direction != "lead" or clock.period is None:
        raise ClockInvalid(f"The clock {clock.id} does not run ahead of a use.")
    days = _calendar_for(clock, jurisdiction)
    if clock.period.length == 0:
        return use_on
    if clock.period.unit != "business_days":
        raise ClockInvalid(f"The clock {clock.id} is not counted in business days.")
    # Counted back from the last business day up to the use, which may itself fall on a holiday.
    after = use_on + timedelta(days=1)
    day = days.add_business_days(after, -clock.period.length - 1, clock.doubt)
    while due(clock, day + timedelta(days=1), jurisdiction).due_on <= use_on:
        day += timedelta(days=1)
    return day


def state(deadline: Deadline, now: datetime) -> State:
    """Where the deadline stands at `now` (aware)."""
    if deadline.stopped_at is not None and deadline.stopped_at <= now:
        return State.STOPPED
    if now >= deadline.ends_at:
        return State.OVERDUE if deadline.direction == "act_by" else State.RUN_OUT
    if any(at <= now for at in deadline.reminders_at):
        return State.REMINDER
    return State.PENDING


def stop(deadline: Deadline, at: datetime) -> Deadline:
    """The deadline after what it asked for was done at `at`; a second stop changes nothing."""
    if deadline.stopped_at is not None:
        return deadline
    return replace(deadline, stopped_at=_aware(at))


def extend(
    clock: Clock,
    deadline: Deadline,
    *,
    reason: str,
    decided_at: datetime,
    told_at: datetime | None = None,
) -> Deadline:
    """The deadline counted from its start with the extension added, as its clock allows.

    Raises:
        ExtensionRefused: the clock has no extension, it was used already, the time for it is over,
            no reason is given, or the person was not told in time.
    """
    whole = _extended_period(clock, deadline)
    _check_extension(clock, deadline, reason, decided_at, told_at)
    days = calendar(deadline.jurisdiction)
    due_on, ends_at = _end(clock, whole, deadline.started_at, days)
    return replace(
        deadline,
        due_on=due_on,
        ends_at=ends_at,
        reminders_at=_reminders(clock, days, due_on, _aware(decided_at)),
        extension=Extension(reason.strip(), _aware(decided_at), told_at, deadline.ends_at),
    )


def _extended_period(clock: Clock, deadline: Deadline) -> Period:
    """The clock's period with its extension; ExtensionRefused where it has none left."""
    if clock.id != deadline.clock or clock.extension is None or clock.period is None:
        raise ExtensionRefused(f"The clock {deadline.clock} allows no extension.")
    if deadline.extension is not None or deadline.stopped_at is not None:
        raise ExtensionRefused("The deadline was extended already, or it is stopped.")
    return Period(clock.period.length + clock.extension.period.length, clock.period.unit)


def _check_extension(
    clock: Clock, deadline: Deadline, reason: str, decided_at: datetime, told_at: datetime | None
) -> None:
    condition = clock.extension.condition if clock.extension else ""
    if not reason.strip():
        raise ExtensionRefused(f"Give the reason of the extension. Condition: {condition}")
    if not deadline.started_at <= _aware(decided_at) < deadline.ends_at:
        raise ExtensionRefused("An extension is decided while the first period runs.")
    if clock.extension and clock.extension.tell_person and told_at is None:
        raise ExtensionRefused("The person must be told of the extension and of its reasons.")
    if told_at is not None and not decided_at <= _aware(told_at) < deadline.ends_at:
        raise ExtensionRefused("The person must be told before the first period is over.")


def book() -> ClockBook:
    """All clocks of audit/clocks.toml."""
    return _book()


def find(clock_id: str) -> Clock:
    """The clock with that id (ClockInvalid where there is none)."""
    for clock in book().clock:
        if clock.id == clock_id:
            return clock
    raise ClockInvalid(f"No clock is called '{clock_id}'. `audit/clocks.toml` lists them.")


def running_in(jurisdiction: str, on: date) -> tuple[Clock, ...]:
    """Clocks that bind in the jurisdiction, or in what it is part of, on that day."""
    codes = calendar(jurisdiction).jurisdictions
    return tuple(
        c for c in book().clock if c.binds(on) and not set(codes).isdisjoint(c.jurisdictions)
    )


def for_request(kind: RequestKind, jurisdiction: str, on: date) -> RequestClocks:
    """The clocks that a request of this kind sets going, and notes where the law states none."""
    place = calendar(jurisdiction)
    codes = set(place.jurisdictions)
    clocks = tuple(c for c in running_in(jurisdiction, on) if kind in c.requests)
    notes = [
        f"{entry.text} ({entry.citation})"
        for entry in book().no_period
        if kind in entry.requests
        and not codes.isdisjoint(entry.jurisdictions)
        and (entry.since is None or entry.since <= on)
    ]
    if not clocks and not notes:
        words = kind.value.replace("_", " ")
        notes.append(f"No clock for a request of the kind '{words}' is known for {place.name}.")
    return RequestClocks(clocks, tuple(notes))


def conflicts(jurisdictions: tuple[str, ...], on: date) -> tuple[tuple[Artefact, str, str], ...]:
    """Artefacts that one clock says to keep and another to destroy: artefact, keeper, destroyer.

    Of several jurisdictions of one person. A person settles each and records the legal basis.
    """
    found = {c.id: c for code in jurisdictions for c in running_in(code, on)}.values()
    keep = [c for c in found if c.direction == "keep_until"]
    destroy = [c for c in found if c.direction == "act_by" and c.covers]
    return tuple(
        (artefact, one.id, other.id)
        for one, other in product(keep, destroy)
        for artefact in one.covers
        if artefact in other.covers
    )


def own_clock(
    clock_id: str, period: Period, jurisdictions: tuple[str, ...], reminders: tuple[int, ...] = ()
) -> Clock:
    """A clock that an organisation sets itself (for a review): act by; it never binds by law."""
    return Clock(
        id=clock_id,
        regime="own",
        title="A period that the organisation set itself",
        citation="The organisation's policy",
        read="none",
        status="own",
        jurisdictions=jurisdictions,
        direction="act_by",
        starts="flag_raised",
        stops="review_closed",
        period=period,
        reminders=reminders,
    )


@cache
def _book() -> ClockBook:
    text = resources.files("audit").joinpath("clocks.toml").read_text("utf-8")
    return ClockBook.model_validate(tomllib.loads(text))


def _calendar_for(clock: Clock, jurisdiction: str) -> Calendar:
    days = calendar(jurisdiction)
    if set(days.jurisdictions).isdisjoint(clock.jurisdictions):
        where = ", ".join(clock.jurisdictions)
        raise ClockInvalid(f"The clock {clock.id} runs in {where}, not in {jurisdiction}.")
    return days


def _moment(started: datetime | date, days: Calendar) -> datetime:
    return _aware(started) if isinstance(started, datetime) else days.start_of(started)


def _aware(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ClockInvalid(f"The time {moment.isoformat()} has no time zone: give one.")
    return moment.astimezone(UTC)


def _end(
    clock: Clock, period: Period | None, moment: datetime, days: Calendar
) -> tuple[date, datetime]:
    """The day and the instant at which a clock ends."""
    if period is not None and period.unit == "hours":
        ends_at = days.after_hours(moment, period.length) if period.length else moment
        return days.day_of(ends_at), ends_at
    day = days.day_of(moment)
    if period is not None:
        last = days.last_day(day, period, clock.doubt)
    elif clock.fixed_date is not None:
        here = clock.fixed_date.replace(year=day.year)
        last = here if here >= day else here.replace(year=day.year + 1)
    else:
        raise ClockInvalid(f"The clock {clock.id} has no period.")
    return last, days.start_of(last) if clock.direction == "lead" else days.end_of(last)


def _reminders(clock: Clock, days: Calendar, due_on: date, after: datetime) -> tuple[datetime, ...]:
    """Starts of the days on which to remind; those that are past at `after` are left out."""
    points = (days.start_of(due_on - timedelta(days=n)) for n in clock.reminders)
    return tuple(sorted(p for p in points if p > after))
