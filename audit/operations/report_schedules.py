"""Reports that are made at the end of each month, quarter or year, once each.

The row of a schedule names the period that comes next. Taking a period up orders its report and
moves the row on, in one transaction: of several workers one commits it, and periods in which no
worker ran are taken up afterwards, one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from audit.canonical import Json
from audit.errors import InputError, ReferenceUnknown, StepRefused
from audit.ids import new_id
from audit.ledger import EventKind
from audit.operations.fairness_audits import OUTCOMES, AuditOrder, request_audit
from audit.operations.media import named
from audit.operations.report_orders import ReportOrder, request_report
from audit.records.issued import DocumentKind, Every, ReportSchedule
from audit.records.oversight import Endpoint, EndpointState
from audit.records.register import System
from audit.store import ReadUnit, Store, UnitOfWork
from audit.store.schedules import due_schedules

KINDS = (
    DocumentKind.GOVERNANCE,
    DocumentKind.REGIME_FILE,
    DocumentKind.FAIRNESS_AUDIT,
    DocumentKind.LL144_SUMMARY,
    DocumentKind.ADVERSE_IMPACT_RECORD,
)
"""What can be made by a schedule; a fairness audit is carried out, the others are of the newest."""
MOST = 100
"""Schedules of a tenant that have not ended."""
MOST_BEHIND = 120
"""Periods before the present one that a new schedule may begin with."""
_MONTHS = {Every.MONTH: 1, Every.QUARTER: 3, Every.YEAR: 12}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSchedule:
    """A schedule that is wanted. `first`: a day of the first period; left out, today."""

    kind: DocumentKind
    system_id: str
    every: Every
    zone: str = "UTC"
    language: str = "en"
    packs: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    first: date | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """One period, [since, until), in UTC, and what it is called: 2026-03, 2026-Q1, 2026."""

    since: datetime
    until: datetime
    label: str


def create_schedule(unit: UnitOfWork, new: NewSchedule) -> ReportSchedule:
    """A schedule, whose first report is made when its first period has ended.

    Raises:
        InputError: it cannot be made by a schedule, or zone or first day cannot be used.
        ReferenceUnknown: system or endpoints are not there.
        StepRefused: there are too many.
    """
    if new.kind not in KINDS:
        wanted = ", ".join(each.value for each in KINDS)
        raise InputError(f"A schedule makes documents of the kinds {wanted}.")
    named(unit, System, new.system_id)
    _check_recipients(unit, new.recipients)
    if unit.count(ReportSchedule, ended_at=None) >= MOST:
        raise StepRefused(f"There are {MOST} schedules; end one of them first.")
    zone = _zone(new.zone)
    now = unit.now()
    day = new.first or now.astimezone(zone).date()
    span = period_of(new.every, zone, day)
    if _months_between(span.since.astimezone(zone), now.astimezone(zone)) > MOST_BEHIND:
        raise InputError(f"`first` lies more than {MOST_BEHIND} months back.")
    made = unit.add(
        ReportSchedule(
            id=new_id("sch"),
            kind=new.kind,
            system_id=new.system_id,
            every=new.every,
            zone=new.zone,
            language=new.language,
            packs=new.packs,
            recipients=new.recipients,
            next_since=span.since,
            next_at=span.until,
        )
    )
    _record(unit, made, "created")
    return made


def end_schedule(unit: UnitOfWork, schedule_id: str) -> ReportSchedule:
    """Ends a schedule; what it made stays. Again is no error. Raises `NotFound`."""
    schedule = unit.get(ReportSchedule, schedule_id)
    if schedule.ended_at is not None:
        return schedule
    ended = unit.put(replace(schedule, ended_at=unit.now()))
    _record(unit, ended, "ended")
    return ended


def due(store: Store, now: datetime) -> tuple[tuple[str, str], ...]:
    """Tenant and schedule of everything that is due."""
    return due_schedules(store, now)


def take_up(unit: UnitOfWork, schedule_id: str, now: datetime) -> str | None:
    """Orders the report of the next period that has ended; the id of what was ordered.

    None where none has. Raises `VersionConflict` where another worker was faster: then nothing was
    ordered here.
    """
    schedule = unit.get(ReportSchedule, schedule_id)
    if schedule.ended_at is not None or schedule.next_at > now:
        return None
    zone = _zone(schedule.zone)
    span = period_of(schedule.every, zone, schedule.next_since.astimezone(zone).date())
    after = period_of(schedule.every, zone, schedule.next_at.astimezone(zone).date())
    unit.put(replace(schedule, next_since=after.since, next_at=after.until, made=schedule.made + 1))
    ordered = _order(unit, schedule, span)
    _record(unit, schedule, "made", period=span.label, ordered=ordered)
    return ordered


def period_of(every: Every, zone: ZoneInfo, day: date) -> Span:
    """The period that a day is in, by the calendar of a zone."""
    months = _MONTHS[every]
    first = (day.month - 1) // months * months + 1
    since = datetime(day.year, first, 1, tzinfo=zone)
    carried, month = divmod(first - 1 + months, 12)
    until = datetime(day.year + carried, month + 1, 1, tzinfo=zone)
    labels = {
        Every.MONTH: f"{day.year}-{first:02d}",
        Every.QUARTER: f"{day.year}-Q{(first + 2) // 3}",
        Every.YEAR: f"{day.year}",
    }
    return Span(since.astimezone(UTC), until.astimezone(UTC), labels[every])


def _order(unit: UnitOfWork, schedule: ReportSchedule, span: Span) -> str:
    if schedule.kind is DocumentKind.FAIRNESS_AUDIT:
        order = AuditOrder(
            name=f"Schedule {schedule.id}, {span.label}",
            source=OUTCOMES,
            spec={},
            system_id=schedule.system_id,
            since=span.since,
            until=span.until,
        )
        return request_audit(unit, order).id
    options: dict[str, Any] = {
        "period": {"since": span.since.isoformat(), "until": span.until.isoformat()}
    }
    if schedule.packs:
        options["packs"] = list(schedule.packs)
    return request_report(
        unit,
        ReportOrder(
            kind=schedule.kind,
            subject=schedule.system_id,
            language=schedule.language,
            options=options,
            schedule=schedule,
            period=span.label,
        ),
    ).id


def _check_recipients(unit: ReadUnit, recipients: tuple[str, ...]) -> None:
    there = {each.id for each in unit.every(Endpoint) if each.state is not EndpointState.REMOVED}
    for each in recipients:
        if each not in there:
            raise ReferenceUnknown(f"There is no webhook endpoint {each!r}.")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(f"There is no time zone {name!r}; give one as Europe/Berlin.") from None


def _months_between(first: datetime, last: datetime) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def _record(unit: UnitOfWork, schedule: ReportSchedule, what: str, **more: str) -> None:
    body: Mapping[str, Json] = {
        "change": what,
        "kind": schedule.kind.value,
        "system": schedule.system_id,
        "every": schedule.every.value,
        **more,
    }
    unit.record(EventKind.REPORT_SCHEDULED, schedule.id, body)
