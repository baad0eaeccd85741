"""Media: sent whole or pulled, described, read by the few who may, erased."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import Depends, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from api.call import Call, CallContext
from api.guarding import area
from api.openapi import also
from api.paging import Listed, Paging
from api.problems import Refusal
from api.routes.paths import CandidateFilter, InterviewFilter, MediaId
from api.routes.uploads import MediaType
from api.scopes import requires
from api.streaming import (
    OCTETS,
    Chunks,
    binary_body,
    content_type,
    declared_length,
    fingerprint,
    received,
)
from audit.errors import StepRefused
from audit.operations import media, uploads
from audit.operations.inputs import CandidateId, Input, InterviewId, Sha256
from audit.operations.media import MediaOrder
from audit.operations.register import plain_where
from audit.records.evidence import Media, MediaKind, MediaState
from audit.vault import Received

router = area("Media", "/media")
_FILE = {"schema": {"type": "string", "format": "binary"}}


class Pull(Input):
    """A file in a store that the operator registered for you."""

    store: Annotated[str, Field(max_length=63, description="Its name.", examples=["recordings"])]
    key: Annotated[
        str,
        Field(
            max_length=1024,
            description="Below the registered folder or prefix; never an address.",
            examples=["june/17.mp4"],
        ),
    ]
    interview_id: Annotated[
        InterviewId | None,
        Field(description="Of which interview.", examples=["int_01KAN8Q5V4T2M9C3XH7R0ZJ6WD"]),
    ] = None
    candidate_id: Annotated[CandidateId | None, Field(description="Or whose it is.")] = None
    kind: Annotated[
        Literal["recording", "reference"],
        Field(description="A reference is stored to be compared with, under a consent."),
    ] = "recording"
    sha256: Annotated[Sha256 | None, Field(description="Of its bytes, if known.")] = None
    media_type: MediaType | None = None


def _order(
    interview_id: InterviewFilter = None,
    candidate_id: CandidateFilter = None,
    kind: Annotated[
        Literal["recording", "reference"],
        Query(description="A reference is stored to be compared with, under a consent."),
    ] = "recording",
    name: Annotated[str, Query(max_length=1000, description="The file's name.")] = "",
    sha256: Annotated[
        str | None, Query(pattern="^[0-9a-f]{64}$", description="Of its bytes, if known.")
    ] = None,
) -> MediaOrder:
    return MediaOrder(
        interview_id=interview_id,
        candidate_id=candidate_id,
        kind=MediaKind(kind),
        name=name,
        sha256=sha256,
    )


def _filters(
    candidate_id: CandidateFilter = None,
    interview_id: InterviewFilter = None,
    kind: Annotated[MediaKind | None, Query(description="Only of this kind.")] = None,
    state: Annotated[MediaState | None, Query(description="Only stored, or erased ones.")] = None,
) -> dict[str, object]:
    return plain_where(candidate_id=candidate_id, interview_id=interview_id, kind=kind, state=state)


@router.post(
    "",
    status_code=201,
    response_model=Media,
    responses=also(
        400, 410, "quota_exceeded", "media_type_refused", "hash_mismatch", "storage_full"
    ),
    openapi_extra=binary_body(OCTETS, "video/*", "audio/*", "image/*", description="The file."),
    dependencies=[requires("media:write")],
)
async def send_media(call: Call, order: Annotated[MediaOrder, Depends(_order)]) -> Response:
    """Send a file in one request; the body is the file. For large ones, use an upload instead.

    It is stored whole or not at all.
    """
    given = content_type(call.request)
    if not given or given == "application/json":
        raise Refusal("unsupported_media_type", f"Send the file with its own type, or {OCTETS}.")
    length = declared_length(call.request)
    if length is None:
        raise Refusal("malformed_request", "Send Content-Length, or use an upload.")
    call.fingerprint(fingerprint(call.request, order.sha256))
    wanted = _typed(order, given)

    def work(chunks: Chunks) -> Response:
        _look_for_repeat(call)
        done = uploads.receive(call.service.intake, call.tenant, wanted, chunks=chunks, size=length)
        return _stored(call, done, wanted)

    return await received(call.request, work)


@router.post(
    "/pull",
    status_code=201,
    response_model=Media,
    responses=also(
        410,
        "upload_invalid",
        "quota_exceeded",
        "media_type_refused",
        "hash_mismatch",
        "storage_full",
    ),
    dependencies=[requires("media:write")],
)
def pull_media(call: Call, body: Pull) -> Response:
    """Have a file read from a registered store. Never an address: nothing else is reached."""
    order = MediaOrder(
        interview_id=body.interview_id,
        candidate_id=body.candidate_id,
        kind=MediaKind(body.kind),
        sha256=body.sha256,
        media_type=body.media_type,
        source="pull",
    )
    _look_for_repeat(call)
    intake = call.service.intake
    with intake.registered.get(call.tenant, body.store).fetch(body.key) as pulled:
        named = replace(order, name=pulled.name)
        done = uploads.receive(intake, call.tenant, named, chunks=pulled.chunks, size=pulled.size)
    return _stored(call, done, named)


@router.get("", response_model=Listed[Media], dependencies=[requires("media:read")])
def list_media(
    call: Call, paging: Paging, where: Annotated[dict[str, object], Depends(_filters)]
) -> Response:
    """Stored and erased files, without their bytes."""
    with call.reading() as unit:
        return call.listing(paging, unit.page(Media, paging.page, where))


@router.get("/{media_id}", response_model=Media, dependencies=[requires("media:read")])
def read_media(call: Call, media_id: MediaId) -> Response:
    """Facts about one file."""
    with call.reading() as unit:
        return call.shown(unit.get(Media, media_id))


@router.get(
    "/{media_id}/content",
    response_class=Response,
    response_model=None,
    responses={
        200: {
            "description": "The file.",
            "content": dict.fromkeys(("video/*", "audio/*", "image/*", "application/*"), _FILE),
        },
        **also(409, 410),
    },
    dependencies=[requires("media:content")],
)
def read_media_content(call: Call, media_id: MediaId) -> Response:
    """Download a recording. Each download is an event in the ledger. Tables cannot be read back."""
    with call.unit() as unit:
        found = media.read(unit, media_id, why="download")
        if found.kind is MediaKind.TABLE:
            raise StepRefused("Tables go into fairness audits and are not read back.")
    pieces = media.content(call.service.vault, call.tenant, found)
    headers = {
        "Content-Length": str(found.size_bytes),
        "Content-Disposition": f'attachment; filename="{found.id}"',
        "ETag": f'"{found.sha256}"',
    }
    return StreamingResponse(pieces, media_type=found.media_type, headers=headers)


@router.delete(
    "/{media_id}", status_code=204, response_model=None, dependencies=[requires("media:write")]
)
def erase_media(call: Call, media_id: MediaId) -> Response:
    """Erase a file, with references to it. A legal hold stands against it (409)."""
    with call.unit() as unit:
        media.erase(unit, media_id)
        return call.nothing(unit)


def _stored(call: CallContext, done: Received, order: MediaOrder) -> Response:
    """The answer with the row; where that cannot be written, what came is removed."""
    with ExitStack() as undo:
        undo.callback(uploads.drop, call.service.intake, call.tenant, done)
        with call.unit() as unit:
            made = uploads.finish(unit, done, source=order.source)
            answer = call.created(unit, made, location=f"/v1/media/{made.id}")
        undo.pop_all()
    return answer


def _look_for_repeat(call: CallContext) -> None:
    """Answers a repeated request before its body is taken."""
    with call.unit(answers=False):
        pass


def _typed(order: MediaOrder, media_type: str) -> MediaOrder:
    known = None if media_type == OCTETS else media_type
    return replace(order, media_type=known)
