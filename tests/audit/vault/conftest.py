"""Stores, a key ring, and uploads over them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from audit.keyring import KeyRing, LocalMasterKeys, MemoryWrappedKeys
from audit.vault import BlobStore, LocalBlobs, ObjectBlobs, S3Place, Scratch, Vault
from tests.audit.vault.s3_endpoint import BUCKET, KEY_ID, SECRET, S3Endpoint
from tests.audit.vault.upload_bench import Bench


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[S3Endpoint]:
    endpoint = S3Endpoint()
    yield endpoint
    endpoint.close()


@pytest.fixture
def s3_place(s3_endpoint: S3Endpoint) -> S3Place:
    """A bucket of this suite's own endpoint."""
    s3_endpoint.objects.clear()
    s3_endpoint.open_uploads.clear()
    s3_endpoint.fail_next.clear()
    return S3Place(
        bucket=BUCKET,
        region="eu-west-1",
        endpoint=s3_endpoint.url,
        access_key_id=SecretStr(KEY_ID),
        secret_access_key=SecretStr(SECRET),
    )


@pytest.fixture(params=["local", "memory", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """Each kind of store; the bucket may be of another S3 server, which the environment names."""
    if request.param == "local":
        return LocalBlobs(tmp_path / "media")
    if request.param == "memory":
        return ObjectBlobs.in_memory()
    place = request.getfixturevalue("s3_place")
    if "FAIRWITNESS_TEST_S3_ENDPOINT" in os.environ:
        endpoint = os.environ["FAIRWITNESS_TEST_S3_ENDPOINT"]
        place = replace(place, endpoint=endpoint, bucket=os.environ["FAIRWITNESS_TEST_S3_BUCKET"])
    found = ObjectBlobs.s3(place)
    for blob in list(found.list()):
        found.delete(blob.key)
    return found


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing(LocalMasterKeys({"v1": bytes(range(32))}, current="v1"), MemoryWrappedKeys())


@pytest.fixture
def vault(blobs: BlobStore, ring: KeyRing, tmp_path: Path) -> Vault:
    return Vault(blobs, ring, Scratch((tmp_path / "scratch",)))


@pytest.fixture
def local_vault(ring: KeyRing, tmp_path: Path) -> Vault:
    return Vault(LocalBlobs(tmp_path / "media"), ring, Scratch((tmp_path / "scratch",)))


@pytest.fixture
def bench(vault: Vault) -> Bench:
    return Bench(vault)


@pytest.fixture
def local(local_vault: Vault) -> Bench:
    return Bench(local_vault)
