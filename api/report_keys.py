"""The keys with which this installation's command line signs reports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from audit.ledger import HeadSigner
from audit.settings import Settings
from reports.proof.key_folder import FolderKeyStore
from reports.proof.keys import ReportKey, ReportKeys

FOLDER = "report-keys"


@contextmanager
def local_keys(settings: Settings, *, publisher: str | None = None) -> Iterator[ReportKeys]:
    """The keys in the data folder; other processes wait until it is left.

    `publisher`: the name in lists of keys from now on; `None`: as before.

    Raises `ReportKeyUnusable` where the folder cannot be used.
    """
    store = FolderKeyStore(settings.data_dir / FOLDER)
    with store.locked():
        yield ReportKeys(store, publisher=publisher)


def local_signer(settings: Settings) -> HeadSigner:
    """The signer of new reports, made at first use. Raises `ReportKeyUnusable`."""
    with local_keys(settings) as keys:
        return keys.current()


def local_records(settings: Settings) -> tuple[ReportKey, ...]:
    """The public keys of this installation; nothing is made."""
    return tuple(FolderKeyStore(settings.data_dir / FOLDER).records())
