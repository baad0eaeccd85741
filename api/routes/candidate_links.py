"""Links to candidates' own pages: made, listed without their addresses, taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Response
from pydantic import Field

from api.call import Call
from api.guarding import area
from api.openapi import also
from api.paging import Listed, Paging
from api.routes.paths import CandidateId, CandidateLinkId
from api.scopes import requires
from audit.operations import candidate_links
from audit.operations.inputs import Input, Whole
from audit.operations.languages import Language
from audit.operations.link_keys import nowhere
from audit.records.oversight import CandidateLink
from audit.records.register import Candidate

router = area("Candidate page links", "/candidates")


class NewCandidateLink(Input):
    """A link that is wanted."""

    language: Annotated[
        Language | None,
        Field(description="Of the page; left out: the candidate's, or English.", examples=["en"]),
    ] = None
    expires_in: Annotated[
        Whole,
        Field(
            ge=3600,
            le=31_536_000,
            description="Seconds until it ends; left out: 90 days.",
            examples=[7_776_000],
        ),
    ] = 7_776_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeCandidateLink:
    """A link, with the address that is shown this once."""

    id: Annotated[str, Field(description="Opaque identifier.")]
    candidate_id: Annotated[str, Field(description="Whose page it is.")]
    language: Annotated[str, Field(description="In which the page is shown.", examples=["en"])]
    expires_at: Annotated[datetime, Field(description="When it ends.")]
    path: Annotated[
        str,
        Field(
            description="The page's address at this service. Whoever has it can see what is kept "
            "of the candidate, and ask in their name: send it to the candidate alone.",
            examples=[
                "/me/cpl_01KAN8Q5V4T2M9C3XH7R0ZJ6WD.c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmUx"
            ],
        ),
    ]


@router.post(
    "/{candidate_id}/links",
    status_code=201,
    response_model=MadeCandidateLink,
    responses=also("candidate_erased"),
    dependencies=[requires("requests:write")],
)
def create_candidate_link(
    call: Call, candidate_id: CandidateId, body: NewCandidateLink
) -> Response:
    """Make a link to the candidate's own page, which needs no key and no account until it ends.

    There a person sees what is used and kept, takes consents back, opts out, asks for a human or
    for anything else that a request can be for, and follows it. The ledger keeps who made the link
    and what was asked through it. It dies with the candidate's data, and can be taken back.
    """
    with call.unit() as unit:
        link, token = candidate_links.make_link(
            unit,
            candidate_id,
            language=body.language,
            lasts=timedelta(seconds=body.expires_in),
        )
        made = MadeCandidateLink(
            id=link.id,
            candidate_id=link.candidate_id,
            language=link.language,
            expires_at=link.expires_at,
            path=f"/me/{token}",
        )
        return call.created(unit, made)


@router.get(
    "/{candidate_id}/links",
    response_model=Listed[CandidateLink],
    dependencies=[requires("requests:read")],
)
def list_candidate_links(call: Call, paging: Paging, candidate_id: CandidateId) -> Response:
    """Links to a candidate's own page, without their addresses; the newest first."""
    with call.reading() as unit:
        unit.get(Candidate, candidate_id)
        where = {"candidate_id": candidate_id}
        return call.listing(paging, unit.page(CandidateLink, paging.page, where))


@router.delete(
    "/{candidate_id}/links/{link_id}",
    status_code=204,
    dependencies=[requires("requests:write")],
)
def revoke_candidate_link(
    call: Call, candidate_id: CandidateId, link_id: CandidateLinkId
) -> Response:
    """Take a link back, at once. Again is no error."""
    with call.unit() as unit:
        link = unit.find(CandidateLink, id=link_id, candidate_id=candidate_id)
        if link is None:
            raise nowhere()
        candidate_links.revoke_link(unit, link.id)
        return call.nothing(unit)
