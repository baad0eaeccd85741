"""Runs one claimed job, and writes how it ended."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from audit.jobs import rows
from audit.jobs.context import Endings, Handlers, JobContext
from audit.jobs.durable import DurableSteps, Recorder
from audit.jobs.outcomes import (
    SUCCEEDED,
    TAKEN_OVER,
    gave_up,
    log_failure,
    outcome_of,
)
from audit.records.work import Job, JobState
from audit.store import Store, UnitOfWork
from audit.store.availability import database_unavailable

_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Runner:
    """What running jobs needs. `stopping`: runs end at their next step; `closed`: nothing more."""

    store: Store
    steps: DurableSteps
    handlers: Handlers
    endings: Endings
    stopping: threading.Event
    closed: threading.Event

    def run(self, run: rows.Claim) -> None:
        """Runs the handler, and writes how it ended as long as this run has the job."""
        outcomes: list[rows.Outcome | None] = []
        try:
            self.steps.run(run, lambda steps: outcomes.append(self._handle(run, steps)))
        except Exception as error:  # noqa: BLE001 - the edge of a job: the record of steps failed
            if not outcomes:  # else the handler had ended, and what it said counts
                outcomes.append(outcome_of(error, run))
        if outcomes and outcomes[0] is not None:
            self._write(run, outcomes[0])

    def settle(self, run: rows.Claim, outcome: rows.Outcome, *, endings: bool = True) -> None:
        """Writes how a run ended, with what follows from that; nothing if the job is not its."""
        with self.store.unit(run.tenant) as unit:
            over = self._settle(unit, run, outcome, endings=endings)
        if over:
            self.steps.forget(run.job, run.attempt)

    def bury(self, run: rows.Claim, *, stale_s: float, give_up_after: int) -> bool:
        """Puts the job of a dead worker back into its queue, or gives it up. False: it lives."""
        outcome = gave_up(run) if run.losses + 1 >= give_up_after else TAKEN_OVER
        with self.store.unit(run.tenant) as unit:
            if not rows.seize(unit.connection, run, stale_s=stale_s):
                return False
            over = self._settle(unit, run, outcome, endings=True)
        if over:
            self.steps.forget(run.job, run.attempt)
        return True

    def _settle(
        self, unit: UnitOfWork, run: rows.Claim, outcome: rows.Outcome, *, endings: bool
    ) -> bool:
        """Whether the job has ended, by this or before it."""
        state = rows.settle(unit.connection, run, outcome, self.store.now())
        ending = self.endings.get(run.kind)
        if endings and ending is not None and state in (JobState.FAILED, JobState.CANCELLED):
            ending(unit, unit.get(Job, run.job))
        return run.job in rows.ended(unit.connection, [run.job])

    def _handle(self, run: rows.Claim, steps: Recorder) -> rows.Outcome | None:
        context = JobContext(run, store=self.store, steps=steps, stopping=self.stopping.is_set)
        try:
            self.handlers[run.kind](context)
        except BaseException as error:  # noqa: BLE001 - the edge of a job: its thread ends here
            if not context.completed:
                return outcome_of(error, run)
            log_failure("job succeeded, then raised", error, job=run.job, kind=run.kind)
        return SUCCEEDED

    def _write(self, run: rows.Claim, outcome: rows.Outcome) -> None:
        """As often as the database needs. An ending that fails is left out the second time."""
        endings = True
        while not self.closed.is_set():
            try:
                self.settle(run, outcome, endings=endings)
            except Exception as error:  # noqa: BLE001 - the edge of a job
                if not database_unavailable(error):
                    log_failure("end of a job not written", error, job=run.job, kind=run.kind)
                    if not endings:
                        return  # silent from here on, so that another worker takes the job over
                    endings = False
            else:
                return
            self.closed.wait(_AGAIN_S)
