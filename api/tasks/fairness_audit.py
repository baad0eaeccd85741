"""The job `fairness_audit`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from api.tasks.bench import Bench, Watched
from api.tasks.issuing import Issued, issue_of, issued
from audit.errors import DataInvalid
from audit.jobs import JobContext
from audit.operations import fairness_audits, media, reports
from audit.operations.demographics import SelfReported, read_demographics
from audit.operations.fairness_audits import Found, Work
from audit.operations.outcome_tables import OutcomeRows, WrittenTable, outcome_rows, write_table
from audit.operations.reports import Written
from fairness.audit import audit
from fairness.builder import cube_of
from fairness.outcome_spec import Facts, spec_of_outcomes
from fairness.spec import AuditSpec, load_spec
from fairness.spec_parts import Limits
from reports.compose.fairness_audit import compose
from reports.document.model import Source
from reports.fairness_json import audit_document, made_at, read_audit
from reports.proof.bundle import withholds

_AT_ONCE = 5000
_ROW_BYTES = 2048


@dataclass(frozen=True, slots=True)
class _Input:
    """What is audited. `label`: how the report calls it."""

    path: Path
    spec: AuditSpec
    label: str


def run_audit(bench: Bench, context: JobContext) -> None:
    """Audits stored outcomes or an uploaded table, and stores what was found."""
    with context.unit() as unit:
        work = fairness_audits.begin(unit, context.subject)
    if work is None:
        return
    with _input(bench, context, work) as given:
        result = audit(str(given.path), given.spec, progress=Watched(context))
        counts = cube_of(str(given.path), given.spec).to_json().encode()
    result = replace(result, data=replace(result.data, label=given.label))
    now = bench.store.now()
    document = audit_document(result, made_at(now.isoformat(timespec="seconds")))
    context.check_cancelled()
    about = fairness_audits.about(work.audit)
    made = _issued(bench, context, work, (document, counts))
    files = reports.seal(
        bench.vault,
        context.tenant,
        about,
        written=made.written,
        attempt=context.attempt,
    )
    with context.completing() as unit:
        found = Found(document=document, files=files, signed=made.signed)
        finished = fairness_audits.finish(unit, work.audit.id, found)
    if finished is None:
        reports.discard(bench.vault, context.tenant, files)


def _issued(
    bench: Bench, context: JobContext, work: Work, found: tuple[dict[str, Any], bytes]
) -> Issued:
    """The signed report of an audit; its counts go with it where nothing was withheld."""
    document, counts = found
    plain = read_audit(document).model_dump(mode="json")
    sha256 = str(plain["run"]["content_sha256"])
    source = Source(name="audit", id=work.audit.id, sha256=sha256)
    about = fairness_audits.about(work.audit)
    report = compose(plain, issue_of(bench, context, about.report_id, source))
    cube = () if withholds(plain) else (Written(reports.CUBE, "application/json", counts),)
    return issued(bench, context, report, result=document, more=cube)


@contextmanager
def _input(bench: Bench, context: JobContext, work: Work) -> Iterator[_Input]:
    """A private file with the table, for as long as the block runs."""
    if work.table is not None:
        with media.fetched(bench.vault, context.tenant, work.table) as path:
            yield _Input(path, _limited(load_spec(work.audit.spec)), work.table.name or "table")
        return
    with bench.store.reading(context.tenant) as unit:
        rows = outcome_rows(unit, work.audit)
    if not rows.outcomes:
        raise DataInvalid(
            "No outcomes are stored for this system and time: bring them in first, or widen the "
            "time."
        )
    reported = _reported(context, rows, work.audit.id)
    with bench.scratch.file(_ROW_BYTES * len(rows.outcomes), suffix=".csv") as (path, _):
        table = write_table(path, rows, reported)
        spec = work.audit.spec or spec_of_outcomes(_facts(work.audit.name, rows, table))
        yield _Input(path, _limited(load_spec(spec)), "stored outcomes")


def _reported(context: JobContext, rows: OutcomeRows, audit_id: str) -> dict[str, SelfReported]:
    """What candidates reported, some thousands in each transaction."""
    found: dict[str, SelfReported] = {}
    candidates = rows.candidates
    for start in range(0, len(candidates), _AT_ONCE):
        with context.unit() as unit:
            found |= read_demographics(unit, candidates[start : start + _AT_ONCE], audit_id)
        context.check_cancelled()
    return found


def _facts(title: str, rows: OutcomeRows, table: WrittenTable) -> Facts:
    places = {code for system in rows.systems.values() for code in system.jurisdictions}
    return Facts(
        title=title,
        filled=table.columns,
        reported=table.reported,
        scores=rows.scores,
        stages=rows.stages,
        several_quarters=len({_quarter(first) for first in rows.first.values()}) > 1,
        places=frozenset(places),
    )


def _quarter(moment: datetime) -> tuple[int, int]:
    return moment.year, (moment.month - 1) // 3


def _limited(spec: AuditSpec) -> AuditSpec:
    """Limits are the service's, not those of whoever writes a specification."""
    return spec.model_copy(update={"limits": Limits(), "query": None})
