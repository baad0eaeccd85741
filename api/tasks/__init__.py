"""What workers do: load, call one function of the science, save. See docs/checks-api.md."""

from __future__ import annotations

from functools import partial

from api.tasks.bench import Bench
from api.tasks.challenge import run_challenge
from api.tasks.check import run_check
from api.tasks.compare import run_comparison
from api.tasks.enrol import run_enrolment
from api.tasks.fairness_audit import run_audit
from api.tasks.report import SCHEDULES, run_report, run_schedules
from api.tasks.search import run_search
from api.tasks.share import run_clearing, run_sharing
from api.tasks.sweeps import sweep_leftovers, sweep_records, sweep_uploads
from audit.jobs import JobContext, Schedule, every
from audit.jobs.context import Endings, Handler, Handlers
from audit.operations import (
    challenges,
    checks,
    comparisons,
    fairness_audits,
    references,
    report_orders,
    searches,
    shared,
)

__all__ = ["Bench", "endings", "forgetting", "handlers", "schedules"]

_LEFTOVERS = "sweep_leftovers"
_RECORDS = "sweep_records"
_UPLOADS = "sweep_uploads"


def handlers(bench: Bench) -> Handlers:
    """The handlers of all kinds of jobs, and of what clears up after uploads."""
    return {
        challenges.KIND: partial(run_challenge, bench),
        checks.KIND: partial(run_check, bench),
        comparisons.KIND: partial(run_comparison, bench),
        fairness_audits.KIND: partial(run_audit, bench),
        references.ENROL: partial(run_enrolment, bench),
        report_orders.KIND: partial(run_report, bench),
        searches.KIND: partial(run_search, bench),
        shared.CLEAR: partial(run_clearing, bench),
        shared.SHARE: partial(run_sharing, bench),
        SCHEDULES: partial(run_schedules, bench),
        _LEFTOVERS: partial(sweep_leftovers, bench),
        _RECORDS: partial(sweep_records, bench),
        _UPLOADS: partial(sweep_uploads, bench),
    }


def forgetting(bench: Bench, handler: Handler) -> Handler:
    """A handler that first forgets galleries in memory: for what removes people's bytes."""

    def run(context: JobContext) -> None:
        bench.galleries.clear()
        handler(context)

    return run


def endings() -> Endings:
    """What else follows from jobs that failed or were cancelled."""
    return {
        challenges.KIND: challenges.ended,
        checks.KIND: checks.ended,
        comparisons.KIND: comparisons.ended,
        fairness_audits.KIND: fairness_audits.ended,
        report_orders.KIND: report_orders.ended,
        searches.KIND: searches.ended,
    }


def schedules() -> tuple[Schedule, ...]:
    """When the sweeps run: uploads each quarter of an hour, records and leftovers each night.

    What schedules of reports ask for is looked at each five minutes.
    """
    return (
        every(_UPLOADS, 900, _UPLOADS),
        every("report schedules", 300, SCHEDULES),
        every(_RECORDS, 86_400, _RECORDS, at_s=4 * 3600),
        every(_LEFTOVERS, 86_400, _LEFTOVERS, at_s=3 * 3600),
    )
