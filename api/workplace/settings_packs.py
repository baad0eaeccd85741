"""Rule packs: which laws and standards reports follow, and how each stands today."""

from __future__ import annotations

from datetime import date
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import Path, Response

from api.scopes import requires
from api.workplace.framing import VisitDep, router
from audit.errors import NotFound
from reports.packs import Pack, standing, versions

pages = router()
PackId = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,59}$")]


@pages.get("/settings/rule-packs", dependencies=[requires("reports:read")])
def rule_packs(visit: VisitDep) -> Response:
    """All packs, in the version of today."""
    own, today = visit.call.service.settings.packs_dir, visit.call.service.now().date()
    return visit.page(
        "settings/packs.html",
        packs=[(each, standing(each, today).value) for each in _of(today, own).values()],
        own=own is not None,
    )


@pages.get("/settings/rule-packs/{pack_id}", dependencies=[requires("reports:read")])
def rule_pack(visit: VisitDep, pack_id: PackId) -> Response:
    """One pack: its fields, by section, with what the law asks for."""
    own, today = visit.call.service.settings.packs_dir, visit.call.service.now().date()
    found = _of(today, own).get(pack_id)
    if found is None:
        raise NotFound(f"There is no rule pack {pack_id!r}.")
    return visit.page(
        "settings/pack.html",
        pack=found,
        standing=standing(found, today).value,
        sections=[
            (section, [(each, standing(each, today).value) for each in section.fields])
            for section in found.sections
        ],
        prohibitions=[(each, standing(each, today).value) for each in found.prohibitions],
    )


def _of(day: date, own: FilePath | None) -> dict[str, Pack]:
    """Each pack in the version of a day, as `reports.packs.pack` has it; folders are read once."""
    found: dict[str, Pack] = {}
    for each in versions(own):  # the oldest first
        if each.pack not in found or each.moment[0] <= day:
            found[each.pack] = each
    return found
