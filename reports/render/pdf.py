"""A document as a tagged PDF (PDF/UA-1), laid out by Typst.

The layout is `document.typ`; what varies goes in as data and is never read as markup. Fonts come
from wheels only (Typst's own Libertinus Serif, matplotlib's DejaVu), so that the same envelope
gives the same bytes on every machine with the same packages. DejaVu has Latin, Greek, Cyrillic,
Arabic and Hebrew letters among others; a letter that it lacks is written as its number, `[U+6F22]`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import typst
from fontTools.ttLib import TTFont
from PIL import Image

from audit.errors import DocumentInvalid
from reports.charts import chart_svg, drawable, left_out
from reports.charts.reading import cell, numeric, plain
from reports.document import model as m
from reports.document.catalogue import catalogue
from reports.document.characters import printable
from reports.document.check import chart_columns
from reports.document.pointers import resolve
from reports.document.values import write
from reports.proof.envelope import Envelope

_MOST_PRINTED = 60
"""Rows of a chart's table that are printed under it; longer ones are in the CSV files."""
_CONTENTS_FROM = 4
_MOST_CONTENTS = 30
_LETTERS = ("candidate_notice", "adverse_outcome_disclosure", "explanation_letter")
_LONG = 60
"""Blocks from which on sections begin on new pages."""
_LANDSCAPE_FROM = 9
"""Columns from which on a table turns its page."""
_SIZES = (5, 7, 9, 12)
"""Columns up to which a table's letters keep each size."""
_LONG_FIGURE = 14
_LONGEST_WORD = 18
"""Letters after which a word may be broken, so that names fit narrow columns."""
_WIDEST = 34
_REASON = 14
_NARROW = 70
"""Letters of a row up to which every column takes the room that it needs."""
_NUMERIC = frozenset(
    {"integer", "decimals", "signed", "figures", "percent", "p", "times", "ratio", "between"}
    | {"clock", "seconds", "size"}
)
_VIEW = re.compile(r'viewBox="[\d.-]+ [\d.-]+ ([\d.]+) ([\d.]+)"')
_HIGHEST = 1.25
_RTL = frozenset({"R", "AL", "AN"})
_MISSING = "\N{REPLACEMENT CHARACTER}"
_SOFT_BREAK = "\N{ZERO WIDTH SPACE}"
_ISOLATE, _END = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
_WORDS = (
    "contents", "proof", "proof_about", "verify", "by", "document_hash", "page", "of", "no_rows",
    "nothing_drawn", "numbers",
)  # fmt: skip


def render_pdf(envelope: Envelope) -> bytes:
    """The PDF of an envelope, with its JSON attached as `document.json`.

    The same envelope gives the same bytes.

    Raises:
        Unresolved, NotWritable: of a document in which `reports.document.check` finds faults.
        DocumentInvalid: Typst cannot lay it out: a fault of ours.
    """
    page = _Page(envelope)
    view = page.view()
    files = {
        "main.typ": _layout(),
        "view.json": json.dumps(view, ensure_ascii=False).encode("utf-8"),
        "document.json": envelope.json_bytes,
        **page.files,
    }
    moment = datetime.fromisoformat(envelope.document.issued_at)
    try:
        made: bytes = typst.compile(
            files,
            font_paths=_fonts(),
            format="pdf",
            pdf_standards=["ua-1"],
            timestamp=int(moment.timestamp()),
        )
    except typst.TypstError as error:
        raise DocumentInvalid(f"{envelope.document.id}: no PDF could be made: {error}") from None
    return made


@dataclass(slots=True)
class _Page:
    """Makes the data of the layout; `files` are the pictures that it names."""

    envelope: Envelope
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def document(self) -> m.Document:
        return self.envelope.document

    def view(self) -> dict[str, Any]:
        """Everything that the layout reads."""
        d, proof = self.document, self.envelope.proof
        blocks = [self._block(block) for block in d.blocks]
        sections = [n for n, b in enumerate(d.blocks) if isinstance(b, m.Heading) and b.level == 2]
        moment = datetime.fromisoformat(d.issued_at)
        return {
            "lang": d.language,
            "title": "".join(self._inline(d.title)),
            "subtitle": "".join(self._inline(d.subtitle)),
            "author": letters(d.publisher) or "Fairwitness",
            "date": {"year": moment.year, "month": moment.month, "day": moment.day},
            "kind": self._word("kind", d.kind),
            "facts": self._facts(),
            "sha256": proof.document_sha256,
            "attached": self._word("page", "proof"),
            "file": f"{d.id}.pdf",
            "words": {code: self._word("page", code) for code in _WORDS},
            "opening": sections[0] if sections else len(blocks),
            "long": len(blocks) > _LONG,
            "contents": self._contents(len(sections)),
            "blocks": blocks,
            "proof": self._proof(),
        }

    def _contents(self, sections: int) -> int:
        """How many levels of headings the contents list; 0 for none."""
        if sections < _CONTENTS_FROM or self.document.kind in _LETTERS:
            return 0
        headings = [b for b in self.document.blocks if isinstance(b, m.Heading) and b.level <= 3]
        return 2 if len(headings) <= _MOST_CONTENTS else 1

    def _facts(self) -> list[str]:
        d = self.document
        facts = [f"{self._word('page', 'issued')} {write(d.issued_at, 'moment', d.language)}"]
        if d.publisher:
            facts.append(f"{self._word('page', 'publisher')} {letters(d.publisher)}")
        return [*facts, f"{self._word('page', 'report')} {d.id}"]

    def _proof(self) -> list[tuple[str, str, bool]]:
        d, proof = self.document, self.envelope.proof
        rows = [
            ("document_hash", proof.document_sha256, True),
            ("key", proof.key_id, True),
            ("signed", write(proof.signed_at, "moment", d.language), False),
        ]
        head = proof.ledger_head
        if head is None:
            rows.append(("ledger", self._word("page", "no_ledger"), False))
        else:
            rows.append(("ledger_entries", write(head.size, "integer", d.language), False))
            rows.append(("ledger_root", head.root, True))
        rows += [("source", f"{s.name} {s.id} {s.sha256}", True) for s in d.sources]
        rows += [("rules", f"{p.id} {p.version} {p.sha256}", True) for p in d.packs]
        made = f"{d.software.name} {d.software.version}"
        worded = f"{self._word('page', 'wording')} {d.software.rules}"
        rows.append(("software", f"{made}, {worded}", False))
        return [(self._word("page", name), letters(value), mono) for name, value, mono in rows]

    def _block(self, block: m.Block) -> dict[str, Any]:
        kind = {"type": block.type}
        if isinstance(block, m.Heading):
            return kind | {"level": block.level, "text": self._inline(block.text)}
        if isinstance(block, m.Text):
            return kind | {"lead": block.lead, "text": self._inline(block.text)}
        if isinstance(block, m.Points):
            items = [self._inline(item) for item in block.items]
            return kind | {"ordered": block.ordered, "items": items}
        if isinstance(block, m.Notice):
            said = self._word("tone", block.tone)
            texts = {"title": self._inline(block.title), "text": self._inline(block.text)}
            return kind | texts | {"tone": block.tone, "said": said}
        if isinstance(block, m.Figures):
            keys = [self._key(item) for item in block.items]
            return kind | {"title": self._inline(block.title), "items": keys}
        if isinstance(block, m.Table):
            return kind | self._table(block)
        if isinstance(block, m.Chart):
            return kind | self._chart(block)
        if isinstance(block, m.Picture):
            return kind | self._picture(block)
        return kind | self._fields(block)

    def _key(self, key: m.Key) -> dict[str, Any]:
        said = {"attention": "needs_attention", "inconclusive": "cannot_tell"}.get(key.tone)
        return {
            "label": self._inline(key.label),
            "value": letters(key.value.text),
            "long": len(key.value.text) > _LONG_FIGURE,
            "tone": key.tone,
            "said": self._word("page", said) if said else "",
            "note": self._inline(key.note),
        }

    def _table(self, block: m.Table) -> dict[str, Any]:
        nothing = "".join(self._inline(block.empty)) or self._word("page", "no_rows")
        return {
            "title": self._inline(block.title),
            "grid": self._grid(block.rows, block.columns, block.head),
            "nothing": nothing,
            "note": self._inline(block.note),
        }

    def _chart(self, block: m.Chart) -> dict[str, Any]:
        document = self.document
        rows = resolve(document.data, block.rows)
        name, drawn = "", ""
        if drawable(document, block):
            name, drawn = f"{block.id}.svg", covered(chart_svg(document, block), short=True)
            self.files[name] = drawn.encode("utf-8")
        heads = max(1, sum(way is not None for way in (block.label, block.series)))
        few = len(rows) <= _MOST_PRINTED
        nothing = "".join(self._inline(block.empty))
        return {
            "title": self._inline(block.title),
            "caption": self._inline(block.caption),
            "svg": name,
            "tall": _is_tall(drawn),
            "alt": letters(f"{plain(block.title)}. {plain(block.caption)}"),
            "nothing": nothing or self._word("page", "nothing_drawn" if rows else "no_rows"),
            "left": self._left(block) if name else "",
            "grid": self._grid(block.rows, chart_columns(block), heads) if few else None,
            "numbers": self._word("page", "numbers"),
            "instead": "" if few else self._say("in_files", n=len(rows), file=f"{block.id}.csv"),
        }

    def _left(self, block: m.Chart) -> str:
        left = left_out(self.document, block)
        if left is None:
            return ""
        key = "lines_left" if block.kind in ("lines", "steps") else "marks_left"
        return self._say(key, drawn=left.drawn, all=left.of)

    def _picture(self, block: m.Picture) -> dict[str, Any]:
        held = {a.sha256: a for a in self.document.attachments}[block.sha256]
        box = self._box(block)
        name = f"picture-{len(self.files)}.svg"
        self.files[name] = _framed(held, box).encode("utf-8")
        marked = f" {self._word('page', 'box')}" if box else ""
        return {
            "file": name,
            "alt": letters(f"{plain(block.alt)}.{marked}"),
            "caption": self._inline(block.caption),
        }

    def _box(self, block: m.Picture) -> list[float] | None:
        if block.box is None:
            return None
        held = [numeric(each) for each in resolve(self.document.data, block.box)]
        ends = [min(1.0, max(0.0, each)) for each in held if each is not None]
        if len(ends) != 4:
            return None
        x0, y0, x1, y1 = ends
        return [x0, y0, x1 - x0, y1 - y0]

    def _fields(self, block: m.Fields) -> dict[str, Any]:
        ways = [item.answered for item in block.items]
        counted = [
            self._say(f"answers.{way}", n=ways.count(way))
            for way in ("computed", "recorded", "open")
            if way in ways
        ]
        return {
            "title": self._inline(block.title),
            "tallies": ", ".join(counted),
            "items": [self._field(item) for item in block.items],
        }

    def _field(self, item: m.PackField) -> dict[str, Any]:
        return {
            "id": letters(item.id),
            "title": self._inline(item.title),
            "answered": item.answered,
            "said": self._word("answered", item.answered) + (":" if item.answer else ""),
            "answer": self._inline(item.answer),
            "by": self._inline(item.by),
            "reason": self._inline(item.open_reason),
            "citation": self._inline(item.citation),
            "status": self._word("field_status", item.status),
            "read": self._word("read", item.read),
        }

    def _grid(self, pointer: str, columns: Sequence[m.Column], heads: int) -> dict[str, Any] | None:
        rows = resolve(self.document.data, pointer)
        if not rows:
            return None
        language = self.document.language
        cells = [
            [
                {"text": letters(t), "why": letters(w)}
                for t, w in (cell(r, c, language) for c in columns)
            ]
            for r in rows
        ]
        right = [c.show.partition(":")[0] in _NUMERIC for c in columns]
        head = ["".join(self._inline(c.title)) for c in columns]
        count = len(columns)
        return {
            "head": head,
            "cells": [c if c["why"] else c["text"] for row in cells for c in row],
            "right": right,
            "wide": count >= _LANDSCAPE_FROM,
            "size": next((n for n, most in enumerate(_SIZES) if count <= most), len(_SIZES)),
            "widths": _widths(head, cells, right),
        }

    def _inline(self, pieces: m.Inline) -> list[str]:
        return [letters(p) if isinstance(p, str) else letters(p.text) for p in pieces]

    def _word(self, group: str, code: str) -> str:
        return catalogue(self.document.language).word(group, code)

    def _say(self, key: str, **fillings: int | str) -> str:
        language = self.document.language
        pieces = catalogue(language).phrase(f"page.{key}").forms["other"]
        texts = {
            name: held if isinstance(held, str) else write(held, "integer", language)
            for name, held in fillings.items()
        }
        return "".join(texts[p] if n % 2 else p for n, p in enumerate(pieces))


def _is_tall(svg: str) -> bool:
    """Whether a drawing as wide as the text would be higher than the page."""
    found = _VIEW.search(svg)
    return found is not None and float(found[2]) > _HIGHEST * float(found[1])


def _framed(held: m.Attachment, box: list[float] | None) -> str:
    """A picture and the frame around a place in it, as SVG: what Typst takes as text."""
    with Image.open(BytesIO(b64decode(held.base64))) as picture:
        width, height = picture.size
    drawn = ""
    if box is not None:
        x, y, w, h = box[0] * width, box[1] * height, box[2] * width, box[3] * height
        for colour, thick in (("#000000", 4), ("#ffb000", 2)):
            drawn += (
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" fill="none" '
                f'stroke="{colour}" stroke-width="{thick * width / 320:.2f}"/>'
            )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
        f'<image width="{width}" height="{height}" '
        f'href="data:{held.media_type};base64,{held.base64}"/>{drawn}</svg>'
    )


def _widths(
    head: list[str], cells: list[list[dict[str, str]]], right: list[bool]
) -> list[tuple[int, bool]]:
    """Letters of each column, and whether it gets just that or a share of what remains.

    Figures get what they need and texts share the rest; where that leaves too little, all share.
    """
    needs = []
    for n, figures in enumerate(right):
        name = max(len(word) for word in (head[n] or "-").split(" ")) + 1
        longest = max(len(row[n]["text"]) + (0 if figures else len(row[n]["why"])) for row in cells)
        reason = min(_REASON, max(len(row[n]["why"]) for row in cells))
        needs.append(max(name, longest, reason))
    if sum(needs) <= _NARROW:
        return [(most, True) for most in needs]
    exact = sum(most for most, figures in zip(needs, right, strict=True) if figures)
    return [
        (most if figures else min(_WIDEST, most), figures and exact <= _NARROW)
        for most, figures in zip(needs, right, strict=True)
    ]


def letters(text: str) -> str:
    """`text` as the fonts can set it: long words may break, other directions are isolated."""
    shown = covered(text)
    if not shown.isascii() and any(unicodedata.bidirectional(c) in _RTL for c in shown):
        return f"{_ISOLATE}{shown}{_END}"
    return _LONG_WORDS.sub(_breakable, shown)


def covered(text: str, *, short: bool = False) -> str:
    """`text` with the numbers of the characters that no font has a picture of.

    `short`: with one mark for each, where there is no room for numbers.
    """
    if text.isascii() and text.isprintable():
        return text
    known = _covered()
    return "".join(
        c if c in " \n\t" or ord(c) in known else _MISSING if short else f"[U+{ord(c):04X}]"
        for c in printable(text)
    )


_LONG_WORDS = re.compile(rf"[^\s<>\"=]{{{_LONGEST_WORD + 1},}}")


def _breakable(found: re.Match[str]) -> str:
    word = found[0]
    step = _LONGEST_WORD // 2
    return _SOFT_BREAK.join(word[n : n + step] for n in range(0, len(word), step))


@cache
def _covered() -> frozenset[int]:
    """The characters of which a font has a picture."""
    with TTFont(_font_folder() / "DejaVuSans.ttf", lazy=True) as font:
        return frozenset(font.getBestCmap())


@cache
def _fonts() -> Any:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(_font_folder())]
    )


def _font_folder() -> Path:
    return Path(mpl.get_data_path()) / "fonts" / "ttf"


@cache
def _layout() -> bytes:
    return resources.files("reports").joinpath("render/document.typ").read_bytes()
