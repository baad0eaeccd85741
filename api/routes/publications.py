"""Public pages: posting summaries, and taking pages down."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from fastapi import Response
from pydantic import Field, StringConstraints

from api.call import Call
from api.guarding import area
from api.logos import safe_png
from api.openapi import also
from api.paging import Listed, Paging
from api.problems import invalid
from api.report_bundles import envelope
from api.routes.paths import PublicationId, SystemFilter
from api.scopes import requires
from audit.errors import SummaryIncomplete
from audit.operations import publications, reports
from audit.operations.inputs import Flag, Input, Label
from audit.operations.publications import Posting, PublicationView
from audit.operations.register import plain_where
from audit.operations.reports import Written
from audit.records.evidence import Report
from audit.records.issued import DocumentKind, Publication
from reports.compose.ll144_summary import is_ready

router = area("Publications", "/publications")
POSTED = ("json", "html", "pdf", "csv")
_SLUG = r"^[a-z](-?[a-z0-9]){2,62}$"
_BASE64 = r"^[A-Za-z0-9+/]*={0,2}$"


class NewPublication(Input):
    """A summary to be posted."""

    report_id: Annotated[
        str,
        Field(
            pattern=r"^rep_[0-9A-HJKMNP-TV-Z]{26}$",
            description="A finished report of the kind ll144_summary with no open field.",
        ),
    ]
    slug: Annotated[
        str,
        Field(
            pattern=_SLUG,
            description="The page is at `/public/{slug}`. The system's own page gets a new "
            "version; earlier ones stay reachable.",
            examples=["example-talent-video-interview"],
        ),
    ]
    name: Annotated[
        Label,
        Field(description="The organisation, as the page calls it.", examples=["Example Inc"]),
    ]
    colour: Annotated[
        str | None,
        Field(
            pattern=r"^#[0-9A-Fa-f]{6}$", description="Of the page's head.", examples=["#1f4e79"]
        ),
    ] = None
    logo_png: Annotated[
        Annotated[str, StringConstraints(max_length=87_400, pattern=_BASE64)] | None,
        Field(
            description="PNG as base64, at most 64 KiB and 1024 x 512 pixels. It is written anew; "
            "texts and profiles in it are dropped.",
            examples=[None],
        ),
    ] = None

    def logo(self) -> bytes | None:
        """The logo, made safe. Raises the refusal."""
        if self.logo_png is None:
            return None
        try:
            data = base64.b64decode(self.logo_png, validate=True)
        except binascii.Error:
            raise invalid("body", "/logo_png", "is not base64") from None
        return safe_png(data)


class TakeDown(Input):
    """Why a page is taken down."""

    force: Annotated[
        Flag, Field(description="Also before the time that the law asks for is over.")
    ] = False
    reason: Annotated[
        str,
        StringConstraints(max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$"),
        Field(
            description="Why; needed where it is forced, and recorded.",
            examples=["The tool was never used in the city."],
        ),
    ] = ""


@router.post(
    "",
    status_code=201,
    response_model=PublicationView,
    responses=also(410, "summary_incomplete", "already_exists"),
    dependencies=[requires("publications:write")],
)
def create_publication(call: Call, body: NewPublication) -> Response:
    """Post the summary of a bias audit on a public page, or a new version of it.

    The page keeps its own copy of the signed files. A summary with open fields is refused.
    """
    logo = body.logo()
    with call.reading() as unit:
        report = reports.readable(unit, body.report_id)
    files = _files(call, report)
    posting = Posting(
        report_id=body.report_id,
        slug=body.slug,
        name=body.name,
        colour=body.colour.lower() if body.colour else None,
        logo=logo,
        files=files,
    )
    with call.unit() as unit:
        page = publications.post(unit, posting)
        view = publications.shown(unit, page)
        return call.created(unit, view)


@router.get(
    "", response_model=Listed[PublicationView], dependencies=[requires("publications:read")]
)
def list_publications(call: Call, paging: Paging, system_id: SystemFilter = None) -> Response:
    """Public pages, also those that were taken down."""
    with call.reading() as unit:
        found = unit.page(Publication, paging.page, plain_where(system_id=system_id))
        return call.listing(paging, found, lambda page: publications.shown(unit, page))


@router.get(
    "/{publication_id}",
    response_model=PublicationView,
    dependencies=[requires("publications:read")],
)
def read_publication(call: Call, publication_id: PublicationId) -> Response:
    """One public page, and until when it has to stay."""
    with call.reading() as unit:
        return call.shown(publications.shown(unit, unit.get(Publication, publication_id)))


@router.post(
    "/{publication_id}/take-down",
    response_model=PublicationView,
    responses=also("posting_required"),
    dependencies=[requires("publications:write")],
)
def take_down_publication(call: Call, publication_id: PublicationId, body: TakeDown) -> Response:
    """Take a page down. Before its time only by force, with a reason that is recorded.

    The law asks for it until six months after the last use of the tool: the retirement of the
    system. Again is no error.
    """
    with call.unit() as unit:
        page = publications.take_down(unit, publication_id, reason=body.reason, force=body.force)
        return call.changed(unit, publications.shown(unit, page))


def _files(call: Call, report: Report) -> tuple[Written, ...]:
    """What is posted of a summary that is whole. Raises `SummaryIncomplete`."""
    if report.kind == DocumentKind.LL144_SUMMARY:
        document = envelope(call.service.vault, call.tenant, report).document
        if not is_ready(document):
            missing = ", ".join(map(str, document.data["shown"]["open"]))
            raise SummaryIncomplete(f"The summary cannot be posted as it is; it lacks: {missing}.")
    found = []
    for name in POSTED:
        file = reports.file_of(report, name)
        data = reports.whole(call.service.vault, call.tenant, report, name)
        if file is not None and data is not None:
            found.append(Written(name, file.media_type, data))
    return tuple(found)
