"""Every page that the service has is among those that are photographed, in each state."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks import page_views, page_world
from benchmarks.page_views import NO_PAGES, View, views
from benchmarks.page_world import EMPTY, OVERFULL, TYPICAL, Places

STATES = (EMPTY, TYPICAL, OVERFULL)


@pytest.fixture(scope="module")
def places() -> Iterator[Places]:
    """Organisations in all states; the overfull one with few cases, which changes no page."""
    with page_world.opened(tenants=STATES) as found:
        page_world.typical(found)
        page_world.overfull(found, cases=30)
        yield found


@pytest.fixture(scope="module")
def seen(places: Places) -> dict[str, list[View]]:
    return {state: list(views(places, state)) for state in STATES}


def test_no_page_is_forgotten(places: Places, seen: dict[str, list[View]]) -> None:
    app = places.office.world.frame.client.app
    for state in (TYPICAL, OVERFULL):
        assert page_views.unlisted(app, seen[state]) == []
    without = [view for view in seen[TYPICAL] if view.route != "/app/ledger/{sequence}"]
    assert page_views.unlisted(app, without) == ["/app/ledger/{sequence}"]


def test_what_is_said_to_be_no_page_is_an_address(places: Places) -> None:
    app = places.office.world.frame.client.app
    assert set(NO_PAGES) <= {route.path for route in app.routes}  # type: ignore[attr-defined]


def test_an_empty_organisation_shows_all_pages_that_name_no_record(
    places: Places, seen: dict[str, list[View]]
) -> None:
    shown = {view.route for view in seen[EMPTY]}
    whole = {route.path for route in page_world.pages() if "_id}" not in route.path}
    assert whole - set(NO_PAGES) - {"/app/ledger/{sequence}"} <= shown


@pytest.mark.parametrize("state", STATES)
def test_each_is_a_page_with_a_name_of_its_own(
    places: Places, seen: dict[str, list[View]], state: str
) -> None:
    names = [view.name for view in seen[state]]
    assert len(set(names)) == len(names)
    stranger = places.office.person("auditor", state, name=f"visitor-{state}")
    for view in seen[state]:
        if view.does:
            continue
        answer = (view.who or stranger).get(view.path)
        assert answer.status_code == view.status, view
        assert answer.headers["content-type"].startswith("text/html"), view
