"""Units of work, tenants and the ledger's inbox, on both kinds of database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from audit.errors import (
    AlreadyExists,
    DataKeyDestroyed,
    EventInvalid,
    NotFound,
    ReferenceUnknown,
    VersionConflict,
)
from audit.ids import is_id, new_id
from audit.keyring import Context
from audit.ledger import EventKind, verify
from audit.merkle import verify_inclusion
from audit.records.work import Job, JobState, Queue
from audit.store import Page, Store
from audit.tables.spine import InboxRow
from tests import databases

CONTEXT = Context(tenant="acme", subject="cand_1", artefact="med_1", purpose="media")


def job(**changes: object) -> Job:
    base = Job(id=new_id("job"), kind="check", queue=Queue.CPU, subject="chk_1")
    return replace(base, **changes)  # type: ignore[arg-type]


def test_a_value_comes_back_as_it_was_put(store: Store) -> None:
    after = datetime(2026, 11, 22, 12, tzinfo=UTC)
    with store.unit("acme") as unit:
        added = unit.add(job(run_after=after, priority=5))
    with store.reading("acme") as reading:
        found = reading.get(Job, added.id)
    assert found == added
    assert found.run_after == after and found.state is JobState.QUEUED
    assert found.version == 1 and found.created_at.tzinfo is not None


def test_a_failed_block_leaves_nothing(store: Store) -> None:
    lost = job()
    with pytest.raises(RuntimeError), store.unit("acme") as unit:
        unit.add(lost)
        unit.record(EventKind.CHECK_STARTED, lost.id, {})
        raise RuntimeError
    with store.reading("acme") as reading:
        assert reading.find(Job, id=lost.id) is None
    assert store.seal("acme") == 0


def test_what_follows_a_commit_does_not_follow_a_rollback(store: Store) -> None:
    ran: list[str] = []
    with store.unit("acme") as unit:
        unit.after_commit.append(lambda: ran.append("kept"))
    with pytest.raises(RuntimeError), store.unit("acme") as unit:
        unit.after_commit.append(lambda: ran.append("lost"))
        raise RuntimeError
    assert ran == ["kept"]


def test_a_change_needs_the_version_that_was_read(store: Store) -> None:
    with store.unit("acme") as unit:
        first = unit.add(job())
        second = unit.put(replace(first, stage="faces"))
    assert second.version == 2
    with pytest.raises(VersionConflict), store.unit("acme") as unit:
        unit.put(replace(first, stage="voices"))
    with store.reading("acme") as reading:
        assert reading.get(Job, first.id).stage == "faces"


def test_the_same_unique_fields_are_refused(store: Store) -> None:
    with store.unit("acme") as unit:
        unit.add(job(dedup_key="sweep-1"))
    with pytest.raises(AlreadyExists), store.unit("acme") as unit:
        unit.add(job(dedup_key="sweep-1"))
    with store.unit("globex") as unit:
        unit.add(job(dedup_key="sweep-1"))


def test_an_unknown_tenant_is_refused(store: Store) -> None:
    with pytest.raises(ReferenceUnknown), store.unit("nobody") as unit:
        unit.add(job())


def test_no_tenant_sees_or_changes_what_is_another_s(store: Store) -> None:
    with store.unit("acme") as unit:
        theirs = unit.add(job())
    with store.unit("globex") as unit:
        assert unit.find(Job, id=theirs.id) is None
        assert unit.page(Job, Page()).items == ()
        assert unit.count(Job) == 0
        with pytest.raises(NotFound):
            unit.get(Job, theirs.id)
        with pytest.raises(NotFound):
            unit.put(replace(theirs, stage="taken"))
        unit.remove(theirs)
    with store.reading("acme") as reading:
        assert reading.get(Job, theirs.id) == theirs


def test_row_level_security_holds_where_a_statement_forgets_the_tenant(store: Store) -> None:
    if store.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no row-level security")
    with store.unit("acme") as unit:
        unit.add(job())
        unit.record(EventKind.CHECK_STARTED, "chk_1", {})
    store.seal_all()
    with store.reading("globex") as reading:
        for table in ("jobs", "ledger_entries", "wrapped_keys"):
            rows = reading.connection.execute(text(f"SELECT * FROM {table}")).all()  # noqa: S608
            assert rows == []
    with pytest.raises(DBAPIError), store.unit("globex") as unit:
        unit.connection.execute(text("SELECT * FROM signing_keys"))
    with pytest.raises(DBAPIError), store.unit("acme") as unit:
        unit.connection.execute(text("DELETE FROM ledger_entries"))
    with pytest.raises(DBAPIError), store.unit("acme") as unit:
        unit.connection.execute(text("UPDATE jobs SET tenant_id = 'globex'"))


def test_a_reading_cannot_write_in_postgresql(store: Store) -> None:
    if store.engine.dialect.name != "postgresql":
        pytest.skip("SQLite opens readers and writers alike")
    with pytest.raises(DBAPIError), store.reading("acme") as reading:
        reading.connection.execute(text("DELETE FROM jobs"))


def test_pages_walk_all_values_once_the_newest_first(store: Store) -> None:
    with store.unit("acme") as unit:
        ids = [unit.add(job(kind="check" if i % 2 else "audit")).id for i in range(7)]
    seen: list[str] = []
    page = Page(limit=3)
    with store.reading("acme") as reading:
        while True:
            listing = reading.page(Job, page)
            seen += [item.id for item in listing.items]
            if not listing.more:
                break
            page = replace(page, before=listing.items[-1].id)
        assert seen == sorted(ids, reverse=True)
        assert reading.count(Job, kind=("audit", "other")) == 4
        assert len(reading.page(Job, Page(), {"kind": "check"}).items) == 3


def test_identifiers_sort_by_time_and_say_nothing_else() -> None:
    made = [new_id("cand") for _ in range(2000)]
    assert len(set(made)) == 2000
    assert is_id(made[0], "cand") and not is_id(made[0], "med") and not is_id("cand_1", "cand")
    assert made == sorted(made)


def test_events_get_into_the_log_in_order_and_it_verifies(store: Store) -> None:
    with store.unit("acme", actor="key_1") as unit:
        for number in range(3):
            unit.record(EventKind.CHECK_STARTED, f"chk_{number}", {"n": number})
    with store.unit("globex") as unit:
        unit.record(EventKind.CHECK_STARTED, "chk_9", {})
    assert store.seal_all() == 4
    with store.unit("acme") as unit:
        unit.record(EventKind.CHECK_FINISHED, "chk_0", {})
    with store.ledger("acme") as ledger:
        export = ledger.export_heads()
        entries = list(ledger.entries())
        proof = ledger.inclusion(3)
    root = bytes.fromhex(export.heads[-1].root)
    assert verify_inclusion(entries[3].leaf(), proof, root=root)
    assert [entry.subject for entry in entries] == ["chk_0", "chk_1", "chk_2", "chk_0"]
    assert entries[0].actor == "key_1"
    assert [head.size for head in export.heads] == [3, 4]
    assert verify(entries, export.heads, keys=export.keys, log="acme") == []


def test_an_event_that_does_not_belong_stops_its_transaction(store: Store) -> None:
    kept = job()
    with pytest.raises(EventInvalid), store.unit("acme") as unit:
        unit.add(kept)
        unit.record(EventKind.CHECK_STARTED, kept.id, {"to": "ada@example.org"})
    with store.reading("acme") as reading:
        assert reading.find(Job, id=kept.id) is None


def test_many_writers_lose_no_event(store: Store) -> None:
    def write(first: int) -> None:
        for number in range(first, first + 5):
            with store.unit("acme") as unit:
                unit.record(EventKind.CHECK_STARTED, f"chk_{number}", {})
            store.seal("acme")

    run_all([lambda first=first: write(first) for first in range(0, 20, 5)])  # type: ignore[misc]
    store.seal_all()
    with store.ledger("acme") as ledger:
        entries = list(ledger.entries())
        export = ledger.export_heads()
    assert sorted(int(e.subject[4:]) for e in entries) == list(range(20))
    assert verify(entries, export.heads, keys=export.keys, log="acme") == []
    with store.system() as connection:
        assert connection.execute(select(InboxRow.id)).all() == []


def test_the_log_grows_past_a_batch(store: Store) -> None:
    with store.unit("acme") as unit:
        for number in range(520):
            unit.record(EventKind.MEDIA_READ, f"med_{number}", {})
    assert store.seal("acme") == 520
    with store.ledger("acme") as ledger:
        assert [e.subject for e in ledger.entries(498, 503)] == [
            f"med_{number}" for number in range(498, 503)
        ]


def test_an_event_keeps_the_time_at_which_it_happened(database_url: str, masters: object) -> None:
    clock = [datetime(2026, 11, 22, 9, tzinfo=UTC)]
    timed = Store.open(database_url, masters, now=lambda: clock[0])  # type: ignore[arg-type]
    timed.add_tenant("acme", "Acme")
    with timed.unit("acme") as unit:
        unit.record(EventKind.MEDIA_READ, "med_1", {})
    clock[0] += timedelta(hours=1)
    with timed.ledger("acme") as ledger:
        assert next(ledger.entries()).time == "2026-11-22T09:00:00.000000Z"
    timed.close()


def test_data_keys_are_shared_by_units_and_destroyed_for_good(store: Store) -> None:
    with store.unit("acme") as unit:
        sealed = unit.ring.seal(CONTEXT, b"face")
    assert store.ring.open(CONTEXT, sealed) == b"face"
    with store.unit("acme") as unit:
        assert unit.ring.shred("acme", "cand_1") == 1
    with pytest.raises(DataKeyDestroyed):
        store.ring.open(CONTEXT, sealed)
    with pytest.raises(DataKeyDestroyed):
        store.ring.seal(CONTEXT, b"again")


def test_a_data_key_made_in_a_failed_unit_is_gone(store: Store) -> None:
    with pytest.raises(RuntimeError), store.unit("acme") as unit:
        unit.ring.seal(CONTEXT, b"face")
        raise RuntimeError
    with store.unit("acme") as unit:
        assert unit.ring.shred("acme", "cand_1") == 0


def test_two_first_sealings_agree_on_one_key(store: Store) -> None:
    sealed: list[bytes] = []
    run_all([lambda: sealed.append(store.ring.seal(CONTEXT, b"face"))] * 4)
    assert [store.ring.open(CONTEXT, each) for each in sealed] == [b"face"] * 4
    assert store.ring.shred("acme", "cand_1") == 1


def run_all(actions: list[Callable[[], object]]) -> None:
    """Runs the actions at once; the first exception of any is raised here."""
    failures: list[BaseException] = []

    def guarded(action: Callable[[], object]) -> None:
        try:
            action()
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def test_connections_that_the_server_closed_are_replaced(store: Store) -> None:
    if store.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no server")
    with store.unit("acme") as unit:
        kept = unit.add(job())
    with store.system() as one, store.system() as two:  # two idle connections, then none
        assert one.execute(text("SELECT 1")).scalar() == two.execute(text("SELECT 1")).scalar() == 1
    other = Store.open(
        store.engine.url.render_as_string(hide_password=False), databases.master_keys()
    )
    with other.system() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    other.close()
    time.sleep(0.2)
    for _ in range(3):
        with store.reading("acme") as reading:
            assert reading.get(Job, kept.id) == kept
