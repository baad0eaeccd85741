"""Signing a document for a tenant, and its forms, as the jobs of checks, audits and reports do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.tasks.bench import Bench
from api.tenant_keys import current_signer
from audit.jobs import JobContext
from audit.ledger import timestamp
from audit.operations.reports import RESULT, Signed, Written
from audit.records.evidence import PackUsed
from audit.store import Store
from audit.store.public import tenant_name
from reports.canonical import canonical
from reports.document.draft import Issue
from reports.document.model import Document, Source
from reports.issuing import FORMATS, MEDIA_TYPES, issue, render_file
from reports.packs import past_of, versions
from reports.proof.envelope import LedgerHead
from reports.proof.sealing import ledger_head

_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Issued:
    """The forms of a document, and what is known of it."""

    written: tuple[Written, ...]
    signed: Signed


def issued(
    bench: Bench,
    context: JobContext,
    document: Document,
    *,
    result: Mapping[str, Any] | None = None,
    more: tuple[Written, ...] = (),
) -> Issued:
    """The document signed with the tenant's key, in all formats.

    `result`: what the document tells of, for programs; it becomes the form `result`.

    Raises:
        DocumentInvalid: the document says what its data do not; nothing is signed.
        ReportKeyUnusable: there is no key to sign with.
    """
    context.progress(0.96, "writing the report")
    with context.unit() as unit:
        signer = current_signer(bench.store, unit)
    head = head_of(bench.store, context.tenant)
    envelope = issue(document, signer, head=head, signed_at=timestamp(bench.store.now()))
    made: list[Written] = []
    for format in FORMATS:
        context.check_cancelled()
        made.append(Written(format, MEDIA_TYPES[format], render_file(envelope, format, signer)))
    if result is not None:
        made.append(Written(RESULT, _JSON, canonical(dict(result))))
    packs = tuple(
        PackUsed(
            id=past.use.id, version=past.use.version, sha256=past.use.sha256, fields=past.fields
        )
        for past in past_of(envelope.document, versions(bench.settings.packs_dir))
    )
    proof = envelope.proof
    signed = Signed(document_sha256=proof.document_sha256, key_id=proof.key_id, packs=packs)
    return Issued((*made, *more), signed)


def issue_of(bench: Bench, context: JobContext, report_id: str, *sources: Source) -> Issue:
    """Who issues the report that comes with a check, comparison or audit, and from what."""
    return Issue(
        id=report_id,
        issued_at=timestamp(bench.store.now()),
        publisher=tenant_name(bench.store, context.tenant),
        sources=sources,
    )


def head_of(store: Store, tenant: str) -> LedgerHead:
    """A fresh head of the tenant's ledger, with the key that signed it."""
    with store.ledger(tenant) as ledger:
        head = ledger.seal()
    return ledger_head(head, public_key_of(store, tenant, head.key_id))


def public_key_of(store: Store, tenant: str, key_id: str) -> bytes:
    """The public key of the ledger that has this id."""
    with store.stored_log(tenant) as log:
        return next(key.public for key in log.verify_keys() if key.key_id == key_id)
