"""The jobs that clear up what uploads and dead processes left."""

from __future__ import annotations

from datetime import timedelta

from api.tasks.bench import Bench
from audit.jobs import JobContext, forget_ended
from audit.operations import announcements, erasure, leftovers, shared
from audit.store.access import forget_answers
from audit.store.public import forget_links

KEPT = timedelta(days=30)
"""How long jobs that nothing refers to, and links, can still be looked at after their end."""
_LOOSE_KINDS = (announcements.JOB, erasure.JOB)


def sweep_uploads(bench: Bench, _context: JobContext) -> None:
    """Ends uploads that expired, and removes their parts."""
    bench.intake.uploads.sweep()


def sweep_leftovers(bench: Bench, _context: JobContext) -> None:
    """Removes stored bytes that no record names, and working files of dead processes."""
    bench.intake.uploads.sweep_strays()
    leftovers.sweep(bench.store, bench.vault)
    bench.scratch.sweep()


def sweep_records(bench: Bench, _context: JobContext) -> None:
    """Forgets answers to repeated requests that expired, links and jobs that ended long ago.

    What is in shared galleries without a basis that holds is removed.
    """
    forget_answers(bench.store)
    forget_links(bench.store, bench.store.now() - KEPT)
    for tenant in bench.store.tenants():
        shared.clear(bench.store, tenant)
    with bench.store.system() as connection:
        forget_ended(connection, bench.store.now() - KEPT, kinds=_LOOSE_KINDS)
