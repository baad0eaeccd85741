"""Media is pulled from registered stores only, and from below their folder or prefix only."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audit.errors import (
    BlobMissing,
    SettingsInvalid,
    StorageUnavailable,
    UploadInvalid,
)
from audit.vault import RegisteredStores, S3Place
from audit.vault.registered import key_parts
from tests.audit.vault.s3_endpoint import KEY_ID, SECRET, S3Endpoint


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A registered folder with a recording, beside a secret file that is outside of it."""
    root = tmp_path / "recordings"
    (root / "june").mkdir(parents=True)
    (root / "june/17.mp4").write_bytes(b"recording")
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    return root


def registered(tmp_path: Path, folder: Path, more: str = "") -> RegisteredStores:
    text = f"""
[[store]]
name = "recordings"
kind = "local"
tenants = ["ten"]
path = "{folder}"
{more}
"""
    return RegisteredStores.read(written(tmp_path / "stores.toml", text))


def pulled(stores: RegisteredStores, key: str, name: str = "recordings") -> bytes:
    with stores.get("ten", name).fetch(key) as found:
        data = b"".join(found.chunks)
        assert found.size == len(data)
        assert found.name == key.rpartition("/")[2]
        return data


def test_a_file_below_the_folder_is_pulled(tmp_path: Path, folder: Path) -> None:
    assert pulled(registered(tmp_path, folder), "june/17.mp4") == b"recording"
    assert pulled(registered(tmp_path, folder, 'prefix = "june"'), "17.mp4") == b"recording"
    (folder / "Gespräch 3 (neu).mp4").write_bytes(b"x")
    assert pulled(registered(tmp_path, folder), "Gespräch 3 (neu).mp4") == b"x"


BAD_KEYS = [
    "",
    "/",
    "/etc/passwd",
    "../secret.mp4",
    "june/../../secret.mp4",
    "june/./17.mp4",
    "june//17.mp4",
    "june/",
    "..",
    ".",
    "..\\secret.mp4",
    "..%2fsecret.mp4",
    "%2e%2e/secret.mp4",
    "..%c0%afsecret.mp4",
    "file:///etc/passwd",
    "http://169.254.169.254/latest/meta-data",
    "s3://other/key",
    "C:\\secret.mp4",
    "C:secret.mp4",
    "june/17.mp4\0.txt",
    "june/17.mp4\n",
    "june/17.mp4?versionId=1",
    "june/17.mp4#x",
    "~/secret.mp4",
    "june/*.mp4",
    "june/\u202e4pm.71",
    "june/\ud800.mp4",
    "x" * 1025,
]


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_key_that_is_no_plain_name_is_refused(tmp_path: Path, folder: Path, key: str) -> None:
    with pytest.raises(UploadInvalid):
        pulled(registered(tmp_path, folder), key)


@given(st.text(max_size=40))
@example("a/..")
@example("．．/a")
def test_a_key_that_passes_stays_below(key: str) -> None:
    try:
        parts = key_parts(key)
    except UploadInvalid:
        return
    joined = os.path.normpath(os.path.join("/root/store", *parts))  # noqa: PTH118
    assert joined == f"/root/store/{key}"


def test_links_are_not_followed_anywhere(tmp_path: Path, folder: Path) -> None:
    (folder / "file.mp4").symlink_to(tmp_path / "secret.mp4")
    (folder / "inside.mp4").symlink_to(folder / "june/17.mp4")
    (folder / "up").symlink_to(tmp_path)
    stores = registered(tmp_path, folder)
    for key in ("file.mp4", "inside.mp4", "up/secret.mp4", "up/recordings/june/17.mp4"):
        with pytest.raises(BlobMissing):
            pulled(stores, key)


def test_only_regular_files_are_pulled(tmp_path: Path, folder: Path) -> None:
    os.mkfifo(folder / "pipe.mp4")
    stores = registered(tmp_path, folder)
    for key in ("june", "pipe.mp4", "none.mp4", "june/17.mp4/x"):
        with pytest.raises(BlobMissing):
            pulled(stores, key)


def test_no_descriptor_stays_open(tmp_path: Path, folder: Path) -> None:
    stores = registered(tmp_path, folder)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(3):
        with stores.get("ten", "recordings").fetch("june/17.mp4"):
            pass
        with pytest.raises(BlobMissing):
            pulled(stores, "june/none.mp4")
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_a_folder_that_is_gone_is_unavailable(tmp_path: Path, folder: Path) -> None:
    stores = registered(tmp_path, tmp_path / "none")
    with pytest.raises(StorageUnavailable):
        pulled(stores, "june/17.mp4")


def test_stores_are_open_to_their_tenants_only(tmp_path: Path, folder: Path) -> None:
    stores = registered(tmp_path, folder)
    assert stores.names("ten") == ("recordings",)
    assert stores.names("ten2") == ()
    for tenant, name in (("ten2", "recordings"), ("ten", "others"), ("*", "recordings")):
        with pytest.raises(UploadInvalid, match="No store of that name"):
            stores.get(tenant, name)
    text = f'[[store]]\nname = "all"\nkind = "local"\ntenants = ["*"]\npath = "{folder}"\n'
    everybody = RegisteredStores.read(written(tmp_path / "all.toml", text))
    assert everybody.names("anybody") == ("all",)


def test_without_a_file_there_are_no_stores() -> None:
    assert RegisteredStores.read(None).names("ten") == ()


# --- S3 ---


@pytest.fixture
def bucket(tmp_path: Path, s3_place: S3Place, s3_endpoint: S3Endpoint) -> RegisteredStores:
    now = datetime.now(UTC)
    s3_endpoint.objects["interviews/june/17.mp4"] = (b"recording" * 99_999, now)
    s3_endpoint.objects["secret.mp4"] = (b"secret", now)
    credentials = f'access_key_id = "{KEY_ID}"\nsecret_access_key = "{SECRET}"\n'
    text = f"""
[[store]]
name = "bucket"
kind = "s3"
tenants = ["ten"]
bucket = "vault"
prefix = "interviews"
region = "eu-west-1"
endpoint = "{s3_endpoint.url}"
credentials = "{written(tmp_path / "credentials.toml", credentials)}"
"""
    return RegisteredStores.read(written(tmp_path / "stores.toml", text))


def test_an_object_below_the_prefix_is_pulled(bucket: RegisteredStores) -> None:
    assert pulled(bucket, "june/17.mp4", "bucket") == b"recording" * 99_999
    with pytest.raises(BlobMissing):
        pulled(bucket, "secret.mp4", "bucket")
    with pytest.raises(BlobMissing):
        pulled(bucket, "june/none.mp4", "bucket")


@pytest.mark.parametrize("key", BAD_KEYS)
def test_the_store_is_not_asked_for_a_bad_key(
    bucket: RegisteredStores, s3_endpoint: S3Endpoint, key: str
) -> None:
    before = len(s3_endpoint.requests)
    with pytest.raises(UploadInvalid):
        pulled(bucket, key, "bucket")
    assert len(s3_endpoint.requests) == before


def test_credentials_are_read_when_needed_and_never_shown(
    bucket: RegisteredStores, tmp_path: Path
) -> None:
    store = bucket.get("ten", "bucket")
    assert SECRET not in repr(store)
    written(tmp_path / "credentials.toml", 'access_key_id = "a"\nsecret_access_key = "other"\n')
    with pytest.raises(StorageUnavailable) as caught:
        pulled(bucket, "june/17.mp4", "bucket")
    assert "other" not in str(caught.value)


# --- the file ---

LOCAL = 'name = "a"\nkind = "local"\ntenants = ["ten"]\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[store]", "not TOML"),
        ("[[store]]\n" + LOCAL, "needs a path"),
        ('[[store]]\nname = "a"\nkind = "s3"\ntenants = ["ten"]\n', "needs a bucket"),
        ("[[store]]\n" + LOCAL + 'path = "/x"\npassword = "hunter2"\n', "password"),
        ("[[store]]\n" + LOCAL.replace("local", "ftp"), "kind"),
        ("[[store]]\n" + LOCAL.replace('"ten"', "") + 'path = "/x"\n', "tenants"),
        ("[[store]]\n" + LOCAL.replace('"a"', '"A b"') + 'path = "/x"\n', "name"),
        ("[[store]]\n" + LOCAL + 'path = "/x"\nprefix = "../y"\n', "prefix"),
        (("[[store]]\n" + LOCAL + 'path = "/x"\n') * 2, "one name"),
        (
            '[[store]]\nname = "a"\nkind = "s3"\ntenants = ["ten"]\nbucket = "b"\n'
            'endpoint = "ftp://x"\n',
            "endpoint",
        ),
        (
            '[[store]]\nname = "a"\nkind = "s3"\ntenants = ["ten"]\nbucket = "b"\n'
            'credentials = "/nowhere"\n',
            "cannot be read",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsInvalid, match=words) as caught:
        RegisteredStores.read(written(tmp_path / "stores.toml", text))
    assert "hunter2" not in str(caught.value)


def test_files_that_others_may_write_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "stores.toml", "", 0o666)
    with pytest.raises(SettingsInvalid, match="written by others"):
        RegisteredStores.read(path)


def test_wrong_credentials_files_are_refused_without_their_text(tmp_path: Path) -> None:
    credentials = written(tmp_path / "c.toml", 'secret = "hunter2"\n')
    text = (
        '[[store]]\nname = "a"\nkind = "s3"\ntenants = ["ten"]\nbucket = "b"\n'
        f'credentials = "{credentials}"\n'
    )
    with pytest.raises(SettingsInvalid, match="access_key_id") as caught:
        RegisteredStores.read(written(tmp_path / "stores.toml", text))
    assert "hunter2" not in str(caught.value)
