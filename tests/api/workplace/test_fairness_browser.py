"""The pages of fairness in a real browser: accessible, within their width; a slider, a drop."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.api.workplace.auditing import counted, finished, table
from tests.api.workplace.conftest import PASSWORD, Office

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")


@pytest.fixture(scope="module")
def audit(office: Office, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """An audit and its table."""
    made = counted(table(120), tmp_path_factory.mktemp("audited"), alternatives=False)
    return finished(office, *made)


@pytest.fixture(scope="module")
def pages(office: Office, browser: Any, address: str) -> dict[bool, Any]:
    """A page of somebody who is signed in, with script and without."""
    made = {}
    for script in (True, False):
        person = office.person("compliance", name=f"fairness-browser-{script}")
        page = browser.new_context(java_script_enabled=script).new_page()
        page.goto(f"{address}/app/fairness")
        page.fill("#name", person.name)
        page.fill("#password", PASSWORD)
        page.fill("#code", person.codes.pop())
        page.click("main button.main")
        made[script] = page
    return made


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_pages_are_accessible_and_as_wide_as_their_screen(
    pages: dict[bool, Any], address: str, audit: tuple[str, str], *, script: bool
) -> None:
    page = pages[script]
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    made, source = f"{address}/app/fairness/{audit[0]}", audit[1]
    views = ("groups", "intersections", "stages", "periods", "questions", "alternatives")
    paths = [f"{made}/results/{name}" for name in views]
    every = (made, f"{made}/cut", f"{address}/app/fairness/tables/{source}", *paths)
    for place, path in enumerate(every):
        page.goto(path)
        for turn, (width, scheme) in enumerate(((390, "light"), (1280, "dark"))):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            if script and place % 2 == turn:  # each page once: axe takes its time
                found = axe.Axe().run(page)
                assert found.response["violations"] == [], found.generate_report()
            needed = page.evaluate("document.documentElement.scrollWidth")
            assert needed <= width, (path, width)
    assert said == []


def test_the_slider_moves_the_figures(
    pages: dict[bool, Any], address: str, audit: tuple[str, str]
) -> None:
    page = pages[True]
    page.goto(f"{address}/app/fairness/{audit[0]}/cut")
    before = page.inner_text("#cut-rows")
    page.focus("#slider")
    page.keyboard.press("PageUp")
    page.wait_for_function(
        "text => document.getElementById('cut-rows').innerText !== text", arg=before
    )
    cut = page.input_value("#cut")
    assert f"At {cut}" in page.inner_text("#cut-rows") and cut != "50"
    page.fill("#cut", "many")
    page.wait_for_selector("#fault-cut:has-text('Give the cut score')")


def test_a_table_is_sent_by_dropping_or_choosing_it(pages: dict[bool, Any], address: str) -> None:
    dropped = """() => {
      const held = new DataTransfer();
      held.items.add(new File(["id,sex,hired\\n1,F,yes\\n2,M,no\\n"], "dropped.csv"));
      for (const kind of ["dragover", "drop"]) {
        const options = { bubbles: true, cancelable: true, dataTransfer: held };
        document.querySelector("h1").dispatchEvent(new DragEvent(kind, options));
      }
    }"""
    page, plain = pages[True], pages[False]
    page.goto(f"{address}/app")
    with page.expect_navigation():
        page.evaluate(dropped)
    assert "dropped.csv" in page.inner_text("main")
    plain.goto(f"{address}/app")
    file = {"name": "people.csv", "mimeType": "text/csv", "buffer": table(40)}
    plain.set_input_files("#table-file", file)
    plain.click("text=Send the table")
    assert re.search(r"/app/fairness/tables/med_\w{26}", plain.url)
    plain.fill("#name", "Without script")
    plain.fill("#stage_order", "Screen\nInterview")
    plain.click("text=Start the audit")
    assert "The audit is in the queue" in plain.inner_text("main")
    plain.goto(f"{address}/app")
    assert "Audit Without script" in plain.inner_text("#jobs")
