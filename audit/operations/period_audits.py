"""Fairness audits of a system in a period: results, age, and what they say of events by group.

Demographics are never read here: who was flagged or opted out, by group, comes from the results of
fairness audits alone, which withhold small cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from audit.calendars import calendar
from audit.clocks import due, running_in
from audit.operations.places import known
from audit.records.evidence import FairnessAudit, Report, RunState
from audit.records.period import (
    AuditClock,
    Audits,
    BiasAudit,
    EventTable,
    GroupEvent,
    GroupEvents,
    Share,
)
from audit.store import ReadUnit
from audit.store.period import Span

AUDITED = "audit_dated"
"""The event that starts the clocks of an audit's age, as audit/clocks.toml calls it."""
CLASSES = (
    "adverse",
    "small_numbers",
    "significant_above_four_fifths",
    "undetectable",
    "no_indication",
)


class Results(Protocol):
    """Reads the result of a report: `audit.operations.reports.ResultReader`."""

    def __call__(self, unit: ReadUnit, report: Report, /) -> Mapping[str, Any] | None:
        """The parsed result; None where it cannot be read any more."""
        ...


@dataclass(frozen=True, slots=True)
class AuditsRead:
    """Audits of the period and what their results say."""

    audits: Audits
    group_events: GroupEvents


def read_audits(span: Span, places: Sequence[str], results: Results | None) -> AuditsRead:
    """The audits of the system up to the moment. `places`: the system's; `results`: reads them."""
    every = span.unit.every(FairnessAudit, system_id=span.system_id)
    ended = [
        each for each in every if each.finished_at is not None and each.finished_at < span.as_of
    ]
    finished = [each for each in ended if each.state is RunState.FINISHED]
    finished.sort(key=_finished_at, reverse=True)
    made = [each for each in finished if _finished_at(each) >= span.since]
    failed = [
        each for each in ended if each.state is RunState.FAILED and _finished_at(each) >= span.since
    ]
    last = finished[0] if finished else None
    return AuditsRead(
        Audits(
            made=tuple(_facts(each) for each in made),
            failed=len(failed),
            last=_facts(last) if last else None,
            last_age_days=(span.as_of - _finished_at(last)).days if last else None,
            clocks=tuple(_clocks(last, places, span.as_of)),
        ),
        _events(span.unit, made or finished[:1], results),
    )


def _facts(audit: FairnessAudit) -> BiasAudit:
    return BiasAudit(
        id=audit.id,
        name=audit.name,
        finished_at=_finished_at(audit),
        source=audit.source,
        since=audit.since,
        until=audit.until,
        result_sha256=audit.result_sha256,
        report_id=audit.report_id,
        comparisons=sum(audit.classes.values()),
        classes={name: audit.classes.get(name, 0) for name in CLASSES},
    )


def _finished_at(audit: FairnessAudit) -> datetime:
    return audit.finished_at or audit.updated_at


def _clocks(
    last: FairnessAudit | None, places: Sequence[str], as_of: datetime
) -> Iterator[AuditClock]:
    """Where each clock of an audit's age stands; without an audit all are past."""
    seen: set[str] = set()
    for place in known(tuple(places)):
        days = calendar(place)
        for clock in running_in(place, days.day_of(as_of)):
            if clock.starts != AUDITED or clock.id in seen:
                continue
            seen.add(clock.id)
            deadline = due(clock, _finished_at(last), place) if last else None
            last_day = days.day_of(as_of - timedelta(microseconds=1))
            yield AuditClock(
                clock=clock.id,
                citation=clock.citation,
                jurisdiction=place,
                due_on=deadline.due_on if deadline else None,
                overdue=deadline is None or as_of > deadline.ends_at,
                days_left=(deadline.due_on - last_day).days if deadline else None,
            )


def _events(
    unit: ReadUnit, audits: Sequence[FairnessAudit], results: Results | None
) -> GroupEvents:
    tables: list[EventTable] = []
    rows: list[GroupEvent] = []
    read = 0
    wanted = [each.report_id for each in audits if each.report_id]
    reports = {r.subject: r for r in unit.every(Report, id=wanted)} if wanted and results else {}
    for audit in audits:
        report = reports.get(audit.id)
        document = results(unit, report) if results and report else None
        if document is None:
            continue
        read += 1
        for table in document.get("events", ()):
            tables.append(_table(audit.id, table))
            rows += [_row(audit.id, table, row) for row in table["rows"]]
    return GroupEvents(audits_read=Share(read, len(audits)), tables=tuple(tables), rows=tuple(rows))


def _table(audit_id: str, table: Mapping[str, Any]) -> EventTable:
    return EventTable(
        audit_id=audit_id,
        kind=table["kind"],
        features=tuple(table["features"]),
        persons=table["persons"],
        happened=table["happened"],
        unknown_persons=table["unknown_persons"],
        unknown_happened=table["unknown_happened"],
    )


def _row(audit_id: str, table: Mapping[str, Any], row: Mapping[str, Any]) -> GroupEvent:
    low, high = _ends(row["ratio"].get("interval"))
    return GroupEvent(
        audit_id=audit_id,
        kind=table["kind"],
        features=tuple(table["features"]),
        group=tuple(row["group"]),
        count=row["rate"]["count"],
        of=row["rate"]["of"],
        is_reference=row["is_reference"],
        ratio=row["ratio"]["value"],
        ratio_low=low,
        ratio_high=high,
        finding=row["finding"],
        withheld=bool(row.get("withheld", False)),
    )


def _ends(interval: Mapping[str, Any] | None) -> tuple[float | None, float | None]:
    return (interval["low"], interval["high"]) if interval else (None, None)
