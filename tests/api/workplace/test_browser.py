"""The pages in a real browser: signed in with a form, accessible, within their width."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from audit.records.evidence import Check
from audit.records.oversight import Flag
from tests.api.workplace.conftest import PASSWORD, Office

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")


@pytest.fixture(scope="module")
def address(office: Office) -> Iterator[str]:
    """Where the office's app is served."""
    app = office.world.frame.client.app
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_config=None, lifespan="off", server_header=False)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM)
        yield started
        started.close()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_pages_are_accessible_and_as_wide_as_their_screen(
    office: Office, browser: Any, address: str, *, script: bool
) -> None:
    person = office.person("compliance", name=f"browser-{script}")
    flags = office.world.flags()
    check = office.world.check(finished=True)
    with office.service.store.reading("acme") as unit:
        case = unit.get(Flag, flags["needs_human_review"]).review_id
        interview = unit.get(Check, check).interview_id
    context = browser.new_context(java_script_enabled=script)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda sent: said.append(sent.url) if address not in sent.url else None)
    page.goto(f"{address}/app/review")
    page.fill("#name", person.name)
    page.fill("#password", PASSWORD)
    page.fill("#code", person.codes.pop())
    paths = ("/app/review", "/app", "/app/interviews", f"/app/interviews/{interview}")
    page.click("main button.main")
    assert page.url == f"{address}/app/review"
    for path in (*paths, f"/app/review/{case}"):
        page.goto(address + path)
        for width, scheme in ((390, "light"), (1280, "dark")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            if script:
                found = axe.Axe().run(page)
                assert found.response["violations"] == [], found.generate_report()
            needed = page.evaluate("document.documentElement.scrollWidth")
            assert needed <= width, (path, width)
    assert [each for each in said if not each.startswith("data:")] == []
    context.close()
