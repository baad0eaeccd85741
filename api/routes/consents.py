"""Consents: recorded as they were given, and withdrawn with what follows from it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from api.call import Call
from api.guarding import area
from api.openapi import also
from api.paging import Listed, Paging
from api.routes.paths import CandidateFilter, ConsentId, InterviewFilter
from api.scopes import requires
from audit.operations import consents
from audit.operations.inputs import Input, Moment
from audit.operations.register import plain_where
from audit.records.register import Consent, Purpose

router = area("Consents", "/consents")


class WithdrawConsent(Input):
    """When a consent was withdrawn."""

    withdrawn_at: Annotated[
        Moment | None, Field(description="Left out: now. Not before it was given.")
    ] = None


@router.post(
    "",
    status_code=201,
    response_model=Consent,
    responses=also("step_refused", "candidate_erased"),
    dependencies=[requires("consents:write")],
)
def give_consent(call: Call, body: consents.NewConsent) -> Response:
    """Record a candidate's consent to one purpose, with the version of the words agreed to."""
    with call.unit() as unit:
        return call.created(unit, consents.give_consent(unit, body))


@router.get("", response_model=Listed[Consent], dependencies=[requires("consents:read")])
def list_consents(
    call: Call,
    paging: Paging,
    candidate_id: CandidateFilter = None,
    interview_id: InterviewFilter = None,
    purpose: Annotated[Purpose | None, Query(description="Only to this purpose.")] = None,
) -> Response:
    """Consents of the tenant, withdrawn and expired ones too."""
    with call.reading() as unit:
        where = plain_where(candidate_id=candidate_id, interview_id=interview_id, purpose=purpose)
        return call.listing(paging, unit.page(Consent, paging.page, where))


@router.get("/{consent_id}", response_model=Consent, dependencies=[requires("consents:read")])
def read_consent(call: Call, consent_id: ConsentId) -> Response:
    """One consent."""
    with call.reading() as unit:
        return call.shown(unit.get(Consent, consent_id))


@router.post(
    "/{consent_id}/withdraw",
    response_model=consents.Withdrawal,
    responses=also("step_refused"),
    dependencies=[requires("consents:write")],
)
def withdraw_consent(
    call: Call, consent_id: ConsentId, body: WithdrawConsent | None = None
) -> Response:
    """Withdraw a consent; it takes effect at once. Again is no error.

    Biometric references and demographics that rest on it are erased. Withdrawing the consent to be
    analysed or evaluated stops automated processing of the candidate and cancels what is under way.
    """
    with call.unit() as unit:
        consent = unit.get(Consent, consent_id)
        at = body.withdrawn_at if body else None
        return call.changed(unit, consents.withdraw_consent(unit, consent, at=at))
