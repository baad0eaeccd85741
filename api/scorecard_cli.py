"""`fairwitness scorecard`: run the detectors over attacks and genuine recordings, and count.

What the command needs is imported when it runs: the service never imports datasets.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class SizeChoice(StrEnum):
    """How much is run."""

    SMALL = "small"
    FULL = "full"


def scorecard(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder; made if missing.")],
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Folder with corpora; left out: only what is made here."),
    ] = None,
    size: Annotated[
        SizeChoice, typer.Option("--size", help="small: a minute for each detector.")
    ] = SizeChoice.FULL,
    detectors: Annotated[
        list[str] | None,
        typer.Option("--detector", help="Only this one; may be repeated. Left out: all."),
    ] = None,
    trials: Annotated[
        Path | None,
        typer.Option("--from", help="Count anew from this trials.csv; nothing is run."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of what is made, and of intervals.")] = 0,
    against: Annotated[
        Path | None,
        typer.Option("--against", help="Accepted figures; exit 1 where one has fallen."),
    ] = None,
    accept: Annotated[
        Path | None, typer.Option("--accept", help="Write the figures as accepted to this file.")
    ] = None,
) -> None:
    """Measure the detectors as shipped, worst first: trials.csv, scorecard.json, a page and PDF."""
    from api import scorecard_tasks as tasks

    order = tasks.Order(
        data=data,
        size=size.value,
        detectors=tuple(detectors or ()),
        trials=trials,
        seed=seed,
    )
    card = tasks.measured(order, out)
    if accept is not None:
        tasks.accept(card, accept)
    if against is not None:
        tasks.hold(card, against)
