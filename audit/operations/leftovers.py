"""Stored bytes that no record names: what a process left that died before it recorded them."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from audit.records.evidence import Media, MediaState, Report
from audit.store import ReadUnit, Store
from audit.vault import Vault

AGE = timedelta(hours=24)
"""Younger ones may be of a job or a request that is about to record them."""


def sweep(store: Store, vault: Vault, *, age: timedelta = AGE) -> int:
    """Removes artefacts older than `age` that no record names, or whose record is erased.

    Reads the whole store's list: once a day. Returns how many were removed.
    """
    before = store.now() - age
    found: dict[str, list[str]] = defaultdict(list)
    for artefact in vault.artefacts():
        if artefact.modified < before:
            found[artefact.tenant].append(artefact.id)
    done = 0
    for tenant in set(found) & set(store.tenants()):
        with store.reading(tenant) as unit:
            left = [each for each in found[tenant] if not _named(unit, each)]
        for each in left:
            vault.erase_key(tenant, each)
        done += len(left)
    return done


def _named(unit: ReadUnit, artefact: str) -> bool:
    if artefact.startswith("med_"):
        media = unit.find(Media, id=artefact)
        return media is not None and media.state is MediaState.STORED
    if not artefact.startswith("rep_"):
        return True  # of a part of the service that has rules of its own
    report = unit.find(Report, id=artefact.partition("-")[0])
    if report is None or report.erased_at is not None:
        return False
    return artefact in {each.artefact for each in report.files}
