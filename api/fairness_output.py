"""Writing a fairness audit into a folder: each file whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from api.output import made_folder, write_whole
from audit.ledger import HeadSigner
from reports.canonical import canonical
from reports.compose.fairness_audit import compose, issue_of
from reports.fairness_csv import csv_files
from reports.fairness_documents import AuditDocument
from reports.fairness_json import read_audit
from reports.issuing import Format, issue_files

FILES: dict[Format, str] = {"json": "report.json", "html": "audit.html", "pdf": "audit.pdf"}
"""The signed document and what is rendered from it."""


def write_audit(
    document: Mapping[str, object], out: Path, signer: HeadSigner
) -> tuple[AuditDocument, Path]:
    """Write audit.json, the signed report and the tables into `out`; the document and the page.

    Raises:
        InputError: the folder cannot be made or written.
    """
    typed = read_audit(document)
    plain = typed.model_dump(mode="json")
    files = issue_files(compose(plain, issue_of(plain)), signer, formats=tuple(FILES))
    target = made_folder(out)
    write_whole(target / "audit.json", canonical(document))
    tables = made_folder(target / "tables")
    for name, text in csv_files(typed).items():
        write_whole(tables / name, text.encode())
    for name, data in files.items():
        write_whole(target / FILES[name], data)
    return typed, target / FILES["html"]


def write_text(path: Path, text: str) -> Path:
    """Write one file, its folder made if missing."""
    made_folder(path.parent)
    write_whole(path, text.encode())
    return path
