"""Pages for people: the API and its problems."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from api import pages
from api.guarding import GuardedRoute
from api.problems import Refusal, kinds
from api.scopes import public

router = APIRouter(
    tags=["Service"],
    route_class=GuardedRoute,
    generate_unique_id_function=lambda route: route.name,
)
_OPEN = public("Documentation; it holds nobody's data.")


@router.get(
    "/openapi.json",
    response_class=JSONResponse,
    response_model=dict[str, object],
    response_description="The document.",
    dependencies=[_OPEN],
)
async def openapi_document(request: Request) -> Response:
    """The OpenAPI 3.1 document."""
    return JSONResponse(request.app.openapi())


@router.get(
    "/docs",
    response_class=HTMLResponse,
    response_description="The page.",
    dependencies=[_OPEN],
)
def api_page(request: Request) -> HTMLResponse:
    """The OpenAPI document as a page, with examples."""
    app = request.app
    if not hasattr(app.state, "api_page"):  # it never changes
        app.state.api_page = pages.api_page(app.openapi(), kinds())
    return HTMLResponse(app.state.api_page)


@router.get("/docs/pages.css", include_in_schema=False, dependencies=[_OPEN])
async def style() -> Response:
    """The style sheet."""
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(pages.style(), media_type="text/css", headers=headers)


@router.get(
    "/problems",
    response_class=HTMLResponse,
    response_description="The page.",
    dependencies=[_OPEN],
)
def problems_page() -> HTMLResponse:
    """All problems that the service answers with."""
    return HTMLResponse(pages.problems_page(kinds()))


@router.get(
    "/problems/{code}",
    response_class=HTMLResponse,
    response_description="The page.",
    dependencies=[_OPEN],
)
def problem_page(
    code: Annotated[str, Path(description="A code.", examples=["not_found"], max_length=64)],
) -> HTMLResponse:
    """What one problem means, and what to do."""
    kind = kinds().get(code)
    if kind is None:
        raise Refusal("not_found", "There is no problem with this code.")
    return HTMLResponse(pages.problem_page(kind))
