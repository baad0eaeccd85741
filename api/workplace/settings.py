"""Settings: which parts there are for a role."""

from __future__ import annotations

from fastapi import Response

from api.workplace.framing import VisitDep, router, signed_in
from api.workplace.settings_parts import HOME_PATH, PARTS

pages = router()


@pages.get(f"/{HOME_PATH}", dependencies=[signed_in()])
def settings(visit: VisitDep) -> Response:
    """The parts that the role may open."""
    return visit.page(
        "settings/home.html", parts=[each for each in PARTS if visit.call.may(each.scope)]
    )
