"""How long the service takes for each page, and how many queries it sends, with many interviews.

    python -m benchmarks.pages --interviews 100000

Over PostgreSQL where the package that brings one is installed, else over SQLite. Requests go
through the whole app in this process, without a network.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from sqlalchemy import event

from audit import migrations
from audit.store import Store
from audit.store.engine import open_engine
from benchmarks import page_world
from tests import databases

TENANT = page_world.TYPICAL
MOST_MS, MOST_QUERIES = 200, 12


@dataclass(frozen=True)
class Timed:
    """A page: milliseconds of the median and the slowest request, and queries of one."""

    path: str
    status: int
    kind: str
    median_ms: float
    slowest_ms: float
    queries: int


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """The statements that are sent meanwhile, but for those that begin transactions."""
    seen: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        if statement != "BEGIN" and not statement.startswith(("SET ", "SELECT set_config")):
            seen.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    yield seen
    event.remove(store.engine, "before_cursor_execute", note)


def timed(places: page_world.Places, times: int) -> list[Timed]:
    """Every page, asked for this many times after once."""
    store, found = places.office.service.store, []
    for route in page_world.pages():
        path = page_world.address(store, TENANT, route)
        if path is None:
            found.append(Timed(route.path, 0, "nothing to show", 0, 0, 0))
            continue
        person = places.who(TENANT, route.guard.scope)
        first = person.get(path)
        spans = []
        for _ in range(times):
            begun = time.perf_counter()
            person.get(path)
            spans.append(1000 * (time.perf_counter() - begun))
        with counted(store) as seen:
            person.get(path)
        kind = first.headers.get("content-type", "").partition(";")[0]
        row = Timed(
            route.path,
            first.status_code,
            kind,
            statistics.median(spans),
            max(spans),
            len(seen),
        )
        found.append(row)
    return sorted(found, key=lambda each: -each.median_ms)


def database(stack: ExitStack) -> tuple[str | None, str]:
    """The URL of a new PostgreSQL and what it is; None where there is none."""
    try:
        server = stack.enter_context(databases.started_postgresql())
    except ImportError:
        return None, "SQLite: no PostgreSQL is installed here"
    url = databases.empty_postgresql(server)
    engine = open_engine(url)
    migrations.upgrade(engine)
    engine.dispose()
    return url, "PostgreSQL"


def main() -> None:
    """Seeds, times, and prints a table, the slowest first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interviews", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=9)
    parser.add_argument("--sqlite", action="store_true", help="although there is a PostgreSQL")
    given = parser.parse_args()
    with ExitStack() as stack:
        url, what = (None, "SQLite") if given.sqlite else database(stack)
        places = stack.enter_context(page_world.opened(url, tenants=(TENANT,)))
        store = places.office.service.store
        begun = time.perf_counter()
        world = page_world.typical(places)
        system = world.person().system.id
        page_world.interviews(store, TENANT, given.interviews, system=system)
        took = time.perf_counter() - begun
        print(f"{given.interviews:,} interviews in {what}, made in {took:.0f} s")
        rows = timed(places, given.times)
    print("| page | answer | median | slowest | queries |\n|---|---|---|---|---|")
    for row in rows:
        print(
            f"| `{row.path}` | {row.status} {row.kind} | {row.median_ms:.0f} ms "
            f"| {row.slowest_ms:.0f} ms | {row.queries} |"
        )
    shown = [row for row in rows if row.kind == "text/html" and row.status == 200]
    slow = [row.path for row in shown if row.median_ms > MOST_MS]
    many = [row.path for row in shown if row.queries > MOST_QUERIES]
    print(f"{len(shown)} pages; over {MOST_MS} ms: {slow or 'none'}; over {MOST_QUERIES} queries: ")
    print(many or "none")


if __name__ == "__main__":
    main()
