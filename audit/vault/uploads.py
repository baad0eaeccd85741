"""What an upload is, where it stands, and which of its stored parts count: pure logic.

The row (`UploadState`) says how many parts count and how many bytes they hold; the blob store holds
the parts. A part is written under a claim: the claimant moves the row's revision on, writes a part
whose name carries that revision, and then counts it, if nobody has moved the revision since. So of
several parts with one number, the one with the highest revision is the one that was counted, and a
part that was written but not counted is never taken for data.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from audit.errors import AuditError, StorageError, UploadConflict, UploadInvalid
from audit.keyring import CHUNK_BYTES, Context, sealed_size
from audit.vault.kinds import declared_type
from audit.vault.names import shown_name
from audit.vault.vault import PartName

if TYPE_CHECKING:
    from audit.settings import Settings

MOST_PARTS = 10_000
PURPOSE = "media"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"(\d{5})-(\d{12})")
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class NewUpload:
    """What a sender announces.

    Attributes:
        id, tenant: of the upload. artefact: the identifier that the stored media will have.
        subject: whose key seals it, as a rule a candidate's id.
        expected_bytes: its exact size.
        sha256: in hexadecimal, or None. media_type, file_name: as given, not trusted.
    """

    id: str
    tenant: str
    subject: str
    artefact: str
    expected_bytes: int
    sha256: str | None = None
    media_type: str | None = None
    file_name: str | None = None


@dataclass(frozen=True, slots=True)
class UploadState:
    """Where an open upload stands: one row. `revision` counts its changes, from 1.

    `media_type` is what was declared; `file_name_shown` is fit to be shown, and names nothing.
    """

    id: str
    tenant: str
    subject: str
    artefact: str
    expected_bytes: int
    expected_sha256: str | None
    received_bytes: int
    parts: int
    media_type: str | None
    file_name_shown: str
    expires_at: datetime
    revision: int = 1

    @property
    def missing_bytes(self) -> int:
        """What is still to come."""
        return self.expected_bytes - self.received_bytes

    @property
    def context(self) -> Context:
        """What the media is sealed as, now and when it is stored."""
        return Context(self.tenant, self.subject, self.artefact, PURPOSE)

    def next_part(self) -> str:
        """The name of a part that is written under this revision."""
        return f"{self.parts:05d}-{self.revision:012d}"

    def counting(self, size: int) -> UploadState:
        """The state with one more part."""
        return replace(self, received_bytes=self.received_bytes + size, parts=self.parts + 1)


class OpenUploadStates(Protocol):
    """Where rows of open uploads are kept. Each call is atomic, and seen by all processes."""

    def get(self, tenant: str, upload: str) -> UploadState | None:
        """The row of an open upload; None where there is none, or it has ended."""
        ...

    def replace(self, old: UploadState, new: UploadState) -> UploadState | None:
        """Puts `new` in the place of `old` with the next revision and returns it; None, and nothing
        done, where the row is gone, has ended, or no longer has the revision of `old`.
        """
        ...

    def end(self, tenant: str, upload: str, *, why: AuditError | None) -> bool:
        """Ends an open upload; `why` None: its sender gave it up. False where none is open."""
        ...

    def expired(self, now: datetime) -> Iterable[UploadState]:
        """Open uploads of all tenants that expired before `now`."""
        ...

    def under_way(self, tenant: str, artefact: str) -> bool:
        """Whether an open upload is to become this artefact."""
        ...


class UploadStates(OpenUploadStates, Protocol):
    """The same, where uploads are announced too."""

    def add(self, state: UploadState, *, most_bytes: int | None) -> bool:
        """Adds a row with its revision; False, and nothing done, where the tenant's stored media
        and announced uploads, this one with them, would be more than `most_bytes`.
        """
        ...


@dataclass(frozen=True, slots=True)
class UploadRules:
    """What uploads are held to."""

    most_bytes: int
    part_bytes: int = 16 * _MIB
    quota_bytes: int | None = None
    floor_bytes: int = 0
    lifetime: timedelta = timedelta(hours=24)

    @classmethod
    def of(cls, settings: Settings) -> UploadRules:
        """The rules that settings state."""
        storage = settings.storage
        return cls(
            most_bytes=settings.limits.file_mb * _MIB,
            part_bytes=storage.upload_part_mb * _MIB,
            quota_bytes=storage.tenant_quota_mb * _MIB or None,
            floor_bytes=storage.free_floor_mb * _MIB,
            lifetime=timedelta(hours=storage.upload_ttl_hours),
        )


def opening_state(new: NewUpload, rules: UploadRules, now: datetime) -> UploadState:
    """The state that an announced upload starts with.

    Raises:
        UploadInvalid: its size or hash cannot be.
        MediaTypeRefused: its type or its name's extension says that it is no media.
    """
    if not 1 <= new.expected_bytes <= rules.most_bytes:
        raise UploadInvalid(
            f"An upload must have from 1 to {rules.most_bytes} bytes; {new.expected_bytes} were "
            "announced."
        )
    sha256 = None if new.sha256 is None else new.sha256.strip().lower()
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        raise UploadInvalid("The SHA-256 of an upload is written as 64 hexadecimal digits.")
    name = shown_name(new.file_name)
    said = declared_type(new.media_type, name)
    return UploadState(
        id=new.id,
        tenant=new.tenant,
        subject=new.subject,
        artefact=new.artefact,
        expected_bytes=new.expected_bytes,
        expected_sha256=sha256,
        received_bytes=0,
        parts=0,
        media_type=next((text for text, _ in said if "/" in text), None),
        file_name_shown=name,
        expires_at=now + rules.lifetime,
    )


def check_append(state: UploadState, offset: int, length: int | None) -> None:
    """Raises `UploadConflict` for an offset not the upload's own, `UploadInvalid` for excess."""
    if offset != state.received_bytes:
        raise UploadConflict(
            f"The upload has {state.received_bytes} bytes; bytes from {offset} on do not fit. Go "
            "on from there.",
            received_bytes=state.received_bytes,
        )
    if length is not None and length > state.missing_bytes:
        raise too_much(state)


def check_parts(state: UploadState, rules: UploadRules) -> None:
    """Raises `UploadInvalid` where the upload came in too many small parts."""
    if state.parts >= MOST_PARTS:
        raise UploadInvalid(
            f"The upload came in more than {MOST_PARTS} parts. Start again, and send up to "
            f"{rules.part_bytes} bytes in each request, or more."
        )


def too_much(state: UploadState) -> UploadInvalid:
    """More bytes came than were announced."""
    return UploadInvalid(
        f"{state.expected_bytes} bytes were announced, and more were sent. What was counted "
        "is kept."
    )


def counted_parts(state: UploadState, blobs: Iterable[tuple[str, int]]) -> list[PartName]:
    """The parts that count, in order, of stored parts' names and sealed sizes.

    Raises:
        StorageError: one is not in the store, or their sizes are not what was counted.
    """
    best: dict[int, tuple[str, int]] = {}
    for name, size in blobs:
        found = _NAME.fullmatch(name)
        if found:
            number = int(found.group(1))
            best[number] = max(best.get(number, ("", 0)), (name, size))
    held = [best[number] for number in range(state.parts) if number in best]
    parts = [PartName(name, opened_size(size)) for name, size in held]
    whole = len(parts) == state.parts
    if not whole or sum(part.size for part in parts) != state.received_bytes:
        raise StorageError("a part of the upload is not in the media store; send the file again")
    return parts


def opened_size(sealed: int) -> int:
    """How many bytes of plaintext a sealed part of so many bytes holds."""
    empty = sealed_size(0)
    tag = sealed_size(CHUNK_BYTES + 1) - sealed_size(CHUNK_BYTES) - 1
    chunks = -(-(sealed - empty + tag) // (CHUNK_BYTES + tag))
    return max(0, sealed - empty - tag * (chunks - 1))


class MemoryUploadStates:
    """Rows in memory, for one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[tuple[str, str], UploadState] = {}
        self.stored_bytes: dict[str, int] = {}
        self.ended: dict[str, AuditError | None] = {}

    def add(self, state: UploadState, *, most_bytes: int | None) -> bool:
        """Adds a row, if the quota holds it."""
        with self._lock:
            announced = sum(
                s.expected_bytes for s in self._open.values() if s.tenant == state.tenant
            )
            total = announced + self.stored_bytes.get(state.tenant, 0) + state.expected_bytes
            if most_bytes is not None and total > most_bytes:
                return False
            self._open[state.tenant, state.id] = state
            return True

    def get(self, tenant: str, upload: str) -> UploadState | None:
        """The row of an open upload."""
        return self._open.get((tenant, upload))

    def replace(self, old: UploadState, new: UploadState) -> UploadState | None:
        """Compare and swap."""
        with self._lock:
            held = self._open.get((old.tenant, old.id))
            if held is None or held.revision != old.revision:
                return None
            fresh = replace(new, revision=old.revision + 1)
            self._open[old.tenant, old.id] = fresh
            return fresh

    def end(self, tenant: str, upload: str, *, why: AuditError | None) -> bool:
        """Ends an open upload."""
        with self._lock:
            found = self._open.pop((tenant, upload), None)
            if found is not None:
                self.ended[upload] = why
            return found is not None

    def finish(self, tenant: str, upload: str, stored_bytes: int) -> bool:
        """Ends a completed upload: its announced bytes become stored ones."""
        with self._lock:
            if self._open.pop((tenant, upload), None) is None:
                return False
            self.stored_bytes[tenant] = self.stored_bytes.get(tenant, 0) + stored_bytes
            return True

    def expired(self, now: datetime) -> Iterable[UploadState]:
        """Open uploads that expired before `now`."""
        return [state for state in list(self._open.values()) if state.expires_at < now]

    def under_way(self, tenant: str, artefact: str) -> bool:
        """Whether an open upload is to become this artefact."""
        return any((s.tenant, s.artefact) == (tenant, artefact) for s in list(self._open.values()))
