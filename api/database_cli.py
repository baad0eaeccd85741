"""`fairwitness database`: the revisions of the service's database."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from api.environment import read_settings
from api.opening import database_url
from audit import migrations
from audit.errors import InputError
from audit.store.engine import open_engine

app = typer.Typer(help="Bring the database to a revision.", no_args_is_help=True)


@app.command()
def status() -> None:
    """Say which revision the database has, and which one is needed."""
    engine = open_engine(database_url(read_settings()))
    found = migrations.present(engine) or "none"
    Console().print(f"revision {found}; needed {migrations.needed()}", highlight=False)


@app.command()
def upgrade(
    revision: Annotated[str, typer.Argument(help="A revision, or head.")] = "head",
) -> None:
    """Bring the database to a revision; all of it, or nothing."""
    settings = read_settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_engine(database_url(settings))
    migrations.upgrade(engine, _known(revision, "head"))
    Console().print(f"revision {migrations.present(engine)}", highlight=False)


@app.command()
def downgrade(
    revision: Annotated[str, typer.Argument(help="An earlier revision, or base.")],
    confirm: Annotated[
        bool, typer.Option("--yes", help="What later revisions added is deleted.")
    ] = False,
) -> None:
    """Take the database back to an earlier revision. What later ones added is lost."""
    if not confirm:
        raise InputError("downgrade deletes what later revisions added: repeat it with --yes.")
    engine = open_engine(database_url(read_settings()))
    migrations.downgrade(engine, _known(revision, "base"))
    Console().print(f"revision {migrations.present(engine) or 'none'}", highlight=False)


def _known(revision: str, word: str) -> str:
    known = migrations.revisions()
    if revision != word and revision not in known:
        raise InputError(f"There is no revision {revision!r}: {', '.join(known)} or {word}.")
    return revision
