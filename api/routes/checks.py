"""Checks: asked for, in one call if wanted; followed, cancelled, read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import Depends, Query, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool

from api.call import Call, CallContext
from api.guarding import area
from api.openapi import also
from api.paging import Listed, Paging
from api.parts import OrderAndFile
from api.plain_schemas import plain_schema
from api.progress_events import STREAM, Seen, progress_of
from api.routes import whole_checks
from api.routes.paths import CandidateFilter, CheckId, InterviewFilter, SystemFilter
from api.routes.whole_checks import WholeCheck
from api.scopes import requires
from api.streaming import Chunks, content_type, declared_length, fingerprint, received
from audit.errors import ConsentMissing, JurisdictionMissing, ProcessingStopped
from audit.operations import checks
from audit.operations.checks import CheckOrder
from audit.operations.inputs import Input, InterviewId
from audit.operations.register import plain_where
from audit.records.evidence import Check, RunState
from audit.records.work import Job
from audit.store import ReadUnit

router = area("Checks", "/checks")
MediaRef = Annotated[str, Field(pattern=r"^med_[0-9A-HJKMNP-TV-Z]{26}$")]
Priority = Annotated[
    int, Field(strict=True, ge=0, le=1000, description="Smaller goes first; 100 is usual.")
]


class NewCheck(Input):
    """A recording that is to be checked."""

    interview_id: Annotated[InterviewId, Field(description="The interview that it is of.")]
    media_id: Annotated[MediaRef, Field(description="The stored recording.")]
    references: Annotated[
        tuple[MediaRef, ...],
        Field(
            max_length=checks.MOST_REFERENCES,
            description="Earlier recordings of the candidate to compare with; those kept under "
            "consent are added. Left out where comparing is not allowed.",
        ),
    ] = ()
    priority: Priority = 100

    def order(self) -> CheckOrder:
        """As operations take it."""
        return CheckOrder(
            interview_id=self.interview_id,
            media_id=self.media_id,
            references=self.references,
            priority=self.priority,
        )


def _filters(
    candidate_id: CandidateFilter = None,
    interview_id: InterviewFilter = None,
    system_id: SystemFilter = None,
    state: Annotated[RunState | None, Query(description="Only those that stand so.")] = None,
) -> dict[str, object]:
    return plain_where(
        candidate_id=candidate_id, interview_id=interview_id, system_id=system_id, state=state
    )


_BODIES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "JSON for a stored recording; or a form of two parts, `order` and then "
        "`file`, that does all in one call.",
        "content": {
            "application/json": {"schema": plain_schema(NewCheck)},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["order", "file"],
                    "properties": {
                        "order": plain_schema(WholeCheck),
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "The recording; the last part.",
                        },
                    },
                },
                "encoding": {"order": {"contentType": "application/json"}},
            },
        },
    }
}


@router.post(
    "",
    status_code=202,
    response_model=Check,
    responses=also(
        400,
        422,
        "consent_missing",
        "jurisdiction_missing",
        "processing_stopped",
        "data_key_destroyed",
        "quota_exceeded",
        "media_type_refused",
        "storage_full",
    ),
    openapi_extra=_BODIES,
    dependencies=[requires("checks:write")],
)
async def create_check(call: Call) -> Response:
    """Have a recording checked. Consents and laws are looked at first: see `gate` in the answer.

    Refused (409) where they do not allow it; the refusal is recorded. Where only comparing faces
    and voices is not allowed, the check runs without.
    """
    if content_type(call.request) == "multipart/form-data":
        return await _whole(call)
    body = _read(NewCheck, await call.request.json())
    call.fingerprint(hashlib.sha256(await call.request.body()).hexdigest())
    return await run_in_threadpool(_ask, call, body.order())


@router.get("", response_model=Listed[Check], dependencies=[requires("checks:read")])
def list_checks(
    call: Call, paging: Paging, where: Annotated[dict[str, object], Depends(_filters)]
) -> Response:
    """Checks of the tenant."""
    with call.reading() as unit:
        return call.listing(paging, unit.page(Check, paging.page, where))


@router.get("/{check_id}", response_model=Check, dependencies=[requires("checks:read")])
def read_check(call: Call, check_id: CheckId) -> Response:
    """One check, with its findings once it has finished. Evidence is in its report."""
    with call.reading() as unit:
        return call.shown(unit.get(Check, check_id))


@router.post("/{check_id}/cancel", response_model=Check, dependencies=[requires("checks:write")])
def cancel_check(call: Call, check_id: CheckId) -> Response:
    """Cancel a check: at once in the queue, at its next stage where it runs."""
    with call.unit() as unit:
        return call.changed(unit, checks.cancel(unit, check_id))


@router.get(
    "/{check_id}/events",
    response_model=None,
    response_class=Response,
    responses=STREAM,
    dependencies=[requires("checks:read")],
)
def follow_check(call: Call, check_id: CheckId) -> Response:
    """Follow a check as server-sent events, until it ends."""

    def look(unit: ReadUnit) -> Seen:
        check = unit.get(Check, check_id)
        return Seen(check.version, check.state, unit.get(Job, check.job_id))

    return progress_of(call, check_id, look)


async def _whole(call: CallContext) -> Response:
    """A form: candidate, interview and consents as given, then the file, then the check."""
    header = call.request.headers.get("content-type", "")
    call.fingerprint(fingerprint(call.request, None))
    length = declared_length(call.request)

    def work(chunks: Chunks) -> Response:
        form = OrderAndFile(header, chunks)
        order = _read(WholeCheck, form.order())
        with refusals_recorded(call, order.interview_id or str(order.system_id)):
            media_id, interview_id = whole_checks.stored(call, order, form, length)
        return _ask(call, order.check(interview_id, media_id))

    return await received(call.request, work)


def _ask(call: CallContext, order: CheckOrder) -> Response:
    with refusals_recorded(call, order.interview_id), call.unit() as unit:
        check = checks.request_check(unit, order)
        return call.accepted(unit, check, location=f"/v1/checks/{check.id}")


@contextmanager
def refusals_recorded(call: CallContext, subject: str) -> Iterator[None]:
    """Keeps in the ledger that a check was refused; nothing else of the request is stored."""
    try:
        yield
    except (ProcessingStopped, ConsentMissing, JurisdictionMissing) as refusal:
        with call.store.unit(call.tenant, actor=call.principal.key_id) as unit:
            checks.refused(unit, subject, code=refusal.code)
        raise


def _read(model: type[BaseModel], given: Any) -> Any:
    """A body of one of several types, checked as the framework checks one of one type."""
    adapter: TypeAdapter[Any] = TypeAdapter(model)
    try:
        if isinstance(given, bytes):
            return adapter.validate_json(given)
        return adapter.validate_python(given)
    except ValidationError as error:
        found = error.errors(include_url=False)
        raise RequestValidationError([{**e, "loc": ("body", *e["loc"])} for e in found]) from None
