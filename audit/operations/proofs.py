"""Proof that a candidate's data were erased: the ledger's own entries, each proved to be in it.

Nothing in them can be read back to what was erased: identifiers, counts, hashes and times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from audit.canonical import Json, parse_json
from audit.ledger import EventKind
from audit.records.evidence import Media
from audit.records.register import Candidate
from audit.store import Store
from audit.store.about import sequences_about

KINDS = (
    EventKind.SUBJECT_ERASED,
    EventKind.MEDIA_ERASED,
    EventKind.REFERENCE_ERASED,
    EventKind.DEMOGRAPHICS_ERASED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvedEntry:
    """An entry of the ledger, and that it is in the tree of the head."""

    entry: Annotated[dict[str, Any], Field(description="The entry, as an export writes it.")]
    path: Annotated[
        tuple[str, ...],
        Field(description="Inclusion proof in the head's tree, from the leaf upwards (RFC 9162)."),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureProof:
    """What the ledger says of an erasure, and a signed head that covers all of it."""

    candidate_id: Annotated[str, Field(description="Whose data were erased.")]
    erased: Annotated[bool, Field(description="Whether all of it is.")]
    entries: Annotated[tuple[ProvedEntry, ...], Field(description="In the ledger's order.")]
    head: Annotated[dict[str, Any], Field(description="The signed head.")]


def prove_erased(store: Store, tenant: str, candidate_id: str) -> ErasureProof:
    """The ledger's entries about an erasure, with proofs. Raises `NotFound`."""
    with store.reading(tenant) as unit:
        candidate = unit.get(Candidate, candidate_id)
        subjects = [candidate_id, *(m.id for m in unit.every(Media, candidate_id=candidate_id))]
    store.seal(tenant)
    subjects += _references(store, tenant, candidate_id)
    with store.system(read_only=True) as connection:
        found = sequences_about(connection, tenant, subjects, kinds=KINDS)
    entries = []
    with store.ledger(tenant) as ledger:
        head = ledger.seal()
        for sequence in found:
            entry = next(iter(ledger.entries(sequence, sequence + 1)))
            path = ledger.inclusion(sequence, size=head.size).path
            line: Any = parse_json(entry.line())
            entries.append(ProvedEntry(entry=line, path=tuple(each.hex() for each in path)))
    return ErasureProof(
        candidate_id=candidate_id,
        erased=candidate.erased_at is not None,
        entries=tuple(entries),
        head=dict(head.to_json()),
    )


def _references(store: Store, tenant: str, candidate_id: str) -> list[str]:
    """References that erasures removed: no row of them is left, but the ledger names them."""
    with store.system(read_only=True) as connection:
        found = sequences_about(
            connection, tenant, [candidate_id], kinds=[EventKind.SUBJECT_ERASED]
        )
    with store.stored_log(tenant) as log:
        bodies = [next(iter(log.entries(each, each + 1))).body for each in found]
    return [str(name) for body in bodies for name in _names(body.get("references"))]


def _names(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list | tuple) else []
