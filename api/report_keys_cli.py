"""`fairwitness keys`: the keys with which reports are signed, and the list of them to publish."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api.environment import read_settings
from api.output import made_folder, write_whole
from api.report_keys import local_keys, local_records

app = typer.Typer(help="The keys that sign reports on this machine.", no_args_is_help=True)


@app.command("list")
def listed() -> None:
    """List the keys, the oldest first."""
    keys = local_records(read_settings())
    if not keys:
        _say("There are no keys yet; the first report makes one.")
    for key in keys:
        state = "in use"
        if key.revoked_at is not None:
            state = f"revoked {key.revoked_at}" + (f" ({key.reason})" if key.reason else "")
        elif key.retired_at is not None:
            state = f"retired {key.retired_at}"
        _say(f"{key.key_id}  from {key.valid_from}  {state}  {key.public_key}")


@app.command()
def export(
    out: Annotated[Path, typer.Option("--out", "-o", help="File of the list of keys.")],
    publisher: Annotated[
        str | None, typer.Option(help="Your name, as readers know you; kept from then on.")
    ] = None,
) -> None:
    """Write the signed list of public keys: publish it where readers of reports look for you."""
    with local_keys(read_settings(), publisher=publisher) as keys:
        directory = keys.directory()
    made_folder(out.parent)
    write_whole(out, directory.json_bytes)
    _say(f"{out}: list {directory.sequence} with {len(directory.keys)} keys")


@app.command()
def rotate() -> None:
    """Sign with a new key from now on; what the old ones signed still verifies."""
    with local_keys(read_settings()) as keys:
        keys.rotate()
        newest = keys.directory().newest
    _say(f"Signing with key {newest.key_id} from now on. Export and publish the list of keys.")


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="Id of the key, as `keys list` shows it.")],
    reason: Annotated[str, typer.Option(help="Why; readers of reports see it.")],
) -> None:
    """Mark a key as lost: what it signed is believed only where the ledger proves it was before."""
    with local_keys(read_settings()) as keys:
        keys.revoke(key, reason)
        newest = keys.directory().newest
    _say(f"Key {key} is revoked. Signing with key {newest.key_id} from now on.")
    _say("Export and publish the list of keys, so that readers learn of it.")


def _say(text: str) -> None:
    Console().print(text, markup=False, highlight=False, soft_wrap=True)
