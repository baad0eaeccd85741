"""Review cases in the store: who may decide, four eyes, what follows, and the measures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.errors import AlreadyExists, NotFound, NotIndependent, StepRefused
from audit.operations import flags, reviewers, reviews
from audit.operations.flags import FlagContext
from audit.operations.reviews import Verdict
from audit.records.oversight import Delivery, Flag, FlagState, Review, Reviewer
from audit.reviews import CaseState, Outcome, visible_decisions
from audit.store import Store, UnitOfWork
from tests.audit.operations.people import Clock, add_person, events, kinds, listen
from tests.audit.test_policies import check

NAMED = "face_consistency-1"


def a_case(unit: UnitOfWork) -> Review:
    """A case with four eyes, of a flag."""
    person = add_person(unit, "US-IL")
    context = FlagContext(candidate_id=person.id, interview_id=person.interview.id)
    [flag] = flags.raise_flags(unit, person.check.id, check(), context)
    return unit.get(Review, flag.review_id or "")


def register(unit: UnitOfWork, person: str, *teams: str, may_change: bool = True) -> Reviewer:
    return reviewers.register(
        unit, person=person, may_change=may_change, training="course-3", teams=teams
    )


def verdict(outcome: Outcome = Outcome.UPHELD) -> Verdict:
    return Verdict(outcome=outcome, rationale="Looked at the frames.", evidence=(NAMED,))


def test_two_decide_on_their_own_and_the_flag_is_closed(store: Store, clock: Clock) -> None:
    with store.unit("acme", actor="key_c") as unit:
        listen(unit, "review.closed")
        case = a_case(unit)
        register(unit, "ann")
        register(unit, "ben")
        reviews.assign(unit, case.id, "ann")
        assert unit.get(Flag, case.flag_id or "").state is FlagState.IN_REVIEW
        clock.advance(hours=1)
        reviews.decide(unit, case.id, "ann", verdict())
        with pytest.raises(StepRefused, match="Another reviewer"):
            reviews.close(unit, case.id)
        with pytest.raises(NotIndependent, match="decided on it already"):
            reviews.assign(unit, case.id, "ann")
        given = reviews.assign(unit, case.id, "ben")
        assert given.outcome is None
        assert visible_decisions(given.case, "ben") == ()
        assert len(visible_decisions(given.case, "ann")) == 1
        clock.advance(hours=1)
        reviews.decide(unit, case.id, "ben", verdict())
        closed = reviews.close(unit, case.id)
        assert (closed.state, closed.outcome) == (CaseState.CLOSED, Outcome.UPHELD)
        assert closed.closed_at == clock.now
        assert unit.get(Flag, case.flag_id or "").state is FlagState.CLOSED
        sent = reviews.send_result(unit, case.id)
        assert sent.case.result_sent_at == clock.now
        [told] = unit.every(Delivery)
        assert told.payload["data"]["outcome"] == "upheld"
        figures = reviews.measure(unit, since=None, now=clock.now)
    assert (figures.opened, figures.closed, figures.override_rate) == (1, 1, 0.0)
    assert figures.hours_median == 2.0 and figures.doubly_reviewed == 1
    found = events(store)
    decided = [body for kind, _, body in found if kind == "review_decided"]
    assert [body["reviewer"] for body in decided] == ["ann", "ben"]
    assert all("outcome" not in body for body in decided)
    assert all("frames" not in str(body) for _, _, body in found)
    steps = ("review_opened", "review_assigned", "review_closed", "flag_closed")
    assert [kinds(store).count(kind) for kind in steps] == [1, 2, 1, 1]


def test_where_two_differ_a_third_decides(store: Store) -> None:
    with store.unit("acme") as unit:
        case = a_case(unit)
        for person, outcome in (
            ("ann", Outcome.UPHELD),
            ("ben", Outcome.REVERSED),
            ("cid", Outcome.REVERSED),
        ):
            register(unit, person)
            reviews.assign(unit, case.id, person)
            reviews.decide(unit, case.id, person, verdict(outcome))
        assert reviews.close(unit, case.id).outcome is Outcome.REVERSED
        figures = reviews.measure(unit, since=None, now=unit.now())
        assert (figures.reversed, figures.disagreed, figures.override_rate) == (1, 1, 1.0)


def test_who_took_part_may_not_review(store: Store) -> None:
    with store.unit("acme") as unit:
        case = a_case(unit)
        register(unit, "manager-7")
        register(unit, "trainee", may_change=False)
        gone = register(unit, "gone")
        register(unit, "ann", "sales")
        reviewers.leave(unit, gone)
        with pytest.raises(NotIndependent, match="made the result"):
            reviews.assign(unit, case.id, "manager-7")
        with pytest.raises(NotIndependent, match="no authority"):
            reviews.assign(unit, case.id, "trainee")
        for person in ("gone", "nobody"):
            with pytest.raises(NotFound, match="register"):
                reviews.assign(unit, case.id, person)
        reviews.assign(unit, case.id, "ann")
        freed = reviews.note_conflicts(unit, case.id, hiring_teams=["sales"])
        assert (freed.state, freed.assignee) == (CaseState.OPENED, None)
        with pytest.raises(NotIndependent, match="hiring team"):
            reviews.assign(unit, case.id, "ann")
        with pytest.raises(StepRefused):
            reviews.decide(unit, case.id, "ann", verdict())


def test_independence_is_looked_at_again_when_somebody_decides(store: Store) -> None:
    with store.unit("acme") as unit:
        case = a_case(unit)
        ann = register(unit, "ann")
        reviews.assign(unit, case.id, "ann")
        reviewers.put(unit, replace(ann, may_change=False))
        with pytest.raises(NotIndependent):
            reviews.decide(unit, case.id, "ann", verdict())


def test_a_conflict_is_noted_before_somebody_decides(store: Store) -> None:
    with store.unit("acme") as unit:
        case = a_case(unit)
        register(unit, "ann")
        reviews.assign(unit, case.id, "ann")
        reviews.decide(unit, case.id, "ann", verdict())
        with pytest.raises(StepRefused, match="ann has decided"):
            reviews.note_conflicts(unit, case.id, made_by=["ann"])
        noted = reviews.note_conflicts(unit, case.id, made_by=["zoe"])
        assert "zoe" in noted.case.made_by and noted.state is CaseState.DECIDED


def test_evidence_can_come_in_and_be_decided_on(store: Store) -> None:
    with store.unit("acme") as unit:
        case = a_case(unit)
        register(unit, "ann")
        reviews.add_evidence(unit, case.id, "letter-9")
        with pytest.raises(StepRefused, match="does not have yet"):
            reviews.add_evidence(unit, case.id, "letter-9")
        reviews.assign(unit, case.id, "ann")
        decided = reviews.decide(
            unit, case.id, "ann", replace(verdict(Outcome.MODIFIED), evidence=("letter-9",))
        )
        assert decided.case.decisions[0].evidence == ("letter-9",)
        assert decided.outcome is None  # until the case is closed


def test_the_tool_under_review_may_not_help(store: Store) -> None:
    with store.unit("acme") as unit:
        case = a_case(unit)
        register(unit, "ann")
        reviews.assign(unit, case.id, "ann")
        with pytest.raises(StepRefused, match="tool"):
            reviews.decide(unit, case.id, "ann", replace(verdict(), used_tool=True))


def test_cases_wait_in_the_order_in_which_they_are_due(store: Store, clock: Clock) -> None:
    with store.unit("acme") as unit:
        first = a_case(unit)
        clock.advance(days=3)
        second = a_case(unit)
        assert [r.id for r in reviews.open_cases(unit)] == [first.id, second.id]
        assert reviews.open_cases(unit, assignee="ann") == ()
        recent = reviews.measure(unit, since=clock.now, now=clock.now)
        assert recent.opened == 1
        clock.advance(days=30)
        assert reviews.measure(unit, since=None, now=clock.now).overdue == 2


def test_a_reviewer_is_registered_once_for_each_tenant(store: Store) -> None:
    with store.unit("acme") as unit:
        ann = register(unit, "ann")
        assert reviews.is_registered(unit, "ann")
        left = reviewers.leave(unit, ann)
        assert left.left_at is not None and reviewers.leave(unit, left) == left
        assert not reviews.is_registered(unit, "ann")
    with store.unit("globex") as unit:
        assert not reviews.is_registered(unit, "ann")
        register(unit, "ann")
    with store.unit("acme") as unit, pytest.raises(AlreadyExists):
        register(unit, "ann")


def test_another_tenants_case_is_not_there(store: Store) -> None:
    with store.unit("acme") as unit:
        case = a_case(unit)
    with store.unit("globex") as unit:
        register(unit, "ann")
        with pytest.raises(NotFound):
            reviews.assign(unit, case.id, "ann")
        with pytest.raises(NotFound):
            reviews.close(unit, case.id)
