"""From a table to an audit: it is sent, looked at, its columns are named, the audit starts.

Whoever may start audits sees the first rows of a table that was sent; each look is in the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query, Response

from api.parts import FieldsAndFile
from api.problems import Refusal
from api.routes.fairness_audits import checked_spec
from api.routes.paths import MediaId
from api.scopes import requires
from api.workplace import fairness_mapping as mapping
from api.workplace.fairness import FAIRNESS, WRITE
from api.workplace.framing import FileRoute, Visit, VisitDep, router
from api.workplace.sending import taking_file
from audit.errors import AuditError, NotFound
from audit.operations import fairness_audits, media, uploads
from audit.operations.fairness_audits import AuditOrder
from audit.operations.media import MediaOrder
from audit.records.evidence import FairnessAudit, Media, MediaKind
from audit.store import UnitOfWork
from fairness.draft import TableLook, look_at
from fairness.spec import parse_yaml
from fairness.spec_parts import Limits

pages = router()
sending = router(FileRoute)
MOST_LOOKED_MB = 512
"""Larger tables are audited over the API or the command line."""
MOST_COLUMNS = 200
ROWS = 20
_LIMITS = Limits(memory_mb=256, threads=1)
_LONGEST_NAME = 200


@sending.post("/fairness/tables", dependencies=[requires(WRITE)])
async def send_table(visit: VisitDep) -> Response:
    """Takes a table, as the API does, and goes on to the page where its columns are named."""

    def work(form: FieldsAndFile, _: Mapping[str, str]) -> Response:
        call, intake = visit.call, visit.call.service.intake
        pieces = form.file()
        order = MediaOrder(kind=MediaKind.TABLE, name=form.file_name)
        got = uploads.receive_table(intake, call.tenant, order, chunks=pieces)
        with ExitStack() as undo:
            undo.callback(call.service.vault.erase_key, call.tenant, got.id)
            with call.unit(answers=False) as unit:
                table = uploads.finish_table(unit, intake, order, got)
            undo.pop_all()
        return visit.go(f"{FAIRNESS}/tables/{table.id}", "table_sent")

    return await taking_file(visit, work)


@dataclass(frozen=True, slots=True)
class _Looked:
    """A table, and what was seen of it."""

    table: Media
    look: TableLook


@pages.get("/fairness/tables/{table_id}", dependencies=[requires(WRITE)])
def table_page(
    visit: VisitDep,
    table_id: MediaId,
    like: Annotated[str, Query(pattern="^(aud_[0-9A-HJKMNP-TV-Z]{26})?$")] = "",
) -> Response:
    """The first rows of a table, and what its columns may mean. `like`: as in an earlier audit."""
    with visit.call.unit(answers=False) as unit:
        table = _table(unit, table_id)
        earlier = unit.get(FairnessAudit, like) if like else None
    looked = _Looked(table, _look(visit, table))
    spec = earlier.spec if earlier and earlier.spec else looked.look.draft.fields
    form = mapping.prefilled(dict(spec), looked.look.columns)
    form["name"] = earlier.name if earlier else ""
    return _shown(visit, looked, form, {}, earlier=earlier is not None)


@pages.post("/fairness/tables/{table_id}", dependencies=[requires(WRITE)])
def name_columns(visit: VisitDep, table_id: MediaId) -> Response:
    """Shows the form for the chosen columns, or starts the audit."""
    with visit.call.unit(answers=False) as unit:
        table = _table(unit, table_id)
    looked = _Looked(table, _look(visit, table))
    columns = looked.look.columns
    form, changed = mapping.again(visit.form, columns)
    if form.get("do") != "start":
        return _shown(visit, looked, form, {})
    if changed and not form.get("text", "").strip():
        names = ", ".join(map(repr, changed[:5]))
        note = f"You changed what these columns mean: {names}. Check what stands below them."
        return _shown(visit, looked, form, {"columns": note})
    read = _read(form, looked)
    if read.faults:
        return _shown(visit, looked, form, read.faults)
    order = AuditOrder(name=read.spec["title"], source=table_id, spec=read.spec)
    with visit.call.unit(answers=False) as unit:
        made = fairness_audits.request_audit(unit, order)
    return visit.go(f"{FAIRNESS}/{made.id}", "audit_started")


def _read(form: Mapping[str, str], looked: _Looked) -> mapping.Read:
    """What the form says, or the text that stands instead of it."""
    text = form.get("text", "").strip()
    if text:
        read = mapping.Read()
        if not form.get("name", "").strip():
            read.faults["name"] = "Give the audit a name."
    else:
        read = mapping.read(form, looked.look.columns)
    if read.faults:
        return read
    name = form["name"].strip()[:_LONGEST_NAME]
    try:
        given: Any = parse_yaml(text, "your text") if text else read.spec
        read.spec = checked_spec(given) if isinstance(given, dict) else {}
        if not read.spec:
            read.faults["text"] = "Write fields such as `outcome:` and `features:`."
        read.spec = {**read.spec, "title": name}
    except AuditError as error:
        read.faults["text" if text else "columns"] = str(error)
    return read


def _table(unit: UnitOfWork, table_id: str) -> Media:
    """The row of a table that is about to be looked at; recorded."""
    table = media.read(unit, table_id, why="preview")
    if table.kind is not MediaKind.TABLE:
        raise NotFound("There is no such table.")
    return table


def _look(visit: Visit, table: Media) -> TableLook:
    if table.size_bytes > MOST_LOOKED_MB * 2**20:
        raise Refusal(
            "payload_too_large",
            f"Tables of more than {MOST_LOOKED_MB} MiB are not looked at here; audit them over the "
            "API or on the command line.",
        )
    with media.fetched(visit.call.service.vault, visit.call.tenant, table) as path:
        return look_at(str(path), rows=ROWS, limits=_LIMITS)


def _shown(
    visit: Visit,
    looked: _Looked,
    form: Mapping[str, str],
    faults: dict[str, str],
    *,
    earlier: bool = False,
) -> Response:
    """The page, with the details of those columns that have a meaning."""
    columns = looked.look.columns
    if len(columns) > MOST_COLUMNS:
        faults["columns"] = (
            f"The table has {len(columns)} columns; the first {MOST_COLUMNS} are shown. Leave out "
            "those that the audit does not need, or audit it over the API."
        )
    chosen = {form.get(f"c{place}", "") for place in range(len(columns))}
    dates = [column.name for column in columns if column.date_formats]
    return visit.page(
        "fairness/table.html",
        status=422 if faults else 200,
        table=looked.table,
        columns=columns[:MOST_COLUMNS],
        rows=looked.look.rows,
        draft=None if earlier else looked.look.draft,
        given=form,
        faults=faults,
        chosen=chosen,
        dates=dates,
        roles=mapping.ROLES,
        meanings=mapping.WORDS,
        groups=mapping.GROUPS,
        grains=mapping.GRAINS,
        few=mapping.grouped,
    )
