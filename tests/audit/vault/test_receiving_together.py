"""Uploads that meet: at once, under a quota, on a small disk, given up, expired, left behind."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from audit.errors import (
    AuditError,
    BlobMissing,
    HashMismatch,
    MediaTypeRefused,
    QuotaExceeded,
    StorageFull,
    UploadConflict,
    UploadExpired,
    UploadInvalid,
)
from audit.keyring import Context, KeyRing, LocalMasterKeys, MemoryWrappedKeys
from audit.vault import (
    LocalBlobs,
    MemoryUploadStates,
    Scratch,
    UploadRules,
    Uploads,
    Vault,
)
from audit.vault.receiving import STRAY_AGE
from tests.audit.vault.sqlite_states import SqliteUploadStates
from tests.audit.vault.upload_bench import (
    KIB,
    MEDIA,
    PART,
    START,
    Bench,
    announced,
    pieces,
    sha,
)

# --- several at once ---


def test_a_second_request_takes_over_and_the_first_is_refused(bench: Bench) -> None:
    bench.uploads.create(announced())

    def slow() -> Iterator[bytes]:
        yield b"\0\0\0\x18ftypisom" + b"stale" * (10 * KIB)
        bench.append(MEDIA[: 250 * KIB])
        yield b"stale" * PART

    with pytest.raises(UploadConflict) as caught:
        bench.uploads.append("ten", "upl_1", offset=0, chunks=slow())
    assert caught.value.received_bytes == 250 * KIB
    bench.append(MEDIA[250 * KIB :], 250 * KIB)
    bench.complete()
    assert bench.opened() == MEDIA


def test_of_many_that_append_at_once_each_byte_counts_once(local: Bench) -> None:
    local.uploads.create(announced())
    barrier = threading.Barrier(8)

    def send(_: int) -> str:
        uploads = local.process()
        barrier.wait()
        try:
            uploads.append("ten", "upl_1", offset=0, chunks=pieces(MEDIA, 7 * KIB))
        except UploadConflict:
            return "refused"
        return "done"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(send, range(8)))
    assert outcomes.count("done") <= 1
    at = local.uploads.state("ten", "upl_1").received_bytes
    local.append(MEDIA[at:], at)
    local.complete()
    assert local.opened() == MEDIA
    assert len(local.held()) == 1 + local.uploads.state("ten", "upl_1").parts


def test_a_hundred_uploads_under_a_quota_are_completed_or_refused(
    ring: KeyRing, tmp_path: Path
) -> None:
    quota = 37 * len(MEDIA) + 10
    states = SqliteUploadStates(tmp_path / "rows.db")
    rules = UploadRules(most_bytes=1 << 20, part_bytes=PART, quota_bytes=quota)
    vault = Vault(LocalBlobs(tmp_path / "m"), ring, Scratch(()))

    def send(number: int) -> str:
        uploads = Uploads(vault, states, rules)
        try:
            received = uploads.receive(announced(number=number), pieces(MEDIA))
        except QuotaExceeded:
            return "refused"
        assert states.finish("ten", f"upl_{number}", received.stored.size)
        return f"med_{number}"

    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(send, range(100)))
    done = {outcome for outcome in outcomes if outcome != "refused"}
    assert (len(done), outcomes.count("refused")) == (37, 63)
    assert {each.id for each in vault.artefacts()} == done
    files = [path for path in (tmp_path / "m").rglob("*") if path.is_file()]
    assert len(files) == 37 * 5
    for artefact in done:
        plain = b"".join(vault.open(Context("ten", "cand_1", artefact, "media")))
        assert sha(plain) == sha(MEDIA)


class SmallDisk(LocalBlobs):
    """A disk that tells, and keeps to, a small size."""

    def __init__(self, root: Path, size: int) -> None:
        super().__init__(root)
        self.disk = size

    def free_bytes(self) -> int | None:
        return self.disk - sum(blob.size for blob in self.list())


def test_a_hundred_uploads_on_a_small_disk_are_completed_or_refused(
    ring: KeyRing, tmp_path: Path
) -> None:
    blobs = SmallDisk(tmp_path / "m", 9 * len(MEDIA))
    vault = Vault(blobs, ring, Scratch(()))
    states = MemoryUploadStates()
    rules = UploadRules(most_bytes=1 << 20, part_bytes=PART, floor_bytes=len(MEDIA))

    def send(number: int) -> bool:
        try:
            Uploads(vault, states, rules).receive(announced(number=number), pieces(MEDIA))
        except StorageFull:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(send, range(100)))
    assert 1 <= sum(outcomes) <= 8
    assert len(list(vault.artefacts())) == sum(outcomes)
    assert len(list(blobs.list())) == 5 * sum(outcomes)


def test_the_floor_of_free_space_is_kept_before_writing(ring: KeyRing, tmp_path: Path) -> None:
    blobs = SmallDisk(tmp_path / "m", 1000 * KIB)
    bench = Bench(
        Vault(blobs, ring, Scratch(())),
        rules=UploadRules(1 << 20, part_bytes=PART, floor_bytes=600 * KIB),
    )
    bench.uploads.create(announced())
    bench.append(MEDIA[:PART])
    blobs.disk = 700 * KIB
    with pytest.raises(StorageFull, match="Nothing was written"):
        bench.append(MEDIA[PART:], PART)
    with pytest.raises(StorageFull):
        bench.uploads.create(announced(number=2))
    assert len(bench.held()) == 1
    blobs.disk = 1000 * KIB
    bench.append(MEDIA[PART:], PART)
    assert bench.complete().stored.sha256 == sha(MEDIA)


def test_a_quota_counts_what_is_announced_and_what_is_stored(bench: Bench) -> None:
    bench.rules = replace(bench.rules, quota_bytes=2 * len(MEDIA))
    bench.uploads = bench.process()
    received = bench.uploads.receive(announced(), pieces(MEDIA))
    assert bench.states.finish("ten", "upl_1", received.stored.size)
    bench.uploads.create(announced(number=2))
    before = bench.held()
    with pytest.raises(QuotaExceeded):
        bench.uploads.create(announced(b"x", number=3))
    assert bench.held() == before
    bench.uploads.create(announced(number=3, tenant="ten2"))
    bench.uploads.abort("ten", "upl_2")
    bench.uploads.create(announced(number=4))


# --- given up, expired, left behind ---


def test_giving_up_removes_what_has_arrived(bench: Bench) -> None:
    bench.uploads.create(announced())
    bench.append(MEDIA[: 2 * PART])
    bench.uploads.abort("ten", "upl_1")
    bench.uploads.abort("ten", "upl_1")
    assert bench.held() == []
    assert bench.states.ended == {"upl_1": None}
    with pytest.raises(UploadExpired):
        bench.append(MEDIA[2 * PART :], 2 * PART)
    with pytest.raises(UploadExpired):
        bench.complete()


def test_giving_up_while_a_part_arrives_leaves_nothing(bench: Bench) -> None:
    def source() -> Iterator[bytes]:
        yield MEDIA[:PART]
        bench.uploads.abort("ten", "upl_1")
        yield MEDIA[PART:]

    bench.uploads.create(announced())
    with pytest.raises(UploadExpired):
        bench.uploads.append("ten", "upl_1", offset=0, chunks=source())
    assert bench.held() == []


def meanwhile(bench: Bench, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Has `act` happen once, after an upload's content was checked and before it is bound."""
    bind = bench.vault.bind

    def slowly(*args: Any) -> object:
        monkeypatch.setattr(bench.vault, "bind", bind)
        act()
        return bind(*args)

    monkeypatch.setattr(bench.vault, "bind", slowly)


def test_giving_up_while_it_is_completed_leaves_no_media(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.uploads.create(announced())
    bench.append(MEDIA)
    meanwhile(bench, monkeypatch, lambda: bench.uploads.abort("ten", "upl_1"))
    with pytest.raises(UploadExpired):
        bench.complete()
    assert bench.held() == ["ten/med_1"]
    assert [each.id for each in bench.vault.artefacts()] == ["med_1"]
    with pytest.raises(BlobMissing):
        bench.opened()


def test_completing_late_does_not_erase_what_another_request_completed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finish() -> None:
        received = bench.process().complete("ten", "upl_1")
        assert bench.states.finish("ten", "upl_1", received.stored.size)

    bench.uploads.create(announced())
    bench.append(MEDIA)
    meanwhile(bench, monkeypatch, finish)
    with pytest.raises(UploadExpired):
        bench.complete()
    bench.uploads.abort("ten", "upl_1")
    assert bench.opened() == MEDIA


def test_an_upload_expires_and_is_swept(bench: Bench) -> None:
    bench.uploads.create(announced())
    bench.uploads.create(announced(number=2))
    bench.append(MEDIA[:PART])
    bench.now += timedelta(hours=23)
    assert bench.uploads.sweep() == 0
    bench.append(MEDIA[:PART], number=2)
    bench.now += timedelta(hours=2)
    with pytest.raises(UploadExpired):
        bench.append(MEDIA[PART:], PART)
    with pytest.raises(UploadExpired):
        bench.uploads.state("ten", "upl_1")
    assert bench.uploads.sweep() == 1
    assert isinstance(bench.states.ended["upl_1"], UploadExpired)
    assert [key.split("/")[1] for key in bench.held()] == ["med_2.parts"]
    assert bench.append(MEDIA[PART:], PART, number=2).missing_bytes == 0
    assert bench.complete(2).stored.sha256 == sha(MEDIA)


def test_sweeping_passes_over_an_upload_that_has_just_gone_on(bench: Bench) -> None:
    bench.uploads.create(announced())
    state = bench.append(MEDIA[:PART])
    stale = replace(state, revision=state.revision - 1)
    bench.states.expired = lambda now: [stale]  # type: ignore[method-assign]
    assert bench.uploads.sweep() == 0
    assert bench.uploads.state("ten", "upl_1") == state


def test_strays_are_removed_when_nothing_wants_them(bench: Bench) -> None:
    bench.uploads.receive(announced(), pieces(MEDIA))
    bench.states.finish("ten", "upl_1", len(MEDIA))
    bench.uploads.create(announced(number=2))
    bench.append(MEDIA[:PART], number=2)
    stray = Context("ten", "cand_1", "med_9", "media")
    bench.vault.store_part(stray, "00000-000000000002", io.BytesIO(b"of a killed process"))
    bench.now = datetime.now(UTC)
    assert bench.uploads.sweep_strays() == 0
    bench.now += STRAY_AGE + timedelta(minutes=1)
    assert bench.uploads.sweep_strays() == 1
    assert bench.uploads.sweep_strays() == 0
    assert not any("med_9" in key for key in bench.held())
    assert bench.opened() == MEDIA
    bench.now = START
    bench.append(MEDIA[PART:], PART, number=2)
    bench.complete(2)
    assert bench.opened(2) == MEDIA


def test_every_refusal_has_a_code_and_a_sentence(bench: Bench) -> None:
    kinds = (
        UploadInvalid,
        HashMismatch,
        MediaTypeRefused,
        UploadExpired,
        QuotaExceeded,
        StorageFull,
    )
    codes = {kind.code for kind in kinds} | {UploadConflict.code, AuditError.code}
    assert len(codes) == 8


def test_masters_are_asked_once_per_part(local: Bench) -> None:
    asked = []

    class Counting(LocalMasterKeys):
        def unwrap(self, wrapped: bytes, *, version: str, context: bytes) -> bytes:
            asked.append(version)
            return super().unwrap(wrapped, version=version, context=context)

    masters = Counting({"v1": bytes(32)}, current="v1")
    vault = Vault(local.vault.blobs, KeyRing(masters, MemoryWrappedKeys()), Scratch(()))
    bench = Bench(vault)
    bench.uploads.receive(announced(), pieces(MEDIA))
    assert len(asked) == 4 + 1 + 1
