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

    sequence: int = Field(description="Its place, from 0.", examples=[41])
    time: str = Field(description="When, UTC.", examples=["2026-11-20T15:04:05.123456Z"])
    tenant: str = Field(description="Whose ledger.", examples=["acme"])
    kind: str = Field(description="What happened.", examples=["system_registered"])
    actor: str = Field(
        description="Who did it: a key, or a part of the service.",
        examples=["key_01KAN8Q5V4T2M9C3XH7R0ZJ6WD"],
    )
    subject: str = Field(
        description="What it happened to.", examples=["sys_01KAN8Q5V4T2M9C3XH7R0ZJ6WD"]
    )
    body: dict[str, Any] = Field(
        description="More about it; no personal data.", examples=[{"fields": ["policy"]}]
    )
    body_hash: str = Field(description="SHA-256 of the canonical body.")
    entry_hash: str = Field(description="Hash of the leaf in the tree.")


class Entries(BaseModel):
    """Entries in order."""

    items: list[Entry] = Field(description="In order of their sequence.")
    next_from: int | None = Field(description="Send it as `from` for what follows; null: end.")


class Head(BaseModel):
    """A signed head. Keep heads outside: they prove what the ledger was."""

    log: str = Field(description="Which log.", examples=["acme"])
    size: int = Field(description="How many entries it covers.", examples=[42])
    root: str = Field(description="Root hash of their tree, hexadecimal.")
    time: str = Field(
        description="When it was signed, UTC.", examples=["2026-11-20T15:04:06.000000Z"]
    )
    key_id: str = Field(description="Which key signed it.")
    signature: str = Field(description="Ed25519, hexadecimal.", examples=["9f" * 64])


class PublicKey(BaseModel):
    """A public key that heads are checked with."""

    key_id: str = Field(description="As heads name it.")
    public: str = Field(description="Ed25519, 32 bytes, hexadecimal.")
    last_size: int | None = Field(description="The largest head that counts; null: in use.")


class Heads(BaseModel):
    """All heads and keys."""

    heads: list[Head] = Field(description="The oldest first.")
    keys: list[PublicKey] = Field(description="All that signed heads.")


class Inclusion(BaseModel):
    """That an entry is in the tree of a head (RFC 9162, 2.1.3)."""

    entry: Entry = Field(description="The entry.")
    head: Head = Field(description="The newest head.")
    path: list[str] = Field(description="Hashes from the leaf's sibling up, hexadecimal.")


class Consistency(BaseModel):
    """That one head extends another (RFC 9162, 2.1.4)."""

    first: int = Field(description="Size of the older head.", examples=[17])
    second: int = Field(description="Size of the newer head.", examples=[42])
    path: list[str] = Field(description="Hashes, hexadecimal.")


@router.get("/entries", dependencies=_READ, response_model=Entries, summary="Read entries")
def list_entries(
    call: Call,
    start: Annotated[
        int, Query(alias="from", ge=0, le=_LARGEST, description="The first sequence.")
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many at most.")] = 100,
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
    response_description="The file `heads.json`.",
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
def prove_inclusion(
    call: Call, sequence: Annotated[int, Query(ge=0, le=_LARGEST, description="Of the entry.")]
) -> Response:
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
