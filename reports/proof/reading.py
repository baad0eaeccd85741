"""What kind of file it is, and the signed document that it embeds; bounded whatever the file is."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from audit.canonical import canonical_hash, parse_canonical, parse_json
from audit.errors import NotCanonical, ProofUnreadable
from reports.proof.broken_json import where_broken
from reports.proof.envelope import Proof
from reports.proof.files import FileKind, kind_of_trailer
from reports.proof.zips import layout, unpacked

Kind = FileKind | Literal["json"]

LARGEST_FILE = 512 << 20
LARGEST_JSON = 64 << 20
MOST_VALUES = 2_000_000
"""Of a JSON text: each takes up to a hundred bytes of memory."""
EMBEDDED = "document.json"
"""Name of the signed document in PDF files and in the zip formats."""
SCRIPT_ID = "fairwitness-envelope"

SCRIPT = f'<script type="application/json" id="{SCRIPT_ID}">'.encode()
_ATTACHED = re.compile(rb"/Type\s*/EmbeddedFile\b")
_STREAM = re.compile(rb"stream\r?\n")
_LENGTH = re.compile(rb"/Length\s+(\d{1,10})\b(?!\s+\d+\s+R)")


@dataclass(frozen=True, slots=True)
class Signed:
    """A document as plain JSON with the SHA-256 of its canonical form, its proof, their text."""

    document: dict[str, Any]
    sha256: str
    proof: Proof
    text: bytes

    @property
    def intact(self) -> bool:
        """Whether the document has the hash that its proof states."""
        return self.sha256 == self.proof.document_sha256


def kind_of(data: bytes) -> Kind:
    """The kind of a file, by its first bytes or else by its last line.

    Raises:
        ProofUnreadable: it is too large, or none of ours.
    """
    if len(data) > LARGEST_FILE:
        raise ProofUnreadable(f"the file is larger than {LARGEST_FILE >> 20} MiB")
    named = kind_of_trailer(data)
    if named is not None:
        return named  # type: ignore[return-value]  # the names of the trailers are `FileKind`s
    start = data[:64].lstrip().lower()
    if start.startswith(b"{"):
        return "json"
    if start.startswith((b"<!doctype html", b"<html")):
        return "html"
    if start.startswith(b"%pdf-"):
        return "pdf"
    if start.startswith(b"pk\x03\x04"):
        return _zip_kind(data)
    raise ProofUnreadable(
        "this is no report of ours: none of JSON, HTML, PDF, DOCX, a zip of tables, or a bundle"
    )


def _zip_kind(data: bytes) -> FileKind:
    names = {member.name for member in layout(data)}
    if "[Content_Types].xml" in names:
        return "docx"
    return "bundle" if "manifest.json" in names else "csv"


def embedded(body: bytes, kind: Kind) -> bytes | None:
    """The text of the signed document that a file holds; `None` where it holds none.

    Raises:
        ProofUnreadable: it holds two, or it cannot be taken out.
    """
    if kind == "json":
        return body
    if kind == "html":
        return _of_html(body)
    if kind == "pdf":
        return _of_pdf(body)
    return _of_zip(body)


def read_signed(text: bytes, *, canonical: bool) -> Signed:
    """The document and proof of an envelope's text. `canonical`: any other byte is refused.

    Raises:
        ProofUnreadable: it is no envelope; the message says where it breaks off.
    """
    value = read_json(text, canonical=canonical)
    if not isinstance(value, dict) or set(value) != {"document", "proof"}:
        raise ProofUnreadable("the JSON is no signed document: it lacks `document` or `proof`")
    if not isinstance(value["document"], dict):
        raise ProofUnreadable("/document is no object")
    try:
        proof = Proof.model_validate(value["proof"])
    except ValidationError as error:
        place = "/".join(map(str, error.errors()[0]["loc"]))
        raise ProofUnreadable(f"/proof/{place} was changed: it does not have its form") from None
    if proof.model_dump(mode="json") != value["proof"]:
        raise ProofUnreadable("/proof was changed: it is not written as proofs are")
    try:
        return Signed(value["document"], canonical_hash(value["document"]), proof, text)
    except NotCanonical as error:
        raise ProofUnreadable(f"/document has no canonical form: {error}") from None


def read_json(text: bytes, *, canonical: bool) -> Any:
    """The value of a bounded JSON text. Raises `ProofUnreadable`: says where it breaks off."""
    if len(text) > LARGEST_JSON:
        raise ProofUnreadable(f"the JSON is larger than {LARGEST_JSON >> 20} MiB")
    if sum(text.count(mark) for mark in (b",", b"[", b"{")) > MOST_VALUES:
        raise ProofUnreadable(f"the JSON has more than {MOST_VALUES} values")
    try:
        return parse_canonical(text) if canonical else parse_json(text)
    except NotCanonical as error:
        raise ProofUnreadable(f"{where_broken(text)}: {error}") from None


def _of_html(body: bytes) -> bytes | None:
    count = body.count(SCRIPT)
    if count == 0:
        return None
    if count > 1:
        raise ProofUnreadable(f"the page holds {count} signed documents; ours hold one")
    start = body.find(SCRIPT) + len(SCRIPT)
    end = body.find(b"</script>", start)
    if end < 0:
        raise ProofUnreadable("the page's signed document has no end")
    return body[start:end].strip()


def _of_pdf(body: bytes) -> bytes | None:
    found = list(_ATTACHED.finditer(body))
    if not found:
        return None
    if len(found) > 1:
        raise ProofUnreadable(f"the PDF has {len(found)} attachments; ours have one")
    start = body.rfind(b" obj", 0, found[0].start())
    stream = _STREAM.search(body, found[0].end(), found[0].end() + 4096)
    header = body[max(start, 0) : stream.start()] if stream else b""
    length = _LENGTH.search(header)
    if start < 0 or stream is None or length is None:
        raise ProofUnreadable("the PDF's attachment is not written as ours are")
    held = body[stream.end() : stream.end() + int(length[1])]
    return _inflated(held) if b"/FlateDecode" in header else held


def _inflated(held: bytes) -> bytes:
    reader = zlib.decompressobj()
    try:
        made = reader.decompress(held, LARGEST_JSON + 1)
    except zlib.error:
        raise ProofUnreadable("the PDF's attached document cannot be unpacked") from None
    if len(made) > LARGEST_JSON or not reader.eof:
        raise ProofUnreadable("the PDF's attached document is too large or cut off")
    return made


def _of_zip(body: bytes) -> bytes | None:
    found = [m for m in layout(body) if m.name.rpartition("/")[2] == EMBEDDED]
    if not found:
        return None
    if len(found) > 1:
        raise ProofUnreadable(f"the archive has {len(found)} members {EMBEDDED}; ours have one")
    if found[0].size > LARGEST_JSON:
        raise ProofUnreadable(f"the signed document is larger than {LARGEST_JSON >> 20} MiB")
    return unpacked(body, found[0])
