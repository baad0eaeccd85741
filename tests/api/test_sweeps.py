"""What is forgotten each night, and what is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from sqlalchemy import insert, select, update

from api.tasks.bench import Bench
from api.tasks.sweeps import KEPT, sweep_records
from audit.jobs import JobContext, enqueue
from audit.records.work import Job, JobState
from audit.store import Store
from audit.tables.access import IdempotencyRow
from audit.tables.work import JobRow
from tests.api.conftest import made_service

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def keep_answer(store: Store, key: str, expires_at: datetime) -> None:
    with store.unit("acme") as unit:
        row = {column.name: "" for column in IdempotencyRow.__table__.columns}
        row |= {"tenant_id": "acme", "key": key, "status": 201, "headers": {}, "body": b""}
        row |= {"created_at": NOW, "expires_at": expires_at}
        unit.connection.execute(insert(IdempotencyRow).values(row))


def ended(store: Store, kind: str, at: datetime) -> str:
    with store.unit("acme") as unit:
        job = enqueue(unit, kind=kind, subject="x")
        unit.connection.execute(
            update(JobRow)
            .where(JobRow.id == job.id)
            .values(state=JobState.SUCCEEDED.value, finished_at=at)
        )
    return job.id


def test_only_what_is_old_and_loose_is_forgotten(store: Store, tmp_path: Path) -> None:
    store.now = lambda: NOW  # type: ignore[method-assign]
    service = made_service(store, tmp_path)
    keep_answer(store, "old", NOW - timedelta(seconds=1))
    keep_answer(store, "new", NOW + timedelta(seconds=1))
    long_ago, lately = NOW - KEPT - timedelta(days=1), NOW - timedelta(days=1)
    gone = ended(store, "webhook", long_ago)
    kept = {ended(store, "webhook", lately), ended(store, "check", long_ago)}
    sweep_records(Bench(service.settings, store, service.vault), cast("JobContext", None))
    with store.reading("acme") as reading:
        keys = reading.connection.execute(select(IdempotencyRow.key)).scalars().all()
        left = {job.id for job in reading.every(Job)}
    assert keys == ["new"]
    assert left == kept and gone not in left
