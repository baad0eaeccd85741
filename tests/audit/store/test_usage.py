"""What counts against a quota, while uploads become media."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, event

from audit.ids import new_id
from audit.records.evidence import Media, MediaKind, Upload, UploadState
from audit.records.register import Candidate
from audit.store import Store
from audit.store.usage import reserved_bytes

MIB = 1 << 20


def opened(store: Store) -> Upload:
    with store.unit("acme") as unit:
        person = unit.add(Candidate(id=new_id("cand"), external_ref="p", jurisdictions=()))
        return unit.add(
            Upload(
                id=new_id("upl"),
                candidate_id=person.id,
                interview_id=None,
                kind=MediaKind.RECORDING,
                size_bytes=MIB,
                sha256=None,
                media_type=None,
                name="a.mp4",
                expires_at=datetime.now(UTC) + timedelta(days=1),
            )
        )


def completed(store: Store, upload: Upload) -> None:
    with store.unit("acme") as unit:
        media = unit.add(
            Media(
                id=new_id("med"),
                candidate_id=upload.candidate_id,
                interview_id=None,
                kind=MediaKind.RECORDING,
                media_type="video/mp4",
                size_bytes=MIB,
                sha256="0" * 64,
                name="a.mp4",
                source="upload",
            )
        )
        unit.put(replace(upload, state=UploadState.DONE, media_id=media.id))


def test_open_uploads_and_media_count(store: Store) -> None:
    upload = opened(store)
    with store.unit("acme") as unit:
        assert reserved_bytes(unit) == MIB
    completed(store, upload)
    with store.unit("acme") as unit:
        assert reserved_bytes(unit) == MIB
    with store.unit("globex") as unit:
        assert reserved_bytes(unit) == 0


def test_an_upload_that_becomes_media_meanwhile_is_counted(store: Store) -> None:
    if store.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    upload = opened(store)
    seen: list[str] = []

    def after(_c: Connection, _u: object, statement: str, *_: object) -> None:
        if "sum(" in statement and not seen:
            seen.append(statement)
            completed(store, upload)

    event.listen(store.engine, "after_cursor_execute", after)
    with store.unit("acme") as unit:
        assert reserved_bytes(unit) == MIB
    assert seen
