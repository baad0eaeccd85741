"""Reports and systems in a real browser, from sign-in to a verified file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.api.workplace.conftest import PASSWORD, Office

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_report_is_found_downloaded_and_verified(
    office: Office, browser: Any, address: str, tmp_path: Path, *, script: bool
) -> None:
    person = office.person("compliance", name=f"files-{script}")
    report = office.world.summary()
    context = browser.new_context(java_script_enabled=script, accept_downloads=True)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda sent: said.append(sent.url) if address not in sent.url else None)
    page.goto(f"{address}/app/reports")
    page.fill("#name", person.name)
    page.fill("#password", PASSWORD)
    page.fill("#code", person.codes.pop())
    page.click("main button.main")
    page.click(f'a[href="/app/reports/{report}"]')
    with page.expect_download() as waiting:
        page.click("text=Signed document, for programs")
    saved = tmp_path / "report.json"
    waiting.value.save_as(saved)
    page.goto(f"{address}/app/reports/verify")
    page.set_input_files("#file", saved)
    page.click("main button.main")
    assert "it is as it was signed" in page.inner_text(".verdict")
    if script:
        assert accessible(page) == []
        for path in (
            f"/app/reports/{report}",
            "/app/reports/new?kind=candidate_notice",
            "/app/reports/schedules",
            f"/app/systems/{office.world.someone.system.id}",
        ):
            page.goto(address + path)
            assert accessible(page) == [], path
    assert [each for each in said if not each.startswith("data:")] == []
    context.close()


def accessible(page: Any) -> list[str]:
    """What is wrong with a page on a telephone in dark colours and on a desk in light ones."""
    faults = []
    for width, scheme in ((390, "dark"), (1280, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        faults += [each["id"] for each in axe.Axe().run(page).response["violations"]]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            faults.append(f"wider than {width}")
    return faults
