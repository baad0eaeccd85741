"""The tutorials, followed as they stand: by a platform, in a browser, and offline by an auditor."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from audit.inference import Models
from tests import media_factory
from tests.crash.fleet import Fleet, fleet
from tests.tutorials.steps import Steps, fits, run_python, run_shell

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]
TUTORIALS = Path(__file__).parents[2] / "docs" / "tutorials"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, models: Models) -> Iterator[Fleet]:
    """A service with a worker, as `fairwitness serve` and `worker` run it."""
    folder = tmp_path_factory.mktemp("tutorials")
    with fleet("sqlite", folder, workers=1, weights=models.store.root) as service:
        service.environment["FAIRWITNESS_API__BASE_URL"] = service.url
        yield service


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return media_factory.clip(tmp_path_factory.mktemp("recording") / "interview.mp4", 3.0)


@contextlib.contextmanager
def browser(*, script: bool, width: int) -> Iterator[Any]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium)
        size = {"width": width, "height": 900}
        yield started.new_context(java_script_enabled=script, viewport=size).new_page()
        started.close()


def asked(running: Fleet, kind: str, place: str) -> None:
    """A candidate asks for something, as a platform passes it on."""
    headers = {"Authorization": f"Bearer {running.admin_key()}"}
    with httpx.Client(base_url=running.url, headers=headers, timeout=60) as api:
        key = api.post("/v1/keys", json={"name": "cases", "role": "platform"}).json()["key"]
        api.headers["Authorization"] = f"Bearer {key}"
        new = {"external_ref": f"asks-{os.urandom(4).hex()}", "jurisdictions": [place]}
        candidate = api.post("/v1/candidates", json=new).json()["id"]
        order = {"candidate_id": candidate, "kind": kind, "channel": "letter"}
        answer = api.post("/v1/requests", json=order)
    assert answer.status_code == 201, answer.text


def officer(running: Fleet, folder: Path, name: str, *, script: bool, width: int) -> Path:
    """Follows the compliance tutorial as somebody new; the bundle that they downloaded."""
    added = running.command("users", "add", name, "--role", "compliance", "--training", "course-3")
    assert added.returncode == 0, added.stderr
    link = next(word for word in added.stdout.split() if "/app/welcome/" in word)
    text = (TUTORIALS / "compliance.md").read_text("utf-8").replace('"ana"', f'"{name}"')
    followed = folder / "compliance.md"
    followed.write_text(text.replace("**ana**", f"**{name}**"), "utf-8")
    sent_to: list[str] = []
    with browser(script=script, width=width) as page:
        page.on("request", lambda sent: sent_to.append(sent.url))
        steps = Steps(page, link, folder)
        assert steps.follow(followed) > 30
    assert [each for each in sent_to if not each.startswith((running.url, "data:"))] == []
    [bundle] = steps.downloads
    return bundle


def test_from_the_first_call_to_a_report_that_an_auditor_verifies(
    running: Fleet, recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("URL", running.url)
    monkeypatch.setenv("ADMIN_KEY", running.admin_key())
    monkeypatch.setenv("RECORDING", str(recording))
    assert run_python(TUTORIALS / "platform.md") == 6
    asked(running, "appeal", "DE")
    bundle = officer(running, tmp_path, "ana", script=True, width=1280)
    bundle.replace(tmp_path / "bundle.zip")
    assert _audited(running, tmp_path) == 5


def test_the_same_on_a_phone_without_a_script(running: Fleet, tmp_path: Path) -> None:
    asked(running, "opt_out", "US-NJ")
    assert officer(running, tmp_path, "ben", script=False, width=390).stat().st_size > 10_000


def _audited(running: Fleet, folder: Path) -> int:
    """What the auditor gets beside the bundle, and their tutorial; how many commands it has."""
    environment = dict(running.environment)
    exported = running.command("ledger", "export", "main", "--out", str(folder / "ledger"))
    assert exported.returncode == 0, exported.stderr
    shutil.copy(folder / "ledger" / "heads.json", folder / "kept-heads.json")
    headers = {"Authorization": f"Bearer {running.admin_key()}"}
    keys = httpx.get(f"{running.url}/v1/report-keys", headers=headers)
    assert keys.status_code == 200, keys.text
    (folder / "keys.json").write_bytes(keys.content)
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    environment |= {"HOME": str(folder), "FAIRWITNESS_DATA_DIR": str(folder / "elsewhere")}
    return run_shell(TUTORIALS / "auditor.md", folder, environment)


def test_what_stands_for_anything_does_not_stand_for_something_else() -> None:
    assert fits("finished\nidentity review\n", "finished\nidentity ...\n")
    assert not fits("failed\nidentity review\n", "finished\nidentity ...\n")
    assert not fits("finished\nidentity review\nmore\n", "finished\nidentity review\n")
