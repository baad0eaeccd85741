"""Sealed artefacts: stored while they stream, opened again, erased.

An artefact is one blob under its key: the sealed bytes, or (after the letters `FWM1`) a sealed list
of parts, each a sealed blob of its own. The list holds the parts' names, sizes and order and the
SHA-256 of the whole, so that no part can be left out, repeated, or changed for another's.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from audit.canonical import canonical_json
from audit.errors import CiphertextInvalid, MediaLimitExceeded
from audit.keyring import Context, KeyRing
from audit.vault.blobs import BlobStore
from audit.vault.incoming import as_file
from audit.vault.keys import artefact_key, part_key, parts_prefix, split_part
from audit.vault.scratch import Scratch

MOST_LIST_BYTES = 1 << 20
_LIST_MAGIC = b"FWM1"
_LIST_FORMAT = "fairwitness-parts/1"
_COPY_PIECES = 1 << 20


@dataclass(frozen=True, slots=True)
class Stored:
    """What was stored: SHA-256 of the plaintext (hexadecimal), its bytes, and bytes when sealed."""

    sha256: str
    size: int
    sealed_bytes: int


@dataclass(frozen=True, slots=True)
class PartName:
    """One part of an artefact: our own name for it, and its bytes of plaintext."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Artefact:
    """An artefact in the store; `modified` in UTC."""

    tenant: str
    id: str
    modified: datetime


class Vault:
    """Seals artefacts into a blob store with a subject's data key, and opens them."""

    def __init__(self, blobs: BlobStore, ring: KeyRing, scratch: Scratch) -> None:
        self.blobs = blobs
        self._ring = ring
        self._scratch = scratch

    def __repr__(self) -> str:
        return f"Vault({self.blobs!r})"

    def store(
        self, context: Context, chunks: Iterable[bytes], *, most_bytes: int | None = None
    ) -> Stored:
        """Seals what `chunks` gives while it comes; replaces an artefact of the same key.

        Raises:
            MediaLimitExceeded: there are more than `most_bytes`; nothing is kept.
            DataKeyDestroyed: the subject was erased.
            StorageFull, StorageUnavailable: nothing is kept.
        """
        key = artefact_key(context.tenant, context.artefact)
        hashed = _Hashed(chunks, most_bytes)
        sealed = self._ring.seal_stream(context, as_file(hashed))
        sealed_bytes = self.blobs.put_stream(key, sealed)
        return Stored(hashed.sha256.hexdigest(), hashed.size, sealed_bytes)

    def open(self, context: Context) -> Iterator[bytes]:
        """The plaintext, in pieces. Each is authentic, but only the end says that all were there.

        Raises:
            BlobMissing: there is no such artefact (at once).
            DataKeyDestroyed: the subject was erased (at once).
            CiphertextInvalid: altered, cut off, or of another context; discard what came before.
        """
        source, listed = self._opened(context)
        if not listed:
            return self._ring.open_stream(context, source)
        parts, _ = self._parts(context, source)
        return self._joined(context, parts)

    @contextlib.contextmanager
    def fetched(self, context: Context, *, suffix: str = "") -> Iterator[Path]:
        """A private file with the plaintext, for what needs a path; removed at the end.

        `suffix`: a file extension with its dot, ours and not the user's (`kinds.suffix`).

        Raises:
            StorageFull: the scratch folders have no room for it.
            BlobMissing, DataKeyDestroyed, CiphertextInvalid: as `open`.
        """
        source, listed = self._opened(context)
        if listed:
            parts, size = self._parts(context, source)
            pieces = self._joined(context, parts)
        else:
            pieces = self._ring.open_stream(context, source)
            size = self.blobs.size(artefact_key(context.tenant, context.artefact))
        with self._scratch.file(size, suffix=suffix) as (path, file):
            for piece in pieces:
                file.write(piece)
            file.flush()
            yield path

    def exists(self, context: Context) -> bool:
        """Whether the artefact is stored."""
        return self.blobs.exists(artefact_key(context.tenant, context.artefact))

    def erase(self, context: Context) -> int:
        """Removes the artefact and all parts of it, also of an upload; returns how many blobs.

        Again is no error. Copies elsewhere stay sealed; `KeyRing.shred` makes them unreadable.
        """
        return self.erase_key(context.tenant, context.artefact)

    def erase_key(self, tenant: str, artefact: str) -> int:
        """As `erase`, where the subject is not known."""
        key = artefact_key(tenant, artefact)
        done = int(self.blobs.exists(key))
        self.blobs.delete(key)
        for blob in list(self.blobs.list(parts_prefix(tenant, artefact))):
            self.blobs.delete(blob.key)
            done += 1
        return done

    def sweep_scratch(self) -> int:
        """Removes decrypted files that killed processes left; call it when a process starts."""
        return self._scratch.sweep()

    def artefacts(self) -> Iterator[Artefact]:
        """All stored artefacts of all tenants, to be compared with what the records name."""
        for blob in self.blobs.list():
            tenant, _, artefact = blob.key.partition("/")
            if artefact and "/" not in artefact:
                yield Artefact(tenant, artefact, blob.modified)

    def store_part(self, context: Context, name: str, source: BinaryIO) -> int:
        """Seals one part; it belongs to the artefact once `bind` names it. Returns sealed bytes."""
        key = part_key(context.tenant, context.artefact, name)
        return self.blobs.put_stream(key, self._ring.seal_stream(_of_part(context, name), source))

    def open_part(self, context: Context, name: str) -> Iterator[bytes]:
        """The plaintext of one part."""
        key = part_key(context.tenant, context.artefact, name)
        source = as_file(self.blobs.open_stream(key))
        return self._ring.open_stream(_of_part(context, name), source)

    def erase_part(self, context: Context, name: str) -> None:
        """Removes one part."""
        self.blobs.delete(part_key(context.tenant, context.artefact, name))

    def bind(self, context: Context, parts: Sequence[PartName], sha256: str) -> Stored:
        """Makes an artefact of stored parts, in one step; parts that it does not name are removed.

        `sha256`: of the plaintext of all parts in order.
        """
        size = sum(part.size for part in parts)
        text = canonical_json(
            {
                "format": _LIST_FORMAT,
                "parts": [[part.name, part.size] for part in parts],
                "sha256": sha256,
                "size": size,
            }
        )
        key = artefact_key(context.tenant, context.artefact)
        sealed = self._ring.seal(_of_list(context), text)
        sealed_bytes = self.blobs.put_stream(key, [_LIST_MAGIC, sealed])
        named = {part.name for part in parts}
        for blob in list(self.blobs.list(parts_prefix(context.tenant, context.artefact))):
            split = split_part(blob.key)
            if split and split[2] in named:
                sealed_bytes += blob.size
            else:
                self.blobs.delete(blob.key)
        return Stored(sha256, size, sealed_bytes)

    def _opened(self, context: Context) -> tuple[BinaryIO, bool]:
        """The artefact's blob after its list's letters, and whether it is a list of parts."""
        key = artefact_key(context.tenant, context.artefact)
        source = as_file(self.blobs.open_stream(key))
        listed = source.peek(len(_LIST_MAGIC)).startswith(_LIST_MAGIC)
        if listed:
            source.read(len(_LIST_MAGIC))
        return source, listed

    def _parts(self, context: Context, source: BinaryIO) -> tuple[list[PartName], int]:
        sealed = source.read(MOST_LIST_BYTES)
        held = json.loads(self._ring.open(_of_list(context), sealed))
        if held.get("format") != _LIST_FORMAT:
            raise CiphertextInvalid("the list of parts has a format that this version knows not")
        return [PartName(name, size) for name, size in held["parts"]], held["size"]

    def _joined(self, context: Context, parts: Sequence[PartName]) -> Iterator[bytes]:
        for part in parts:
            size = 0
            for piece in self.open_part(context, part.name):
                size += len(piece)
                yield piece
            if size != part.size:
                raise CiphertextInvalid("a part has another size than the list says")


class _Hashed:
    """Chunks that are hashed and counted as they pass, and bounded."""

    def __init__(self, chunks: Iterable[bytes], most: int | None) -> None:
        self._chunks = chunks
        self._most = most
        self.sha256 = hashlib.sha256()
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.size += len(chunk)
            if self._most is not None and self.size > self._most:
                raise MediaLimitExceeded(
                    f"There are more than {self._most} bytes. Give a smaller file."
                )
            self.sha256.update(chunk)
            yield chunk


def _of_part(context: Context, name: str) -> Context:
    return replace(context, artefact=f"{context.artefact}/{name}")


def _of_list(context: Context) -> Context:
    return replace(context, purpose=f"{context.purpose}/parts")
