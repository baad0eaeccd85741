"""Review cases and people's requests as they are shown: what a viewer may see, with what is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from audit.clocks import Deadline, RequestKind, State, find, state
from audit.errors import ClockInvalid
from audit.records.oversight import Request, Review
from audit.requests import Answer, Consequence, RequestState, may_ask_again, standing
from audit.reviews import CaseState, Outcome, is_overdue, visible_decisions


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineView:
    """A deadline, and where it stands."""

    clock: Annotated[str, Field(description="Which clock.", examples=["gdpr.request"])]
    citation: Annotated[
        str | None, Field(description="Its law; null: the organisation's own period.")
    ]
    jurisdiction: Annotated[str, Field(description="Whose days are counted.", examples=["DE"])]
    due_on: Annotated[date, Field(description="The last day, there.")]
    ends_at: Annotated[datetime, Field(description="The instant it is over, UTC.")]
    binding: Annotated[bool, Field(description="Whether law makes it run.")]
    state: Annotated[State, Field(description="Where it stands.")]
    late: Annotated[bool, Field(description="Whether it was met only after its end.")]
    extended: Annotated[str | None, Field(description="Why it was extended, if it was.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionView:
    """One reviewer's decision."""

    reviewer: Annotated[str, Field(description="Opaque reference of the person.")]
    at: Annotated[datetime, Field(description="When.")]
    outcome: Annotated[Outcome, Field(description="What they found of the result under review.")]
    rationale: Annotated[str, Field(description="Why, in words.")]
    evidence: Annotated[tuple[str, ...], Field(description="What they considered.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """A step of a case's history."""

    at: Annotated[datetime, Field(description="When.")]
    what: Annotated[str, Field(description="What was done.")]
    by: Annotated[str, Field(description="Key or reviewer.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewView:
    """A review case. Decisions of others are hidden until it is closed."""

    id: Annotated[str, Field(description="Opaque identifier.")]
    version: Annotated[int, Field(description="Counts changes; also the ETag.", ge=1)]
    created_at: Annotated[datetime, Field(description="When it was opened, UTC.")]
    updated_at: Annotated[datetime, Field(description="When it was last changed, UTC.")]
    kind: Annotated[
        str,
        Field(
            description="From the policy; or appeal, reconsideration, human_alternative.",
            examples=["interview_evidence"],
        ),
    ]
    state: Annotated[CaseState, Field(description="Where it stands.")]
    reason: Annotated[str, Field(description="Why it was opened.")]
    flag_id: Annotated[str | None, Field(description="The flag that it is about.")]
    request_id: Annotated[str | None, Field(description="The request that it is about.")]
    candidate_id: Annotated[str | None, Field(description="Whom it is about.")]
    assignee: Annotated[str | None, Field(description="Who has it now.")]
    four_eyes: Annotated[bool, Field(description="Whether two decide, each on their own.")]
    needs: Annotated[int, Field(description="Decisions that are still needed, as far as known.")]
    evidence: Annotated[tuple[str, ...], Field(description="What can be considered.")]
    made_by: Annotated[tuple[str, ...], Field(description="Who may not review it: they took part.")]
    hiring_teams: Annotated[tuple[str, ...], Field(description="Teams that may not review it.")]
    deadline: Annotated[DeadlineView | None, Field(description="Until when, if any.")]
    due_at: Annotated[datetime | None, Field(description="The same as an instant, UTC.")]
    overdue: Annotated[bool, Field(description="Whether it should have been closed by now.")]
    decisions: Annotated[
        tuple[DecisionView, ...],
        Field(description="All of a closed case; before, those of the reviewer who asks."),
    ]
    outcome: Annotated[Outcome | None, Field(description="Of the closed case.")]
    closed_at: Annotated[datetime | None, Field(description="When it was closed.")]
    result_sent_at: Annotated[
        datetime | None, Field(description="When the person concerned was told.")
    ]
    history: Annotated[tuple[StepView, ...], Field(description="What was done, in order.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyView:
    """The answer to a request."""

    answer: Annotated[Answer, Field(description="What was decided.")]
    rationale: Annotated[str, Field(description="Why, in words.")]
    withheld: Annotated[str, Field(description="What is kept back, and why.")]
    at: Annotated[datetime, Field(description="When.")]
    by: Annotated[str, Field(description="Who answered: a person's opaque reference, or a key.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """A person's request, with its clocks and what is still to be done."""

    id: Annotated[str, Field(description="Opaque identifier.")]
    version: Annotated[int, Field(description="Counts changes; also the ETag.", ge=1)]
    created_at: Annotated[datetime, Field(description="When it was stored, UTC.")]
    updated_at: Annotated[datetime, Field(description="When it was last changed, UTC.")]
    candidate_id: Annotated[str, Field(description="Who asks.")]
    kind: Annotated[RequestKind, Field(description="For what.")]
    state: Annotated[RequestState, Field(description="Where it stands.")]
    channel: Annotated[str, Field(description="How it came.")]
    received_at: Annotated[datetime, Field(description="When it came in, UTC.")]
    jurisdictions: Annotated[tuple[str, ...], Field(description="Whose clocks run.")]
    deadlines: Annotated[tuple[DeadlineView, ...], Field(description="One for each binding clock.")]
    due_at: Annotated[datetime | None, Field(description="The first to end; null: no law says.")]
    standing: Annotated[
        State | None, Field(description="Where the most urgent clock stands; null: none runs.")
    ]
    overdue: Annotated[bool, Field(description="Whether it should have been answered by now.")]
    details: Annotated[
        str, Field(description="What the person wrote with it; empty: nothing.", examples=[""])
    ]
    notes: Annotated[tuple[str, ...], Field(description="What the law leaves open.")]
    done: Annotated[tuple[Consequence, ...], Field(description="What was carried out.")]
    pending: Annotated[tuple[Consequence, ...], Field(description="What is to be carried out.")]
    reply: Annotated[ReplyView | None, Field(description="The answer, once there is one.")]
    may_ask_again: Annotated[
        bool | None,
        Field(description="Of an opt-out: whether the person may be asked to opt in again."),
    ]
    closed_at: Annotated[datetime | None, Field(description="When it was closed.")]


def show_review(review: Review, now: datetime, viewer: str = "") -> ReviewView:
    """The case as `viewer` may see it: a reviewer's opaque reference, or "" for nobody."""
    case = review.case
    return ReviewView(
        id=review.id,
        version=review.version,
        created_at=review.created_at,
        updated_at=review.updated_at,
        kind=review.kind,
        state=review.state,
        reason=case.reason,
        flag_id=review.flag_id,
        request_id=review.request_id,
        candidate_id=review.candidate_id,
        assignee=case.assignee,
        four_eyes=case.four_eyes,
        needs=max(case.needs, 0) if case.state is not CaseState.CLOSED else 0,
        evidence=case.evidence,
        made_by=tuple(sorted(case.made_by)),
        hiring_teams=tuple(sorted(case.hiring_teams)),
        deadline=_deadline(case.deadline, now) if case.deadline else None,
        due_at=review.due_at,
        overdue=is_overdue(case, now),
        decisions=tuple(
            DecisionView(
                reviewer=d.reviewer,
                at=d.at,
                outcome=d.outcome,
                rationale=d.rationale,
                evidence=d.evidence,
            )
            for d in visible_decisions(case, viewer)
        ),
        outcome=review.outcome,
        closed_at=review.closed_at,
        result_sent_at=case.result_sent_at,
        history=tuple(StepView(at=s.at, what=s.what, by=s.by) for s in case.history),
    )


def show_request(
    request: Request, now: datetime, pending: tuple[Consequence, ...] = ()
) -> RequestView:
    """The request, with where its clocks stand now. `pending`: what is still to be done."""
    person, reply = request.request, request.request.reply
    stands = standing(person, now)
    return RequestView(
        id=request.id,
        version=request.version,
        created_at=request.created_at,
        updated_at=request.updated_at,
        candidate_id=request.candidate_id,
        kind=request.kind,
        state=request.state,
        channel=person.channel,
        received_at=person.received_at,
        jurisdictions=person.jurisdictions,
        deadlines=tuple(_deadline(d, now) for d in person.deadlines),
        due_at=request.due_at,
        standing=stands,
        overdue=stands is State.OVERDUE,
        details=person.details,
        notes=person.notes,
        done=tuple(Consequence(word) for word in request.done if word in set(Consequence)),
        pending=pending,
        reply=ReplyView(
            answer=reply.answer,
            rationale=reply.rationale,
            withheld=reply.withheld,
            at=reply.at,
            by=reply.by,
        )
        if reply
        else None,
        may_ask_again=may_ask_again(person, now) if request.kind is RequestKind.OPT_OUT else None,
        closed_at=person.closed_at,
    )


def _deadline(deadline: Deadline, now: datetime) -> DeadlineView:
    return DeadlineView(
        clock=deadline.clock,
        citation=_citation(deadline.clock),
        jurisdiction=deadline.jurisdiction,
        due_on=deadline.due_on,
        ends_at=deadline.ends_at,
        binding=deadline.binding,
        state=state(deadline, now),
        late=deadline.is_late,
        extended=deadline.extension.reason if deadline.extension else None,
    )


def _citation(clock: str) -> str | None:
    try:
        return find(clock).citation
    except ClockInvalid:
        return None
