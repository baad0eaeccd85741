"""A document as one self-contained HTML page that needs neither a network nor a script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.charts import NARROW, WIDE, chart_svg, drawable, left_out
from reports.charts.reading import numeric, plain
from reports.document import model as m
from reports.document.characters import printable
from reports.document.check import chart_columns
from reports.document.pointers import resolve
from reports.document.values import write
from reports.proof.envelope import Envelope
from reports.render.html_crossing import Crossed, crossed
from reports.render.html_writing import Writer, markup

_CONTENTS_FROM = 4
"""Sections from which on a page has a table of contents."""
_FOLDED_FROM = 14
"""Entries from which on the contents are folded on small screens."""
_MOST_PRINTED = 60
"""Rows of a chart's table that are printed under it; longer ones stay folded."""
_WIDE, _WIDEST = 4, 10
"""Columns from which on a table keeps its first one in sight, and is printed in small letters."""
_MIDDLE, _LONG = 10, 20
"""Letters from which on a key figure is set smaller, and in as many lines as it needs."""
_ANSWERS = ("computed", "recorded", "open")


def render_html(envelope: Envelope) -> bytes:
    """The page of an envelope: UTF-8, the same bytes for the same envelope.

    It holds the envelope's JSON in the element `fairwitness-envelope`. Every value of the data
    stands in an element whose `data-at` is the JSON pointer of its field and whose `data-show` is
    the way of writing, `text` where there is none. Nothing is loaded, and no script runs.

    Raises:
        Unresolved, NotWritable: of a document in which `reports.document.check` finds faults.
    """
    document = envelope.document
    writer = Writer(document)
    sections = list(_sections(document))
    style = _style()
    page = (
        _environment()
        .get_template("document.html")
        .render(
            d=document,
            proof=envelope.proof,
            envelope=_embedded(envelope),
            view=_View(writer),
            w=writer,
            word=lambda code: writer.word("page", code),
            opening=sections[0],
            sections=sections[1:],
            contents=_contents(sections[1:]),
            style=markup(style),
            style_hash=_source_hash(style),
            title=plain(document.title),
        )
    )
    return page.encode("utf-8")


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks up to the next heading of level two; pictures that follow one another in one run."""

    heading: m.Heading | None
    runs: list[list[m.Block]]


@dataclass(frozen=True, slots=True)
class Contents:
    """Headings of levels two and three; `folded`: whether there are many."""

    entries: list[tuple[m.Heading, list[m.Heading]]]
    folded: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """How many fields are answered in one way."""

    way: str
    text: str


@dataclass(frozen=True, slots=True)
class _View:
    """What templates ask about blocks."""

    writer: Writer

    def columns(self, chart: m.Chart) -> list[m.Column]:
        """Columns of the table with a chart's numbers."""
        return chart_columns(chart)

    def heads(self, chart: m.Chart) -> int:
        """How many of these columns name a row."""
        return max(1, sum(way is not None for way in (chart.label, chart.series)))

    def drawings(self, chart: m.Chart) -> list[Markup]:
        """The chart for wide and for narrow screens; none where nothing can be drawn."""
        document = self.writer.document
        if not drawable(document, chart):
            return []
        return [markup(chart_svg(document, chart, theme)) for theme in (WIDE, NARROW)]

    def left(self, chart: m.Chart) -> str:
        """What the drawing leaves to the table."""
        left = left_out(self.writer.document, chart)
        if left is None:
            return ""
        key = "lines_left" if chart.kind in ("lines", "steps") else "marks_left"
        return self.writer.say(key, drawn=left.drawn, all=left.of)

    def width(self, columns: int) -> Markup:
        """The class of a table with so many columns."""
        if columns <= _WIDE:
            return Markup("")
        return markup(' class="wide widest"' if columns > _WIDEST else ' class="wide"')

    def slim(self, chart: m.Chart) -> bool:
        """Whether the chart's table is so narrow that two of its pieces fit beside one another."""
        return len(self.columns(chart)) <= 3 and self.crossed(chart) is None

    def printed(self, chart: m.Chart) -> bool:
        """Whether the table with a chart's numbers is short enough to print under it."""
        return len(self.writer.rows(chart.rows)) <= _MOST_PRINTED

    def crossed(self, chart: m.Chart) -> Crossed | None:
        """The chart's numbers with a column for each series, where that says everything."""
        return crossed(self.writer, chart)

    def size(self, key: m.Key) -> str:
        """The class of a key figure that is too long for large letters."""
        letters = len(key.value.text)
        return " is-long" if letters > _LONG else " is-middle" if letters > _MIDDLE else ""

    def picture(self, block: m.Picture) -> str:
        """The picture itself, as a data URI."""
        held = {a.sha256: a for a in self.writer.document.attachments}[block.sha256]
        return f"data:{held.media_type};base64,{held.base64}"

    def alt(self, block: m.Picture) -> str:
        """What those hear who cannot see the picture."""
        marked = self.writer.word("page", "box")
        return f"{plain(block.alt)}. {marked}" if self.box(block) else plain(block.alt)

    def box(self, block: m.Picture) -> dict[str, float] | None:
        """The rectangle to draw, in shares of the frame."""
        if block.box is None:
            return None
        held = [numeric(each) for each in resolve(self.writer.document.data, block.box)]
        ends = [min(1.0, max(0.0, each)) for each in held if each is not None]
        if len(ends) != 4:
            return None
        x0, y0, x1, y1 = ends
        return {"x": x0, "y": y0, "width": round(x1 - x0, 6), "height": round(y1 - y0, 6)}

    def tallies(self, block: m.Fields) -> list[Tally]:
        """How many fields are computed, recorded and open."""
        ways = [field.answered for field in block.items]
        return [
            Tally(way, self.writer.say(f"answers.{way}", n=ways.count(way)))
            for way in _ANSWERS
            if way in ways
        ]

    def entries(self, count: int) -> str:
        """A count that belongs to the proof."""
        return write(count, "integer", self.writer.document.language)


def _sections(document: m.Document) -> Iterator[Section]:
    """The opening, which may be empty, then one section for each heading of level two."""
    heading: m.Heading | None = None
    blocks: list[m.Block] = []
    for block in document.blocks:
        if isinstance(block, m.Heading) and block.level == 2:
            yield Section(heading, _runs(blocks))
            heading, blocks = block, []
        else:
            blocks.append(block)
    yield Section(heading, _runs(blocks))


def _runs(blocks: list[m.Block]) -> list[list[m.Block]]:
    made: list[list[m.Block]] = []
    for pictures, found in groupby(blocks, key=lambda block: isinstance(block, m.Picture)):
        run = list(found)
        made += [run] if pictures else [[block] for block in run]
    return made


def _contents(sections: list[Section]) -> Contents | None:
    if len(sections) < _CONTENTS_FROM:
        return None
    entries = [
        (
            section.heading,
            [b for run in section.runs for b in run if isinstance(b, m.Heading) and b.level == 3],
        )
        for section in sections
        if section.heading is not None
    ]
    return Contents(entries, sum(1 + len(inner) for _, inner in entries) >= _FOLDED_FROM)


def _embedded(envelope: Envelope) -> Markup:
    """The envelope's JSON without a letter that could end the element or open another."""
    text = envelope.json_bytes.decode("utf-8")
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return markup(text)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["printable"] = printable
    return environment


@cache
def _style() -> str:
    return resources.files("reports").joinpath("templates/document.css").read_text("utf-8")


def _source_hash(text: str) -> str:
    """The hash source that lets exactly this text be a style sheet (CSP level 2)."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
