"""What the operator's tools ask."""

from __future__ import annotations

import hmac
import ipaddress
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from api.guarding import GuardedRoute
from api.problems import Refusal
from api.readiness import OK
from api.scopes import public
from api.state import frame

router = APIRouter(
    tags=["Service"],
    route_class=GuardedRoute,
    generate_unique_id_function=lambda route: route.name,
)
_FORWARDED = ("forwarded", "x-forwarded-for")


class Health(BaseModel):
    """The process lives."""

    status: Annotated[str, Field(description="Always `ok`.", examples=["ok"])] = "ok"


class Ready(BaseModel):
    """Whether requests should be sent here."""

    ready: Annotated[bool, Field(description="Whether all parts answer.")]
    parts: Annotated[
        dict[str, str],
        Field(
            description="`ok`, or what is wrong, for each part.",
            examples=[{"database": "ok", "media": "ok"}],
        ),
    ]


@router.get("/healthz", dependencies=[public("It says only that the process lives.")])
async def health() -> Health:
    """Whether the process lives."""
    return Health()


@router.get(
    "/readyz",
    response_model=Ready,
    responses={503: {"model": Ready, "description": "Some part does not answer."}},
    dependencies=[public("It names parts of the service, and nobody's data.")],
)
def ready(request: Request) -> Response:
    """Whether the database, the media store, the weights and the queues answer."""
    parts = request.app.state.readiness.look()
    answer = Ready(ready=all(words == OK for words in parts.values()), parts=parts)
    status = 200 if answer.ready else 503
    return Response(answer.model_dump_json(), status, media_type="application/json")


@router.get(
    "/metrics",
    response_class=Response,
    response_description="The figures.",
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
        403: {"description": "problem"},
    },
    dependencies=[public("Guarded by a token of its own, or by the network.")],
)
def metrics(request: Request) -> Response:
    """Figures in Prometheus' text format: with the metrics token, or from this machine."""
    _allow_metrics(request)
    content = request.app.state.telemetry.exposition()
    return Response(content, media_type="text/plain; version=0.0.4; charset=utf-8")


def _allow_metrics(request: Request) -> None:
    token = frame(request).settings.metrics_token
    if token is not None:
        given = request.headers.get("authorization", "").encode("latin-1")
        if hmac.compare_digest(given, f"Bearer {token.get_secret_value()}".encode()):
            return
        raise Refusal("forbidden", "Send the metrics token as `Authorization: Bearer ...`.")
    if not _from_here(request) or any(name in request.headers for name in _FORWARDED):
        detail = "Without FAIRWITNESS_API__METRICS_TOKEN, metrics are read on this machine only."
        raise Refusal("forbidden", detail)


def _from_here(request: Request) -> bool:
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
