"""Review cases: who may review, what a decision needs, four eyes, measures, and no way around."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.calendars import Period
from audit.clocks import State, due, own_clock, state
from audit.errors import NotIndependent, StepRefused
from audit.reviews import (
    CaseState,
    Decision,
    Outcome,
    ReviewCase,
    Reviewer,
    add_evidence,
    assign,
    bar,
    close,
    decide,
    is_overdue,
    measure,
    open_case,
    send_result,
    visible_decisions,
)

START = datetime(2027, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANA, BEN, CLEO = (Reviewer(n, may_change=True, training="t-1") for n in ("ana", "ben", "cleo"))


def opened(**more: Any) -> ReviewCase:
    clock = own_clock("policy.r", Period(5, "business_days"), ("DE",))
    case = ReviewCase(
        id="c1",
        flag="f1",
        kind="interview_evidence",
        reason="A person should look at identity.",
        opened_at=START,
        evidence=("face-1", "face-2"),
        deadline=due(clock, START, "DE"),
        **more,
    )
    return open_case(case, "policy default 1")


def decision(who: Reviewer, outcome: str = "upheld", after: int = 2, **more: Any) -> Decision:
    base = Decision(who.id, START + after * HOUR, Outcome(outcome), "Seen.", ("face-1",))
    return replace(base, **more)


def decided(case: ReviewCase, who: Reviewer, outcome: str = "upheld", after: int = 2) -> ReviewCase:
    assigned = assign(case, who, at=START + (after - 1) * HOUR, by="lead")
    return decide(assigned, decision(who, outcome, after), reviewer=who)


def test_a_case_from_flag_to_result() -> None:
    case = decided(opened(), ANA, "modified")
    assert case.state is CaseState.DECIDED
    assert case.outcome is Outcome.MODIFIED
    closed = close(case, at=START + 3 * HOUR, by="lead")
    assert closed.state is CaseState.CLOSED
    assert closed.deadline is not None
    assert state(closed.deadline, START + 900 * HOUR) is State.STOPPED
    sent = send_result(closed, at=START + 4 * HOUR, by="lead")
    assert [s.what for s in sent.history] == [
        "opened",
        "assigned to ana",
        "decision 1",
        "closed: modified",
        "result sent",
    ]
    with pytest.raises(StepRefused, match="sent already"):
        send_result(sent, at=START + 5 * HOUR, by="lead")


@pytest.mark.parametrize(
    ("reviewer", "words"),
    [
        (Reviewer("orig", may_change=True, training="t"), "made the result or the decision"),
        (
            Reviewer("x", may_change=True, training="t", teams=frozenset({"sales", "ops"})),
            "hiring team",
        ),
        (Reviewer("x", may_change=False, training="t"), "no authority"),
        (Reviewer("x", may_change=True, training=" "), "no training"),
    ],
)
def test_who_may_not_review(reviewer: Reviewer, words: str) -> None:
    case = opened(made_by=frozenset({"orig"}), hiring_teams=frozenset({"sales"}))
    assert words in bar(case, reviewer)
    with pytest.raises(NotIndependent, match=words):
        assign(case, reviewer, at=START, by="lead")
    assert bar(case, replace(ANA, teams=frozenset({"ops"}))) == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reviewer": "ben"}, "assigned to ana, not to ben"),
        ({"used_tool": True}, "may not help to review itself"),
        ({"rationale": " "}, "rationale"),
        ({"evidence": ()}, "Name the evidence"),
        ({"evidence": ("face-1", "hearsay")}, "Not of this case: hearsay"),
        ({"at": START - HOUR}, "before the last one"),
        ({"at": datetime(2027, 3, 1, 12)}, "time zone"),  # noqa: DTZ001
    ],
)
def test_what_a_decision_needs(change: dict[str, Any], words: str) -> None:
    case = assign(opened(), ANA, at=START, by="lead")
    with pytest.raises(StepRefused, match=words):
        decide(case, replace(decision(ANA), **change), reviewer=ANA)


def test_a_reviewer_who_joins_the_hiring_team_meanwhile_no_longer_decides() -> None:
    case = assign(opened(hiring_teams=frozenset({"sales"})), ANA, at=START, by="lead")
    with pytest.raises(NotIndependent, match="hiring team"):
        decide(case, decision(ANA), reviewer=replace(ANA, teams=frozenset({"sales"})))
    with pytest.raises(StepRefused, match="not to ana"):
        decide(replace(case, assignee="ben"), decision(ANA), reviewer=ANA)


def test_new_evidence_can_be_named() -> None:
    case = add_evidence(opened(), "letter", at=START + HOUR, by="candidate")
    assigned = assign(case, ANA, at=START + HOUR, by="lead")
    assert (
        decide(assigned, decision(ANA, evidence=("letter",)), reviewer=ANA).state
        is CaseState.DECIDED
    )
    for bad in ("letter", " "):
        with pytest.raises(StepRefused, match="does not have yet"):
            add_evidence(case, bad, at=START + HOUR, by="candidate")


def test_four_eyes_need_two_persons_who_agree() -> None:
    one = decided(opened(four_eyes=True), ANA)
    assert (one.needs, one.outcome) == (1, None)
    with pytest.raises(StepRefused, match="Another reviewer has to decide"):
        close(one, at=START + 3 * HOUR, by="lead")
    with pytest.raises(NotIndependent, match="decided on it already"):
        assign(one, ANA, at=START + 3 * HOUR, by="lead")
    two = decided(one, BEN, after=4)
    assert (two.needs, two.outcome) == (0, Outcome.UPHELD)
    with pytest.raises(StepRefused, match="close the case"):
        assign(two, CLEO, at=START + 5 * HOUR, by="lead")
    assert close(two, at=START + 5 * HOUR, by="lead").state is CaseState.CLOSED


def test_where_two_differ_a_third_decides() -> None:
    two = decided(decided(opened(four_eyes=True), ANA), BEN, "reversed", 4)
    assert (two.needs, two.outcome) == (1, None)
    with pytest.raises(NotIndependent):
        assign(two, BEN, at=START + 5 * HOUR, by="lead")
    three = decided(two, CLEO, "modified", 6)
    assert (three.needs, three.outcome) == (0, Outcome.MODIFIED)


def test_the_second_reviewer_does_not_see_the_first_decision() -> None:
    one = assign(decided(opened(four_eyes=True), ANA), BEN, at=START + 3 * HOUR, by="lead")
    assert visible_decisions(one, "ben") == ()
    assert [d.reviewer for d in visible_decisions(one, "ana")] == ["ana"]
    assert "upheld" not in " ".join(s.what for s in one.history)
    closed = close(
        decide(one, decision(BEN, after=4), reviewer=BEN), at=START + 5 * HOUR, by="lead"
    )
    assert len(visible_decisions(closed, "anybody")) == 2


def test_steps_out_of_turn_are_refused() -> None:
    case = opened()
    closed = close(decided(case, ANA), at=START + 3 * HOUR, by="lead")
    later = START + 9 * HOUR
    wrong: list[Callable[[], object]] = [
        lambda: open_case(case, "x"),
        lambda: open_case(replace(case, history=(), reason=" "), "x"),
        lambda: decide(case, decision(ANA), reviewer=ANA),
        lambda: close(case, at=later, by="x"),
        lambda: send_result(case, at=later, by="x"),
        lambda: assign(closed, BEN, at=later, by="x"),
        lambda: decide(closed, decision(ANA), reviewer=ANA),
        lambda: close(closed, at=later, by="x"),
        lambda: add_evidence(closed, "late", at=later, by="x"),
    ]
    for step in wrong:
        with pytest.raises(StepRefused):
            step()


def test_a_case_has_no_status_of_a_candidate() -> None:
    names = {f.name for f in fields(ReviewCase)} | {f.name for f in fields(Decision)}
    assert not {n for n in names if "candidate" in n or "status" in n or "rank" in n}
    assert set(Outcome) == {"upheld", "modified", "reversed"}


def test_overdue() -> None:
    case = opened()  # Monday 1 March; due at the end of Monday 8 March in Berlin
    end = datetime(2027, 3, 8, 23, tzinfo=UTC)
    assert not is_overdue(case, end - HOUR)
    assert is_overdue(case, end)
    assert not is_overdue(replace(case, deadline=None), end)
    assert not is_overdue(close(decided(case, ANA), at=end, by="lead"), end)


def test_measures_by_hand() -> None:
    later = START + timedelta(days=10)
    cases = [
        close(decided(opened(), ANA, "upheld"), at=START + 4 * HOUR, by="lead"),
        close(decided(opened(), ANA, "modified"), at=START + 10 * HOUR, by="lead"),
        close(decided(opened(), ANA, "reversed"), at=later, by="lead"),
        close(
            decided(
                decided(decided(opened(four_eyes=True), ANA), BEN, "reversed", 4), CLEO, after=6
            ),
            at=START + 20 * HOUR,
            by="lead",
        ),
        opened(),
    ]
    made = measure(cases, later)
    assert (made.opened, made.closed, made.still_open, made.overdue) == (5, 4, 1, 1)
    assert (made.upheld, made.modified, made.reversed, made.overridden) == (2, 1, 1, 2)
    assert (made.doubly_reviewed, made.disagreed, made.closed_late) == (1, 1, 1)
    assert made.override_rate == 0.5
    assert made.hours_median == 15.0  # of 4, 10, 20, 240
    assert made.hours_p90 == 240.0
    assert measure(cases[:3], later).hours_median == 10.0


def test_measures_of_nothing_are_none_not_zero() -> None:
    made = measure([opened()], START)
    assert (made.override_rate, made.hours_median, made.hours_p90) == (None, None, None)


PEOPLE = (ANA, BEN, CLEO, Reviewer("dan", may_change=True, training="t"))
TURNS = st.tuples(st.sampled_from(("assign", "decide", "close")), st.sampled_from(PEOPLE))


def turn(case: ReviewCase, what: str, who: Reviewer, made: Decision) -> ReviewCase:
    if what == "assign":
        return assign(case, who, at=made.at, by="lead")
    return (
        decide(case, made, reviewer=who) if what == "decide" else close(case, at=made.at, by="lead")
    )


@given(st.booleans(), st.lists(st.tuples(TURNS, st.sampled_from(list(Outcome))), max_size=14))
def test_no_order_of_steps_closes_a_case_without_its_decisions(
    four_eyes: bool, turns: list[tuple[tuple[str, Reviewer], Outcome]]
) -> None:
    case = opened(four_eyes=four_eyes, made_by=frozenset({"cleo"}))
    for after, ((what, who), outcome) in enumerate(turns):
        try:
            case = turn(case, what, who, decision(who, outcome, after))
        except StepRefused:
            continue
    reviewers = [d.reviewer for d in case.decisions]
    assert len(set(reviewers)) == len(reviewers) <= 3
    assert "cleo" not in reviewers
    if case.state is CaseState.CLOSED:
        assert len(reviewers) >= (2 if case.four_eyes else 1)
        assert case.outcome is case.decisions[-1].outcome
    else:
        assert case.closed_at is None
