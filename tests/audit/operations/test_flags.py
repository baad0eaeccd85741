"""Flags: raised once, with a case where a person has to look, and no effect on any status."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from audit.errors import ResultInvalid, StepRefused
from audit.operations import flags, policies, reviews
from audit.operations.flags import FlagContext
from audit.records.evidence import Check
from audit.records.oversight import Delivery, Flag, FlagState, Review
from audit.records.register import Candidate, Outcome
from audit.store import Store
from tests.audit.operations.people import Clock, Person, add_person, events, listen
from tests.audit.test_policies import audit_finding, check, fairness_audit


def context(person: Person) -> FlagContext:
    return FlagContext(
        candidate_id=person.id,
        interview_id=person.interview.id,
        system_id=person.system.id,
        hiring_teams=frozenset({"sales"}),
    )


def test_a_flag_opens_a_case_and_changes_nothing_else(store: Store, clock: Clock) -> None:
    with store.unit("acme") as unit:
        listen(unit, "flag.raised", "review.opened")
        person = add_person(unit, "US-IL")
    document = check("review", failed_signals=["av_sync"])
    with store.unit("acme") as unit:
        found = flags.raise_flags(unit, person.check.id, document, context(person))
    with store.unit("acme") as unit:
        assert flags.raise_flags(unit, person.check.id, document, context(person)) == ()
    review_flag, fault = sorted(found, key=lambda f: f.outcome, reverse=True)
    assert (review_flag.rule, fault.rule) == ("check_review", "software_fault")
    assert review_flag.policy == "default/1" and review_flag.state is FlagState.OPEN
    assert fault.review_id is None
    with store.reading("acme") as reading:
        assert reading.count(Flag) == 2 and reading.count(Review) == 1
        review = reading.get(Review, review_flag.review_id or "")
        assert reading.get(Candidate, person.id) == person.candidate
        assert reading.get(Check, person.check.id) == person.check
        assert reading.get(Outcome, person.outcome.id) == person.outcome
        told = sorted(delivery.type for delivery in reading.every(Delivery))
    assert told == ["flag.raised", "flag.raised", "review.opened"]
    assert review.case.four_eyes and review.kind == "interview_evidence"
    assert review.case.made_by == {"interviewer-1", "manager-7"}
    assert review.case.hiring_teams == {"sales"}
    assert review.case.evidence[0] == person.check.id and "face_consistency-1" in (
        review.case.evidence
    )
    # Five business days over Thanksgiving, in Illinois.
    assert review.due_at == datetime(2026, 12, 1, 6, tzinfo=UTC)
    raised = [body for kind, _, body in events(store) if kind == "flag_raised"]
    assert {body["rule"] for body in raised} == {"check_review", "software_fault"}
    assert all("faces differ" not in str(body) for _, _, body in events(store))


def test_flags_of_an_audit_have_no_candidate(store: Store) -> None:
    document = fairness_audit(audit_finding("Female", "adverse"))
    with store.unit("acme") as unit:
        person = add_person(unit)
        [flag] = flags.raise_flags(
            unit, "aud_" + "0" * 26, document, FlagContext(system_id=person.system.id)
        )
        review = unit.get(Review, flag.review_id or "")
    assert flag.candidate_id is None and flag.recipients == ("compliance", "auditor")
    assert review.case.made_by == frozenset() and review.due_at is not None


def test_the_system_names_the_policy_that_flags(store: Store) -> None:
    text = """
policy: quiet
version: 1
rules:
  - id: look
    match: {part: finding, verdict: [review]}
    flag: {kind: k, severity: low, outcome: for_information, reason: Look., recipients: [platform]}
"""
    with store.unit("acme") as unit:
        person = add_person(unit)
        unit.put(type(person.system)(**{**_fields(person.system), "policy": "quiet"}))
        first = flags.raise_flags(unit, person.check.id, check(), context(person))
        assert first[0].policy == "default/1"  # nothing of that name is active yet
        policies.activate(unit, "quiet", policies.add_version(unit, "quiet", text).number)
        second = flags.raise_flags(unit, person.check.id, check(), context(person))
    assert [flag.policy for flag in second] == ["quiet/1"]
    assert second[0].review_id is None


def _fields(value: object) -> dict[str, object]:
    return {name: getattr(value, name) for name in type(value).__dataclass_fields__}  # type: ignore[attr-defined]


def test_a_flag_for_information_is_closed_by_hand_and_one_for_review_is_not(store: Store) -> None:
    with store.unit("acme") as unit:
        person = add_person(unit)
        document = check("review", failed_signals=["av_sync"])
        found = flags.raise_flags(unit, person.check.id, document, context(person))
        information = next(f for f in found if f.review_id is None)
        for_review = next(f for f in found if f.review_id is not None)
        closed = flags.close_flag(unit, information)
        assert closed.state is FlagState.CLOSED and flags.close_flag(unit, closed) == closed
        opened = flags.reopen_flag(unit, closed)
        assert opened.state is FlagState.OPEN and flags.reopen_flag(unit, opened) == opened
        with pytest.raises(StepRefused, match="closed by its review"):
            flags.close_flag(unit, for_review)


def test_what_is_no_result_raises_nothing(store: Store) -> None:
    with store.unit("acme") as unit:
        person = add_person(unit)
        with pytest.raises(ResultInvalid):
            flags.raise_flags(unit, person.check.id, {"kind": "check"}, context(person))
        assert unit.count(Flag) == 0


def test_tenants_do_not_see_one_anothers_flags(store: Store) -> None:
    with store.unit("acme") as unit:
        person = add_person(unit)
        flags.raise_flags(unit, person.check.id, check(), context(person))
    with store.reading("globex") as reading:
        assert reading.count(Flag) == 0 and reviews.open_cases(reading) == ()
