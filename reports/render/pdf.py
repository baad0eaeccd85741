"""A document as a tagged PDF (PDF/UA-1), laid out by Typst.

The layout is `document.typ`; what varies goes in as data and is never read as markup. Fonts are
those of `reports.render.lettering`, so that the same envelope gives the same bytes on every machine
with the same packages; a letter that none of them has is written as its number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import resources
from itertools import groupby
from typing import Any

import typst

from audit.errors import DocumentInvalid
from reports.charts import PAPER, Left, sketch
from reports.charts.reading import cell, plain
from reports.document import model as m
from reports.document.catalogue import catalogue
from reports.document.check import chart_columns
from reports.document.pointers import resolve
from reports.document.values import write
from reports.proof.envelope import Envelope
from reports.render.frames import frame
from reports.render.lettering import compiler_fonts, families, letters, settable
from reports.render.row_heads import NotMarked, Shape, mark_row_heads
from reports.render.table_fitting import fitted

_MOST_PRINTED = 60
"""Rows of a chart's table that are printed under it; longer ones are in the CSV files."""
_CONTENTS_FROM = 4
_MOST_CONTENTS = 30
_LETTERS = ("candidate_notice", "adverse_outcome_disclosure", "explanation_letter")
_LONG = 6000
"""Cells of tables from which on sections begin on new pages."""
_LONG_FIGURE = 11
_NUMERIC = frozenset(
    {"integer", "decimals", "signed", "figures", "percent", "p", "times", "ratio", "between"}
    | {"clock", "seconds", "size"}
)
_VIEW = re.compile(r'viewBox="[\d.-]+ [\d.-]+ ([\d.]+) ([\d.]+)"')
_HIGHEST = 1.25
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
            font_paths=compiler_fonts(),
            format="pdf",
            pdf_standards=["ua-1"],
            timestamp=int(moment.timestamp()),
        )
        return mark_row_heads(made, page.tables)
    except (typst.TypstError, NotMarked) as error:
        raise DocumentInvalid(f"{envelope.document.id}: no PDF could be made: {error}") from None


@dataclass(slots=True)
class _Page:
    """Makes the data of the layout; `files` are the pictures that it names, `tables` its tables."""

    envelope: Envelope
    files: dict[str, bytes] = field(default_factory=dict)
    tables: list[Shape] = field(default_factory=list)

    @property
    def document(self) -> m.Document:
        return self.envelope.document

    def view(self) -> dict[str, Any]:
        """Everything that the layout reads."""
        d, proof = self.document, self.envelope.proof
        blocks = self._blocks()
        sections = [n for n, b in enumerate(blocks) if b["type"] == "heading" and b["level"] == 2]
        moment = datetime.fromisoformat(d.issued_at)
        return {
            "lang": d.language,
            "fonts": families(),
            "title": "".join(self._inline(d.title)),
            "subtitle": "".join(self._inline(d.subtitle)),
            "author": letters(d.publisher) or "Fairwitness",
            "date": {"year": moment.year, "month": moment.month, "day": moment.day},
            "kind": self._word("kind", d.kind),
            "named": plain(d.title) == self._word("kind", d.kind),
            "facts": self._facts(),
            "sha256": proof.document_sha256,
            "attached": self._word("page", "proof"),
            "file": f"{d.id}.pdf",
            "words": {code: self._word("page", code) for code in _WORDS},
            "opening": sections[0] if sections else len(blocks),
            "long": sum(table.rows * table.columns for table in self.tables) > _LONG,
            "contents": self._contents(len(sections)),
            "blocks": blocks,
            "proof": self._proof(),
        }

    def _blocks(self) -> list[dict[str, Any]]:
        """The blocks; pictures that follow one another are one, to be set side by side."""
        made: list[dict[str, Any]] = []
        for shows, held in groupby(self.document.blocks, key=lambda b: isinstance(b, m.Picture)):
            items = [self._block(block) for block in held]
            made += [{"type": "pictures", "items": items}] if shows else items
        return made

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
        found = sketch(document, block, PAPER)
        drawn = settable(found.svg)
        name = f"{block.id}.svg" if drawn else ""
        if drawn:
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
            "left": self._left(block, found.left) if name else "",
            "grid": self._grid(block.rows, chart_columns(block), heads) if few else None,
            "numbers": self._word("page", "numbers"),
            "instead": "" if few else self._say("in_files", n=len(rows), file=f"{block.id}.csv"),
        }

    def _left(self, block: m.Chart, left: Left | None) -> str:
        if left is None:
            return ""
        key = "lines_left" if block.kind in ("lines", "steps") else "marks_left"
        return self._say(key, drawn=left.drawn, all=left.of)

    def _picture(self, block: m.Picture) -> dict[str, Any]:
        shown = frame(self.document, block)
        name = f"picture-{len(self.files)}.svg"
        self.files[name] = shown.svg().encode("utf-8")
        marked = f" {self._word('page', 'box')}" if shown.box else ""
        return {
            "file": name,
            "tall": shown.height > shown.width,
            "alt": letters(f"{plain(block.alt)}.{marked}"),
            "caption": self._inline(block.caption),
        }

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
        self.tables.append(Shape(len(rows), len(columns), heads))
        return {
            "head": head,
            "cells": [c if c["why"] else c["text"] for row in cells for c in row],
            "right": right,
            **fitted(head, cells, right),
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


@cache
def _layout() -> bytes:
    return resources.files("reports").joinpath("render/document.typ").read_bytes()
