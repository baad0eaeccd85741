"""Uploads in the store: their rows, and what becomes of a completed one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from audit.errors import (
    AuditError,
    HashMismatch,
    MediaTypeRefused,
    QuotaExceeded,
    UploadConflict,
    UploadExpired,
    VersionConflict,
)
from audit.ids import new_id
from audit.keyring import Context
from audit.operations import media as media_operations
from audit.operations.media import MediaOrder
from audit.records import evidence
from audit.records.evidence import Media, MediaKind, Upload
from audit.settings import Settings
from audit.store import Store, UnitOfWork
from audit.store.usage import reserved_bytes
from audit.vault import (
    NewUpload,
    OpenUploads,
    Received,
    RegisteredStores,
    Stored,
    UploadRules,
    Uploads,
    UploadState,
    Vault,
)
from audit.vault.names import shown_name
from audit.vault.uploads import PURPOSE

_HEAD_BYTES = 1 << 16
_LONGEST_WHY = 500


class StoredUploads:
    """`OpenUploadStates` over the rows of uploads. The row's version is the upload's revision."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, tenant: str, upload: str) -> UploadState | None:
        """The row of an open upload."""
        with self._store.reading(tenant) as unit:
            found = unit.find(Upload, id=upload, state=evidence.UploadState.OPEN)
        return _state(tenant, found) if found else None

    def replace(self, old: UploadState, new: UploadState) -> UploadState | None:
        """Puts `new` where the row still has the revision of `old`."""
        with self._store.unit(old.tenant) as unit:
            row = unit.find(Upload, id=old.id, state=evidence.UploadState.OPEN)
            if row is None or row.version != old.revision:
                return None
            changed = replace(
                row,
                size_bytes=new.expected_bytes,
                received_bytes=new.received_bytes,
                parts=new.parts,
                expires_at=new.expires_at,
            )
            try:
                return _state(old.tenant, unit.put(changed))
            except VersionConflict:
                return None

    def end(self, tenant: str, upload: str, *, why: AuditError | None) -> bool:
        """Ends an open upload."""
        late = why is None or isinstance(why, UploadExpired)
        state = evidence.UploadState.EXPIRED if late else evidence.UploadState.REFUSED
        text = str(why or "It was given up.")[:_LONGEST_WHY]
        while True:
            with self._store.unit(tenant) as unit:
                row = unit.find(Upload, id=upload, state=evidence.UploadState.OPEN)
                if row is None:
                    return False
                try:
                    unit.put(replace(row, state=state, refused=text))
                except VersionConflict:
                    continue
                return True

    def expired(self, now: datetime) -> Iterator[UploadState]:
        """Open uploads of all tenants that expired."""
        for tenant in self._store.tenants():
            with self._store.reading(tenant) as unit:
                rows = unit.every(Upload, state=evidence.UploadState.OPEN)
            yield from (_state(tenant, row) for row in rows if row.expires_at < now)

    def under_way(self, tenant: str, artefact: str) -> bool:
        """Whether an open upload is to become this artefact."""
        return self.get(tenant, _upload_of(artefact)) is not None


class _InUnit(StoredUploads):
    """Announces an upload within a unit, so that it is there with the answer, or not at all."""

    def __init__(self, store: Store, unit: UnitOfWork, order: MediaOrder) -> None:
        super().__init__(store)
        self._unit = unit
        self._order = order

    def add(self, state: UploadState, *, most_bytes: int | None) -> bool:
        unit, order = self._unit, self._order
        if most_bytes is not None and reserved_bytes(unit) + state.expected_bytes > most_bytes:
            return False
        unit.add(
            Upload(
                id=state.id,
                candidate_id=order.candidate_id,
                interview_id=order.interview_id,
                kind=order.kind,
                size_bytes=state.expected_bytes,
                sha256=state.expected_sha256,
                media_type=state.media_type,
                name=state.file_name_shown,
                expires_at=state.expires_at,
            )
        )
        return True


@dataclass(frozen=True, slots=True)
class Intake:
    """All that receives files; one for a process, since it knows hashes of what came so far."""

    store: Store
    vault: Vault
    rules: UploadRules
    uploads: OpenUploads
    registered: RegisteredStores

    @classmethod
    def of(cls, settings: Settings, store: Store, vault: Vault) -> Intake:
        """The intake that settings describe."""
        rules = UploadRules.of(settings)
        uploads = OpenUploads(vault, StoredUploads(store), rules, now=store.now)
        registered = RegisteredStores.read(settings.storage.registered_stores)
        return cls(store, vault, rules, uploads, registered)


def announce(unit: UnitOfWork, intake: Intake, order: MediaOrder, *, size: int) -> Upload:
    """A new upload of `size` bytes. See `Uploads.create` and `media.owned` for what is refused."""
    if order.kind is MediaKind.TABLE:
        raise MediaTypeRefused("A table is sent whole, to /v1/media, not as a resumable upload.")
    order = media_operations.owned(unit, order)
    states = _InUnit(intake.store, unit, order)
    made = Uploads(intake.vault, states, intake.rules, now=unit.now).create(
        _new_upload(unit.tenant, order, size)
    )
    return unit.get(Upload, made.id)


def finish(unit: UnitOfWork, received: Received, *, source: str = "upload") -> Media:
    """The row of a completed upload's file, and the end of the upload, in one transaction.

    Raises `UploadExpired` or `UploadConflict` where the upload ended or changed meanwhile: then
    another request has it, and what is stored is that one's to finish or to remove.
    """
    row = unit.get(Upload, received.state.id)
    if row.state is not evidence.UploadState.OPEN:
        raise UploadExpired("The upload was given up while it was being completed.")
    if row.version != received.state.revision:
        raise _conflict(row)
    order = MediaOrder(
        interview_id=row.interview_id,
        candidate_id=row.candidate_id,
        kind=row.kind,
        name=row.name,
        source=source,
    )
    made = media_operations.add(
        unit,
        received.state.artefact,
        order,
        stored=received.stored,
        media_type=received.media_type,
    )
    done = replace(
        row, state=evidence.UploadState.DONE, media_id=made.id, size_bytes=made.size_bytes
    )
    try:
        unit.put(done)
    except VersionConflict:
        raise _conflict(row) from None
    return made


def finished(unit: UnitOfWork, upload_id: str) -> Media | None:
    """The file of an upload that is completed already; None where it is not."""
    row = unit.get(Upload, upload_id)
    if row.state is not evidence.UploadState.DONE or row.media_id is None:
        return None
    return unit.get(Media, row.media_id)


def receive(
    intake: Intake,
    tenant: str,
    order: MediaOrder,
    *,
    chunks: Iterable[bytes],
    size: int,
    exact: bool = True,
) -> Received:
    """A whole file in one go, before its row: `finish` writes that. Not for tables.

    `exact` false: `size` is the most that may come. On any failure everything is removed.
    """
    with intake.store.unit(tenant) as unit:
        row = announce(unit, intake, order, size=size)
    done = False
    try:
        state = intake.uploads.append(tenant, row.id, offset=0, chunks=chunks)
        if not exact and 0 < state.received_bytes < state.expected_bytes:
            smaller = replace(state, expected_bytes=state.received_bytes)
            StoredUploads(intake.store).replace(state, smaller)
        received = intake.uploads.complete(tenant, row.id)
        done = True
    finally:
        if not done:
            intake.uploads.abort(tenant, row.id)
    return received


def drop(intake: Intake, tenant: str, received: Received) -> None:
    """Removes a completed upload of which no row was written."""
    intake.uploads.abort(tenant, received.state.id)


@dataclass(frozen=True, slots=True)
class ReceivedTable:
    """A table whose sealed bytes are stored, without its row."""

    id: str
    stored: Stored
    media_type: str


def receive_table(
    intake: Intake, tenant: str, order: MediaOrder, *, chunks: Iterable[bytes]
) -> ReceivedTable:
    """A whole CSV, Parquet or Arrow file, before its row: `finish_table` writes that.

    Raises:
        MediaTypeRefused: it is none of these. HashMismatch: it has another SHA-256.
    """
    made = new_id("med")
    context = Context(tenant, media_operations.subject_of(None, made), made, PURPOSE)
    looked = _Looked(chunks)
    done = False
    try:
        stored = intake.vault.store(context, looked, most_bytes=intake.rules.most_bytes)
        media_type = table_type(looked.head)
        wanted = (order.sha256 or stored.sha256).strip().lower()
        if wanted != stored.sha256:
            raise HashMismatch(
                f"The bytes that arrived have the SHA-256 {stored.sha256}, and {wanted} was "
                "announced. Everything was removed; send the file again."
            )
        done = True
    finally:
        if not done:
            intake.vault.erase(context)
    return ReceivedTable(made, stored, media_type)


def finish_table(
    unit: UnitOfWork, intake: Intake, order: MediaOrder, received: ReceivedTable
) -> Media:
    """The row of a received table. Raises `QuotaExceeded`; then `Vault.erase_key` what came."""
    most = intake.rules.quota_bytes
    if most is not None and reserved_bytes(unit) + received.stored.size > most:
        raise QuotaExceeded(f"The quota of {most} bytes does not hold {received.stored.size} more.")
    order = replace(order, name=shown_name(order.name))
    return media_operations.add(
        unit, received.id, order, stored=received.stored, media_type=received.media_type
    )


def table_type(head: bytes) -> str:
    """The media type of a table that begins so. Raises `MediaTypeRefused` for what is none."""
    if head.startswith(b"PAR1"):
        return "application/vnd.apache.parquet"
    if head.startswith(b"ARROW1"):
        return "application/vnd.apache.arrow.file"
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if not head or (not wide and any(byte < 9 for byte in head)) or head.startswith(_OTHER):
        raise MediaTypeRefused("The content is no table: give CSV as text, Parquet or Arrow.")
    return "text/csv"


_OTHER = (b"PK\x03\x04", b"\x1f\x8b", b"%PDF", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"SQLite")


class _Looked:
    """Chunks, and what they began with."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.head = b""

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            if len(self.head) < _HEAD_BYTES:
                self.head += chunk[: _HEAD_BYTES - len(self.head)]
            yield chunk


def _conflict(row: Upload) -> UploadConflict:
    text = "Another request for this upload came first."
    return UploadConflict(text, received_bytes=row.received_bytes)


def _new_upload(tenant: str, order: MediaOrder, size: int) -> NewUpload:
    id = new_id("upl")
    artefact = _artefact_of(id)
    return NewUpload(
        id=id,
        tenant=tenant,
        subject=media_operations.subject_of(order.candidate_id, artefact),
        artefact=artefact,
        expected_bytes=size,
        sha256=order.sha256,
        media_type=order.media_type,
        file_name=order.name,
    )


def _state(tenant: str, row: Upload) -> UploadState:
    artefact = _artefact_of(row.id)
    return UploadState(
        id=row.id,
        tenant=tenant,
        subject=media_operations.subject_of(row.candidate_id, artefact),
        artefact=artefact,
        expected_bytes=row.size_bytes,
        expected_sha256=row.sha256,
        received_bytes=row.received_bytes,
        parts=row.parts,
        media_type=row.media_type,
        file_name_shown=row.name,
        expires_at=row.expires_at,
        revision=row.version,
    )


def _artefact_of(upload: str) -> str:
    """An upload's file has its identifier's characters, so that neither needs to be looked up."""
    return "med_" + upload.partition("_")[2]


def _upload_of(artefact: str) -> str:
    return "upl_" + artefact.partition("_")[2]
