"""Issuing a document: checked, signed, rendered in each format, each file with its own proof."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Literal, get_args

from audit.errors import DocumentInvalid, ReportKeyUnusable
from audit.ledger import HeadSigner
from reports.document.check import faults
from reports.document.model import Document
from reports.proof.envelope import Envelope, LedgerHead
from reports.proof.files import prove
from reports.proof.sealing import seal

Format = Literal["json", "html", "pdf", "csv", "docx"]
FORMATS: tuple[Format, ...] = get_args(Format)
MEDIA_TYPES: dict[Format, str] = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "csv": "application/zip",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
EXTENSIONS: dict[Format, str] = {
    "json": "json",
    "html": "html",
    "pdf": "pdf",
    "csv": "csv.zip",
    "docx": "docx",
}

Renderer = Callable[[Envelope], bytes]
_RENDERERS: dict[Format, tuple[str, str]] = {
    "html": ("reports.render.html", "render_html"),
    "pdf": ("reports.render.pdf", "render_pdf"),
    "csv": ("reports.render.csv_zip", "render_csv"),
    "docx": ("reports.render.docx", "render_docx"),
}


def issue_files(
    document: Document,
    signer: HeadSigner,
    *,
    head: LedgerHead | None = None,
    formats: Iterable[Format] = FORMATS,
    signed_at: str | None = None,
) -> dict[Format, bytes]:
    """The document's files by format; the same arguments give the same bytes.

    Args:
        head: of the issuer's ledger at this time.
        signed_at: UTC, RFC 3339; without it, when the document says that it was issued.

    Raises:
        DocumentInvalid: the document says what its data do not; nothing is signed.
        NotCanonical: its data have no canonical form.
    """
    envelope = issue(document, signer, head=head, signed_at=signed_at)
    return {wanted: render_file(envelope, wanted, signer) for wanted in formats}


def issue(
    document: Document,
    signer: HeadSigner,
    *,
    head: LedgerHead | None = None,
    signed_at: str | None = None,
) -> Envelope:
    """The signed document alone, to be stored; see `issue_files`."""
    envelope = seal(document, signer, signed_at=signed_at or document.issued_at, head=head)
    found = faults(envelope.document)
    if found:
        raise DocumentInvalid(f"{document.id}: {'; '.join(found[:5])}")
    return envelope


def render_file(envelope: Envelope, wanted: Format, signer: HeadSigner) -> bytes:
    """One file of a signed document, with the proof of its own bytes.

    `signer` has to be of the key that signed the document: keep retired keys.

    Raises:
        ReportKeyUnusable: it is of another key.
    """
    if wanted == "json":
        return envelope.json_bytes
    if signer.public.hex() != envelope.proof.public_key:
        raise ReportKeyUnusable(
            f"files of this report are signed with the key {envelope.proof.key_id}, not another"
        )
    return prove(
        render_body(envelope, wanted),
        wanted,
        signer,
        document_sha256=envelope.proof.document_sha256,
    )


def render_body(envelope: Envelope, wanted: Format) -> bytes:
    """What the renderer of a format makes of a signed document, before the file's own proof."""
    if wanted == "json":
        return envelope.json_bytes
    module, name = _RENDERERS[wanted]
    renderer: Renderer = getattr(import_module(module), name)  # each needs other, large packages
    return renderer(envelope)
