"""Jobs of oversight: removing stored bytes of what was erased, the nightly sweep, reminders."""

from __future__ import annotations

from collections.abc import Iterator

from audit.jobs import SERVICE_TENANT, Handler, JobContext, Schedule, enqueue, every
from audit.operations import erasure, reminders, retention
from audit.operations.retention import Swept
from audit.records.evidence import Media, MediaState, Report, Upload, UploadState
from audit.records.work import Queue
from audit.store import ReadUnit, Store
from audit.vault import Vault

SWEEP = "retention_sweep"
SWEEP_TENANT = "retention_sweep_tenant"
REMIND = "remind"
_DAY_S = 24 * 3600
_REMIND_S = 900
_AT_NIGHT_S = 2 * 3600


def handlers(store: Store, vault: Vault) -> dict[str, Handler]:
    """The handlers by kind of job; all idempotent."""

    def erase(context: JobContext) -> None:
        with store.reading(context.tenant) as unit:
            artefacts = tuple(_erased_artefacts(unit, context.subject))
        for number, artefact in enumerate(artefacts):
            context.check_cancelled()
            context.progress(number / len(artefacts), "removing stored bytes")
            vault.erase_key(context.tenant, artefact)
        with context.completing():
            pass

    def sweep(context: JobContext) -> None:
        # A job for each tenant: what fails for one is tried again, and keeps no other waiting.
        for tenant in store.tenants():
            if tenant != SERVICE_TENANT:
                with store.unit(tenant) as unit:
                    key = f"{SWEEP}:{context.job_id}"
                    enqueue(
                        unit, kind=SWEEP_TENANT, subject=SWEEP, queue=Queue.LIGHT, dedup_key=key
                    )
        with context.completing():
            pass

    def sweep_tenant(context: JobContext) -> None:
        context.progress(0.0, "erasing what is due")
        done = Swept()
        retention.sweep_tenant(
            store, context.tenant, now=store.now(), total=done, between=context.check_cancelled
        )
        with context.completing():
            pass

    def remind(context: JobContext) -> None:
        reminders.remind(store, store.now())
        with context.completing():
            pass

    return {erasure.JOB: erase, SWEEP: sweep, SWEEP_TENANT: sweep_tenant, REMIND: remind}


def schedules() -> tuple[Schedule, ...]:
    """The sweep at 02:00 UTC, reminders each quarter of an hour."""
    return (
        every("retention sweep", _DAY_S, SWEEP, at_s=_AT_NIGHT_S),
        every("reminders", _REMIND_S, REMIND),
    )


def _erased_artefacts(unit: ReadUnit, subject: str) -> Iterator[str]:
    """Names of stored bytes whose record is erased: of a candidate, or of one medium or report."""
    of: dict[str, object] = (
        {"candidate_id": subject} if subject.startswith("cand_") else {"id": subject}
    )
    for media in unit.every(Media, **of, state=MediaState.ERASED):
        yield media.id
    for report in unit.every(Report, **of):
        if report.erased_at is not None:
            yield from (file.artefact for file in report.files)
    ended = (UploadState.EXPIRED, UploadState.REFUSED)
    for upload in unit.every(Upload, **of, state=ended):
        yield "med_" + upload.id.partition("_")[2]
