"""Renderers for formats that have none yet: small files of the right form."""

from __future__ import annotations

import zlib
from importlib.util import find_spec

from reports import issuing
from reports.proof.envelope import Envelope
from reports.proof.zips import write_zip

MODULES = {
    "pdf": ("reports.render.pdf", "render_pdf"),
    "csv": ("reports.render.csv_zip", "render_csv"),
    "docx": ("reports.render.docx", "render_docx"),
}


def use_where_missing() -> None:
    """Puts a stub in the place of each renderer that is not there."""
    for name, (module, function) in MODULES.items():
        if find_spec(module) is None:
            issuing._RENDERERS[name] = ("tests.reports.proof.stubs", function)  # type: ignore[index]


def render_pdf(envelope: Envelope) -> bytes:
    """Two pages and the attachment."""
    made = [b"%PDF-1.7\n"]
    shown = [zlib.compress(f"BT ({envelope.document.id} page {n}) Tj ET".encode()) for n in (1, 2)]
    for number, text in enumerate(shown, 1):
        made.append(
            b"%d 0 obj\n<< /Type /Page /Contents %d 0 R >>\nendobj\n" % (number, number + 10)
        )
        made.append(b"%d 0 obj\n<< /Length %d >>\nstream\n" % (number + 10, len(text)))
        made.append(text + b"\nendstream\nendobj\n")
    held = zlib.compress(envelope.json_bytes)
    made.append(
        b"20 0 obj\n<< /Length %d /Type /EmbeddedFile /Filter /FlateDecode >>\n" % len(held)
    )
    made.append(b"stream\n" + held + b"\nendstream\nendobj\nxref\ntrailer\n<<>>\n%%EOF")
    return b"".join(made)


def render_csv(envelope: Envelope) -> bytes:
    """One table and the document."""
    rows = "".join(f"{n},{block.type}\n" for n, block in enumerate(envelope.document.blocks))
    return write_zip({"blocks.csv": rows.encode(), "document.json": envelope.json_bytes})


def render_docx(envelope: Envelope) -> bytes:
    """The parts that every such file has, and the document."""
    return write_zip(
        {
            "[Content_Types].xml": b"<Types/>",
            "word/document.xml": f"<w:document>{envelope.document.id}</w:document>".encode(),
            "document.json": envelope.json_bytes,
        }
    )
