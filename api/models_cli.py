"""`fairwitness models`: the weights, their cards, and getting and verifying them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from api.environment import read_settings
from api.progress import shown
from audit.errors import WeightsError, WeightsTampered, WeightsUnavailable
from audit.weights import WeightRow, WeightStore
from audit.weights.install import install as install_weights

app = typer.Typer(help="The weights that detectors run: list, install, verify.")

Names = Annotated[list[str] | None, typer.Argument(help="Weight ids; left out: the default set.")]
From = Annotated[
    Path | None,
    typer.Option("--from", help="Take files or packages from this folder; use no network."),
]


@app.command("list")
def list_weights() -> None:
    """All weights with licence, commercial use, and whether they are installed."""
    store = _store()
    table = Table(box=box.SIMPLE)
    table.add_column("weight", no_wrap=True)
    table.add_column("role")
    for title in ("licence", "commercial use", "installed"):
        table.add_column(title)
    for row in store.manifest:
        commercial = "yes" if row.commercial_use else "[red]no[/red]"
        table.add_row(row.id, row.role, row.licence, commercial, _state(store, row))
    console = Console()
    console.print(table)
    console.print(f"Folder: {store.root}", soft_wrap=True)


@app.command()
def install(names: Names = None, folder: From = None) -> None:
    """Get weights, by default the default set; whole ones are left alone."""
    store = _store()
    with shown() as progress:
        done = install_weights(store, names or (), folder=folder, progress=progress)
    console = Console()
    if done.new:
        fetched = f" ({done.fetched_bytes / 1e6:.1f} MB fetched)" if done.fetched_bytes else ""
        console.print(f"Installed{fetched}: {', '.join(done.new)}.", soft_wrap=True)
    if done.kept:
        console.print(f"Already there: {', '.join(done.kept)}.", soft_wrap=True)
    console.print(f"Folder: {store.root}", soft_wrap=True)


@app.command()
def verify(names: Names = None) -> None:
    """Compare every byte with the manifest; exit 1 where one differs or a weight is missing."""
    store = _store()
    rows = [store.row(name) for name in names] if names else _expected(store)
    problems: list[WeightsError] = []
    console = Console()
    for row in rows:
        try:
            store.read(row.id)
        except WeightsError as error:
            problems.append(error)
            console.print(f"[red]{row.id}: {error.code}[/red]")
        else:
            console.print(f"{row.id}: as in the manifest (SHA-256 {row.sha256})", soft_wrap=True)
    if problems:
        worst = any(isinstance(problem, WeightsTampered) for problem in problems)
        kind = WeightsTampered if worst else WeightsUnavailable
        raise kind("\n".join(str(problem) for problem in problems))


@app.command()
def card(
    name: Annotated[str, typer.Argument(help="Weight id, as 'models list' shows it.")],
) -> None:
    """One weight: what it is for, its limits, licence, training data, source and hashes."""
    store = _store()
    row = store.row(name)
    console = Console()
    for label, text in [*card_lines(row), ("Installed", _state(store, row))]:
        console.print(f"[bold]{label}:[/bold] {text}", soft_wrap=True, highlight=False)


def card_lines(row: WeightRow) -> list[tuple[str, str]]:
    """The card of a weight: labels and texts, all from its manifest row."""
    allowed = "allowed" if row.commercial_use else "not allowed"
    lines = [
        ("Weight", f"{row.id}: {row.role}"),
        ("Intended use", row.intended_use),
        ("Limits", row.limits),
        ("Training data", row.training_data),
        ("Licence", f"{row.licence}; commercial use {allowed}"),
        ("Licence read from", row.licence_note),
        ("Source", row.origin),
        ("Member SHA-256", f"{row.member_sha256} ({row.member_size} bytes)"),
        ("Conversion", f"{row.convert}, to ONNX" if row.convert else ""),
        ("File SHA-256", f"{row.sha256} ({row.size} bytes)"),
        ("Declared in", f"{row.declared_in}/weights.toml"),
    ]
    without_files = ("Member SHA-256", "File SHA-256") if row.runtime == "folder" else ()
    return [(label, text) for label, text in lines if text and label not in without_files]


def _store() -> WeightStore:
    return WeightStore(read_settings().weights_dir)


def _expected(store: WeightStore) -> list[WeightRow]:
    """What should be there (the default set) and whatever else is."""
    return [row for row in store.manifest if row.default or store.installed(row.id)]


def _state(store: WeightStore, row: WeightRow) -> str:
    if row.runtime == "folder":
        return "settings"
    try:
        store.read(row.id)
    except WeightsUnavailable:
        return "no" if row.default else "optional"
    except WeightsTampered:
        return "[red]damaged[/red]"
    return "yes"
