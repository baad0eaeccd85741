"""The legal clocks: every value of the table, dates by hand, extensions, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from audit.calendars import Period, calendar
from audit.clocks import (
    Clock,
    RequestKind,
    State,
    book,
    conflicts,
    due,
    extend,
    find,
    for_request,
    latest_start,
    own_clock,
    running_in,
    state,
    stop,
)
from audit.errors import ClockInvalid, ExtensionRefused

NOON = datetime(2027, 3, 5, 12, tzinfo=UTC)


def table() -> dict[str, str]:
    return {c.id: str(c.period or c.fixed_date) for c in book().clock}


def test_every_clock_has_the_length_of_its_source() -> None:
    assert table() == {
        "ll144.notice": "10 business days",
        "ll144.information": "30 days",
        "ll144.audit_age": "1 year",
        "ll144.summary_posted": "6 months",
        "co.notice_pre_use": "0 hours",
        "co.adverse_outcome": "30 days",
        "co.records": "3 years",
        "co.rules_data_request": "45 days",
        "co.rules_request_page": "10 business days",
        "co_2024.assessment_yearly": "1 year",
        "co_2024.assessment_after_change": "90 days",
        "co_2024.assessment_kept": "3 years",
        "ca_crd.records": "4 years",
        "ca_crd.demographics": "4 years",
        "ccpa.pre_use_notice": "0 hours",
        "ccpa.opt_out": "15 business days",
        "ccpa.no_new_asking": "12 months",
        "aivia.consent": "0 hours",
        "aivia.deletion": "30 days",
        "aivia.report": "2000-12-31",
        "bipa.release": "0 hours",
        "bipa.destroy": "3 years",
        "gdpr.request": "1 month",
        "ai_act.deployer_logs": "6 months",
        "ai_act.provider_logs": "6 months",
        "ai_act.provider_documentation": "10 years",
        "ugesp.yearly": "1 year",
        "ugesp.component_records": "2 years",
        "eeoc.personnel_records": "1 year",
        "on_esa.postings": "3 years",
    }


@pytest.mark.parametrize(
    ("clock", "place", "started", "due_on"),
    [
        # Fri 5 Feb: 8, 9, 10, 11, (12 Lincoln, 15 Washington), 16, 17, 18, 19, 22, 23 February.
        ("ll144.notice", "US-NY-NYC", date(2027, 2, 5), date(2027, 2, 23)),
        # Fri 18 Dec: 21-24, (25), 28-31, (1 January), 4, 5 January.
        ("ll144.notice", "US-NY-NYC", date(2026, 12, 18), date(2027, 1, 5)),
        ("ll144.information", "US-NY-NYC", date(2027, 1, 15), date(2027, 2, 14)),
        ("ll144.audit_age", "US-NY-NYC", date(2026, 11, 22), date(2027, 11, 22)),
        ("ll144.summary_posted", "US-NY-NYC", date(2027, 8, 31), date(2028, 2, 29)),
        ("co.adverse_outcome", "US-CO", date(2027, 1, 2), date(2027, 2, 1)),
        ("co.records", "US-CO", date(2027, 1, 2), date(2030, 1, 2)),
        # Wed 10 Feb: 11, 12 (on the state's list only: counts), (15), 16-19, 22-26, 1-4 March.
        ("ccpa.opt_out", "US-CA", date(2027, 2, 10), date(2027, 3, 4)),
        # Mon 22 Mar: 31 March is a day off on the state's list only.
        ("ccpa.opt_out", "US-CA", date(2027, 3, 22), date(2027, 4, 12)),
        ("ccpa.no_new_asking", "US-CA", date(2027, 2, 10), date(2028, 2, 10)),
        ("ca_crd.records", "US-CA", date(2028, 2, 29), date(2032, 2, 29)),
        ("aivia.deletion", "US-IL", date(2027, 3, 1), date(2027, 3, 31)),
        ("aivia.report", "US-IL", date(2026, 11, 30), date(2026, 12, 31)),
        ("aivia.report", "US-IL", date(2026, 12, 31), date(2026, 12, 31)),
        ("bipa.destroy", "US-IL", date(2024, 2, 29), date(2027, 2, 28)),
        ("gdpr.request", "DE", date(2027, 1, 31), date(2027, 3, 1)),
        ("gdpr.request", "IE", date(2027, 3, 5), date(2027, 4, 5)),
        ("ai_act.deployer_logs", "FR", date(2027, 12, 2), date(2028, 6, 2)),
        ("ai_act.provider_documentation", "ES", date(2028, 1, 3), date(2038, 1, 4)),
        ("ugesp.component_records", "US-TX", date(2026, 11, 22), date(2028, 11, 22)),
        ("on_esa.postings", "CA-ON", date(2026, 1, 1), date(2029, 1, 1)),
    ],
)
def test_dates_by_hand(clock: str, place: str, started: date, due_on: date) -> None:
    assert due(find(clock), started, place).due_on == due_on


def test_the_start_is_the_day_it_was_in_the_jurisdiction() -> None:
    late = datetime(2027, 3, 2, 5, 30, tzinfo=UTC)  # 23:30 of 1 March in Chicago
    deadline = due(find("aivia.deletion"), late, "US-IL")
    assert deadline.due_on == date(2027, 3, 31)
    assert deadline.ends_at == datetime(2027, 4, 1, 5, tzinfo=UTC)
    assert deadline.zone == "America/Chicago"


def test_a_clock_binds_from_its_day_on() -> None:
    clock = find("co.adverse_outcome")
    assert not due(clock, datetime(2027, 1, 1, 6, 30, tzinfo=UTC), "US-CO").binding
    assert due(clock, datetime(2027, 1, 1, 7, 0, tzinfo=UTC), "US-CO").binding
    for name in ("co.rules_data_request", "co_2024.assessment_yearly"):
        assert not find(name).binds(date(2040, 1, 1))


def test_a_clock_runs_only_where_its_law_does() -> None:
    with pytest.raises(ClockInvalid, match="runs in US-NY-NYC, not in US-NY"):
        due(find("ll144.notice"), NOON, "US-NY")
    with pytest.raises(ClockInvalid, match="runs in EU, not in GB"):
        due(find("gdpr.request"), NOON, "GB")
    with pytest.raises(ClockInvalid, match="No clock is called"):
        find("gdpr.everything")
    with pytest.raises(ClockInvalid, match="time zone"):
        due(find("gdpr.request"), NOON.replace(tzinfo=None), "DE")


def test_states_of_what_must_be_done() -> None:
    deadline = due(find("gdpr.request"), NOON, "DE")  # 5 April, over at 22:00 UTC
    end = datetime(2027, 4, 5, 22, tzinfo=UTC)
    assert deadline.ends_at == end
    assert deadline.reminders_at == (
        datetime(2027, 3, 21, 23, tzinfo=UTC),
        datetime(2027, 3, 28, 22, tzinfo=UTC),
        datetime(2027, 4, 2, 22, tzinfo=UTC),
    )
    assert state(deadline, NOON) is State.PENDING
    assert state(deadline, deadline.reminders_at[0]) is State.REMINDER
    assert state(deadline, end - timedelta(microseconds=1)) is State.REMINDER
    assert state(deadline, end) is State.OVERDUE


def test_states_of_what_must_wait_or_be_kept() -> None:
    notice = due(find("ll144.notice"), date(2027, 2, 5), "US-NY-NYC")
    opening = datetime(2027, 2, 23, 5, tzinfo=UTC)
    assert state(notice, opening - timedelta(seconds=1)) is State.PENDING
    assert state(notice, opening) is State.RUN_OUT
    kept = due(find("co.records"), date(2027, 1, 2), "US-CO")
    assert kept.ends_at == datetime(2030, 1, 3, 7, tzinfo=UTC)
    assert state(kept, kept.ends_at) is State.RUN_OUT
    consent = due(find("aivia.consent"), NOON, "US-IL")
    assert state(consent, NOON) is State.RUN_OUT


def test_stopping() -> None:
    deadline = due(find("gdpr.request"), NOON, "DE")
    done = stop(deadline, NOON + timedelta(days=3))
    assert state(done, NOON + timedelta(days=2)) is State.PENDING
    assert state(done, NOON + timedelta(days=300)) is State.STOPPED
    assert not done.is_late
    assert stop(done, NOON + timedelta(days=99)) is done
    assert stop(deadline, deadline.ends_at).is_late


def test_a_request_is_extended_once_by_two_months_from_its_receipt() -> None:
    clock = find("gdpr.request")
    deadline = due(clock, NOON, "IE")
    told = NOON + timedelta(days=10)
    longer = extend(clock, deadline, reason="Nine requests.", decided_at=told, told_at=told)
    assert longer.due_on == date(2027, 6, 8)  # 5 June is a Saturday, 7 June a holiday
    assert longer.extension is not None
    assert longer.extension.first_end == deadline.ends_at
    with pytest.raises(ExtensionRefused, match="extended already"):
        extend(clock, longer, reason="More.", decided_at=told, told_at=told)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reason": " "}, "complexity and number"),
        ({"told_at": None}, "must be told"),
        ({"decided_at": NOON + timedelta(days=40)}, "while the first period runs"),
        ({"decided_at": NOON - timedelta(days=1)}, "while the first period runs"),
        ({"told_at": NOON + timedelta(days=40)}, "before the first period is over"),
    ],
)
def test_extensions_that_are_refused(change: dict[str, Any], words: str) -> None:
    clock = find("gdpr.request")
    good = {"reason": "Complex.", "decided_at": NOON, "told_at": NOON}
    with pytest.raises(ExtensionRefused, match=words):
        extend(clock, due(clock, NOON, "DE"), **{**good, **change})


def test_no_other_clock_can_be_extended() -> None:
    assert [c.id for c in book().clock if c.extension] == ["gdpr.request"]
    clock = find("ccpa.opt_out")
    with pytest.raises(ExtensionRefused, match="allows no extension"):
        extend(clock, due(clock, NOON, "US-CA"), reason="x", decided_at=NOON, told_at=NOON)
    gdpr = find("gdpr.request")
    stopped = stop(due(gdpr, NOON, "DE"), NOON)
    with pytest.raises(ExtensionRefused, match="stopped"):
        extend(gdpr, stopped, reason="x", decided_at=NOON, told_at=NOON)


def test_what_no_law_times_is_said() -> None:
    day = date(2027, 3, 5)
    assert [c.id for c in for_request(RequestKind.OPT_OUT, "US-CA", day).clocks] == ["ccpa.opt_out"]
    assert for_request(RequestKind.ACCESS, "DE", day).notes == ()
    appeal = for_request(RequestKind.APPEAL, "US-CO", day)
    assert appeal.clocks == ()
    assert "6-1-1705" in appeal.notes[0]
    nowhere = for_request(RequestKind.DELETION, "GB", day)
    assert nowhere.clocks == ()
    assert nowhere.notes == (
        "No clock for a request of the kind 'deletion' is known for United Kingdom.",
    )
    explanation = for_request(RequestKind.EXPLANATION, "FR", date(2027, 12, 2))
    assert [c.id for c in explanation.clocks] == ["gdpr.request"]
    assert "Art. 86" in explanation.notes[0]


def test_before_their_day_coming_clocks_do_not_run() -> None:
    before = {c.id for c in running_in("US-CA", date(2026, 12, 31))}
    after = {c.id for c in running_in("US-CA", date(2027, 1, 1))}
    assert after - before == {"ccpa.pre_use_notice", "ccpa.opt_out", "ccpa.no_new_asking"}
    assert "ugesp.yearly" in before
    assert for_request(RequestKind.OPT_OUT, "US-CA", date(2026, 12, 31)).clocks == ()


def test_duties_to_keep_and_to_destroy_that_meet_are_found() -> None:
    met = conflicts(("US-CA", "US-IL"), date(2027, 1, 1))
    assert met == (("media", "ca_crd.records", "aivia.deletion"),)
    assert conflicts(("US-IL",), date(2027, 1, 1)) == ()


def test_every_clock_names_a_place_that_has_a_calendar() -> None:
    for clock in book().clock:
        for place in clock.jurisdictions:
            name = "DE" if place == "EU" else place
            deadline = due(clock, NOON, name)
            assert deadline.ends_at >= deadline.started_at
            assert place in calendar(name).jurisdictions
        if clock.direction == "act_by":
            assert clock.reminders and clock.stops


@pytest.mark.parametrize(
    "change",
    [
        {"period": None},
        {"fixed_date": date(2000, 12, 31)},
        {"status": "from", "since": None},
        {"direction": "wait", "reminders": (1,)},
        {"period": Period(-1, "days")},
        {"extension": {"period": Period(1, "days"), "condition": "c", "tell_person": True}},
        {"unknown": 1},
    ],
)
def test_a_clock_that_contradicts_itself_is_refused(change: dict[str, Any]) -> None:
    good = find("gdpr.request").model_dump()
    with pytest.raises(ValidationError):
        Clock.model_validate({**good, **change})


def test_every_clock_is_documented_as_it_is() -> None:
    page = Path(__file__).resolve().parents[2].joinpath("docs", "clocks.md").read_text("utf-8")
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `")}
    assert set(rows) == {c.id for c in book().clock} | {n.id for n in book().no_period}
    for clock in book().clock:
        assert f"| {clock.citation} | {clock.read} |" in rows[clock.id]
        if clock.period and clock.period.length:
            assert str(clock.period) in rows[clock.id]
        assert clock.since is None or str(clock.since) in rows[clock.id]
    for entry in book().no_period:
        assert f"| {entry.citation} | {entry.text} |" in rows[entry.id]


def test_own_clocks_never_bind() -> None:
    clock = own_clock("policy.x", Period(5, "business_days"), ("DE",), (2,))
    deadline = due(clock, date(2027, 3, 24), "DE")  # Wed; Easter in between
    assert deadline.due_on == date(2027, 4, 2)
    assert not deadline.binding


@given(st.dates(date(2026, 1, 1), date(2030, 12, 31)))
def test_the_latest_notice_is_just_in_time(use_on: date) -> None:
    clock = find("ll144.notice")
    last = latest_start(clock, use_on, "US-NY-NYC")
    assert due(clock, last, "US-NY-NYC").due_on <= use_on
    assert due(clock, last + timedelta(days=1), "US-NY-NYC").due_on > use_on


def test_latest_start_is_for_notices() -> None:
    assert latest_start(find("aivia.consent"), date(2027, 3, 5), "US-IL") == date(2027, 3, 5)
    assert latest_start(find("ll144.notice"), date(2027, 2, 23), "US-NY-NYC") == date(2027, 2, 7)
    with pytest.raises(ClockInvalid, match="ahead of a use"):
        latest_start(find("gdpr.request"), date(2027, 3, 5), "DE")


@given(
    st.sampled_from(["gdpr.request", "ai_act.deployer_logs"]),
    st.sampled_from(["DE", "FR", "IE", "ES", "ES-CN"]),
    st.timedeltas(timedelta(0), timedelta(days=1800)).map(lambda t: NOON + t),
    st.timedeltas(timedelta(0), timedelta(days=400)),
)
def test_states_only_move_forward(
    name: str, place: str, started: datetime, later: timedelta
) -> None:
    deadline = due(find(name), started, place)
    order = [State.PENDING, State.REMINDER, State.OVERDUE, State.RUN_OUT]
    assert order.index(state(deadline, started)) <= order.index(state(deadline, started + later))
    assert all(started < at < deadline.ends_at for at in deadline.reminders_at)
    assert state(replace(deadline, stopped_at=started), started + later) is State.STOPPED
