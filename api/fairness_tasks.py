"""What the commands of `fairwitness fairness` do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path

from rich.console import Console

from api.environment import read_settings
from api.fairness_output import write_audit, write_text
from api.progress import shown
from api.report_keys import local_signer
from audit.errors import InputError
from fairness.audit import audit, audit_cube
from fairness.builder import cube_of
from fairness.cube import Cube
from fairness.draft import draft as draft_of
from fairness.published import check
from fairness.result import AuditResult
from fairness.spec import load_spec
from reports.canonical import canonical
from reports.fairness_json import audit_document, made_at
from reports.fairness_published import PublishedDocument, published_document
from reports.fairness_terminal import audit_summary, published_summary

# Cubes hold counts only and stay far below this.
_CUBE_MB = 1024


def moment(given: str | None) -> str:
    """The time that a report states: see `reports.fairness_json.made_at`."""
    return made_at(given)


def audited(
    data: str | None,
    spec: Path | None,
    *,
    ratings: Path | None = None,
    alternatives: bool = False,
) -> AuditResult:
    """Audit a table, with a progress bar."""
    if data is None or spec is None:
        raise InputError(
            "An audit needs DATA and --spec (`fairwitness fairness init DATA` drafts one), or else "
            "--cube"
        )
    known = load_spec(spec)
    with shown() as progress:
        return audit(data, known, ratings=ratings, alternatives=alternatives, progress=progress)


def audited_cube(cube: Path, spec: Path | None) -> AuditResult:
    """Audit counts alone, with a progress bar."""
    known = load_spec(spec) if spec else None
    counts = read_cube(cube)
    with shown() as progress:
        return audit_cube(counts, known, label=cube.name, progress=progress)


def report(result: AuditResult, made: str, out: Path) -> Path:
    """Write the report of an audit and say on the terminal what is in it; the report's path."""
    signer = local_signer(read_settings())
    document, page = write_audit(audit_document(result, made), out, signer)
    console = Console()
    console.print(audit_summary(document))
    console.print(f"Report: [bold]{page}[/bold]", soft_wrap=True)
    return page


def draft(data: str, query: str | None, out: Path | None) -> None:
    """Draft a specification; to standard output where no file is named."""
    made = draft_of(data, query=query)
    if out is None:
        Console().print(made.to_yaml(), markup=False, highlight=False, soft_wrap=True, end="")
        return
    _say(write_text(out, made.to_yaml()))
    console = Console()
    for guess in made.guesses:
        console.print(f"  {guess.field}: {guess.why}", markup=False, highlight=False)
    for question in made.open_questions:
        console.print(f"  OPEN {question}", markup=False, highlight=False)
    console.print("Read it and correct it; then run `fairwitness fairness audit`.")


def count(data: str, spec: Path, out: Path, *, ratings: Path | None = None) -> None:
    """Count a table into a cube."""
    known = load_spec(spec)
    with shown() as progress:
        progress("counting", 0.1)
        made = cube_of(data, known, ratings=ratings)
    _say(write_text(out, made.to_json()))


def add_up(cubes: Sequence[Path], out: Path) -> None:
    """Add cubes up."""
    if len(cubes) < 2:
        raise InputError("Merging needs at least two cubes, for example: merge A.json B.json")
    together: Callable[[Cube, Cube], Cube] = Cube.merged
    _say(write_text(out, reduce(together, map(read_cube, cubes)).to_json()))


def check_published(file: Path, out: Path | None) -> None:
    """Recompute a published bias audit and list what does not fit."""
    document = published_document(check(file))
    Console().print(published_summary(PublishedDocument.model_validate(document)))
    if out is not None:
        _say(write_text(out, canonical(document).decode()))


def read_cube(path: Path) -> Cube:
    """A cube from its file; InputError names the file."""
    try:
        if path.stat().st_size > _CUBE_MB * 2**20:
            raise InputError(f"{path.name}: larger than {_CUBE_MB} MiB; this is not a cube")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path.name} is not UTF-8 text; a cube is JSON") from None
    try:
        return Cube.from_json(text)
    except InputError as error:
        raise type(error)(f"{path.name}: {error}") from error


def _say(path: Path) -> None:
    Console().print(f"Wrote [bold]{path}[/bold]", soft_wrap=True)
