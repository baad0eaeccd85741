"""Pages hold what their documents say, each value where its pointer leads, nothing that acts."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from reports.document import model as m
from reports.document.catalogue import catalogue
from reports.document.characters import printable
from reports.document.check import chart_columns, faults, inlines
from reports.document.pointers import join, resolve
from reports.document.values import write
from reports.render.html import render_html
from tests.reports.reading import Page
from tests.reports.render.sample_data import INERT, RTL_NAMES
from tests.reports.render.samples import SAMPLES, hostile, letter, long, typical
from tests.reports.render.sealing import sealed

ROOT = Path(__file__).resolve().parents[3]


@cache
def page(name: str) -> str:
    return render_html(sealed(SAMPLES[name]())).decode("utf-8")


@cache
def read(name: str) -> Page:
    return Page(page(name))


class Traced(HTMLParser):
    """Texts with their pointers and ways of writing, in reading order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, str, str]] = []
        self.json = ""
        self._held: dict[str, str | None] | None = None
        self._text = ""
        self._script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._script = tag == "script"
        if tag == "bdi":
            self._held, self._text = dict(attrs), ""

    def handle_data(self, data: str) -> None:
        self._text += data
        if self._script:
            self.json += data

    def handle_endtag(self, tag: str) -> None:
        self._script = False
        if tag == "bdi" and self._held is not None and "data-at" in self._held:
            at, show = self._held["data-at"] or "", self._held.get("data-show") or "text"
            self.found.append((at, show, self._text))
            self._held = None


@cache
def traced(name: str) -> Traced:
    return Traced(page(name))


def blocks_of(document: m.Document, *kinds: str) -> Iterator[Any]:
    return (block for block in document.blocks if block.type in kinds)


def columns_of(block: m.Table | m.Chart) -> list[m.Column]:
    return list(block.columns) if isinstance(block, m.Table) else chart_columns(block)


def expected(document: m.Document) -> Counter[tuple[str, str]]:
    """Every value that the page has to have: of sentences, and of the lists of tables."""
    wanted: Counter[tuple[str, str]] = Counter()
    for inline in inlines(document):
        wanted.update((p.at, p.show) for p in inline if isinstance(p, m.Shown))
    for block in blocks_of(document, "table", "chart"):
        for n in range(len(resolve(document.data, block.rows))):
            row = join(block.rows, n)
            wanted.update((row + c.at, c.show) for c in columns_of(block))
    for picture in blocks_of(document, "picture"):
        wanted.subtract((p.at, p.show) for p in picture.alt if isinstance(p, m.Shown))
    return wanted


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_sound_documents(name: str) -> None:
    assert faults(SAMPLES[name]()) == []


@pytest.mark.parametrize("name", SAMPLES)
def test_every_pointer_leads_to_its_text(name: str) -> None:
    document = SAMPLES[name]()
    empties = {
        column.empty
        for block in blocks_of(document, "table", "chart")
        for column in columns_of(block)
    }
    assert traced(name).found
    for at, show, text in traced(name).found:
        value = resolve(document.data, at)
        if value is None:
            assert text in empties | {"–"}, at
        else:
            assert text == printable(write(value, show, document.language)), at


@pytest.mark.parametrize("name", ["typical", "hostile", "letter"])
def test_every_value_is_there_with_its_pointer(name: str) -> None:
    found = Counter((at, show) for at, show, _ in traced(name).found)
    crossed = {c.rows for c in blocks_of(SAMPLES[name](), "chart") if c.id in ("monthly", "spread")}
    missing = [
        key
        for key, count in (expected(SAMPLES[name]()) - found).items()
        if count > 0 and not any(key[0].startswith(rows) for rows in crossed)
    ]
    assert missing == []


def test_tables_follow_the_data_and_sentences_keep_what_was_signed() -> None:
    document = typical()
    data = json.loads(json.dumps(document.data))
    data["groups"][0]["persons"] = 987654
    changed = render_html(sealed(document.model_copy(update={"data": data}))).decode("utf-8")
    assert '<bdi data-at="/groups/0/persons" data-show="integer">987,654</bdi>' in changed
    assert "987,654" not in page("typical")


@pytest.mark.parametrize("name", SAMPLES)
def test_the_page_holds_exactly_the_envelope(name: str) -> None:
    envelope = sealed(SAMPLES[name]())
    held = re.findall(
        r'<script type="application/json" id="fairwitness-envelope">(.*?)</script>',
        page(name),
        re.DOTALL,
    )
    assert len(held) == 1
    assert json.loads(held[0]) == json.loads(envelope.json_bytes)
    assert traced(name).json == held[0]
    assert not set("<>&") & set(held[0])


@pytest.mark.parametrize("name", ["typical", "hostile", "letter"])
def test_pages_are_well_formed_and_ids_are_unique(name: str) -> None:
    ids = read(name).ids
    assert len(ids) == len(set(ids))
    links = [link[1:] for link in read(name).values("href")]
    assert set(links) <= set(ids)
    named = {one for value in read(name).values("aria-labelledby") for one in value.split()}
    assert named <= set(ids)
    patterns = re.findall(r"url\(#([^)]+)\)", page(name))
    assert set(patterns) <= set(ids)


@pytest.mark.parametrize("name", ["typical", "hostile", "letter"])
def test_nothing_is_loaded_and_nothing_runs(name: str) -> None:
    held = read(name)
    tags = Counter(tag for tag, _ in held.elements)
    assert tags["script"] == 1
    assert not tags.keys() & {"link", "iframe", "object", "embed", "form", "base", "input", "video"}
    assert all(src.startswith("data:image/") for src in held.values("src"))
    assert all(link.startswith("#") for link in held.values("href"))
    attributes = {attribute for _, given in held.elements for attribute in given}
    assert not [a for a in attributes if a.startswith("on") or a in ("style", "srcdoc", "ping")]


def test_the_policy_allows_this_style_sheet_alone() -> None:
    text = page("typical")
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode("utf-8")).digest()).decode("ascii")
    policy = next(
        given["content"]
        for tag, given in read("typical").elements
        if tag == "meta" and given.get("http-equiv") == "Content-Security-Policy"
    )
    assert f"style-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "script-src" not in policy


def test_hostile_texts_stay_texts() -> None:
    text = page("hostile")
    shown = {said for _, said in read("hostile").texts}
    assert {printable(name) for name in INERT} <= shown
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    text = text[: text.index("<script")]
    assert not re.search("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert {given["src"] for tag, given in read("hostile").elements if tag == "img"} == set()


def test_names_in_other_directions_are_isolated() -> None:
    for name in RTL_NAMES:
        places = [
            stack
            for stack, text in read("hostile").texts
            if text == name and stack[-1][0] != "text"
        ]
        assert places
        assert {stack[-1][0] for stack in places} <= {"bdi", "title"}


@pytest.mark.parametrize("name", ["typical", "hostile", "letter"])
def test_the_language_is_that_of_the_document(name: str) -> None:
    root = next(given for tag, given in read(name).elements if tag == "html")
    language = SAMPLES[name]().language
    assert root == {"lang": language, "dir": "ltr"}
    assert catalogue(language).word("page", "proof_about") in page(name)


def test_contents_list_the_sections_of_long_documents_only() -> None:
    headings = [b.id for b in blocks_of(typical(), "heading") if b.level in (2, 3)]
    nav = re.search(r"<nav.*?</nav>", page("typical"), re.DOTALL)
    assert nav
    assert re.findall('href="#([^"]+)"', nav[0]) == [*headings, "Proof"]
    assert "<details open>" in nav[0]
    assert "<nav" not in page("letter")
    folded = re.search(r"<nav.*?</nav>", page("long"), re.DOTALL)
    assert folded
    assert "<details>" in folded[0]


def test_headings_keep_their_levels() -> None:
    levels = [int(tag[1]) for tag, _ in read("typical").elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_opening_comes_before_contents_and_sections() -> None:
    text = page("typical")
    places = [text.index(f'class="{name}') for name in ("lead", "figures", "contents", "table")]
    assert places == sorted(places)


def test_what_is_null_says_why() -> None:
    cell = re.search(r'<td class="num"><bdi data-at="/groups/1/ratio".*?</td>', page("typical"))
    assert cell
    assert ">none</bdi>" in cell[0]
    assert '<bdi data-at="/groups/1/why">it is the reference</bdi>' in cell[0]


def test_what_is_empty_says_so() -> None:
    said = read("typical").said()
    assert "Nobody was left out." in said
    assert "There is one period only." in said
    assert said.count("There is no value to draw.") == 0
    assert "There is no value to draw." in read("hostile").said()


def test_charts_are_drawn_for_two_widths_and_have_their_numbers() -> None:
    drawn = [given for tag, given in read("typical").elements if tag == "svg" and "role" in given]
    titles = [b.title[0] for b in blocks_of(typical(), "chart") if b.id != "nothing"]
    assert Counter(given["aria-label"] for given in drawn) == Counter(dict.fromkeys(titles, 2))
    assert {given["class"] for given in drawn} == {"graph wide", "graph narrow"}
    numbers = re.findall(r'<details class="numbers', page("typical"))
    assert len(numbers) == len(titles)


def test_numbers_of_series_stand_side_by_side() -> None:
    figure = re.search(
        r'<figure class="chart" id="monthly".*?</figure>', page("typical"), re.DOTALL
    )
    assert figure
    table = figure[0][figure[0].index("<table") :]
    assert len(re.findall('scope="col"', table)) == 4
    assert len(re.findall('scope="row"', table)) == 6
    assert '<bdi data-at="/scores/months/4/rate" data-show="percent">' in table


def test_what_a_chart_leaves_out_is_said() -> None:
    assert "Drawn are 40 of 200 rows; the table has all of them." in read("hostile").said()
    assert "Drawn are 8 of 14 lines; the table has all of them." in read("hostile").said()


def test_fields_say_how_they_are_answered_without_colour() -> None:
    fields = re.findall(r'<li class="field is-(\w+)">(.*?)</li>', page("typical"), re.DOTALL)
    assert [way for way, _ in fields] == ["computed", "recorded", "open", "open", "open"]
    words = catalogue("en")
    for (way, text), field in zip(fields, next(blocks_of(typical(), "fields")).items, strict=True):
        assert f"<span>{words.word('answered', way)}</span>" in text
        assert words.word("field_status", field.status) in text
        assert words.word("read", field.read) in text
        assert f"<code>{field.id}</code>" in text
        assert ('class="answer"' in text) == (way != "open")
        assert ('class="reason"' in text) == (way == "open")
    assert "3 open" in read("typical").said()
    icons = {way: re.search(r"<svg.*?</svg>", text) for way, text in fields}
    assert len({found[0] for found in icons.values() if found}) == 3


def test_pictures_have_their_words_and_their_box() -> None:
    images = [given for tag, given in read("typical").elements if tag == "img"]
    assert [given["alt"] for given in images] == [
        "A frame with a face left of the middle. The frame marks the place.",
        "The same frame",
    ]
    boxes = [given for tag, given in read("typical").elements if given.get("class") == "rim"]
    assert [(b["x"], b["y"], b["width"], b["height"]) for b in boxes] == [
        ("0.42", "0.2", "0.19", "0.55")
    ]


def test_a_box_that_is_none_is_not_drawn() -> None:
    data = json.loads(json.dumps(typical().data))
    data["recording"]["box"] = [0.1, None, 0.2]
    text = render_html(sealed(typical().model_copy(update={"data": data}))).decode("utf-8")
    assert 'class="rim"' not in text


def test_the_proof_names_hash_key_and_ledger() -> None:
    envelope = sealed(typical())
    said = read("typical").said()
    for text in (envelope.proof.document_sha256, envelope.proof.key_id, "12,345", "c" * 64):
        assert text in said
    assert "fairwitness verify FILE" in said
    alone = Page(render_html(sealed(letter("en"), None)).decode("utf-8")).said()
    assert "The document names no head of a ledger." in alone


@pytest.mark.parametrize("name", ["typical", "hostile", "letter"])
def test_the_same_envelope_gives_the_same_bytes(name: str) -> None:
    assert render_html(sealed(SAMPLES[name]())).decode("utf-8") == page(name)


def test_another_process_gives_the_same_bytes() -> None:
    code = (
        "import hashlib; from reports.render.html import render_html;"
        "from tests.reports.render.samples import typical;"
        "from tests.reports.render.sealing import sealed;"
        "print(hashlib.sha256(render_html(sealed(typical()))).hexdigest())"
    )
    made = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Kolkata", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stdout.strip() == hashlib.sha256(page("typical").encode("utf-8")).hexdigest()


def test_long_documents_keep_all_their_rows() -> None:
    tables = list(blocks_of(long(), "table"))
    rows = sum(len(resolve(long().data, t.rows)) for t in tables)
    charts = sum(len(resolve(long().data, c.rows)) for c in blocks_of(long(), "chart"))
    assert page("long").count("<tr><th") == rows + charts + len(tables) + 10


def test_languages_have_the_same_words_around_the_blocks() -> None:
    for language in ("de", "es"):
        for group in ("page", "kind", "tone", "answered", "field_status", "read"):
            mine, english = (catalogue(each).words[group] for each in (language, "en"))
            assert mine.keys() == english.keys()
        keys = {k for k in catalogue("en").phrases if k.startswith("page.")}
        assert keys == {k for k in catalogue(language).phrases if k.startswith("page.")}


def test_hostile_titles_do_not_leave_the_title() -> None:
    title = re.search("<title>(.*?)</title>", page("hostile"))
    assert title
    assert html.unescape(title[1]) == "".join(str(p) for p in hostile().title)


def test_only_what_has_to_be_public_may_be_found_by_search() -> None:
    posted = letter("en").model_copy(update={"kind": "ll144_summary"})
    assert 'name="robots"' not in render_html(sealed(posted)).decode("utf-8")
    assert '<meta name="robots" content="noindex">' in page("letter")
