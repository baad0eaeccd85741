"""Work that comes round: one job for each period, whoever of all workers enqueues it first."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from audit.errors import AlreadyExists
from audit.jobs.rows import enqueue, forget_ended
from audit.records.work import Queue
from audit.store import Store

SERVICE_TENANT = "service"
"""Owns the jobs that work over all tenants."""
_KEEP_PERIODS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A job of `kind` each `every_s` seconds, `at_s` seconds after midnight UTC and then on."""

    name: str
    kind: str
    every_s: int
    at_s: int = 0
    queue: Queue = Queue.LIGHT
    priority: int = 100

    def period(self, now: datetime) -> int:
        """The number of the period that `now` is in."""
        return (int(now.timestamp()) - self.at_s) // self.every_s


def every(name: str, seconds: int, kind: str, *, at_s: int = 0) -> Schedule:
    """A schedule in queue `light`."""
    return Schedule(name=name, every_s=seconds, kind=kind, at_s=at_s)


class Clockwork:
    """Enqueues the job of each period, once over all workers; none for periods nobody saw."""

    def __init__(self, store: Store, schedules: Sequence[Schedule]) -> None:
        self._store = store
        self._schedules = tuple(schedules)
        self._seen: dict[str, int] = {}

    def prepare(self) -> None:
        """Makes the tenant of the service where there are schedules."""
        if self._schedules:
            with suppress(AlreadyExists):
                self._store.add_tenant(SERVICE_TENANT, "The service itself")

    def tick(self) -> None:
        """Enqueues what the present period asks for."""
        now = self._store.now()
        for schedule in self._schedules:
            period = schedule.period(now)
            if self._seen.get(schedule.name) != period:
                self._enqueue(schedule, period)
                self._forget(schedule, now)
                self._seen[schedule.name] = period

    def _enqueue(self, schedule: Schedule, period: int) -> None:
        with self._store.unit(SERVICE_TENANT) as unit:
            enqueue(
                unit,
                kind=schedule.kind,
                subject=schedule.name,
                queue=schedule.queue,
                priority=schedule.priority,
                dedup_key=f"every:{schedule.name}:{period}",
            )

    def _forget(self, schedule: Schedule, now: datetime) -> None:
        # A schedule of seconds would fill the table; the keys of long past periods are not needed.
        before = now - timedelta(seconds=_KEEP_PERIODS * schedule.every_s)
        if schedule.period(now) % _KEEP_PERIODS == 0:
            with self._store.system() as connection:
                forget_ended(connection, before, prefix=f"every:{schedule.name}:")
