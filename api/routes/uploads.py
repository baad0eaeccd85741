"""Uploads that can be resumed: announced, sent in pieces, completed into media."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Header, Response
from pydantic import Field

from api.call import Call, CallContext
from api.guarding import area
from api.openapi import also
from api.problems import Refusal
from api.routes.paths import UploadId
from api.scopes import requires
from api.streaming import OCTETS, Chunks, binary_body, content_type, declared_length, received
from audit.operations import uploads
from audit.operations.inputs import CandidateId, Input, InterviewId, Sha256
from audit.operations.media import MediaOrder
from audit.records.evidence import Media, MediaKind, Upload, UploadState

router = area("Media", "/uploads")

FileName = Annotated[
    str,
    Field(
        max_length=1000,
        description="The file's name, for people. Its extension must fit its content.",
        examples=["interview.mp4"],
    ),
]
MediaType = Annotated[
    str,
    Field(
        max_length=100,
        pattern=r"^[A-Za-z0-9!#$&^_.+-]{1,60}/[A-Za-z0-9!#$&^_.+-]{1,60}$",
        description="Its type; must fit its content.",
        examples=["video/mp4"],
    ),
]


class NewUpload(Input):
    """A file that will be sent."""

    interview_id: Annotated[
        InterviewId | None,
        Field(
            description="Of which interview; or give a candidate.",
            examples=["int_01KAN8Q5V4T2M9C3XH7R0ZJ6WD"],
        ),
    ] = None
    candidate_id: Annotated[CandidateId | None, Field(description="Whose it is.")] = None
    kind: Annotated[
        Literal["recording", "reference"],
        Field(description="A reference is stored to be compared with, under a consent."),
    ] = "recording"
    size_bytes: Annotated[
        int,
        Field(strict=True, ge=1, le=2**50, description="Its exact size.", examples=[104_857_600]),
    ]
    sha256: Annotated[Sha256 | None, Field(description="Of its bytes, if known by now.")] = None
    media_type: MediaType | None = None
    name: FileName = ""

    def order(self) -> MediaOrder:
        """As operations take it."""
        return MediaOrder(
            interview_id=self.interview_id,
            candidate_id=self.candidate_id,
            kind=MediaKind(self.kind),
            sha256=self.sha256,
            media_type=self.media_type,
            name=self.name,
        )


@router.post(
    "",
    status_code=201,
    response_model=Upload,
    responses=also(410, "quota_exceeded", "media_type_refused", "storage_full"),
    dependencies=[requires("media:write")],
)
def create_upload(call: Call, body: NewUpload) -> Response:
    """Announce a file. Then send it with PATCH, in as many pieces as you like, and complete it.

    Its bytes count against the quota from now on. It is dropped a day after its last piece.
    """
    with call.unit() as unit:
        made = uploads.announce(unit, call.service.intake, body.order(), size=body.size_bytes)
        return _at(call.created(unit, made), made)


@router.get("/{upload_id}", response_model=Upload, dependencies=[requires("media:read")])
def read_upload(call: Call, upload_id: UploadId) -> Response:
    """Where the upload stands: `received_bytes` is the offset to go on from."""
    with call.reading() as unit:
        found = unit.get(Upload, upload_id)
        return _at(call.shown(found), found)


@router.head(
    "/{upload_id}",
    response_model=None,
    response_class=Response,
    responses={200: {"description": "`Upload-Offset` says where to go on."}},
    dependencies=[requires("media:read")],
)
def head_upload(call: Call, upload_id: UploadId) -> Response:
    """The same without a body: the header `Upload-Offset`."""
    with call.reading() as unit:
        return _at(Response(), unit.get(Upload, upload_id))


@router.patch(
    "/{upload_id}",
    status_code=204,
    response_model=None,
    responses=also(400, 413, 415, 507, "upload_conflict", "upload_expired"),
    openapi_extra=binary_body(OCTETS, description="The bytes from `Upload-Offset` on."),
    dependencies=[requires("media:write")],
)
async def append_to_upload(
    call: Call,
    upload_id: UploadId,
    upload_offset: Annotated[
        int,
        Header(
            ge=0,
            le=2**50,
            description="The offset of the first byte, as the upload has it.",
            examples=[0],
        ),
    ],
) -> Response:
    """Send bytes. Each part counts once it is stored safely, whatever happens to the request.

    After a cut, ask for the offset with HEAD and go on from there. Of two requests for one upload,
    the later one goes on and the earlier one is refused.
    """
    if content_type(call.request) != OCTETS:
        raise Refusal("unsupported_media_type", f"Send the bytes as {OCTETS}.")
    length = declared_length(call.request)

    def work(chunks: Chunks) -> Upload:
        _existing(call, upload_id)
        call.service.intake.uploads.append(
            call.tenant, upload_id, offset=upload_offset, chunks=chunks, length=length
        )
        with call.reading() as unit:
            return unit.get(Upload, upload_id)

    return _at(Response(status_code=204), await received(call.request, work))


@router.post(
    "/{upload_id}/complete",
    status_code=201,
    response_model=Media,
    responses=also("upload_conflict", "hash_mismatch", "media_type_refused", "upload_expired"),
    dependencies=[requires("media:write")],
)
def complete_upload(call: Call, upload_id: UploadId) -> Response:
    """Check hash and content, and make the file media. A refused file is removed.

    Of a completed upload, the media that it became is answered again.
    """
    with call.unit(answers=False) as unit:
        media = uploads.finished(unit, upload_id)
    intake = call.service.intake
    done = None if media else intake.uploads.complete(call.tenant, upload_id)
    with call.unit() as unit:
        if done is not None:
            media = uploads.finish(unit, done)
        assert media is not None  # noqa: S101 - one of the two is there
        return call.created(unit, media, location=f"/v1/media/{media.id}")


@router.delete(
    "/{upload_id}",
    status_code=204,
    response_model=None,
    dependencies=[requires("media:write")],
)
def abort_upload(call: Call, upload_id: UploadId) -> Response:
    """Give an upload up; what had arrived is removed. One that has ended stays as it is."""
    _existing(call, upload_id)
    call.service.intake.uploads.abort(call.tenant, upload_id)
    return Response(status_code=204)


def _existing(call: CallContext, upload_id: str) -> Upload:
    with call.reading() as unit:
        return unit.get(Upload, upload_id)


def _at(response: Response, upload: Upload) -> Response:
    """With the offset; for an open upload, how long it may stay away."""
    response.headers["Upload-Offset"] = str(upload.received_bytes)
    response.headers["Upload-Length"] = str(upload.size_bytes)
    if upload.state is UploadState.OPEN:
        response.headers["Upload-Expires"] = upload.expires_at.strftime("%a, %d %b %Y %H:%M:%S GMT")
    return response
