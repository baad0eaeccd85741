"""Photographs every page: three widths, light and dark; empty, typical and overfull.

    python -m benchmarks.screenshots --out build/screenshots

Needs Debian's Chromium and the packages of `make test`. Each page is also looked at for being wider
than its screen and, where axe is installed, for violations of accessibility.
"""

from __future__ import annotations

import argparse
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import sync_playwright

from benchmarks import page_views, page_world
from benchmarks.page_views import View
from benchmarks.page_world import EMPTY, OVERFULL, TYPICAL
from tests.api.workplace.conftest import Person

WIDTHS = (390, 1024, 1600)
SCHEMES = ("light", "dark")
_TALLEST = 6000
_SMALL = """() => [...document.querySelectorAll("button, .button, input, select, summary, nav a")]
  .filter(each => each.checkVisibility() && !each.closest("label")
    && each.type !== "hidden")
  .map(each => [each, each.getBoundingClientRect()])
  .filter(([, box]) => box.width && box.height < 24)
  .map(([each]) => each.outerHTML.slice(0, 80))"""
"""What is pressed and is lower than WCAG 2.2 asks (2.5.8); links within sentences are excepted."""


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """Where the app is served meanwhile."""
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", server_header=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def photographed(page: Any, view: View, address: str, to: Path, axe: Any) -> list[str]:
    """Pictures of one page, and what is wrong with it."""
    answer = page.goto(address + view.path)
    for where, text in view.does:
        if text:
            page.fill(where, text)
            continue
        with page.expect_navigation() as moved:
            page.click(where)
        answer = moved.value
    page.wait_for_load_state("networkidle")
    faults = [] if answer.status == view.status else [f"{view.name}: {answer.status}"]
    to.mkdir(parents=True, exist_ok=True)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            height = min(_TALLEST, page.evaluate("document.documentElement.scrollHeight"))
            clip = {"x": 0, "y": 0, "width": width, "height": max(height, 900)}
            page.screenshot(
                path=f"{to / view.name}-{width}-{scheme}.png",
                full_page=True,
                clip=clip,
                animations="disabled",
            )
            if page.evaluate("document.documentElement.scrollWidth") > width:
                faults.append(f"{view.name}: wider than {width}")
            small = page.evaluate(_SMALL) if width == WIDTHS[0] and scheme == "light" else []
            faults += [f"{view.name}: smaller than 24 px: {each}" for each in small]
        if axe is not None:
            found = axe.run(page).response["violations"]
            faults += [f"{view.name}, {scheme}: {each['id']}" for each in found]
    return faults


def opened_page(browser: Any, address: str, person: Person | None) -> Any:
    """A page of a new browser that has the person's session, if there is one."""
    context = browser.new_context()
    if person is not None:
        jar = [
            {"name": each.name, "value": each.value or "", "url": address} for each in _jar(person)
        ]
        context.add_cookies(jar)
    return context.new_page()


def _jar(person: Person) -> list[Any]:
    return list(person.client.cookies.jar)


def _axe() -> Any:
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        return None
    return Axe()


def main() -> None:
    """Seeds, photographs all, and ends with what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/screenshots"))
    parser.add_argument("--cases", type=int, default=page_world.CASES)
    parser.add_argument("--only", default="", help="part of a page's name or address")
    parser.add_argument("--state", choices=(EMPTY, TYPICAL, OVERFULL), action="append")
    given = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("There is no chromium on this machine: apt-get install chromium")
    states = tuple(given.state or (EMPTY, TYPICAL, OVERFULL))
    faults: list[str] = []
    with page_world.opened(tenants=states) as places, sync_playwright() as driver:
        if TYPICAL in states:
            page_world.typical(places)
        if OVERFULL in states:
            page_world.overfull(places, cases=given.cases)
        browser, axe = driver.chromium.launch(executable_path=chromium), _axe()
        with listening(places.office.world.frame.client.app) as address:
            for state in states:
                for view in page_views.views(places, state):
                    if given.only not in view.name and given.only not in view.route:
                        continue
                    page = opened_page(browser, address, view.who)
                    found = photographed(page, view, address, given.out / state, axe)
                    faults += [f"{state}: {each}" for each in found]
                    page.context.close()
                    print(f"{state} {view.name}", flush=True)
        browser.close()
    print(
        "\n".join(faults)
        or "Nothing is wider than its screen, nothing pressed too small; axe finds no violation."
    )
    if faults:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
