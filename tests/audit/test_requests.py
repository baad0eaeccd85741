"""Persons' requests: clocks by jurisdiction, what happens at once, answers, withdrawal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.clocks import RequestKind, State
from audit.errors import ClockInvalid, ExtensionRefused, StepRefused
from audit.requests import (
    ON_GRANT,
    ON_RECEIPT,
    Answer,
    Consequence,
    PersonRequest,
    Reply,
    RequestState,
    answer,
    close,
    may_ask_again,
    may_process,
    prolong,
    receive,
    standing,
    withdraw,
)

START = datetime(2027, 3, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def received(kind: str, *places: str, at: datetime = START) -> PersonRequest:
    fresh = PersonRequest("r1", "p1", RequestKind(kind), places, at, "form")
    return receive(fresh)[0]


def replied(
    request: PersonRequest, given_answer: Answer, *, holds: Sequence[str] = (), **more: Any
) -> tuple[PersonRequest, tuple[Consequence, ...]]:
    return answer(request, Reply(given_answer, **more), holds=holds)


def granted(request: PersonRequest, at: datetime = START + DAY) -> PersonRequest:
    return replied(request, Answer.GRANTED, rationale="Right.", at=at, by="dpo")[0]


def test_an_opt_out_stops_processing_when_it_is_received() -> None:
    fresh = PersonRequest("r1", "p1", RequestKind.OPT_OUT, ("US-CA",), START, "form")
    request, at_once = receive(fresh)
    assert at_once == (
        Consequence.STOP_AUTOMATED_PROCESSING,
        Consequence.TELL_PROCESSORS,
        Consequence.CONFIRM_TO_PERSON,
        Consequence.OPEN_HUMAN_ALTERNATIVE,
    )
    assert not may_process([request], "p1")
    assert may_process([request], "p2")
    assert not may_process([fresh], "p1")  # written down but not taken in yet: stopped too
    assert not may_process([close(granted(request), START + 2 * DAY)], "p1")
    assert may_process([withdraw(request, START + DAY)], "p1")
    # Fri 5 March and 15 business days: 8-12, 15-19, 22-26 March.
    assert [(d.clock, d.due_on) for d in request.deadlines] == [("ccpa.opt_out", date(2027, 3, 26))]


def test_after_an_opt_out_nobody_is_asked_again_for_twelve_months() -> None:
    request = received("opt_out", "US-CA")
    assert [d.due_on for d in request.no_new_asking_until] == [date(2028, 3, 5)]
    assert not may_ask_again(request, datetime(2028, 3, 6, 7, 59, tzinfo=UTC))
    assert may_ask_again(request, datetime(2028, 3, 6, 8, tzinfo=UTC))
    assert received("access", "US-CA").no_new_asking_until == ()


def test_an_opt_out_is_not_refused() -> None:
    for given_answer in (Answer.REFUSED, Answer.PARTLY_GRANTED):
        with pytest.raises(StepRefused, match="cannot be refused"):
            replied(
                received("opt_out", "DE"),
                given_answer,
                rationale="r",
                at=START,
                by="x",
                withheld="w",
            )


def test_no_request_lowers_anything() -> None:
    everything = {c for table in (ON_RECEIPT, ON_GRANT) for row in table.values() for c in row}
    assert everything == set(Consequence)
    assert not [c for c in Consequence if "reject" in c or "lower" in c or "status" in c]
    assert set(ON_RECEIPT) | set(ON_GRANT) == set(RequestKind)


@pytest.mark.parametrize(
    ("kind", "places", "clocks"),
    [
        ("access", ("US-NY-NYC",), [("ll144.information", date(2027, 4, 4))]),
        ("access", ("DE",), [("gdpr.request", date(2027, 4, 5))]),
        (
            "access",
            ("US-NY-NYC", "FR"),
            [("ll144.information", date(2027, 4, 4)), ("gdpr.request", date(2027, 4, 5))],
        ),
        ("deletion", ("US-IL",), [("aivia.deletion", date(2027, 4, 4))]),
        ("appeal", ("IE",), [("gdpr.request", date(2027, 4, 5))]),
        ("appeal", ("US-CO",), []),
        ("correction", ("GB",), []),
    ],
)
def test_clocks_by_kind_and_place(
    kind: str, places: tuple[str, ...], clocks: list[tuple[str, date]]
) -> None:
    request = received(kind, *places)
    assert [(d.clock, d.due_on) for d in request.deadlines] == clocks
    if not clocks:
        assert request.notes
        assert request.due is None
        assert standing(request, START + 900 * DAY) is None
    else:
        assert request.due is not None
        assert request.due.due_on == min(d for _, d in clocks)


def test_of_two_member_states_the_earlier_end_counts() -> None:
    # Received 26 February: 26 March is Good Friday in Germany, a working day in France.
    at = datetime(2027, 2, 26, 12, tzinfo=UTC)
    for places in (("DE", "FR"), ("FR", "DE")):
        (deadline,) = received("access", *places, at=at).deadlines
        assert (deadline.jurisdiction, deadline.due_on) == ("FR", date(2027, 3, 26))


def test_an_answer_stops_the_clocks_and_sets_its_consequences_going() -> None:
    request = received("correction", "DE")
    done, after = replied(
        request, Answer.GRANTED, rationale="Wrong date.", at=START + DAY, by="dpo"
    )
    assert after == (Consequence.CORRECT_DATA, Consequence.RECONSIDER_ON_CORRECTED_DATA)
    assert standing(done, START + 90 * DAY) is State.STOPPED
    assert done.due is None
    assert close(done, START + 2 * DAY).state is RequestState.CLOSED
    refused, nothing = replied(
        request, Answer.REFUSED, rationale="Right as it is.", at=START, by="x"
    )
    assert refused.reply is not None
    assert (refused.reply.answer, nothing) == (Answer.REFUSED, ())


def test_an_appeal_opens_a_review_at_once() -> None:
    fresh = PersonRequest("r", "p", RequestKind.APPEAL, ("US-CO",), START, "mail")
    assert receive(fresh)[1] == (Consequence.OPEN_REVIEW,)


@pytest.mark.parametrize(
    ("given_answer", "more", "words"),
    [
        (Answer.GRANTED, {"rationale": " "}, "rationale"),
        (Answer.PARTLY_GRANTED, {}, "what is withheld"),
        (Answer.GRANTED, {"holds": ["2 CCR 11013(c): complaint 7"]}, "complaint 7"),
        (Answer.GRANTED, {"at": START - DAY}, "before the last one"),
        (Answer.GRANTED, {"at": datetime(2027, 3, 6)}, "time zone"),  # noqa: DTZ001
    ],
)
def test_answers_that_are_refused(given_answer: Answer, more: dict[str, Any], words: str) -> None:
    good: dict[str, Any] = {"rationale": "r", "at": START + DAY, "by": "dpo"}
    with pytest.raises(StepRefused, match=words):
        replied(received("deletion", "US-IL"), given_answer, **{**good, **more})


def test_a_deletion_under_a_hold_erases_the_rest() -> None:
    done, after = replied(
        received("deletion", "US-IL", "US-CA"),
        Answer.PARTLY_GRANTED,
        rationale="A complaint is open.",
        at=START + DAY,
        by="dpo",
        withheld="Scores and decisions, until the complaint is over.",
        holds=["2 CCR 11013(c)"],
    )
    assert after == (Consequence.ERASE,)
    assert done.reply is not None
    assert "until" in done.reply.withheld


def test_prolonging() -> None:
    request = received("access", "IE", "US-NY-NYC")
    told = START + 9 * DAY
    longer = prolong(request, "gdpr.request", reason="Complex.", decided_at=told, told_at=told)
    assert {d.clock: d.due_on for d in longer.deadlines} == {
        "gdpr.request": date(2027, 6, 8),
        "ll144.information": date(2027, 4, 4),
    }
    with pytest.raises(ExtensionRefused, match="allows no extension"):
        prolong(request, "ll144.information", reason="x", decided_at=told, told_at=told)
    with pytest.raises(StepRefused, match="does not run"):
        prolong(request, "ccpa.opt_out", reason="x", decided_at=told, told_at=told)


def test_standing_is_the_most_urgent() -> None:
    request = received("access", "IE", "US-NY-NYC")  # ends 5 April 23:00 and 5 April 04:00 UTC
    assert standing(request, START) is State.PENDING
    assert standing(request, START + 20 * DAY) is State.REMINDER
    assert standing(request, datetime(2027, 4, 5, 4, tzinfo=UTC)) is State.OVERDUE


def test_steps_out_of_turn_are_refused() -> None:
    request = received("access", "DE")
    done = granted(request)
    gone = withdraw(request, START + DAY)
    later = START + 9 * DAY
    wrong: list[Callable[[], object]] = [
        lambda: receive(request),
        lambda: receive(replace(request, deadlines=(), jurisdictions=())),
        lambda: receive(replace(request, deadlines=(), received_at=START.replace(tzinfo=None))),
        lambda: granted(done),
        lambda: granted(gone, later),
        lambda: close(request, later),
        lambda: close(done, START),
        lambda: withdraw(done, later),
        lambda: withdraw(gone, later),
        lambda: prolong(done, "gdpr.request", reason="x", decided_at=START),
    ]
    for step in wrong:
        with pytest.raises(StepRefused):
            step()
    with pytest.raises(ClockInvalid):
        received("access", "XX")


@given(
    st.sampled_from(list(RequestKind)),
    st.lists(
        st.sampled_from(["DE", "US-CA", "US-IL", "US-CO", "US-NY-NYC", "GB"]),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 2000).map(lambda n: START + n * DAY),
)
def test_every_request_has_a_deadline_or_says_why_not(
    kind: RequestKind, places: list[str], at: datetime
) -> None:
    request = received(kind.value, *places, at=at)
    assert request.deadlines or request.notes
    assert all(d.binding and d.ends_at > at for d in request.deadlines)
    assert len({d.clock for d in request.deadlines}) == len(request.deadlines)
    stopped = any(d.clock == "ccpa.opt_out" for d in request.deadlines)
    assert stopped == (kind is RequestKind.OPT_OUT and "US-CA" in places)
