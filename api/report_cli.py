"""`fairwitness report`: build documents from files, render signed ones again, compare two.

What the commands need is imported when one runs: composers and statistics take seconds to import.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Documents without the service: build from an audit, render again, compare two.",
    no_args_is_help=True,
)


class BuildKind(StrEnum):
    """What can be built from files."""

    LL144_SUMMARY = "ll144_summary"
    ADVERSE_IMPACT_RECORD = "adverse_impact_record"
    FAIRNESS_AUDIT = "fairness_audit"
    REGIME_FILE = "regime_file"
    GOVERNANCE = "governance"


class FormatChoice(StrEnum):
    """Formats of documents."""

    JSON = "json"
    HTML = "html"
    PDF = "pdf"
    CSV = "csv"
    DOCX = "docx"


SomeFile = Annotated[Path | None, typer.Option("--audit", help="audit.json of a fairness audit.")]
Answers = Annotated[
    Path | None,
    typer.Option(
        "--answers", help="YAML: for each field of a rule pack its value, by (who) and on (day)."
    ),
]
Period = Annotated[
    Path | None, typer.Option("--period", help="Counted facts of a period, as JSON.")
]
Packs = Annotated[
    list[str] | None, typer.Option("--pack", help="Rule pack of a regime file; may be repeated.")
]
Formats = Annotated[
    list[FormatChoice] | None,
    typer.Option("--format", "-f", help="May be repeated; left out: all."),
]
OutFolder = Annotated[Path, typer.Option("--out", "-o", help="Folder; made if missing.")]
Made = Annotated[
    str | None, typer.Option("--made-at", help="Time to write down, ISO 8601; left out: now.")
]
Publisher = Annotated[str, typer.Option("--publisher", help="Who issues it, as it says.")]


@app.command()
def build(
    kind: Annotated[BuildKind, typer.Argument(help="Which document.")],
    out: OutFolder,
    audit: SomeFile = None,
    answers: Answers = None,
    period: Period = None,
    packs: Packs = None,
    formats: Formats = None,
    publisher: Publisher = "",
    made: Made = None,
) -> None:
    """Build a document from an audit and what persons recorded; sign it with this machine's key."""
    from api import report_tasks as tasks

    order = tasks.BuildOrder(
        kind=kind.value,
        audit=audit,
        answers=answers,
        period=period,
        packs=tuple(packs or ()),
        publisher=publisher,
        made=made,
    )
    tasks.build(order, out, tuple(each.value for each in formats or FormatChoice))


@app.command()
def render(
    file: Annotated[Path, typer.Argument(help="A signed report, in any format that holds it.")],
    format: Annotated[FormatChoice, typer.Option("--format", "-f", help="What to make of it.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; left out: beside FILE.")
    ] = None,
    without_proof: Annotated[
        bool,
        typer.Option(
            "--without-proof",
            help="Leave the file's own proof out: for who does not have the key that signed it.",
        ),
    ] = False,
) -> None:
    """Render a signed report again: the same bytes as when it was issued."""
    from api import report_tasks as tasks

    tasks.render(file, format.value, out, without_proof=without_proof)


@app.command()
def diff(
    before: Annotated[Path, typer.Argument(help="The earlier report.")],
    after: Annotated[Path, typer.Argument(help="The later report, of the same kind.")],
    as_json: Annotated[bool, typer.Option("--json", help="Say it as JSON, for programs.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write it as a page into this file.")
    ] = None,
) -> None:
    """Show what changed between two reports, in numbers. Rows are matched by their names."""
    from api import report_tasks as tasks

    tasks.compare(before, after, as_json=as_json, html=html)
