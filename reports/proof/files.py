"""The proof that a rendered file carries of its own bytes, at its very end.

A page, a PDF and the zip formats (tables, DOCX, bundle) end with one line of ASCII:

    fairwitness-file-proof/1 kind=K document=H sha256=B key=P signature=S

an HTML comment, a PDF comment after `%%EOF`, or the comment of the archive. B is the SHA-256 of
all bytes before it, H that of the document's canonical JSON; S is an Ed25519 signature by the
public key P over the canonical JSON of the others. Every part has one fixed form, so that no byte
can change without being found. A JSON file has no such line: it is the canonical form itself.
"""

from __future__ import annotations

import hashlib
import re
import struct
from dataclasses import dataclass
from typing import Literal

from audit.canonical import canonical_json
from audit.ledger import HeadSigner
from audit.ledger.heads import key_id
from reports.proof.sealing import signed

FORMAT = "fairwitness-file-proof/1"
FileKind = Literal["html", "pdf", "csv", "docx", "bundle"]

_WRAPPERS: dict[str, tuple[str, str]] = {
    "html": ("<!-- ", " -->\n"),
    "pdf": ("% ", "\n"),
    "csv": ("", ""),
    "docx": ("", ""),
    "bundle": ("", ""),
}
_LINE = re.compile(
    rf"{FORMAT} kind=(?P<kind>[a-z]+) document=(?P<document>[0-9a-f]{{64}})"
    r" sha256=(?P<sha256>[0-9a-f]{64}) key=(?P<key>[0-9a-f]{64})"
    r" signature=(?P<signature>[0-9a-f]{128})"
)
_END_OF_ARCHIVE = struct.Struct("<4s4H2LH")


@dataclass(frozen=True, slots=True)
class FileProof:
    """What the last line of a file says; all hashes and keys are lower-case hexadecimal."""

    kind: FileKind
    document_sha256: str
    sha256: str
    public_key: str
    signature: str = ""

    @property
    def key_id(self) -> str:
        """As in the document's proof."""
        return key_id(bytes.fromhex(self.public_key))

    def message(self) -> bytes:
        """The bytes that are signed."""
        return canonical_json(
            {
                "format": FORMAT,
                "kind": self.kind,
                "document_sha256": self.document_sha256,
                "sha256": self.sha256,
                "key_id": self.key_id,
            }
        )

    def trailer(self) -> bytes:
        """The bytes at the end of the file."""
        before, after = _WRAPPERS[self.kind]
        line = (
            f"{FORMAT} kind={self.kind} document={self.document_sha256} sha256={self.sha256} "
            f"key={self.public_key} signature={self.signature}"
        )
        return f"{before}{line}{after}".encode("ascii")

    def is_signed(self) -> bool:
        """Whether the signature is of the public key, over the other parts."""
        return signed(bytes.fromhex(self.public_key), self.message(), self.signature)


def prove(body: bytes, kind: FileKind, signer: HeadSigner, *, document_sha256: str) -> bytes:
    """The file: `body` made ready for its last line, and the line.

    Raises:
        ValueError: a zip format's body is no archive without a comment.
    """
    ready = _ready(body, kind)
    digest = hashlib.sha256(ready).hexdigest()
    unsigned = FileProof(kind, document_sha256, digest, signer.public.hex())
    made = FileProof(
        kind,
        document_sha256,
        digest,
        unsigned.public_key,
        signer.sign(unsigned.message()).hex(),
    )
    return ready + made.trailer()


def split(data: bytes, kind: FileKind) -> tuple[bytes, FileProof | None]:
    """The bytes before the last line, and what it says; `None` where there is no exact line.

    Without a line the bytes are those before what looks like the remains of one, or all of them.
    """
    size = trailer_size(kind)
    body, line = data[:-size], data[-size:]
    found = _LINE.search(line.decode("ascii", "replace"))
    if found and found["kind"] == kind:
        proof = FileProof(
            kind, found["document"], found["sha256"], found["key"], found["signature"]
        )
        if proof.trailer() == line:
            return body, proof
    return (body if FORMAT.encode() in line else data), None


def kind_of_trailer(data: bytes) -> str | None:
    """The kind that the last line names, if there is one."""
    tail = data[-trailer_size("html") - 16 :].decode("ascii", "replace")
    found = _LINE.search(tail)
    return found["kind"] if found and found["kind"] in _WRAPPERS else None


def trailer_size(kind: FileKind) -> int:
    """Bytes of the last line; it is the same for all files of a kind."""
    empty = FileProof(kind, "0" * 64, "0" * 64, "0" * 64, "0" * 128)
    return len(empty.trailer())


def _ready(body: bytes, kind: FileKind) -> bytes:
    if kind in ("html", "pdf"):
        return body if body.endswith(b"\n") else body + b"\n"
    end = body[-_END_OF_ARCHIVE.size :]
    if not end.startswith(b"PK\x05\x06") or not end.endswith(b"\0\0"):
        raise ValueError("the body is no zip archive without a comment")
    return body[:-2] + struct.pack("<H", trailer_size(kind))
