"""Stores that an operator registered, from which a tenant may have media pulled by key.

Only these, and only below their folder or prefix: never an address or path that a caller gives.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import obstore
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from audit.errors import BlobMissing, SettingsInvalid, StorageUnavailable, UploadInvalid
from audit.vault.objects import S3Place, pieces, s3_store, store_failures

MOST_KEY_BYTES = 1024
_READ_BYTES = 1 << 18
_NAME = r"[a-z0-9][a-z0-9_\-]{0,62}"
_REFUSED = re.compile(r"[\\:%?#*\"<>|~]")
"""What has a meaning to shells, addresses, Windows or decoders, and is not needed in a key."""


class Registration(BaseModel):
    """One `[[store]]` of the file.

    `tenants`: who may pull; `["*"]` = all. `credentials`: a TOML file with `access_key_id` and
    `secret_access_key`, which only its owner may write; none = the machine's role.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = Field(pattern=f"^{_NAME}$")
    kind: Literal["s3", "local"]
    tenants: tuple[str, ...] = Field(min_length=1)
    prefix: str = ""
    path: Path | None = None
    bucket: str | None = None
    region: str = "us-east-1"
    endpoint: str | None = None
    credentials: Path | None = None


class _Credentials(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    access_key_id: SecretStr
    secret_access_key: SecretStr


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    store: tuple[Registration, ...] = ()


@dataclass(frozen=True, slots=True)
class Pulled:
    """An object that is being read: its size, the last part of its key, and its bytes."""

    size: int
    name: str
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class RegisteredStore:
    """One store that media may be pulled from."""

    registration: Registration

    @contextlib.contextmanager
    def fetch(self, key: str) -> Iterator[Pulled]:
        """The object under a key, which is relative to the registered folder or prefix.

        Raises:
            UploadInvalid: the key is none, or leads out of the store.
            BlobMissing: there is no such object, or it is no regular file.
            StorageUnavailable: the store does not answer, or refuses.
        """
        parts = key_parts(key)
        opened = _local if self.registration.kind == "local" else _remote
        with opened(self.registration, parts) as pulled:
            yield pulled


class RegisteredStores:
    """All registered stores."""

    def __init__(self, registrations: tuple[Registration, ...] = ()) -> None:
        self._stores = {each.name: RegisteredStore(each) for each in registrations}
        if len(self._stores) != len(registrations):
            raise SettingsInvalid("two registered stores have one name")

    @classmethod
    def read(cls, path: Path | None) -> RegisteredStores:
        """The stores of a TOML file; none of no file. Raises `SettingsInvalid`."""
        if path is None:
            return cls()
        try:
            file = _File.model_validate(_owned_toml(path))
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            where = ".".join(str(each) for each in first["loc"])
            raise SettingsInvalid(f"{path}: {where}: {first['msg']}") from None
        for each in file.store:
            _check(each)
        return cls(file.store)

    def names(self, tenant: str) -> tuple[str, ...]:
        """The stores that a tenant may pull from."""
        return tuple(sorted(name for name in self._stores if self._open_to(name, tenant)))

    def get(self, tenant: str, name: str) -> RegisteredStore:
        """One store. Raises `UploadInvalid` where there is none of that name for the tenant."""
        if not self._open_to(name, tenant):
            raise UploadInvalid("No store of that name is registered for you.")
        return self._stores[name]

    def _open_to(self, name: str, tenant: str) -> bool:
        store = self._stores.get(name)
        return store is not None and bool({tenant, "*"} & set(store.registration.tenants))


def key_parts(key: str) -> tuple[str, ...]:
    """The folders and the name of a key. Raises `UploadInvalid` for all but a plain one."""
    parts = key.split("/")
    plain = key.isprintable() and not _REFUSED.search(key) and not set(parts) & {"", ".", ".."}
    if not plain or len(key.encode("utf-8", "surrogatepass")) > MOST_KEY_BYTES:
        raise UploadInvalid(
            "The key must be a plain name below the registered store, such as 'june/17.mp4': no "
            "address, no absolute path, no '..', none of \\ : % ? # * \" < > | ~."
        )
    return tuple(parts)


@contextlib.contextmanager
def _local(registration: Registration, parts: tuple[str, ...]) -> Iterator[Pulled]:
    """Every step is opened below the one before and must be no symbolic link."""
    folders = [*(p for p in registration.prefix.split("/") if p), *parts[:-1]]
    with contextlib.ExitStack() as held:
        try:
            fd = os.open(registration.path or "/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            held.callback(os.close, fd)
        except OSError as error:
            text = f"the registered store cannot be opened: {error.strerror}"
            raise StorageUnavailable(text) from None
        try:
            for folder in folders:
                fd = os.open(folder, _STEP | os.O_DIRECTORY, dir_fd=fd)
                held.callback(os.close, fd)
            fd = os.open(parts[-1], _STEP | os.O_NONBLOCK | os.O_NOCTTY, dir_fd=fd)
            held.callback(os.close, fd)
            status = os.fstat(fd)
        except OSError:
            raise BlobMissing("the registered store holds no file under that key") from None
        if not stat.S_ISREG(status.st_mode):
            raise BlobMissing("the registered store holds no file under that key")
        yield Pulled(status.st_size, parts[-1], _read(fd))


_STEP = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


def _read(fd: int) -> Iterator[bytes]:
    while True:
        try:
            piece = os.read(fd, _READ_BYTES)
        except OSError as error:
            raise StorageUnavailable(f"the file cannot be read: {error.strerror}") from None
        if not piece:
            return
        yield piece


@contextlib.contextmanager
def _remote(registration: Registration, parts: tuple[str, ...]) -> Iterator[Pulled]:
    store = s3_store(_place(registration))
    with store_failures():
        found = obstore.get(store, "/".join(parts))
        size = found.meta["size"]
        stream = iter(found.stream(min_chunk_size=_READ_BYTES))
    yield Pulled(size, parts[-1], pieces(stream))


def _place(registration: Registration) -> S3Place:
    held = registration.credentials and _credentials(registration.credentials)
    return S3Place(
        bucket=registration.bucket or "",
        region=registration.region,
        endpoint=registration.endpoint,
        access_key_id=held.access_key_id if held else None,
        secret_access_key=held.secret_access_key if held else None,
        prefix=registration.prefix.strip("/"),
    )


def _credentials(path: Path) -> _Credentials:
    try:
        return _Credentials.model_validate(_owned_toml(path))
    except ValidationError:
        text = f"{path} must hold access_key_id and secret_access_key, and nothing else"
        raise SettingsInvalid(text) from None


def _check(registration: Registration) -> None:
    name = registration.name
    needed = registration.path if registration.kind == "local" else registration.bucket
    if not needed:
        field = "path" if registration.kind == "local" else "bucket"
        raise SettingsInvalid(f"the registered store {name} needs a {field}")
    if registration.prefix.strip("/"):
        try:
            key_parts(registration.prefix.strip("/"))
        except UploadInvalid:
            raise SettingsInvalid(f"the prefix of the store {name} is no plain folder") from None
    if registration.kind == "s3":
        s3_store(_place(registration))


def _owned_toml(path: Path) -> dict[str, Any]:
    """A TOML file that nobody but its owner may write: it says where media comes from."""
    try:
        mode, text = path.stat().st_mode, path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{path} cannot be read: {type(error).__name__}") from None
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SettingsInvalid(f"{path} may be written by others")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise SettingsInvalid(f"{path} is not TOML") from None
