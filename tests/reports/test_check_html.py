from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from audit.result import CheckResult
from reports import words
from reports.canonical import canonical
from reports.check_html import render_check, render_document, wanted_thumbnails
from reports.check_json import check_document, read_document
from tests.reports import material
from tests.reports.reading import Page

RESULTS = [
    material.rich,
    material.clean,
    material.audio_only,
    material.partial,
    material.long,
]
FIGURE = re.compile(r"[+−-]?\d[\d,.:]*\d|[+−-]?\d")


@cache
def rendered(made: Callable[[], CheckResult]) -> str:
    result = made()
    return render_check(result, {t: material.jpeg(t) for t in wanted_thumbnails(result)})


@pytest.fixture(scope="module", params=RESULTS, ids=lambda made: made.__name__)
def case(request: pytest.FixtureRequest) -> tuple[CheckResult, str, Page]:
    result = request.param()
    html = rendered(request.param)
    return result, html, Page(html)


def test_pages_are_well_formed_with_unique_ids_and_living_links(
    case: tuple[CheckResult, str, Page],
) -> None:
    page = case[2]
    assert len(page.ids) == len(set(page.ids))
    targets = [link[1:] for link in page.values("href") if link.startswith("#")]
    assert targets
    assert set(targets) <= set(page.ids)
    labelled = {name for value in page.values("aria-labelledby") for name in value.split()}
    assert labelled <= set(page.ids)


def test_pages_load_nothing_and_run_nothing(case: tuple[CheckResult, str, Page]) -> None:
    _, html, page = case
    assert not {tag for tag, _ in page.elements} & {"script", "link", "iframe", "object", "base"}
    sources = page.values("src") + page.values("href") + page.values("xlink:href")
    assert all(s.startswith(("#", "data:image/jpeg;base64,")) for s in sources)
    assert not [n for _, a in page.elements for n in a if n.startswith("on") or n == "style"]
    style = html.split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_the_policy_allows_this_style_sheet_and_no_other(
    case: tuple[CheckResult, str, Page],
) -> None:
    _, html, page = case
    policy = next(a["content"] for _, a in page.elements if "http-equiv" in a)
    style = html.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith("default-src 'none';")
    assert f"style-src 'sha256-{digest}'" in policy
    assert "script-src" not in policy


def test_sections_stand_in_the_order_of_reading(case: tuple[CheckResult, str, Page]) -> None:
    sections = [a["id"] for tag, a in case[2].elements if tag == "section"]
    assert sections == [
        "findings", "timeline", "evidence", "signals", "inconclusive", "coverage", "models",
        "not-covered", "reading", "file",
    ]  # fmt: skip


def test_headings_do_not_skip_a_level(case: tuple[CheckResult, str, Page]) -> None:
    levels = [int(tag[1]) for tag, _ in case[2].elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))


def test_tables_and_pictures_are_labelled(case: tuple[CheckResult, str, Page]) -> None:
    for tag, attributes in case[2].elements:
        if tag == "th":
            assert attributes.get("scope") in {"col", "row"}
        if tag == "img":
            assert re.fullmatch(r"Frame at \d\d+:\d\d\.\d", attributes["alt"])


def test_every_verdict_is_said_in_words(case: tuple[CheckResult, str, Page]) -> None:
    result, _, page = case
    said = page.said()
    for finding in result.findings:
        assert words.VERDICTS[finding.verdict.value] in said


def test_every_time_has_the_one_form(case: tuple[CheckResult, str, Page]) -> None:
    result, _, page = case
    said = " ".join(page.said(outside={"axis"})).replace(result.started_at, "")
    for match in re.finditer(r"\d+:\d[\d:.]*", said):
        assert re.fullmatch(r"\d{2,}:[0-5]\d(\.\d)?\.?", match[0]), match[0]
    for exhibit in result.signals[2].evidence:
        assert words.clock(exhibit.start_s) in said


def leaves(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        for name, child in node.items():
            yield name
            yield from leaves(child)
    elif isinstance(node, list):
        yield len(node)
        for child in node:
            yield from leaves(child)
    else:
        yield node


def sayable(document: dict[str, Any]) -> set[str]:
    """Every way in which the page may write a figure of the document."""
    found: set[str] = set()
    for leaf in leaves(document):
        if isinstance(leaf, str):
            for text in (leaf, words.plain(leaf), words.title(leaf), leaf[:12]):
                found |= set(FIGURE.findall(text))
        elif isinstance(leaf, int | float) and not isinstance(leaf, bool):
            forms = (words.number(leaf), words.ratio(leaf), words.clock(leaf), str(leaf))
            for text in (*forms, words.size(int(leaf))):
                found |= set(FIGURE.findall(text))
    return found


def test_every_figure_on_the_page_is_one_of_the_document(
    case: tuple[CheckResult, str, Page],
) -> None:
    result, _, page = case
    document = json.loads(canonical(check_document(result)))
    allowed = sayable(document)
    pieces = sum(len(s.evidence) for s in result.signals)
    allowed |= {str(n) for n in range(pieces + 1)}
    allowed |= {str(len(document["tracks"]) - 8)}
    fixed = {"axis", "axisname", "reading", "key"}
    told = [t for t in page.said(outside=fixed) if t not in FIXED_TEXTS]
    told += page.values("aria-label") + page.values("alt")
    for text in told:
        for figure in FIGURE.findall(re.sub("SHA-256|log10", "", text)):
            assert figure.rstrip(".,:") in allowed, (figure, text)


FIXED_TEXTS = {"Light (0–255)"}


def test_hostile_texts_are_inert() -> None:
    html = rendered(material.partial)
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "&lt;script src=" in html
    assert "\u202e" not in html
    assert "\x1b" not in html
    assert "evil.example" not in " ".join(Page(html).values("src"))


def test_nothing_of_the_secret_path_or_the_persons_name_is_shown() -> None:
    html = rendered(material.partial)
    assert "/home/somebody" not in html
    assert "Jane Doe" not in html


def test_a_page_can_be_made_again_from_its_json() -> None:
    result = material.rich()
    document = json.loads(canonical(check_document(result)))
    assert render_document(read_document(document), {}) == render_check(result, {})


def test_evidence_is_listed_with_thumbnails_times_and_its_peer() -> None:
    page = Page(rendered(material.rich))
    said = " ".join(page.said())
    assert "01:40.8 to 01:43.8" in said
    assert "Matches 00:50.4 to 00:53.4." in said
    assert sum(tag == "img" for tag, _ in page.elements) == 9


def test_uncalibrated_and_calibrated_signals_are_told_apart() -> None:
    said = " ".join(Page(rendered(material.rich)).said())
    assert "uncalibrated" in said
    assert "moderate support for “more than one person”" in said
    assert "(bounds −2.00 to +2.00)" in said


def test_licences_that_forbid_commercial_use_are_named() -> None:
    said = " ".join(Page(rendered(material.rich)).said())
    assert "aasist Synthetic speech MIT not allowed" in said
    assert "blazeface_back Finding faces and speech Apache-2.0 allowed" in said


def test_failed_and_partial_checks_say_so_first() -> None:
    said = " ".join(Page(rendered(material.partial)).said())
    assert said.index("The file could be read in part only.") < said.index("Authenticity")
    assert "Some signals failed through a fault of this software" in said


def test_what_cannot_be_seen_is_said_on_every_page(case: tuple[CheckResult, str, Page]) -> None:
    result, _, page = case
    said = page.said()
    for finding in result.findings:
        assert set(finding.not_covered) <= set(said)


def test_the_longest_page_stays_small() -> None:
    assert len(rendered(material.long)) < 700_000


@pytest.mark.parametrize("made", [material.rich, material.audio_only])
def test_the_same_result_gives_the_same_bytes(made: Callable[[], CheckResult]) -> None:
    assert rendered.__wrapped__(made) == rendered(made)
