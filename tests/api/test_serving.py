"""`fairwitness serve`, as a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from api.environment import read_settings
from api.keys import checked_tenant
from api.opening import open_store
from api.principal import Token
from api.serve_cli import admin_key
from api.serving import open_service
from audit.errors import InputError, MasterKeyInvalid
from audit.jobs import enqueue
from audit.records.work import Queue
from audit.settings import Api, Settings, Storage
from audit.store.access import find_key


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {
        **kept,
        "FAIRWITNESS_DATA_DIR": str(folder / "data"),
        "FAIRWITNESS_STORAGE__PATH": str(folder / "media"),
        "FAIRWITNESS_STORAGE__SCRATCH_DIR": str(folder / "scratch"),
        "FAIRWITNESS_WEIGHTS_DIR": str(folder / "no-weights"),
        "FAIRWITNESS_API__STOP_S": "5",
    }


@contextmanager
def served(folder: Path, *more: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of a service that runs until the block ends."""
    port = free_port()
    command = [sys.executable, "-c", "from api.cli import main; main()", "serve", *more]
    process = subprocess.Popen(
        [*command, "--port", str(port)],
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, process)
        yield address, process
    finally:
        process.kill()
        process.communicate()


def _wait(address: str, process: subprocess.Popen[str]) -> None:
    for _ in range(300):
        assert process.poll() is None, process.communicate()[1]
        try:
            httpx.get(f"{address}/healthz", timeout=5)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("it did not start")


def test_a_first_start_prints_a_key_that_works_and_a_second_none(tmp_path: Path) -> None:
    with served(tmp_path) as (address, process):
        ready = httpx.get(f"{address}/readyz")
        assert ready.status_code == 503
        parts = ready.json()["parts"]
        assert {parts["database"], parts["media"], parts["queues"]} == {"ok"}
        assert parts["weights"] == "weights_unavailable"
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    assert process.returncode in (0, -signal.SIGTERM)
    (key,) = re.findall(r"fw_\S{70}", out)
    assert key not in err
    lines = [json.loads(line) for line in err.splitlines()]
    assert {line["route"] for line in lines} == {"/healthz", "/readyz"}
    assert oct((tmp_path / "data" / "master.keys").stat().st_mode)[-3:] == "600"
    with served(tmp_path, "--no-worker") as (address, process):
        headers = {"Authorization": f"Bearer {key}"}
        answer = httpx.get(f"{address}/v1/keys", headers=headers)
        assert answer.status_code == 200
        assert [each["name"] for each in answer.json()["items"]] == ["First administrator"]
        assert "server" not in answer.headers
        assert _refused_early(address)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=20)
    assert "fw_" not in out


def _refused_early(address: str) -> bool:
    """Who has no key gets an answer before the body came."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as slow:
        head = f"POST /v1/keys HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\n"
        slow.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode())
        return b"401" in slow.recv(4096).split(b"\r\n")[0]


def test_more_keys_and_tenants_at_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(MasterKeyInvalid):  # nothing is there yet, and this makes nothing
        admin_key("globex", "x", new_tenant=True)
    store = open_store(read_settings(), make=True, pool_size=2)
    with pytest.raises(InputError, match="--new-tenant"):
        admin_key("globex", "x", new_tenant=False)
    for new_tenant in (True, False):
        admin_key("globex", "Operator", new_tenant=new_tenant)
        token = Token.parse(capsys.readouterr().out.strip())
        assert token is not None
        found = find_key(store, token.key_id)
        assert found is not None and found[0] == "globex"
        assert found[1].secret_hash == token.hash() and found[1].name == "Operator"
    store.close()


@pytest.mark.parametrize("tenant", ["", "A", "x", "a b", "service", "x" * 41, "-a", "é1"])
def test_ids_of_tenants_have_a_form(tenant: str) -> None:
    with pytest.raises(InputError):
        checked_tenant(tenant)


def test_queues_that_lag_are_said_to(tmp_path: Path) -> None:
    storage = Storage(path=tmp_path / "media", scratch_dir=tmp_path / "scratch")
    settings = Settings(data_dir=tmp_path / "data", storage=storage, api=Api(lag_s=1e-9))
    service = open_service(settings, weights=False)
    assert set(service.ready) == {"database", "media", "queues"}
    service.store.add_tenant("acme", "Acme")
    with service.store.unit("acme") as unit:
        enqueue(unit, kind="webhook", subject="x", queue=Queue.LIGHT)
    service.ready["queues"]()
    with service.store.unit("acme") as unit:
        enqueue(unit, kind="check", subject="x", queue=Queue.CPU)
    assert service.job_counts is not None
    assert service.job_counts() == {("light", "queued"): 1, ("cpu", "queued"): 1}
    with pytest.raises(Exception, match="queue cpu lags"):
        service.ready["queues"]()
    service.store.close()
