"""Active challenges of live sessions: made as links, read with their results."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from api.call import Call, CallContext
from api.guarding import area
from api.openapi import also
from api.paging import Listed, Paging
from api.routes.paths import CandidateFilter, ChallengeId, InterviewFilter
from api.scopes import requires
from audit.challenges import ChallengeResult, Kind, Verdict
from audit.operations import challenges
from audit.operations.register import plain_where
from audit.records.challenges import Challenge, ChallengeState

router = area("Challenges", "/challenges")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeView:
    """A challenge. Its result is supporting evidence: it decides nothing."""

    id: Annotated[str, Field(description="Opaque identifier.")]
    version: Annotated[int, Field(description="Counts changes; also the ETag.", ge=1)]
    candidate_id: Annotated[str, Field(description="The candidate.")]
    interview_id: Annotated[str, Field(description="The interview.")]
    system_id: Annotated[str, Field(description="The system.")]
    state: Annotated[ChallengeState, Field(description="Where it stands.")]
    language: Annotated[str, Field(description="Of the page.", examples=["en"])]
    kinds: Annotated[tuple[Kind, ...], Field(description="What may be asked.")]
    left_out: Annotated[
        tuple[Kind, ...], Field(description="What the person left out, which counts for nothing.")
    ]
    pace: Annotated[int, Field(description="2: the person took twice the time.", ge=1, le=2)]
    expires_at: Annotated[datetime, Field(description="Until when it can be started.")]
    started_at: Annotated[datetime | None, Field(description="When the cues were drawn.")]
    commit_by: Annotated[datetime | None, Field(description="When the answer has to be there.")]
    committed_at: Annotated[datetime | None, Field(description="When the answer came.")]
    media_id: Annotated[str | None, Field(description="The recording, if one was taken.")]
    job_id: Annotated[str | None, Field(description="The job that looks at it.")]
    verdict: Annotated[Verdict | None, Field(description="What the response is taken for.")]
    reasons: Annotated[
        tuple[str, ...], Field(description="Why: stable codes.", examples=[["cues_followed"]])
    ]
    result: Annotated[ChallengeResult | None, Field(description="What was found, cue by cue.")]
    error_code: Annotated[str | None, Field(description="Why it could not be looked at.")]
    finished_at: Annotated[datetime | None, Field(description="When it ended.")]
    request_id: Annotated[
        str | None, Field(description="The request for a human instead, if the person made one.")
    ]
    created_at: Annotated[datetime, Field(description="When it was made.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeChallenge:
    """A challenge, with the address that is shown this once."""

    id: Annotated[str, Field(description="Opaque identifier.")]
    interview_id: Annotated[str, Field(description="The interview.")]
    expires_at: Annotated[datetime, Field(description="Until when it can be started.")]
    path: Annotated[
        str,
        Field(
            description="The page's address at this service. Give it to the candidate alone.",
            examples=[
                "/challenge/chl_01KAN8Q5V4T2M9C3XH7R0ZJ6WD.c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmUx"
            ],
        ),
    ]


@router.post(
    "",
    status_code=201,
    response_model=MadeChallenge,
    responses=also("consent_missing", "processing_stopped", "jurisdiction_missing"),
    dependencies=[requires("challenges:write")],
)
def create_challenge(call: Call, body: challenges.NewChallenge) -> Response:
    """Make a link to a challenge for a candidate in an interview.

    The page asks for things that nobody can have recorded before: they are drawn when the person
    starts. It always offers a human instead, and lets the person leave out what they cannot do.
    The link works once. Asking for it, starting, answering and the result are in the ledger.
    """
    with call.unit() as unit:
        made, token = challenges.create(unit, body)
        shown = MadeChallenge(
            id=made.id,
            interview_id=made.interview_id,
            expires_at=made.expires_at,
            path=f"/challenge/{token}",
        )
        return call.created(unit, shown)


@router.get("", response_model=Listed[ChallengeView], dependencies=[requires("challenges:read")])
def list_challenges(
    call: Call,
    paging: Paging,
    candidate_id: CandidateFilter = None,
    interview_id: InterviewFilter = None,
    verdict: Annotated[Verdict | None, Query(description="Only those that ended so.")] = None,
) -> Response:
    """Challenges of the tenant, without addresses."""
    with call.reading() as unit:
        where = plain_where(candidate_id=candidate_id, interview_id=interview_id, verdict=verdict)
        found = unit.page(Challenge, paging.page, where)
        return call.listing(paging, found, lambda each: view(call, each))


@router.get(
    "/{challenge_id}",
    response_model=ChallengeView,
    dependencies=[requires("challenges:read")],
)
def read_challenge(call: Call, challenge_id: ChallengeId) -> Response:
    """One challenge, with its result once there is one."""
    with call.reading() as unit:
        return call.shown(view(call, unit.get(Challenge, challenge_id)))


@router.post(
    "/{challenge_id}/cancel",
    response_model=ChallengeView,
    responses=also("step_refused"),
    dependencies=[requires("challenges:write")],
)
def cancel_challenge(call: Call, challenge_id: ChallengeId) -> Response:
    """Take a challenge back that was not answered yet; its link leads nowhere from then on."""
    with call.unit() as unit:
        return call.changed(unit, view(call, challenges.cancel(unit, challenge_id)))


def view(call: CallContext, challenge: Challenge) -> ChallengeView:
    """What is shown of a challenge."""
    made = {"state", "result"}
    shared = [name for name in ChallengeView.__slots__ if name not in made]
    return ChallengeView(
        state=challenges.state_at(challenge, call.service.now()),
        result=challenges.result_of(challenge),
        **{name: getattr(challenge, name) for name in shared},
    )
