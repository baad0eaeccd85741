"""Schedules: each period once, whoever of several workers is first; missed ones are caught up."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import InputError, ReferenceUnknown, StepRefused, VersionConflict
from audit.operations import report_schedules
from audit.operations.report_schedules import KINDS, NewSchedule, period_of
from audit.records.evidence import FairnessAudit, Report
from audit.records.issued import DocumentKind, Every, ReportSchedule
from audit.records.work import Job
from audit.store import Store
from tests.audit.operations.people import add_system

TENANT = "acme"
NEW_YORK = ZoneInfo("America/New_York")


def schedule(store: Store, **changes: Any) -> ReportSchedule:
    with store.unit(TENANT) as unit:
        given: dict[str, Any] = {
            "kind": DocumentKind.GOVERNANCE,
            "system_id": add_system(unit).id,
            "every": Every.MONTH,
            **changes,
        }
        return report_schedules.create_schedule(unit, NewSchedule(**given))


def run(store: Store, now: datetime) -> list[str]:
    """What is ordered when a worker looks at `now`."""
    ordered = []
    for tenant, id in report_schedules.due(store, now):
        while True:
            with store.unit(tenant) as unit:
                made = report_schedules.take_up(unit, id, now)
            if made is None:
                break
            ordered.append(made)
    return ordered


@pytest.mark.parametrize(
    ("every", "day", "since", "until", "label"),
    [
        (Every.MONTH, date(2026, 3, 31), (2026, 3, 1), (2026, 4, 1), "2026-03"),
        (Every.MONTH, date(2026, 12, 1), (2026, 12, 1), (2027, 1, 1), "2026-12"),
        (Every.QUARTER, date(2026, 5, 9), (2026, 4, 1), (2026, 7, 1), "2026-Q2"),
        (Every.QUARTER, date(2026, 12, 31), (2026, 10, 1), (2027, 1, 1), "2026-Q4"),
        (Every.YEAR, date(2024, 2, 29), (2024, 1, 1), (2025, 1, 1), "2024"),
    ],
)
def test_periods_are_those_of_the_calendar(
    every: Every, day: date, since: Any, until: Any, label: str
) -> None:
    found = period_of(every, NEW_YORK, day)
    assert found.label == label
    for moment, wanted in ((found.since, since), (found.until, until)):
        assert moment.tzinfo is UTC
        local = moment.astimezone(NEW_YORK)
        assert (local.year, local.month, local.day, local.hour) == (*wanted, 0)


@given(
    st.sampled_from(Every),
    st.dates(date(2000, 1, 1), date(2199, 1, 1)),
    st.sampled_from(
        ["UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "America/Havana"]
    ),
)
def test_periods_follow_one_another_without_gaps(every: Every, day: date, name: str) -> None:
    zone = ZoneInfo(name)
    first = period_of(every, zone, day)
    second = period_of(every, zone, first.until.astimezone(zone).date())
    assert first.until == second.since > first.since
    assert first.since.astimezone(zone).date() <= day < first.until.astimezone(zone).date()


def test_a_report_is_ordered_when_its_period_has_ended(store: Store) -> None:
    made = schedule(store, first=date(2026, 3, 15), zone="America/New_York")
    assert made.next_at == datetime(2026, 4, 1, 4, tzinfo=UTC)  # midnight there
    assert run(store, datetime(2026, 4, 1, 3, 59, 59, tzinfo=UTC)) == []
    [ordered] = run(store, datetime(2026, 4, 1, 4, tzinfo=UTC))
    with store.reading(TENANT) as unit:
        report = unit.get(Report, ordered)
        job = unit.get(Job, str(report.job_id))
        now = unit.get(ReportSchedule, made.id)
    assert (report.period, report.schedule_id, report.subject) == (
        "2026-03",
        made.id,
        made.system_id,
    )
    assert report.order == {
        "period": {"since": "2026-03-01T05:00:00+00:00", "until": "2026-04-01T04:00:00+00:00"}
    }
    assert (job.kind, job.subject) == ("report", report.id)
    assert (now.made, now.next_since, now.next_at.month) == (1, made.next_at, 5)
    assert run(store, datetime(2026, 4, 30, tzinfo=UTC)) == []


def test_missed_periods_are_caught_up_in_order(store: Store) -> None:
    made = schedule(store, every=Every.QUARTER, first=date(2025, 1, 1))
    ordered = run(store, datetime(2026, 2, 1, tzinfo=UTC))
    with store.reading(TENANT) as unit:
        periods = [unit.get(Report, each).period for each in ordered]
        left = unit.get(ReportSchedule, made.id)
    assert periods == ["2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4"]
    assert (left.made, left.next_at) == (4, datetime(2026, 4, 1, tzinfo=UTC))
    with store.unit(TENANT) as unit:
        ended = report_schedules.end_schedule(unit, made.id)
        assert report_schedules.end_schedule(unit, made.id) == ended
    assert run(store, datetime(2030, 1, 1, tzinfo=UTC)) == []


def test_of_workers_at_once_one_orders_each_period(store: Store) -> None:
    made = schedule(store, first=date(2025, 1, 1))
    now = datetime(2025, 7, 2, tzinfo=UTC)
    start, lost, ordered = threading.Barrier(4), [], []

    def work() -> None:
        start.wait()
        while True:
            try:
                with store.unit(TENANT) as unit:
                    found = report_schedules.take_up(unit, made.id, now)
            except VersionConflict:
                lost.append(1)
                continue
            if found is None:
                return
            ordered.append(found)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with store.reading(TENANT) as unit:
        periods = sorted(str(each.period) for each in unit.every(Report))
        jobs = unit.count(Job, kind="report")
    assert periods == [f"2025-0{n}" for n in range(1, 7)]
    assert (len(ordered), jobs) == (6, 6)


def test_an_audit_is_carried_out_over_the_period(store: Store) -> None:
    schedule(store, kind=DocumentKind.FAIRNESS_AUDIT, every=Every.YEAR, first=date(2025, 5, 1))
    [ordered] = run(store, datetime(2026, 1, 1, tzinfo=UTC))
    with store.reading(TENANT) as unit:
        audit = unit.get(FairnessAudit, ordered)
    assert (audit.since, audit.until) == (
        datetime(2025, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"kind": DocumentKind.EXPLANATION_LETTER}, InputError),
        ({"zone": "Europe/Nowhere"}, InputError),
        ({"zone": "../../etc/passwd"}, InputError),
        ({"first": date(2001, 1, 1)}, InputError),
        ({"system_id": "sys_" + "0" * 26}, ReferenceUnknown),
        ({"recipients": ("whk_" + "0" * 26,)}, ReferenceUnknown),
    ],
)
def test_what_cannot_be_scheduled_is_refused(
    store: Store, changes: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        schedule(store, **changes)
    with store.reading(TENANT) as unit:
        assert unit.count(ReportSchedule) == 0


def test_there_are_not_too_many(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_schedules, "MOST", 1)
    first = schedule(store)
    with pytest.raises(StepRefused, match="end one"):
        schedule(store)
    with store.unit(TENANT) as unit:
        report_schedules.end_schedule(unit, first.id)
    schedule(store)
    assert DocumentKind.GOVERNANCE in KINDS
