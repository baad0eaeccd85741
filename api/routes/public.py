"""What anybody can read without a key: posted summaries, and keys that sign reports."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import Path, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRouter

from api.call import ServiceDep
from api.guarding import GuardedRoute
from api.key_directory import SignedKeys
from api.openapi import also
from api.public_pages import PublicPage, public_page
from api.report_files import FILE, PAGE_POLICY, known
from api.scopes import public
from api.service import Service
from api.tenant_keys import last_directory
from audit.errors import NotFound
from audit.operations import publications
from audit.store.public import tenant_of_page, tenant_of_report_key, versions_posted

router = APIRouter(
    tags=["Public pages"],
    route_class=GuardedRoute,
    generate_unique_id_function=lambda route: route.name,
)
_OPEN = public("Posted for the public; it holds nobody's data.", limited=True)
_CACHED = {"Cache-Control": "public, max-age=300"}
_MOST_PAGES = 32
_KEY = re.compile("[0-9a-f]{16}")
Slug = Annotated[
    str,
    Path(
        max_length=64,
        description="Name of the page.",
        examples=["example-talent-video-interview"],
    ),
]
Number = Annotated[int, Path(ge=1, le=1_000_000, description="Version of the page.")]
_PAGE = {304: {"description": "The caller has it (If-None-Match)."}, **also(404)}


@router.get(
    "/public/{slug}",
    response_class=HTMLResponse,
    response_description="The page.",
    responses=_PAGE,
    dependencies=[_OPEN],
)
def read_public_page(request: Request, service: ServiceDep, slug: Slug) -> Response:
    """A posted summary of a bias audit."""
    return _answer(request, _page(request, service, slug, None))


@router.get(
    "/public/{slug}/versions/{number}",
    response_class=HTMLResponse,
    response_description="The page.",
    responses=_PAGE,
    dependencies=[_OPEN],
)
def read_public_version(
    request: Request, service: ServiceDep, slug: Slug, number: Number
) -> Response:
    """A version of a posted summary."""
    return _answer(request, _page(request, service, slug, number))


@router.get(
    "/public/{slug}/versions/{number}/files/{format}",
    response_model=None,
    response_class=Response,
    responses={**FILE, **also(404)},
    dependencies=[_OPEN],
)
def read_public_file(
    request: Request,
    service: ServiceDep,
    slug: Slug,
    number: Number,
    format: Annotated[
        Literal["json", "html", "pdf", "csv"], Path(description="Which of its files.")
    ],
) -> Response:
    """A signed file of a posted summary."""
    tenant = _tenant(service, slug)
    with service.store.reading(tenant) as unit:
        page = publications.page_of(unit, slug)
        summary = publications.summary_of(unit, page, number)
    file = publications.file_of(summary, format)
    sha256 = str(summary.files[format]["sha256"])
    headers = {**_CACHED, "ETag": f'"{sha256}"'}
    if format == "html":
        headers["Content-Security-Policy"] = PAGE_POLICY
    else:
        ending = {"csv": "csv.zip"}.get(format, format)
        headers["Content-Disposition"] = f'attachment; filename="{slug}.{number}.{ending}"'
    return known(request, sha256) or Response(
        file.data, media_type=file.media_type, headers=headers
    )


@router.get(
    "/public/{name}/report-keys.json",
    response_model=SignedKeys,
    responses=also(404),
    dependencies=[_OPEN],
)
def read_public_report_keys(
    service: ServiceDep,
    name: Annotated[
        str,
        Path(
            max_length=64,
            description="Name of a public page, or the id of a key, as reports state it.",
            examples=["9b1f0c4d2e7a6538"],
        ),
    ],
) -> Response:
    """The directory of the keys that sign an organisation's reports."""
    store = service.store
    by_key = _KEY.fullmatch(name) is not None
    tenant = tenant_of_report_key(store, name) if by_key else tenant_of_page(store, name)
    content = None
    if tenant is not None:
        with store.reading(tenant) as unit:
            content = last_directory(unit)
    if content is None:
        raise NotFound("There is no such list of keys.")
    return Response(content, media_type="application/json", headers=_CACHED)


def _tenant(service: Service, slug: str) -> str:
    tenant = tenant_of_page(service.store, slug)
    if tenant is None:
        raise NotFound("There is no such page, or not any more.")
    return tenant


def _page(request: Request, service: Service, slug: str, number: int | None) -> PublicPage:
    tenant = _tenant(service, slug)
    with service.store.reading(tenant) as unit:
        page = publications.page_of(unit, slug)
        shown = publications.summary_of(unit, page, number)
        key = (page.id, page.version, shown.number)
        held = _held(request).get(key)
        versions = () if held else versions_posted(unit, page.id)
    if held is not None:
        return held
    made = public_page(page, shown, versions)
    _keep(_held(request), key, made)
    return made


_Key = tuple[str, int, int]


def _held(request: Request) -> OrderedDict[_Key, PublicPage]:
    """Pages that this process made: they change only with their version."""
    state = request.app.state
    if not hasattr(state, "public_pages"):
        state.public_pages = OrderedDict()
    found: OrderedDict[_Key, PublicPage] = state.public_pages
    return found


def _keep(held: OrderedDict[_Key, PublicPage], key: _Key, page: PublicPage) -> None:
    held[key] = page
    while len(held) > _MOST_PAGES:
        held.popitem(last=False)


def _answer(request: Request, page: PublicPage) -> Response:
    headers: Mapping[str, str] = {
        **_CACHED,
        "ETag": f'"{page.sha256}"',
        "Content-Security-Policy": page.policy,
    }
    return known(request, page.sha256) or HTMLResponse(page.body, headers=dict(headers))
