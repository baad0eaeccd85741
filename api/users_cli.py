"""`fairwitness users`: who may sign in at the pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from api.environment import read_settings
from api.opening import open_store
from audit.errors import InputError
from audit.records.access import Role
from audit.settings import Settings
from audit.store import Store

app = typer.Typer(help="Who may sign in at the pages.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The sign-in name.")]


@app.command("add")
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="What the person may do.")] = Role.COMPLIANCE,
    tenant: Annotated[str, typer.Option(help="The tenant's id.")] = "main",
    person: Annotated[
        str, typer.Option(help="Opaque reference under which the person reviews.")
    ] = "",
    training: Annotated[
        str,
        typer.Option(help="Reference of the person's training: registers them as a reviewer."),
    ] = "",
) -> None:
    """Add a person; prints the link by which they choose a password, once."""
    from api.workplace import users  # a second of imports
    from audit.operations import reviewers

    with _opened() as (store, settings):
        if tenant not in store.tenants():
            raise InputError(f"There is no tenant {tenant!r}.")
        with store.unit(tenant) as unit:
            user, token = users.add(unit, name, role, person=person)
            if training:
                reviewers.register(
                    unit, person=user.person, may_change=True, training=training, teams=()
                )
        _print(settings, token)


@app.command("link")
def link(name: Name) -> None:
    """Print a new link for a person; their password, codes and sessions end."""
    from api.workplace import users
    from audit.store.users import forget_sessions

    with _opened() as (store, settings):
        tenant, user = users.named(store, name)
        with store.unit(tenant) as unit:
            token = users.renew(unit, user)
        forget_sessions(store, user_id=user.id)
        _print(settings, token)


@app.command("disable")
def disable(name: Name) -> None:
    """End what a person may do, and their sessions."""
    from api.workplace import users
    from audit.store.users import forget_sessions

    with _opened() as (store, _):
        tenant, user = users.named(store, name)
        with store.unit(tenant) as unit:
            users.disable(unit, user)
        forget_sessions(store, user_id=user.id)


@contextmanager
def _opened() -> Iterator[tuple[Store, Settings]]:
    settings = read_settings()
    store = open_store(settings, pool_size=2)
    try:
        yield store, settings
    finally:
        store.close()


def _print(settings: Settings, token: str) -> None:
    console = Console(soft_wrap=True, highlight=False)
    console.print("Open this link within 24 hours; it works once:")
    console.print(f"  {settings.api.base_url}/app/welcome/{token}", markup=False)
