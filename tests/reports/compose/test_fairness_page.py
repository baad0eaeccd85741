"""audit.html shows what audit.json holds: every figure of the page is led back to its member."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.ledger import Ed25519Signer
from reports.compose.fairness_audit import compose, issue_of
from reports.document.characters import printable
from reports.document.pointers import resolve
from reports.document.values import write
from reports.issuing import issue_files
from tests.reports.compose import fairness_material as material
from tests.reports.compose.fairness_material import Json
from tests.reports.reading import Page

CASES = (
    *(material.whole, material.small, material.nobody, material.hostile),
    *(material.many_groups, material.many_features),
)
DERIVED = {"share", "label", "measure", "of", "class", "part", "way", "how", "in_setting"}
"""Members of rows that are made of others: names, and shares of two counts."""
OWN = re.compile(r"/shown/(classes|some-|named|groups-|tables|axes|kinds|methods|packages|.*/some"
                 r"|.*/all|four_fifths|equal|intersection-\d+-(hidden|beyond))")  # fmt: skip


@cache
def paged(made: Callable[[], Json]) -> tuple[Json, Json, str]:
    """The audit, the document's data, and the page."""
    audit = made()
    document = compose(audit, issue_of(audit))
    signer = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(b"k" * 32))
    page = issue_files(document, signer, formats=("html",))["html"].decode()
    return audit, document.data, page


@pytest.fixture(scope="module", params=CASES, ids=lambda made: made.__name__)
def case(request: pytest.FixtureRequest) -> tuple[Json, Json, str]:
    return paged(request.param)


def shown(html: str) -> Iterator[tuple[str, str, str]]:
    """Pointer, way of writing and text of every value on a page."""
    elements: dict[int, tuple[dict[str, str], list[str]]] = {}
    for parents, text in Page(html).texts:
        held = [a for _, a in parents if "data-at" in a]
        if held:
            elements.setdefault(id(held[-1]), (held[-1], []))[1].append(text)
    for attributes, texts in elements.values():
        yield attributes["data-at"], attributes.get("data-show", "text"), " ".join(texts)


def led_back(data: Json, pointer: str) -> Any:
    """The value in audit.json that a pointer of the page leads to; `Ellipsis`: it has none."""
    if pointer.startswith("/audit/"):
        return resolve({"audit": data["audit"]}, pointer)
    found = re.fullmatch(r"/shown/([^/]+)/rows/(\d+)/([^/]+)(/\d)?", pointer)
    if found is None:
        assert OWN.match(pointer), pointer
        return ...
    listed = data["shown"][found[1]]
    row = listed["rows"][int(found[2])]
    if found[3] not in listed["members"]:
        assert found[3] in DERIVED, pointer
        return ...
    value = material.read_again(data, row, listed["members"][found[3]])
    return value[int(found[4][1:])] if found[4] else value


def test_every_figure_of_the_page_is_the_one_that_its_member_of_the_audit_holds(
    case: tuple[Json, Json, str],
) -> None:
    audit, data, html = case
    assert data["audit"] == audit
    seen = 0
    for pointer, show, text in shown(html):
        value = led_back(data, pointer)
        held = resolve(data, pointer) if value is ... else value
        assert text.split() == printable(write(held, show)).split(), pointer
        seen += value is not ...
    assert seen > 50


def test_what_carries_a_finding_is_on_the_page() -> None:
    audit, data, html = paged(material.whole)
    rows = {row["at"] for listed in data["shown"].values()
            if isinstance(listed, dict) and "rows" in listed for row in listed["rows"]}  # fmt: skip
    for n, _ in enumerate(audit["findings"]):
        assert f"/audit/findings/{n}" in rows
    for n, table in enumerate(audit["tables"]):
        for k, _ in enumerate(table["rows"]):
            assert f"/audit/tables/{n}/rows/{k}" in rows
    said = html.replace("&#39;", "’")
    for note in audit["notes"]:
        assert note["text"] in said


def test_pages_stay_of_a_size_that_opens() -> None:
    assert len(paged(material.whole)[2]) < 4_000_000
    for made in (material.many_groups, material.many_features):
        assert len(paged(made)[2]) < 4_000_000


def test_hostile_names_are_inert() -> None:
    html = paged(material.hostile)[2]
    assert "<img" not in html.split('id="fairwitness-envelope"')[0]
    assert "&lt;img src=x" in html


def test_nobody_s_page_says_so() -> None:
    assert "Nobody was selected in any group, so no ratio exists." in paged(material.nobody)[2]


def test_withheld_cells_say_so() -> None:
    assert paged(material.small)[2].count("Withheld: small cell") > 2
