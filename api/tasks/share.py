"""Jobs that put templates into shared galleries, and take out what has no basis any more."""

from __future__ import annotations

from api.tasks.bench import Bench
from audit.jobs import JobContext
from audit.operations import shared
from audit.records.evidence import Reference
from audit.records.searches import Membership

_BATCH = 100


def run_sharing(bench: Bench, context: JobContext) -> None:
    """Puts in all that an organisation has enrolled, where consents tell of the gallery."""
    links = shared.links(bench.store, context.tenant, bench.store.now())
    with context.unit() as unit:
        membership = unit.find(Membership, id=context.subject)
        ids = [each.id for each in unit.every(Reference)] if membership else []
    for link in links:
        if link.membership.id != context.subject:
            continue
        for first in range(0, len(ids), _BATCH):
            context.check_cancelled()
            with context.unit() as unit:
                for reference in unit.every(Reference, id=ids[first : first + _BATCH]):
                    shared.share(unit, link, reference)


def share_enrolled(bench: Bench, context: JobContext, reference: Reference) -> None:
    """Puts one reference into the galleries of which its consent tells."""
    for link in shared.links(bench.store, context.tenant, bench.store.now()):
        with context.unit() as unit:
            if unit.find(Reference, id=reference.id) is not None:
                shared.share(unit, link, reference)


def run_clearing(bench: Bench, context: JobContext) -> None:
    """Removes, from all who were ever let in, what they have in a gallery without a basis."""
    with context.unit() as unit:
        members = shared.all_members(unit, context.subject)
    known = set(bench.store.tenants())
    for member in members:
        if member in known:
            shared.clear(bench.store, member)
    bench.galleries.clear()
