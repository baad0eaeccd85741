"""A candidate's sessions taken together, in words: part of the candidate's page, or alone."""

from __future__ import annotations

from fastapi import Response

from api.routes.paths import CandidateId
from api.scopes import requires
from api.thread_views import ThreadView
from api.thread_views import view as thread_view
from api.workplace.framing import VisitDep, router
from audit.errors import CandidateErased, ProcessingStopped, TooManyTries
from audit.operations.threads import read_thread

pages = router()
REASONS = {
    "consent_missing": "no consent that its law asks for",
    "jurisdiction_missing": "nobody said whose law applies",
    "processing_stopped": "automated processing is stopped",
    "not_enrolled": "nothing of it is enrolled",
    "too_early": "older than the newest twelve",
    "nothing_usable": "nothing good enough to be kept",
    "low_quality": "not good enough to be compared",
    "another_model": "kept by a model of another version",
}


@pages.get("/candidates/{candidate_id}/thread", dependencies=[requires("identities:read")])
def thread(visit: VisitDep, candidate_id: CandidateId) -> Response:
    """What face and voice say of all sessions; each reading is recorded."""
    shown: ThreadView | None = None
    refused = ""
    try:
        with visit.call.unit(answers=False) as unit:
            found = read_thread(unit, candidate_id, why="page")
        shown = thread_view(candidate_id, found)
    except (CandidateErased, ProcessingStopped, TooManyTries) as error:
        refused = str(error)
    part = "hx-request" in visit.call.request.headers
    return visit.page(
        "candidates/thread_part.html" if part else "candidates/thread.html",
        candidate_id=candidate_id,
        found=shown,
        refused=refused,
        reasons=REASONS,
    )
