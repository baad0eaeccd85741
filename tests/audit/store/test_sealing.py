"""The sealer: what waits gets into the log, and a damaged log is left alone."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import pytest
from sqlalchemy import select, text

from audit.ledger import EventKind
from audit.store import Store
from audit.store.sealing import Sealer
from audit.tables.spine import InboxRow


def waiting(store: Store) -> int:
    with store.system(read_only=True) as connection:
        return len(connection.execute(select(InboxRow.id)).all())


def write(store: Store, tenant: str) -> None:
    with store.unit(tenant) as unit:
        unit.record(EventKind.MEDIA_READ, "med_1", {})


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it did not happen in twenty seconds"
        time.sleep(0.01)


def test_events_are_taken_in_while_it_runs_and_at_its_end(store: Store) -> None:
    with Sealer(store, every_s=0.02):
        write(store, "acme")
        until(lambda: waiting(store) == 0)
    with Sealer(store, every_s=60):
        write(store, "globex")
    assert waiting(store) == 0


def test_a_damaged_log_does_not_stop_the_others(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    write(store, "acme")
    store.seal("acme")
    with store.system() as connection:
        connection.execute(text("UPDATE ledger_nodes SET hash = :hash"), {"hash": b"0" * 32})
    with caplog.at_level(logging.ERROR), Sealer(store, every_s=0.01):
        write(store, "acme")
        write(store, "globex")
        until(lambda: waiting(store) == 1)
        time.sleep(0.1)
    said = [r for r in caplog.records if r.getMessage() == "the ledger was not sealed"]
    assert [(r.tenant, r.code) for r in said] == [("acme", "ledger_tampered")]  # type: ignore[attr-defined]
    assert waiting(store) == 1
