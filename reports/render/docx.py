"""A document for those who have to edit it: DOCX, with the signed document inside.

What is written here is what the PDF writes, with the styles of word processors. The copy says in
its first line that it is no longer the signed document once it is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import Any, cast
from zipfile import ZipFile

import docx
from docx.document import Document as WordDocument
from docx.opc.packuri import PackURI
from docx.opc.part import Part

from reports.charts import chart_png, drawable, left_out
from reports.charts.raster import png
from reports.charts.reading import cell, plain
from reports.document import model as m
from reports.document.catalogue import catalogue
from reports.document.characters import printable
from reports.document.check import chart_columns
from reports.document.pointers import resolve
from reports.document.values import write
from reports.proof.envelope import Envelope
from reports.proof.zips import write_zip
from reports.render import docx_parts as p
from reports.render.docx_styles import TONES, set_up
from reports.render.frames import frame
from reports.render.lettering import font_folder

_MOST_PRINTED = 60
"""Rows of a chart's table that stand under it; longer ones are in the CSV files."""
_CHART_PIXELS = 1360
_TEXT_WIDTH = 166 * 36000
"""Between the margins, in EMU."""
_FRAME_WIDTH = _TEXT_WIDTH * 6 // 10
_RIGHT = frozenset(
    {"integer", "decimals", "signed", "figures", "percent", "p", "times", "ratio"}
    | {"between", "clock", "seconds", "size"}
)
_ANSWERED = {"computed": "#1D5B94", "recorded": "#007A58", "open": "#A63D00"}
_KEY_TONES = {"attention": "#A63D00", "inconclusive": "#5B5373", "plain": "bold"}
_SOURCE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/package"
_STRANGE = ("/thumbnail", "/extended-properties")
"""What the library's empty document says of the program that made it."""


def render_docx(envelope: Envelope) -> bytes:
    """A DOCX file whose package holds the envelope as `document.json`.

    The same envelope gives the same bytes.

    Raises:
        Unresolved, NotWritable: of a document in which `reports.document.check` finds faults.
    """
    word = docx.Document()
    set_up(word, envelope.document.language)
    writer = _Writer(envelope, word)
    writer.opening()
    for block in envelope.document.blocks:
        writer.block(block)
    writer.proof()
    _describe(word, envelope)
    _attach(word, envelope.json_bytes)
    return _packed(word)


@dataclass(slots=True)
class _Writer:
    """Appends parts of one document to a word processor's file."""

    envelope: Envelope
    word: WordDocument
    pictures: int = field(default=0)

    @property
    def document(self) -> m.Document:
        return self.envelope.document

    def opening(self) -> None:
        """The warning, then what the document is."""
        d, digest = self.document, self.envelope.proof.document_sha256
        warning = self._say("files.edited", hash=digest)
        self._add(p.paragraph("Notice", [warning], more=p.bordered(TONES["attention"])))
        self._add(p.paragraph("Small", [self._word("kind", d.kind)], keep=True))
        self._add(p.paragraph("Title", self._inline(d.title)))
        if d.subtitle:
            self._add(p.paragraph("Subtitle", self._inline(d.subtitle)))
        issued = f"{self._word('page', 'issued')} {write(d.issued_at, 'moment', d.language)}"
        by = [f"{self._word('page', 'publisher')} ", d.publisher, " · "] if d.publisher else []
        named = f" · {self._word('page', 'report')} {d.id}"
        self._add(p.paragraph("Small", [*by, issued, named]))
        self._footer(digest)

    def block(self, block: m.Block) -> None:
        """One block."""
        ways: dict[type[Any], Callable[[Any], None]] = {
            m.Heading: self._heading,
            m.Text: self._text,
            m.Points: self._points,
            m.Notice: self._notice,
            m.Figures: self._figures,
            m.Table: self._table,
            m.Chart: self._chart,
            m.Picture: self._picture,
            m.Fields: self._fields,
        }
        ways[type(block)](block)

    def proof(self) -> None:
        """What the file says of its signature."""
        d, proof = self.document, self.envelope.proof
        self._add(p.paragraph("Heading1", [self._word("page", "proof")], keep=True))
        self._add(p.paragraph("Normal", [self._word("page", "proof_about")]))
        rows = [
            ("document_hash", proof.document_sha256),
            ("key", proof.key_id),
            ("signed", write(proof.signed_at, "moment", d.language)),
            *(("source", f"{s.name} {s.id} {s.sha256}") for s in d.sources),
            *(("rules", f"{u.id} {u.version} {u.sha256}") for u in d.packs),
            ("software", f"{d.software.name} {d.software.version}"),
        ]
        head = proof.ledger_head
        if head is not None:
            rows.append(("ledger_entries", write(head.size, "integer", d.language)))
            rows.append(("ledger_root", head.root))
        cells = [[self._word("page", name), value] for name, value in rows]
        self._grid(("proof_of", "proof_value"), cells, self._word("page", "proof"))

    def _heading(self, block: m.Heading) -> None:
        self._add(p.paragraph(f"Heading{block.level - 1}", self._inline(block.text), keep=True))

    def _text(self, block: m.Text) -> None:
        self._add(p.paragraph("Lead" if block.lead else "Normal", self._inline(block.text)))

    def _points(self, block: m.Points) -> None:
        style = "ListNumber" if block.ordered else "ListBullet"
        more = p.numbered(self._new_list()) if block.ordered else ""
        for item in block.items:
            self._add(p.paragraph(style, self._inline(item), more=more))

    def _notice(self, block: m.Notice) -> None:
        colour = TONES[block.tone]
        said = (f"{self._word('tone', block.tone)}: ", f"#{colour}")
        title = [(piece, "bold") for piece in self._inline(block.title)]
        bar = p.bordered(colour)
        self._add(p.paragraph("Notice", [said, *title, "\n", *self._inline(block.text)], more=bar))

    def _figures(self, block: m.Figures) -> None:
        title = self._inline(block.title)
        if title:
            self._add(p.paragraph("Caption", title, keep=True))
        rows = []
        for key in block.items:
            told = {"attention": "needs_attention", "inconclusive": "cannot_tell"}.get(key.tone)
            said = [f"{self._word('page', told)}. "] if told else []
            value = p.Cell(((key.value.text, _KEY_TONES[key.tone]),))
            note = p.Cell((*said, *self._inline(key.note)))
            rows.append((p.Cell(self._inline(key.label)), value, note))
        head = [
            p.Cell((self._word("files", name),)) for name in ("key_figure", "key_value", "key_note")
        ]
        self._add_table(p.Grid(tuple(head), tuple(rows), 1, plain(block.title)))

    def _table(self, block: m.Table) -> None:
        empty = plain(block.empty) or self._word("page", "no_rows")
        heads = min(block.head, len(block.columns))
        self._rows(block.title, block.rows, block.columns, heads, empty)
        if block.note:
            self._add(p.paragraph("Small", self._inline(block.note)))

    def _chart(self, block: m.Chart) -> None:
        document = self.document
        rows = resolve(document.data, block.rows)
        self._add(p.paragraph("Caption", self._inline(block.title), keep=True))
        self._add(p.paragraph("Normal", self._inline(block.caption), keep=True))
        if drawable(document, block):
            data = chart_png(document, block, _CHART_PIXELS, fonts=[font_folder()])
            self._image(data, f"{plain(block.title)}. {plain(block.caption)}", _TEXT_WIDTH)
            self._left(block)
        else:
            nothing = plain(block.empty)
            said = nothing or self._word("page", "nothing_drawn" if rows else "no_rows")
            self._add(p.paragraph("Small", [said]))
        if len(rows) > _MOST_PRINTED:
            count = write(len(rows), "integer", document.language)
            said = self._say("page.in_files", n=count, file=f"{block.id}.csv")
            self._add(p.paragraph("Small", [said]))
        elif rows:
            heads = max(1, sum(way is not None for way in (block.label, block.series)))
            self._rows((), block.rows, chart_columns(block), heads, plain(block.title))

    def _left(self, block: m.Chart) -> None:
        left = left_out(self.document, block)
        if left is not None:
            key = "lines_left" if block.kind in ("lines", "steps") else "marks_left"
            counts = {"drawn": left.drawn, "all": left.of}
            told = {n: write(c, "integer", self.document.language) for n, c in counts.items()}
            self._add(p.paragraph("Small", [self._say(f"page.{key}", **told)]))

    def _picture(self, block: m.Picture) -> None:
        held = frame(self.document, block)
        data, alt = held.bytes, plain(block.alt)
        if held.box is not None:
            data = png(held.svg(), held.width, held.width, [font_folder()])
            alt = f"{alt}. {self._word('page', 'box')}"
        self._image(data, alt, _FRAME_WIDTH)
        self._add(p.paragraph("Small", self._inline(block.caption)))

    def _fields(self, block: m.Fields) -> None:
        self._add(p.paragraph("Caption", self._inline(block.title), keep=True))
        for item in block.items:
            self._field(item)

    def _field(self, item: m.PackField) -> None:
        said = (self._word("answered", item.answered), _ANSWERED[item.answered])
        title = [(piece, "bold") for piece in self._inline(item.title)]
        lines: list[list[p.Run]] = [[*title], [said]]
        if item.answer:
            lines[1] += [": ", *self._inline(item.answer)]
        if item.by:
            lines.append([f"{self._word('page', 'by')}: ", *self._inline(item.by)])
        if item.open_reason:
            lines.append([*self._inline(item.open_reason)])
        for line in lines:
            self._add(p.paragraph("Cell", line, keep=True))
        status = self._word("field_status", item.status)
        read = self._word("read", item.read)
        about = [*self._inline(item.citation), f" · {status} · {read} · {item.id}"]
        self._add(p.paragraph("Small", about))

    def _rows(
        self, title: m.Inline, at: str, columns: Sequence[m.Column], heads: int, other: str
    ) -> None:
        """A table; `other` stands in the place of one without rows, and of a missing title."""
        if title:
            self._add(p.paragraph("Caption", self._inline(title), keep=True))
        rows = resolve(self.document.data, at)
        if not rows:
            self._add(p.paragraph("Small", [other]))
            return
        right = [c.show.partition(":")[0] in _RIGHT for c in columns]
        head = tuple(
            p.Cell(self._inline(c.title), side) for c, side in zip(columns, right, strict=True)
        )
        made = tuple(
            tuple(self._cell(row, c, side) for c, side in zip(columns, right, strict=True))
            for row in rows
        )
        self._add_table(p.Grid(head, made, heads, plain(title) or other))

    def _cell(self, row: Any, column: m.Column, right: bool) -> p.Cell:
        text, why = cell(row, column, self.document.language)
        return p.Cell((text, (f" {why}", "soft")) if why else (text,), right)

    def _grid(self, names: tuple[str, str], rows: list[list[str]], title: str) -> None:
        head = tuple(p.Cell((self._word("files", name),)) for name in names)
        made = tuple(tuple(p.Cell((text,)) for text in row) for row in rows)
        self._add_table(p.Grid(head, made, 1, title))

    def _add_table(self, grid: p.Grid) -> None:
        wide = len(grid.head) >= p.WIDE_FROM
        if wide:
            self._add(p.section_end(wide=False))
        self._add(p.table(grid))
        self._add(p.section_end(wide=True) if wide else p.paragraph("Cell", []))

    def _image(self, data: bytes, alt: str, widest: int) -> None:
        self.pictures += 1
        relation, image = self.word.part.get_or_add_image(BytesIO(data))
        held = p.Drawing(relation, self.pictures, image.px_width, image.px_height, alt)
        self._add(p.picture(held, widest))

    def _new_list(self) -> int:
        """The number of a list that begins with one."""
        numbers = self.word.part.numbering_part.element
        style = self.word.styles["List Number"].element
        kind = numbers.num_having_numId(style.pPr.numPr.numId.val).abstractNumId.val
        made = numbers.add_num(kind)
        made.add_lvlOverride(ilvl=0).add_startOverride(1)
        return cast("int", made.numId)

    def _footer(self, digest: str) -> None:
        footer = self.word.sections[0].footer
        footer.is_linked_to_previous = False
        body = footer._element
        for held in list(body):
            body.remove(held)
        named = f"{self._word('page', 'document_hash')} "
        body.append(p.paragraph("Footer", [named, (digest, "mono")]))
        count = (
            p.runs_xml([f"{self._word('page', 'page')} "])
            + p.field("PAGE")
            + p.runs_xml([f" {self._word('page', 'of')} "])
            + p.field("NUMPAGES")
        )
        body.append(p.raw_paragraph("Footer", count))

    def _add(self, element: Any) -> None:
        self.word.element.body.insert(-1, element)  # the last one holds the size of the page

    def _inline(self, pieces: m.Inline) -> tuple[str, ...]:
        return tuple(piece if isinstance(piece, str) else piece.text for piece in pieces)

    def _word(self, group: str, code: str) -> str:
        return catalogue(self.document.language).word(group, code)

    def _say(self, key: str, **fillings: str) -> str:
        pieces = catalogue(self.document.language).phrase(key).forms["other"]
        return "".join(fillings[piece] if n % 2 else piece for n, piece in enumerate(pieces))


def _describe(word: WordDocument, envelope: Envelope) -> None:
    """Properties that word processors show; nothing of the time or the place of rendering."""
    d = envelope.document
    moment = datetime.fromisoformat(d.issued_at).replace(tzinfo=None)
    held = word.core_properties
    held.title, held.subject = plain(d.title)[:255], plain(d.subtitle)[:255]
    held.author = held.last_modified_by = (printable(d.publisher) or d.software.name)[:255]
    held.created = held.modified = held.last_printed = moment
    held.identifier, held.language, held.revision = d.id, d.language, 1
    held.comments, held.keywords = f"SHA-256 {envelope.proof.document_sha256}", ""


def _attach(word: WordDocument, data: bytes) -> None:
    package = word.part.package
    for relation, held in list(package.rels.items()):
        if held.reltype.endswith(_STRANGE):
            del package.rels[relation]
    part = Part(PackURI("/document.json"), "application/json", data, package)
    package.relate_to(part, _SOURCE)


def _packed(word: WordDocument) -> bytes:
    """The package as an archive of one date, its members in one order."""
    saved = BytesIO()
    word.save(saved)
    with ZipFile(saved) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    first = "[Content_Types].xml"
    names: Iterable[str] = (first, *sorted(name for name in members if name != first))
    return write_zip({name: members[name] for name in names})
