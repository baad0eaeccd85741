"""Files of the pages, and the choice of colours. They hold nobody's data."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Annotated, Literal

from fastapi import Query, Request, Response

from api.problems import Refusal
from api.scopes import public
from api.workplace.framing import HOME, OpenRoute, onward, router

files = router(OpenRoute)
_OPEN = public("Style, script and colours of the pages.")
_TYPES = {
    "workplace.css": "text/css",
    "workplace.js": "text/javascript",
    "dropping.js": "text/javascript",
    "fairness.css": "text/css",
    "reports.css": "text/css",
    "settings.css": "text/css",
    "fairness.js": "text/javascript",
    "htmx.min.js": "text/javascript",
}
_YEAR_S = 31_536_000


@files.get("/files/{name}", dependencies=[_OPEN])
async def file(name: str) -> Response:
    """One file."""
    if name not in _TYPES:
        raise Refusal("not_found", "There is no such file.")
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(_read(name), media_type=_TYPES[name], headers=headers)


@files.get("/scheme", dependencies=[_OPEN])
async def scheme(
    request: Request,
    chosen: Annotated[Literal["auto", "light", "dark"], Query(alias="as")] = "auto",
    back: Annotated[str, Query(max_length=500)] = HOME,
) -> Response:
    """Stores which colours this browser is to show, and goes back."""
    inside = back == HOME or (back.startswith(f"{HOME}/") and "//" not in back)
    answer = onward(back if inside and back.isprintable() else HOME)
    if chosen == "auto":
        answer.delete_cookie("scheme", path=HOME)
    else:
        answer.set_cookie(
            "scheme",
            chosen,
            max_age=_YEAR_S,
            path=HOME,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )
    return answer


@cache
def _read(name: str) -> bytes:
    return resources.files("api").joinpath("templates", "workplace", name).read_bytes()
