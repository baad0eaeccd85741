"""A document and its proof: what is stored, embedded in every file, and verified.

The canonical JSON (RFC 8785) of an envelope is the source of truth; every other format is rendered
from it and can be rendered again. `reports.proof.sealing` makes envelopes.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from audit.canonical import canonical_json
from reports.document.model import Document, Part, Pointer, Sha256

KeyId = Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
PublicKey = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
PartHash = Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
Signature = Annotated[str, Field(pattern="^[0-9a-f]{128}$")]
Moment = Annotated[
    str,
    Field(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$",
        description="UTC, RFC 3339, to the second or finer",
    ),
]


class LedgerHead(Part):
    """A signed head of the issuer's ledger and the public key that it fits.

    The proof holds it from the time of signing: the document was signed no earlier than this head.
    """

    log: str = Field(description="name of the ledger", max_length=128)
    size: int = Field(ge=0, description="entries that it had")
    root: Sha256 = Field(description="Merkle root (RFC 9162) of these entries")
    time: Moment
    key_id: KeyId
    signature: Signature
    public_key: PublicKey


class Proof(Part):
    """A signature of a document, with what is needed to check it and to name alterations.

    Ed25519 (RFC 8032) over the canonical JSON of all members but `public_key` and `signature`.
    """

    format: Literal["fairwitness-proof/1"] = "fairwitness-proof/1"
    document_sha256: Sha256 = Field(description="of the document's canonical JSON")
    parts: dict[Pointer, PartHash] = Field(
        description="first 16 digits of the SHA-256 of the canonical JSON of members of the "
        "document, by their pointers: they name what was altered"
    )
    key_id: KeyId = Field(description="first digits of the SHA-256 of the public key")
    signed_at: Moment = Field(description="as the signer says")
    ledger_head: LedgerHead | None = None
    public_key: PublicKey
    signature: Signature


class Envelope(Part):
    """A document and its proof."""

    document: Document
    proof: Proof

    @cached_property
    def json_bytes(self) -> bytes:
        """The RFC 8785 form: the bytes of the JSON file, and what other files embed."""
        return canonical_json(self.model_dump(mode="json"))
