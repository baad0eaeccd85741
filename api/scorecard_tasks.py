"""What `fairwitness scorecard` does."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError
from rich.console import Console

from api.environment import read_settings
from api.models import open_models
from api.output import as_read, made_folder, now, write_whole
from api.progress import shown
from api.report_keys import local_signer
from audit.errors import AuditError, InputError
from datasets.attacks.species import species
from datasets.scorecard import running
from datasets.scorecard.build import Size, scorecard
from datasets.scorecard.gate import Reference, fallen, reference
from datasets.scorecard.model import MissingEntry, ScorecardDocument
from datasets.scorecard.resampling import Plan
from datasets.trials import Trial, read_trials, write_trials
from reports.canonical import canonical
from reports.compose.scorecard import compose
from reports.document.draft import Issue
from reports.document.model import Source
from reports.issuing import EXTENSIONS, issue_files

FORMATS: tuple[Literal["html", "pdf"], ...] = ("html", "pdf")
TRIALS, FIGURES = "trials.csv", "scorecard.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be measured: suites over `data`, or the trials of a file."""

    data: Path | None
    size: Literal["small", "full"]
    detectors: tuple[str, ...]
    trials: Path | None
    seed: int


def measured(order: Order, out: Path) -> ScorecardDocument:
    """Measures and writes trials.csv, scorecard.json and the signed page and PDF.

    Raises:
        InputError: a file or folder cannot be used, a detector has no suite, or nothing was there
            to measure.
    """
    size: Size = "given" if order.trials else order.size
    missing: list[MissingEntry] = []
    if order.trials is None:
        trials, missing = _run(order)
    else:
        trials = _given(order.trials, order.detectors)
    if not trials:
        raise InputError("There is not one trial to count. See --data and --detector.")
    target = made_folder(out)
    write_trials(target / TRIALS, trials)
    card = scorecard(
        trials,
        species(),
        size=size,
        sha256=hashlib.sha256((target / TRIALS).read_bytes()).hexdigest(),
        plan=Plan(seed=order.seed),
        missing=missing,
    )
    _write(card, target)
    return card


def accept(card: ScorecardDocument, path: Path) -> None:
    """Writes the figures that later scorecards are held against."""
    text = reference(card).model_dump_json(indent=1) + "\n"
    write_whole(path, text.encode())
    Console().print(f"Accepted figures: {path}", soft_wrap=True)


def hold(card: ScorecardDocument, path: Path) -> None:
    """Compares with accepted figures.

    Raises:
        InputError: the file cannot be used.
        AuditError: figures fell by more than their interval; the message names each.
    """
    try:
        accepted = Reference.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        raise InputError(f"{path}: this is no file of accepted figures.") from None
    found = fallen(accepted, card)
    if found:
        raise AuditError("These figures fell by more than their interval:\n" + "\n".join(found))
    Console().print(f"All {len(accepted.figures)} accepted figures hold.")


def _run(order: Order) -> tuple[list[Trial], list[MissingEntry]]:
    if order.data is not None and not order.data.is_dir():
        raise InputError(f"{order.data}: there is no such folder.")
    names = running.chosen(order.detectors)
    models = open_models(read_settings())
    with shown() as progress, tempfile.TemporaryDirectory() as nothing:

        def told(name: str, count: int) -> None:
            progress(f"{name}, {count} trials", names.index(name) / len(names))

        trials, missing = running.run(
            names,
            order.data or Path(nothing),
            models,
            size=order.size,
            seed=order.seed,
            told=told,
        )
    return trials, missing + ([] if order.detectors else running.without_suite())


def _given(path: Path, detectors: Sequence[str]) -> list[Trial]:
    try:
        held = read_trials(path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}.") from None
    except ValueError as error:
        raise InputError(str(error)) from None
    return [t for t in held if not detectors or t.detector in detectors]


def _write(card: ScorecardDocument, target: Path) -> None:
    held = as_read(card.model_dump(mode="json"))
    data = canonical(held)
    write_whole(target / FIGURES, data)
    sha256 = hashlib.sha256(data).hexdigest()
    issue = Issue(
        id=f"scorecard-{sha256[:16]}",
        issued_at=now(),
        sources=(
            Source(name="trials", sha256=card.trials.sha256),
            Source(name="scorecard", sha256=sha256),
        ),
    )
    files = issue_files(compose(held, issue), local_signer(read_settings()), formats=FORMATS)
    for format, content in files.items():
        write_whole(target / f"scorecard.{EXTENSIONS[format]}", content)
    console = Console()
    console.print(f"Scorecard: [bold]{target / 'scorecard.html'}[/bold], signed; as PDF beside it")
    console.print(f"Figures: {target / FIGURES}; trials: {target / TRIALS}", soft_wrap=True)
