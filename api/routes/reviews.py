"""Review cases: assigned to persons who took no part, and decided by them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response
from pydantic import Field, StringConstraints

from api.call import Call, CallContext
from api.guarding import area
from api.openapi import also
from api.paging import Listed, Paging
from api.routes.paths import CandidateFilter, ReviewId
from api.routes.queues import part_of
from api.scopes import requires
from audit.operations import reviews
from audit.operations.inputs import Flag, Input, InterviewId, Line, Moment, Reference
from audit.operations.register import plain_where
from audit.operations.reviews import Verdict
from audit.records.casework import ReviewView, show_review
from audit.records.oversight import Review
from audit.reviews import CaseState, Outcome, ReviewMeasures
from audit.store import UnitOfWork

router = area("Reviews", "/reviews")

Text = Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=r"\S")]
Persons = Annotated[tuple[Reference, ...], Field(max_length=100)]
PersonFilter = Annotated[
    str | None,
    Query(
        max_length=128,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:\-]*$",
        description="Only those that this reviewer has.",
    ),
]
Viewer = Annotated[
    str | None,
    Query(
        max_length=128,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:\-]*$",
        description="The reviewer who looks: sees their own decisions before the case is closed.",
    ),
]


class Assignment(Input):
    """Who is to review."""

    reviewer: Annotated[
        Reference,
        Field(description="The person's reference, as registered.", examples=["person-12"]),
    ]


class MoreEvidence(Input):
    """Something more to consider."""

    evidence: Annotated[
        Line,
        Field(
            description="An id, or a reference to what the person concerned sent in.",
            examples=["letter-2026-03-04"],
        ),
    ]


class Conflicts(Input):
    """Who may not review the case."""

    made_by: Annotated[
        Persons, Field(description="Persons who made the result or the decision.")
    ] = ()
    hiring_teams: Annotated[Persons, Field(description="Teams that are hiring.")] = ()


class NewDecision(Input):
    """A reviewer's decision."""

    reviewer: Annotated[
        Reference, Field(description="Who decides: the assignee.", examples=["person-12"])
    ]
    outcome: Annotated[Outcome, Field(description="What was found of the result under review.")]
    rationale: Annotated[Text, Field(description="Why, in words.")]
    evidence: Annotated[
        tuple[Line, ...],
        Field(
            min_length=1, max_length=500, description="What was considered: evidence of the case."
        ),
    ]
    used_tool: Annotated[
        Flag, Field(description="Whether the tool under review helped; then it is refused.")
    ] = False


class HeldInterview(Input):
    """The interview that a person held instead."""

    interview_id: Annotated[InterviewId, Field(description="It is marked `human_alternative`.")]


@router.get("", response_model=Listed[ReviewView], dependencies=[requires("reviews:read")])
def list_reviews(
    call: Call,
    paging: Paging,
    state: Annotated[CaseState | None, Query(description="Only cases that stand so.")] = None,
    assignee: PersonFilter = None,
    kind: Annotated[
        str | None, Query(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="Only of this kind.")
    ] = None,
    candidate_id: CandidateFilter = None,
) -> Response:
    """Review cases, the newest first."""
    where = plain_where(state=state, assignee=assignee, kind=kind, candidate_id=candidate_id)
    now = call.service.now()
    with call.reading() as unit:
        listing = unit.page(Review, paging.page, where)
        return call.listing(paging, listing, lambda review: show_review(review, now))


@router.get("/due", response_model=Listed[ReviewView], dependencies=[requires("reviews:read")])
def list_due_reviews(
    call: Call,
    paging: Paging,
    overdue: Annotated[bool, Query(description="Only those whose time is over.")] = False,
    assignee: PersonFilter = None,
) -> Response:
    """Cases that are not closed, in the order in which they are due."""
    now = call.service.now()
    with call.reading() as unit:
        found = reviews.open_cases(unit, **plain_where(assignee=assignee))
    waiting = [each for each in found if not overdue or (each.due_at and each.due_at <= now)]
    items, last = part_of(waiting, paging)
    shown = [show_review(each, now) for each in items]
    return call.shown(Listed[ReviewView].model_validate(paging.pieces(shown, last)))


@router.get("/measures", response_model=ReviewMeasures, dependencies=[requires("reviews:read")])
def read_review_measures(
    call: Call,
    since: Annotated[Moment | None, Query(description="Cases opened from then on.")] = None,
) -> Response:
    """How reviews go: overrides, hours to close, what is overdue, with the counts of each."""
    with call.reading() as unit:
        return call.shown(reviews.measure(unit, since=since, now=call.service.now()))


@router.get("/{review_id}", response_model=ReviewView, dependencies=[requires("reviews:read")])
def read_review(call: Call, review_id: ReviewId, reviewer: Viewer = None) -> Response:
    """One case. Decisions of other reviewers are hidden until it is closed."""
    with call.reading() as unit:
        review = unit.get(Review, review_id)
        viewer = reviewer if reviewer and reviews.is_registered(unit, reviewer) else ""
        return call.shown(show_review(review, call.service.now(), viewer))


@router.post(
    "/{review_id}/assign",
    response_model=ReviewView,
    responses=also("not_independent", "step_refused"),
    dependencies=[requires("reviews:write")],
)
def assign_review(call: Call, review_id: ReviewId, body: Assignment) -> Response:
    """Give a case to a reviewer who is independent of it, trained, and may change the result."""
    with call.unit() as unit:
        return _shown(call, unit, reviews.assign(unit, review_id, body.reviewer))


@router.post(
    "/{review_id}/evidence", response_model=ReviewView, dependencies=[requires("reviews:write")]
)
def add_review_evidence(call: Call, review_id: ReviewId, body: MoreEvidence) -> Response:
    """Add something to consider."""
    with call.unit() as unit:
        return _shown(call, unit, reviews.add_evidence(unit, review_id, body.evidence))


@router.post(
    "/{review_id}/conflicts", response_model=ReviewView, dependencies=[requires("reviews:write")]
)
def add_review_conflicts(call: Call, review_id: ReviewId, body: Conflicts) -> Response:
    """Name persons and teams that may not review the case. Nobody is taken away again."""
    with call.unit() as unit:
        noted = reviews.note_conflicts(
            unit, review_id, made_by=body.made_by, hiring_teams=body.hiring_teams
        )
        return _shown(call, unit, noted)


@router.post(
    "/{review_id}/decide",
    response_model=ReviewView,
    responses=also("not_independent", "step_refused"),
    dependencies=[requires("reviews:decide")],
)
def decide_review(call: Call, review_id: ReviewId, body: NewDecision) -> Response:
    """Decide a case as its assignee. No status of a candidate changes by it."""
    verdict = Verdict(
        outcome=body.outcome,
        rationale=body.rationale,
        evidence=tuple(dict.fromkeys(body.evidence)),
        used_tool=body.used_tool,
    )
    with call.unit() as unit:
        decided = reviews.decide(unit, review_id, body.reviewer, verdict)
        return _shown(call, unit, decided, body.reviewer)


@router.post(
    "/{review_id}/close",
    response_model=ReviewView,
    responses=also("step_refused"),
    dependencies=[requires("reviews:decide")],
)
def close_review(call: Call, review_id: ReviewId) -> Response:
    """Close a case whose decisions are all there; its flag is closed with it."""
    with call.unit() as unit:
        return _shown(call, unit, reviews.close(unit, review_id))


@router.post(
    "/{review_id}/fulfil", response_model=ReviewView, dependencies=[requires("reviews:decide")]
)
def fulfil_review(call: Call, review_id: ReviewId, body: HeldInterview) -> Response:
    """Close a human alternative with the interview that a person held."""
    with call.unit() as unit:
        return _shown(call, unit, reviews.fulfil(unit, review_id, body.interview_id))


@router.post(
    "/{review_id}/result-sent", response_model=ReviewView, dependencies=[requires("reviews:write")]
)
def note_review_result_sent(call: Call, review_id: ReviewId) -> Response:
    """Note that the person concerned was told the result of a closed case."""
    with call.unit() as unit:
        return _shown(call, unit, reviews.send_result(unit, review_id))


def _shown(call: CallContext, unit: UnitOfWork, review: Review, viewer: str = "") -> Response:
    return call.changed(unit, show_review(review, unit.now(), viewer))
