"""`fairwitness ledger`: export a tenant's log, and verify an export without the service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from api.environment import read_settings
from api.opening import open_store
from audit.errors import AuditError, InputError
from audit.ledger import EventKind, Fault, HeadsExport, read_entries, verify, write_entries
from audit.store import SYSTEM
from audit.store.verification import verify_log

app = typer.Typer(help="Export and verify the record of what happened.", no_args_is_help=True)
ENTRIES = "entries.jsonl"
HEADS = "heads.json"


@app.command()
def export(
    tenant: Annotated[str, typer.Argument(help="The tenant whose log it is.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder; made if missing.")],
) -> None:
    """Write a tenant's entries and signed heads; keep the heads somewhere else."""
    store = open_store(read_settings())
    if tenant not in store.tenants():
        raise InputError(f"There is no tenant {tenant!r}.")
    out.mkdir(parents=True, exist_ok=True)
    with store.unit(tenant, actor=SYSTEM) as unit:
        unit.record(EventKind.LEDGER_EXPORTED, f"log:{tenant}", {"by": "command line"})
    with store.ledger(tenant) as ledger:
        heads = ledger.export_heads()
        count = write_entries(out / ENTRIES, ledger.entries())
    (out / HEADS).write_bytes(heads.to_bytes())
    Console().print(f"{count} entries, {len(heads.heads)} heads in {escape(str(out))}")


@app.command("rotate-key")
def rotate_key(
    tenant: Annotated[str, typer.Argument(help="The tenant whose log it is.")],
) -> None:
    """Sign a tenant's log with a new key; the old one keeps verifying what it signed."""
    store = open_store(read_settings())
    if tenant not in store.tenants():
        raise InputError(f"There is no tenant {tenant!r}.")
    Console().print(f"{tenant}: signed with key {store.rotate_signer(tenant)} from now on")


@app.command("verify")
def check(
    folder: Annotated[
        Path | None, typer.Argument(help="An export. Without it, the service's own database.")
    ] = None,
    heads: Annotated[
        list[Path] | None,
        typer.Option("--heads", help="heads.json kept elsewhere; may be repeated."),
    ] = None,
    tenant: Annotated[
        str | None, typer.Option(help="With the database: only this tenant's log.")
    ] = None,
) -> None:
    """Say whether entries are as they were signed, and name those that are not (exit 1)."""
    kept = [HeadsExport.from_bytes(_bytes(path)) for path in heads or ()]
    faults = _verify_folder(folder, kept) if folder else _verify_database(kept, tenant)
    if faults:
        raise AuditError(f"The ledger is not as it was signed: {faults} faults are named above.")


def _verify_folder(folder: Path, kept: list[HeadsExport]) -> int:
    beside = folder / HEADS
    if not kept and not beside.exists():
        raise InputError(f"{folder}: there is no {HEADS}; give one with --heads.")
    if not (folder / ENTRIES).exists():
        raise InputError(f"{folder}: there is no {ENTRIES}.")
    entries = read_entries(folder / ENTRIES)
    trusted = kept or [HeadsExport.from_bytes(beside.read_bytes())]
    console = Console()
    if not kept:
        console.print(
            "The heads lie beside the entries: who could change the one could change the other. "
            "Give heads that were kept elsewhere with --heads."
        )
    faults = verify(
        entries,
        [head for each in trusted for head in each.heads],
        keys={key.key_id: key for each in trusted for key in each.keys}.values(),
        log=trusted[0].log,
        leaves=max((each.leaves for each in trusted), key=len),
    )
    return _say(trusted[0].log, max(_size(each) for each in trusted), faults)


def _verify_database(kept: list[HeadsExport], tenant: str | None) -> int:
    store = open_store(read_settings())
    names = [name for name in store.tenants() if tenant in (None, name)]
    if not names:
        raise InputError(f"There is no tenant {tenant!r}.")
    total = 0
    for name in names:
        size, faults = verify_log(store, name, [each for each in kept if each.log == name])
        total += _say(name, size, faults)
    return total


def _size(export: HeadsExport) -> int:
    return max((head.size for head in export.heads), default=0)


def _say(log: str, size: int, faults: list[Fault]) -> int:
    console = Console()
    for fault in faults:
        console.print(f"{log}: {fault.kind}: {escape(fault.text)}", highlight=False)
    if not faults:
        console.print(f"{log}: {size} entries, all as they were signed.", highlight=False)
    return len(faults)


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise InputError(f"{path}: there is no such file.")
    return path.read_bytes()
