"""People's requests: consequences, clocks and what stays untouched, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from audit.clocks import RequestKind
from audit.errors import NotFound, StepRefused
from audit.operations import requests, reviews
from audit.operations.requests import Asked, Decided
from audit.operations.stopping import CODE, stop_candidate
from audit.records.evidence import Check, Comparison, RunState
from audit.records.oversight import Delivery, Request, Review
from audit.records.register import Candidate, Interview, Outcome, Stopped
from audit.records.work import Job, JobState
from audit.requests import Answer, Consequence, RequestState
from audit.reviews import CaseState
from audit.store import Store, UnitOfWork
from tests.audit.operations.people import (
    Clock,
    add_candidate,
    add_check,
    add_person,
    events,
    kinds,
    listen,
)


def ask(unit: UnitOfWork, candidate: str, kind: RequestKind, **more: object) -> Request:
    asked = Asked(candidate_id=candidate, kind=kind, channel="form")
    return requests.receive(unit, replace(asked, **more))  # type: ignore[arg-type]


def test_an_opt_out_stops_everything_at_once_and_lowers_nothing(store: Store, clock: Clock) -> None:
    with store.unit("acme") as unit:
        listen(unit, "candidate.opted_out", "check.cancelled", "request.opened", "review.opened")
        person = add_person(unit, "DE")
        other = add_person(unit, "DE")
        queued = add_check(unit, person.interview, person.recording)
        running = add_check(unit, person.interview, person.recording, RunState.RUNNING)
        unit.put(replace(unit.get(Job, running.job_id), state=JobState.RUNNING, worker="w1"))
        untouched = add_check(unit, other.interview, other.recording)
    clock.advance(minutes=1)
    with store.unit("acme", actor="key_1") as unit:
        request = ask(unit, person.id, RequestKind.OPT_OUT)
    with store.reading("acme") as reading:
        candidate = reading.get(Candidate, person.id)
        assert (candidate.stopped, candidate.stopped_at) == (Stopped.OPTED_OUT, clock.now)
        for check in (queued, running):
            found = reading.get(Check, check.id)
            assert (found.state, found.error_code) == (RunState.CANCELLED, CODE)
        assert reading.get(Job, queued.job_id).state is JobState.CANCELLED
        asked_to_stop = reading.get(Job, running.job_id)
        assert asked_to_stop.state is JobState.RUNNING and asked_to_stop.cancel_requested
        assert reading.get(Comparison, person.comparison.id).state is RunState.CANCELLED
        assert reading.get(Check, untouched.id).state is RunState.QUEUED
        assert reading.get(Candidate, other.id).stopped is Stopped.NOT_STOPPED
        # What was found and what happened stay as they were.
        assert reading.get(Check, person.check.id) == person.check
        assert reading.get(Outcome, person.outcome.id) == person.outcome
        [alternative] = reading.every(Review, request_id=request.id)
        assert alternative.kind == reviews.HUMAN_ALTERNATIVE
        assert alternative.case.deadline is not None
        assert alternative.case.deadline.clock == "gdpr.request"
        told = [delivery.type for delivery in reading.every(Delivery)]
        assert told.count("candidate.opted_out") == 1
        assert told.count("check.cancelled") == 2
        assert told.count("request.opened") == told.count("review.opened") == 1
    assert request.due_at is not None and request.due_at == alternative.due_at
    assert requests.pending(request) == (Consequence.CONFIRM_TO_PERSON,)
    [body] = [body for kind, subject, body in events(store) if kind == "opted_out"]
    assert body["count"] == 3 and queued.id in body["cancelled"]


def test_an_opt_out_that_fails_midway_leaves_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.unit("acme") as unit:
        person = add_person(unit, "DE")
        queued = add_check(unit, person.interview, person.recording)

    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(requests, "open_alternative", broken)
    with pytest.raises(RuntimeError), store.unit("acme") as unit:
        ask(unit, person.id, RequestKind.OPT_OUT)
    with store.reading("acme") as reading:
        assert reading.get(Candidate, person.id).stopped is Stopped.NOT_STOPPED
        assert reading.get(Check, queued.id).state is RunState.QUEUED
        assert reading.count(Request) == 0
    assert "opted_out" not in kinds(store)


def test_a_second_opt_out_is_the_first(store: Store) -> None:
    with store.unit("acme") as unit:
        candidate = add_candidate(unit, "US-CA")
        first = ask(unit, candidate.id, RequestKind.OPT_OUT)
        assert ask(unit, candidate.id, RequestKind.OPT_OUT) == first
        assert unit.count(Review) == 1


@pytest.mark.parametrize("places", [(), ("BR",)])
def test_an_opt_out_needs_no_known_place(store: Store, places: tuple[str, ...]) -> None:
    with store.unit("acme") as unit:
        candidate = add_candidate(unit, *places)
        request = ask(unit, candidate.id, RequestKind.OPT_OUT)
        assert unit.get(Candidate, candidate.id).stopped is Stopped.OPTED_OUT
        assert request.due_at is None
        assert any("no clock" in note for note in request.request.notes)
        [alternative] = unit.every(Review, request_id=request.id)
        assert alternative.due_at is None


def test_an_opt_out_that_is_taken_back_lets_processing_begin_again(store: Store) -> None:
    with store.unit("acme") as unit:
        candidate = add_candidate(unit, "US-IL")
        request = ask(unit, candidate.id, RequestKind.OPT_OUT)
        withdrawn = requests.withdraw(unit, request.id)
        assert withdrawn.state is RequestState.WITHDRAWN
        assert unit.get(Candidate, candidate.id).stopped is Stopped.NOT_STOPPED
        [alternative] = unit.every(Review, request_id=request.id)
        assert alternative.state is CaseState.CLOSED and alternative.outcome is None
        assert ask(unit, candidate.id, RequestKind.OPT_OUT).id != request.id
    assert kinds(store).count("opted_out") == 2
    assert "opt_out_ended" in kinds(store)


def test_a_weaker_reason_does_not_replace_a_stronger_one(store: Store) -> None:
    with store.unit("acme") as unit:
        candidate = add_candidate(unit, "US-IL")
        stop_candidate(unit, candidate.id, Stopped.OPTED_OUT)
        stop_candidate(unit, candidate.id, Stopped.CONSENT_WITHDRAWN)
        assert unit.get(Candidate, candidate.id).stopped is Stopped.OPTED_OUT


def test_an_appeal_opens_a_review_that_those_who_decided_may_not_have(store: Store) -> None:
    with store.unit("acme") as unit:
        person = add_person(unit, "FR")
        request = ask(
            unit,
            person.id,
            RequestKind.APPEAL,
            about=(person.outcome.id,),
            hiring_teams=frozenset({"sales"}),
        )
        [review] = unit.every(Review, request_id=request.id)
    assert review.kind == reviews.APPEAL and review.candidate_id == person.id
    assert review.case.made_by == {"interviewer-1", "manager-7"}
    assert review.case.hiring_teams == {"sales"}
    assert set(review.case.evidence) == {request.id, person.outcome.id, person.check.id}
    assert review.due_at == request.due_at is not None
    assert requests.pending(request) == ()


def test_a_request_runs_through_answer_consequences_and_close(store: Store, clock: Clock) -> None:
    with store.unit("acme", actor="key_c") as unit:
        candidate = add_candidate(unit, "IE", "US-NY-NYC")
        request = ask(unit, candidate.id, RequestKind.CORRECTION)
        assert [d.clock for d in request.request.deadlines] == ["gdpr.request"]
        with pytest.raises(StepRefused, match="answered"):
            requests.close(unit, request.id)
        clock.advance(days=2)
        longer = requests.extend(
            unit, request.id, "gdpr.request", reason="Many systems.", told_at=clock.now
        )
        assert longer.due_at is not None and request.due_at is not None
        assert longer.due_at - request.due_at > timedelta(days=50)
        answered = requests.answer(
            unit, request.id, Decided(answer=Answer.GRANTED, rationale="The score was wrong.")
        )
        assert answered.due_at is None
        assert requests.pending(answered) == (Consequence.CORRECT_DATA,)
        [again] = unit.every(Review, request_id=request.id)
        assert again.kind == reviews.RECONSIDERATION
        with pytest.raises(StepRefused, match="correct_data"):
            requests.close(unit, request.id)
        with pytest.raises(StepRefused, match="by itself"):
            requests.carried_out(unit, request.id, Consequence.ERASE)
        with pytest.raises(StepRefused, match="Nobody is waiting"):
            requests.carried_out(unit, request.id, Consequence.CONFIRM_TO_PERSON)
        done = requests.carried_out(unit, request.id, Consequence.CORRECT_DATA)
        assert requests.carried_out(unit, request.id, Consequence.CORRECT_DATA) == done
        assert requests.close(unit, request.id).state is RequestState.CLOSED
    found = kinds(store)
    for kind in ("request_opened", "request_extended", "request_answered", "request_closed"):
        assert found.count(kind) == 1
    assert found.count("request_carried_out") == 1
    assert all("score was wrong" not in str(body) for _, _, body in events(store))


def test_a_granted_human_alternative_ends_with_the_interview_that_a_person_held(
    store: Store,
) -> None:
    with store.unit("acme") as unit:
        person = add_person(unit, "ES")
        request = ask(unit, person.id, RequestKind.HUMAN_ALTERNATIVE)
        assert unit.count(Review) == 0
        requests.answer(unit, request.id, Decided(answer=Answer.GRANTED, rationale="Of course."))
        [review] = unit.every(Review, request_id=request.id)
        with pytest.raises(StepRefused, match="marked"):
            reviews.fulfil(unit, review.id, person.interview.id)
        held = unit.put(replace(person.interview, human_alternative=True))
        closed = reviews.fulfil(unit, review.id, held.id)
        assert closed.state is CaseState.CLOSED and closed.outcome is None
        assert held.id in closed.case.evidence
        assert reviews.measure(unit, since=None, now=unit.now()).opened == 0
        with pytest.raises(StepRefused, match="closed"):
            reviews.fulfil(unit, review.id, held.id)


def test_what_cannot_be_received(store: Store, clock: Clock) -> None:
    with store.unit("acme") as unit:
        candidate = add_candidate(unit, "US-IL")
        gone = unit.put(replace(add_candidate(unit, "US-IL"), erased_at=clock.now))
        with pytest.raises(StepRefused, match="future"):
            ask(
                unit,
                candidate.id,
                RequestKind.ACCESS,
                received_at=clock.now + timedelta(hours=1),
            )
        with pytest.raises(StepRefused, match="erased"):
            ask(unit, gone.id, RequestKind.ACCESS)
    with store.unit("globex") as unit, pytest.raises(NotFound):
        ask(unit, candidate.id, RequestKind.OPT_OUT)
    with store.reading("acme") as reading:
        assert reading.get(Candidate, candidate.id).stopped is Stopped.NOT_STOPPED


def test_requests_wait_in_the_order_in_which_they_are_due(store: Store, clock: Clock) -> None:
    with store.unit("acme") as unit:
        nowhere, europe = add_candidate(unit), add_candidate(unit, "DE")
        undated = ask(unit, nowhere.id, RequestKind.ACCESS)
        newer = ask(unit, europe.id, RequestKind.ACCESS)
        older = ask(unit, europe.id, RequestKind.ACCESS, received_at=clock.now - timedelta(days=20))
        assert [r.id for r in requests.open_requests(unit)] == [older.id, newer.id, undated.id]
        of = requests.open_requests(unit, candidate_id=nowhere.id)
        assert [r.id for r in of] == [undated.id]
        systems = add_person(unit).system
        unit.put(replace(systems, jurisdictions=("DE",)))
        interview = unit.find(Interview, system_id=systems.id)
        assert interview is not None
        inferred = ask(unit, interview.candidate_id, RequestKind.ACCESS)
        assert inferred.request.jurisdictions == ("DE",)
