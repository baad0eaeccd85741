"""Uploads: announced, received in parts that are sealed as they come, completed or given up."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from audit.errors import (
    AuditError,
    HashMismatch,
    MediaTypeRefused,
    QuotaExceeded,
    StorageFull,
    UploadConflict,
    UploadExpired,
    UploadInvalid,
)
from audit.vault.incoming import Incoming, Part, part_file
from audit.vault.keys import artefact_key, parts_prefix, split_part
from audit.vault.kinds import SNIFF_BYTES, agreed_type
from audit.vault.uploads import (
    NewUpload,
    OpenUploadStates,
    UploadRules,
    UploadState,
    UploadStates,
    check_append,
    check_parts,
    counted_parts,
    opening_state,
    too_much,
)
from audit.vault.vault import PartName, Stored, Vault

if TYPE_CHECKING:
    Hash = hashlib._Hash

STRAY_AGE = timedelta(hours=6)
"""Younger parts without a row may belong to an upload that is being completed right now."""

_MOST_DIGESTS = 1024


@dataclass(frozen=True, slots=True)
class Received:
    """A completed upload: the row of the media can be written from it."""

    state: UploadState
    stored: Stored
    media_type: str


def _utc_now() -> datetime:
    return datetime.now(UTC)


class OpenUploads:
    """Receives media that were announced into a vault.

    Successive parts of one upload may reach different processes.
    """

    def __init__(
        self,
        vault: Vault,
        states: OpenUploadStates,
        rules: UploadRules,
        *,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self.vault = vault
        self._states = states
        self._rules = rules
        self._now = now
        self._digests = _Digests()

    def state(self, tenant: str, upload: str) -> UploadState:
        """Where the upload stands: `received_bytes` is the offset to go on from.

        Raises:
            UploadExpired: there is no such open upload.
        """
        state = self._states.get(tenant, upload)
        if state is None or state.expires_at <= self._now():
            raise UploadExpired("There is no such upload, or it has expired. Start a new one.")
        return state

    def append(
        self,
        tenant: str,
        upload: str,
        *,
        offset: int,
        chunks: Iterable[bytes],
        length: int | None = None,
    ) -> UploadState:
        """Appends what `chunks` gives, part by part; each part counts once it is stored safely.

        An `OSError` of `chunks` means that the sender was cut off: what came is counted, then the
        error goes on. A second request for the same upload ends the first one's right to append.
        `length`: bytes that will come, where that is known.

        Raises:
            UploadExpired: there is no such open upload.
            UploadConflict: the offset is not the upload's, or another request was first.
            UploadInvalid: more comes than was announced; the last part is not counted.
            MediaTypeRefused: the first bytes are no media of the declared kind; all is removed.
            StorageFull: the disk is full; go on later from the offset that is then reported.
        """
        state = self.state(tenant, upload)
        check_append(state, offset, length)
        incoming = Incoming(chunks, bears_cut=True)
        if offset == 0:
            self._check_first(state, incoming)
        while not incoming.ended():
            state = self._take(state, incoming)
        if incoming.cut is not None:
            raise incoming.cut
        return state

    def complete(self, tenant: str, upload: str) -> Received:
        """Checks what has arrived and makes it an artefact of the vault.

        Then, in one transaction, write the row of the media and end the row of the upload. Where
        that had ended by then, erase nothing: another request may have completed it. What is left
        of one that was given up meanwhile has no row (`Vault.artefacts`). Again is no error until
        then.

        Raises:
            UploadInvalid: bytes are missing; what has arrived is kept.
            HashMismatch, MediaTypeRefused: refused; all is removed.
            UploadExpired: there is no such open upload.
            UploadConflict: another request changed it at the same time.
        """
        state = self.state(tenant, upload)
        if state.missing_bytes:
            raise UploadInvalid(
                f"{state.received_bytes} of {state.expected_bytes} bytes have arrived. Send the "
                "rest, then complete the upload."
            )
        state = self._swap(state, self._renewed(state))
        try:
            parts, sha256, media_type = self._checked(state)
        except (HashMismatch, MediaTypeRefused) as refusal:
            self._end(state, refusal)
            raise
        stored = self.vault.bind(state.context, parts, sha256)
        if self._states.get(tenant, upload) is None:
            # Nothing is erased: another request may have completed it, and its media has a row.
            raise UploadExpired("The upload ended while it was being completed.")
        return Received(state, stored, media_type)

    def abort(self, tenant: str, upload: str) -> None:
        """Gives an upload up and removes what has arrived. Again is no error."""
        state = self._states.get(tenant, upload)
        if state is not None:
            self._end(state, None)

    def sweep(self) -> int:
        """Ends expired uploads and removes their parts; returns how many. Any process may."""
        done = 0
        for state in self._states.expired(self._now()):
            if self._states.replace(state, state) is not None:
                done += self._end(state, UploadExpired("The upload was not completed in time."))
        return done

    def sweep_strays(self) -> int:
        """Removes parts of which there is neither an upload nor an artefact, as a process that
        died in the middle leaves them; reads the whole store's list, so call it once a day.
        """
        before = self._now() - STRAY_AGE
        done = self.vault.blobs.tidy(before)
        kept: dict[tuple[str, str], bool] = {}
        for blob in self.vault.blobs.list():
            split = split_part(blob.key)
            if split is None or blob.modified >= before:
                continue
            tenant, artefact, _ = split
            if not self._wanted(tenant, artefact, kept):
                self.vault.blobs.delete(blob.key)
                done += 1
        return done

    def _wanted(self, tenant: str, artefact: str, kept: dict[tuple[str, str], bool]) -> bool:
        """The upload's row first: it ends only after the artefact is there."""
        if (tenant, artefact) not in kept:
            key = artefact_key(tenant, artefact)
            under_way = self._states.under_way(tenant, artefact)
            kept[tenant, artefact] = under_way or self.vault.blobs.exists(key)
        return kept[tenant, artefact]

    def _take(self, state: UploadState, incoming: Incoming) -> UploadState:
        """Stores and counts one part."""
        if state.missing_bytes <= 0:
            raise too_much(state)
        check_parts(state, self._rules)
        most = min(self._rules.part_bytes, state.missing_bytes)
        self._check_room(most)
        state = self._swap(state, self._renewed(state))
        digest = self._digests.take(state)
        part = Part(incoming, most, digest)
        name = state.next_part()
        self.vault.store_part(state.context, name, part_file(part))
        counted = state.counting(part.taken)
        try:
            if not counted.missing_bytes and not incoming.ended():
                raise too_much(state)
            counted = self._swap(state, counted)
        except (UploadConflict, UploadExpired, UploadInvalid):
            self.vault.erase_part(state.context, name)
            raise
        self._digests.keep(counted, digest)
        return counted

    def _swap(self, old: UploadState, new: UploadState) -> UploadState:
        held = self._states.replace(old, new)
        if held is None:
            now = self.state(old.tenant, old.id)
            raise UploadConflict(
                f"Another request for this upload came first; it has {now.received_bytes} bytes.",
                received_bytes=now.received_bytes,
            )
        return held

    def _renewed(self, state: UploadState) -> UploadState:
        return replace(state, expires_at=self._now() + self._rules.lifetime)

    def _check_room(self, size: int) -> None:
        free = self.vault.blobs.free_bytes()
        if free is not None and free - size < self._rules.floor_bytes:
            raise StorageFull(
                f"The disk of the media store has {free} bytes left; {size} more would leave less "
                f"than {self._rules.floor_bytes}. Nothing was written."
            )

    def _check_first(self, state: UploadState, incoming: Incoming) -> None:
        """Refuses before anything is stored, where enough has come to tell."""
        wanted = min(SNIFF_BYTES, state.expected_bytes)
        head = incoming.head(wanted)
        if len(head) >= wanted:
            try:
                agreed_type(head, state.media_type, state.file_name_shown)
            except MediaTypeRefused as refusal:
                self._end(state, refusal)
                raise

    def _checked(self, state: UploadState) -> tuple[list[PartName], str, str]:
        parts = self._parts(state)
        head = b""
        for piece in self._pieces(state, parts):
            head += piece
            if len(head) >= SNIFF_BYTES:
                break
        media_type = agreed_type(head[:SNIFF_BYTES], state.media_type, state.file_name_shown)
        digest = self._digests.take(state)
        if digest is None:
            digest = hashlib.sha256()
            for piece in self._pieces(state, parts):
                digest.update(piece)
        self._digests.keep(state, digest)
        sha256 = digest.hexdigest()
        if state.expected_sha256 not in (None, sha256):
            raise HashMismatch(
                f"The bytes that arrived have the SHA-256 {sha256}; {state.expected_sha256} was "
                "announced. Everything was removed; send the file again."
            )
        return parts, sha256, media_type

    def _parts(self, state: UploadState) -> list[PartName]:
        blobs = self.vault.blobs.list(parts_prefix(state.tenant, state.artefact))
        names = ((split_part(blob.key), blob.size) for blob in blobs)
        return counted_parts(state, [(split[2], size) for split, size in names if split])

    def _pieces(self, state: UploadState, parts: list[PartName]) -> Iterable[bytes]:
        for part in parts:
            yield from self.vault.open_part(state.context, part.name)

    def _end(self, state: UploadState, why: AuditError | None) -> bool:
        """Ends the row first, so that no part is counted any more, then removes what there is."""
        ended = self._states.end(state.tenant, state.id, why=why)
        if ended:
            self._digests.take(state)
            self.vault.erase(state.context)
        return ended


class Uploads(OpenUploads):
    """Announces media as well, where the rows are written here."""

    def __init__(
        self,
        vault: Vault,
        states: UploadStates,
        rules: UploadRules,
        *,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        super().__init__(vault, states, rules, now=now)
        self._announced = states

    def create(self, new: NewUpload) -> UploadState:
        """Announces an upload; its bytes count against the quota from now on.

        Raises:
            UploadInvalid, MediaTypeRefused: what is announced cannot be taken.
            QuotaExceeded: the tenant's quota does not hold it.
            StorageFull: the disk does not hold it above the floor.
        """
        state = opening_state(new, self._rules, self._now())
        artefact_key(new.tenant, new.artefact)
        self._check_room(state.expected_bytes)
        if not self._announced.add(state, most_bytes=self._rules.quota_bytes):
            raise QuotaExceeded(
                f"The quota of {self._rules.quota_bytes} bytes does not hold {new.expected_bytes} "
                "more. Delete media that are no longer needed, or have the quota raised."
            )
        return state

    def receive(self, new: NewUpload, chunks: Iterable[bytes], *, exact: bool = True) -> Received:
        """A whole upload in one call; on any failure, everything of it is removed.

        `exact` false: `new.expected_bytes` is the most that may come. What then is to be done is
        said at `complete`.
        """
        state = self.create(new)
        done = False
        try:
            state = self.append(state.tenant, state.id, offset=0, chunks=chunks)
            if not exact and 0 < state.received_bytes < state.expected_bytes:
                self._swap(state, replace(state, expected_bytes=state.received_bytes))
            received = self.complete(state.tenant, state.id)
            done = True
        finally:
            if not done:
                self.abort(state.tenant, state.id)
        return received


class _Digests:
    """SHA-256 of what this process has seen of open uploads, so that completion need not read all
    of it again. An upload that other processes had a part of is read again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[tuple[str, str], tuple[int, Hash]] = OrderedDict()

    def take(self, state: UploadState) -> Hash | None:
        """The digest of all counted bytes, if it is known here; it is then the caller's."""
        with self._lock:
            at, digest = self._held.pop((state.tenant, state.id), (0, hashlib.sha256()))
        return digest if at == state.received_bytes else None

    def keep(self, state: UploadState, digest: Hash | None) -> None:
        """Keeps the digest of all counted bytes."""
        if digest is None:
            return
        with self._lock:
            self._held[state.tenant, state.id] = (state.received_bytes, digest)
            while len(self._held) > _MOST_DIGESTS:
                self._held.popitem(last=False)
