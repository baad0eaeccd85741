"""Reviewers: persons who may decide review cases, by opaque references."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from api.call import Call, IfMatch
from api.guarding import area
from api.paging import Listed, Paging
from api.routes.paths import ReviewerId
from api.scopes import requires
from audit.operations import reviewers
from audit.operations.inputs import Change, Flag, Input, Line, Reference
from audit.records.oversight import Reviewer

router = area("Reviews", "/reviewers")

Teams = Annotated[
    tuple[Reference, ...],
    Field(max_length=50, description="Hiring teams that the person belongs to."),
]
MayChange = Annotated[Flag, Field(description="Authority to modify or reverse results.")]
Training = Annotated[
    Line,
    Field(description="Record of the training for such reviews.", examples=["course-2026-03"]),
]


class NewReviewer(Input):
    """A person who is to review."""

    person: Annotated[
        Reference, Field(description="Your own opaque reference.", examples=["person-12"])
    ]
    may_change: MayChange
    training: Training
    teams: Teams = ()


class ReviewerChange(Change):
    """What changes about a reviewer."""

    may_change: MayChange = False
    training: Training = ""
    teams: Teams = ()


@router.post("", status_code=201, response_model=Reviewer, dependencies=[requires("reviews:write")])
def register_reviewer(call: Call, body: NewReviewer) -> Response:
    """Register a person who may review, with authority, training and hiring teams."""
    with call.unit() as unit:
        made = reviewers.register(
            unit,
            person=body.person,
            may_change=body.may_change,
            training=body.training,
            teams=tuple(dict.fromkeys(body.teams)),
        )
        return call.created(unit, made)


@router.get("", response_model=Listed[Reviewer], dependencies=[requires("reviews:read")])
def list_reviewers(
    call: Call,
    paging: Paging,
    person: Annotated[
        str | None, Query(max_length=128, description="Only the one with this reference.")
    ] = None,
) -> Response:
    """Reviewers, also those who have left."""
    with call.reading() as unit:
        where = {} if person is None else {"person": person}
        return call.listing(paging, unit.page(Reviewer, paging.page, where))


@router.get("/{reviewer_id}", response_model=Reviewer, dependencies=[requires("reviews:read")])
def read_reviewer(call: Call, reviewer_id: ReviewerId) -> Response:
    """One reviewer."""
    with call.reading() as unit:
        return call.shown(unit.get(Reviewer, reviewer_id))


@router.patch("/{reviewer_id}", response_model=Reviewer, dependencies=[requires("reviews:write")])
def change_reviewer(
    call: Call, reviewer_id: ReviewerId, expected: IfMatch, body: ReviewerChange
) -> Response:
    """Change authority, training or teams. Cases that they have are looked at when they decide."""
    with call.unit() as unit:
        reviewer = unit.get(Reviewer, reviewer_id)
        expected.check(reviewer)
        return call.changed(unit, reviewers.put(unit, replace(reviewer, **body.given())))


@router.post(
    "/{reviewer_id}/leave", response_model=Reviewer, dependencies=[requires("reviews:write")]
)
def end_reviewer(call: Call, reviewer_id: ReviewerId) -> Response:
    """End a person's reviewing. Decisions that they took stand. Again is no error."""
    with call.unit() as unit:
        return call.changed(unit, reviewers.leave(unit, unit.get(Reviewer, reviewer_id)))
