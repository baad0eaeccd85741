"""`fairwitness worker`: a process that does jobs."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from rich.console import Console

from api.environment import read_settings
from audit.records.work import Queue

app = typer.Typer()


@app.command()
def worker(
    queue: Annotated[
        list[Queue] | None,
        typer.Option("--queue", "-q", help="Kinds of jobs; may be repeated. Left out: all."),
    ] = None,
) -> None:
    """Do jobs of these queues until told to stop; any number of workers, on any machines."""
    from api.serving import configure_logging, open_service  # a second of imports
    from api.working import EVERY_QUEUE, work_until_told

    settings = read_settings()
    configure_logging(settings.api.log_level)
    queues = tuple(queue or EVERY_QUEUE)
    service = open_service(settings, weights=False)
    Console(stderr=True).print(f"Working on: {', '.join(each.value for each in queues)}")
    if not work_until_told(service, queues):
        sys.stderr.flush()
        os._exit(0)  # a handler still runs, in a thread that cannot be stopped; its job is released
