"""The candidate's own page on a phone: two clicks, accessible, nothing sent away."""

from __future__ import annotations

from typing import Any

import pytest

from audit.clocks import RequestKind
from audit.operations import candidate_links
from audit.operations.languages import Language
from audit.records.oversight import Request
from audit.records.register import Candidate, Consent, Stopped
from tests.api.workplace.conftest import Office

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")


@pytest.mark.parametrize(
    ("script", "language"), [(True, "de"), (False, "en")], ids=["script", "no script"]
)
def test_the_page_is_walked_on_a_phone(
    office: Office, browser: Any, address: str, *, script: bool, language: Language
) -> None:
    person = office.world.person("DE", "US-NY-NYC")
    whose = person.candidate.id
    with office.service.store.unit("acme") as unit:
        _, token = candidate_links.make_link(unit, whose, language=language)
    context = browser.new_context(
        java_script_enabled=script, viewport={"width": 390, "height": 844}, has_touch=True
    )
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda sent: said.append(sent.url) if address not in sent.url else None)

    def look(*schemes: str) -> None:
        for scheme in (schemes or ("light",)) if script else ():
            page.emulate_media(color_scheme=scheme)
            found = axe.Axe().run(page)
            assert found.response["violations"] == [], found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, page.url

    def stored() -> tuple[Stopped, list[RequestKind]]:
        with office.service.store.reading("acme") as unit:
            asked = unit.every(Request, candidate_id=whose)
            return unit.get(Candidate, whose).stopped, [each.kind for each in asked]

    own = f"{address}/me/{token}"
    page.goto(own)
    look("light", "dark")
    page.click("a[href$='/ask/opt_out']")
    look()
    page.click("main form button")
    assert stored() == (Stopped.OPTED_OUT, [RequestKind.OPT_OUT])
    look()
    page.click("nav a")
    page.click("a[href$='/ask/human_alternative']")
    page.fill("#need", "Captions, please.")
    page.click("main form button")
    assert stored()[1] == [RequestKind.OPT_OUT, RequestKind.HUMAN_ALTERNATIVE]
    page.goto(f"{own}/data")
    look()
    page.click("text=/Zurücknehmen|Take back/ >> nth=0")
    look()
    page.click("main form button")
    with office.service.store.reading("acme") as unit:
        consents = unit.every(Consent, candidate_id=whose)
        assert [each.withdrawn_at is not None for each in consents].count(True) == 1
    page.goto(f"{own}/ask/correction")
    look()
    page.click("header button[value=es]")
    assert page.get_attribute("html", "lang") == "es" and page.url.endswith("/ask/correction")
    page.goto(f"{address}/me/nothing")
    look()
    assert [each for each in said if "404" not in each] == []
    assert context.cookies() == []
    context.close()
