"""A report of a hundred pages as PDF, beside the same tables with nothing of a report around them.

    python -m benchmarks.report_speed [--rows 300] [--runs 3]

Each run is a process of its own. `bare`: Typst sets tables with as many rows and columns, untagged,
texts written beforehand. `cold`: the first report of a process, fonts and all; `warm`: another
report after it, with other figures, as a service makes them. Imports are left out of all three.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from io import BytesIO
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.ledger import Ed25519Signer
from reports.document import model as m
from reports.document.values import write
from reports.issuing import issue
from reports.proof.envelope import Envelope

SIGNER = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
SECTIONS = 20
SHOWN = ("integer", "integer", "percent", "ratio", "ratio", "ratio", "p")


def envelope(rows: int, seed: int) -> Envelope:
    """A signed document of sections, each with a sentence, a chart and a table of groups."""
    sections = [[_row(section, n, seed) for n in range(rows)] for section in range(SECTIONS)]
    data = {"sections": [{"rows": each, "count": len(each)} for each in sections]}
    blocks: list[m.Block] = []
    for n in range(SECTIONS):
        count = m.Shown(at=f"/sections/{n}/count", show="integer", text=write(rows, "integer"))
        place = f"/sections/{n}/rows"
        names = ("Persons", "Selected", "Rate", "Impact ratio", "Low", "High", "P")
        columns = [m.Column(title=("Group",), at="/name", show="text")]
        columns += [
            m.Column(title=(name,), at=f"/{k}", show=show)
            for k, (name, show) in enumerate(zip(names, SHOWN, strict=True))
        ]
        blocks += [
            m.Heading(id=f"section-{n}", level=2, text=("A section",)),
            m.Text(text=("It has ", count, " groups.")),
            m.Chart(
                id=f"chart-{n}", kind="intervals", title=("Ratios",), caption=("By group.",),
                rows=place, label=columns[0], value=columns[4], low=columns[5], high=columns[6],
            ),
            m.Table(id=f"table-{n}", title=("Groups",), rows=place, columns=tuple(columns)),
        ]  # fmt: skip
    document = m.Document(
        kind="fairness_audit",
        id=f"report-{seed}",
        title=("A long report",),
        issued_at="2026-11-22T10:00:00Z",
        software=m.Software(version="0", rules="0"),
        data=data,
        blocks=tuple(blocks),
    )
    return issue(document, SIGNER)


def _row(section: int, n: int, seed: int) -> dict[str, Any]:
    persons = 20 + (n * 37 + section * 11 + seed) % 900
    ratio = 0.5 + ((n * 53 + seed) % 700) / 1000
    figures = (persons, persons // 3, 0.3, ratio, ratio * 0.8, ratio * 1.2, 0.04)
    return {"name": f"Group {n} of part {section}"} | {str(k): v for k, v in enumerate(figures)}


BARE = """
#set page(paper: "a4", margin: 22mm)
#set text(font: "Libertinus Serif", size: 7.2pt)
#for section in json("rows.json") { table(columns: 8, ..section) }
"""


def bare(rows: int) -> tuple[float, int]:
    """Seconds and pages of the same tables without anything else."""
    import typst

    held = [
        [
            text
            for n in range(rows)
            for row in [_row(section, n, 1)]
            for text in (row["name"], *(write(row[str(k)], s) for k, s in enumerate(SHOWN)))
        ]
        for section in range(SECTIONS)
    ]
    files: Any = {"main.typ": BARE.encode(), "rows.json": json.dumps(held).encode()}
    began = time.perf_counter()
    made = typst.compile(files, format="pdf", ignore_system_fonts=True, pdf_tags=False)
    return time.perf_counter() - began, _pages(made)


def report(rows: int) -> tuple[float, float, int]:
    """Seconds of the first and of another report of a process, and pages."""
    from reports.render.pdf import render_pdf

    first, second = envelope(rows, 1), envelope(rows, 2)
    began = time.perf_counter()
    made = render_pdf(first)
    cold = time.perf_counter() - began
    began = time.perf_counter()
    render_pdf(second)
    return cold, time.perf_counter() - began, _pages(made)


def _pages(pdf: bytes) -> int:
    from pypdf import PdfReader

    return len(PdfReader(BytesIO(pdf)).pages)


def main(arguments: list[str]) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=190, help="rows of each of 20 tables")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--inside", choices=("bare", "report"), help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.inside:
        print(json.dumps(bare(chosen.rows) if chosen.inside == "bare" else report(chosen.rows)))
        return
    for _ in range(chosen.runs):
        plain, plain_pages = _inside("bare", chosen.rows)
        cold, warm, pages = _inside("report", chosen.rows)
        print(
            f"bare {plain:.2f} s, {plain_pages} pages; report of {pages} pages: "
            f"cold {cold:.2f} s ({cold / plain:.1f} times), warm {warm:.2f} s "
            f"({warm / plain:.1f} times)"
        )


def _inside(what: str, rows: int) -> Any:
    command = [sys.executable, "-m", "benchmarks.report_speed"]
    done = subprocess.run(
        [*command, "--inside", what, "--rows", str(rows)], capture_output=True, check=True
    )
    return json.loads(done.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
