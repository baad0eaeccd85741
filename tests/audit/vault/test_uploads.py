"""Which stored parts count, and what may be announced: pure logic."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import MediaTypeRefused, StorageError, UploadConflict, UploadInvalid
from audit.keyring import sealed_size
from audit.settings import Limits, Settings, Storage
from audit.vault import MemoryUploadStates, NewUpload, UploadRules, UploadState
from audit.vault.uploads import (
    MOST_PARTS,
    check_append,
    check_parts,
    counted_parts,
    opened_size,
    opening_state,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
RULES = UploadRules(most_bytes=1000, part_bytes=100)
NEW = NewUpload("upl_1", "ten", "cand_1", "med_1", 500)


def state(**changes: object) -> UploadState:
    return replace(opening_state(NEW, RULES, NOW), **changes)


def test_an_upload_starts_empty_with_what_was_announced() -> None:
    new = replace(NEW, sha256=" " + "AB" * 32, media_type="Video/MP4;a=b", file_name="../x.mp4")
    opened = opening_state(new, RULES, NOW)
    assert (opened.received_bytes, opened.parts, opened.missing_bytes) == (0, 0, 500)
    assert opened.expected_sha256 == "ab" * 32
    assert opened.media_type == "video/mp4"
    assert opened.file_name_shown == "x.mp4"
    assert opened.expires_at == NOW + timedelta(hours=24)


@pytest.mark.parametrize(
    "change",
    [
        {"expected_bytes": 0},
        {"expected_bytes": -1},
        {"expected_bytes": 1001},
        {"sha256": "ab"},
        {"sha256": "g" * 64},
        {"sha256": ""},
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(UploadInvalid):
        opening_state(replace(NEW, **change), RULES, NOW)


def test_what_says_it_is_no_media_is_refused() -> None:
    with pytest.raises(MediaTypeRefused):
        opening_state(replace(NEW, file_name="a.zip"), RULES, NOW)


def test_an_append_must_stand_at_the_offset_and_fit() -> None:
    at_100 = state(received_bytes=100)
    check_append(at_100, 100, None)
    check_append(at_100, 100, 400)
    for offset in (0, 99, 101, -1):
        with pytest.raises(UploadConflict) as caught:
            check_append(at_100, offset, None)
        assert caught.value.received_bytes == 100
    with pytest.raises(UploadInvalid):
        check_append(at_100, 100, 401)


def test_parts_are_bounded_in_number() -> None:
    check_parts(state(parts=MOST_PARTS - 1), RULES)
    with pytest.raises(UploadInvalid):
        check_parts(state(parts=MOST_PARTS), RULES)


@given(st.integers(0, 1 << 30))
def test_a_parts_size_follows_from_its_sealed_size(size: int) -> None:
    assert opened_size(sealed_size(size)) == size


def sealed(name: str, size: int) -> tuple[str, int]:
    return name, sealed_size(size)


def test_of_two_parts_with_one_number_the_later_claim_counts() -> None:
    blobs = [
        sealed("00001-000000000009", 30),
        sealed("00000-000000000004", 70),
        sealed("00000-000000000002", 999),
        sealed("00002-000000000011", 5),
        sealed("notes", 1),
    ]
    parts = counted_parts(state(parts=2, received_bytes=100), blobs)
    assert [(part.name, part.size) for part in parts] == [
        ("00000-000000000004", 70),
        ("00001-000000000009", 30),
    ]


@pytest.mark.parametrize(
    "blobs",
    [
        [],
        [sealed("00000-000000000002", 70)],
        [sealed("00001-000000000004", 100)],
        [sealed("00000-000000000002", 70), sealed("00001-000000000004", 31)],
    ],
)
def test_a_missing_or_other_part_is_noticed(blobs: list[tuple[str, int]]) -> None:
    with pytest.raises(StorageError):
        counted_parts(state(parts=2, received_bytes=100), blobs)


def test_names_of_parts_grow_with_number_and_revision() -> None:
    names = [state(parts=n, revision=r).next_part() for n, r in ((0, 2), (0, 10), (1, 11), (99, 5))]
    assert names == sorted(names)


def test_rules_follow_the_settings() -> None:
    settings = Settings(
        limits=Limits(file_mb=3),
        storage=Storage(tenant_quota_mb=5, upload_part_mb=2, free_floor_mb=7, upload_ttl_hours=1.5),
    )
    assert UploadRules.of(settings) == UploadRules(
        most_bytes=3 << 20,
        part_bytes=2 << 20,
        quota_bytes=5 << 20,
        floor_bytes=7 << 20,
        lifetime=timedelta(minutes=90),
    )
    assert UploadRules.of(Settings()).quota_bytes is None


def test_rows_in_memory_are_swapped_only_from_what_they_were() -> None:
    rows = MemoryUploadStates()
    first = state()
    assert rows.add(first, most_bytes=500)
    assert not rows.add(replace(first, id="upl_2"), most_bytes=999)
    assert rows.add(replace(first, id="upl_2", tenant="ten2"), most_bytes=500)
    second = rows.replace(first, first.counting(10))
    assert second is not None
    assert (second.revision, second.received_bytes, second.parts) == (2, 10, 1)
    assert rows.replace(first, first.counting(99)) is None
    assert rows.get("ten", "upl_1") == second
    assert rows.get("other", "upl_1") is None
    assert rows.under_way("ten", "med_1")
    assert rows.end("ten", "upl_1", why=None)
    assert not rows.end("ten", "upl_1", why=None)
    assert rows.replace(second, second) is None
    assert not rows.under_way("ten", "med_1")
