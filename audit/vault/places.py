"""The vault that settings describe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.errors import SettingsInvalid
from audit.keyring import KeyRing
from audit.vault.blobs import BlobStore
from audit.vault.local import LocalBlobs
from audit.vault.objects import ObjectBlobs, S3Place
from audit.vault.scratch import Scratch
from audit.vault.vault import Vault

if TYPE_CHECKING:
    from audit.settings import Storage


def open_vault(storage: Storage, ring: KeyRing) -> Vault:
    """A vault over the place that settings name. Raises `SettingsInvalid`."""
    folders = (storage.scratch_memory_dir, storage.scratch_dir)
    scratch = Scratch(tuple(folder for folder in folders if folder), storage.free_floor_mb << 20)
    return Vault(blob_store(storage), ring, scratch)


def blob_store(storage: Storage) -> BlobStore:
    """The place for sealed bytes that settings name. Raises `SettingsInvalid`."""
    if storage.kind == "local":
        return LocalBlobs(storage.path)
    if not storage.bucket:
        raise SettingsInvalid("FAIRWITNESS_STORAGE__BUCKET is needed where the kind is s3")
    return ObjectBlobs.s3(
        S3Place(
            bucket=storage.bucket,
            region=storage.region,
            endpoint=storage.endpoint,
            access_key_id=storage.access_key_id,
            secret_access_key=storage.secret_access_key,
        )
    )
