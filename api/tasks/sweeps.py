"""The jobs that clear up what uploads and dead processes left."""

from __future__ import annotations

from api.tasks.bench import Bench
from audit.jobs import JobContext
from audit.operations import leftovers


def sweep_uploads(bench: Bench, _context: JobContext) -> None:
    """Ends uploads that expired, and removes their parts."""
    bench.intake.uploads.sweep()


def sweep_leftovers(bench: Bench, _context: JobContext) -> None:
    """Removes stored bytes that no record names, and working files of dead processes."""
    bench.intake.uploads.sweep_strays()
    leftovers.sweep(bench.store, bench.vault)
    bench.scratch.sweep()
