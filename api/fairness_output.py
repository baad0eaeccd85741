"""Writing a fairness audit into a folder: each file whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from api.output import made_folder, write_whole
from reports.canonical import canonical
from reports.fairness_csv import csv_files
from reports.fairness_documents import AuditDocument
from reports.fairness_html import render_audit
from reports.fairness_json import read_audit


def write_audit(document: Mapping[str, object], out: Path) -> tuple[AuditDocument, Path]:
    """Write audit.html, audit.json and the tables into `out`; the document and the page's path.

    Raises:
        InputError: the folder cannot be made or written.
    """
    typed = read_audit(document)
    target = made_folder(out)
    write_whole(target / "audit.json", canonical(document))
    tables = made_folder(target / "tables")
    for name, text in csv_files(typed).items():
        write_whole(tables / name, text.encode())
    write_whole(target / "audit.html", render_audit(typed).encode())
    return typed, target / "audit.html"


def write_text(path: Path, text: str) -> Path:
    """Write one file, its folder made if missing."""
    made_folder(path.parent)
    write_whole(path, text.encode())
    return path
