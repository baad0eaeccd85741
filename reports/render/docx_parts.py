"""Paragraphs, tables and pictures of a word processor's file, put together as XML.

The library's own tables look a cell up by counting all cells; long documents would take minutes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from docx.oxml.ns import nsdecls
from docx.oxml.parser import parse_xml

from reports.document.characters import printable
from reports.render.docx_styles import RULE, SOFT, TINT

Run = str | tuple[str, str]
"""A piece of text, and how it is set: `bold`, `soft`, `mono` or a colour `#RRGGBB`."""

_LOOKS = {
    "bold": "<w:b/>",
    "soft": f'<w:color w:val="{SOFT}"/>',
    "mono": '<w:rStyle w:val="Mono"/>',
}
_RTL = ("R", "AL")
_MOST, _LONGEST_WORD = 40, 20
_EDGES = 2
"""Letters that the edges of a cell take."""
_LETTER = 112
"""Width of a letter of a cell."""
_EMU_PER_PIXEL = 9525
_HIGHEST = 225 * 36000
_PICTURE = "http://schemas.openxmlformats.org/drawingml/2006/picture"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its pieces, whether it is aligned at the right."""

    runs: tuple[Run, ...]
    right: bool = False

    @property
    def letters(self) -> int:
        """How many letters it has."""
        return len(self._text)

    @property
    def longest_word(self) -> int:
        """Letters of its longest word, up to where words may break."""
        return min(_LONGEST_WORD, max(map(len, self._text.split()), default=0))

    @property
    def _text(self) -> str:
        return "".join(run if isinstance(run, str) else run[0] for run in self.runs)


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: the names of its columns, its rows; `heads` first cells name their row."""

    head: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    heads: int
    title: str
    """Read out by screen readers."""


def paragraph(style: str, runs: Iterable[Run], *, keep: bool = False, more: str = "") -> Any:
    """A paragraph of a style, by its id. `keep`: on the page of the next; `more`: properties."""
    return _parsed(_paragraph(style, runs, ("<w:keepNext/>" if keep else "") + more))


def bordered(colour: str) -> str:
    """Properties of a paragraph with a bar at its left and a tint behind."""
    return (
        f'<w:pBdr><w:left w:val="single" w:sz="18" w:space="8" w:color="{colour}"/></w:pBdr>'
        f'<w:shd w:val="clear" w:color="auto" w:fill="{TINT}"/>'
    )


def numbered(number: int) -> str:
    """Properties of an item of the list with that number."""
    return f'<w:numPr><w:ilvl w:val="0"/><w:numId w:val="{number}"/></w:numPr>'


def section_end(*, wide: bool) -> Any:
    """A paragraph that ends a part of the document with pages upright or turned."""
    width, height = (16838, 11906) if wide else (11906, 16838)
    turned = ' w:orient="landscape"' if wide else ""
    properties = (
        f'<w:sectPr><w:pgSz w:w="{width}" w:h="{height}"{turned}/>'
        '<w:pgMar w:top="1247" w:right="1247" w:bottom="1361" w:left="1247" '
        'w:header="708" w:footer="708" w:gutter="0"/></w:sectPr>'
    )
    return _parsed(f"<w:p><w:pPr>{properties}</w:pPr></w:p>")


def table(grid: Grid) -> Any:
    """A table whose first row is repeated on each page and marked as its head."""
    widths = _widths(grid)
    columns = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    head = _row(grid.head, widths, len(grid.head), head=True)
    body = "".join(_row(row, widths, grid.heads) for row in grid.rows)
    return _parsed(
        f'<w:tbl><w:tblPr><w:tblW w:w="5000" w:type="pct"/>{_BORDERS}'
        f'<w:tblLayout w:type="fixed"/>{_MARGINS}{_LOOK}'
        f"<w:tblCaption w:val={quoteattr(printable(grid.title))}/></w:tblPr>"
        f"<w:tblGrid>{columns}</w:tblGrid>{head}{body}</w:tbl>"
    )


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture in the text: its part's relation, number, size in pixels, and what it shows."""

    relation: str
    number: int
    width: int
    height: int
    alt: str


def picture(held: Drawing, widest: int) -> Any:
    """A paragraph with a picture, as wide as `widest` (EMU) and as high as a page at most."""
    room = (widest / held.width, _HIGHEST / held.height)
    scale = min(1.0, *(each / _EMU_PER_PIXEL for each in room))
    wide = int(held.width * _EMU_PER_PIXEL * scale)
    high = int(held.height * _EMU_PER_PIXEL * scale)
    name = f'id="{held.number}" name="Picture {held.number}"'
    return _parsed(
        '<w:p><w:pPr><w:keepNext/></w:pPr><w:r><w:drawing><wp:inline distT="0" distB="0" '
        f'distL="0" distR="0"><wp:extent cx="{wide}" cy="{high}"/>'
        f"<wp:docPr {name} descr={quoteattr(printable(held.alt))}/>"
        f'<a:graphic><a:graphicData uri="{_PICTURE}"><pic:pic><pic:nvPicPr><pic:cNvPr {name}/>'
        f'<pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed="{held.relation}"/>'
        "<a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm>"
        f'<a:off x="0" y="0"/><a:ext cx="{wide}" cy="{high}"/></a:xfrm>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData>'
        "</a:graphic></wp:inline></w:drawing></w:r></w:p>"
    )


def field(instruction: str) -> str:
    """XML of a value that the word processor fills in, as PAGE."""
    return f'<w:fldSimple w:instr="{instruction}"><w:r><w:t>1</w:t></w:r></w:fldSimple>'


def raw_paragraph(style: str, inner: str) -> Any:
    """A paragraph of XML that was put together by `runs_xml` and `field`."""
    return _parsed(f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{inner}</w:p>')


def runs_xml(runs: Iterable[Run]) -> str:
    """XML of pieces of text; what looks alike and goes in one direction becomes one piece."""
    pieces = (
        (printable(run), "") if isinstance(run, str) else (printable(run[0]), run[1])
        for run in runs
    )
    joined = groupby(pieces, key=lambda piece: (piece[1], _turned(piece[0])))
    return "".join(
        _run("".join(text for text, _ in held), look, turned=turned)
        for (look, turned), held in joined
    )


def _paragraph(style: str, runs: Iterable[Run], more: str = "") -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{more}</w:pPr>{runs_xml(runs)}</w:p>'


def _run(text: str, look: str, *, turned: bool) -> str:
    coloured = f'<w:b/><w:color w:val="{look[1:]}"/>' if look.startswith("#") else ""
    how = (coloured or _LOOKS.get(look, "")) + ("<w:rtl/>" if turned else "")
    pieces = "<w:br/>".join(
        f'<w:t xml:space="preserve">{escape(line)}</w:t>' for line in text.split("\n")
    )
    return f"<w:r><w:rPr>{how}</w:rPr>{pieces}</w:r>" if how else f"<w:r>{pieces}</w:r>"


def _turned(text: str) -> bool:
    """Whether its first letter that has a direction is of a script from right to left."""
    strong = (unicodedata.bidirectional(each) for each in text)
    return next((d for d in strong if d in ("L", *_RTL)), "L") in _RTL


def _row(cells: Sequence[Cell], widths: Sequence[int], heads: int, *, head: bool = False) -> str:
    kept = "<w:cantSplit/>" + ("<w:tblHeader/>" if head else "")
    made = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{widths[n]}" w:type="dxa"/>'
        + (f'<w:shd w:val="clear" w:color="auto" w:fill="{TINT}"/>' if head else "")
        + ('<w:vAlign w:val="bottom"/></w:tcPr>' if head else "</w:tcPr>")
        + _paragraph("Cell", _named(cell.runs, n < heads), _side(cell.right) if cell.right else "")
        + "</w:tc>"
        for n, cell in enumerate(cells)
    )
    return f"<w:tr><w:trPr>{kept}</w:trPr>{made}</w:tr>"


def _named(runs: Sequence[Run], named: bool) -> list[Run]:
    return [(run, "bold") if named and isinstance(run, str) else run for run in runs]


def _side(right: bool) -> str:
    return '<w:jc w:val="right"/>' if right else ""


def _widths(grid: Grid) -> list[int]:
    """Widths in twentieths of a point: longest words first, then room after the longest cells."""
    columns = list(zip(grid.head, *grid.rows, strict=True))
    least = [max(cell.longest_word for cell in column) + _EDGES for column in columns]
    most = [max(min(_MOST, cell.letters) for cell in column) + _EDGES for column in columns]
    wants = [max(0, m - n) + 1 for m, n in zip(most, least, strict=True)]
    room = _WIDE if len(columns) >= WIDE_FROM else _UPRIGHT
    free = max(0, room - _LETTER * sum(least))
    shares = [_LETTER * n + free * w // sum(wants) for n, w in zip(least, wants, strict=True)]
    return [room * share // sum(shares) for share in shares]


def _parsed(xml: str) -> Any:
    at = xml.index(">") if xml.index(">") < xml.find(" ") or " " not in xml else xml.index(" ")
    names = nsdecls("w", "wp", "a", "pic", "r")
    return parse_xml(f"{xml[:at]} {names}{xml[at:]}")


WIDE_FROM = 9
"""Columns from which on a table turns its page."""
_UPRIGHT, _WIDE = 9412, 14344
_BORDERS = (
    "<w:tblBorders>"
    f'<w:top w:val="single" w:sz="8" w:space="0" w:color="{SOFT}"/>'
    f'<w:bottom w:val="single" w:sz="8" w:space="0" w:color="{SOFT}"/>'
    f'<w:insideH w:val="single" w:sz="4" w:space="0" w:color="{RULE}"/></w:tblBorders>'
)
_MARGINS = (
    '<w:tblCellMar><w:top w:w="40" w:type="dxa"/><w:left w:w="70" w:type="dxa"/>'
    '<w:bottom w:w="40" w:type="dxa"/><w:right w:w="70" w:type="dxa"/></w:tblCellMar>'
)
_LOOK = (
    '<w:tblLook w:val="04A0" w:firstRow="1" w:lastRow="0" w:firstColumn="1" w:lastColumn="0" '
    'w:noHBand="0" w:noVBand="1"/>'
)
