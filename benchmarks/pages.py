"""How long the service takes for each page, and how many queries it sends, with many interviews.

    python -m benchmarks.pages --interviews 100000

Over PostgreSQL where the package that brings one is installed, else over SQLite. Requests go
through the whole app in this process, without a network. Beside the clock the time of the
processors is taken, of this process and of the database's together: others may use the machine.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import event, text

from api.workplace import users
from audit import migrations
from audit.records.access import Role
from audit.store import Store
from audit.store.engine import open_engine
from benchmarks import page_crowd, page_world
from benchmarks.page_crowd import Crowd
from tests import databases
from tests.api.test_thread_evidence import enrolled
from tests.api.world import World
from tests.evidence import Shelf

TENANT = "acme"
MOST_MS, MOST_QUERIES = 200, 12
NO_PAGES = {
    "/healthz": "for tools",
    "/readyz": "for tools",
    "/metrics": "for tools",
    "/openapi.json": "a document",
    "/docs/pages.css": "a file of the program",
    "/challenge-page/capture.js": "a file of the program",
    "/challenge-page/capture.css": "a file of the program",
    "/me-page/own_page.css": "a file of the program",
    "/app/files/{name}": "a file of the program",
    "/app/scheme": "leads back",
    "/app/sign-in/company/{tenant}": "leads to the company",
    "/app/sign-in/company/{tenant}/back": "leads on",
    "/app/sign-in/company/{tenant}/leave": "leads to the company",
    "/links/{token}": "a file of a report",
    "/public/{slug}/versions/{number}/files/{format}": "a file of a report",
    "/public/{name}/report-keys.json": "a document",
}
"""Addresses without a session that are read and answer no page."""
Shown = tuple[str, Any, str]
"""A page's name, who asks for it, and its address."""
SEARCHES = (
    "/app/ledger?kind=legal_hold_lifted",
    "/app/ledger?actor=nobody",
    "/app/interviews?job=none-such",
    "/app/candidates?reference=none-such",
    "/app/reports?state=failed",
    "/app/reports/new?kind=regime_file",
    "/app/reports/new?kind=interview_integrity",
)
"""Lists that are searched, most of them in vain: all rows may have to be looked at."""


@dataclass(frozen=True)
class Timed:
    """A page: milliseconds of requests after the first, processor time and queries of one."""

    path: str
    status: int
    kind: str
    median_ms: float
    p95_ms: float
    cpu_ms: float
    queries: int

    @property
    def is_page(self) -> bool:
        """Whether a person sees it: a page, or what leads to one."""
        return self.kind in ("text/html", "") and self.status in (200, 303)


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


def crowded(places: page_world.Places, interviews: int) -> tuple[World, Crowd]:
    """An organisation at work with so many interviews."""
    world = page_world.typical(places, TENANT)
    for role in ("admin", "auditor"):
        places.office.person(role, TENANT, name=f"model-{role}")
    world.own_page()
    found = page_crowd.crowd(world, interviews)
    if world.store.engine.dialect.name == "postgresql":  # as its own workers do within a minute
        with world.store.system() as connection:
            connection.execute(text("ANALYZE"))
    return world, found


def visited(places: page_world.Places, world: World, found: Crowd) -> list[Shown]:
    """Every page: its name, who asks for it, and its address."""
    store = world.store
    full = {
        "system_id": found.system,
        "candidate_id": found.candidate,
        "endpoint_id": found.endpoint,
    }
    threaded = _threaded(places)
    pages: list[Shown] = []
    for route in page_world.pages():
        person, path = places.who(TENANT, route.guard.scope), route.path
        if path.endswith("/thread"):
            pages.append((path, person, path.format(candidate_id=threaded)))
            continue
        address = page_world.address(store, TENANT, route)
        if address is not None:
            pages.append((path, person, address))
        names = {each.name for each in route.dependant.path_params}
        if names and names <= set(full):
            pages.append((f"{path}, with most", person, path.format(**full)))
    seer = places.who(TENANT, "reviews:read")
    pages += [(each, seer, each) for each in SEARCHES]
    stranger = places.office.person("auditor", TENANT, name="a-visitor")
    return pages + [(name, stranger, address) for name, address in _open_pages(places, world)]


def _threaded(places: page_world.Places) -> str:
    """A candidate with twelve sessions that are kept as references."""
    service = places.office.service
    now = service.store.now
    shelf = Shelf(service.settings, service.store, service.vault, service.intake)
    try:
        return enrolled(shelf, "AAAAAAAAAAAB", "AAAAAAAAAAAA").id
    finally:
        service.store.now = now


def _open_pages(places: page_world.Places, world: World) -> Iterator[tuple[str, str]]:
    """Pages that need no session. Raises where the service has one that is missing here."""
    person = world.person("DE")
    _, _, own = world.own_page(person)
    asked = world.request_of(person.candidate.id, "access")
    with world.store.unit(TENANT) as unit:
        _, link = users.add(unit, "a-newcomer", Role.AUDITOR)
    values = {
        "/docs": {},
        "/problems": {},
        "/problems/{code}": {"code": "not_found"},
        "/challenge/{token}": {"token": world.challenge()[1]},
        "/me/{token}": {"token": own},
        "/me/{token}/data": {"token": own},
        "/me/{token}/ask/{kind}": {"token": own, "kind": "opt_out"},
        "/me/{token}/requests/{request_id}": {"token": own, "request_id": asked},
        "/me/{token}/requests/{request_id}/withdraw": {"token": own, "request_id": asked},
        "/me/{token}/consents/{consent_id}/withdraw": {
            "token": own,
            "consent_id": person.consent.id,
        },
        "/public/{slug}": {"slug": world.publication()[1]},
        "/public/{slug}/versions/{number}": {"slug": world.publication()[1], "number": 1},
        "/app/sign-in": {},
        "/app/welcome/{link}": {"link": link},
    }
    sessions = {route.path for route in page_world.pages()}
    app: Any = places.office.world.frame.client.app
    for route in app.routes:
        if "GET" not in route.methods or route.path.startswith("/v1") or route.path in sessions:
            continue
        if route.path not in NO_PAGES:
            yield route.path, route.path.format(**values[route.path])


class Processors:
    """Nanoseconds that this process and its connections to the database have used."""

    def __init__(self, store: Store) -> None:
        self._seen: dict[Path, int] = {}
        if store.engine.dialect.name == "postgresql":
            mine = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            with store.system(read_only=True) as connection:
                rows = connection.execute(text(f"{mine} AND backend_type = 'client backend'"))
                self._seen = {Path(f"/proc/{pid}/schedstat"): 0 for pid in rows.scalars()}

    def used(self) -> int:
        """So far; of a connection that has ended, what it had used when it was last looked at."""
        for each in self._seen:
            with suppress(OSError, ValueError):
                self._seen[each] = int(each.read_text().split()[0])
        return time.process_time_ns() + sum(self._seen.values())


def timed(store: Store, pages: list[Shown], times: int) -> list[Timed]:
    """Every page, asked for this many times after once; the slowest first."""
    found = []
    for name, person, path in pages:
        first = person.get(path)
        processors, spans = Processors(store), []
        used = processors.used()
        for _ in range(times):
            begun = time.perf_counter()
            person.get(path)
            spans.append(1000 * (time.perf_counter() - begun))
        used = processors.used() - used
        with counted(store) as seen:
            person.get(path)
        row = Timed(
            path=name,
            status=first.status_code,
            kind=first.headers.get("content-type", "").partition(";")[0],
            median_ms=statistics.median(spans),
            p95_ms=sorted(spans)[int(0.95 * (len(spans) - 1) + 0.5)],
            cpu_ms=used / times / 1e6,
            queries=len(seen),
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


def table(rows: list[Timed]) -> Iterator[str]:
    """The rows as a table of Markdown, and what is over the limits."""
    yield "| page | answer | median | 95th of 100 | processors | queries |"
    yield "|---|---|---|---|---|---|"
    for row in rows:
        kind = row.kind.removeprefix("text/html") or ("page" if row.status == 200 else "")
        yield (
            f"| `{row.path}` | {row.status} {kind} | {row.median_ms:.0f} ms "
            f"| {row.p95_ms:.0f} ms | {row.cpu_ms:.0f} ms | {row.queries} |"
        )
    shown = [row for row in rows if row.is_page]
    slow = [row.path for row in shown if row.median_ms > MOST_MS]
    dear = [row.path for row in shown if row.cpu_ms > MOST_MS]
    many = [row.path for row in shown if row.queries > MOST_QUERIES]
    failed = [row.path for row in rows if row.status >= 400]
    yield ""
    yield (
        f"{len(shown)} pages. Over {MOST_MS} ms by the clock: {', '.join(slow) or 'none'}; by "
        f"processors: {', '.join(dear) or 'none'}. Over {MOST_QUERIES} queries: "
        f"{', '.join(many) or 'none'}. Not answered: {', '.join(failed) or 'none'}. "
        f"{os.getloadavg()[1]:.0f} programs at work on {os.cpu_count()} processors meanwhile."
    )


def main() -> int:
    """Seeds, times, and prints a table, the slowest first. 1: a page is over a limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interviews", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--sqlite", action="store_true", help="although there is a PostgreSQL")
    given = parser.parse_args()
    with ExitStack() as stack:
        url, what = (None, "SQLite") if given.sqlite else database(stack)
        places = stack.enter_context(page_world.opened(url, tenants=(TENANT, "globex")))
        begun = time.perf_counter()
        world, found = crowded(places, given.interviews)
        took = time.perf_counter() - begun
        print(
            f"{given.interviews:,} interviews in {what}: {found.records:,} records and "
            f"{found.entries:,} ledger entries, made in {took:.0f} s\n"
        )
        rows = timed(world.store, visited(places, world, found), given.times)
    print("\n".join(table(rows)))
    pages = [row for row in rows if row.is_page]
    return int(any(row.median_ms > MOST_MS or row.queries > MOST_QUERIES for row in pages))


if __name__ == "__main__":
    sys.exit(main())
