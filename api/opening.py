"""Opening what the service keeps, from its settings: for `serve`, workers and the maintenance
commands.

Where no master key is given, the first start makes one in the data folder. It wraps all data keys:
whoever loses it loses the data, so the commands say where it is.
"""

from __future__ import annotations

import base64
import os
import secrets
from importlib import metadata
from pathlib import Path

from audit import migrations
from audit.errors import MasterKeyInvalid
from audit.keyring import LocalMasterKeys, MasterKeys, local_master_keys
from audit.settings import Settings
from audit.store import Store

KEY_FILE = "master.keys"
PROVIDERS = "audit.master_keys"


def database_url(settings: Settings) -> str:
    """The URL of the database: the setting's, or a file in the data folder."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return f"sqlite:///{settings.data_dir.absolute() / 'fairwitness.db'}"


def master_keys(settings: Settings, *, make: bool = False) -> MasterKeys:
    """The master keys that the settings give, or those in the data folder.

    `make`: whether to make the file where there is none. Raises `MasterKeyInvalid`.
    """
    text = settings.master_keys.get_secret_value() if settings.master_keys else None
    if settings.master_keys_provider is not None:
        if text or settings.master_keys_file:
            raise MasterKeyInvalid("master keys and a key service are given; give one of them")
        return _provided(settings.master_keys_provider)
    if text or settings.master_keys_file:
        return local_master_keys(text, settings.master_keys_file)
    path = settings.data_dir / KEY_FILE
    if make and not path.exists():
        _make_keys(path)
    if not path.exists():
        raise MasterKeyInvalid(
            f"There are no master keys: give FAIRWITNESS_MASTER_KEYS_FILE, or put them at {path}."
        )
    return LocalMasterKeys.read(path)


def open_store(settings: Settings, *, make: bool = False, pool_size: int = 20) -> Store:
    """The store. With `make`, a first start makes the folder, the keys and the tables.

    Raises:
        SchemaOutdated: without `make`, where the database has another revision than is needed.
    """
    if make:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = Store.open(
        database_url(settings), master_keys(settings, make=make), pool_size=pool_size
    )
    if make:
        migrations.upgrade(store.engine)
    else:
        migrations.require(store.engine)
    return store


def _provided(name: str) -> MasterKeys:
    """What the installed package that calls itself `name` gives: a function without arguments.

    It reads its own configuration, so that no address or credential passes through this service.
    """
    for found in metadata.entry_points(group=PROVIDERS):
        if found.name == name:
            made: MasterKeys = found.load()()
            return made
    raise MasterKeyInvalid(f"no installed package has an entry point {name!r} in {PROVIDERS}")


def _make_keys(path: Path) -> None:
    """One random key, readable by the owner alone; never over a file that is there."""
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"m1:{key}\n")
        file.flush()
        os.fsync(file.fileno())
