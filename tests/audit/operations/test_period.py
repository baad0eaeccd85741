"""Facts of a period, counted on both databases, against figures counted by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from audit.canonical import canonical_json
from audit.clocks import RequestKind
from audit.errors import InputError, NotFound
from audit.operations import period, requests
from audit.operations.period_drift import FIGURES, at
from audit.operations.requests import Asked as Asking
from audit.records.evidence import Report, ReportFile
from audit.records.period import PeriodFacts, Share, period_json, read_period
from audit.records.register import System
from audit.store import ReadUnit, Store
from tests.audit.operations import periods
from tests.audit.operations.people import Clock, add_candidate, add_system
from tests.audit.operations.periods import NOW, SINCE, UNTIL


def counted(store: Store, system: System, **changes: Any) -> PeriodFacts:
    asked = period.Asked(system_id=system.id, since=SINCE, until=UNTIL)
    with store.reading(changes.pop("tenant", "acme")) as unit:
        return period.count_period(unit, changes.pop("asked", asked), now=NOW, **changes)


@pytest.fixture
def facts(store: Store, clock: Clock) -> PeriodFacts:
    return counted(store, periods.a_month(store, clock))


def test_a_month_counted_by_hand(facts: PeriodFacts) -> None:
    counts = facts.counts
    assert counts.persons == 7
    assert (str(counts.first_day), str(counts.last_day)) == ("2026-11-01", "2026-11-30")
    held = counts.interviews
    assert (held.total, held.undated, held.candidates, held.human_alternatives) == (7, 1, 7, 1)
    assert held.coached == Share(1, 1, 6)
    assert held.checked == Share(3, 7)
    assert {t.code: t.count for t in held.by_mode} == {
        "ai_led": 5,
        "ai_assisted": 0,
        "human_led": 1,
        "hybrid": 1,
    }
    assert [(t.code, t.count, t.of) for t in held.by_stage] == [("screen", 6, 7), ("person", 1, 7)]
    decided = counts.decisions
    assert (decided.outcomes, decided.superseded, decided.total, decided.final) == (7, 1, 5, 4)
    assert {t.code: t.count for t in decided.by_outcome} == {
        "advanced": 1,
        "rejected": 3,
        "hired": 1,
        "withdrawn": 1,
        "on_hold": 1,
    }
    assert decided.person_recorded == Share(2, 5)
    assert decided.overridden == Share(1, 2, 3)
    assert decided.overridden_up == Share(0, 1)
    assert decided.final_without_review == Share(1, 4)
    assert decided.with_scores == Share(2, 5)
    assert decided.rejected == Share(3, 5)
    assert decided.withdrawn == Share(1, 7)
    assert (decided.by_mode[0].mode, decided.by_mode[0].decisions) == ("ai_led", 5)


def test_what_people_were_told(facts: PeriodFacts) -> None:
    told = facts.counts.transparency
    assert told.explanations == Share(1, 1)
    assert told.explanations_given == Share(1, 1)
    assert told.access == Share(0, 1)
    assert told.disclosures == Share(1, 3)
    assert told.scored_and_told == Share(2, 2)
    found = {
        (n.kind, n.jurisdiction): (n.needed, n.in_time, n.late, n.undated, n.missing)
        for n in facts.counts.notices.coverage
    }
    assert found == {
        ("pre_use", "US-NY-NYC"): (4, 1, 1, 1, 1),
        ("ai_interview", "US-IL"): (2, 1, 0, 0, 1),
    }
    assert facts.counts.notices.covered == Share(2, 5, 1)
    given = {(n.kind, n.jurisdiction): (n.given, n.in_time) for n in facts.counts.notices.given}
    assert given == {
        ("pre_use", "US-NY-NYC"): (2, Share(0, 1, 1)),
        ("adverse_outcome", "US-NY-NYC"): (1, Share(0, 0, 1)),
        ("ai_interview", "US-IL"): (1, Share(0, 0, 1)),
    }
    consents = facts.counts.consents
    assert consents["media_analysis"].covered == Share(1, 2)
    assert consents["biometric_comparison"].covered == Share(2, 2)
    assert consents["biometric_comparison"].given == 2
    assert consents["biometric_comparison"].withdrawn == 1
    assert consents["recording"].covered == Share(0, 0)


def test_what_people_asked_for(facts: PeriodFacts) -> None:
    paths = facts.counts.human_paths
    assert paths.opted_out == Share(1, 7)
    assert (paths.asked, paths.opened, paths.open, paths.given_up) == (1, 1, 0, 0)
    assert paths.held == Share(1, 1)
    assert (paths.time_to_human.count, paths.time_to_human.median) == (1, 48.0)
    asked = facts.counts.requests
    assert set(asked) == {kind.value for kind in RequestKind}
    assert (asked["opt_out"].received, asked["opt_out"].in_time) == (1, Share(1, 1))
    assert asked["opt_out"].days.median == 4.0
    assert (asked["explanation"].received, asked["explanation"].in_time) == (1, Share(0, 0, 1))
    assert (asked["access"].received, asked["access"].open, asked["access"].overdue) == (1, 1, 0)
    assert asked["deletion"].received == 0
    assert asked["deletion"].days.median is None


def test_reviews_flags_audits_and_incidents(facts: PeriodFacts) -> None:
    counts = facts.counts
    cases = counts.reviews.all
    assert (cases.opened, cases.closed, cases.open, cases.overdue) == (2, 1, 1, 0)
    assert (cases.reversed, cases.changed, cases.upheld) == (Share(1, 1), Share(1, 1), Share(0, 1))
    assert cases.hours.median == 24.0
    assert counts.flags.raised == 3
    assert counts.flags.checks_flagged == Share(2, 3)
    assert counts.incidents.checks_failed == Share(1, 4)
    assert [(t.code, t.count) for t in counts.incidents.check_errors] == [("media_unreadable", 1)]
    assert counts.incidents.audits_failed == Share(1, 2)
    assert counts.incidents.software_faults == 1
    made = facts.audits
    assert [each.classes["adverse"] for each in made.made] == [1]
    assert made.made[0].comparisons == 3
    assert (made.failed, made.last_age_days) == (1, 14)
    clock = made.clocks[0]
    assert (clock.clock, str(clock.due_on), clock.overdue) == (
        "ll144.audit_age",
        "2027-11-16",
        False,
    )


def test_the_period_before_and_what_changed(facts: PeriodFacts) -> None:
    before = facts.before
    assert before is not None
    assert (before.until, before.until - before.since) == (SINCE, UNTIL - SINCE)
    assert (before.interviews.total, before.decisions.total, before.persons) == (1, 1, 1)
    drift = {each.figure: each for each in facts.drift}
    assert tuple(drift) == FIGURES
    rejected = drift["/decisions/rejected"]
    assert (rejected.now, rejected.before) == (Share(3, 5), Share(1, 1))
    assert rejected.change == pytest.approx(3 / 5 - 1)
    assert drift["/interviews/total"].change == 6.0
    assert drift["/reviews/all/changed"].change is None
    for figure in FIGURES:
        assert at(facts.counts, figure) is not None


def test_without_anything_before_there_is_no_drift(store: Store, clock: Clock) -> None:
    system = periods.a_month(store, clock)
    asked = period.Asked(
        system_id=system.id,
        since=datetime(2026, 9, 1, tzinfo=UTC),
        until=datetime(2026, 10, 1, tzinfo=UTC),
    )
    facts = counted(store, system, asked=asked)
    assert facts.before is None
    assert facts.drift == ()
    assert facts.counts.decisions.final_without_review == Share(0, 0)
    assert facts.audits.last_age_days == 242


def test_states_are_those_of_the_end(store: Store, clock: Clock) -> None:
    system = periods.a_month(store, clock)
    asked = period.Asked(system_id=system.id, since=SINCE, until=periods.nov(6))
    paths = counted(store, system, asked=asked).counts
    assert paths.requests["opt_out"].answered == 0
    assert paths.requests["opt_out"].open == 1
    assert paths.human_paths.held == Share(1, 1)
    later = period.Asked(system_id=system.id, since=SINCE, until=NOW + timedelta(days=60))
    assert counted(store, system, asked=later).counts.as_of == NOW


def test_a_request_past_its_clock_is_overdue(store: Store, clock: Clock) -> None:
    clock.now = datetime(2026, 9, 1, tzinfo=UTC)
    with store.unit("acme") as unit:
        system = add_system(unit, jurisdictions=("US-NY-NYC",))
        who = add_candidate(unit, "US-NY-NYC")
        periods.add_interview(unit, system, who, held_at=clock.now)
        asking = Asking(candidate_id=who.id, kind=RequestKind.ACCESS, channel="email")
        requests.receive(unit, asking)
    asked = period.Asked(system_id=system.id, since=clock.now, until=UNTIL)
    access = counted(store, system, asked=asked).counts.requests["access"]
    assert (access.received, access.open, access.overdue) == (1, 0, 1)


def test_without_an_audit_the_clock_is_over(store: Store, clock: Clock) -> None:
    with store.unit("acme") as unit:
        system = add_system(unit, jurisdictions=("US-NY-NYC",))
        elsewhere = add_system(unit, jurisdictions=("US-IL",))
    age = counted(store, system).audits.clocks[0]
    assert (age.due_on, age.overdue, age.days_left) == (None, True, None)
    assert counted(store, elsewhere).audits.clocks == ()


def test_a_place_that_nobody_recorded_is_unknown(store: Store, clock: Clock) -> None:
    with store.unit("acme") as unit:
        system = add_system(unit)
        periods.add_interview(unit, system, add_candidate(unit))
    counts = counted(store, system).counts
    assert counts.consents["media_analysis"].covered == Share(0, 0, 1)
    assert counts.consents["recording"].covered == Share(0, 0, 0)
    assert counts.notices.covered == Share(0, 0, 1)


def test_another_tenant_and_another_system_are_not_counted(store: Store, clock: Clock) -> None:
    with store.unit("acme") as unit:
        alone = add_system(unit, jurisdictions=("US-NY-NYC",))
    periods.a_month(store, clock, "globex")
    own = periods.a_month(store, clock)
    facts = counted(store, alone)
    assert facts.counts.persons == facts.counts.interviews.total == 0
    assert facts.counts.requests["opt_out"].received == 0
    assert facts.counts.flags.raised == facts.counts.reviews.all.opened == 0
    assert facts.before is None
    assert counted(store, own).counts.interviews.total == 7
    with pytest.raises(NotFound):
        counted(store, own, tenant="globex")


@contextmanager
def statements(store: Store) -> Any:
    seen: list[str] = []

    def listen(_c: object, _u: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(store.engine, "after_cursor_execute", listen)
    yield seen
    event.remove(store.engine, "after_cursor_execute", listen)


def test_statements_do_not_grow_with_the_tables(store: Store, clock: Clock) -> None:
    system = periods.a_month(store, clock)
    with statements(store) as few:
        counted(store, system)
    periods.more_of(store, system, 30)
    with statements(store) as many:
        facts = counted(store, system)
    assert facts.counts.interviews.total == 37
    assert facts.counts.decisions.final_without_review == Share(1, 34)
    assert len(many) == len(few)
    assert len(few) <= 70


DOCUMENT = {
    "events": [
        {
            "kind": "flagged",
            "features": ["sex"],
            "persons": 90,
            "happened": 9,
            "unknown_persons": 4,
            "unknown_happened": 1,
            "rows": [
                {
                    "group": ["Female"],
                    "rate": {"count": 6, "of": 40},
                    "is_reference": False,
                    "ratio": {"value": 2.5, "interval": {"low": 0.7, "high": 9.1}},
                    "finding": "small_numbers",
                },
                {
                    "group": ["Male"],
                    "rate": {"count": None, "of": None},
                    "is_reference": True,
                    "ratio": {"value": None, "interval": None},
                    "finding": None,
                    "withheld": True,
                },
            ],
        }
    ]
}


def test_events_by_group_come_from_the_results_of_audits(store: Store, clock: Clock) -> None:
    system = periods.a_month(store, clock)
    with store.unit("acme") as unit:
        file = ReportFile(
            format="json", media_type="a/b", sha256="0" * 64, size_bytes=1, artefact="rep_1"
        )
        id = periods.add_audit(unit, system, periods.nov(18), report_id="rep_1")
        unit.add(Report(id="rep_1", kind="fairness_audit", subject=id, files=(file,)))

    def results(unit: ReadUnit, report: Report) -> Mapping[str, Any] | None:
        return DOCUMENT

    found = counted(store, system, results=results).group_events
    assert found.audits_read == Share(1, 2)
    assert [(r.group, r.count, r.of, r.withheld) for r in found.rows] == [
        (("Female",), 6, 40, False),
        (("Male",), None, None, True),
    ]
    assert (found.rows[0].ratio_low, found.tables[0].unknown_persons) == (0.7, 4)
    assert counted(store, system).group_events.audits_read == Share(0, 2)


def test_the_ledger_is_named(store: Store, clock: Clock) -> None:
    system = periods.a_month(store, clock)
    waiting = counted(store, system).ledger
    assert (waiting.size, waiting.root, waiting.faults) == (0, None, None)
    assert waiting.waiting > 0
    store.seal("acme")
    checked = period.Verified(faults=0, at=NOW)
    sealed = counted(store, system, verified=checked).ledger
    assert (sealed.size, sealed.waiting, sealed.faults) == (waiting.waiting, 0, 0)
    assert sealed.root is not None and len(sealed.root) == 64
    assert 0 < sealed.entries < sealed.size


def test_plain_json_and_back(facts: PeriodFacts) -> None:
    document = period_json(facts)
    assert read_period(json.loads(canonical_json(document))) == facts
    assert document["counts"]["requests"]["opt_out"]["received"] == 1
    assert document["counts"]["since"] == "2026-11-01T00:00:00Z"


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (UNTIL, SINCE),
        (datetime(2026, 11, 1), UNTIL),  # noqa: DTZ001 - no zone is what is refused
        (NOW, NOW + timedelta(days=1)),
    ],
)
def test_a_period_that_cannot_be(
    store: Store, clock: Clock, since: datetime, until: datetime
) -> None:
    with store.unit("acme") as unit:
        system = add_system(unit)
    with pytest.raises(InputError):
        counted(store, system, asked=period.Asked(system_id=system.id, since=since, until=until))
