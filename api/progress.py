"""A progress bar with stage and time left; silent when standard error is not a terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from audit.check import Progress as Report
from audit.check import quiet


@contextlib.contextmanager
def shown() -> Iterator[Report]:
    """A callback `(stage, share done)` that draws the bar while the block runs."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield quiet
        return
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<34}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task("starting", total=1.0)

        def report(stage: str, done: float) -> None:
            bar.update(task, description=stage, completed=done)

        yield report
