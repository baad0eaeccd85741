"""Sealed bytes: AES-256-GCM in chunks, so that large media is sealed and opened in flat memory.

Format 1: header (`FWE1`, the data key's version as 4 bytes, 32 random bytes of salt), then chunks
of 65,536 bytes of plaintext, each followed by its 16-byte tag; the last may be shorter or empty.
Each sealing has its own key and nonce prefix, from HKDF-SHA256 (RFC 5869) of data key and salt. A
chunk's nonce is prefix (7 bytes), counter (4 bytes), and 1 for the last chunk, else 0: the STREAM
construction (Hoang, Reyhanitabar, Rogaway and Vizar, "Online Authenticated-Encryption and its
Nonce-Reuse Misuse-Resistance", CRYPTO 2015), by which chunks cannot be cut off, reordered, repeated
or moved to another sealing. The context and the header are associated data of each chunk.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from audit.canonical import canonical_json
from audit.errors import CiphertextInvalid

CHUNK_BYTES = 64 * 1024
TAG_BYTES = 16
_MAGIC = b"FWE1"
_SALT_BYTES = 32
HEADER_BYTES = len(_MAGIC) + 4 + _SALT_BYTES
_PREFIX_BYTES = 7
MOST_CHUNKS = 2**32  # the counter's range: 256 TiB of plaintext
_ALTERED = (
    "the sealed bytes were altered or cut off, or belong to another tenant, subject, artefact "
    "or purpose"
)


@dataclass(frozen=True, slots=True)
class Context:
    """What sealed bytes are and whose: authenticated with them, and needed again to open them."""

    tenant: str
    subject: str
    artefact: str
    purpose: str

    def to_bytes(self) -> bytes:
        """Canonical JSON, so that no two contexts give the same bytes."""
        return canonical_json(
            {
                "format": "fairwitness-sealed/1",
                "tenant": self.tenant,
                "subject": self.subject,
                "artefact": self.artefact,
                "purpose": self.purpose,
            }
        )


class _Chunks:
    """The cipher of one sealing: each chunk in its place, once."""

    def __init__(self, key: bytes, header: bytes, context: Context) -> None:
        salt = header[-_SALT_BYTES:]
        derived = HKDF(SHA256(), 32 + _PREFIX_BYTES, salt, b"fairwitness-stream/1").derive(key)
        self._cipher = AESGCM(derived[:32])
        self._prefix = derived[32:]
        self._data = header + context.to_bytes()
        self._count = 0

    def seal(self, chunk: bytes, *, last: bool) -> bytes:
        return self._cipher.encrypt(self._nonce(last=last), chunk, self._data)

    def open(self, chunk: bytes, *, last: bool) -> bytes:
        try:
            return self._cipher.decrypt(self._nonce(last=last), chunk, self._data)
        except (InvalidTag, ValueError):
            raise CiphertextInvalid(_ALTERED) from None

    def _nonce(self, *, last: bool) -> bytes:
        if self._count >= MOST_CHUNKS:
            raise CiphertextInvalid("there are more chunks than one sealing may have")
        nonce = self._prefix + self._count.to_bytes(4, "big") + bytes([last])
        self._count += 1
        return nonce


def seal_chunks(key: bytes, context: Context, *, version: int, source: BinaryIO) -> Iterator[bytes]:
    """The header and the sealed chunks of what `source` holds from where it stands."""
    header = _MAGIC + version.to_bytes(4, "big") + os.urandom(_SALT_BYTES)
    yield header
    chunks = _Chunks(key, header, context)
    for chunk, last in _pieces(source, CHUNK_BYTES):
        yield chunks.seal(chunk, last=last)


def open_chunks(
    key: bytes, context: Context, *, header: bytes, source: BinaryIO
) -> Iterator[bytes]:
    """The plaintext of what follows the header. Each chunk is authentic when it is given out;
    that none is missing at the end is known only when the iterator ends without
    `CiphertextInvalid`.
    """
    chunks = _Chunks(key, header, context)
    for chunk, last in _pieces(source, CHUNK_BYTES + TAG_BYTES):
        yield chunks.open(chunk, last=last)


def read_header(source: BinaryIO) -> tuple[bytes, int]:
    """The header and the data key's version that it names (not yet authenticated)."""
    header = _read(source, HEADER_BYTES)
    if len(header) != HEADER_BYTES or not header.startswith(_MAGIC):
        raise CiphertextInvalid("these are no sealed bytes of a format that this version knows")
    return header, int.from_bytes(header[len(_MAGIC) : len(_MAGIC) + 4], "big")


def sealed_size(plain_bytes: int) -> int:
    """How many bytes a plaintext of this many bytes takes when sealed."""
    chunks = max(1, -(-plain_bytes // CHUNK_BYTES))
    return HEADER_BYTES + plain_bytes + chunks * TAG_BYTES


def _pieces(source: BinaryIO, size: int) -> Iterator[tuple[bytes, bool]]:
    """Pieces of `size` bytes and whether each is the last: one is read ahead to know."""
    piece = _read(source, size)
    while True:
        following = _read(source, size)
        yield piece, not following
        if not following:
            return
        piece = following


def _read(source: BinaryIO, size: int) -> bytes:
    """Exactly `size` bytes unless the source ends: raw files and sockets may give fewer at once."""
    parts: list[bytes] = []
    while size > 0 and (part := source.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
