"""What is logged while every operation is asked holds no secret and nothing of a person's.

Searched are the lines as the service writes them on standard error, and all records of all
loggers with their arguments, at the level debug.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from api.serving import configure_logging
from audit.keyring import LocalMasterKeys
from audit.settings import Settings
from audit.store import Store
from tests.api.asking import Asking, Sent, operations
from tests.api.conftest import Frame
from tests.api.test_isolation import holders, send
from tests.api.world import World, served

MASTER = os.urandom(32)
PASSWORD = "pa55-of-the-database"
ADDRESS = "jane.doe@example.org"
SECRET = re.compile(r"fw_[0-9A-Z]{26}_[\w-]{43}|whsec_[\w+/=-]{20,}")

PERSONAL = (
    r"acme-(?:person|reviewer|ref)-\d",
    r"[\w.]+@[\w.]+\.\w+",
    "Female",
    "t0ken",
    r"interview\.wav",
)


@pytest.fixture
def masters() -> LocalMasterKeys:
    """A master key that the tests know."""
    return LocalMasterKeys({"m1": MASTER}, current="m1")


@pytest.fixture
def web(store: Store, tmp_path: Path) -> Iterator[Frame]:
    """The app, on both databases in turn, with secrets in its settings."""
    settings = Settings(
        master_keys=SecretStr(f"m1:{base64.b64encode(MASTER).decode()}"),
        database_url=SecretStr(f"postgresql://fairwitness:{PASSWORD}@/fairwitness"),
    )
    made = served(store, tmp_path, base=settings)
    with made.client:
        yield made


@contextmanager
def written() -> Iterator[io.StringIO]:
    """What the service writes on standard error in the block, of all levels."""
    loggers = [logging.getLogger(name) for name in (None, "fairwitness", "audit", "api")]
    levels, handlers = [each.level for each in loggers], loggers[0].handlers[:]
    with contextlib.redirect_stderr(io.StringIO()) as lines:
        configure_logging("debug")
        loggers[0].handlers += handlers
        loggers[0].setLevel(logging.DEBUG)
        yield lines
    loggers[0].handlers[:] = handlers
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def personal(value: Any) -> Any:
    """The same with an address in each text that people write."""
    if isinstance(value, dict):
        return {name: personal(each) for name, each in value.items()}
    if isinstance(value, list):
        return [personal(each) for each in value]
    return f"{ADDRESS} {value}" if isinstance(value, str) else value


def variants(sent: Sent) -> Iterator[Sent]:
    """A request, and then the same with an address in each place."""
    yield sent
    query = {**sent.query, "email": ADDRESS, "cursor": ADDRESS}
    headers = {**sent.headers, "X-Request-Id": ADDRESS, "User-Agent": ADDRESS}
    yield replace(sent, json=personal(sent.json), query=query, headers=headers)
    if isinstance(sent.json, dict):
        yield replace(sent, json={**sent.json, ADDRESS: ADDRESS})
    if sent.content is not None:
        yield replace(sent, content=sent.content + ADDRESS.encode())
    yield replace(sent, path=dict.fromkeys(sent.path, ADDRESS))


def secrets_in(answer: str) -> set[str]:
    """What an answer shows this once."""
    found = set(SECRET.findall(answer))
    try:
        given = json.loads(answer)
    except ValueError:
        return found
    return found | {given["secret"]} if isinstance(given, dict) and "secret" in given else found


def test_a_walk_leaves_no_secret_in_the_logs(web: Frame, caplog: pytest.LogCaptureFixture) -> None:
    with written() as stderr:
        secrets, requests = walked(web)
        lost(web)
    written_lines = stderr.getvalue().splitlines()
    # The tests' own client logs addresses: what it says would be found.
    assert any("example.org" in x for x in written_lines)
    lines = [x for x in written_lines if '"logger": "httpx"' not in x]
    of_requests = [x for x in lines if json.loads(x)["logger"] == "fairwitness.access"]
    assert len(of_requests) >= requests > 400 and len(secrets) > 8
    told = [r for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
    assert len(told) >= len(of_requests)
    halves = {half for secret in secrets for half in re.findall(r"[\w+/-]{40,}", secret)}
    for text in ("\n".join(lines), "\n".join(f"{r.getMessage()} {vars(r)}" for r in told)):
        assert [each for each in halves | secrets | known() if each in text] == []
        for words in PERSONAL:
            assert not re.search(words, text), words


def walked(web: Frame) -> tuple[set[str], int]:
    """Asks every operation; keys and secrets that were shown, and the number of requests."""
    world = World(web, "acme")
    asking = Asking(world)
    secrets, requests = set(world.keys.values()), 0
    for operation in operations(web.client.app.openapi()):  # type: ignore[attr-defined]
        key = world.keys[holders(operation)[0]] if operation.scope else None
        for sent in asking.requests_of(operation):
            answers = [send(web, operation, each, key) for each in variants(sent)]
            assert answers[0].status_code == operation.success, answers[0].text
            assert all(each.status_code < 500 for each in answers), operation.id
            secrets |= set().union(*(secrets_in(each.text) for each in answers))
            requests += len(answers)
    return secrets, requests


def known() -> set[str]:
    """Secrets of the operator's."""
    texts = {base64.b64encode(MASTER).decode(), base64.urlsafe_b64encode(MASTER).decode()}
    return {*texts, MASTER.hex(), repr(MASTER)[2:-1], PASSWORD}


def lost(web: Frame) -> None:
    """Requests while the database does not answer; its address has a password in it."""
    masters = LocalMasterKeys({"m1": MASTER}, current="m1")
    gone = Store.open(f"postgresql://fw:{PASSWORD}@/fw?host=/nonexistent", masters, pool_size=1)
    engine = web.service.store.engine
    web.service.store.engine = gone.engine
    try:
        key = f"fw_{'0' * 26}_{'x' * 43}"
        assert web.send("GET", "/v1/systems", key).status_code == 503
        assert web.send("GET", "/readyz").status_code == 503
    finally:
        web.service.store.engine = engine
        gone.close()
