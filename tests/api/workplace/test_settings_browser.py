"""The settings in a real browser: accessible, within their width; a key made without a script."""

from __future__ import annotations

from typing import Any

import pytest

from audit.records.access import ApiKey
from tests.api.workplace.conftest import PASSWORD, Office, Person

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
HOME = "/app/settings"


def signed_in(browser: Any, address: str, person: Person, *, script: bool) -> Any:
    """A page of somebody who signed in by form."""
    page = browser.new_context(java_script_enabled=script).new_page()
    page.goto(f"{address}{HOME}")
    page.fill("#name", person.name)
    page.fill("#password", PASSWORD)
    page.fill("#code", person.codes.pop())
    page.click("main button.main")
    return page


def test_each_page_of_the_settings_is_accessible(
    office: Office, browser: Any, address: str
) -> None:
    admin = office.person("admin", name="looks-at-settings")
    world = office.world
    delivery = world.delivery()
    page = signed_in(browser, address, admin, script=True)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda sent: said.append(sent.url) if address not in sent.url else None)
    for at, path in enumerate(
        (
            "/policies/new",
            "/signals/synthetic_speech",
            f"/users/{office.person('auditor', name='seen').id}",
            f"/webhooks/{world.endpoint()}",
            f"/deliveries/{delivery}",
        )
    ):
        page.goto(f"{address}{HOME}{path}")
        page.emulate_media(color_scheme=("dark", "light")[at % 2])
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        found = axe.Axe().run(page).response["violations"]
        assert [each["id"] for each in found] == [], path
    assert [each for each in said if not each.startswith("data:")] == []
    page.context.close()


def test_a_key_is_made_and_a_policy_tried_without_a_script(
    office: Office, browser: Any, address: str
) -> None:
    admin = office.person("admin", name="needs-no-script")
    page = signed_in(browser, address, admin, script=False)
    page.click('a[href="/app/settings/keys"]')
    page.click("text=Make a key")
    page.click('a[href="/app/settings/keys/new?role=auditor"]')
    page.fill("#name", "By hand")
    page.click("main button.main")
    text = page.input_value("#made")
    with office.service.store.reading("acme") as unit:
        assert unit.get(ApiKey, f"key_{text.split('_')[1]}").name == "By hand"
    page.reload()  # sends the form anew
    assert page.input_value("#made") == text
    with office.service.store.reading("acme") as unit:
        assert unit.count(ApiKey, name="By hand") == 1
    page.goto(f"{address}{HOME}/policies/new")
    written = page.input_value("#text")
    page.fill("#text", written.replace("severity: high", "severity: hihg", 1))
    page.click("text=Store this version")
    assert "severity: hihg" in page.inner_text("#fault-text")
    page.fill("#text", written.replace("policy: default", "policy: by_hand"))
    page.click("main form.stack button:not(.main)")
    assert "What it would have done" in page.inner_text("main")
    page.click("text=Store this version")
    assert "flags nothing before" in page.inner_text(".said")
    page.context.close()
