"""The job `webhook`: one delivery, tried until the receiver takes it or no try is left.

Each attempt is a step of the job whose result is recorded before anything follows from it, so that
a worker that dies afterwards does not send again. One that dies between the receiver's answer and
that record does: deliveries happen at least once, always under the same `webhook-id`. An attempt
that was recorded also forgives workers that died before it, so a job that waits for days between
its attempts is not given up because of restarts.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping
from datetime import timedelta

from audit.canonical import Json
from audit.errors import VersionConflict
from audit.jobs import Ending, Handler, JobContext, RetryLater
from audit.operations import deliveries
from audit.operations.announcements import JOB
from audit.operations.deliveries import Order
from audit.records.work import Job
from audit.settings import Settings, Webhooks
from audit.store import Store, UnitOfWork
from audit.webhooks import (
    Attempt,
    Problem,
    Sender,
    TargetRules,
    Verdict,
    judge,
    next_attempt,
)

NOT_YET, CHANGED = "not_yet", "endpoint_changed"
_SOON_S = 0.5
_LOG = logging.getLogger(__name__)


def webhook_handlers(store: Store, settings: Settings) -> dict[str, Handler]:
    """The handler of kind `webhook`. Raises `SettingsInvalid` for hosts that are none."""
    return {JOB: WebhookTask.of(store, settings.webhooks)}


def webhook_endings() -> dict[str, Ending]:
    """What follows from a job of kind `webhook` that failed or was cancelled."""
    return {JOB: delivery_ended}


def delivery_ended(unit: UnitOfWork, job: Job) -> None:
    """A delivery whose job cannot go on is dead, and can be replayed."""
    why = job.error_code or job.state.value
    deliveries.bury(unit, job.subject, why=why, job_id=job.id)


class WebhookTask:
    """Delivers. `rng` draws the waiting times."""

    def __init__(
        self,
        store: Store,
        sender: Sender,
        *,
        max_attempts: int,
        rng: random.Random | None = None,
    ) -> None:
        self._store = store
        self._sender = sender
        self._max_attempts = max_attempts
        self._rng = rng or random.SystemRandom()

    @classmethod
    def of(cls, store: Store, settings: Webhooks) -> WebhookTask:
        """As the settings say. Raises `SettingsInvalid`."""
        sender = Sender(TargetRules.of(settings), timeout_s=settings.timeout_s)
        return cls(store, sender, max_attempts=settings.max_attempts)

    def __call__(self, context: JobContext) -> None:
        """One run of the job: one attempt, or none where there is nothing to send now."""
        now = self._store.now()
        with self._store.reading(context.tenant) as unit:
            order = deliveries.order_of(unit, context.subject, job_id=context.job_id, now=now)
        if order is None:
            return
        if isinstance(order, str):
            with context.completing() as writing:
                deliveries.bury(writing, context.subject, why=order, job_id=context.job_id)
            return
        waits_until = order.delivery.next_at
        if waits_until is not None and waits_until > now:
            raise RetryLater((waits_until - now).total_seconds(), NOT_YET)
        told = context.step(f"attempt {order.made}", lambda: self._send(context, order))
        self._conclude(context, order, told)

    def _send(self, context: JobContext, order: Order) -> Mapping[str, Json]:
        attempt = self._sender.send(
            order.endpoint.url, order.message, order.secrets, sent_at=self._store.now()
        )
        _LOG.info(
            "webhook attempt",
            extra={
                "fields": {
                    "tenant": context.tenant,
                    "delivery": order.delivery.id,
                    "endpoint": order.endpoint.id,
                    "attempt": order.made,
                    "status": attempt.status,
                    "problem": attempt.problem,
                    "seconds": round(attempt.duration_s, 3),
                }
            },
        )
        return {
            "status": attempt.status,
            "problem": attempt.problem.value if attempt.problem else None,
            "retry_after_s": attempt.retry_after_s,
            "endpoint_version": order.endpoint.version,
        }

    def _conclude(self, context: JobContext, order: Order, told: Mapping[str, Json]) -> None:
        attempt = _attempt(told)
        verdict = judge(attempt, order.made, max_attempts=self._max_attempts)
        if verdict is Verdict.ENDPOINT_GONE and told["endpoint_version"] != order.endpoint.version:
            # It was changed since, perhaps to another URL: what answered may not be what is there.
            last = order.made >= self._max_attempts
            verdict = Verdict.DEAD if last else Verdict.RETRY
        if verdict is Verdict.RETRY:
            self._try_again(context, order, attempt)
        note = {
            Verdict.DELIVERED: deliveries.note_delivered,
            Verdict.DEAD: deliveries.note_dead,
            Verdict.ENDPOINT_GONE: deliveries.note_gone,
        }[verdict]
        try:
            with context.completing() as unit:
                note(unit, order, attempt)
        except VersionConflict:
            raise RetryLater(_SOON_S, CHANGED) from None

    def _try_again(self, context: JobContext, order: Order, attempt: Attempt) -> None:
        wait_s = next_attempt(
            order.made,
            self._rng,
            retry_after_s=attempt.retry_after_s,
            max_attempts=self._max_attempts,
        )
        if wait_s is None:
            raise AssertionError("an attempt that is judged to be tried again is not the last")
        with context.unit() as unit:
            next_at = self._store.now() + timedelta(seconds=wait_s)
            deliveries.note_retry(unit, order, attempt, next_at)
        raise RetryLater(wait_s, (attempt.problem or Problem.STATUS).value)


def _attempt(told: Mapping[str, Json]) -> Attempt:
    """What was recorded of an attempt. How long it took is in the log."""
    status, problem, asked = told["status"], told["problem"], told["retry_after_s"]
    return Attempt(
        duration_s=0.0,
        status=status if isinstance(status, int) else None,
        problem=Problem(problem) if isinstance(problem, str) else None,
        retry_after_s=float(asked) if isinstance(asked, int | float) else None,
    )
