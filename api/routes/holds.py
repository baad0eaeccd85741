"""Legal holds: what has to be kept, whatever retention or a request says."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import Field, StringConstraints, model_validator

from api.call import Call
from api.guarding import area
from api.paging import Listed, Paging
from api.routes.paths import CandidateFilter, HoldId
from api.scopes import requires
from audit.operations import holds
from audit.operations.inputs import CandidateId, Input, Reference
from audit.records.oversight import LegalHold
from audit.store import Listing, Page, ReadUnit

router = area("Retention", "/holds")

Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"\S")]
HeldId = Annotated[str, StringConstraints(pattern=r"^(med|rep|chk)_[0-9A-HJKMNP-TV-Z]{26}$")]
_BATCH = 200


class NewHold(Input):
    """What has to be kept, and why."""

    candidate_id: Annotated[
        CandidateId | None,
        Field(description="All of a candidate.", examples=["cand_01KAN8Q5V4T2M9C3XH7R0ZJ6WD"]),
    ] = None
    subject: Annotated[
        HeldId | None,
        Field(description="Or one medium, report, or check with its recording and report."),
    ] = None
    reason: Annotated[Reason, Field(description="Why, in words.", examples=["Complaint received."])]
    reference: Annotated[
        Reference | Literal[""],
        Field(description="The matter: an opaque reference.", examples=["matter-7"]),
    ] = ""

    @model_validator(mode="after")
    def _one(self) -> NewHold:
        if (self.candidate_id is None) == (self.subject is None):
            raise ValueError("give either candidate_id or subject")
        return self


@router.post(
    "", status_code=201, response_model=LegalHold, dependencies=[requires("retention:write")]
)
def set_legal_hold(call: Call, body: NewHold) -> Response:
    """Keep something until the hold is lifted: the sweep and deletion requests leave it alone."""
    with call.unit() as unit:
        hold = holds.set_hold(
            unit,
            reason=body.reason,
            candidate_id=body.candidate_id,
            subject=body.subject,
            reference=body.reference,
        )
        return call.created(unit, hold)


@router.get("", response_model=Listed[LegalHold], dependencies=[requires("retention:read")])
def list_legal_holds(
    call: Call,
    paging: Paging,
    candidate_id: CandidateFilter = None,
    lifted: Annotated[bool | None, Query(description="Only those that are, or are not.")] = None,
) -> Response:
    """Legal holds, lifted ones too."""
    where: dict[str, object] = {} if candidate_id is None else {"candidate_id": candidate_id}
    with call.reading() as unit:
        if lifted is True:
            return call.listing(paging, _lifted(unit, paging.page, where))
        where = where if lifted is None else {**where, "released_at": None}
        return call.listing(paging, unit.page(LegalHold, paging.page, where))


@router.get("/{hold_id}", response_model=LegalHold, dependencies=[requires("retention:read")])
def read_legal_hold(call: Call, hold_id: HoldId) -> Response:
    """One hold."""
    with call.reading() as unit:
        return call.shown(unit.get(LegalHold, hold_id))


@router.post(
    "/{hold_id}/lift", response_model=LegalHold, dependencies=[requires("retention:write")]
)
def lift_legal_hold(call: Call, hold_id: HoldId) -> Response:
    """Lift a hold. What was due meanwhile is erased by the next sweep. Again is no error."""
    with call.unit() as unit:
        return call.changed(unit, holds.lift_hold(unit, unit.get(LegalHold, hold_id)))


def _lifted(unit: ReadUnit, page: Page, where: dict[str, object]) -> Listing[LegalHold]:
    found: list[LegalHold] = []
    before, more = page.before, True
    while more and len(found) <= page.limit:
        listing = unit.page(LegalHold, Page(limit=_BATCH, before=before), where)
        found += [hold for hold in listing.items if hold.released_at is not None]
        more = listing.more
        before = listing.items[-1].id if listing.items else before
    return Listing(tuple(found[: page.limit]), more=len(found) > page.limit)
