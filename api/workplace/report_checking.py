"""Whether a file is as it was signed, and what changed from one report to another."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from fastapi import Query, Response

from api.parts import FieldsAndFile
from api.problems import Refusal
from api.report_access import kinds_readable
from api.routes.report_files import document_of
from api.scopes import requires
from api.tenant_keys import last_directory
from api.workplace.framing import FileRoute, Visit, VisitDep, router
from api.workplace.sending import taking_file
from audit.errors import InputError
from audit.records.evidence import Report, RunState
from audit.store import Page
from reports.diff import diff
from reports.proof.keys import KeyDirectory
from reports.proof.trust import Trust
from reports.proof.verifying import Verification

pages = router()
sending = router(FileRoute)
MOST_MIB = 64
"""Larger files are verified on the command line."""
_SHOWN = 50
_ROWS = 200
_ID = r"^(rep_[0-9A-HJKMNP-TV-Z]{26})?$"
_VERIFY = "reports/verify.html"


@pages.get("/reports/verify", dependencies=[requires("reports:read")])
def verifying(visit: VisitDep) -> Response:
    """A form for a file that somebody gave."""
    return visit.page(_VERIFY, name="", found=None, fault="", most=MOST_MIB)


@sending.post("/reports/verify", dependencies=[requires("reports:read")])
async def verify_file(visit: VisitDep) -> Response:
    """Verifies the file, which is not kept, and names what was altered."""
    return await taking_file(visit, partial(_verified, visit))


@pages.get("/reports/compare", dependencies=[requires("reports:read")])
def compare(
    visit: VisitDep,
    before: str = Query("", pattern=_ID),
    after: str = Query("", pattern=_ID),
) -> Response:
    """What changed from one report to another of its kind. Both readings are in the ledger."""
    found, fault = None, ""
    if before and after:
        try:
            earlier, later = (document_of(visit.call, each) for each in (before, after))
            found = diff(earlier, later)
        except InputError as error:
            fault = str(error)
    with visit.call.reading() as unit:
        where = {"kind": kinds_readable(visit.call), "state": RunState.FINISHED, "erased_at": None}
        known = unit.page(Report, Page(_SHOWN), where).items
    return visit.page(
        "reports/compare.html",
        status=422 if fault else 200,
        found=found,
        fault=fault,
        before=before,
        after=after,
        known=[each for each in known if each.document_sha256],
        most=_ROWS,
    )


def _verified(visit: Visit, form: FieldsAndFile, fields: dict[str, str]) -> Response:
    data = _whole(form.file())
    name = form.file_name[-120:]
    shown = partial(visit.page, _VERIFY, name=name, most=MOST_MIB)
    try:
        found = _verification(visit, data, fields.get("keys", "").strip())
    except InputError as error:
        return shown(status=422, found=None, fault=str(error))
    return shown(found=found, fault="")


def _verification(visit: Visit, data: bytes, others: str) -> Verification:
    """What came of it; keys of this organisation are believed, and those that were pasted."""
    from reports.proof.bundle_verifying import verify  # statistics take seconds to import

    with visit.call.reading() as unit:
        own = last_directory(unit)
    texts = [each for each in (own, others.encode()) if each]
    return verify(data, Trust(tuple(KeyDirectory.from_bytes(each) for each in texts)))


def _whole(pieces: Iterable[bytes]) -> bytes:
    held = bytearray()
    for piece in pieces:
        held += piece
        if len(held) > MOST_MIB << 20:
            raise Refusal(
                "payload_too_large",
                f"Files of more than {MOST_MIB} MiB are verified on the command line: "
                "fairwitness verify FILE.",
            )
    return bytes(held)
