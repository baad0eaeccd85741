"""audit.html shows what audit.json holds: every figure is walked and looked up by its field."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fairness.alternatives import Alternatives, ScoredSample, SearchPlan, search_alternatives
from fairness.audit import audit
from fairness.result import AlternativesAudit, AuditResult
from fairness.spec import load_spec
from reports import fairness_fields as f
from reports.canonical import canonical
from reports.fairness_charts import MOST_PARTS
from reports.fairness_fields import Field
from reports.fairness_html import CLASS_NAMES, PARTS, SECTIONS, render_audit
from reports.fairness_json import audit_document, read_audit
from tests.fairness import made_up
from tests.reports.reading import Page

MADE = "2025-01-01T00:00:00Z"
FIGURE = re.compile(r"\d[\d,.]*\d|\d")
HOSTILE = '<img src=x onerror="alert(1)">'


def table(rows: list[tuple[str, str]], **changes: Any) -> AuditResult:
    fields = {
        "outcome": {"column": "out", "selected": ["1"], "not_selected": ["0"]},
        "features": [{"name": "sex", "column": "sex"}],
        "replicates": 100,
        **changes,
    }
    return audit(pd.DataFrame(rows, columns=["sex", "out"]), load_spec(fields))


@cache
def nobody() -> AuditResult:
    return table([("F", "0")] * 20 + [("M", "0")] * 30)


@cache
def alone() -> AuditResult:
    return table([("F", "0")] * 3 + [("F", "1")] * 4)


@cache
def hostile() -> AuditResult:
    rows = (
        [(HOSTILE, "1")] * 10
        + [(HOSTILE, "0")] * 40
        + [("M.1~2", "1")] * 30
        + [("M.1~2", "0")] * 20
    )
    return table(rows, title=f"{HOSTILE} & co")


@cache
def exactly_four_fifths() -> AuditResult:
    below = [("b", "1")] * 79_999 + [("b", "0")] * 20_001
    at = [("c", "1")] * 80 + [("c", "0")] * 20
    return table([("a", "1")] * 100_000 + below + at)


@cache
def searched() -> AuditResult:
    """With alternatives: two competencies, one of which holds one group back."""
    draw = np.random.default_rng(1)
    group = draw.integers(0, 2, 600)
    skill = draw.normal(0, 1, 600)
    items = np.column_stack([skill + draw.normal(0, 1, 600), skill + draw.normal(-group, 1)])
    sample = ScoredSample(
        names=("planning", "dot.ted"),
        items=items,
        group=group,
        groups=(("a",), ("b",)),
        label=(skill > 0).astype(float),
        weights=np.array([0.3, 0.7]),
        share=0.4,
    )
    found = search_alternatives(sample, SearchPlan(weight_draws=30, mitigate=False, draws=100))
    assert isinstance(found, Alternatives)
    return replace(nobody(), alternatives=(AlternativesAudit(("sex",), "planning", found),))


CASES = [made_up.whole, made_up.small, nobody, alone, hostile, exactly_four_fifths, searched]


@cache
def rendered(made: Callable[[], AuditResult]) -> tuple[dict[str, Any], str]:
    """The document as written and the page made from it."""
    document = json.loads(canonical(audit_document(made(), MADE)))
    return document, render_audit(read_audit(document))


@pytest.fixture(scope="module", params=CASES, ids=lambda made: made.__name__)
def case(request: pytest.FixtureRequest) -> tuple[dict[str, Any], str, Page]:
    document, html = rendered(request.param)
    return document, html, Page(html)


def looked_up(document: Any, path: str) -> Any:
    for step in path.split("."):
        key = step.replace("~1", ".").replace("~0", "~")
        document = document[int(key)] if isinstance(document, list) else document[key]
    return document


def shown(page: Page) -> Iterator[tuple[dict[str, str], str]]:
    """Every element that names a field, with its text."""
    for parents, text in page.texts:
        for _, attributes in parents:
            if "data-field" in attributes:
                yield attributes, " ".join(text.split())


def figure(text: str) -> tuple[float, float]:
    """The number that a text says, and half a unit of its last digit."""
    plain = text.replace(",", "").replace("−", "-").replace("+", "").removesuffix("%")
    value = float(plain)
    mantissa, _, exponent = plain.partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
    scale = 0.01 if text.endswith("%") else 1.0
    return value * scale, 0.5000001 * 10.0**-decimals * scale


def agrees(text: str, held: Any) -> bool:
    """Whether a text says what the document holds; written apart from the code under test."""
    if text in ("–", "no limit"):
        return held is None
    if isinstance(held, bool):
        return text == ("yes" if held else "no")
    if isinstance(held, str):
        return text == " ".join(held.split())
    if isinstance(held, list):
        names = [" / ".join(x) if isinstance(x, list) else str(x) for x in held]
        joined = {" / ".join(names), ", ".join(names), " and ".join(names)}
        return " ".join(text.split()) in joined or (not held and text in ("none", "everybody"))
    if not isinstance(held, int | float):
        return False
    if text.startswith("<"):
        return 0 <= held < float(text[1:])
    value, within = figure(text)
    return abs(value - held) <= within + 1e-12 * abs(held)


def test_every_figure_is_the_one_that_its_field_holds(
    case: tuple[dict[str, Any], str, Page],
) -> None:
    document, _, page = case
    seen = 0
    for attributes, text in shown(page):
        held = looked_up(document, attributes["data-field"])
        if "data-of" in attributes:
            held = held / looked_up(document, attributes["data-of"])
        elif "data-count" in attributes:
            name, _, value = attributes["data-count"].partition("=")
            held = sum(entry[name] == value for entry in held)
        elif "data-part" in attributes:
            assert attributes["title"] == held
            held = held[: int(attributes["data-part"])] + "…"
        elif "data-whole" in attributes:
            text, held = json.loads(text), held
            assert text == held
            continue
        assert agrees(text, held), (attributes, text, held)
        seen += 1
    assert seen > 50


SENTENCES = {"facts", "method", "notes", "reason", "sha256", "spec", "words"}


def names_in(node: Any) -> Iterator[str]:
    """Texts of the document that are names, and the names of its members."""
    if isinstance(node, dict):
        for name, child in node.items():
            yield name
            if name not in SENTENCES:
                yield from names_in(child)
    elif isinstance(node, list):
        for child in node:
            yield from names_in(child)
    elif isinstance(node, str):
        yield node


def test_no_figure_stands_without_a_field(case: tuple[dict[str, Any], str, Page]) -> None:
    """Figures elsewhere are only those within names of groups, questions, files and packages."""
    document, _, page = case
    names = {found for text in names_in(document) for found in FIGURE.findall(text)}
    loose = list(page.values("aria-label"))
    for parents, text in page.texts:
        tags = {tag for tag, _ in parents}
        classes = {name for _, a in parents for name in a.get("class", "").split()}
        named = any("data-field" in a for _, a in parents)
        if not (named or "fixed" in classes or tags & {"svg", "style"}):
            loose.append(text)
    for text in loose:
        assert set(FIGURE.findall(text)) <= names, text


def test_what_carries_a_finding_is_on_the_page(case: tuple[dict[str, Any], str, Page]) -> None:
    document, _, page = case
    fields = set(page.values("data-field"))
    for n, _ in enumerate(document["findings"]):
        for name in ("group", "rate", "selected", "assessed"):
            assert f"findings.{n}.{name}" in fields
    for n, entry in enumerate(document["tables"]):
        for m, row in enumerate(entry["rows"]):
            assert f"tables.{n}.rows.{m}.rate.value" in fields
            if row["comparison"]:
                compared = f"tables.{n}.rows.{m}.comparison"
                assert {
                    *(f"{compared}.ratio.value", f"{compared}.significance.fisher"),
                    *(f"{compared}.significance.mid_p.doubled", f"{compared}.deciding.holm"),
                    *(f"{compared}.shortfall_to_pooled_rate.value", f"{compared}.reversed_by_one"),
                    *(f"{compared}.power.at_four_fifths", f"{compared}.below_four_fifths"),
                } <= fields
    for n, note in enumerate(document["notes"]):
        assert f"notes.{n}.text" in fields, note


def test_pages_are_well_formed_with_unique_ids_and_living_links(
    case: tuple[dict[str, Any], str, Page],
) -> None:
    page = case[2]
    assert len(page.ids) == len(set(page.ids))
    links = set(page.values("href"))
    assert links
    assert links <= {f"#{name}" for name in page.ids}
    labelled = {name for value in page.values("aria-labelledby") for name in value.split()}
    assert labelled <= set(page.ids)


def test_pages_load_nothing_and_run_nothing(case: tuple[dict[str, Any], str, Page]) -> None:
    _, html, page = case
    assert not {tag for tag, _ in page.elements} & {"script", "link", "iframe", "object", "img"}
    assert not [n for _, a in page.elements for n in a if n.startswith("on") or n == "style"]
    style = html.split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(a["content"] for _, a in page.elements if "http-equiv" in a)
    assert f"style-src 'sha256-{digest}'" in policy


def test_sections_headings_and_tables_can_be_read_aloud(
    case: tuple[dict[str, Any], str, Page],
) -> None:
    page = case[2]
    assert [a["id"] for tag, a in page.elements if tag == "section"] == list(SECTIONS)
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    tags = [tag for tag, _ in page.elements]
    assert tags.count("table") == tags.count("caption") > 0
    for tag, attributes in page.elements:
        if tag == "th":
            assert attributes.get("scope") in {"col", "row", "rowgroup"}
        if "scroll" in attributes.get("class", "").split():
            assert attributes["tabindex"] == "0"
            assert attributes["aria-label"]


def test_rows_have_as_many_cells_as_their_table_has_columns(
    case: tuple[dict[str, Any], str, Page],
) -> None:
    """Counted on the text of the page: a cell too many or too few misreads every figure after."""
    for found in re.findall(r"<table.*?</table>", case[1], flags=re.S):
        head, body = found.split("</thead>")
        columns = len(re.findall(r"<th ", head))
        spanned = 0
        for row in re.findall(r"<tr>.*?</tr>", body, flags=re.S):
            cells = len(re.findall(r"<t[hd][ >]", row)) + (spanned > 0)
            assert cells == columns, row
            span = re.search(r'rowspan="(\d+)"', row)
            spanned = int(span[1]) - 1 if span else max(spanned - 1, 0)


def test_nothing_is_certified(case: tuple[dict[str, Any], str, Page]) -> None:
    said = " ".join(case[2].said(outside={"methods"})).lower()
    for word in ("compliant", "unbiased", "bias-free", "is fair", "guarantee"):
        assert word not in said
    assert "none of these classes is a legal conclusion" in said
    assert all(name.lower() in said for name in CLASS_NAMES.values())


def test_the_same_document_gives_the_same_page() -> None:
    document, html = rendered(hostile)
    assert render_audit(read_audit(document)) == html


def test_the_page_stays_of_a_size_that_opens() -> None:
    assert len(rendered(made_up.whole)[1]) < 3_000_000


def test_every_chart_of_a_whole_audit_is_there() -> None:
    sources = Page(rendered(made_up.whole)[1]).values("data-source")
    sources += Page(rendered(searched)[1]).values("data-source")
    assert {source.partition(".")[0] for source in sources} == {
        *("tables", "sweeps", "distributions", "funnels", "drift", "dif", "alternatives"),
    }


def test_a_document_with_many_tables_makes_a_bounded_page() -> None:
    document, _ = rendered(nobody)
    many = {**document, "tables": document["tables"] * 300}
    page = Page(render_audit(read_audit(many)))
    assert len(page.values("data-source")) == MOST_PARTS
    assert "Only the first are shown here; all are in" in page.said()
    assert set(page.values("href")) <= {f"#{name}" for name in page.ids}


def test_alternatives_show_today_and_what_is_less_adverse() -> None:
    document, html = rendered(searched)
    entry = document["alternatives"][0]
    paths = set(Page(html).values("data-field"))
    assert "alternatives.0.baseline.held_out.worst_ratio.value" in paths
    shown = [n for n, c in enumerate(entry["candidates"])
             if f"alternatives.0.candidates.{n}.held_out.worst_ratio.value" in paths]  # fmt: skip
    assert shown
    for n in shown:
        candidate = entry["candidates"][n]
        assert candidate["same_share"]
        assert candidate["less_adverse"] or candidate["number"] in entry["front_same_share"]


def test_every_part_of_the_document_has_a_name_for_its_notes() -> None:
    document, _ = rendered(made_up.whole)
    rest = {"schema_version", "kind", "software", "data", "spec", "settings", "features"}
    assert set(document) - rest - {"findings", "run", "distributions"} == set(PARTS)


def test_every_kind_of_note_is_listed_once_per_part() -> None:
    document, html = rendered(made_up.whole)
    listed = html.split('id="missing"')[1].split("</section>")[0]
    codes = {note["code"] for row in document["tables"][0]["rows"] if row["comparison"]
             for note in row["comparison"]["significance"]["notes"]}  # fmt: skip
    assert codes
    assert listed.count("Boschloo") == 1
    assert "Alike in other places." in listed


def test_hostile_names_are_inert() -> None:
    document, html = rendered(hostile)
    assert "<img" not in html
    assert "&lt;img src=x" in html
    assert "features.0.levels.1.name" in Page(html).values("data-field")
    assert document["spec"]["title"].endswith("& co")


def test_withheld_cells_say_so_and_show_no_figure() -> None:
    document, html = rendered(made_up.small)
    hidden = [
        f"tables.{n}.rows.{m}"
        for n, entry in enumerate(document["tables"])
        for m, row in enumerate(entry["rows"])
        if row["withheld"]
    ]
    assert hidden
    assert html.count("withheld: small cell") >= len(hidden)
    texts = {a["data-field"]: text for a, text in shown(Page(html))}
    for path in hidden:
        for name in ("assessed", "selected", "rate.value"):
            assert texts[f"{path}.{name}"] == "–"


def test_nobody_selected_and_one_group_alone_still_make_a_page() -> None:
    said = " ".join(Page(rendered(nobody)[1]).said())
    assert "Nobody was selected in any group, so no ratio exists." in said
    assert "nothing is compared" in " ".join(Page(rendered(alone)[1]).said())


def test_a_ratio_just_below_four_fifths_is_not_shown_as_four_fifths() -> None:
    document, html = rendered(exactly_four_fifths)
    rows = document["tables"][0]["rows"]
    texts = {a["data-field"]: text for a, text in shown(Page(html))}
    by_group = {
        row["group"][0]: texts[f"tables.0.rows.{n}.comparison.ratio.value"]
        for n, row in enumerate(rows)
        if row["comparison"]
    }
    assert by_group == {"b": "0.79999", "c": "0.800"}


def test_a_wrong_figure_would_be_noticed() -> None:
    assert agrees("0.784", 0.78449)
    assert agrees("−7.110", -7.10951)
    assert agrees("33.3%", 0.33282)
    assert agrees("<0.0001", 1e-12)
    assert agrees("8.79e-05", 0.0000879)
    assert not agrees("0.784", 0.785)
    assert not agrees("33.3%", 0.3322)
    assert not agrees("7.110", -7.11)
    assert not agrees("<0.0001", 0.0002)
    assert not agrees("–", 0.0)
    assert not agrees("no", True)


def test_paths_escape_dots_and_tildes() -> None:
    field = Field({"a.b~c": [1]})["a.b~c"][0]
    assert field.path == "a~1b~0c.0"
    assert looked_up({"a.b~c": [1]}, field.path) == 1


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        (f.p_value, 0.00009999, "<0.0001"),
        (f.p_value, 1.0, "1.0000"),
        (f.percent, 0.0004, "0.040%"),
        (f.percent, 1, "100.0%"),
        (f.percent, -0.0214, "−2.1%"),
        (f.ratio, 0.8, "0.800"),
        (f.ratio, 0.7999, "0.7999"),
        (f.ratio, 123.456, "123"),
        (f.signed, -2.138963, "−2.139"),
        (f.number, 1234.5, "1,234"),
        (f.number, 2.857142, "2.857"),
        (f.count, 1234567, "1,234,567"),
        (f.level, 0.999, "99.9%"),
    ],
)
def test_figures_are_written(form: Callable[[float], str], value: float, text: str) -> None:
    assert form(value) == text
