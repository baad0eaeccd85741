"""Signing a document, and checking the signature."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audit.canonical import canonical_hash, canonical_json, parse_canonical
from audit.ledger import HeadSigner, SignedHead, VerifyKey, head_is_signed
from audit.ledger.heads import key_id
from reports.document.model import Document
from reports.proof.envelope import Envelope, LedgerHead, Proof
from reports.proof.parts import parts_of

_UNSIGNED = {"public_key", "signature"}


def seal(
    document: Document, signer: HeadSigner, *, signed_at: str, head: LedgerHead | None = None
) -> Envelope:
    """The document with its proof; the same document, key, time and head give the same bytes.

    Args:
        signed_at: UTC, RFC 3339, as `Moment` has it.
        head: of the issuer's ledger at the time of signing.

    Raises:
        NotCanonical: the data hold what has no canonical JSON form.
    """
    plain = parse_canonical(canonical_json(document.model_dump(mode="json")))
    settled = Document.model_validate(plain)  # numbers as whoever reads the JSON has them
    value = settled.model_dump(mode="json")
    unsigned = Proof(
        document_sha256=canonical_hash(value),
        parts=parts_of(value),
        key_id=key_id(signer.public),
        signed_at=signed_at,
        ledger_head=head,
        public_key=signer.public.hex(),
        signature="0" * 128,
    )
    signature = signer.sign(statement(unsigned)).hex()
    return Envelope(document=settled, proof=unsigned.model_copy(update={"signature": signature}))


def statement(proof: Proof) -> bytes:
    """The bytes that are signed: canonical JSON of all members but public key and signature."""
    return canonical_json(proof.model_dump(mode="json", exclude=_UNSIGNED))


def proof_holds(proof: Proof) -> bool:
    """Whether the signature is of the key that the proof holds, over what it states."""
    public = bytes.fromhex(proof.public_key)
    return proof.key_id == key_id(public) and signed(public, statement(proof), proof.signature)


def signed(public: bytes, message: bytes, signature: str) -> bool:
    """Whether `signature` (hexadecimal) is of this public key over the message."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def ledger_head(head: SignedHead, public: bytes) -> LedgerHead:
    """A ledger's head as a proof holds it; `public` is the key that signed the head."""
    return LedgerHead.model_validate({**head.to_json(), "public_key": public.hex()})


def signed_head(head: LedgerHead) -> SignedHead:
    """The ledger's own form of a proof's head."""
    return SignedHead.from_json(head.model_dump(mode="json", exclude={"public_key"}))


def ledger_head_holds(head: LedgerHead) -> bool:
    """Whether the head's signature is of the key beside it."""
    return head_is_signed(signed_head(head), VerifyKey(bytes.fromhex(head.public_key)))
