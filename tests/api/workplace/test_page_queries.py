"""How many queries a page sends: at most twelve, and no more where there is more to show."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.store import Store
from benchmarks import page_crowd, pages
from benchmarks.page_world import Places
from tests import databases
from tests.api.workplace.conftest import Office
from tests.api.world import World, served

FILES = ("/app/reports/{report_id}/bundle", "/app/ledger/{sequence}/proof")
"""Put together while they are fetched: more where the ledger's tree is taller."""


@pytest.fixture
def places(tmp_path: Path, templates: dict[str, str]) -> Iterator[Places]:
    url = databases.new_sqlite(tmp_path / "fairwitness.db", templates)
    store = Store.open(url, databases.master_keys(), pool_size=5)
    for each in (pages.TENANT, "globex"):
        store.add_tenant(each, each)
    frame = served(store, tmp_path)
    with frame.client:
        world = World(frame, pages.TENANT)
        yield Places(Office(frame.service, world, world))
    store.close()


def counts(store: Store, shown: list[pages.Shown]) -> dict[str, int]:
    return {row.path: row.queries for row in pages.timed(store, shown, 1) if row.path not in FILES}


def test_no_page_sends_more_queries_where_there_is_more_to_show(places: Places) -> None:
    world, found = pages.crowded(places, 60)
    shown = pages.visited(places, world, found)
    store = world.store
    rows = pages.timed(store, shown, 1)
    assert [row.path for row in rows if row.status >= 400] == []
    few = {row.path: row.queries for row in rows if row.path not in FILES}
    many = {path: count for path, count in few.items() if count > pages.MOST_QUERIES}
    assert many == {}
    page_crowd.crowd(world, 600, name="more")
    more = {path: count for path, count in counts(store, shown).items() if count > few[path]}
    assert more == {}


def test_the_tree_of_the_ledger_is_read_at_once(places: Places) -> None:
    world, found = pages.crowded(places, 2000)
    store = world.store
    person = places.office.signed_in("auditor", pages.TENANT)
    for sequence in (0, found.entries // 3, found.entries - 1):
        with pages.counted(store) as seen:
            assert person.get(f"/app/ledger/{sequence}/proof").status_code == 200
        assert sum("ledger_nodes" in each for each in seen) <= 8, seen
