"""The part of docs/scorecard/README.md that is made from docs/scorecard/reference.json.

`python -m datasets.scorecard.page docs/scorecard` writes it; a test fails when it is out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from datasets.scorecard.gate import Reference, ReferenceFigure

START = "<!-- figures: made from reference.json -->"
END = "<!-- end of figures -->"


def figures(reference: Reference) -> str:
    """The accepted figures as tables, one for each detector."""
    names = dict.fromkeys(figure.name.partition(": ")[0] for figure in reference.figures)
    if not names:
        return "No figure is accepted yet."
    said = f"{reference.trials} trials, seed {reference.seed}."
    return "\n\n".join([said, *(_table(name, reference) for name in names)])


def _table(name: str, reference: Reference) -> str:
    rows = [f for f in reference.figures if f.name.partition(": ")[0] == name]
    return "\n".join([f"### `{name}`", "", *_lines(rows)])


def _lines(rows: list[ReferenceFigure]) -> Iterator[str]:
    yield "| figure | value | interval | trials |"
    yield "|---|---|---|---|"
    for row in rows:
        interval = (
            "–" if row.interval is None else f"{row.interval[0]:.3f} to {row.interval[1]:.3f}"
        )
        what = row.name.partition(": ")[2]
        yield f"| {what} | {row.value:.3f} | {interval} | {row.of} |"


def renewed(text: str, reference: Reference) -> str:
    """The page with its figures as the reference has them.

    Raises:
        ValueError: the page has no place for them.
    """
    before, found, rest = text.partition(START)
    _, ended, after = rest.partition(END)
    if not (found and ended):
        raise ValueError(f"the page has no lines {START!r} and {END!r}")
    return f"{before}{START}\n\n{figures(reference)}\n\n{END}{after}"


def read_reference(folder: Path) -> Reference:
    """The accepted figures in reference.json of a folder."""
    return Reference.model_validate_json(folder.joinpath("reference.json").read_bytes())


if __name__ == "__main__":
    place = Path(sys.argv[1])
    page = place / "README.md"
    page.write_text(renewed(page.read_text("utf-8"), read_reference(place)), encoding="utf-8")
