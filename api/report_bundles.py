"""Signed documents of stored reports, and evidence bundles of them."""

from __future__ import annotations

from api.service import Service
from api.tasks.issuing import public_key_of
from api.tenant_keys import keys_of
from audit.errors import DataKeyDestroyed
from audit.ledger import EventKind, LedgerEntry
from audit.operations import reports
from audit.operations.reports import CUBE, RESULT
from audit.records.evidence import Report
from audit.store import Store
from audit.store.about import sequences_about
from audit.vault import Vault
from reports.issuing import FORMATS, Format
from reports.packs import versions
from reports.proof.bundle import Contents, make_bundle
from reports.proof.envelope import Envelope
from reports.proof.receipts import Receipt, receipt
from reports.proof.sealing import ledger_head

_FORM = "bundle"


def envelope(vault: Vault, tenant: str, report: Report) -> Envelope:
    """The signed document of a report. Raises `DataKeyDestroyed` where it was erased."""
    data = reports.whole(vault, tenant, report, "json")
    if data is None:
        raise DataKeyDestroyed(f"The report {report.id} was made before documents were signed.")
    return Envelope.model_validate_json(data)


def bundle(service: Service, tenant: str, report_id: str, *, actor: str) -> bytes:
    """The evidence bundle of a report; recorded as a reading.

    Raises:
        NotFound, StepRefused, DataKeyDestroyed: there is no such report, or nothing to read.
        ReportKeyUnusable: the key that signed it is not at hand any more.
    """
    store, vault = service.store, service.vault
    with store.reading(tenant) as reading:
        report = reports.readable(reading, report_id)
    signed = envelope(vault, tenant, report)
    with store.unit(tenant, actor=actor) as unit:
        report = reports.readable(unit, report_id)
        sha256 = report.document_sha256 or ""
        reports.note_read(unit, report, _FORM, sha256=sha256)
        keys = keys_of(store, unit)
        signer = keys.signer(signed.proof.key_id)
        directory = keys.directory()
    files: dict[Format, bytes] = {}
    for format in FORMATS:
        data = reports.whole(vault, tenant, report, format)
        if data is not None:
            files[format] = data
    contents = Contents(
        files=files,
        formats=tuple(files),
        result=reports.whole(vault, tenant, report, RESULT),
        cube=reports.whole(vault, tenant, report, CUBE),
        receipts=_receipts(store, tenant, report),
        keys=directory,
        packs=_own_packs(service, report),
    )
    return make_bundle(signed, contents, signer)


def _receipts(store: Store, tenant: str, report: Report) -> tuple[Receipt, ...]:
    """That the report was issued, and that what it tells of was carried out."""
    kinds = (EventKind.REPORT_ISSUED, EventKind.CHECK_FINISHED, EventKind.AUDIT_FINISHED)
    subjects = [report.id, report.subject]
    store.seal(tenant)
    with store.system(read_only=True) as connection:
        found = sequences_about(connection, tenant, subjects, kinds=kinds)
    made = []
    with store.ledger(tenant) as ledger:
        head = ledger.seal()
        for sequence in found:
            entry: LedgerEntry = next(iter(ledger.entries(sequence, sequence + 1)))
            made.append((entry, ledger.inclusion(sequence, size=head.size)))
    proved = ledger_head(head, public_key_of(store, tenant, head.key_id))
    return tuple(receipt(entry, proof, proved) for entry, proof in made)


def _own_packs(service: Service, report: Report) -> dict[str, bytes]:
    """Files of the organisation's own packs that were applied; shipped ones come by themselves."""
    folder = service.settings.packs_dir
    if folder is None:
        return {}
    used = {(each.id, each.version, each.sha256) for each in report.packs}
    found = {}
    for each in versions(folder):
        name = f"{each.pack}.{each.version}.yaml"
        if (each.pack, each.version, each.sha256) in used and (folder / name).is_file():
            found[name] = (folder / name).read_bytes()
    return found
