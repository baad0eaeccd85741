"""Pages in a real browser: accessible, within their width, the answer on the first screen."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reports.document import model as m
from reports.render.html import render_html
from tests.reports.render.samples import SAMPLES, hostile, letter, typical
from tests.reports.render.sealing import sealed

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM)
        yield started
        started.close()


def without_many(document: m.Document) -> m.Document:
    """The hostile sample without its two hundred groups, which cost time and show nothing more."""
    blocks = [b for b in document.blocks if getattr(b, "rows", "") != "/many"]
    return document.model_copy(update={"blocks": tuple(blocks)})


PAGES: dict[str, Callable[[], m.Document]] = {
    "typical": typical,
    "hostile": lambda: without_many(hostile()),
    "letter": letter,
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    made = {}
    for name, sample in PAGES.items():
        made[name] = folder / f"{name}.html"
        made[name].write_bytes(render_html(sealed(sample())))
    return made


@pytest.fixture
def opened(browser: Any, files: dict[str, Path], request: pytest.FixtureRequest) -> Iterator[Any]:
    """A page, with what the browser said about it in `page.said`."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.said = []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("dialog", lambda dialog: page.said.append(dialog.message))
    page.on("request", lambda sent: page.said.append(sent.url) if sent.url[:4] == "http" else None)
    page.goto(files[request.param].as_uri())
    yield page
    page.close()


every_page = pytest.mark.parametrize("opened", PAGES, indirect=True)
typical_page = pytest.mark.parametrize("opened", ["typical"], indirect=True)


@every_page
def test_axe_finds_nothing_in_light_and_dark(opened: Any) -> None:
    for scheme in ("light", "dark"):
        opened.emulate_media(color_scheme=scheme)
        found = axe.Axe().run(opened)
        assert found.response["violations"] == [], found.generate_report()
    assert opened.said == []


@every_page
def test_no_page_is_wider_than_its_screen(opened: Any) -> None:
    opened.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    for width in (320, 390, 768, 1024, 1600):
        opened.set_viewport_size({"width": width, "height": 800})
        needed = opened.evaluate("document.documentElement.scrollWidth")
        assert needed <= width
    assert opened.said == []


@typical_page
@pytest.mark.parametrize("size", [(390, 844), (1024, 768), (1600, 900)])
def test_the_first_screen_has_the_answer(opened: Any, size: tuple[int, int]) -> None:
    opened.set_viewport_size({"width": size[0], "height": size[1]})
    for chosen in (".lead", ".key .value >> nth=0", ".key .value >> nth=3"):
        box = opened.locator(chosen).bounding_box()
        assert box["y"] + box["height"] <= size[1], chosen


@typical_page
def test_each_width_has_its_drawing_and_paper_has_the_numbers(opened: Any) -> None:
    wide, narrow = "svg.graph.wide >> nth=0", "svg.graph.narrow >> nth=0"
    for width, shown, hidden in ((1024, wide, narrow), (390, narrow, wide)):
        opened.set_viewport_size({"width": width, "height": 800})
        assert opened.locator(shown).is_visible()
        assert not opened.locator(hidden).is_visible()
    opened.emulate_media(media="print")
    assert opened.locator(wide).is_visible()
    tables = opened.locator("details.numbers.printed table")
    assert tables.count() == opened.locator("details.numbers").count()
    assert all(tables.nth(n).bounding_box()["height"] > 30 for n in range(tables.count()))


@typical_page
def test_print_is_black_on_white_in_the_dark_too(opened: Any) -> None:
    opened.emulate_media(media="print", color_scheme="dark")
    ground, ink = opened.evaluate(
        "(s => [s.backgroundColor, s.color])(getComputedStyle(document.body))"
    )
    assert (ground, ink) == ("rgb(255, 255, 255)", "rgb(0, 0, 0)")
    pdf = opened.pdf(format="A4")
    assert pdf.startswith(b"%PDF")
    assert 6 <= pdf.count(b"/Type /Page\n") <= 14


@typical_page
def test_keys_reach_the_content_and_every_wide_table(opened: Any) -> None:
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.className") == "skip"
    opened.keyboard.press("Enter")
    assert opened.evaluate("document.activeElement.id") == "Content"
    reachable = opened.evaluate(
        "[...document.querySelectorAll('.scroll')].every(e => e.tabIndex === 0)"
    )
    assert reachable


@typical_page
def test_the_browser_reads_the_envelope_as_it_was_signed(opened: Any) -> None:
    held = opened.evaluate(
        "JSON.parse(document.getElementById('fairwitness-envelope').textContent)"
    )
    assert held == sealed(typical()).model_dump(mode="json")


def test_there_are_samples_for_every_kind_of_block() -> None:
    found = {block.type for name in SAMPLES for block in SAMPLES[name]().blocks}
    assert len(found) == 9
