"""Uploads: announced, resumed, refused, completed; never half-stored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from audit.errors import (
    CandidateErased,
    DataKeyDestroyed,
    HashMismatch,
    InputError,
    MediaTypeRefused,
    QuotaExceeded,
    ReferenceUnknown,
    StepRefused,
    UploadConflict,
    UploadExpired,
)
from audit.ids import new_id
from audit.operations import erasure, holds, media, uploads
from audit.operations.media import MediaOrder
from audit.records.evidence import Media, MediaKind, MediaState, Upload, UploadState
from audit.store import Store
from tests.audit.operations import registered
from tests.evidence import TENANT, Shelf, pieces, wav


@pytest.fixture
def shelf(store: Store, tmp_path: Path) -> Shelf:
    return Shelf.of(store, tmp_path)


def row(shelf: Shelf, id: str) -> Upload:
    with shelf.store.reading(TENANT) as unit:
        return unit.get(Upload, id)


def announced(shelf: Shelf, order: MediaOrder, size: int) -> Upload:
    with shelf.store.unit(TENANT) as unit:
        return uploads.announce(unit, shelf.intake, order, size=size)


def test_an_upload_is_cut_and_resumed(shelf: Shelf) -> None:
    _, interview, _ = shelf.interview()
    content = wav(80.0)  # two parts
    order = MediaOrder(
        interview_id=interview.id,
        name="a/../Ärger.wav",
        sha256=hashlib.sha256(content).hexdigest(),
        media_type="audio/wav",
    )
    made = announced(shelf, order, len(content))
    assert (made.received_bytes, made.state, made.name) == (0, UploadState.OPEN, "Ärger.wav")

    def cut() -> Iterator[bytes]:
        yield content[:100_000]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        shelf.intake.uploads.append(TENANT, made.id, offset=0, chunks=cut())
    assert row(shelf, made.id).received_bytes == 100_000
    with pytest.raises(UploadConflict) as wrong:
        shelf.intake.uploads.append(TENANT, made.id, offset=5, chunks=[b"x"])
    assert wrong.value.received_bytes == 100_000
    rest = pieces(content[100_000:])
    shelf.intake.uploads.append(TENANT, made.id, offset=100_000, chunks=rest)
    received = shelf.intake.uploads.complete(TENANT, made.id)
    with shelf.store.unit(TENANT) as unit:
        assert uploads.finished(unit, made.id) is None
        stored = uploads.finish(unit, received)
    assert shelf.read(stored) == content
    assert stored.sha256 == order.sha256
    assert stored.media_type == "audio/wav"
    assert stored.interview_id == interview.id
    assert stored.keep_until is not None
    assert shelf.events(stored.id) == ["media_stored"]
    with shelf.store.unit(TENANT) as unit:
        again = uploads.finished(unit, made.id)
    assert again is not None
    assert again.id == stored.id
    assert row(shelf, made.id).state is UploadState.DONE


def test_wrong_bytes_are_refused_and_nothing_is_kept(shelf: Shelf) -> None:
    _, interview, _ = shelf.interview()
    order = MediaOrder(interview_id=interview.id, sha256="0" * 64)
    with pytest.raises(HashMismatch):
        shelf.put(order)
    text = MediaOrder(interview_id=interview.id, name="talk.wav")
    with pytest.raises(MediaTypeRefused):
        shelf.put(text, b"only words" * 100)
    with shelf.store.reading(TENANT) as unit:
        states = {each.state for each in unit.every(Upload)}
        assert unit.count(Media) == 0
    assert states == {UploadState.REFUSED}
    assert list(shelf.vault.blobs.list()) == []


def test_the_quota_counts_what_is_stored_and_announced(store: Store, tmp_path: Path) -> None:
    shelf = Shelf.of(store, tmp_path, tenant_quota_mb=1)
    _, interview, _ = shelf.interview()
    order = MediaOrder(interview_id=interview.id)
    announced(shelf, order, 600_000)
    with pytest.raises(QuotaExceeded):
        announced(shelf, order, 600_000)
    announced(shelf, order, 400_000)
    table = MediaOrder(kind=MediaKind.TABLE, name="t.csv")
    got = uploads.receive_table(shelf.intake, TENANT, table, chunks=[b"a,b\n" * 20_000])
    with pytest.raises(QuotaExceeded), shelf.store.unit(TENANT) as unit:
        uploads.finish_table(unit, shelf.intake, table, got)


def test_what_is_nobodys_or_somebody_elses_is_refused(shelf: Shelf) -> None:
    mine, interview, _ = shelf.interview()
    other, _, _ = shelf.interview("applicant-2")
    with shelf.store.unit("globex") as unit:
        foreign = registered.candidate(unit, "theirs", "US-NJ")
    for order, kind in (
        (MediaOrder(), InputError),
        (MediaOrder(interview_id=interview.id, candidate_id=other.id), InputError),
        (MediaOrder(interview_id=new_id("int")), ReferenceUnknown),
        (MediaOrder(candidate_id=foreign.id), ReferenceUnknown),
        (MediaOrder(kind=MediaKind.TABLE, candidate_id=mine.id), MediaTypeRefused),
    ):
        with pytest.raises(kind):
            announced(shelf, order, 10)


def test_an_upload_of_an_erased_candidate_ends_with_nothing(shelf: Shelf) -> None:
    candidate, interview, _ = shelf.interview()
    content = wav()
    made = announced(shelf, MediaOrder(interview_id=interview.id), len(content))
    shelf.intake.uploads.append(TENANT, made.id, offset=0, chunks=[content[:2000]])
    with shelf.store.unit(TENANT) as unit:
        erasure.erase_candidate(unit, candidate.id)
    with pytest.raises(UploadExpired):
        shelf.intake.uploads.append(TENANT, made.id, offset=2000, chunks=[content[2000:]])
    with pytest.raises(CandidateErased):
        announced(shelf, MediaOrder(candidate_id=candidate.id), 10)


def test_a_given_up_upload_cannot_be_finished(shelf: Shelf) -> None:
    _, interview, _ = shelf.interview()
    content = wav()
    made = announced(shelf, MediaOrder(interview_id=interview.id), len(content))
    shelf.intake.uploads.append(TENANT, made.id, offset=0, chunks=[content])
    received = shelf.intake.uploads.complete(TENANT, made.id)
    shelf.intake.uploads.abort(TENANT, made.id)
    with pytest.raises(UploadExpired), shelf.store.unit(TENANT) as unit:
        uploads.finish(unit, received)
    assert list(shelf.vault.artefacts()) == []


def test_expired_uploads_are_swept(shelf: Shelf) -> None:
    _, interview, _ = shelf.interview()
    made = announced(shelf, MediaOrder(interview_id=interview.id), 10_000)
    shelf.intake.uploads.append(TENANT, made.id, offset=0, chunks=[wav()[:5000]])
    assert shelf.intake.uploads.sweep() == 0
    late = shelf.store.now() + timedelta(days=2)
    shelf.store.now = lambda: late
    fresh = uploads.Intake.of(shelf.settings, shelf.store, shelf.vault)
    assert fresh.uploads.sweep() == 1
    assert row(shelf, made.id).state is UploadState.EXPIRED
    assert list(shelf.vault.blobs.list()) == []


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"candidate,outcome\n1,hired\n", "text/csv"),
        ("a;b\n1;ü\n".encode("utf-16"), "text/csv"),
        (b"PAR1" + bytes(20), "application/vnd.apache.parquet"),
        (b"ARROW1\0\0" + bytes(20), "application/vnd.apache.arrow.file"),
    ],
)
def test_tables_are_told_by_their_content(content: bytes, media_type: str) -> None:
    assert uploads.table_type(content) == media_type


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04zip", b"\x1f\x8b\x08", b"a,b\0\n"])
def test_what_is_no_table_is_refused(content: bytes) -> None:
    with pytest.raises(MediaTypeRefused):
        uploads.table_type(content)


def test_a_table_is_sealed_apart_and_its_key_goes_with_it(shelf: Shelf) -> None:
    order = MediaOrder(kind=MediaKind.TABLE, name="people.csv")
    content = b"candidate,outcome\n1,hired\n"
    got = uploads.receive_table(shelf.intake, TENANT, order, chunks=[content])
    with shelf.store.unit(TENANT) as unit:
        table = uploads.finish_table(unit, shelf.intake, order, got)
    assert shelf.read(table) == content
    with media.fetched(shelf.vault, TENANT, table) as path:
        assert path.suffix == ".csv"
        assert path.read_bytes() == content
    assert not path.exists()
    with shelf.store.unit(TENANT) as unit:
        assert media.erase(unit, table.id).state is MediaState.ERASED
    with pytest.raises(DataKeyDestroyed):
        shelf.read(table)


def test_erasing_a_recording_takes_its_references_and_stops_at_a_hold(shelf: Shelf) -> None:
    _, interview, _ = shelf.interview()
    stored = shelf.recording(interview)
    with shelf.store.unit(TENANT) as unit:
        hold = holds.set_hold(unit, reason="a lawsuit", subject=stored.id)
    with pytest.raises(StepRefused, match=hold.id), shelf.store.unit(TENANT) as unit:
        media.erase(unit, stored.id)
    with shelf.store.unit(TENANT) as unit:
        holds.lift_hold(unit, hold)
        gone = media.erase(unit, stored.id)
        assert media.erase(unit, stored.id) == gone
    assert gone.name == ""
    assert shelf.events(stored.id) == ["media_stored", "media_erased"]
    with pytest.raises(DataKeyDestroyed), shelf.store.unit(TENANT) as unit:
        media.read(unit, stored.id, why="review")
