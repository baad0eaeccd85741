"""Every store keeps blobs whole or not at all, and says in one way what is missing or wrong."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from audit.errors import (
    BlobMissing,
    SettingsInvalid,
    StorageError,
    StorageFull,
    StorageUnavailable,
)
from audit.vault import BlobStore, LocalBlobs, ObjectBlobs, S3Place
from audit.vault import local as local_module
from audit.vault.objects import PUT_BYTES
from tests.audit.vault.s3_endpoint import KEY_ID, SECRET, S3Endpoint

MIB = 1 << 20


def pieces(*parts: bytes) -> Iterator[bytes]:
    yield from parts


def broken_off(size: int) -> Iterator[bytes]:
    yield bytes(size)
    raise ConnectionResetError("the sender went away")


def keys(blobs: BlobStore, prefix: str = "") -> list[str]:
    return sorted(blob.key for blob in blobs.list(prefix))


# --- all stores ---


def test_what_was_put_is_read_from_any_offset(blobs: BlobStore) -> None:
    assert blobs.put_stream("ten/a", pieces(b"abc", b"", b"defgh")) == 8
    assert b"".join(blobs.open_stream("ten/a")) == b"abcdefgh"
    assert b"".join(blobs.open_stream("ten/a", 5)) == b"fgh"
    assert b"".join(blobs.open_stream("ten/a", 8)) == b""
    assert blobs.size("ten/a") == 8
    assert blobs.exists("ten/a")


def test_an_empty_blob_is_a_blob(blobs: BlobStore) -> None:
    assert blobs.put_stream("ten/a", pieces()) == 0
    assert blobs.exists("ten/a")
    assert b"".join(blobs.open_stream("ten/a")) == b""


def test_a_large_blob_comes_back(blobs: BlobStore) -> None:
    piece = os.urandom(MIB - 7)
    assert blobs.put_stream("ten/a", iter([piece] * 20)) == 20 * len(piece)
    assert b"".join(blobs.open_stream("ten/a")) == piece * 20
    assert b"".join(blobs.open_stream("ten/a", 9 * MIB)) == (piece * 20)[9 * MIB :]


def test_putting_again_replaces(blobs: BlobStore) -> None:
    blobs.put_stream("ten/a", pieces(b"first and longer"))
    blobs.put_stream("ten/a", pieces(b"second"))
    assert b"".join(blobs.open_stream("ten/a")) == b"second"


@pytest.mark.parametrize("size", [10, PUT_BYTES + 1, 2 * PUT_BYTES + 1])
def test_a_put_that_breaks_off_leaves_nothing(blobs: BlobStore, size: int) -> None:
    with pytest.raises(ConnectionResetError):
        blobs.put_stream("ten/a", broken_off(size))
    assert not blobs.exists("ten/a")
    assert keys(blobs) == []


def test_a_put_that_breaks_off_keeps_what_was_there(blobs: BlobStore) -> None:
    blobs.put_stream("ten/a", pieces(b"old"))
    with pytest.raises(ConnectionResetError):
        blobs.put_stream("ten/a", broken_off(100))
    assert b"".join(blobs.open_stream("ten/a")) == b"old"


def test_listing_knows_folders(blobs: BlobStore) -> None:
    for key in ("ten/a", "ten/a.parts/1", "ten/a.parts/2", "ten/a.parts/3", "ten/ab", "other/a"):
        blobs.put_stream(key, pieces(key.encode()))
    assert keys(blobs, "ten/a.parts") == ["ten/a.parts/1", "ten/a.parts/2", "ten/a.parts/3"]
    assert keys(blobs, "ten") == [
        "ten/a",
        "ten/a.parts/1",
        "ten/a.parts/2",
        "ten/a.parts/3",
        "ten/ab",
    ]
    assert keys(blobs, "nobody") == []
    assert len(keys(blobs)) == 6
    info = next(blob for blob in blobs.list() if blob.key == "ten/a.parts/2")
    assert info.size == len("ten/a.parts/2")
    assert abs(datetime.now(UTC) - info.modified) < timedelta(minutes=1)


def test_deleting_twice_is_no_error(blobs: BlobStore) -> None:
    blobs.put_stream("ten/a.parts/1", pieces(b"x"))
    blobs.delete("ten/a.parts/1")
    blobs.delete("ten/a.parts/1")
    assert not blobs.exists("ten/a.parts/1")
    assert keys(blobs) == []


def test_what_is_missing_is_said_at_once(blobs: BlobStore) -> None:
    with pytest.raises(BlobMissing):
        blobs.open_stream("ten/none")
    with pytest.raises(BlobMissing):
        blobs.size("ten/none")


def test_a_healthy_store_leaves_no_trace_of_the_probe(blobs: BlobStore) -> None:
    blobs.health()
    assert keys(blobs) == []


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../a",
        "ten/../a",
        "ten//a",
        "ten/.hidden",
        "a/b/c/d/e",
        "ten/a b",
        "ten\\a",
    ],
)
def test_only_our_own_keys_are_keys(blobs: BlobStore, key: str) -> None:
    with pytest.raises(StorageError):
        blobs.put_stream(key, pieces(b"x"))
    with pytest.raises(StorageError):
        blobs.open_stream(key)
    assert keys(blobs) == []


# --- a folder ---


def test_files_are_private_and_flushed_before_they_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = LocalBlobs(tmp_path / "media")
    steps: list[str] = []
    flush, rename = os.fsync, Path.rename

    def noted_flush(fd: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else "file")
        flush(fd)

    def noted_rename(self: Path, target: Path) -> Path:
        steps.append("rename")
        return rename(self, target)

    blobs.put_stream("ten/before", pieces(b"x"))
    monkeypatch.setattr(os, "fsync", noted_flush)
    monkeypatch.setattr(Path, "rename", noted_rename)
    blobs.put_stream("ten/a", pieces(b"x"))
    assert steps == ["file", "rename", "folder"]
    assert stat.S_IMODE((tmp_path / "media/ten/a").stat().st_mode) == 0o600
    for folder in ("media", "media/ten", "media/.incoming"):
        assert stat.S_IMODE((tmp_path / folder).stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("number", "expected"),
    [(errno.ENOSPC, StorageFull), (errno.EDQUOT, StorageFull), (errno.EIO, StorageUnavailable)],
)
def test_a_full_or_failing_disk_is_named_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, expected: type[StorageError]
) -> None:
    blobs = LocalBlobs(tmp_path / "media")

    def refuse(fd: int, data: memoryview) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(local_module.os, "write", refuse)
        with pytest.raises(expected):
            blobs.put_stream("ten/a", pieces(b"x"))
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_leftovers_of_killed_writers_are_removed_when_old(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path)
    for name, hours in (("old", 8), ("young", 0)):
        path = tmp_path / ".incoming" / name
        path.write_bytes(b"half")
        when = datetime.now(UTC).timestamp() - hours * 3600
        os.utime(path, (when, when))
    assert keys(blobs) == []
    assert blobs.tidy(datetime.now(UTC) - timedelta(hours=6)) == 1
    assert [p.name for p in (tmp_path / ".incoming").iterdir()] == ["young"]


def test_the_folder_of_the_last_part_goes_with_it(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path)
    blobs.put_stream("ten/a.parts/1", pieces(b"x"))
    blobs.delete("ten/a.parts/1")
    assert not (tmp_path / "ten/a.parts").exists()


def test_a_folder_tells_its_free_space(tmp_path: Path) -> None:
    free = LocalBlobs(tmp_path).free_bytes()
    assert free is not None
    assert free > 0


def test_a_folder_that_is_gone_is_unhealthy(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path / "media")
    (tmp_path / "media/.incoming").rmdir()
    with pytest.raises(StorageError):
        blobs.health()


# --- S3 ---


def test_an_abandoned_multipart_upload_is_aborted(
    s3_place: S3Place, s3_endpoint: S3Endpoint
) -> None:
    with pytest.raises(ConnectionResetError):
        ObjectBlobs.s3(s3_place).put_stream("ten/a", broken_off(3 * PUT_BYTES))
    assert any("uploads" in request for request in s3_endpoint.requests)
    assert s3_endpoint.open_uploads == {}
    assert s3_endpoint.objects == {}


def test_a_store_that_stumbles_is_asked_again(s3_place: S3Place, s3_endpoint: S3Endpoint) -> None:
    blobs = ObjectBlobs.s3(s3_place)
    s3_endpoint.fail_next.extend([503, 500])
    blobs.put_stream("ten/a", pieces(b"abc"))
    assert s3_endpoint.objects["ten/a"][0] == b"abc"


@pytest.mark.parametrize(
    "change",
    [
        {"secret_access_key": SecretStr("wrong")},
        {"access_key_id": SecretStr("AKIAOTHER")},
        {"endpoint": "http://127.0.0.1:9"},
    ],
)
def test_a_store_that_refuses_is_unavailable_and_says_no_secret(
    s3_place: S3Place, change: dict[str, SecretStr]
) -> None:
    blobs = ObjectBlobs.s3(replace(s3_place, **change))
    for act in (
        lambda: blobs.put_stream("ten/a", pieces(b"x")),
        lambda: blobs.open_stream("ten/a"),
        lambda: list(blobs.list()),
        lambda: blobs.delete("ten/a"),
        lambda: blobs.exists("ten/a"),
        blobs.health,
    ):
        with pytest.raises(StorageUnavailable) as caught:
            act()
        assert caught.value.__cause__ is None
        for secret in (KEY_ID, SECRET, "wrong", "AKIAOTHER", "127.0.0.1"):
            assert secret not in str(caught.value)


def test_places_and_stores_do_not_print_their_credentials(s3_place: S3Place) -> None:
    for value in (s3_place, ObjectBlobs.s3(s3_place)):
        assert SECRET not in repr(value)
        assert KEY_ID not in repr(value)


@pytest.mark.parametrize(
    "change", [{"endpoint": "ftp://x"}, {"endpoint": "minio:9000"}, {"access_key_id": None}]
)
def test_a_place_that_cannot_be_is_refused(s3_place: S3Place, change: dict[str, str]) -> None:
    with pytest.raises(SettingsInvalid):
        ObjectBlobs.s3(replace(s3_place, **change))


def test_the_environment_does_not_move_a_bucket(
    s3_place: S3Place, s3_endpoint: S3Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")
    ObjectBlobs.s3(s3_place).put_stream("ten/a", pieces(b"abc"))
    assert "ten/a" in s3_endpoint.objects
