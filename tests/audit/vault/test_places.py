"""Settings lead to the store that they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.errors import SettingsInvalid, StorageFull
from audit.keyring import Context, KeyRing
from audit.settings import Settings, Storage
from audit.vault import LocalBlobs, ObjectBlobs, S3Place, blob_store, open_vault
from tests.audit.vault.s3_endpoint import S3Endpoint

MEDIA = Context("ten", "cand_1", "med_1", "media")


def test_a_folder_is_the_default(tmp_path: Path, ring: KeyRing) -> None:
    assert Settings().storage.kind == "local"
    memory, disk = tmp_path / "memory", tmp_path / "disk"
    storage = Storage(
        path=tmp_path / "m", scratch_dir=disk, scratch_memory_dir=memory, free_floor_mb=0
    )
    vault = open_vault(storage, ring)
    assert isinstance(vault.blobs, LocalBlobs)
    vault.store(MEDIA, [b"abc"])
    with vault.fetched(MEDIA) as path:
        assert path.parent == memory
    assert vault.sweep_scratch() == 0
    assert disk.is_dir()


def test_the_floor_holds_for_decrypted_files_too(tmp_path: Path, ring: KeyRing) -> None:
    storage = Storage(path=tmp_path / "m", scratch_dir=tmp_path / "s", free_floor_mb=1 << 40)
    vault = open_vault(storage, ring)
    vault.store(MEDIA, [b"abc"])
    with pytest.raises(StorageFull):
        vault.fetched(MEDIA).__enter__()


def test_a_bucket_is_reached_with_the_settings_credentials(
    monkeypatch: pytest.MonkeyPatch, s3_place: S3Place, s3_endpoint: S3Endpoint
) -> None:
    assert s3_place.secret_access_key is not None
    assert s3_place.access_key_id is not None
    for name, value in {
        "KIND": "s3",
        "BUCKET": s3_place.bucket,
        "ENDPOINT": s3_place.endpoint or "",
        "REGION": s3_place.region,
        "ACCESS_KEY_ID": s3_place.access_key_id.get_secret_value(),
        "SECRET_ACCESS_KEY": s3_place.secret_access_key.get_secret_value(),
    }.items():
        monkeypatch.setenv(f"FAIRWITNESS_STORAGE__{name}", value)
    storage = Settings().storage
    assert s3_place.secret_access_key.get_secret_value() not in repr(storage)
    blobs = blob_store(storage)
    assert isinstance(blobs, ObjectBlobs)
    blobs.health()
    blobs.put_stream("ten/a", [b"x"])
    assert blobs.exists("ten/a")


@pytest.mark.parametrize(
    "storage",
    [
        Storage(kind="s3"),
        Storage(kind="s3", bucket="b", endpoint="minio"),
        Storage(kind="s3", bucket="b", access_key_id="only"),  # type: ignore[arg-type]
    ],
)
def test_a_bucket_that_cannot_be_is_refused(storage: Storage) -> None:
    with pytest.raises(SettingsInvalid):
        blob_store(storage)
