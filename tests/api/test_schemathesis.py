"""The whole OpenAPI document against the app, with generated requests of every role.

Each operation gets requests that hold to the document and requests that break it; identifiers in
them are those of stored objects, so that they get beyond 404. Each is sent with the key of each
role and without one. An answer may have no 5xx, and has to be one that the document describes:
status, content type, schema and headers.

Left out is `positive_data_acceptance`: a request that holds to the document may be refused for what
is stored (409), for what only the database knows (404), and for rules between fields (422) that
JSON Schema does not write down. Data that break the document have to be refused, though.

FAIRWITNESS_FUZZ_EXAMPLES: how many requests are generated for each operation and kind.
FAIRWITNESS_FUZZ_DATABASE: `sqlite`, `postgresql` or both with a comma. FAIRWITNESS_FUZZ_SEED: a
number, for other requests than those of each run. A long run:

    FAIRWITNESS_FUZZ_EXAMPLES=300 FAIRWITNESS_FUZZ_SEED=7 FAIRWITNESS_FUZZ_DATABASE=postgresql \
        python -m pytest tests/api/test_schemathesis.py -s
"""

from __future__ import annotations

import copy
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, reject, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import select

from audit.store import Store
from audit.tables.base import Base
from tests.api.asking import ID, Asking, Operation, operations
from tests.api.conftest import Frame
from tests.api.world import ROLES, World, served

EXAMPLES = int(os.environ.get("FAIRWITNESS_FUZZ_EXAMPLES", "2"))
DATABASES = os.environ.get("FAIRWITNESS_FUZZ_DATABASE", "sqlite").split(",")
SEED = int(os.environ.get("FAIRWITNESS_FUZZ_SEED", "0"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
BASE = "http://testserver"
schemathesis.serializer.alias(["video/webm", "video/mp4"], "application/octet-stream")
QUIET = settings(
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def web(store: Store, tmp_path: Path) -> Iterator[Frame]:
    """The app; streams of progress end after what there is to tell."""
    made = served(store, tmp_path)
    with made.client:
        made.service.stopping.set()
        yield made


@dataclass
class Fuzz:
    """Sends cases as every role, and keeps what was wrong: one example of each kind."""

    frame: Frame
    world: World
    pool: dict[str, list[str]] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    faults: dict[tuple[str, ...], str] = field(default_factory=dict)

    def seed(self) -> None:
        """Takes the identifiers of all that is stored, but not of the keys in use."""
        own = {"key_" + key.split("_")[1] for key in self.world.keys.values()}
        found: dict[str, set[str]] = {}
        with self.world.store.system(read_only=True) as connection:
            for table in Base.metadata.sorted_tables:
                if "tenant_id" in table.c and "id" in table.c:
                    here = select(table.c.id).where(table.c.tenant_id == self.world.tenant)
                    for (id,) in connection.execute(here):
                        found.setdefault(str(id).partition("_")[0], set()).add(str(id))
        self.pool = {name: sorted(ids - own)[-8:] for name, ids in found.items()}

    def send(self, case: Any, *, real: int | None = None) -> None:
        """Sends a case as every role. `real`: seed of what is put in for made-up identifiers."""
        if real is not None:
            self._put_in(case, random.Random(real))
        try:
            sent = requests.Request(**case.as_transport_kwargs(base_url=BASE)).prepare()
        except (requests.RequestException, UnicodeError, ValueError):
            reject()
        for role in (None, *ROLES):
            self._send_as(case, sent, role)

    def _send_as(self, case: Any, sent: requests.PreparedRequest, role: str | None) -> None:
        headers = {name: _bytes(value) for name, value in sent.headers.items()}
        headers.pop("Authorization", None)
        if role is not None:
            headers["Authorization"] = f"Bearer {self.world.keys[role]}".encode()
        try:
            answer = self.frame.client.request(
                str(sent.method),
                str(sent.url),
                headers=headers,
                content=_bytes(sent.body),
                follow_redirects=False,
            )
        except (httpx.InvalidURL, UnicodeError):
            reject()
        self.answers[str(answer.status_code)] += 1
        # A body that is too large is refused before anything in it is read.
        reads = role is not None and answer.status_code != 413
        checks = [*CHECKS, *[negative_data_rejection] * reads]
        try:
            case.validate_response(answer, checks=checks)
        except FailureGroup as failed:
            self.note(case, role, answer, failed)

    def note(self, case: Any, role: str | None, answer: httpx.Response, failed: Any) -> None:
        """Keeps a fault."""
        name = case.operation.definition.raw["operationId"]
        titles = sorted({each.title for each in failed.exceptions})
        body = answer.request.content[:400]
        words = f"{answer.request.method} {answer.request.url} {body!r} as {role}"
        kind = (name, *titles, str(answer.status_code))
        if kind not in self.faults:
            self.faults[kind] = (
                f"{name}: {titles}: {words}: {answer.status_code} {answer.text[:400]}\n"
                f"{str(failed.exceptions[0])[:400]}"
            )
            sys.stderr.write(f"{self.faults[kind]}\n\n")

    def _put_in(self, case: Any, chance: random.Random) -> None:
        """Identifiers of stored objects for those that were made up, four times of five."""

        def real(value: Any) -> Any:
            if isinstance(value, dict):
                return {name: real(each) for name, each in value.items()}
            if isinstance(value, list):
                return [real(each) for each in value]
            known = isinstance(value, str) and ID.fullmatch(value)
            there = self.pool.get(value.partition("_")[0]) if known else None
            return chance.choice(there) if there and chance.random() < 0.8 else value

        if case.path_parameters:
            case.path_parameters = real(dict(case.path_parameters))
        if case.query:
            case.query = real(dict(case.query))
        if isinstance(case.body, dict | list):
            case.body = real(case.body)
        if "If-Match" in (case.headers or {}) and chance.random() < 0.8:
            case.headers["If-Match"] = chance.choice(['"1"', '"2"', "*"])


def _bytes(value: Any) -> bytes:
    if value is None:
        return b""
    return value if isinstance(value, bytes) else str(value).encode("utf-8")


@pytest.mark.parametrize("database_url", DATABASES, indirect=True)
def test_answers_hold_to_the_document(web: Frame) -> None:
    document = web.client.app.openapi()  # type: ignore[attr-defined]
    schema = schemathesis.openapi.from_dict(without_keys(document))
    known = {each.id: each for each in operations(document)}
    fuzz = Fuzz(web, World(web, "acme"))
    asking = Asking(fuzz.world)
    for each in known.values():
        asking.requests_of(each)
    began = time.monotonic()
    for found in schema.get_all_operations():
        operation = found.ok()
        name = operation.definition.raw["operationId"]
        asked(fuzz, operation, asking, known[name])
        fuzz.seed()
        for mode in GenerationMode:
            generated(fuzz, operation, mode)
    total = sum(fuzz.answers.values())
    seconds = time.monotonic() - began
    sys.stderr.write(
        f"{len(known)} operations, {total} requests in {seconds:.0f} s: "
        f"{dict(sorted(fuzz.answers.items()))}\n"
    )
    assert not fuzz.faults, f"{len(fuzz.faults)} kinds\n" + "\n\n".join(fuzz.faults.values())
    assert fuzz.answers["200"] + fuzz.answers["201"] > len(known)


def without_keys(document: dict[str, Any]) -> dict[str, Any]:
    """The document without what it says of keys: those are sent, or left out, by these tests."""
    found = copy.deepcopy(document)
    found["components"].pop("securitySchemes")
    for methods in found["paths"].values():
        for operation in methods.values():
            operation.pop("security", None)
    return found


def asked(fuzz: Fuzz, operation: Any, asking: Asking, known: Operation) -> None:
    """Sends requests that succeed, so that what is shown of objects is looked at."""
    for sent in asking.requests_of(known):
        body = sent.content if sent.content is not None else sent.json
        kind = sent.headers.get("Content-Type", "application/json")
        more = {} if body is None else {"body": body, "media_type": kind.partition(";")[0]}
        case = operation.Case(
            path_parameters=sent.path, query=sent.query, headers=dict(sent.headers), **more
        )
        request = fuzz.frame.client.build_request(
            known.method,
            known.path.format(**sent.path),
            params=sent.query,
            headers=sent.headers,
            **({"json": sent.json} if sent.json is not None else {"content": sent.content}),
        )
        for role in ROLES:
            request.headers["Authorization"] = f"Bearer {fuzz.world.keys[role]}"
            answer = fuzz.frame.client.send(request)
            fuzz.answers[str(answer.status_code)] += 1
            try:
                case.validate_response(answer, checks=CHECKS)
            except FailureGroup as failed:
                fuzz.note(case, role, answer, failed)


def generated(fuzz: Fuzz, operation: Any, mode: GenerationMode) -> None:
    """Sends generated requests: such as hold to the document, or such as break it."""
    strategy = operation.as_strategy(generation_mode=mode)

    @seed(SEED)
    @settings(QUIET, max_examples=EXAMPLES, derandomize=False)
    @given(case=strategy, real=st.integers(0, 2**32))
    def sent(case: Any, real: int) -> None:
        fuzz.send(case, real=real)

    with suppress(Unsatisfiable):  # where nothing is taken, nothing can break the document
        sent()
