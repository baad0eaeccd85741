"""Copies for editing hold every sentence and figure, real styles and heads, and repeat."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn

from reports.charts.reading import plain
from reports.document import model as m
from reports.document.characters import printable
from reports.document.pointers import resolve
from reports.proof.envelope import Envelope
from reports.proof.reading import embedded
from reports.proof.zips import read_zip
from reports.render.docx import render_docx
from tests.reports.render.sample_data import Maker, column
from tests.reports.render.samples import SAMPLES
from tests.reports.render.sealing import sealed

NAMES = ("typical", "hostile", "letter")


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    """The samples' files."""
    return {name: render_docx(sealed(SAMPLES[name]())) for name in NAMES}


@pytest.fixture(scope="module")
def words(made: dict[str, bytes]) -> dict[str, Any]:
    """The same, opened."""
    return {name: docx.Document(BytesIO(data)) for name, data in made.items()}


def texts(word: Any) -> list[str]:
    """Paragraphs in reading order, those of tables too."""
    return [
        "".join("\n" if each.tag == qn("w:br") else each.text or "" for each in _pieces(paragraph))
        for paragraph in word.element.body.iter(qn("w:p"))
    ]


def _pieces(paragraph: Any) -> Iterator[Any]:
    return paragraph.iter(qn("w:t"), qn("w:br"))


@pytest.mark.parametrize("name", NAMES)
def test_the_first_line_says_what_a_copy_is(made: dict[str, bytes], name: str) -> None:
    word = docx.Document(BytesIO(made[name]))
    assert sealed(SAMPLES[name]()).proof.document_sha256 in word.paragraphs[0].text
    assert ("no longer" in word.paragraphs[0].text) or ("nicht mehr" in word.paragraphs[0].text)


@pytest.mark.parametrize("name", NAMES)
def test_every_sentence_and_every_cell_is_there(words: dict[str, Any], name: str) -> None:
    document = SAMPLES[name]()
    found = "\n".join(texts(words[name]))
    for block in document.blocks:
        for inline in _sentences(block):
            assert plain(inline) in found
        if isinstance(block, m.Table):
            for row in resolve(document.data, block.rows):
                for each in block.columns:
                    value = resolve(row, each.at)
                    if isinstance(value, str):
                        assert printable(value) in found


def _sentences(block: m.Block) -> list[m.Inline]:
    if isinstance(block, m.Points):
        return list(block.items)
    if isinstance(block, m.Figures):
        return [part for key in block.items for part in (key.label, (key.value,), key.note)]
    if isinstance(block, m.Fields):
        return [p for i in block.items for p in (i.title, i.answer, i.by, i.open_reason)]
    names = ("title", "text", "caption", "note")
    return [getattr(block, name) for name in names if hasattr(block, name)]


def test_headings_are_headings(words: dict[str, Any]) -> None:
    found = [(p.style.name, p.text) for p in words["typical"].paragraphs]
    heads = [(name, text) for name, text in found if name.startswith("Heading")]
    wanted = [
        (f"Heading {b.level - 1}", plain(b.text))
        for b in SAMPLES["typical"]().blocks
        if isinstance(b, m.Heading)
    ]
    assert heads[: len(wanted)] == wanted
    assert [text for name, text in found if name == "Title"] == [plain(SAMPLES["typical"]().title)]


@pytest.mark.parametrize("name", NAMES)
def test_tables_repeat_their_head_and_say_what_they_are(words: dict[str, Any], name: str) -> None:
    for table in words[name].tables:
        rows = table._tbl.tr_lst
        assert [r.trPr.find(qn("w:tblHeader")) is not None for r in rows] == [True] + [False] * (
            len(rows) - 1
        )
        assert table._tbl.tblPr.find(qn("w:tblCaption")) is not None
        widths = {len(r.tc_lst) for r in rows}
        assert widths == {len(table._tbl.tblGrid.gridCol_lst)}


def test_pictures_are_described_and_fit_the_page(words: dict[str, Any]) -> None:
    body = words["hostile"].element.body
    shown = list(body.iter(qn("wp:inline"))) + list(
        words["typical"].element.body.iter(qn("wp:inline"))
    )
    assert len(shown) > 12
    for inline in shown:
        assert inline.docPr.get("descr").strip()
        assert inline.extent.cx <= 166 * 36000 and inline.extent.cy <= 225 * 36000
    numbers = [inline.docPr.id for inline in body.iter(qn("wp:inline"))]
    assert len(set(numbers)) == len(numbers)


def test_the_frame_is_drawn_into_the_picture(made: dict[str, bytes]) -> None:
    held = {a.sha256 for a in SAMPLES["typical"]().attachments}
    media = {n: d for n, d in read_zip(made["typical"]).items() if n.startswith("word/media/")}
    originals = [d for d in media.values() if hashlib.sha256(d).hexdigest() in held]
    assert len(originals) == 1  # the one without a frame


def test_lists_begin_with_one() -> None:
    maker = Maker({})
    points = m.Points(ordered=True, items=(("First.",), ("Second.",)))
    text = m.Text(text=("Between.",))
    document = maker.document("governance", "Title", [points, text, points])
    body = docx.Document(BytesIO(render_docx(sealed(document)))).element.body
    numbers = [each.get(qn("w:val")) for each in body.iter(qn("w:numId"))]
    assert numbers[0] == numbers[1] != numbers[2] == numbers[3]


def test_a_wide_table_turns_its_page() -> None:
    items = [{str(n): n for n in range(10)}]
    columns = [column(f"Column {chr(65 + n)}", f"/{n}", "integer") for n in range(10)]
    table = m.Table(id="t", title=("Wide",), rows="/items", columns=tuple(columns))
    document = Maker({"items": items}).document("governance", "Title", [table])
    word = docx.Document(BytesIO(render_docx(sealed(document))))
    assert [s.page_width > s.page_height for s in word.sections] == [False, True, False]


def test_properties(words: dict[str, Any]) -> None:
    word = words["letter"]
    held = word.core_properties
    assert (held.title, held.author, held.language) == (
        "Hinweis für Bewerbende",
        "Beispiel GmbH",
        "de",
    )
    assert held.created.isoformat() == held.modified.isoformat() == "2026-03-01T09:30:00+00:00"
    languages = {each.get(qn("w:val")) for each in word.styles.element.iter(qn("w:lang"))}
    assert languages == {"de-DE"}


def test_scripts_from_right_to_left_are_marked(words: dict[str, Any]) -> None:
    runs = [
        r for r in words["hostile"].element.body.iter(qn("w:r")) if r.find(qn("w:rPr")) is not None
    ]
    turned = {
        "".join(t.text for t in r.iter(qn("w:t")))
        for r in runs
        if r.rPr.find(qn("w:rtl")) is not None
    }
    assert "القبائل العربية" in turned
    assert not any(text.isascii() for text in turned)


@pytest.mark.parametrize("name", NAMES)
def test_the_signed_document_is_inside(made: dict[str, bytes], name: str) -> None:
    envelope = sealed(SAMPLES[name]())
    assert embedded(made[name], "docx") == envelope.json_bytes
    types = read_zip(made[name])["[Content_Types].xml"].decode()
    for member in read_zip(made[name], stored=True):
        if member != "[Content_Types].xml":
            assert (
                f'PartName="/{member}"' in types or f'Extension="{member.rsplit(".")[-1]}"' in types
            )


@pytest.mark.parametrize("name", NAMES)
def test_bytes_repeat_for_a_document_that_was_read_again(made: dict[str, bytes], name: str) -> None:
    envelope = sealed(SAMPLES[name]())
    again = Envelope.model_validate(json.loads(envelope.json_bytes))
    assert render_docx(again) == made[name]


def test_bytes_repeat_in_another_process(made: dict[str, bytes]) -> None:
    code = (
        "import hashlib, tests.reports.render.test_docx as t\n"
        "made = t.render_docx(t.sealed(t.SAMPLES['typical']()))\n"
        "print(hashlib.sha256(made).hexdigest())"
    )
    env = {"PYTHONHASHSEED": "7", "PATH": "", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env
    )
    assert done.stdout.strip() == hashlib.sha256(made["typical"]).hexdigest()
