"""The HTTP app: made by `create_app`, never by an import."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib import metadata
from typing import Any

import anyio.to_thread
from fastapi import FastAPI
from opentelemetry.trace import Tracer
from starlette.middleware import Middleware

from api import routes, workplace
from api.guarding import GuardedRoute
from api.http_headers import Edge
from api.openapi import document
from api.problems import add_handlers
from api.readiness import Readiness
from api.service import Service
from api.state import Frame
from api.telemetry import Telemetry

_DESCRIPTION = """\
Trust, fraud and fairness auditing of interviews. The service decides nothing about a candidate: \
it produces evidence, and flags for humans.

Send `Authorization: Bearer fw_...` with each request. Lists come in pages: give `next_cursor` as \
`cursor`. A POST with an `Idempotency-Key` is safe to repeat for a day. Changes need `If-Match` \
with the ETag that was read. What goes wrong is answered as `application/problem+json` with a \
stable code."""


def create_app(service: Service, *, tracer: Tracer | None = None) -> FastAPI:
    """The app around a service."""
    telemetry = Telemetry(job_counts=service.job_counts, tracer=tracer)
    readiness = Readiness(service.ready)
    frame = Frame.around(service)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        limiter = anyio.to_thread.current_default_thread_limiter()
        limiter.total_tokens = service.settings.api.threads
        yield
        service.stopping.set()
        readiness.close()
        frame.keys.close()

    app = FastAPI(
        title="Fairwitness",
        version=metadata.version("fairwitness"),
        description=_DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_tags=[{"name": name, "description": words} for name, words in routes.TAGS.items()],
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        routes=_routes(),
        lifespan=lifespan,
        middleware=[Middleware(Edge, telemetry=telemetry)],
    )
    app.state.frame = frame
    app.state.telemetry = telemetry
    app.state.readiness = readiness
    add_handlers(app)
    app.openapi = partial(document, app)  # type: ignore[method-assign]
    return app


def _routes() -> list[Any]:
    """All routes in one flat list: routers inside routers are matched twice for each request."""
    found = [route for router in (*routes.ROUTERS, *workplace.ROUTERS) for route in router.routes]
    for route in found:
        if not isinstance(route, GuardedRoute):
            raise TypeError(f"{route} states no scope: make its router with `area`")
    return found
