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
from fastapi.routing import APIRoute
from playwright.sync_api import sync_playwright

from audit.operations import candidate_links
from audit.operations.languages import nearest
from audit.records.register import Candidate
from audit.store import Store
from benchmarks import page_world
from benchmarks.page_world import EMPTY, OVERFULL, TYPICAL
from reports.document.catalogue import LANGUAGES
from tests.api.workplace.conftest import Person

WIDTHS = (390, 1024, 1600)
SCHEMES = ("light", "dark")
_TALLEST = 6000
OWN_PAGES = {"home": "", "data": "/data", "no": "/ask/opt_out", "correct": "/ask/correction"}


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


def photographed(page: Any, path: str, address: str, to: Path, axe: Any) -> list[str]:
    """Pictures of one page, and what is wrong with it."""
    answer = page.goto(address + path)
    kind = answer.headers.get("content-type", "") if answer else ""
    if not kind.startswith("text/html"):
        return []
    faults = [] if answer.status == 200 else [f"{path}: {answer.status}"]
    to.parent.mkdir(parents=True, exist_ok=True)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            height = min(_TALLEST, page.evaluate("document.documentElement.scrollHeight"))
            clip = {"x": 0, "y": 0, "width": width, "height": max(height, 900)}
            page.screenshot(
                path=f"{to}-{width}-{scheme}.png", full_page=True, clip=clip, animations="disabled"
            )
            if page.evaluate("document.documentElement.scrollWidth") > width:
                faults.append(f"{path}: wider than {width}")
        if axe is not None:
            found = axe.run(page).response["violations"]
            faults += [f"{path}, {scheme}: {each['id']}" for each in found]
    return faults


def signed(browser: Any, address: str, person: Person) -> Any:
    """A page of a browser that has the person's session."""
    context = browser.new_context()
    context.add_cookies(
        [{"name": each.name, "value": each.value or "", "url": address} for each in _jar(person)]
    )
    return context.new_page()


def own_pages(
    browser: Any, store: Store, address: str, where: tuple[str, Path], axe: Any
) -> list[str]:
    """Pictures of the newest candidate's own page in each language, and what is wrong with it."""
    state, out = where
    faults: list[str] = []
    for language in LANGUAGES:
        with store.unit(state) as unit:
            newest = unit.find(Candidate, erased_at=None)
            if newest is None:
                return []
            _, token = candidate_links.make_link(unit, newest.id, language=nearest(language))
        page = browser.new_context().new_page()
        for name, below in OWN_PAGES.items():
            to = out / state / f"me-{name}-{language}"
            found = photographed(page, f"/me/{token}{below}", address, to, axe)
            faults += [
                f"{state}: me-{name}-{language}: {each.rpartition(':')[2]}" for each in found
            ]
        page.context.close()
        print(f"{state} own page, {language}", flush=True)
    return faults


def _jar(person: Person) -> list[Any]:
    return list(person.client.cookies.jar)


def _slug(route: APIRoute) -> str:
    return route.path.strip("/").replace("/", "-").replace("{", "").replace("}", "")


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
    parser.add_argument("--only", default="", help="part of a page's address")
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
        store = places.office.service.store
        with listening(places.office.world.frame.client.app) as address:
            for state in states:
                for route in page_world.pages():
                    path = page_world.address(store, state, route)
                    if given.only not in route.path or path is None or _is_file(route):
                        continue
                    person = places.who(state, route.guard.scope)
                    page = signed(browser, address, person)
                    to = given.out / state / _slug(route)
                    found = photographed(page, path, address, to, axe)
                    faults += [f"{state}: {each}" for each in found]
                    page.context.close()
                    print(f"{state} {path}", flush=True)
                if "candidate" in given.only or not given.only:
                    faults += own_pages(browser, store, address, (state, given.out), axe)
        browser.close()
    print("\n".join(faults) or "Nothing is wider than its screen; axe finds no violation.")
    if faults:
        raise SystemExit(1)


def _is_file(route: APIRoute) -> bool:
    """Downloads, recordings, and parts that pages ask for alone."""
    return route.path.endswith(
        ("/bundle", "/next", "/proof", "/progress", "/rows", "/jobs")
    ) or any(part in route.path for part in ("/files/", "/media/"))


if __name__ == "__main__":
    main()
