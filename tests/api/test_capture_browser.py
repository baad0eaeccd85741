"""The capture page in headless Chromium with a fake camera: answered to the end."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from api.app import create_app
from audit.challenges import KINDS, plan
from audit.detectors import operating_point
from audit.media import probe
from audit.operations import challenges, media
from audit.records.challenges import Challenge, ChallengeState
from audit.settings import Limits
from liveness.challenge.telemetry import Sent, contradictions
from tests.api.conftest import Frame
from tests.audit.operations import registered

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
PHONE = {"width": 360, "height": 780}
PATIENCE_MS = 180_000  # machines that run tests are busy


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=CAMERA)
        yield started
        started.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans of a few seconds."""
    for name, value in {
        "LEAD_S": 0.4, "REST_S": 0.1, "JITTER_S": 0.1, "DOT_STEP_S": 0.2, "COLOUR_STEP_S": 0.15,
        "SECONDS": {"turn_head": 0.4, "cover_face": 0.4, "say_digits": 0.6},
    }.items():  # fmt: skip
        monkeypatch.setattr(plan, name, value)


@pytest.fixture
def served(web: Frame) -> Iterator[str]:
    """The address of the app, served on loopback."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(web.service), log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


def issued(web: Frame, language: str = "en") -> tuple[str, str]:
    with web.service.store.unit("acme") as unit:
        whose = registered.candidate(unit, f"p-{language}", "US-NJ")
        new = challenges.NewChallenge(
            interview_id=registered.interview(unit, whose).id, language=language
        )
        made, token = challenges.create(unit, new)
    return made.id, f"/challenge/{token}"


def test_a_fake_camera_answers_to_the_end_and_is_named(
    browser: Any, web: Frame, served: str, quick: None
) -> None:
    id, path = issued(web)
    page = browser.new_page(viewport=PHONE)
    page.set_default_timeout(PATIENCE_MS)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(served + path)
    page.click("#on")
    page.wait_for_selector("#ready:not([hidden])")
    page.click("#start")
    page.wait_for_selector("#capture[data-ended]")
    assert page.get_attribute("#capture", "data-ended") == "done"
    assert said == []
    page.close()

    with web.service.store.unit("acme") as unit:
        work = challenges.begin(unit, id)
    assert work is not None and work.challenge.state is ChallengeState.ANSWERED
    assert {cue.kind for cue in work.plan.cues} == set(KINDS)
    with media.fetched(web.service.vault, "acme", work.recording) as file:
        facts = probe(file, Limits())
    assert facts.video is not None and facts.audio is not None
    told = work.telemetry
    assert told.label == "fake_device_0" and told.frame_callback and len(told.frames) > 5
    point = operating_point("liveness", "active_challenge")
    sent = Sent(told, work.plan, facts, work.elapsed_s)
    assert "software_camera" in [each.code for each in contradictions(sent, point)]


def test_a_person_asks_for_a_human_without_a_camera(browser: Any, web: Frame, served: str) -> None:
    id, path = issued(web, "de")
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(served + path)
    page.click("form button")
    assert page.inner_text("h1") == "Ein Mensch kümmert sich darum"
    context.close()
    with web.service.store.reading("acme") as unit:
        assert unit.get(Challenge, id).state is ChallengeState.HUMAN
