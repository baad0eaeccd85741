"""Running jobs of oversight as a worker would."""

from __future__ import annotations

from audit.jobs import JobContext, rows
from audit.operations import oversight_jobs
from audit.records.work import Queue
from audit.store import Store
from audit.vault import Vault


class _Steps:
    def step(self, name: str, function: object) -> object:
        raise AssertionError("these jobs keep no steps")


def run_jobs(store: Store, vault: Vault, kind: str) -> int:
    """Runs all queued jobs of a kind, of all tenants; returns how many."""
    who = rows.Claimant("w1", [kind], store.now())
    with store.system() as connection:
        claims = rows.claim(connection, Queue.LIGHT, limit=99, who=who)
    for claim in claims:
        context = JobContext(claim, store=store, steps=_Steps(), stopping=lambda: False)  # type: ignore[arg-type]
        oversight_jobs.handlers(store, vault)[kind](context)
        assert context.completed
    return len(claims)
