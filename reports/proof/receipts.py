"""Entries of the issuer's ledger that bear on a report, each provable under a signed head."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import Field

from audit.canonical import Json, canonical_json
from audit.errors import AuditError
from audit.ledger import EventKind, HeadsExport, LedgerEntry, SignedHead, VerifyKey, head_is_signed
from audit.merkle import CompactRange, InclusionProof, verify_inclusion
from reports.document.model import Part, Sha256
from reports.proof.envelope import LedgerHead
from reports.proof.sealing import ledger_head_holds, signed_head

MOST_PATH = 64


class Receipt(Part):
    """One entry of a ledger, its way to the root of a head, and the head."""

    entry: dict[str, Any] = Field(description="as `LedgerEntry.line` writes it")
    path: tuple[Sha256, ...] = Field(
        max_length=MOST_PATH, description="inclusion proof (RFC 9162 section 2.1.3)"
    )
    head: LedgerHead

    def read(self) -> LedgerEntry:
        """The entry. Raises `LedgerUnreadable` or `NotCanonical` where it is none."""
        return LedgerEntry.from_line(canonical_json(self.entry))


def receipt(entry: LedgerEntry, proof: InclusionProof, head: LedgerHead) -> Receipt:
    """The receipt of an entry; `proof` has to be of the head's size."""
    plain = {name: getattr(entry, name) for name in type(entry).__slots__}
    plain["kind"] = entry.kind.value
    plain["body"] = dict(entry.body)
    return Receipt(entry=plain, path=tuple(each.hex() for each in proof.path), head=head)


def receipt_faults(given: Receipt) -> list[str]:
    """What does not hold of a receipt by itself; whether the head can be believed is not asked."""
    try:
        entry = given.read()
    except AuditError as error:
        return [f"a ledger entry cannot be read: {error}"]
    name = f"ledger entry {entry.sequence}"
    found = []
    if not entry.body_is_intact() or entry.leaf().hex() != entry.entry_hash:
        found.append(f"{name} was changed: it does not fit its own hash")
    path = tuple(bytes.fromhex(each) for each in given.path)
    proof = InclusionProof(entry.sequence, given.head.size, path)
    if not verify_inclusion(entry.leaf(), proof, root=bytes.fromhex(given.head.root)):
        found.append(f"{name} is not in the ledger of the head of size {given.head.size}")
    if not ledger_head_holds(given.head):
        found.append(f"the head of size {given.head.size} does not fit its own key")
    return found


def issued(given: Receipt, digests: Collection[str]) -> bool:
    """Whether the entry records that something with one of these hashes was issued."""
    entry = given.read()
    return entry.kind is EventKind.REPORT_ISSUED and any(
        text in digests for text in _texts(entry.body)
    )


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def compare_head(head: LedgerHead, kept: HeadsExport) -> str:
    """What heads that were kept outside say of a head: `same`, `other` or `unknown`.

    `same`: a kept head or the kept leaves have that root, and a kept key signed the head. `other`:
    they have another root for that size, or no kept key signed it. `unknown`: nothing kept reaches
    that size, or it is of another ledger.
    """
    if head.log != kept.log:
        return "unknown"
    if not any(_signed_by(head, key) for key in kept.keys):
        return "other"
    roots = {each.root for each in kept.heads if each.size == head.size and _proved(each, kept)}
    if not roots and head.size <= len(kept.leaves) and _leaves_hold(kept):
        roots = {_root(kept.leaves[: head.size])}
    if not roots:
        return "unknown"
    return "same" if roots == {head.root} else "other"


def _signed_by(head: LedgerHead, key: VerifyKey) -> bool:
    within = key.last_size is None or head.size <= key.last_size
    return within and head_is_signed(signed_head(head), key)


def _proved(head: SignedHead, kept: HeadsExport) -> bool:
    return any(head_is_signed(head, key) for key in kept.keys)


def _leaves_hold(kept: HeadsExport) -> bool:
    """Whether the largest kept head bears the leaves out, as far as it reaches."""
    largest = max(kept.heads, key=lambda head: head.size, default=None)
    if largest is None or largest.size > len(kept.leaves) or not _proved(largest, kept):
        return False
    return _root(kept.leaves[: largest.size]) == largest.root and largest.size >= len(kept.leaves)


def _root(leaves: tuple[str, ...]) -> str:
    edge = CompactRange()
    for leaf in leaves:
        edge.append(bytes.fromhex(leaf))
    return edge.root().hex()
