"""Uploads over real sockets to a served API, and a count of what then lies in the store.

Requests are written by hand, so that they can end anywhere, as a broken connection does.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from api.keys import Wanted, issue
from api.opening import open_store
from audit.records.access import Role
from audit.settings import Settings
from audit.store import Store
from audit.vault.keys import split_part
from audit.vault.local import LocalBlobs
from tests.crash.fleet import Database, Fleet

OCTETS = "application/octet-stream"
START = b"\0\0\0\x18ftypisom\0\0\0\0isommp42"
"""The first bytes of an MP4 file."""
MIB = 1 << 20
_PIECE = 1 << 16


@dataclass(frozen=True)
class Answer:
    """What was answered. Status 0: the connection ended without an answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The problem's code; "" where there is none."""
        kind = self.headers.get("content-type", "")
        return str(self.json["code"]) if kind == "application/problem+json" else ""


NONE = Answer(0, {}, b"")


@dataclass(frozen=True)
class Sender:
    """A key's requests, each on a connection of its own."""

    port: int
    key: str
    patience_s: float = 60.0

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | dict[str, Any] | None = None,
        *,
        length: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request and its answer. `length`: of a body in pieces."""
        if isinstance(body, dict):
            body, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
        if isinstance(body, bytes):
            body, length = [body], len(body)
        with self.opened(method, path, length=length or 0, headers=headers) as connection:
            # A server that refuses before the body is whole may close; its answer has come by then.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                for piece in body or ():
                    connection.sendall(piece)
            return answer_of(connection)

    @contextlib.contextmanager
    def opened(
        self, method: str, path: str, *, length: int, headers: Mapping[str, str] | None = None
    ) -> Iterator[socket.socket]:
        """A connection on which the request's headers have been sent."""
        lines = {"Host": "test", "Authorization": f"Bearer {self.key}", "Connection": "close"}
        lines |= {"Content-Length": str(length), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        address = ("127.0.0.1", self.port)
        with socket.create_connection(address, timeout=self.patience_s) as connection:
            connection.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1"))
            yield connection

    def announce(self, interview: str, size: int, **more: object) -> Answer:
        """A new upload."""
        return self.ask(
            "POST", "/v1/uploads", {"interview_id": interview, "size_bytes": size} | more
        )

    def patch(self, upload: str, offset: int, body: bytes) -> Answer:
        """Bytes of an upload."""
        return self.ask("PATCH", f"/v1/uploads/{upload}", body, headers=at(offset))

    def offset(self, upload: str) -> int:
        """Where the upload goes on."""
        return int(self.ask("HEAD", f"/v1/uploads/{upload}").headers["upload-offset"])

    def complete(self, upload: str) -> Answer:
        """The end of an upload."""
        return self.ask("POST", f"/v1/uploads/{upload}/complete")

    def single(
        self, interview: str, content: bytes, *, media_type: str = "video/mp4", **query: str
    ) -> Answer:
        """A file in one request."""
        words = "&".join(f"{name}={value}" for name, value in query.items())
        path = f"/v1/media?interview_id={interview}&{words}"
        return self.ask("POST", path, content, headers={"Content-Type": media_type})

    def check(self, order: dict[str, Any], content: bytes, *, disposition: str) -> Answer:
        """A whole check in one form. `disposition`: the parameter of the file's name."""
        body = (
            b'--edge\r\nContent-Disposition: form-data; name="order"\r\n\r\n'
            + json.dumps(order).encode()
            + b'\r\n--edge\r\nContent-Disposition: form-data; name="file"; '
            + disposition.encode()
            + b"\r\nContent-Type: video/mp4\r\n\r\n"
            + content
            + b"\r\n--edge--\r\n"
        )
        kind = {"Content-Type": "multipart/form-data; boundary=edge"}
        return self.ask("POST", "/v1/checks", body, headers=kind)


def at(offset: int) -> dict[str, str]:
    """Headers of a piece of an upload."""
    return {"Content-Type": OCTETS, "Upload-Offset": str(offset)}


def answer_of(connection: socket.socket) -> Answer:
    """The answer on a connection; `NONE` where it ended before."""
    response = http.client.HTTPResponse(connection)
    try:
        response.begin()
        body = response.read()
    except (ConnectionError, http.client.HTTPException):
        return NONE
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, body)


def break_off(connection: socket.socket) -> None:
    """Ends a connection with a reset, as a lost network does in the end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def film(size: int, seed: int) -> bytes:
    """Bytes that begin as an MP4 file does, and differ from one seed to the next."""
    block = seed.to_bytes(8, "big") + os.urandom(_PIECE)
    return (START + block * (size // len(block) + 1))[:size]


@dataclass
class Served:
    """A fleet's API, what it stands on, and keys for it."""

    fleet: Fleet
    store: Store
    media: Path

    @property
    def pid(self) -> int:
        """Of the API's process."""
        return self.fleet.running["api"].pid

    def sender(self, tenant: str = "main", role: str = "platform") -> Sender:
        """A new key of a role; its tenant is made where there is none."""
        if tenant not in self.store.tenants():
            self.store.add_tenant(tenant, tenant)
        with self.store.unit(tenant) as unit:
            end = unit.now() + timedelta(days=1)
            key = issue(unit, Wanted(name=role, role=Role(role), expires_at=end)).text
        return Sender(self.fleet.port, key)

    def interview(self, sender: Sender, tenant: str = "main") -> str:
        """An interview, with its candidate, consent and system."""
        admin = self.sender(tenant, "admin")
        system = {
            "name": "Interviews", "vendor": "Acme", "system_version": "2", "mode": "ai_led",
            "decision_role": "informs",
        }  # fmt: skip
        system_id = _made(admin.ask("POST", "/v1/systems", system))
        person = {"external_ref": f"person-{system_id}", "jurisdictions": ["US-NJ"]}
        candidate = _made(sender.ask("POST", "/v1/candidates", person))
        new = {"candidate_id": candidate, "system_id": system_id}
        return _made(sender.ask("POST", "/v1/interviews", new))

    def census(self) -> Census:
        """What lies in the store and what the rows say, once nothing is under way."""
        return Census.of(self.store, LocalBlobs(self.media))


class Memory:
    """Growth of a process's peak resident memory over what it had at the start of the block."""

    def __init__(self, pid: int) -> None:
        self._process = Path(f"/proc/{pid}")
        self.growth_mib = 0.0

    def __enter__(self) -> Memory:
        (self._process / "clear_refs").write_text("5")  # the peak is counted anew from here
        self._start = self._kib("VmRSS")
        return self

    def __exit__(self, *_: object) -> None:
        self.growth_mib = (self._kib("VmHWM") - self._start) / 1024

    def _kib(self, name: str) -> int:
        lines = (self._process / "status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name))


def _made(answer: Answer) -> str:
    assert answer.status == 201, answer.body
    return str(answer.json["id"])


@dataclass
class Census:
    """Rows of media and uploads, stored files, and where the two do not fit."""

    media: int = 0
    uploads: dict[str, int] = field(default_factory=dict)
    files: int = 0
    parts: int = 0
    faults: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, store: Store, blobs: LocalBlobs) -> Census:
        """Compares each stored file with its row, and each row with its file."""
        found = cls()
        with store.system(read_only=True) as connection:
            rows = connection.execute(text("SELECT id, tenant_id, state, sha256 FROM media")).all()
            uploads = connection.execute(
                text("SELECT id, tenant_id, state, parts FROM uploads")
            ).all()
        stored = {f"{row.tenant_id}/{row.id}" for row in rows if row.state == "stored"}
        known = {f"{row.tenant_id}/{row.id}" for row in rows}
        found.media = len(stored)
        under_way: dict[str, int] = {}
        for row in uploads:
            found.uploads[row.state] = found.uploads.get(row.state, 0) + 1
            key = f"{row.tenant_id}/med_{row.id.partition('_')[2]}"
            if row.state == "open":
                under_way[key] = row.parts
            if row.state == "done" and key not in known:
                found.faults.append(f"{row.id} is done and has no medium")
        found._files(blobs, stored, under_way)
        return found

    def _files(self, blobs: LocalBlobs, stored: set[str], under_way: dict[str, int]) -> None:
        artefacts: set[str] = set()
        parts: dict[str, int] = {}
        for blob in blobs.list():
            split = split_part(blob.key)
            if split is None:
                artefacts.add(blob.key)
            else:
                owner = f"{split[0]}/{split[1]}"
                parts[owner] = parts.get(owner, 0) + 1
        self.files, self.parts = len(artefacts), sum(parts.values())
        self.faults += [f"{key} has a row and no file" for key in stored - artefacts]
        self.faults += [f"{key} has a file and no row" for key in artefacts - stored]
        for key in parts.keys() - stored - under_way.keys():
            self.faults.append(f"{key} has parts and neither row nor upload")
        for key, count in under_way.items():
            if parts.get(key, 0) < count:
                self.faults.append(f"{key} counts {count} parts and has {parts.get(key, 0)}")


@contextlib.contextmanager
def served(
    kind: str, folder: Path, *, media: Path | None = None, **settings: object
) -> Iterator[Served]:
    """A served API over a new database, without workers. `settings`: of storage."""
    folder.mkdir(parents=True, exist_ok=True)
    database = Database(folder / "pg") if kind == "postgresql" else None
    if database is not None:
        database.start()
    fleet = Fleet(folder, database, 0, folder / "weights")
    media = media or folder / "media"
    storage = {"path": media, **settings}
    fleet.environment |= {
        f"FAIRWITNESS_STORAGE__{name.upper()}": str(value) for name, value in storage.items()
    }
    data = {"data_dir": folder / "data"}
    url = {"database_url": database.url} if database else {}
    try:
        fleet.start("api")
        fleet.wait_ready()
        store = open_store(Settings(**data, **url), pool_size=2)  # type: ignore[arg-type]
        try:
            yield Served(fleet, store, media)
        finally:
            store.close()
    finally:
        fleet.stop()
