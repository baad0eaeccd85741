"""The ledger: entries, signed heads, and proofs that can be checked without the service."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.call import Call
from api.guarding import area
from api.problems import Refusal
from api.scopes import requires
from audit.ledger import EventKind, LedgerEntry

router = area("Ledger", "/ledger")
_READ = [requires("ledger:read")]
_LARGEST = 2**53 - 1


class Entry(BaseModel):
    """An entry, as it is hashed: see docs/ledger.md."""

    sequence: int
    time: str
    tenant: str
    kind: str
    actor: str
    subject: str
    body: dict[str, Any]
    body_hash: str
    entry_hash: str


class Entries(BaseModel):
    """Entries in order."""

    items: list[Entry]
    next_from: int | None = Field(description="Send it as `from` for what follows; null: end.")


class Head(BaseModel):
    """A signed head. Keep heads outside: they prove what the ledger was."""

    log: str
    size: int
    root: str
    time: str
    key_id: str
    signature: str


class PublicKey(BaseModel):
    """A public key that heads are checked with."""

    key_id: str
    public: str = Field(description="Ed25519, 32 bytes, hexadecimal.")
    last_size: int | None = Field(description="The largest head that counts; null: in use.")


class Heads(BaseModel):
    """All heads and keys."""

    heads: list[Head]
    keys: list[PublicKey]


class Inclusion(BaseModel):
    """That an entry is in the tree of a head (RFC 9162, 2.1.3)."""

    entry: Entry
    head: Head
    path: list[str] = Field(description="Hashes from the leaf's sibling up, hexadecimal.")


class Consistency(BaseModel):
    """That one head extends another (RFC 9162, 2.1.4)."""

    first: int
    second: int
    path: list[str] = Field(description="Hashes, hexadecimal.")


@router.get("/entries", dependencies=_READ, response_model=Entries, summary="Read entries")
def list_entries(
    call: Call,
    start: Annotated[int, Query(alias="from", ge=0, le=_LARGEST)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """In order of their sequence. Waiting events are taken in first."""
    with call.store.ledger(call.tenant) as ledger:
        found = list(ledger.entries(start, start + limit))
    more = found[-1].sequence + 1 if len(found) == limit else None
    return call.shown(Entries(items=[_entry(each) for each in found], next_from=more))


@router.get(
    "/heads", dependencies=_READ, response_model=Heads, summary="Read signed heads and keys"
)
def list_heads(call: Call) -> Response:
    """Seals first, so that the last head covers every entry."""
    with call.store.ledger(call.tenant) as ledger:
        export = ledger.export_heads(with_leaves=False)
    keys = [
        PublicKey(key_id=key.key_id, public=key.public.hex(), last_size=key.last_size)
        for key in export.keys
    ]
    heads = [Head.model_validate(head.to_json()) for head in export.heads]
    return call.shown(Heads(heads=heads, keys=keys))


@router.get(
    "/export",
    dependencies=_READ,
    summary="Export heads for keeping outside",
    response_class=Response,
)
def export_heads(call: Call) -> Response:
    """`heads.json` for `fairwitness ledger verify --heads`, with all leaf hashes."""
    with call.store.unit(call.tenant, actor=call.principal.key_id) as unit:
        unit.record(EventKind.LEDGER_EXPORTED, f"log:{call.tenant}", {"by": "api"})
    with call.store.ledger(call.tenant) as ledger:
        body = ledger.export_heads().to_bytes()
    return Response(
        body,
        media_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="heads.json"'},
    )


@router.get(
    "/inclusion",
    dependencies=_READ,
    response_model=Inclusion,
    summary="Prove that an entry is there",
)
def prove_inclusion(call: Call, sequence: Annotated[int, Query(ge=0, le=_LARGEST)]) -> Response:
    """In the newest head."""
    with call.store.ledger(call.tenant) as ledger:
        head = ledger.seal()
        if sequence >= head.size:
            raise Refusal("not_found", f"The ledger has {head.size} entries.")
        entry = next(ledger.entries(sequence, sequence + 1))
        proof = ledger.inclusion(sequence, size=head.size)
    path = [each.hex() for each in proof.path]
    found = Inclusion(entry=_entry(entry), head=Head.model_validate(head.to_json()), path=path)
    return call.shown(found)


@router.get(
    "/consistency",
    dependencies=_READ,
    response_model=Consistency,
    summary="Prove that a head extends another",
)
def prove_consistency(
    call: Call,
    first: Annotated[int, Query(ge=1, le=_LARGEST, description="Size of the older head.")],
    second: Annotated[
        int | None, Query(ge=1, le=_LARGEST, description="Size of the newer; none: the newest.")
    ] = None,
) -> Response:
    """Nothing was changed or removed between the two."""
    with call.store.ledger(call.tenant) as ledger:
        size = ledger.seal().size
        last = second or size
        if not first <= last <= size:
            raise Refusal("not_found", f"The ledger has {size} entries; first <= second.")
        proof = ledger.consistency(first, second=last)
    path = [each.hex() for each in proof.path]
    return call.shown(Consistency(first=first, second=last, path=path))


def _entry(entry: LedgerEntry) -> Entry:
    return Entry(
        sequence=entry.sequence,
        time=entry.time,
        tenant=entry.tenant,
        kind=entry.kind.value,
        actor=entry.actor,
        subject=entry.subject,
        body=dict(entry.body),
        body_hash=entry.body_hash,
        entry_hash=entry.entry_hash,
    )
