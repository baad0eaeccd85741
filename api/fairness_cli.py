"""`fairwitness fairness`: audit a hiring process, and audit published audits.

Exit codes are those of `api.cli`: 0 the command ran, whatever it found; 2 the input cannot be used.
What the commands need is imported when one runs: statistics take seconds to import, and
`fairwitness check` has no use for them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Audit the outcomes of a hiring process by group. It counts and tests; it certifies "
    "nothing.",
    no_args_is_help=True,
)

Data = Annotated[str, typer.Argument(help="CSV, Parquet or Arrow file, or a database URL.")]
SomeData = Annotated[str | None, typer.Argument(help="Table file, or a database URL.")]
SpecFile = Annotated[Path, typer.Option("--spec", "-s", help="Specification, YAML or JSON.")]
SomeSpec = Annotated[Path | None, typer.Option("--spec", "-s", help="Specification, YAML or JSON.")]
Ratings = Annotated[
    Path | None,
    typer.Option("--ratings", help="Long table of question-level scores, if the spec has one."),
]
Counts = Annotated[Path | None, typer.Option("--cube", help="A cube of counts instead of a table.")]
Search = Annotated[
    bool, typer.Option("--alternatives", help="Search less discriminatory alternatives too.")
]
Made = Annotated[
    str | None, typer.Option("--made-at", help="Time to write down, ISO 8601; left out: now.")
]
Query = Annotated[
    str | None, typer.Option("--query", help="Where DATA is a database URL: the SELECT.")
]
OutFolder = Annotated[Path, typer.Option("--out", "-o", help="Folder; made if missing.")]
OutFile = Annotated[Path, typer.Option("--out", "-o", help="File to write.")]
SomeOutFile = Annotated[Path | None, typer.Option("--out", "-o", help="File to write.")]


@app.command()
def audit(
    out: OutFolder,
    data: SomeData = None,
    spec: SomeSpec = None,
    ratings: Ratings = None,
    cube: Counts = None,
    alternatives: Search = False,
    made: Made = None,
) -> None:
    """Audit a table under a specification: signed report, audit.json and tables as CSV."""
    from api import fairness_tasks as tasks

    moment = tasks.moment(made)
    if cube is None:
        result = tasks.audited(data, spec, ratings=ratings, alternatives=alternatives)
    elif data is None and ratings is None and not alternatives:
        result = tasks.audited_cube(cube, spec)
    else:
        raise typer.BadParameter(
            "a cube holds counts alone: leave DATA, --ratings and --alternatives out",
            param_hint="--cube",
        )
    tasks.report(result, moment, out)


@app.command()
def init(data: Data, out: SomeOutFile = None, query: Query = None) -> None:
    """Draft a specification by looking at the columns, with a reason for each guess."""
    from api import fairness_tasks as tasks

    tasks.draft(data, query, out)


@app.command()
def cube(data: Data, spec: SpecFile, out: OutFile, ratings: Ratings = None) -> None:
    """Count a table into a cube: counts by group, with nobody in it."""
    from api import fairness_tasks as tasks

    tasks.count(data, spec, out, ratings=ratings)


@app.command()
def merge(
    cubes: Annotated[list[Path], typer.Argument(help="Two or more cubes of different persons.")],
    out: OutFile,
) -> None:
    """Add cubes up: months, employers, shards. Nobody may be in two of them."""
    from api import fairness_tasks as tasks

    tasks.add_up(cubes, out)


@app.command("check-published")
def check_published(
    file: Annotated[Path, typer.Argument(help="Published table, CSV or JSON.")],
    out: SomeOutFile = None,
) -> None:
    """Recompute a published bias audit and list what does not fit."""
    from api import fairness_tasks as tasks

    tasks.check_published(file, out)
