"""Blobs in an S3-compatible store, or in memory for tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import MemoryStore, S3Store
from pydantic import SecretStr

from audit.errors import BlobMissing, SettingsInvalid, StorageUnavailable
from audit.vault.blobs import BlobInfo
from audit.vault.keys import checked

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig, S3Config

PUT_BYTES = 8 << 20
"""Larger blobs go up in parts of this size: 10,000 of them, S3's most, are 78 GiB."""

_PUTS_AT_ONCE = 2
_READ_BYTES = 1 << 20
_PROBE = "health-probe"


@dataclass(frozen=True, slots=True)
class S3Place:
    """A bucket and how to get in; `endpoint` None = AWS, keys None = the machine's role."""

    bucket: str
    region: str
    endpoint: str | None = None
    access_key_id: SecretStr | None = field(default=None, repr=False)
    secret_access_key: SecretStr | None = field(default=None, repr=False)
    prefix: str | None = None


class ObjectBlobs:
    """Blobs over an object store, whose puts are atomic and durable once acknowledged.

    Parts of a broken-off multipart upload stay hidden in the bucket when a process is killed: give
    the bucket a lifecycle rule that aborts them (docs/media-storage.md).
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def __repr__(self) -> str:
        return "ObjectBlobs(...)"

    @classmethod
    def in_memory(cls) -> ObjectBlobs:
        """A store that ends with this object."""
        return cls(MemoryStore())

    @classmethod
    def s3(cls, place: S3Place) -> ObjectBlobs:
        """A bucket. Raises `SettingsInvalid` for an address or credentials that cannot be used."""
        return cls(s3_store(place))

    def put_stream(self, key: str, chunks: Iterable[bytes]) -> int:
        """One put where all fits, else a multipart upload that is aborted where `chunks` raises."""
        counted = _Counted(chunks)
        passing = iter(counted)
        first = _gathered(passing, PUT_BYTES)
        whole = b"".join(first) if counted.size < PUT_BYTES else None
        with store_failures():
            obstore.put(
                self._store,
                checked(key),
                chain(first, passing) if whole is None else whole,
                use_multipart=whole is None,
                chunk_size=PUT_BYTES,
                max_concurrency=_PUTS_AT_ONCE,
            )
        return counted.size

    def open_stream(self, key: str, offset: int = 0) -> Iterator[bytes]:
        """The object's bytes from `offset`."""
        if offset >= self.size(key):
            return iter(())
        with store_failures():
            found = obstore.get(self._store, checked(key), options={"range": {"offset": offset}})
            return pieces(iter(found.stream(min_chunk_size=_READ_BYTES)))

    def size(self, key: str) -> int:
        """Bytes of the object."""
        with store_failures():
            return obstore.head(self._store, checked(key))["size"]

    def exists(self, key: str) -> bool:
        """Whether there is such an object."""
        try:
            self.size(key)
        except BlobMissing:
            return False
        return True

    def delete(self, key: str) -> None:
        """Deletes the object; versioned buckets keep older versions, which stay sealed."""
        try:
            with store_failures():
                obstore.delete(self._store, checked(key))
        except BlobMissing:
            return

    def list(self, prefix: str = "") -> Iterator[BlobInfo]:
        """All objects below the prefix, a page at a time."""
        pages = iter(obstore.list(self._store, checked(prefix) if prefix else None))
        while True:
            with store_failures():
                page = next(pages, None)
            if page is None:
                return
            yield from (BlobInfo(o["path"], o["size"], o["last_modified"]) for o in page)

    def free_bytes(self) -> int | None:
        """Object stores tell no such figure."""
        return None

    def tidy(self, before: datetime) -> int:
        """Nothing: the bucket's lifecycle rule does it."""
        return 0

    def health(self) -> None:
        """Puts, reads and deletes a small object."""
        with store_failures():
            obstore.put(self._store, _PROBE, b"fairwitness", use_multipart=False)
            obstore.get(self._store, _PROBE).bytes()
            obstore.delete(self._store, _PROBE)


def s3_store(place: S3Place) -> S3Store:
    """The client of a bucket; nothing is taken from the environment but a role's credentials."""
    endpoint = place.endpoint or f"https://s3.{place.region}.amazonaws.com"
    if not endpoint.startswith(("https://", "http://")):
        raise SettingsInvalid("the endpoint of the media store must start with https:// or http://")
    if (place.access_key_id is None) != (place.secret_access_key is None):
        raise SettingsInvalid("give both the access key's id and its secret, or neither")
    # Objects are deleted one by one, and not every compatible store has deletion in bulk.
    config: S3Config = {
        "endpoint": endpoint,
        "region": place.region,
        "disable_bulk_delete": True,
    }
    if place.access_key_id and place.secret_access_key:
        config["access_key_id"] = place.access_key_id.get_secret_value()
        config["secret_access_key"] = place.secret_access_key.get_secret_value()
    client: ClientConfig = {
        "allow_http": endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=5),
        "timeout": timedelta(minutes=5),
    }
    retries: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=60)}
    try:
        return S3Store(
            place.bucket,
            prefix=place.prefix or None,
            config=config,
            client_options=client,
            retry_config=retries,
        )
    except (BaseError, ValueError):
        # The cause is not kept: it repeats the configuration.
        raise SettingsInvalid("the bucket or its address cannot be used as they are set") from None


class _Counted:
    """Counts the bytes that pass."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.size += len(chunk)
            yield chunk


def _gathered(source: Iterator[bytes], least: int) -> list[bytes]:
    """Pieces of at least so many bytes together, or all there are."""
    taken: list[bytes] = []
    size = 0
    while size < least and (piece := next(source, None)) is not None:
        taken.append(piece)
        size += len(piece)
    return taken


def pieces(stream: Iterator[bytes]) -> Iterator[bytes]:
    """What a client's stream gives, its failures in our words."""
    while True:
        with store_failures():
            piece = next(stream, None)
        if piece is None:
            return
        yield bytes(piece)


@contextmanager
def store_failures() -> Iterator[None]:
    """The store's failures in our words. Its own texts repeat addresses, requests and key ids."""
    try:
        yield
    except (FileNotFoundError, NotFoundError):
        raise BlobMissing("there is no such object in the store") from None
    except (BaseError, TimeoutError) as error:
        reason = type(error).__name__.removesuffix("Error")
        raise StorageUnavailable(f"the object store did not do what was asked: {reason}") from None
