"""`fairwitness serve` and `fairwitness admin-key`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from api.environment import read_settings
from api.opening import open_store
from audit.errors import InputError

app = typer.Typer()


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Do jobs in this process, too.")
    ] = True,
) -> None:
    """Serve the API; a first start makes the database and prints an administrator's key."""
    from api.keys import FIRST_TENANT, first_admin_key  # a second of imports
    from api.serving import open_service
    from api.serving import serve as serve_http
    from api.working import working
    from api.workplace.users import first_link

    settings = read_settings()
    service = open_service(settings, weights=worker)
    console = Console(soft_wrap=True, highlight=False)
    key = first_admin_key(service.store, days=settings.api.key_days)
    if key is not None:
        console.print("Administrator's key, shown this once; keep it:")
        console.print(f"  {key}", markup=False)
        console.print(f"It is of tenant {FIRST_TENANT}. `fairwitness admin-key` makes another one.")
        link = first_link(service.store, FIRST_TENANT)
        console.print(
            "Open this link to choose a password for the pages; it works once, for a day:"
        )
        console.print(f"  http://{host}:{port}/app/welcome/{link}", markup=False)
    console.print(f"Serving on http://{host}:{port}, API at http://{host}:{port}/docs")
    serve_http(service, host=host, port=port, background=working if worker else None)


@app.command("admin-key")
def admin_key(
    tenant: Annotated[str, typer.Option(help="The tenant's id.")] = "main",
    name: Annotated[str, typer.Option(help="What the key is for.")] = "Administrator",
    new_tenant: Annotated[
        bool, typer.Option("--new-tenant", help="Make the tenant; its name is its id.")
    ] = False,
) -> None:
    """Print a new administrator's key of a tenant: for its first key, or where all are lost."""
    from api import keys

    settings = read_settings()
    store = open_store(settings, pool_size=2)
    try:
        if new_tenant:
            store.add_tenant(keys.checked_tenant(tenant), tenant)
        elif tenant not in store.tenants():
            raise InputError(f"There is no tenant {tenant!r}; --new-tenant makes it.")
        text = keys.admin_key(store, tenant, name=name, days=settings.api.key_days)
    finally:
        store.close()
    Console(soft_wrap=True, highlight=False).print(text, markup=False)
