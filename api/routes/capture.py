"""The capture page of a challenge, for the candidate: no key, but an address that is signed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, TypeVar

from fastapi import Path, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.routing import APIRouter
from pydantic import Field

from api import capture_page
from api.call import ServiceDep
from api.guarding import GuardedRoute
from api.openapi import also
from api.problems import Refusal
from api.scopes import public
from api.service import Service
from api.streaming import Chunks, binary_body, content_type, declared_length, received
from audit.challenges import Cue, Kind, shown_code
from audit.errors import NotFound, StepRefused
from audit.operations import challenges, uploads
from audit.operations.challenges import LARGEST_BYTES, MOST_TELEMETRY, Committed
from audit.operations.inputs import Input, Sha256, Whole
from audit.operations.link_keys import nowhere
from audit.operations.media import MediaOrder
from audit.records.challenges import Challenge, ChallengeState
from audit.store import UnitOfWork
from audit.store.public import tenant_of_challenge

router = APIRouter(
    tags=["Capture page"],
    route_class=GuardedRoute,
    generate_unique_id_function=lambda route: route.name,
)
T = TypeVar("T")
_LINK = public("The address carries a signature; it works once and ends.", limited=True)
_OPEN = public("Script and style of the capture page; they hold nobody's data.")
_TYPES = ("video/webm", "video/mp4")
_LASTING = {"Cache-Control": "public, max-age=3600"}
_HTML = {"content": {"text/html": {"schema": {"type": "string"}}}}
Token = Annotated[
    str, Path(max_length=100, description="From the link.", examples=["chl_01K.c2ln"])
]


class Start(Input):
    """What the person chose."""

    left_out: Annotated[
        tuple[Kind, ...],
        Field(max_length=5, description="What is not to be asked; no reason is given."),
    ] = ()
    pace: Annotated[Literal[1, 2], Field(description="2: everything takes twice as long.")] = 1


class Started(Input):
    """The cues. They are shown this once."""

    nonce: Annotated[str, Field(description="Bound into the answer.")]
    code: Annotated[str, Field(description="What the page shows of it.", examples=["1F3A-77C0"])]
    duration_s: Annotated[float, Field(description="How long to record, seconds.")]
    answer_within_s: Annotated[float, Field(description="Seconds from now until it is too late.")]
    cues: Annotated[tuple[Cue, ...], Field(description="What to show, when.")]


class Answer(Input):
    """What the page recorded, before it is sent."""

    recording_sha256: Annotated[Sha256, Field(description="Of the recording.")]
    recording_bytes: Annotated[
        Whole, Field(ge=1, le=LARGEST_BYTES, description="Its size.", examples=[4_000_000])
    ]
    telemetry: Annotated[
        str,
        Field(
            max_length=MOST_TELEMETRY,
            description="JSON text, see docs/challenge.md; its UTF-8 bytes are bound.",
            examples=["{}"],
        ),
    ]
    binding: Annotated[
        Sha256,
        Field(
            description="SHA-256 of the lines fairwitness-challenge-response/1, nonce, SHA-256 of "
            "the recording, SHA-256 of the telemetry."
        ),
    ]


class Taken(Input):
    """What is to be done next."""

    upload: Annotated[bool, Field(description="Whether the recording is wanted.")]


@router.get(
    "/challenge/{token}",
    response_class=HTMLResponse,
    response_description="The page.",
    responses={404: {"description": "A page that says that the link has ended.", **_HTML}},
    dependencies=[_LINK],
)
def open_challenge(request: Request, service: ServiceDep, token: Token) -> HTMLResponse:
    """The page on which a candidate answers a challenge, or asks for a human instead."""
    try:
        challenge = _reading(service, token)
    except NotFound:
        page = capture_page.ended_page(request.headers.get("accept-language", ""))
        return _html(page, 404)
    return _html(capture_page.capture_page(challenge, token), 200)


@router.post(
    "/challenge/{token}/start",
    response_model=Started,
    responses=also(
        409, "step_refused", "consent_missing", "processing_stopped", "jurisdiction_missing"
    ),
    dependencies=[_LINK],
)
def start_challenge(service: ServiceDep, token: Token, body: Start) -> Response:
    """Draw the cues. Once: who loads the page anew afterwards needs a new link."""

    def work(unit: UnitOfWork) -> Started:
        challenge, plan = challenges.start(unit, token, left_out=body.left_out, pace=body.pace)
        assert challenge.nonce and challenge.commit_by  # noqa: S101 - it was started
        return Started(
            nonce=challenge.nonce,
            code=shown_code(challenge.nonce),
            duration_s=plan.duration_s,
            answer_within_s=(challenge.commit_by - unit.now()).total_seconds(),
            cues=plan.cues,
        )

    return _json(_working(service, token, work))


@router.post(
    "/challenge/{token}/answer",
    response_model=Taken,
    responses=also(409, "step_refused"),
    dependencies=[_LINK],
)
def commit_challenge(service: ServiceDep, token: Token, body: Answer) -> Response:
    """Say what was recorded: its hash and the telemetry, bound to the nonce. This counts as the
    answer in time; the recording may take longer."""
    told = Committed(
        recording_sha256=body.recording_sha256,
        recording_bytes=body.recording_bytes,
        telemetry=body.telemetry.encode("utf-8"),
        binding=body.binding,
    )
    challenge = _working(service, token, lambda unit: challenges.commit(unit, token, told))
    return _json(Taken(upload=challenge.state is ChallengeState.COMMITTED))


@router.post(
    "/challenge/{token}/recording",
    status_code=204,
    response_model=None,
    responses=also(409, 413, 415, 507, "step_refused", "hash_mismatch", "media_type_refused"),
    openapi_extra=binary_body(*_TYPES, description="The recording whose hash was given."),
    dependencies=[_LINK],
)
async def send_challenge_recording(request: Request, service: ServiceDep, token: Token) -> Response:
    """Send the recording. It has to be the one whose hash was given."""
    if content_type(request) not in _TYPES:
        raise Refusal("unsupported_media_type", f"Send the recording as one of {_TYPES}.")
    length = declared_length(request)

    def work(chunks: Chunks) -> None:
        _take_recording(service, token, chunks, length)

    await received(request, work)
    return Response(status_code=204)


@router.post(
    "/challenge/{token}/human",
    response_class=HTMLResponse,
    response_description="The page, which confirms it.",
    responses=also(409),
    dependencies=[_LINK],
)
def ask_for_a_person(service: ServiceDep, token: Token) -> HTMLResponse:
    """Have a person take the place of the challenge: a plain form, which needs no script.

    No reason is asked, and it counts for nothing. It opens a request for the human alternative.
    """
    challenge = _working(service, token, lambda unit: challenges.ask_for_human(unit, token))
    return _html(capture_page.capture_page(challenge, token), 200)


@router.get("/challenge-page/capture.js", include_in_schema=False, dependencies=[_OPEN])
async def capture_script() -> Response:
    """The script of the page."""
    return Response(
        capture_page.asset("capture.js"), media_type="text/javascript", headers=_LASTING
    )


@router.get("/challenge-page/capture.css", include_in_schema=False, dependencies=[_OPEN])
async def capture_style() -> Response:
    """The style sheet of the page."""
    return Response(capture_page.asset("capture.css"), media_type="text/css", headers=_LASTING)


def _tenant(service: Service, token: str) -> tuple[str, str]:
    link = challenges.challenge_of(token)
    tenant = tenant_of_challenge(service.store, link) if link else None
    if link is None or tenant is None:
        raise nowhere()
    return tenant, link


def _reading(service: Service, token: str) -> Challenge:
    tenant, _ = _tenant(service, token)
    with service.store.reading(tenant) as unit:
        return challenges.opened(unit, token, service.now())


def _working(service: Service, token: str, work: Callable[[UnitOfWork], T]) -> T:
    tenant, link = _tenant(service, token)
    with service.store.unit(tenant, actor=link) as unit:
        return work(unit)


def _take_recording(service: Service, token: str, chunks: Chunks, length: int | None) -> None:
    """Stores the recording, then has it looked at. What fails is removed, and may be sent again."""
    tenant, link = _tenant(service, token)
    challenge = _reading(service, token)
    if challenge.state is not ChallengeState.COMMITTED or challenge.recording_bytes is None:
        raise StepRefused("This challenge waits for no recording.")
    if length is not None and length != challenge.recording_bytes:
        raise StepRefused("The recording has another size than was said.")
    order = MediaOrder(
        interview_id=challenge.interview_id,
        sha256=challenge.recording_sha256,
        name="challenge",
        source="challenge",
    )
    got = uploads.receive(
        service.intake, tenant, order, chunks=chunks, size=challenge.recording_bytes
    )
    done = False
    try:
        with service.store.unit(tenant, actor=link) as unit:
            media = uploads.finish(unit, got, source="challenge")
            challenges.answered(unit, challenge.id, media)
        done = True
    finally:
        if not done:
            uploads.drop(service.intake, tenant, got)


def _html(page: str, status: int) -> HTMLResponse:
    return HTMLResponse(page, status_code=status, headers=capture_page.HEADERS)


def _json(value: Input) -> Response:
    return JSONResponse(value.model_dump(mode="json"))
