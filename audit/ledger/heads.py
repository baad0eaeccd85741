"""Signed heads: what the ledger was at one time, in a few bytes that are kept outside it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.canonical import Json, canonical_json, parse_canonical
from audit.errors import LedgerUnreadable, NotCanonical, RecordError
from audit.ledger.entries import timestamp

HEAD_FORMAT = "fairwitness-ledger-head/1"
EXPORT_FORMAT = "fairwitness-ledger-heads/1"
_HEX = re.compile(r"[0-9a-f]+")


class HeadSigner(Protocol):
    """Signs heads with Ed25519 (RFC 8032); a hardware module or key service may stand behind it."""

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes."""
        ...


class Ed25519Signer:
    """Signs with a private key in this process."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private

    @classmethod
    def generate(cls) -> Ed25519Signer:
        """A new key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, pem: bytes, *, password: bytes | None = None) -> Ed25519Signer:
        """The key of a PKCS #8 PEM text. Raises `RecordError` where it is none."""
        try:
            private = serialization.load_pem_private_key(pem, password)
        except (ValueError, TypeError):
            raise RecordError("the signing key is no PEM private key, or has a password") from None
        if not isinstance(private, Ed25519PrivateKey):
            raise RecordError("the signing key is no Ed25519 key")
        return cls(private)

    def pem(self, *, password: bytes | None = None) -> bytes:
        """The private key as PKCS #8 PEM, encrypted where a password is given."""
        kind = serialization.BestAvailableEncryption(password) if password else None
        return self._private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            kind or serialization.NoEncryption(),
        )

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self._private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self._private.sign(message)


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """A public key that heads are checked with; after rotation, valid up to `last_size` only."""

    public: bytes
    last_size: int | None = None
    key_id: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key_id", key_id(self.public))


@dataclass(frozen=True, slots=True)
class SignedHead:
    """The ledger `log` had `size` entries with this Merkle `root` (hexadecimal) at `time`."""

    log: str
    size: int
    root: str
    time: str
    key_id: str
    signature: str

    def message(self) -> bytes:
        """The bytes that are signed: canonical JSON of all fields but the signature."""
        return _message(self.log, self.size, root=self.root, time=self.time, key=self.key_id)

    def to_json(self) -> dict[str, Json]:
        """All fields."""
        return {name: getattr(self, name) for name in type(self).__slots__}

    @classmethod
    def from_json(cls, value: Json) -> SignedHead:
        """The head of such fields. Raises `LedgerUnreadable`."""
        return _head(value)


def key_id(public: bytes) -> str:
    """The first 16 hexadecimal digits of the public key's SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


def sign_head(
    signer: HeadSigner, log: str, *, size: int, root: bytes, time: datetime
) -> SignedHead:
    """Signs what the ledger is at this time."""
    when, name = timestamp(time), key_id(signer.public)
    message = _message(log, size, root=root.hex(), time=when, key=name)
    return SignedHead(log, size, root.hex(), when, name, signer.sign(message).hex())


def head_is_signed(head: SignedHead, key: VerifyKey) -> bool:
    """Whether the head's signature is of this key, over these fields."""
    if head.key_id != key.key_id:
        return False
    try:
        public = Ed25519PublicKey.from_public_bytes(key.public)
        public.verify(bytes.fromhex(head.signature), head.message())
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class HeadsExport:
    """Heads and public keys of one ledger, to be kept outside it.

    `leaves`, where given, are all entry hashes up to the largest head, 32 bytes each: with them a
    later verification names every altered entry; without them, only the stretch between two heads.
    """

    log: str
    heads: tuple[SignedHead, ...]
    keys: tuple[VerifyKey, ...]
    leaves: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """Canonical JSON and a newline."""
        value: dict[str, Json] = {
            "format": EXPORT_FORMAT,
            "log": self.log,
            "heads": [head.to_json() for head in self.heads],
            "keys": [{"public": k.public.hex(), "last_size": k.last_size} for k in self.keys],
            "leaves": list(self.leaves),
        }
        return canonical_json(value) + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> HeadsExport:
        """Reads an export back. Raises `LedgerUnreadable` where it has another form.

        Nothing is trusted yet: `verify` checks signatures, roots and leaves.
        """
        try:
            value = _mapping(parse_canonical(data.removesuffix(b"\n")), "the file")
        except NotCanonical as error:
            raise LedgerUnreadable(f"the file of heads cannot be read: {error}") from None
        if value.get("format") != EXPORT_FORMAT:
            raise LedgerUnreadable(f"the file of heads does not have the format {EXPORT_FORMAT}")
        return cls(
            log=_text(value, "log"),
            heads=tuple(_head(each) for each in _items(value, "heads")),
            keys=tuple(_key(each) for each in _items(value, "keys")),
            leaves=tuple(_hex(each, "leaves") for each in _items(value, "leaves")),
        )


def _message(log: str, size: int, *, root: str, time: str, key: str) -> bytes:
    # `format` keeps a signed head from being taken for anything else that the key ever signs.
    return canonical_json(
        {"format": HEAD_FORMAT, "log": log, "size": size, "root": root, "time": time, "key_id": key}
    )


def _head(value: Json) -> SignedHead:
    fields = _mapping(value, "heads")
    if set(fields) != set(SignedHead.__slots__):
        raise LedgerUnreadable("a head does not have the fields of a head")
    size = fields["size"]
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise LedgerUnreadable("a head's size is no number from 0 on")
    return SignedHead(
        log=_text(fields, "log"),
        size=size,
        root=_hex(fields["root"], "root"),
        time=_text(fields, "time"),
        key_id=_hex(fields["key_id"], "key_id"),
        signature=_hex(fields["signature"], "signature"),
    )


def _key(value: Json) -> VerifyKey:
    fields = _mapping(value, "keys")
    last = fields.get("last_size")
    if last is not None and (not isinstance(last, int) or isinstance(last, bool)):
        raise LedgerUnreadable("a key's last_size is no number")
    return VerifyKey(bytes.fromhex(_hex(fields.get("public"), "public")), last)


def _mapping(value: Json, name: str) -> Mapping[str, Json]:
    if not isinstance(value, dict):
        raise LedgerUnreadable(f"{name} should hold an object")
    return value


def _items(value: Mapping[str, Json], name: str) -> list[Json]:
    found = value.get(name)
    if not isinstance(found, list):
        raise LedgerUnreadable(f"{name} should hold a list")
    return found


def _text(value: Mapping[str, Json], name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str):
        raise LedgerUnreadable(f"{name} should hold a text")
    return found


def _hex(value: Json, name: str) -> str:
    if not isinstance(value, str) or not _HEX.fullmatch(value) or len(value) % 2:
        raise LedgerUnreadable(f"{name} should hold hexadecimal digits")
    return value
