"""Signatures: deterministic, of one key, over every member of the proof."""

from __future__ import annotations

import json

import pytest

from audit.canonical import canonical_hash
from audit.ledger.heads import key_id
from reports.document.check import faults
from reports.proof.envelope import Envelope, Proof
from reports.proof.reading import read_signed
from reports.proof.sealing import ledger_head_holds, proof_holds, seal, statement
from tests.reports.proof.material import of_this_version, recorded, sealed, sealed_letter, signer
from tests.reports.render.samples import typical

TIME = "2026-03-01T10:00:00Z"


def test_the_same_document_and_key_give_the_same_bytes() -> None:
    one, two = (seal(typical(), signer(), signed_at=TIME) for _ in range(2))
    assert one.json_bytes == two.json_bytes
    assert seal(typical(), signer(2), signed_at=TIME).json_bytes != one.json_bytes


def test_the_bytes_read_back_are_the_same_envelope() -> None:
    read = Envelope.model_validate_json(sealed().json_bytes)
    assert read.json_bytes == sealed().json_bytes
    assert proof_holds(read.proof)


def test_numbers_are_settled_before_they_are_shown() -> None:
    document = of_this_version(typical())
    data = {**document.data, "whole": 1.0, "nothing": -0.0}
    envelope = seal(document.model_copy(update={"data": data}), signer(), signed_at=TIME)
    assert repr(envelope.document.data["whole"]) == "1"
    assert repr(envelope.document.data["nothing"]) == "0"
    assert faults(envelope.document) == []


def test_the_proof_names_key_and_hash() -> None:
    proof = sealed_letter().proof
    assert proof.key_id == key_id(signer().public)
    assert proof.public_key == signer().public.hex()
    assert proof.document_sha256 == canonical_hash(
        json.loads(sealed_letter().json_bytes)["document"]
    )
    assert b"signature" not in statement(proof)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("document_sha256", "0" * 64),
        ("parts", {}),
        ("key_id", "0" * 16),
        ("signed_at", TIME),
        ("public_key", signer(2).public.hex()),
        ("signature", "0" * 128),
    ],
)
def test_no_member_of_a_proof_can_change(name: str, value: object) -> None:
    proof = sealed_letter().proof.model_copy(update={name: value})
    assert not proof_holds(proof)


def test_a_signature_plus_the_group_order_is_no_signature() -> None:
    """RFC 8032 section 5.1.7: S has to be below the group order, else signatures are malleable."""
    proof = sealed_letter().proof
    order = 2**252 + 27742317777372353535851937790883648493
    half = int.from_bytes(bytes.fromhex(proof.signature[64:]), "little") + order
    forged = proof.signature[:64] + half.to_bytes(32, "little").hex()
    assert not proof_holds(proof.model_copy(update={"signature": forged}))


def test_a_ledger_head_is_signed_too() -> None:
    head = recorded(sealed_letter()).receipts[0].head
    envelope = seal(typical(), signer(), signed_at=TIME, head=head)
    held = envelope.proof.ledger_head
    assert held is not None and ledger_head_holds(held)
    assert not ledger_head_holds(held.model_copy(update={"size": held.size + 1}))
    without = envelope.proof.model_copy(update={"ledger_head": None})
    assert proof_holds(envelope.proof) and not proof_holds(without)


def test_upper_case_hex_is_refused() -> None:
    text = sealed_letter().json_bytes
    signature = sealed_letter().proof.signature
    assert any(letter.isalpha() for letter in signature)
    with pytest.raises(Exception, match="/proof/signature"):
        read_signed(text.replace(signature.encode(), signature.upper().encode()), canonical=True)
    with pytest.raises(ValueError, match="signature"):
        Proof.model_validate({**sealed_letter().proof.model_dump(), "signature": signature.upper()})
