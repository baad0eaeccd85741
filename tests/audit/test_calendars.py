"""Business days, months and ends of days: dates by hand, and laws that hold for all dates."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.calendars import Doubt, Period, add_months, calendar, known, public_holidays
from audit.errors import ClockInvalid

SOME = st.sampled_from(["US", "US-NY-NYC", "US-CA", "CA-ON", "GB-ENG", "DE", "FR", "IE", "ES"])
DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))
DOUBTS = st.sampled_from(list(Doubt))


@pytest.mark.parametrize(
    ("code", "day"),
    [
        ("US", date(2026, 7, 3)),  # 4 July 2026 is a Saturday
        ("US", date(2027, 7, 5)),  # 4 July 2027 is a Sunday
        ("US-NY-NYC", date(2026, 11, 26)),
        ("CA-ON", date(2027, 2, 15)),
        ("GB", date(2027, 3, 26)),
        ("GB-ENG", date(2027, 3, 29)),
        ("DE", date(2027, 5, 6)),
        ("DE-BY", date(2027, 1, 6)),
        ("FR", date(2027, 7, 14)),
        ("IE", date(2027, 3, 17)),
        ("ES", date(2027, 10, 12)),
        ("DE", date(2027, 1, 2)),  # a Saturday
        ("DE", date(2027, 1, 3)),  # a Sunday
    ],
)
def test_days_off(code: str, day: date) -> None:
    assert not calendar(code).is_business_day(day, Doubt.BUSINESS_DAY)
    assert not calendar(code).is_business_day(day, Doubt.HOLIDAY)


@pytest.mark.parametrize(
    ("code", "day"),
    [
        ("DE", date(2027, 1, 6)),  # a holiday in some Länder only
        ("GB", date(2027, 3, 29)),  # not in Scotland
        ("FR", date(2027, 3, 26)),
        ("IE", date(2027, 3, 26)),
        ("US", date(2027, 2, 12)),
    ],
)
def test_days_that_are_not_off(code: str, day: date) -> None:
    assert calendar(code).is_business_day(day, Doubt.HOLIDAY)


def test_a_day_that_only_the_state_list_names_counts_as_the_doubt_says() -> None:
    lincoln = date(2027, 2, 12)
    for code in ("US-NY", "US-NY-NYC"):
        assert calendar(code).is_business_day(lincoln, Doubt.BUSINESS_DAY)
        assert not calendar(code).is_business_day(lincoln, Doubt.HOLIDAY)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2027, 1, 31), 1, date(2027, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2027, 8, 31), 1, date(2027, 9, 30)),
        (date(2026, 12, 5), 1, date(2027, 1, 5)),
        (date(2024, 2, 29), 36, date(2027, 2, 28)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2027, 3, 5), 0, date(2027, 3, 5)),
    ],
)
def test_months_end_on_the_same_date_or_on_the_last_day(
    start: date, months: int, end: date
) -> None:
    assert add_months(start, months) == end


@pytest.mark.parametrize(
    ("code", "start", "period", "end"),
    [
        # Regulation 1182/71: 5 March -> 5 April, 31 August -> 30 September.
        ("DE", date(2027, 3, 5), Period(1, "months"), date(2027, 4, 5)),
        ("FR", date(2027, 8, 31), Period(1, "months"), date(2027, 9, 30)),
        # 28 February 2027 is a Sunday.
        ("IE", date(2027, 1, 31), Period(1, "months"), date(2027, 3, 1)),
        # Christmas on a Friday, then the weekend.
        ("DE", date(2026, 11, 25), Period(1, "months"), date(2026, 12, 28)),
        # Easter: Good Friday 26 March to Easter Monday 29 March 2027.
        ("DE", date(2027, 2, 26), Period(1, "months"), date(2027, 3, 30)),
        ("ES", date(2027, 2, 26), Period(1, "months"), date(2027, 3, 29)),
        # 5 June 2027 is a Saturday, 7 June the Irish June holiday.
        ("DE", date(2027, 3, 5), Period(3, "months"), date(2027, 6, 7)),
        ("IE", date(2027, 3, 5), Period(3, "months"), date(2027, 6, 8)),
        # Art. 3(5): from a Friday, two days have two working days.
        ("DE", date(2027, 1, 15), Period(2, "days"), date(2027, 1, 19)),
        ("DE", date(2027, 1, 18), Period(1, "days"), date(2027, 1, 19)),
        # Counted plainly, the last day stays on a Sunday.
        ("US-NY-NYC", date(2027, 1, 15), Period(30, "days"), date(2027, 2, 14)),
        ("US-IL", date(2024, 2, 29), Period(3, "years"), date(2027, 2, 28)),
    ],
)
def test_last_days(code: str, start: date, period: Period, end: date) -> None:
    assert calendar(code).last_day(start, period, Doubt.BUSINESS_DAY) == end


def test_a_day_ends_at_midnight_of_its_zone_and_summer_time_counts() -> None:
    berlin = calendar("DE")
    assert berlin.end_of(date(2027, 3, 27)) == datetime(2027, 3, 27, 23, tzinfo=UTC)
    assert berlin.end_of(date(2027, 3, 28)) == datetime(2027, 3, 28, 22, tzinfo=UTC)
    assert calendar("US-CA").end_of(date(2027, 1, 5)) == datetime(2027, 1, 6, 8, tzinfo=UTC)
    assert calendar("ES-CN").end_of(date(2027, 1, 5)) == datetime(2027, 1, 6, 0, tzinfo=UTC)
    assert calendar("US-CO").day_of(datetime(2027, 1, 1, 6, 59, tzinfo=UTC)) == date(2026, 12, 31)


def test_hours() -> None:
    start = datetime(2027, 3, 27, 10, 20, tzinfo=UTC)
    assert calendar("US").after_hours(start, 72) == start + timedelta(hours=72)
    # Regulation 1182/71, Art. 3(1): the hour of the event is not counted.
    assert calendar("DE").after_hours(start, 72) == datetime(2027, 3, 30, 11, tzinfo=UTC)
    on_the_hour = start.replace(minute=0)
    assert calendar("DE").after_hours(on_the_hour, 1) == on_the_hour + timedelta(hours=1)
    with pytest.raises(ClockInvalid, match="instant"):
        calendar("DE").last_day(date(2027, 1, 1), Period(1, "hours"), Doubt.HOLIDAY)


def test_jurisdictions_contain_one_another() -> None:
    assert calendar("US-NY-NYC").jurisdictions == ("US-NY-NYC", "US-NY", "US")
    assert calendar("DE-BY").jurisdictions == ("DE-BY", "DE", "EU")
    assert calendar("ES-CN").jurisdictions == ("ES-CN", "ES", "EU")
    assert calendar("US-TX").jurisdictions == ("US-TX", "US")
    assert "EU" not in calendar("GB").jurisdictions
    assert sum("EU" in calendar(code).within for code in known() if len(code) == 2) == 27


@pytest.mark.parametrize("code", ["XX", "EU", "US-XX", "DE-XX", "", "us", "CA-ON-TOR", "CA-BC"])
def test_an_unknown_jurisdiction_is_refused(code: str) -> None:
    with pytest.raises(ClockInvalid, match=r"Known|member state"):
        calendar(code)


@pytest.mark.parametrize("code", known())
def test_every_entry_has_its_holidays(code: str) -> None:
    for country, subdivision in calendar(code).sources:
        assert 5 <= len(public_holidays(country, subdivision, 2027)) < 100


def test_periods_in_words() -> None:
    assert str(Period(1, "months")) == "1 month"
    assert str(Period(10, "business_days")) == "10 business days"


@given(SOME, DAYS, st.integers(1, 40), DOUBTS)
def test_business_days_lie_between(code: str, day: date, count: int, doubt: Doubt) -> None:
    days = calendar(code)
    end = days.add_business_days(day, count, doubt)
    between = [day + timedelta(days=n) for n in range(1, (end - day).days + 1)]
    assert sum(days.is_business_day(d, doubt) for d in between) == count
    assert days.is_business_day(end, doubt)


@given(SOME, DAYS, st.integers(1, 40), DOUBTS)
def test_back_and_forth_from_a_business_day(code: str, day: date, count: int, doubt: Doubt) -> None:
    days = calendar(code)
    start = days.add_business_days(day, 1, doubt)
    end = days.add_business_days(start, count, doubt)
    assert days.add_business_days(end, -count, doubt) == start


@given(SOME, DAYS, st.integers(0, 40))
def test_the_duty_to_act_never_ends_after_the_duty_to_wait(
    code: str, day: date, count: int
) -> None:
    days = calendar(code)
    short = days.add_business_days(day, count, Doubt.BUSINESS_DAY)
    assert short <= days.add_business_days(day, count, Doubt.HOLIDAY)


@given(DAYS, st.integers(0, 48), st.integers(0, 48))
def test_months_keep_order_and_date(day: date, first: int, more: int) -> None:
    end = add_months(day, first + more)
    assert end >= add_months(add_months(day, first), more)
    assert (end.year * 12 + end.month) - (day.year * 12 + day.month) == first + more
    assert end.day == day.day or (end + timedelta(days=1)).day == 1


@given(st.sampled_from(["DE", "FR", "IE", "ES"]), DAYS, st.integers(1, 12))
def test_1182_71_ends_on_a_working_day_at_most_some_days_later(
    code: str, day: date, months: int
) -> None:
    days = calendar(code)
    end = days.last_day(day, Period(months, "months"), Doubt.BUSINESS_DAY)
    assert days.is_business_day(end, Doubt.BUSINESS_DAY)
    assert timedelta(0) <= end - add_months(day, months) <= timedelta(days=5)


@given(SOME, DAYS)
def test_days_follow_one_another_without_gap(code: str, day: date) -> None:
    days = calendar(code)
    assert days.end_of(day) == days.start_of(day + timedelta(days=1))
    assert days.day_of(days.start_of(day)) == day
    assert days.day_of(days.end_of(day) - timedelta(microseconds=1)) == day
