"""The integration of `examples/`, against a served API and a worker, over real sockets."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.inference import Models
from examples import integration
from tests import media_factory
from tests.crash.fleet import fleet

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_platform_integrates(kind: str, tmp_path: Path, models: Models) -> None:
    clip = media_factory.clip(tmp_path / "interview.mp4", 3.0)
    said: list[str] = []
    folder = tmp_path / "service"
    with fleet(kind, folder, workers=1, weights=models.store.root) as running:
        found = integration.run(running.url, running.admin_key(), clip, say=said.append)
        assert running.command("ledger", "verify").returncode == 0
    assert found["states"][0] in ("queued", "running") and found["states"][-1] == "finished"
    assert found["states"] == sorted(found["states"], key=["queued", "running", "finished"].index)
    assert set(found["check"]["findings"]) == {
        "authenticity",
        "presence",
        "identity",
        "assistance",
    }
    assert found["webhook"]["data"]["check_id"] == found["check"]["id"]
    assert found["refused_messages"] == 0
    assert b"<html" in found["page"]
    assert found["refusal"]["code"] == "processing_stopped"
    assert found["refusal"]["status"] == 409
    assert found["deletion"]["state"] == "answered"
    assert found["after_deletion"] == 410
    assert found["ledger_faults"] == ""
    logs = "".join(path.read_text() for path in folder.glob("*.log"))
    shown = [line for line in logs.splitlines() if "fw_" in line]
    assert len(shown) == 1  # the first key, printed once
    assert "whsec_" not in logs and "applicant-" not in logs
