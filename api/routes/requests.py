"""People's requests: from an opt-out, which works at once, to deletion, which the ledger proves."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response
from pydantic import Field, StringConstraints

from api.call import Call, CallContext
from api.guarding import area
from api.openapi import also
from api.paging import Listed, Paging
from api.routes.paths import CandidateFilter, RequestId
from api.routes.queues import part_of
from api.scopes import requires
from audit.clocks import RequestKind
from audit.operations import deletions, disclosures, requests
from audit.operations.deletions import Against, Settlement
from audit.operations.disclosures import Explanation, Export
from audit.operations.erasure import Artefact
from audit.operations.inputs import CandidateId, Codes, Input, Moment, Reference
from audit.operations.register import plain_where
from audit.operations.requests import Asked, Decided
from audit.records.casework import RequestView, show_request
from audit.records.oversight import Request
from audit.requests import Answer, Consequence, RequestState
from audit.store import UnitOfWork

router = area("Requests", "/requests")

Text = Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=r"\S")]
ClockName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}(\.[a-z0-9_]{1,40}){1,3}$")]
Channel = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9 _.\-]{0,31}$", max_length=32)
]
SubjectId = Annotated[
    str, StringConstraints(pattern=r"^(chk|aud|flg|rev|out|int)_[0-9A-HJKMNP-TV-Z]{26}$")
]


class NewRequest(Input):
    """What a person asks for. No reason is asked of them, and no account."""

    candidate_id: Annotated[CandidateId, Field(description="Who asks.")]
    kind: Annotated[RequestKind, Field(description="What for.", examples=["opt_out"])]
    channel: Annotated[Channel, Field(description="How it came.", examples=["web form"])]
    jurisdictions: Annotated[
        Codes, Field(description="Where the person is; left out: as stored.", examples=[["DE"]])
    ] = ()
    received_at: Annotated[Moment | None, Field(description="Left out: now.")] = None
    about: Annotated[
        tuple[SubjectId, ...],
        Field(max_length=50, description="What an appeal is against: ids of what was decided."),
    ] = ()
    hiring_teams: Annotated[
        tuple[Reference, ...],
        Field(max_length=50, description="Teams that are hiring: they may not review an appeal."),
    ] = ()
    details: Annotated[
        str,
        StringConstraints(max_length=4000),
        Field(description="What the person wrote with it, as what is wrong and what is right."),
    ] = ""


class InSpite(Input):
    """Why what a law says to keep is erased all the same."""

    clock: Annotated[ClockName, Field(description="The duty to keep.", examples=["ca_crd.records"])]
    reason: Annotated[Text, Field(description="Why it does not stand here.")]


class NewAnswer(Input):
    """The answer to a request."""

    answer: Annotated[Answer, Field(description="What is answered.", examples=["granted"])]
    rationale: Annotated[Text, Field(description="Why, in words for the person.")]
    withheld: Annotated[
        str, StringConstraints(max_length=4000), Field(description="What is kept back, and why.")
    ] = ""
    by: Annotated[Reference | None, Field(description="Who decided; left out: the key.")] = None
    keep: Annotated[
        tuple[Artefact, ...],
        Field(max_length=4, description="Of a deletion granted in part: what is kept."),
    ] = ()
    despite: Annotated[
        tuple[InSpite, ...],
        Field(max_length=20, description="Of a deletion: duties to keep that do not stand here."),
    ] = ()


class NewExtension(Input):
    """A longer time for the answer."""

    clock: Annotated[ClockName, Field(description="Whose deadline.", examples=["gdpr.request"])]
    reason: Annotated[Text, Field(description="Why more time is needed.")]
    told_at: Annotated[
        Moment | None, Field(description="When the person was told of it, and why.")
    ] = None


class Done(Input):
    """What people have done."""

    consequence: Annotated[
        Consequence, Field(description="Which of `pending`.", examples=["confirm_to_person"])
    ]


@router.post(
    "", status_code=201, response_model=RequestView, dependencies=[requires("requests:write")]
)
def receive_request(call: Call, body: NewRequest) -> Response:
    """Take in what a person asks for; its clocks start, and what waits for nobody is done at once.

    An opt-out stops automated processing here and now, cancels what runs, tells other systems, and
    opens the human alternative; it lowers nothing. A second one gives the first. An appeal opens a
    review.
    """
    asked = Asked(
        candidate_id=body.candidate_id,
        kind=body.kind,
        channel=body.channel,
        jurisdictions=body.jurisdictions,
        received_at=body.received_at,
        about=body.about,
        hiring_teams=frozenset(body.hiring_teams),
        details=body.details,
    )
    with call.unit() as unit:
        request = requests.receive(unit, asked)
        return call.created(unit, show_request(request, unit.now(), requests.pending(request)))


@router.get("", response_model=Listed[RequestView], dependencies=[requires("requests:read")])
def list_requests(
    call: Call,
    paging: Paging,
    state: Annotated[RequestState | None, Query(description="Only those that stand so.")] = None,
    kind: Annotated[RequestKind | None, Query(description="Only of this kind.")] = None,
    candidate_id: CandidateFilter = None,
) -> Response:
    """Requests, the newest first."""
    where = plain_where(state=state, kind=kind, candidate_id=candidate_id)
    now = call.service.now()
    with call.reading() as unit:
        listing = unit.page(Request, paging.page, where)
        return call.listing(
            paging, listing, lambda each: show_request(each, now, requests.pending(each))
        )


@router.get("/due", response_model=Listed[RequestView], dependencies=[requires("requests:read")])
def list_due_requests(
    call: Call,
    paging: Paging,
    overdue: Annotated[bool, Query(description="Only those whose time is over.")] = False,
) -> Response:
    """Requests that wait for an answer, in the order in which they are due."""
    now = call.service.now()
    with call.reading() as unit:
        found = requests.open_requests(unit)
    waiting = [each for each in found if not overdue or (each.due_at and each.due_at <= now)]
    items, last = part_of(waiting, paging)
    shown = [show_request(each, now, requests.pending(each)) for each in items]
    return call.shown(Listed[RequestView].model_validate(paging.pieces(shown, last)))


@router.get("/{request_id}", response_model=RequestView, dependencies=[requires("requests:read")])
def read_request(call: Call, request_id: RequestId) -> Response:
    """One request, with its clocks and what is still to be done."""
    with call.reading() as unit:
        request = unit.get(Request, request_id)
        return call.shown(show_request(request, call.service.now(), requests.pending(request)))


@router.get(
    "/{request_id}/duties",
    response_model=list[Against],
    dependencies=[requires("requests:read")],
)
def read_duties_to_keep(call: Call, request_id: RequestId) -> Response:
    """Laws that say to keep something that is stored of the candidate now.

    The answer to a request for deletion settles each: `keep` what it covers, or say `despite`
    which reason it is erased.
    """
    with call.reading() as unit:
        request = unit.get(Request, request_id)
        return call.shown(list(deletions.against(unit, request.candidate_id)))


@router.post(
    "/{request_id}/answer",
    response_model=RequestView,
    responses=also("step_refused"),
    dependencies=[requires("requests:answer")],
)
def answer_request(call: Call, request_id: RequestId, body: NewAnswer) -> Response:
    """Answer a request. What the answer sets going is carried out with it: erasure, too."""
    decided = Decided(
        answer=body.answer,
        rationale=body.rationale,
        withheld=body.withheld,
        by=body.by or "",
        settlement=Settlement(
            keep=frozenset(body.keep),
            despite=tuple((each.clock, each.reason) for each in body.despite),
        ),
    )
    with call.unit() as unit:
        return _shown(call, unit, requests.answer(unit, request_id, decided))


@router.post(
    "/{request_id}/extend",
    response_model=RequestView,
    responses=also("extension_refused"),
    dependencies=[requires("requests:answer")],
)
def extend_request(call: Call, request_id: RequestId, body: NewExtension) -> Response:
    """Extend a deadline as its law allows: once, with a reason, the person told in time."""
    with call.unit() as unit:
        changed = requests.extend(
            unit, request_id, body.clock, reason=body.reason, told_at=body.told_at
        )
        return _shown(call, unit, changed)


@router.post(
    "/{request_id}/done", response_model=RequestView, dependencies=[requires("requests:answer")]
)
def note_request_done(call: Call, request_id: RequestId, body: Done) -> Response:
    """Note that people did what the request or its answer asks for. Again is no error."""
    with call.unit() as unit:
        return _shown(call, unit, requests.carried_out(unit, request_id, body.consequence))


@router.post(
    "/{request_id}/close", response_model=RequestView, dependencies=[requires("requests:answer")]
)
def close_request(call: Call, request_id: RequestId) -> Response:
    """Close an answered request of which nothing is left to do."""
    with call.unit() as unit:
        return _shown(call, unit, requests.close(unit, request_id))


@router.post(
    "/{request_id}/withdraw", response_model=RequestView, dependencies=[requires("requests:write")]
)
def withdraw_request(call: Call, request_id: RequestId) -> Response:
    """Take a request back, because the person asked for that.

    An opt-out that is taken back lets automated processing begin again.
    """
    with call.unit() as unit:
        return _shown(call, unit, requests.withdraw(unit, request_id))


@router.get(
    "/{request_id}/export",
    response_model=Export,
    responses=also("step_refused"),
    dependencies=[requires("requests:answer")],
)
def export_candidate_data(call: Call, request_id: RequestId) -> Response:
    """Hand out all that is stored of the candidate, demographics too: once for each request.

    For a request for access that was granted. The ledger keeps that it was handed out.
    """
    with call.unit(answers=False) as unit:
        made = disclosures.export(unit, request_id)
    answer = call.shown(made)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Content-Disposition"] = f'attachment; filename="{request_id}.json"'
    return answer


@router.get(
    "/{request_id}/explanation",
    response_model=Explanation,
    responses=also("step_refused"),
    dependencies=[requires("requests:answer")],
)
def explain_results(call: Call, request_id: RequestId) -> Response:
    """How the results about the candidate came about, in words that a letter can hold.

    For a request for an explanation that was granted.
    """
    with call.reading() as unit:
        return call.shown(disclosures.explain(unit, request_id))


def _shown(call: CallContext, unit: UnitOfWork, request: Request) -> Response:
    return call.changed(unit, show_request(request, unit.now(), requests.pending(request)))
