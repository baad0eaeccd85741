"""Every operation, asked by every role for what belongs to another tenant.

Requests are made from the OpenAPI document and `tests.api.asking`. Each of them succeeds for its
owner in the same state, so that no refusal here is one for another reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from sqlalchemy import select

from api import routes
from api.guarding import area
from api.scopes import ROLE_SCOPES
from audit.ids import new_id
from audit.records.access import Role
from audit.store import Store
from audit.tables.base import Base
from tests.api.asking import ID, Asking, Operation, Sent, operations
from tests.api.conftest import Frame
from tests.api.world import ROLES, World, served

OURS, THEIRS = "acme", "globex"
NAME = re.compile(rf"\b(?:{OURS}|{THEIRS})[-_](?:person|reviewer|policy)[-_]\d+\b")
TIME = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|\+00:00)")
REFUSED = (404, 409, 422)
NAMESPACES = {"add_policy_version"}  # a tenant's policies have names of its own choice
NO_TENANT = {"problem_page", "read_rule_pack", "read_rule_pack_impact"}


@pytest.fixture
def web(store: Store, tmp_path: Path) -> Iterator[Frame]:
    """The app, on both databases in turn."""
    made = served(store, tmp_path)
    with made.client:
        yield made


@pytest.fixture
def light(light_store: Store, tmp_path: Path) -> Iterator[Frame]:
    """The app on SQLite, for what does not depend on the database."""
    made = served(light_store, tmp_path)
    with made.client:
        yield made


def everything(frame: Frame) -> list[Operation]:
    """All operations."""
    return list(operations(frame.client.app.openapi()))  # type: ignore[attr-defined]


def send(frame: Frame, operation: Operation, sent: Sent, key: str | None) -> httpx.Response:
    more: dict[str, Any] = {"params": sent.query, "headers": sent.headers}
    if sent.content is not None:
        more["content"] = sent.content
    elif sent.json is not None:
        more["json"] = sent.json
    return frame.send(operation.method, operation.path.format(**sent.path), key, **more)


def holders(operation: Operation) -> list[str]:
    """Roles that may send it; compliance, which sees all flags and reports, before others."""
    found = [role.value for role in Role if operation.scope in ROLE_SCOPES[role]]
    return sorted(found, key=lambda role: role != "compliance")


def names_in(text: str) -> set[str]:
    """What names something in a request or an answer."""
    return set(ID.findall(text)) | set(NAME.findall(text))


def absent(name: str) -> str:
    """A name of the same form that nobody has."""
    fresh = new_id(name.partition("_")[0])
    return fresh if ID.fullmatch(name) else f"{name[:-1]}{int(fresh[-9:], 36)}"


def shown(answer: httpx.Response) -> tuple[int, str]:
    """An answer without what differs between any two requests."""
    text = TIME.sub("<time>", NAME.sub("<name>", ID.sub("<id>", answer.text)))
    return answer.status_code, text


def rows(store: Store, tenant: str) -> dict[str, list[str]]:
    """All that a tenant has stored."""
    found = {}
    with store.system(read_only=True) as connection:
        for table in Base.metadata.sorted_tables:
            if "tenant_id" in table.c:
                here = select(table).where(table.c.tenant_id == tenant)
                found[table.name] = sorted(str(tuple(row)) for row in connection.execute(here))
    return found


@dataclass
class Walk:
    """Sends requests as our tenant and looks at each answer for what is theirs."""

    frame: Frame
    ours: World
    theirs: set[str]
    requests: int = 0
    faults: list[str] = field(default_factory=list)

    def ask(self, operation: Operation, sent: Sent, role: str) -> httpx.Response:
        answer = send(self.frame, operation, sent, self.ours.keys[role])
        self.requests += 1
        told = self.theirs & names_in(answer.text) - names_in(sent.texts())
        self.expect(not told, operation, sent, answer)
        return answer

    def expect(self, good: bool, operation: Operation, sent: Sent, answer: httpx.Response) -> None:
        if not good:
            words = f"{operation.id} {sent.path} {sent.json or sent.query}"
            self.faults.append(f"{words}: {answer.status_code} {answer.text[:300]}")

    def expect_unknown(self, operation: Operation, sent: Sent, role: str) -> None:
        """Theirs is answered as what does not exist at all."""
        unknown = {name: absent(name) for name in names_in(sent.texts()) & self.theirs}
        for headers in self._preconditions(sent):
            like = Sent(**{**vars(sent), "headers": headers})
            answer = self.ask(operation, like, role)
            nothing = self.ask(operation, like.with_texts(unknown), role)
            same = shown(answer) == shown(nothing)
            self.expect(same, operation, like, answer)

    def _preconditions(self, sent: Sent) -> list[dict[str, str]]:
        """Other preconditions: none, one that fails, one that anything meets."""
        if "If-Match" not in sent.headers:
            return [sent.headers]
        plain = {name: v for name, v in sent.headers.items() if name != "If-Match"}
        return [plain, *({**plain, "If-Match": tag} for tag in ('"1"', '"77"', "*"))]


def prepared(frame: Frame) -> tuple[Walk, World, dict[str, list[Sent]]]:
    """Requests of the other tenant for each operation, and a walk that knows what is theirs."""
    theirs = World(frame, THEIRS)
    asking = Asking(theirs)
    made = {each.id: asking.requests_of(each) for each in everything(frame)}
    stored = str(rows(theirs.store, THEIRS))
    named = set().union(*(names_in(each.texts()) for sent in made.values() for each in sent))
    walk = Walk(frame, World(frame, OURS), {n for n in named | names_in(stored) if n in stored})
    return walk, theirs, made


def test_what_is_another_tenants_is_not_there(web: Frame) -> None:
    walk, theirs, made = prepared(web)
    before = rows(theirs.store, THEIRS)
    for operation in everything(web):
        if not operation.parameters or operation.id in NAMESPACES | NO_TENANT:
            continue
        for sent in made[operation.id]:
            for role in ROLES if operation.scope else ():
                answer = walk.ask(operation, sent, role)
                wanted = 404 if role in holders(operation) else 403
                walk.expect(answer.status_code == wanted, operation, sent, answer)
            for role in holders(operation):
                walk.expect_unknown(operation, sent, role)
    after = rows(theirs.store, THEIRS)
    assert not walk.faults, "\n".join(walk.faults)
    assert after == before
    for operation in everything(web):
        key = theirs.keys[holders(operation)[0]] if operation.scope else None
        for sent in made[operation.id]:
            answer = send(web, operation, sent, key)
            walk.expect(answer.status_code == operation.success, operation, sent, answer)
    assert not walk.faults, "\n".join(walk.faults)
    assert walk.requests > 500


def test_what_requests_name_of_another_tenant_is_not_there(web: Frame) -> None:
    walk, theirs, made = prepared(web)
    before = rows(theirs.store, THEIRS)
    asking, tried = Asking(walk.ours), 0
    for operation in everything(web):
        if operation.scope is None or operation.id in NAMESPACES:
            continue
        role = holders(operation)[0]
        for ours, foreign in zip(asking.requests_of(operation), made[operation.id], strict=True):
            for name, other in differences(ours, foreign).items():
                swapped = ours.with_texts({name: other})
                walk.expect_unknown(operation, swapped, role)
                if ID.fullmatch(name) and not operation.lists:
                    answer = walk.ask(operation, swapped, role)
                    wanted = (404,) if name in ours.path.values() else REFUSED
                    walk.expect(answer.status_code in wanted, operation, swapped, answer)
                tried += 1
            answer = walk.ask(operation, ours, role)
            walk.expect(answer.status_code == operation.success, operation, ours, answer)
    assert not walk.faults, "\n".join(walk.faults)
    assert tried > 100
    assert rows(theirs.store, THEIRS) == before


def differences(ours: Sent, theirs: Sent) -> Mapping[str, str]:
    """What stands in one request -> what stands at the same place in the other."""
    here, there = (
        re.findall(f"{ID.pattern}|{NAME.pattern}", each.texts()) for each in (ours, theirs)
    )
    assert len(here) == len(there)
    return dict(zip(here, there, strict=True))


def test_lists_show_nothing_of_another_tenant(web: Frame) -> None:
    walk, theirs, made = prepared(web)
    Asking(walk.ours).requests_of(next(e for e in everything(web) if e.id == "list_references"))
    filtered = set()
    for operation in everything(web):
        if not operation.lists:
            continue
        [sent] = made[operation.id]
        role = holders(operation)[0]
        items = send(web, operation, sent, theirs.keys[role]).json()["items"]
        assert items, f"{operation.id}: the owner has none"
        if not operation.parameters:
            walk.ask(operation, with_query(sent, limit=200), role)
        for name, value in filters(operation, items):
            narrowed = with_query(sent, **{name: value})
            found = send(web, operation, narrowed, theirs.keys[role])
            walk.expect(bool(found.json().get("items")), operation, narrowed, found)
            if not operation.parameters:
                answer = walk.ask(operation, narrowed, role)
                walk.expect(answer.json().get("items") == [], operation, narrowed, answer)
            filtered.add((operation.id, name))
    assert not walk.faults, "\n".join(walk.faults)
    assert len(filtered) > 25


def with_query(sent: Sent, **query: Any) -> Sent:
    return Sent(**{**vars(sent), "query": {**sent.query, **query}})


def filters(operation: Operation, items: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Filters of a list that name something, with what an item of it has there."""
    for name in operation.queries:
        values = [item[name] for item in items if isinstance(item.get(name), str)]
        named = [value for value in values if names_in(value)]
        if named:
            yield name, named[0]


def test_no_key_and_no_scope_are_refused_before_anything_else(light: Frame) -> None:
    world = World(light, OURS)
    asking = Asking(world)
    for operation in everything(light):
        if operation.scope is None:
            continue
        sent = asking.requests_of(operation)[0]
        answer = send(light, operation, sent, None)
        assert answer.status_code == 401, operation.id
        for role in ROLES:
            scopes = ROLE_SCOPES[Role(role)] - {operation.scope}
            narrower = light.key_of(role, OURS, scopes=tuple(sorted(scopes)))
            answer = send(light, operation, sent, narrower)
            assert answer.status_code == 403, (operation.id, role, answer.text)
            if operation.method != "HEAD":
                assert operation.scope in answer.json()["detail"]


def unstated() -> APIRouter:
    router = area("Test", "/test")
    router.get("")(lambda: {})
    return router


def unguarded() -> APIRouter:
    router = APIRouter()
    router.get("/v1/test")(lambda: {})
    return router


@pytest.mark.parametrize(
    ("make", "error"), [(unstated, ValueError), (unguarded, TypeError)], ids=["unstated", "plain"]
)
def test_a_route_without_a_scope_stops_the_app(
    light_store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[], APIRouter],
    error: type[Exception],
) -> None:
    with pytest.raises(error, match="scope"):
        monkeypatch.setattr(routes, "ROUTERS", (*routes.ROUTERS, make()))
        served(light_store, tmp_path)


def test_auditors_reach_neither_recordings_nor_people(light: Frame) -> None:
    document = light.client.app.openapi()  # type: ignore[attr-defined]
    reached = [each for each in everything(light) if "auditor" in holders(each)]
    assert len(reached) > 30
    assert all(each.method == "GET" or each.id == "try_policy" for each in reached)
    people = ("media", "uploads", "candidates", "identities", "interviews", "consents", "outcomes")
    for each in reached:
        assert each.path.split("/")[2] not in people, each.id
        assert "demographics" not in each.path and "export" not in each.path.split("/")[4:]
        names = fields_of(document, document["paths"][each.path][each.method.lower()]["responses"])
        assert not names & {"sex", "race_ethnicity", "age_40_plus", "disability", "veteran"}
        assert not names & {"external_ref"}, each.id


def test_nobody_reads_demographics_but_the_person_they_are_of(light: Frame) -> None:
    document = light.client.app.openapi()  # type: ignore[attr-defined]
    reading = {
        each.id
        for each in everything(light)
        if "sex"
        in fields_of(document, document["paths"][each.path][each.method.lower()]["responses"])
    }
    assert reading <= {"export_candidate_data"}


def fields_of(document: Mapping[str, Any], part: Any) -> set[str]:
    """Names of all fields that a part of the document describes."""
    found: set[str] = set()
    waiting, seen = [part], set()
    while waiting:
        here = waiting.pop()
        if isinstance(here, list):
            waiting += here
        elif isinstance(here, dict):
            found |= set(here.get("properties", {}))
            target = here.get("$ref")
            if isinstance(target, str) and target not in seen:
                seen.add(target)
                _, *steps = target.split("/")
                there: Any = document
                for step in steps:
                    there = there[step]
                waiting.append(there)
            waiting += [v for name, v in here.items() if name not in ("examples", "example")]
    return found
