"""Signed documents, keys, ledgers and bundles for the tests of proofs; all seeded or fixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import metadata
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.canonical import canonical_json, parse_canonical
from audit.ledger import Ed25519Signer, Event, EventKind, HeadsExport, Ledger, MemoryLedger
from fairness.builder import cube_of
from fairness.spec import AuditSpec
from reports.compose.fairness_audit import compose, issue_of
from reports.document import model as m
from reports.document.catalogue import VERSION
from reports.fairness_json import audit_document
from reports.issuing import Format, issue, render_file
from reports.proof.bundle import Contents, make_bundle
from reports.proof.envelope import Envelope
from reports.proof.keys import KeyDirectory, ReportKey, ReportKeys
from reports.proof.receipts import Receipt, receipt
from reports.proof.sealing import ledger_head
from reports.proof.trust import Trust
from tests.reports.render.samples import letter, typical

LOG = "tenant:example"
START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
FORMATS: tuple[Format, ...] = ("json", "html", "pdf", "csv", "docx")


def signer(number: int = 1) -> Ed25519Signer:
    """A key that is the same in each run."""
    return Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


class MemoryKeys:
    """A `KeyStore` in memory."""

    def __init__(self) -> None:
        self.known: dict[str, ReportKey] = {}
        self.signers: dict[str, Ed25519Signer] = {}
        self.directories: list[KeyDirectory] = []

    def records(self) -> list[ReportKey]:
        return list(self.known.values())

    def put(self, key: ReportKey) -> None:
        self.known[key.key_id] = key

    def signer(self, wanted: str) -> Ed25519Signer | None:
        return self.signers.get(wanted)

    def keep_signer(self, signer: Ed25519Signer) -> None:
        self.signers[ReportKey.of(signer.public, "2026-01-01T00:00:00Z").key_id] = signer

    def last_directory(self) -> KeyDirectory | None:
        return self.directories[-1] if self.directories else None

    def keep_directory(self, directory: KeyDirectory) -> None:
        self.directories.append(directory)


class Clock:
    """Each look is a minute later than the one before."""

    def __init__(self, start: datetime = START) -> None:
        self.at = start

    def __call__(self) -> datetime:
        self.at += timedelta(minutes=1)
        return self.at

    def text(self) -> str:
        return self().strftime("%Y-%m-%dT%H:%M:%SZ")


def keys_of(key: Ed25519Signer, *, start: datetime = START - timedelta(days=30)) -> ReportKeys:
    """The keys of a publisher whose first key is given."""
    store, clock = MemoryKeys(), Clock(start)
    store.keep_signer(key)
    store.put(ReportKey.of(key.public, clock.text()))
    return ReportKeys(store, publisher="Example Staffing Ltd", now=clock.text)


def of_this_version(document: m.Document) -> m.Document:
    """A sample as this version would have made it."""
    made = m.Software(version=metadata.version("fairwitness"), rules=VERSION)
    return document.model_copy(update={"software": made})


@cache
def sealed() -> Envelope:
    """A document with every kind of block, signed."""
    return issue(of_this_version(typical()), signer())


@cache
def sealed_letter() -> Envelope:
    """A short document, signed."""
    return issue(of_this_version(letter()), signer())


@cache
def file_of(wanted: Format) -> bytes:
    """A file of `sealed`."""
    return render_file(sealed(), wanted, signer())


@cache
def trust() -> Trust:
    """A verifier that kept the list of keys."""
    return Trust((keys_of(signer()).directory(),))


@dataclass(frozen=True, slots=True)
class Recorded:
    """A ledger in which a document was recorded as issued: its receipts, and heads kept outside."""

    receipts: tuple[Receipt, ...]
    kept: HeadsExport


def recorded(envelope: Envelope, *, at: datetime = START) -> Recorded:
    """Three entries, the second of which records the document; sealed after each."""
    key, clock = signer(9), Clock(at)
    ledger = Ledger(MemoryLedger(), key, log=LOG, now=clock)
    bodies: list[tuple[EventKind, dict[str, Any]]] = [
        (EventKind.AUDIT_FINISHED, {"n": 1}),
        (EventKind.REPORT_ISSUED, {"document_sha256": envelope.proof.document_sha256}),
        (EventKind.REPORT_READ, {"format": "pdf"}),
    ]
    entries = []
    for kind, body in bodies:
        event = Event(kind=kind, tenant="example", actor="job:1", subject="rep_1", body=body)
        entries.append(ledger.append(event))
    head = ledger_head(ledger.seal(), key.public)
    receipts = [receipt(e, ledger.inclusion(e.sequence, size=head.size), head) for e in entries]
    return Recorded(tuple(receipts), ledger.export_heads())


SPEC: Mapping[str, Any] = {
    "title": "Example hiring",
    "outcome": {"column": "hired", "selected": ["yes"], "not_selected": ["no"]},
    "features": [
        {
            "name": "sex",
            "kind": "sex",
            "column": "sex",
            "provenance": "self_reported",
            "levels": {"Female": ["f"], "Male": ["m"]},
        }
    ],
    "replicates": 100,
}


@cache
def audited() -> tuple[Envelope, bytes]:
    """A small fairness audit as a signed document, and its counts."""
    import pandas as pd

    from fairness.audit import audit

    people = [("f", "yes")] * 18 + [("f", "no")] * 42 + [("m", "yes")] * 33 + [("m", "no")] * 37
    frame = pd.DataFrame(people, columns=["sex", "hired"])
    spec = AuditSpec.model_validate(SPEC)
    made: dict[str, Any] = audit_document(audit(frame, spec), "2026-03-01T09:00:00Z")
    plain: Any = parse_canonical(canonical_json(made))
    cube = cube_of(frame, spec).to_json().encode()
    return issue(compose(plain, issue_of(plain, "Example Staffing Ltd")), signer()), cube


@cache
def bundled() -> bytes:
    """A bundle with a member of every kind."""
    envelope, cube = audited()
    contents = Contents(
        formats=FORMATS,
        result=canonical_json(envelope.document.data["audit"]),
        cube=cube,
        receipts=recorded(envelope).receipts,
        keys=keys_of(signer()).directory(),
        evidence={"frame.jpg": b"\xff\xd8 a picture \xff\xd9"},
    )
    return make_bundle(envelope, contents, signer())
