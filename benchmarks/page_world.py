"""Organisations whose pages are photographed and timed: nothing in one, plenty in others.

Everything is put in by the operations that the service uses. Which pages there are is read from the
routes, so that a new page is part of both without a line here.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from fastapi.routing import APIRoute
from sqlalchemy import MetaData, String, Table, select

from api.scopes import ROLE_SCOPES
from api.workplace import ROUTERS
from api.workplace.framing import PageRoute
from audit.operations import register
from audit.operations import reviews as review_operations
from audit.operations.requests import Asked, RequestKind, receive
from audit.operations.reviews import Opening
from audit.records.access import Role
from audit.store import Store
from benchmarks import page_plenty
from tests import databases
from tests.api.workplace.conftest import Office, Person
from tests.api.world import World, served

EMPTY, TYPICAL, OVERFULL = "empty", "typical", "overfull"
CASES = 10_000
LONG = "a-reference-of-exactly-forty-characters-"
"""40 characters; a number takes the place of the last ones."""
_INSTALLED = {"weight": "vocoded_speech", "signal": "synthetic_speech", "pack_id": "ll144"}
"""What comes with the service, and is no record of an organisation."""
_MANY = 500
_SYSTEMS = 60
_PART = 1000
_SETTINGS, _WORKED = 40, 30


@dataclass
class Places:
    """An office with its people, by organisation and role."""

    office: Office
    people: dict[tuple[str, str], Person] = field(default_factory=dict)
    worlds: dict[str, World] = field(default_factory=dict)

    def world(self, tenant: str) -> World:
        """What makes records of the organisation, under references that it has not used."""
        if tenant not in self.worlds:
            self.worlds[tenant] = World(self.office.world.frame, tenant)
        return self.worlds[tenant]

    def who(self, tenant: str, scope: str | None) -> Person:
        """Somebody of the organisation whose role has the scope: compliance, else another."""
        order = (Role.COMPLIANCE, Role.ADMIN, Role.PLATFORM, Role.AUDITOR)
        role = next(each for each in order if scope is None or scope in ROLE_SCOPES[each])
        key = (tenant, role.value)
        if key not in self.people:
            self.people[key] = self.office.signed_in(role.value, tenant)
        return self.people[key]


@contextmanager
def opened(url: str | None = None, *, tenants: tuple[str, ...]) -> Iterator[Places]:
    """A served app over a new SQLite file, or over an empty migrated database."""
    with tempfile.TemporaryDirectory(prefix="pages-") as name:
        folder = Path(name)
        if url is None:
            url = databases.new_sqlite(folder / "fairwitness.db", {"folder": name})
        store = Store.open(url, databases.master_keys(), pool_size=10)
        for each in tenants:
            store.add_tenant(each, each.capitalize())
        frame = served(store, folder)
        with frame.client:
            world = World(frame, tenants[0])
            yield Places(Office(frame.service, world, world))
        store.close()


def pages() -> list[PageRoute]:
    """All addresses of pages that are read."""
    return [
        route
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, PageRoute) and "GET" in (route.methods or ())
    ]


def address(store: Store, tenant: str, route: APIRoute) -> str | None:
    """A page's address, filled in with the newest of what it is about; None: there is none."""
    values: dict[str, str] = {}
    for each in route.dependant.path_params:
        choices = get_args(each.field_info.annotation)
        if choices:
            values[each.name] = str(choices[0])
            continue
        if each.name in _INSTALLED:
            values[each.name] = _INSTALLED[each.name]
            continue
        if each.name == "sequence":
            with store.ledger(tenant) as ledger:
                values[each.name] = str(ledger.seal().size - 1)
            continue
        [pattern] = [m.pattern for m in each.field_info.metadata if hasattr(m, "pattern")]
        found = newest(store, tenant, pattern[1:].partition("_")[0], each.name)
        if found is None:
            return None
        values[each.name] = found
    return route.path.format(**values)


def newest(store: Store, tenant: str, prefix: str, name: str) -> str | None:
    """The newest record whose identifier begins so; of media, a table where one is asked for."""
    with store.reading(tenant) as unit:
        for table in _tables(store):
            rows = (
                select(table.c.id)
                .where(table.c.tenant_id == tenant, table.c.id.like(f"{prefix}\\_%", escape="\\"))
                .order_by(table.c.id.desc())
                .limit(1)
            )
            if prefix == "med" and "kind" in table.c:
                is_table = table.c.kind == "table"
                rows = rows.where(is_table if name == "table_id" else ~is_table)
            if {"state", "finished_at"} <= set(table.c.keys()):
                rows = rows.order_by(None).order_by(
                    table.c.finished_at.is_(None), table.c.id.desc()
                )
            found = unit.connection.execute(rows).scalar()
            if found is not None:
                return str(found)
    return None


def typical(places: Places, tenant: str = TYPICAL) -> World:
    """A small organisation at work."""
    world = places.world(tenant)
    for _ in range(5):
        world.person("US-NY-NYC")
    world.check(finished=True)
    world.check()
    world.flags()
    world.review(decided=True)
    world.notice()
    world.outcome()
    world.request("access")
    world.request("opt_out")
    world.table()
    world.audited()
    world.link()
    world.queued_report()
    world.schedule()
    world.policy()
    world.endpoint()
    world.delivery()
    world.connection()
    world.hold()
    return world


def overfull(places: Places, tenant: str = OVERFULL, *, cases: int = CASES) -> World:
    """All of the small one, and far more: names of 40 characters, and this many cases."""
    world = typical(places, tenant)
    page_plenty.settings(world, _SETTINGS, LONG)
    page_plenty.worked(world, _WORKED, long_name(0))
    store = world.store
    with store.unit(tenant) as unit:
        some = [
            register.create_system(
                unit,
                register.NewSystem.model_validate(
                    {
                        "name": long_name(at),
                        "vendor": long_name(at),
                        "system_version": "2026.11.23-release-candidate",
                        "mode": "ai_led",
                        "decision_role": "substantially_assists",
                        "jurisdictions": ["US-NY-NYC", "US-IL", "US-CO", "DE", "ES"],
                        "data_types": ["video", "voice", "text"],
                    }
                ),
            )
            for at in range(_SYSTEMS)
        ]
    candidates = interviews(store, tenant, _MANY, system=some[0].id)
    for start in range(0, cases, _PART):
        with store.unit(tenant) as unit:
            for at in range(start, min(start + _PART, cases)):
                review_operations.open_review(
                    unit,
                    Opening(
                        kind="appeal",
                        reason=f"{long_name(at)} asked for another look at what was recorded",
                        evidence=(f"letter-{at}",),
                        candidate_id=candidates[at % len(candidates)],
                    ),
                )
    with store.unit(tenant) as unit:
        for at, whom in enumerate(candidates):
            kind = (RequestKind.ACCESS, RequestKind.EXPLANATION)[at % 2]
            receive(unit, _asked(whom, kind))
    return world


def interviews(store: Store, tenant: str, count: int, *, system: str) -> list[str]:
    """This many interviews, ten of each candidate at most; the candidates."""
    candidates: list[str] = []
    for start in range(0, count, _PART):
        with store.unit(tenant) as unit:
            for at in range(start, min(start + _PART, count)):
                if at % 10 == 0 or count <= _MANY:
                    new = register.NewCandidate(
                        external_ref=long_name(at), jurisdictions=("US-NY-NYC",)
                    )
                    candidates.append(register.create_candidate(unit, new).id)
                wanted = register.NewInterview(
                    candidate_id=candidates[-1],
                    system_id=system,
                    job=f"job-{at % 40}",
                    stage="First interview",
                )
                register.create_interview(unit, wanted)
    return candidates


def long_name(number: int) -> str:
    """40 characters that end in a number."""
    return LONG[: 40 - len(str(number))] + str(number)


def _asked(candidate: str, kind: RequestKind) -> Asked:
    return Asked(
        candidate_id=candidate,
        kind=kind,
        channel="web form",
        jurisdictions=(),
        received_at=None,
        about=(),
        hiring_teams=frozenset(),
    )


_KNOWN: list[Table] = []


def _tables(store: Store) -> list[Table]:
    """Tables of an organisation's records."""
    if not _KNOWN:
        found = MetaData()
        found.reflect(store.engine)
        _KNOWN.extend(
            table
            for table in found.sorted_tables
            if "tenant_id" in table.c and "id" in table.c and isinstance(table.c.id.type, String)
        )
    return _KNOWN
