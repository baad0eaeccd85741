"""Stopping all automated processing of a candidate: at once, and everywhere.

The candidate is marked, so that nothing new starts, and what is queued or runs is cancelled, in one
transaction. A check that a worker has in hands is marked as cancelled here and now: whatever the
worker still finds out is not stored, because its check has ended.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from audit.jobs import request_cancel
from audit.ledger import EventKind
from audit.operations.announcements import announce
from audit.operations.changes import change
from audit.records.evidence import Check, Comparison, RunState
from audit.records.register import Candidate, Stopped
from audit.records.searches import Search
from audit.store import UnitOfWork
from audit.webhooks import CheckCancelled

CODE = "candidate_stopped"
"""Error code of checks, comparisons and searches that were cancelled because of this."""

R = TypeVar("R", Check, Comparison, Search)
_UNDER_WAY = (RunState.QUEUED, RunState.RUNNING)
_WEIGHT = (
    Stopped.NOT_STOPPED,
    Stopped.CONSENT_WITHDRAWN,
    Stopped.OPTED_OUT,
    Stopped.ERASED,
)


def stop_candidate(unit: UnitOfWork, candidate_id: str, why: Stopped) -> tuple[str, ...]:
    """Stops automated processing of a candidate; returns ids of what was cancelled.

    A weaker reason does not take the place of a stronger one: erased, opted out, withdrawn.
    """
    now = unit.now()

    def stopped(candidate: Candidate) -> Candidate:
        if _WEIGHT.index(candidate.stopped) >= _WEIGHT.index(why):
            return candidate
        return replace(candidate, stopped=why, stopped_at=candidate.stopped_at or now)

    change(unit, Candidate, candidate_id, stopped)
    return (
        *_cancel_checks(unit, candidate_id),
        *_cancel_runs(unit, Comparison, candidate_id),
        *_cancel_runs(unit, Search, candidate_id),
    )


def _cancel_checks(unit: UnitOfWork, candidate_id: str) -> list[str]:
    cancelled = []
    for found in unit.every(Check, candidate_id=candidate_id, state=_UNDER_WAY):
        request_cancel(unit, found.job_id)
        check = change(unit, Check, found.id, lambda each: _cancelled(unit, each))
        if check.state is RunState.CANCELLED and check.error_code == CODE:
            unit.record(EventKind.CHECK_CANCELLED, check.id, {"code": CODE})
            announce(unit, CheckCancelled(check_id=check.id))
            cancelled.append(check.id)
    return cancelled


def _cancel_runs(unit: UnitOfWork, kind: type[R], candidate_id: str) -> list[str]:
    cancelled = []
    for found in unit.every(kind, candidate_id=candidate_id, state=_UNDER_WAY):
        request_cancel(unit, found.job_id)
        run = change(unit, kind, found.id, lambda each: _cancelled(unit, each))
        if run.error_code == CODE:
            cancelled.append(run.id)
    return cancelled


def _cancelled(unit: UnitOfWork, value: R) -> R:
    if value.state.final:
        return value
    return replace(
        value,
        state=RunState.CANCELLED,
        error_code=CODE,
        error_detail="Automated processing of the candidate was stopped.",
        finished_at=unit.now(),
    )
