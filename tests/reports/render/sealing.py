"""Envelopes for tests of renderers; what they prove is of no matter there."""

from __future__ import annotations

from audit.canonical import canonical_hash
from reports.document import model as m
from reports.proof.envelope import Envelope, LedgerHead, Proof

HEAD = LedgerHead(
    log="example",
    size=12345,
    root="c" * 64,
    time="2026-03-01T09:29:00Z",
    key_id="0123456789abcdef",
    signature="d" * 128,
    public_key="e" * 64,
)


def sealed(document: m.Document, head: LedgerHead | None = HEAD) -> Envelope:
    """An envelope with the right hash and a signature that nobody checks."""
    return Envelope(
        document=document,
        proof=Proof(
            document_sha256=canonical_hash(document.model_dump(mode="json")),
            parts={},
            key_id="0123456789abcdef",
            signed_at="2026-03-01T09:30:00Z",
            ledger_head=head,
            public_key="a" * 64,
            signature="b" * 128,
        ),
    )
