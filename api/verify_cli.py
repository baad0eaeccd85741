"""`fairwitness verify`: is a report as it was signed, by whom, and what was altered?

Exit codes: 0 verified; 1 something does not hold; 2 it cannot be read; 3 all holds, but the key
cannot be relied on: unknown, revoked, or not in use at that time.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from api.environment import read_settings
from api.report_keys import local_records
from audit.errors import InputError, ProofUnreadable
from audit.ledger import HeadsExport
from reports.proof.keys import KeyDirectory
from reports.proof.reading import LARGEST_FILE
from reports.proof.trust import Trust
from reports.proof.verifying import Verification

EXITS = {"verified": 0, "failed": 1, "key_unknown": 3, "key_not_valid": 3}
MOST_HEADS = 256 << 20
_MARKS = {"holds": "ok  ", "fails": "FAIL", "not_checked": "-   ", "note": "note"}
_VERDICTS = {
    "verified": "VERIFIED. It is as it was signed.",
    "failed": "NOT VERIFIED. It is not as it was signed, or something in it does not hold.",
    "key_unknown": "INTACT, BUT THE SIGNER IS UNKNOWN. Give the issuer's list of keys with --keys.",
    "key_not_valid": "INTACT, BUT THE KEY CANNOT BE RELIED ON.",
}


def verify_file(
    file: Annotated[
        Path, typer.Argument(help="A report (JSON, HTML, PDF, CSV zip, DOCX) or evidence bundle.")
    ],
    keys: Annotated[
        list[Path] | None,
        typer.Option("--keys", help="List of keys of an issuer whom you trust; may be repeated."),
    ] = None,
    heads: Annotated[
        list[Path] | None,
        typer.Option("--heads", help="heads.json of its ledger that you kept; may be repeated."),
    ] = None,
    recompute: Annotated[
        bool,
        typer.Option("--recompute", help="Compute figures anew from counts; render files anew."),
    ] = False,
    allow_unknown_key: Annotated[
        bool, typer.Option("--allow-unknown-key", help="Exit 0 though nobody vouches for the key.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Say it as JSON, for programs.")] = False,
) -> None:
    """Check offline that a report is as it was signed; name what was altered.

    Exit 0 verified, 1 altered, 2 cannot be read, 3 intact but the key cannot be relied on.
    """
    from reports.proof.bundle_verifying import verify  # statistics take seconds to import

    try:
        trust = Trust(
            tuple(KeyDirectory.from_bytes(_bytes(path, LARGEST_FILE)) for path in keys or ()),
            tuple(HeadsExport.from_bytes(_bytes(path, MOST_HEADS)) for path in heads or ()),
            local_records(read_settings()),
        )
        found = verify(_bytes(file, LARGEST_FILE), trust, deep=recompute)
    except InputError as error:
        if as_json:
            _print_json({"file": file.name, "verdict": "unreadable", "error": str(error)})
            raise typer.Exit(2) from None
        raise
    if as_json:
        _print_json({"file": file.name, **plain(found)})
    else:
        _say(file, found)
    allowed = allow_unknown_key and found.verdict == "key_unknown"
    raise typer.Exit(0 if allowed else EXITS[found.verdict])


def plain(found: Verification) -> dict[str, Any]:
    """A verification as JSON values."""
    made = dataclasses.asdict(found)
    return {"format": "fairwitness-verification/1", **made}


def _say(file: Path, found: Verification) -> None:
    lines = [f"{file.name}: {_VERDICTS[found.verdict]}"]
    about = found.about
    if about:
        issuer = f" of {about['publisher']}" if about.get("publisher") else ""
        kind = about.get("kind", "report").replace("_", " ")
        lines.append(
            f"It says that it is: {kind} {about.get('id', '')}{issuer}, "
            f"issued {about.get('issued_at', '?')}, signed {about['signed_at']}."
        )
    lines += [f"  {_MARKS[check.state]} {check.text}" for check in found.checks]
    if found.altered:
        lines.append("Altered, as far as it can be named:")
        lines += [f"  * {_printable(text)}" for text in found.altered[:40]]
        if len(found.altered) > 40:
            lines.append(f"  * and {len(found.altered) - 40} more")
    console = Console()
    for line in lines:
        console.print(_printable(line), markup=False, highlight=False, soft_wrap=True)


def _print_json(value: dict[str, Any]) -> None:
    text = json.dumps(value, ensure_ascii=True, indent=1)
    Console().print(text, markup=False, highlight=False, soft_wrap=True)


def _printable(text: str) -> str:
    """Texts of a hostile file cannot steer the terminal."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def _bytes(path: Path, most: int) -> bytes:
    if not path.is_file():
        raise InputError(f"{path}: there is no such file.")
    if path.stat().st_size > most:
        raise ProofUnreadable(f"{path.name}: the file is larger than {most >> 20} MiB.")
    return path.read_bytes()
