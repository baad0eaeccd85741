"""A worker of this service: its handlers, schedules and the sealing of the ledger."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from api import tasks
from api.service import Service
from api.tasks import Bench
from api.webhook_task import webhook_endings, webhook_handlers
from audit.jobs import Worker
from audit.operations import erasure, oversight_jobs
from audit.records.work import Queue
from audit.store.sealing import Sealer

_log = logging.getLogger("fairwitness.worker")
EVERY_QUEUE = (Queue.CPU, Queue.GPU, Queue.LIGHT)


def worker_of(service: Service, queues: Sequence[Queue]) -> Worker:
    """A worker with all handlers, not started. It takes jobs of these queues only."""
    bench = Bench(service.settings, service.store, service.vault)
    oversight = oversight_jobs.handlers(service.store, service.vault)
    oversight[erasure.JOB] = tasks.forgetting(bench, oversight[erasure.JOB])
    return Worker(
        service.store,
        service.settings.jobs,
        {
            **tasks.handlers(bench),
            **oversight,
            **webhook_handlers(service.store, service.settings),
        },
        tuple(queues),
        schedules=(*tasks.schedules(), *oversight_jobs.schedules()),
        endings={**tasks.endings(), **webhook_endings()},
    )


@contextmanager
def working(service: Service, queues: Sequence[Queue] = EVERY_QUEUE) -> Iterator[None]:
    """Works while the block runs: for `serve`, with its worker in the same process."""
    with Sealer(service.store), worker_of(service, queues):
        yield


def work_until_told(service: Service, queues: Sequence[Queue]) -> bool:
    """Works until the process is told to stop; True where all running jobs ended or were released.

    The first signal stops gracefully, the second at once.
    """
    told = threading.Event()

    def tell(_number: int, _frame: object) -> None:
        if told.is_set():
            raise KeyboardInterrupt
        told.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, tell)
    worker = worker_of(service, queues)
    with Sealer(service.store):
        worker.start()
        _log.info("worker started", extra={"worker": worker.id})
        told.wait()
        ended = worker.stop()
    _log.info("worker stopped", extra={"worker": worker.id})
    service.store.close()
    return ended
