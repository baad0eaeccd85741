"""The key ring: a data key for each subject, wrapped by a master key, sealing that subject's data.

Destroying a subject's wrapped keys makes everything sealed with them unreadable, in every copy.
Unwrapped keys live for one call; nothing is cached, so destruction takes effect at once.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from audit.canonical import canonical_json
from audit.errors import DataKeyUnknown, KeyringError
from audit.keyring.masters import KEY_BYTES, MasterKeys
from audit.keyring.stores import WrappedKey, WrappedKeyStore
from audit.keyring.streams import Context, open_chunks, read_header, seal_chunks

_MOST_TRIES = 8


class KeyRing:
    """Seals and opens; makes, rotates, rewraps and destroys data keys."""

    def __init__(self, masters: MasterKeys, store: WrappedKeyStore) -> None:
        self._masters = masters
        self._store = store

    def __repr__(self) -> str:
        return "KeyRing(...)"

    def seal(self, context: Context, plaintext: bytes) -> bytes:
        """Seals bytes that fit in memory. Raises `DataKeyDestroyed` for an erased subject."""
        return b"".join(self.seal_stream(context, io.BytesIO(plaintext)))

    def open(self, context: Context, sealed: bytes) -> bytes:
        """The plaintext. Raises `CiphertextInvalid`, `DataKeyDestroyed` or `DataKeyUnknown`."""
        return b"".join(self.open_stream(context, io.BytesIO(sealed)))

    def open_each(self, sealed: Iterable[tuple[Context, bytes]]) -> Iterator[bytes]:
        """Plaintexts in their order; each data key is looked up once, for this call alone.

        Raises as `open` does.
        """
        held: dict[tuple[str, str, int], bytes] = {}
        for context, data in sealed:
            header, version = read_header(io.BytesIO(data))
            name = context.tenant, context.subject, version
            if name not in held:
                held[name] = self._key(context, version)
            source = io.BytesIO(data[len(header) :])
            yield b"".join(open_chunks(held[name], context, header=header, source=source))

    def seal_stream(self, context: Context, source: BinaryIO) -> Iterator[bytes]:
        """Sealed pieces of what `source` holds, in flat memory. The key is looked up at once."""
        held = self._store.newest(context.tenant, context.subject)
        held = held or self._make(context.tenant, context.subject, 1)
        key = self._unwrap(held)
        return seal_chunks(key, context, version=held.version, source=source)

    def open_stream(self, context: Context, source: BinaryIO) -> Iterator[bytes]:
        """Plaintext pieces, in flat memory. The key is looked up at once.

        Each piece is authentic, but only the iterator's end says that all are there: on
        `CiphertextInvalid` discard what came before.
        """
        header, version = read_header(source)
        key = self._key(context, version)
        return open_chunks(key, context, header=header, source=source)

    def rotate(self, tenant: str, subject: str) -> int:
        """Makes a new version of a subject's data key for what is sealed from now on."""
        held = self._store.newest(tenant, subject)
        return self._make(tenant, subject, held.version + 1 if held else 1).version

    def rewrap(self) -> int:
        """Wraps every data key under the current master key anew; returns how many.

        Sealed data is not touched. When it returns, no key depends on an older master version,
        unless one was added by a process that still wraps with it: run it once more after those
        are gone.
        """
        done = 0
        for held in self._store.not_under(self._masters.current):
            fresh = self._wrapped(held.tenant, held.subject, held.version, self._unwrap(held))
            done += self._store.replace(held, fresh)
        return done

    def shred(self, tenant: str, subject: str) -> int:
        """Destroys a subject's data keys for good; returns how many. Again is no error."""
        return self._store.destroy(tenant, subject)

    def _key(self, context: Context, version: int) -> bytes:
        held = self._store.get(context.tenant, context.subject, version=version)
        if held is None:
            raise DataKeyUnknown(f"there is no version {version} of this subject's data key")
        return self._unwrap(held)

    def _make(self, tenant: str, subject: str, version: int) -> WrappedKey:
        """A new version; another writer's, where one was made at the same time."""
        for _ in range(_MOST_TRIES):
            fresh = self._wrapped(tenant, subject, version, os.urandom(KEY_BYTES))
            if self._store.add(fresh):
                return fresh
            held = self._store.newest(tenant, subject)
            if held is not None and held.version >= version:
                return held
        raise KeyringError("the data key could not be stored; try again")

    def _wrapped(self, tenant: str, subject: str, version: int, key: bytes) -> WrappedKey:
        master = self._masters.current
        context = _wrap_context(tenant, subject, version, master)
        wrapped = self._masters.wrap(key, version=master, context=context)
        return WrappedKey(tenant, subject, version, master, wrapped)

    def _unwrap(self, held: WrappedKey) -> bytes:
        context = _wrap_context(held.tenant, held.subject, held.version, held.master)
        return self._masters.unwrap(held.wrapped, version=held.master, context=context)


def _wrap_context(tenant: str, subject: str, version: int, master: str) -> bytes:
    return canonical_json(
        {
            "format": "fairwitness-wrapped-key/1",
            "tenant": tenant,
            "subject": subject,
            "version": version,
            "master": master,
        }
    )
