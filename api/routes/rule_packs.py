"""Rule packs: which there are, how they stand on a day, and what a changed one would change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import Path, Query, Response
from pydantic import Field

from api.call import Call
from api.guarding import area
from api.openapi import also
from api.report_access import kinds_readable
from api.scopes import requires
from audit.errors import NotFound
from audit.operations.inputs import Day
from audit.records.evidence import Report, RunState
from audit.store import Page, ReadUnit
from reports.document.model import PackUse
from reports.packs import Pack, Past, affected, changes, pack, packs, standing, versions

router = area("Rule packs", "/rule-packs")
MOST_REPORTS = 5000
_BATCH = 200
_VERSION = r"^\d{4}-\d\d-\d\d(\.\d{1,3})?$"
PackId = Annotated[
    str,
    Path(pattern=r"^[a-z][a-z0-9_]{0,59}$", description="The pack.", examples=["ll144"]),
]
On = Annotated[Day | None, Query(description="A day; left out: today.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackView:
    """A rule pack, in one version."""

    id: Annotated[str, Field(description="The pack.", examples=["ll144"])]
    version: Annotated[str, Field(description="Its version.", examples=["2026-11-22"])]
    sha256: Annotated[str, Field(description="Hash of its meaning.")]
    title: Annotated[str, Field(description="What it is about.")]
    citation: Annotated[str, Field(description="The law or standard.")]
    standing: Annotated[
        str,
        Field(description="in_force, not_yet, withdrawn, voluntary or proposed, on that day."),
    ]
    since: Annotated[date | None, Field(description="In force from this day on.")]
    until: Annotated[date | None, Field(description="No more from this day on.")]
    read: Annotated[str, Field(description="primary: the text was read; secondary: an account.")]
    jurisdictions: Annotated[
        tuple[str, ...], Field(description="Where it applies.", examples=[["US-NY-NYC"]])
    ]
    fields: Annotated[int, Field(description="How many fields it has.", examples=[55])]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackList:
    """All rule packs."""

    on: Annotated[date, Field(description="The day that the standings are those of.")]
    items: Annotated[tuple[PackView, ...], Field(description="By identifier.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackDetail:
    """A rule pack with its fields."""

    pack: Annotated[PackView, Field(description="What it is, and how it stands.")]
    versions: Annotated[tuple[str, ...], Field(description="All versions, the oldest first.")]
    sources: Annotated[tuple[str, ...], Field(description="What was read, and what was not.")]
    note: Annotated[str | None, Field(description="What else to know.")]
    clocks: Annotated[tuple[str, ...], Field(description="Legal clocks that belong to it.")]
    sections: Annotated[
        tuple[dict[str, Any], ...],
        Field(description="Sections with their fields (docs/rule-pack.schema.json)."),
    ]
    prohibitions: Annotated[tuple[dict[str, Any], ...], Field(description="What may not be.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartChanged:
    """One part of a pack that differs between two versions."""

    part: Annotated[str, Field(description="pack, field or prohibition.", examples=["field"])]
    id: Annotated[str, Field(description="Of the part.", examples=["ll144.scope"])]
    what: Annotated[str, Field(description="added, removed or altered.", examples=["altered"])]
    members: Annotated[
        tuple[dict[str, Any], ...],
        Field(description="Of an altered part: name, before and after of what differs."),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAffected:
    """A past report that the newer version would change."""

    report_id: Annotated[str, Field(description="The report.")]
    kind: Annotated[str, Field(description="Its kind.", examples=["ll144_summary"])]
    superseded: Annotated[bool, Field(description="Whether a newer report took its place.")]
    parts: Annotated[
        tuple[str, ...], Field(description="Parts that differ in it.", examples=[["ll144.scope"]])
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What a pack's change means for past reports."""

    pack: Annotated[str, Field(description="The pack.", examples=["ll144"])]
    from_version: Annotated[str, Field(description="Its former version.")]
    to_version: Annotated[str, Field(description="Its later version.")]
    changes: Annotated[tuple[PartChanged, ...], Field(description="What differs.")]
    reports: Annotated[
        tuple[ReportAffected, ...], Field(description="The newest first; those the key may read.")
    ]
    looked_at: Annotated[int, Field(description="Reports that were made with the former version.")]


@router.get("", response_model=PackList, dependencies=[requires("reports:read")])
def list_rule_packs(call: Call, on: On = None) -> Response:
    """All rule packs, in the version of a day, and how they stand on it."""
    own, day = _own(call), on or _today(call)
    items = tuple(_view(pack(name, on=day, own=own), day) for name in packs(own))
    return call.shown(PackList(on=day, items=items))


@router.get("/{pack_id}", response_model=PackDetail, dependencies=[requires("reports:read")])
def read_rule_pack(
    call: Call,
    pack_id: PackId,
    version: Annotated[
        str | None, Query(pattern=_VERSION, description="Left out: that of the day.")
    ] = None,
    on: On = None,
) -> Response:
    """A rule pack with its fields, and how it stands on a day."""
    own, day = _own(call), on or _today(call)
    every = _versions(pack_id, own)
    found = _one(every, version) if version else pack(pack_id, on=day, own=own)
    plain = found.model_dump(mode="json")
    return call.shown(
        PackDetail(
            pack=_view(found, day),
            versions=tuple(each.version for each in every),
            sources=found.sources,
            note=found.note,
            clocks=found.clocks,
            sections=tuple(plain["sections"]),
            prohibitions=tuple(plain["prohibitions"]),
        )
    )


@router.get(
    "/{pack_id}/impact",
    response_model=Impact,
    responses=also(404),
    dependencies=[requires("reports:read")],
)
def read_rule_pack_impact(
    call: Call,
    pack_id: PackId,
    from_version: Annotated[
        str,
        Query(pattern=_VERSION, description="The former version.", examples=["2026-11-22"]),
    ],
    to_version: Annotated[
        str | None, Query(pattern=_VERSION, description="The later one; left out: the newest.")
    ] = None,
) -> Response:
    """Which past reports a changed pack would change, and in what."""
    every = _versions(pack_id, _own(call))
    old = _one(every, from_version)
    new = _one(every, to_version) if to_version else every[-1]
    change = changes(old, new)
    with call.reading() as unit:
        made = {each.id: each for each in _made_with(call, unit, old)}
    past = [_past(each, old) for each in made.values()]
    found = affected(change, past)
    return call.shown(
        Impact(
            pack=pack_id,
            from_version=old.version,
            to_version=new.version,
            changes=tuple(
                PartChanged(
                    part=each.part,
                    id=each.id,
                    what=each.what,
                    members=tuple(
                        {"name": name, "before": before, "after": after}
                        for name, before, after in each.members
                    ),
                )
                for each in change.differences
            ),
            reports=tuple(
                ReportAffected(
                    report_id=each.document,
                    kind=each.kind,
                    superseded=made[each.document].superseded_by is not None,
                    parts=tuple(d.id for d in each.differences),
                )
                for each in found
            ),
            looked_at=len(past),
        )
    )


def _own(call: Call) -> FilePath | None:
    return call.service.settings.packs_dir


def _today(call: Call) -> date:
    return call.service.now().date()


def _versions(pack_id: str, own: FilePath | None) -> list[Pack]:
    found = [each for each in versions(own) if each.pack == pack_id]
    if not found:
        raise NotFound(f"There is no rule pack {pack_id!r}.")
    return found


def _one(every: Iterable[Pack], version: str) -> Pack:
    found = next((each for each in every if each.version == version), None)
    if found is None:
        raise NotFound(f"There is no version {version} of this rule pack.")
    return found


def _view(found: Pack, day: date) -> PackView:
    return PackView(
        id=found.pack,
        version=found.version,
        sha256=found.sha256,
        title=found.title,
        citation=found.citation,
        standing=standing(found, day).value,
        since=found.since,
        until=found.until,
        read=found.read,
        jurisdictions=found.jurisdictions,
        fields=len(found.fields),
    )


def _made_with(call: Call, unit: ReadUnit, wanted: Pack) -> Iterator[Report]:
    """Finished reports that the key may read and that were made with this very pack."""
    where = {"state": RunState.FINISHED, "erased_at": None, "kind": kinds_readable(call)}
    before: str | None = None
    for _ in range(MOST_REPORTS // _BATCH):
        page = unit.page(Report, Page(_BATCH, before), where)
        yield from (
            each
            for each in page.items
            if any((u.id, u.sha256) == (wanted.pack, wanted.sha256) for u in each.packs)
        )
        if not page.more:
            return
        before = page.items[-1].id


def _past(report: Report, wanted: Pack) -> Past:
    used = next(each for each in report.packs if each.id == wanted.pack)
    use = PackUse(id=used.id, version=used.version, sha256=used.sha256)
    return Past(report.id, report.kind, use, used.fields)
