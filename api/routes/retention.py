"""Retention: how long things are kept, what is due, what was erased and how that is proved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import Field, StringConstraints

from api.call import Call
from api.guarding import area
from api.paging import Listed, Paging
from api.routes.paths import CandidateId as CandidatePath
from api.scopes import requires
from audit.operations import deletions, erasure, retention
from audit.operations.deletions import Settlement
from audit.operations.erasure import Artefact, Erasure
from audit.operations.inputs import CandidateId, Input, Moment
from audit.operations.keeping import terms
from audit.operations.proofs import ErasureProof, prove_erased
from audit.operations.retention import Due

router = area("Retention", "/retention")

Kind = Literal["references", "media", "reports", "demographics"]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"\S")]


@dataclass(frozen=True, slots=True, kw_only=True)
class TermView:
    """How long one kind of artefact is kept where its system names no days."""

    artefact: Annotated[str, Field(description="Which kind.")]
    days: Annotated[int, Field(description="From when it was stored.")]
    covers: Annotated[
        tuple[str, ...], Field(description="What laws call it: those that bind can prolong it.")
    ]
    destroy_by: Annotated[
        str | None, Field(description="A clock that ends it in any case, after the last contact.")
    ]


class InSpite(Input):
    """Why what a law says to keep is erased all the same."""

    clock: Annotated[
        str,
        StringConstraints(pattern=r"^[a-z0-9_]{1,40}(\.[a-z0-9_]{1,40}){1,3}$"),
        Field(description="The duty to keep.", examples=["ca_crd.records"]),
    ]
    reason: Annotated[Reason, Field(description="Why it does not stand here.")]


class NewErasure(Input):
    """Whose data are to be erased without a request of theirs."""

    candidate_id: Annotated[CandidateId, Field(description="Whose data.")]
    keep: Annotated[
        tuple[Artefact, ...], Field(max_length=4, description="What is kept nevertheless.")
    ] = ()
    despite: Annotated[
        tuple[InSpite, ...], Field(max_length=20, description="Duties to keep that do not stand.")
    ] = ()


@router.get("/terms", response_model=list[TermView], dependencies=[requires("retention:read")])
def read_retention_terms(call: Call) -> Response:
    """How long each kind of artefact is kept, unless its system or a law says otherwise."""
    found = [
        TermView(artefact=name, days=term.days, covers=term.covers, destroy_by=term.destroy_by)
        for name, term in terms().items()
    ]
    return call.shown(found)


@router.get("/due", response_model=Listed[Due], dependencies=[requires("retention:read")])
def list_due_for_erasure(
    call: Call,
    paging: Paging,
    artefact: Annotated[Kind, Query(description="Which kind.")],
    by: Annotated[Moment | None, Query(description="Due by then; left out: now.")] = None,
) -> Response:
    """What the sweep would erase, without erasing it; with what holds it back.

    A page looks at `limit` artefacts and may list fewer, or none: go on while there is a cursor.
    """
    with call.reading() as unit:
        items, last = retention.due(unit, artefact, by=by or call.service.now(), page=paging.page)
    return call.shown(Listed[Due].model_validate(paging.pieces(items, last)))


@router.post(
    "/erasures",
    status_code=201,
    response_model=Erasure,
    dependencies=[requires("retention:write")],
)
def erase_candidate(call: Call, body: NewErasure) -> Response:
    """Erase what is stored of a candidate, at once and for good.

    Refused while a legal hold keeps all of it, or a law's duty to keep is not settled.
    """
    settlement = Settlement(
        keep=frozenset(body.keep),
        despite=tuple((each.clock, each.reason) for each in body.despite),
    )
    with call.unit() as unit:
        deletions.check_duties(unit, body.candidate_id, settlement)
        done = erasure.erase_candidate(unit, body.candidate_id, keep=settlement.keep)
        return call.created(unit, done, f"/v1/retention/erasures/{body.candidate_id}")


@router.get(
    "/erasures/{candidate_id}",
    response_model=ErasureProof,
    dependencies=[requires("retention:read")],
)
def prove_erasure(call: Call, candidate_id: CandidatePath) -> Response:
    """What the ledger says of a candidate's erasure, each entry with its proof.

    Identifiers, counts, hashes and times: nothing of what was erased.
    """
    return call.shown(prove_erased(call.store, call.tenant, candidate_id))
