"""`fairwitness encryption`: master keys of data at rest."""

from __future__ import annotations

import typer
from rich.console import Console

from api.environment import read_settings
from api.opening import open_store

app = typer.Typer(help="Rotate master keys.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Rotate master keys."""


@app.command()
def rewrap() -> None:
    """Wrap all data keys under the current master key, so that older ones can be retired.

    Put the new key first in the key ring of every process, restart them, then run this.
    """
    store = open_store(read_settings())
    Console().print(
        f"{store.rewrap()} data keys wrapped anew; older master keys are needed no more"
    )
