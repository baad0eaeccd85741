"""PDFs are tagged, whole, repeat byte for byte, and hold what the document says."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from itertools import pairwise
from typing import Any

import pikepdf
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pypdf import PdfReader

from audit.ledger import Ed25519Signer
from reports.compose.ll144_summary import compose
from reports.document import model as m
from reports.document.check import chart_columns
from reports.document.pointers import resolve
from reports.issuing import issue, render_file
from reports.proof.envelope import Envelope
from reports.render.pdf import render_pdf
from tests.reports.compose import fairness_material
from tests.reports.render.samples import SAMPLES

SIGNER = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
NAMES = ("typical", "hostile", "letter")


@pytest.fixture(scope="module")
def envelopes() -> dict[str, Envelope]:
    """Signed samples by name."""
    return {name: issue(SAMPLES[name](), SIGNER) for name in NAMES}


@pytest.fixture(scope="module")
def made(envelopes: dict[str, Envelope]) -> dict[str, bytes]:
    """Their PDFs."""
    return {name: render_pdf(envelope) for name, envelope in envelopes.items()}


def opened(data: bytes) -> pikepdf.Pdf:
    """A PDF as its objects."""
    return pikepdf.open(BytesIO(data))


def elements(node: Any) -> Iterator[Any]:
    """Structure elements in reading order."""
    if isinstance(node, pikepdf.Array):
        for each in node:
            yield from elements(each)
    elif isinstance(node, pikepdf.Dictionary) and "/S" in node:
        yield node
        if "/K" in node:
            yield from elements(node.K)


@pytest.mark.parametrize("name", NAMES)
def test_it_says_that_it_is_accessible(made: dict[str, bytes], name: str) -> None:
    pdf = opened(made[name])
    with pdf.open_metadata() as metadata:
        assert metadata["pdfuaid:part"] == "1"
        assert metadata["dc:title"]
    assert bool(pdf.Root.MarkInfo.Marked)
    assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle)
    assert str(pdf.Root.Lang).startswith(SAMPLES[name]().language)
    assert all(page.get("/Tabs") == "/S" for page in pdf.pages if "/Annots" in page)


@pytest.mark.parametrize("name", NAMES)
def test_all_that_is_drawn_is_tagged_or_decoration(made: dict[str, bytes], name: str) -> None:
    pdf = opened(made[name])
    for page in pdf.pages:
        depth = 0
        for instruction in pikepdf.parse_content_stream(page):
            mark = str(instruction.operator)
            if mark in ("BDC", "BMC"):
                depth += 1
            elif mark == "EMC":
                depth -= 1
            elif mark in ("Tj", "TJ", "Do", "f", "S", "f*", "B"):
                assert depth > 0, mark


@pytest.mark.parametrize("name", NAMES)
def test_structure(made: dict[str, bytes], name: str) -> None:
    document = SAMPLES[name]()
    pdf = opened(made[name])
    found = list(elements(pdf.Root.StructTreeRoot.K))
    kinds = [str(each.S) for each in found]
    headings = sum(isinstance(b, m.Heading) for b in document.blocks)
    assert sum(k in ("/H1", "/H2", "/H3", "/H4") for k in kinds) >= headings + 1  # and the proof
    levels = [int(k[2:]) for k in kinds if k[:2] == "/H" and k[2:].isdigit()]
    assert all(b <= a + 1 for a, b in pairwise(levels))
    for each in found:
        if each.S == "/Figure":
            assert str(each.get("/Alt", "")).strip()
        if each.S == "/Table":
            inside = [str(e.S) for e in elements(each.K)]
            assert "/TH" in inside and "/TD" in inside
    tables = [b for b in document.blocks if isinstance(b, m.Table)]
    if tables:
        assert kinds.count("/Table") >= 1
        assert kinds.count("/Figure") >= 1


@pytest.mark.parametrize("name", NAMES)
def test_heads_of_tables_say_what_they_head(made: dict[str, bytes], name: str) -> None:
    pdf = opened(made[name])
    tables = [e for e in elements(pdf.Root.StructTreeRoot.K) if e.S == "/Table"]
    shapes = list(_printed(SAMPLES[name]()))
    assert len(tables) == len(shapes)
    for table, (rows, columns, heads) in zip(tables, shapes, strict=True):
        lines = [e for e in elements(table.K) if e.S == "/TR"]
        assert len(lines) == rows + 1
        for number, line in enumerate(lines):
            cells = list(elements(line.K))
            cells = [e for e in cells if e.S in ("/TH", "/TD")]
            scopes = [_scope(e) for e in cells]
            if number == 0:
                assert scopes == ["/Column"] * columns
            else:
                assert scopes == ["/Row"] * heads + [None] * (columns - heads)


def _printed(document: m.Document) -> Iterator[tuple[int, int, int]]:
    """Rows, columns and heads of the tables that are printed."""
    for block in document.blocks:
        if isinstance(block, m.Table | m.Chart):
            rows = len(resolve(document.data, block.rows))
            if isinstance(block, m.Table) and rows:
                yield rows, len(block.columns), block.head
            elif isinstance(block, m.Chart) and 0 < rows <= 60:
                named = sum(way is not None for way in (block.label, block.series))
                yield rows, len(chart_columns(block)), max(1, named)


def _scope(cell: Any) -> str | None:
    held = [a.Scope for a in cell.A if "/Scope" in a]
    assert (cell.S == "/TH") == bool(held)
    return str(held[0]) if held else None


@pytest.mark.parametrize("name", NAMES)
def test_all_tagged_content_is_in_the_tree(made: dict[str, bytes], name: str) -> None:
    pdf = opened(made[name])
    held: dict[Any, set[int]] = {}
    for each in elements(pdf.Root.StructTreeRoot.K):
        for page, number in _pieces(each):
            held.setdefault(page, set()).add(number)
    for page in pdf.pages:
        marked = set()
        for instruction in pikepdf.parse_content_stream(page):
            if str(instruction.operator) == "BDC" and "/MCID" in instruction.operands[1]:
                marked.add(int(instruction.operands[1].MCID))
        assert marked == held.get(page.obj.objgen, set())


def _pieces(element: Any) -> Iterator[tuple[Any, int]]:
    """Pages and numbers of the pieces of content that belong to an element itself."""
    kids = element.get("/K", [])
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, int):
            yield element.Pg.objgen, kid
        elif "/MCID" in kid:
            yield kid.get("/Pg", element.get("/Pg")).objgen, int(kid.MCID)


def test_sections_are_bookmarked(made: dict[str, bytes]) -> None:
    pdf = opened(made["typical"])
    with pdf.open_outline() as outline:
        titles = [item.title for item in outline.root]
    sections = [
        "".join(p if isinstance(p, str) else p.text for p in b.text)
        for b in SAMPLES["typical"]().blocks
        if isinstance(b, m.Heading) and b.level == 2
    ]
    assert [t for t in titles if t in sections] == sections


@pytest.mark.parametrize("name", NAMES)
def test_the_document_is_attached(
    made: dict[str, bytes], envelopes: dict[str, Envelope], name: str
) -> None:
    pdf = opened(made[name])
    attached = pdf.attachments
    assert list(attached) == ["document.json"]
    assert attached["document.json"].get_file().read_bytes() == envelopes[name].json_bytes


@pytest.mark.parametrize("name", NAMES)
def test_bytes_repeat(made: dict[str, bytes], envelopes: dict[str, Envelope], name: str) -> None:
    assert render_pdf(envelopes[name]) == made[name]


def test_bytes_repeat_in_another_process(made: dict[str, bytes]) -> None:
    code = (
        "import hashlib, tests.reports.render.test_pdf as t\n"
        "made = t.render_pdf(t.issue(t.SAMPLES['typical'](), t.SIGNER))\n"
        "print(hashlib.sha256(made).hexdigest())"
    )
    env = {"PYTHONHASHSEED": "7", "PATH": "", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env
    )
    assert done.stdout.strip() == hashlib.sha256(made["typical"]).hexdigest()


def test_each_page_has_its_number_and_the_hash(
    made: dict[str, bytes], envelopes: dict[str, Envelope]
) -> None:
    texts = _pages(made["typical"])
    digest = envelopes["typical"].proof.document_sha256
    for number, text in enumerate(texts, start=1):
        assert f"Page {number} of {len(texts)}" in text
        assert digest in text.replace("\n", "")


def test_nothing_in_names_is_read_as_markup(made: dict[str, bytes]) -> None:
    text = " ".join(_pages(made["hostile"], 2)).replace("\n", " ")
    assert "<script>alert" in text


def test_pictures_that_follow_one_another_stand_side_by_side(made: dict[str, bytes]) -> None:
    pdf = opened(made["typical"])
    pictures = {each.sha256 for each in SAMPLES["typical"]().attachments}
    figures = [e for e in elements(pdf.Root.StructTreeRoot.K) if e.S == "/Figure"]
    shown = [e for e in figures if "frame" in str(e.Alt)]
    assert len(pictures) == 1 and len(shown) == 2
    assert shown[0].Pg.objgen == shown[1].Pg.objgen


def test_a_summary_of_a_bias_audit_takes_two_pages() -> None:
    recorded = fairness_material.recorded(**fairness_material.ALL_RECORDED)
    summary = compose(fairness_material.dcwp(), recorded, fairness_material.ISSUE)
    assert len(opened(render_pdf(issue(summary, SIGNER))).pages) == 2


def test_the_file_proves_itself(envelopes: dict[str, Envelope], made: dict[str, bytes]) -> None:
    file = render_file(envelopes["letter"], "pdf", SIGNER)
    assert file.startswith(made["letter"]) and len(file) > len(made["letter"])


def _pages(data: bytes, most: int | None = None) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(data)).pages[:most]]
