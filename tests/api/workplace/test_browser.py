"""The pages in a real browser: signed in with a form, accessible, within their width."""

from __future__ import annotations

from typing import Any

import pytest

from audit.operations import reviewers
from audit.records.evidence import Check
from audit.records.oversight import Flag, Review
from tests.api.workplace.conftest import PASSWORD, Office

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")


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


def test_a_case_is_decided_by_keys_alone(office: Office, browser: Any, address: str) -> None:
    person = office.person("compliance", name="keys")
    with office.service.store.unit("acme") as unit:
        reviewers.register(unit, person=person.reference, may_change=True, training="c-3", teams=())
    flags = office.world.flags()
    with office.service.store.reading("acme") as unit:
        case = unit.get(Flag, flags["needs_human_review"]).review_id
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{address}/app/review/{case}")
    page.fill("#name", person.name)
    page.fill("#password", PASSWORD)
    page.fill("#code", person.codes.pop())
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/app/review/{case}")
    page.click("[data-keys]")
    page.keyboard.press("t")
    assert page.url.endswith(str(case))
    page.click("[data-keys]")
    with page.expect_navigation():
        page.keyboard.press("t")
    for key in ("2", "e", "Space", "w"):
        page.keyboard.press(key)
    page.keyboard.type("I looked and listened, twice.")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    assert "done=" in page.url and str(case) not in page.url
    with office.service.store.reading("acme") as unit:
        held = unit.get(Review, str(case))
    assert held.case.decisions[0].outcome.value == "modified"
    assert held.case.decisions[0].evidence == held.case.evidence[:1]
    context.close()
