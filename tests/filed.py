"""Reports that are stored for tests: signed with the tenant's key, as a worker would."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from api.tasks.issuing import head_of
from api.tenant_keys import current_signer
from audit.ledger import timestamp
from audit.operations import report_orders, reports
from audit.operations.report_orders import ReportOrder
from audit.operations.reports import Signed, Written
from audit.records.evidence import PackUsed, Report, RunState
from audit.store import Store
from audit.vault import Vault
from reports.compose import ll144_summary
from reports.document.draft import Issue
from reports.document.model import Document
from reports.issuing import MEDIA_TYPES, Format, issue, render_file
from reports.packs import Recorded, past_of, versions
from tests.reports.compose import fairness_material as material

QUICK: tuple[Format, ...] = ("json", "html")
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415478"
    "9c636064620600000e0007d76fe4780000000049454e44ae426082"
)
"""One pixel."""


def filed(
    store: Store,
    vault: Vault,
    tenant: str,
    order: ReportOrder,
    *,
    compose: Callable[[Issue], Document],
    formats: Iterable[Format] = QUICK,
) -> Report:
    """An ordered report, finished, whose document `compose` makes."""
    with store.unit(tenant) as unit:
        asked = report_orders.request_report(unit, order)
        work = report_orders.begin(unit, asked.id)
        signer = current_signer(store, unit)
    assert work is not None and work.report.state is RunState.RUNNING
    now = timestamp(store.now())
    document = compose(Issue(id=asked.id, issued_at=now, publisher="Acme"))
    envelope = issue(document, signer, head=head_of(store, tenant), signed_at=now)
    written = tuple(
        Written(each, MEDIA_TYPES[each], render_file(envelope, each, signer)) for each in formats
    )
    files = reports.seal(vault, tenant, work.report, written=written, attempt=1)
    packs = tuple(
        PackUsed(id=p.use.id, version=p.use.version, sha256=p.use.sha256, fields=p.fields)
        for p in past_of(envelope.document, versions())
    )
    proof = envelope.proof
    signed = Signed(document_sha256=proof.document_sha256, key_id=proof.key_id, packs=packs)
    with store.unit(tenant) as unit:
        done = report_orders.finish(unit, asked.id, files, signed)
    assert done is not None
    return done


def summary(*, ready: bool = True) -> Callable[[Issue], Document]:
    """Composes the summary of the rule's own example; `ready`: with every required field."""
    recorded = material.recorded(**material.ALL_RECORDED) if ready else {}
    return lambda issue: ll144_summary.compose(material.dcwp(), recorded, issue)


def answers(on: date = date(2026, 3, 1)) -> dict[str, dict[str, Any]]:
    """What makes the summary ready, as the API takes it."""
    recorded: dict[str, Recorded] = material.recorded(**material.ALL_RECORDED)
    return {
        name: {
            "value": each.value,
            "by": "person-12",
            "function": "Head of compliance",
            "on": on.isoformat(),
        }
        for name, each in recorded.items()
    }
