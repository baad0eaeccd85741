"""Uploads arrive whole, resume where they stopped, and leave nothing when they are refused."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from audit.errors import (
    DataKeyDestroyed,
    HashMismatch,
    MediaTypeRefused,
    StorageError,
    UploadConflict,
    UploadExpired,
    UploadInvalid,
)
from audit.keyring import Context, KeyRing
from audit.vault import (
    ObjectBlobs,
    Scratch,
    Vault,
)
from tests.audit.vault.upload_bench import (
    KIB,
    MEDIA,
    PART,
    Bench,
    announced,
    cut_off,
    pieces,
    sha,
)

# --- arriving ---


def test_an_upload_in_one_request_becomes_an_artefact(bench: Bench) -> None:
    bench.uploads.create(announced())
    state = bench.append(MEDIA)
    assert (state.received_bytes, state.parts) == (len(MEDIA), 4)
    received = bench.complete()
    assert (received.stored.sha256, received.stored.size) == (sha(MEDIA), len(MEDIA))
    assert received.media_type == "video/mp4"
    assert received.state.context == Context("ten", "cand_1", "med_1", "media")
    assert received.stored.sealed_bytes == sum(blob.size for blob in bench.vault.blobs.list())
    assert bench.opened() == MEDIA


def test_parts_may_reach_different_processes(bench: Bench) -> None:
    bench.uploads.create(announced())
    offset = 0
    for size in (1, 99 * KIB, 150 * KIB, len(MEDIA)):
        data = MEDIA[offset : offset + size]
        process = bench.process()
        assert process.state("ten", "upl_1").received_bytes == offset
        offset = process.append("ten", "upl_1", offset=offset, chunks=pieces(data)).received_bytes
    assert bench.process().complete("ten", "upl_1").stored.sha256 == sha(MEDIA)
    assert bench.opened() == MEDIA


def test_no_plaintext_lies_in_the_store_while_an_upload_is_open(local: Bench) -> None:
    text = b"\0\0\0\x18ftypisom" + b"plainly said " * 9000
    local.uploads.create(announced(text))
    local.append(text[:50_000])
    held = b"".join(b"".join(local.vault.blobs.open_stream(key)) for key in local.held())
    assert held
    assert b"plainly said" not in held


def test_what_came_before_a_cut_is_kept_and_resumed(bench: Bench) -> None:
    bench.uploads.create(announced())
    with pytest.raises(ConnectionResetError):
        bench.uploads.append("ten", "upl_1", offset=0, chunks=cut_off(MEDIA[: 250 * KIB]))
    state = bench.uploads.state("ten", "upl_1")
    assert (state.received_bytes, state.parts) == (250 * KIB, 3)
    bench.append(MEDIA[250 * KIB :], 250 * KIB)
    assert bench.complete().stored.sha256 == sha(MEDIA)
    assert bench.opened() == MEDIA


def test_a_cut_after_the_last_byte_loses_nothing(bench: Bench) -> None:
    bench.uploads.create(announced())
    with pytest.raises(ConnectionResetError):
        bench.uploads.append("ten", "upl_1", offset=0, chunks=cut_off(MEDIA))
    assert bench.complete().stored.size == len(MEDIA)


def test_another_failure_of_the_source_loses_the_part_under_way_only(bench: Bench) -> None:
    def source() -> Iterator[bytes]:
        yield from pieces(MEDIA[: 150 * KIB])
        raise ZeroDivisionError

    bench.uploads.create(announced())
    with pytest.raises(ZeroDivisionError):
        bench.uploads.append("ten", "upl_1", offset=0, chunks=source())
    assert bench.uploads.state("ten", "upl_1").received_bytes == PART
    bench.append(MEDIA[PART:], PART)
    assert bench.complete().stored.sha256 == sha(MEDIA)


@examples(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 130 * KIB), st.booleans()), max_size=8), st.booleans())
def test_any_cuts_and_any_processes_give_the_same_bytes(
    ring: KeyRing, steps: list[tuple[int, bool]], fresh: bool
) -> None:
    bench = Bench(Vault(ObjectBlobs.in_memory(), ring, Scratch(())))
    bench.uploads.create(announced())
    for size, cut in [*steps, (len(MEDIA), False)]:
        if fresh:
            bench.uploads = bench.process()
        at = bench.uploads.state("ten", "upl_1").received_bytes
        source = cut_off if cut else pieces
        try:
            bench.uploads.append("ten", "upl_1", offset=at, chunks=source(MEDIA[at : at + size]))
        except ConnectionResetError:
            assert cut
    assert bench.complete().stored.sha256 == sha(MEDIA)
    assert bench.opened() == MEDIA


def test_completing_again_gives_the_same(bench: Bench) -> None:
    bench.uploads.create(announced())
    bench.append(MEDIA)
    first, second = bench.complete(), bench.complete()
    assert first.stored.sha256 == second.stored.sha256 == sha(MEDIA)
    assert bench.opened() == MEDIA


def test_a_whole_upload_in_one_call(bench: Bench) -> None:
    received = bench.uploads.receive(announced(sha256=None), pieces(MEDIA))
    assert received.stored.sha256 == sha(MEDIA)
    received = bench.uploads.receive(
        announced(number=2, expected_bytes=900 * KIB), pieces(MEDIA), exact=False
    )
    assert received.stored.size == received.state.expected_bytes == len(MEDIA)
    assert bench.opened(2) == MEDIA


# --- refused ---


@pytest.mark.parametrize("offset", [0, PART - 1, PART + 1, 1 << 40])
def test_another_offset_is_a_conflict_that_names_the_right_one(bench: Bench, offset: int) -> None:
    bench.uploads.create(announced())
    bench.append(MEDIA[:PART])
    before = bench.held()
    with pytest.raises(UploadConflict) as caught:
        bench.append(MEDIA, offset)
    assert caught.value.received_bytes == PART
    assert bench.held() == before


def test_more_than_announced_is_refused_and_what_counted_is_kept(bench: Bench) -> None:
    bench.uploads.create(announced())
    with pytest.raises(UploadInvalid):
        bench.append(MEDIA + b"x")
    state = bench.uploads.state("ten", "upl_1")
    assert (state.received_bytes, state.parts) == (3 * PART, 3)
    assert len(bench.held()) == 3
    with pytest.raises(UploadInvalid):
        bench.uploads.append("ten", "upl_1", offset=3 * PART, chunks=[], length=1 << 20)
    bench.append(MEDIA[3 * PART :], 3 * PART)
    assert bench.complete().stored.sha256 == sha(MEDIA)
    with pytest.raises(UploadInvalid):
        bench.append(b"x", len(MEDIA))


def test_an_unfinished_upload_is_not_completed_and_goes_on(bench: Bench) -> None:
    bench.uploads.create(announced())
    bench.append(MEDIA[:PART])
    with pytest.raises(UploadInvalid, match=f"{PART} of {len(MEDIA)}"):
        bench.complete()
    bench.append(MEDIA[PART:], PART)
    assert bench.complete().stored.sha256 == sha(MEDIA)


@pytest.mark.parametrize("fresh", [False, True])
def test_a_wrong_hash_removes_everything(bench: Bench, fresh: bool) -> None:
    wrong = bytearray(MEDIA)
    wrong[-1] ^= 1
    bench.uploads.create(announced())
    bench.append(bytes(wrong))
    if fresh:
        bench.uploads = bench.process()
    with pytest.raises(HashMismatch, match=sha(MEDIA)):
        bench.complete()
    assert bench.held() == []
    assert isinstance(bench.states.ended["upl_1"], HashMismatch)
    with pytest.raises(UploadExpired):
        bench.uploads.state("ten", "upl_1")


def zip_bomb() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.mp4", bytes(50 << 20))
    return target.getvalue()


REFUSED: dict[str, Callable[[], bytes]] = {
    "zip bomb": zip_bomb,
    "gzip": lambda: gzip.compress(MEDIA),
    "program": lambda: b"\x7fELF" + bytes(99_999),
    "page": lambda: b"<html>" + bytes(99_999),
    "another container": lambda: b"OggS" + bytes(99_999),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_wrong_type_under_a_right_name_is_refused_before_anything_is_stored(
    bench: Bench, kind: str
) -> None:
    data = REFUSED[kind]()
    bench.uploads.create(announced(data))
    with pytest.raises(MediaTypeRefused):
        bench.append(data)
    assert bench.held() == []
    assert isinstance(bench.states.ended["upl_1"], MediaTypeRefused)


@pytest.mark.parametrize("kind", REFUSED)
def test_a_wrong_type_that_came_in_crumbs_is_refused_at_the_end(bench: Bench, kind: str) -> None:
    data = REFUSED[kind]()[: 80 * KIB]
    bench.uploads.create(announced(data))
    bench.append(data[:3])
    bench.append(data[3:], 3)
    with pytest.raises(MediaTypeRefused):
        bench.complete()
    assert bench.held() == []


@pytest.mark.parametrize(
    "change",
    [
        {"expected_bytes": (1 << 20) + 1},
        {"sha256": "short"},
        {"media_type": "application/zip"},
        {"file_name": "a.exe"},
        {"artefact": "../x"},
        {"tenant": "a/b"},
    ],
)
def test_what_may_not_be_is_refused_when_announced(bench: Bench, change: dict[str, object]) -> None:
    with pytest.raises((UploadInvalid, StorageError)):
        bench.uploads.create(announced(**change))
    assert bench.states.expired(datetime.max.replace(tzinfo=UTC)) == []


@pytest.mark.parametrize(
    ("data", "sent"),
    [(MEDIA, MEDIA + b"x"), (MEDIA, MEDIA[:-1]), (MEDIA, b""), (MEDIA, MEDIA[:-1] + b"?")],
)
def test_one_call_leaves_nothing_when_it_fails(bench: Bench, data: bytes, sent: bytes) -> None:
    with pytest.raises(UploadInvalid):
        bench.uploads.receive(announced(data), pieces(sent))
    assert bench.held() == []
    with pytest.raises(ConnectionResetError):
        bench.uploads.receive(announced(number=2), cut_off(MEDIA[: 2 * PART]))
    assert bench.held() == []
    assert bench.states.expired(datetime.max.replace(tzinfo=UTC)) == []


def test_too_many_small_parts_are_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.vault.uploads.MOST_PARTS", 2)
    bench.uploads.create(announced())
    bench.append(MEDIA[:1])
    bench.append(MEDIA[1:2], 1)
    with pytest.raises(UploadInvalid, match="parts"):
        bench.append(MEDIA[2:3], 2)


def test_another_tenant_sees_nothing(bench: Bench) -> None:
    bench.uploads.create(announced())
    for act in (
        lambda: bench.uploads.state("ten2", "upl_1"),
        lambda: bench.uploads.append("ten2", "upl_1", offset=0, chunks=[MEDIA]),
        lambda: bench.uploads.complete("ten2", "upl_1"),
    ):
        with pytest.raises(UploadExpired):
            act()
    bench.uploads.abort("ten2", "upl_1")
    assert bench.uploads.state("ten", "upl_1").received_bytes == 0


def test_an_erased_subject_gets_no_more_bytes(bench: Bench, ring: KeyRing) -> None:
    bench.uploads.create(announced())
    bench.append(MEDIA[:PART])
    ring.shred("ten", "cand_1")
    with pytest.raises(DataKeyDestroyed):
        bench.append(MEDIA[PART:], PART)
    assert bench.uploads.state("ten", "upl_1").received_bytes == PART
    assert len(bench.held()) == 1


def test_after_shredding_a_completed_upload_does_not_open(bench: Bench, ring: KeyRing) -> None:
    bench.uploads.receive(announced(), pieces(MEDIA))
    ring.shred("ten", "cand_1")
    with pytest.raises(DataKeyDestroyed):
        bench.opened()
