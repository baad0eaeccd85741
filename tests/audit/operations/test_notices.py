"""Notices, and whether their clocks were kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from audit.errors import NotFound, StepRefused
from audit.operations.notices import NewNotice, judge
from audit.operations.register import InterviewChange, change_interview
from audit.records.register import Notice
from audit.store import Page, Store
from tests.audit.operations.registered import (
    ago,
    candidate,
    events,
    interview,
    kinds,
    notice,
    system,
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("place", "given", "used", "expected"),
    [
        # From Monday the 2nd, ten business days without Election Day (3) and Veterans Day (11).
        ("US-NY-NYC", "2026-11-02 15:00", "2026-11-18 05:00", ("ll144.notice", True)),
        ("US-NY-NYC", "2026-11-02 15:00", "2026-11-17 15:00", ("ll144.notice", False)),
        ("US-NY-NYC", "2026-11-02 15:00", "2026-11-18 04:59", ("ll144.notice", False)),
        ("US-NY-NYC", "2026-11-02 15:00", None, ("ll144.notice", None)),
        ("US-CO", "2026-12-30 15:00", "2027-01-05 15:00", ("co.notice_pre_use", True)),
        ("US-CO", "2027-01-05 15:00", "2027-01-05 14:59", ("co.notice_pre_use", False)),
        ("US-CO", "2026-11-02 15:00", "2026-11-03 15:00", (None, None)),
        ("US-TX", "2026-11-02 15:00", "2026-11-03 15:00", (None, None)),
        ("BR", "2026-11-02 15:00", "2026-11-03 15:00", (None, None)),
        ("EU", "2026-11-02 15:00", "2026-11-03 15:00", (None, None)),
    ],
)
def test_a_clock_is_kept_or_not(
    place: str, given: str, used: str | None, expected: tuple[str | None, bool | None]
) -> None:
    moment = at(used) if used else None
    assert judge("pre_use", place, given_at=at(given), used=moment) == expected


def test_only_its_own_kind_of_notice_has_a_clock() -> None:
    given, used = at("2026-11-02 15:00"), at("2026-11-03 15:00")
    assert judge("ai_interview", "US-NY-NYC", given_at=given, used=used) == (None, None)


def test_the_time_of_use_is_the_interviews_unless_it_is_given(store: Store) -> None:
    with store.unit("acme") as unit:
        whose = candidate(unit, "a", "US-NY-NYC")
        held = interview(unit, whose, held_at=ago(days=1))
        fields = {"interview_id": held.id, "given_at": ago(days=40)}
        long_before = notice(unit, "pre_use", "US-NY-NYC", **fields)
        assert (long_before.clock, long_before.in_time) == ("ll144.notice", True)
        assert (long_before.candidate_id, long_before.system_id) == (whose.id, held.system_id)
        earlier = notice(unit, "pre_use", "US-NY-NYC", **fields, use_on=ago(days=39))
        assert earlier.in_time is False
        body = json.loads(events(unit, long_before.id)[0][1])
    assert (body["kind"], body["in_time"], body["candidate"]) == ("pre_use", True, whose.id)


def test_an_interviews_new_time_judges_its_notices_anew(store: Store) -> None:
    with store.unit("acme") as unit:
        held = interview(unit, candidate(unit, "a", "US-NY-NYC"))
        open_end = notice(unit, "pre_use", "US-NY-NYC", interview_id=held.id, given_at=ago(days=40))
        fixed = notice(
            unit,
            "pre_use",
            "US-NY-NYC",
            interview_id=held.id,
            given_at=ago(days=40),
            use_on=ago(days=1),
        )
        assert open_end.in_time is None and fixed.in_time is True
        held = change_interview(unit, held, InterviewChange(held_at=ago(days=39)))
        assert unit.get(Notice, open_end.id).in_time is False
        assert unit.get(Notice, fixed.id) == fixed
        change_interview(unit, held, InterviewChange(held_at=ago(days=2)))
        assert unit.get(Notice, open_end.id).in_time is True
        assert kinds(unit, open_end.id) == ["notice_sent"] * 3
        assert kinds(unit, fixed.id) == ["notice_sent"]


def test_a_notice_may_be_published_for_a_system(store: Store) -> None:
    with store.unit("acme") as unit:
        used = system(unit)
        made = notice(unit, "pre_use", "US-NY-NYC", system_id=used.id, channel="page")
        assert made.candidate_id is None and made.in_time is None
        other = notice(unit, "posting", "CA-ON", system_id=system(unit).id)
        assert unit.page(Notice, Page(), {"system_id": used.id}).items == (made,)
        assert unit.page(Notice, Page()).items == (other, made)
    with store.reading("globex") as reading:
        assert reading.page(Notice, Page()).items == ()


def test_a_notice_that_contradicts_itself_is_refused(store: Store) -> None:
    with store.unit("acme") as unit:
        whose, other = candidate(unit, "a"), candidate(unit, "b")
        held = interview(unit, whose)
        with pytest.raises(StepRefused, match="another candidate_id"):
            notice(unit, "pre_use", "US", interview_id=held.id, candidate_id=other.id)
        with pytest.raises(StepRefused, match="another system_id"):
            notice(unit, "pre_use", "US", interview_id=held.id, system_id=system(unit).id)
        with pytest.raises(StepRefused, match="future"):
            notice(unit, "pre_use", "US", candidate_id=whose.id, given_at=ago(days=-1))
        with pytest.raises(ValidationError, match="give candidate_id"):
            notice(unit, "pre_use", "US")
    with store.unit("globex") as unit:
        for name, id in (("candidate_id", whose.id), ("interview_id", held.id)):
            with pytest.raises(NotFound):
                notice(unit, "pre_use", "US", **{name: id})


def test_times_need_a_zone_and_are_no_numbers() -> None:
    good = {
        "kind": "pre_use",
        "jurisdiction": "US",
        "text_version": "1",
        "channel": "email",
        "system_id": "sys_" + "0" * 26,
    }
    made = NewNotice.model_validate({**good, "given_at": "2026-03-01T09:00:00+02:00"})
    assert made.given_at == at("2026-03-01 07:00") and made.given_at.utcoffset() == timedelta(0)
    for wrong in ("2026-03-01T09:00:00", 1_700_000_000, "1700000000", "0001-01-01T00:00:00+14:00"):
        with pytest.raises(ValidationError):
            NewNotice.model_validate({**good, "given_at": wrong})
