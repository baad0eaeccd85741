"""The jobs `report` and `report_schedules`."""

from __future__ import annotations

import logging

from api.tasks.bench import Bench
from api.tasks.issuing import issued
from api.tasks.report_builders import build
from audit.errors import AuditError, VersionConflict
from audit.jobs import JobContext
from audit.operations import report_orders, report_schedules, reports

SCHEDULES = "report_schedules"
_log = logging.getLogger("fairwitness.reports")


def run_report(bench: Bench, context: JobContext) -> None:
    """Makes one report that was asked for."""
    with context.unit() as unit:
        work = report_orders.begin(unit, context.subject)
    if work is None:
        return
    report = work.report
    context.progress(0.05, "gathering facts")
    document = build(bench, context, work)
    context.check_cancelled()
    made = issued(bench, context, document)
    files = reports.seal(
        bench.vault, context.tenant, report, written=made.written, attempt=context.attempt
    )
    with context.completing() as unit:
        finished = report_orders.finish(unit, report.id, files, made.signed)
    if finished is None:
        reports.discard(bench.vault, context.tenant, files)


def run_schedules(bench: Bench, context: JobContext) -> None:
    """Orders the reports of all periods that have ended, of all tenants.

    A schedule that fails keeps no other waiting, and is tried again with the next job.
    """
    now = bench.store.now()
    for tenant, schedule in report_schedules.due(bench.store, now):
        context.check_cancelled()
        try:
            _catch_up(bench, tenant, schedule)
        except VersionConflict:  # another worker was faster
            continue
        except AuditError as error:
            _log.warning("a schedule failed", extra={"schedule": schedule, "code": error.code})


def _catch_up(bench: Bench, tenant: str, schedule: str) -> None:
    ordered: str | None = schedule
    while ordered is not None:
        with bench.store.unit(tenant) as unit:
            ordered = report_schedules.take_up(unit, schedule, bench.store.now())
