"""The tables and charts of a document as CSV files, with the signed document, in one archive.

Values are those of the data, not as the document writes them: numbers in full (RFC 8785), codes as
codes. `_columns.csv` leads from each column to its place in the data; no block can have that name.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from audit.canonical import canonical_json
from reports.charts.reading import plain
from reports.document import model as m
from reports.document.catalogue import catalogue
from reports.document.characters import printable
from reports.document.check import chart_columns
from reports.document.pointers import resolve
from reports.document.values import write
from reports.proof.envelope import Envelope
from reports.proof.zips import write_zip

COLUMNS = "_columns.csv"
DOCUMENT = "document.json"

# A field that begins like this is taken for a formula by spreadsheets; the wide forms too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_UNITS = {
    **dict.fromkeys(("percent",), "share"),
    **dict.fromkeys(("p",), "probability"),
    **dict.fromkeys(("clock", "seconds"), "seconds"),
    **dict.fromkeys(("size",), "bytes"),
    **dict.fromkeys(("times",), "factor"),
    **dict.fromkeys(("ratio",), "ratio"),
    **dict.fromkeys(("integer", "decimals", "signed", "figures"), "number"),
    **dict.fromkeys(("word",), "code"),
    **dict.fromkeys(("yes_no",), "truth"),
    **dict.fromkeys(("date", "moment"), "day"),
}


def render_csv(envelope: Envelope) -> bytes:
    """A zip archive with a CSV file for each table and chart, named after the block.

    The same envelope gives the same bytes.

    Raises:
        Unresolved: of a document in which `reports.document.check` finds faults.
    """
    tables = [
        _Sheet(envelope.document, block)
        for block in envelope.document.blocks
        if isinstance(block, m.Table | m.Chart)
    ]
    return write_zip(
        {
            "README.txt": _readme(envelope, tables),
            **{table.name: table.csv() for table in tables},
            COLUMNS: _columns(envelope.document, tables),
            DOCUMENT: envelope.json_bytes,
        }
    )


@dataclass(frozen=True, slots=True)
class _Field:
    """One column of a file: its title, where an item holds its value, and how it is shown."""

    title: str
    at: str
    show: str
    value: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Sheet:
    document: m.Document
    block: m.Table | m.Chart

    @property
    def name(self) -> str:
        return f"{self.block.id}.csv"

    @property
    def rows(self) -> list[Any]:
        found: list[Any] = resolve(self.document.data, self.block.rows)
        return found

    def csv(self) -> bytes:
        fields = self.fields()
        rows = ([_cell(field.value(row)) for field in fields] for row in self.rows)
        return _text([[_cell(field.title) for field in fields], *rows])

    def fields(self) -> list[_Field]:
        block = self.block
        columns = chart_columns(block) if isinstance(block, m.Chart) else block.columns
        held = (field for column in columns for field in self._fields(column))
        made = list({(field.title, field.at): field for field in held}.values())
        titles = [field.title for field in made]
        return [
            field
            if titles.count(field.title) == 1
            else _Field(f"{field.title} ({field.at})", field.at, field.show, field.value)
            for field in made
        ]

    def _fields(self, column: m.Column) -> Iterator[_Field]:
        title, at, show = plain(column.title), column.at, column.show
        way, _, inner = show.partition(":")
        if way == "between":
            for place, end in enumerate(("low", "high")):
                named = f"{title}, {_word(self.document, 'files', end)}"
                yield _Field(named, f"{at}/{place}", inner or "decimals", _end(at, place))
        else:
            yield _Field(title, at, show, lambda row: resolve(row, at))
        if column.empty_at is not None:
            reason, why = column.empty_at, _word(self.document, "files", "why")
            empty = _reason(at, reason)
            yield _Field(f"{title}: {why}", reason, "text", empty)


def _end(at: str, place: int) -> Callable[[Any], Any]:
    def value(row: Any) -> Any:
        ends = resolve(row, at)
        return None if ends is None else ends[place]

    return value


def _reason(at: str, reason: str) -> Callable[[Any], Any]:
    """Why there is no value; nothing where there is one."""
    return lambda row: resolve(row, reason) if resolve(row, at) is None else None


def _cell(value: Any) -> str:
    """A value as a field of a file: nothing for null, lists of texts with commas between them."""
    if value is None:
        return ""
    if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
        value = ", ".join(value)
    if isinstance(value, str):
        text = printable(value)
        return f"'{text}" if text.startswith(_FORMULA) else text
    return canonical_json(value).decode()


def _text(rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def _columns(document: m.Document, sheets: Sequence[_Sheet]) -> bytes:
    names = ("file", "block", "title", "list", "column", "at", "show", "unit")
    rows = [[_word(document, "files_column", name) for name in names]]
    for sheet in sheets:
        block = sheet.block
        for field in sheet.fields():
            unit = _word(document, "files_unit", _UNITS.get(field.show.partition(":")[0], "text"))
            cells = (plain(block.title), block.rows, field.title, field.at, field.show, unit)
            rows.append([sheet.name, block.type, *map(_cell, cells)])
    return _text(rows)


def _readme(envelope: Envelope, sheets: Sequence[_Sheet]) -> bytes:
    d = envelope.document
    facts = [
        f"{_word(d, 'page', 'report')}: {d.id}",
        f"{_word(d, 'page', 'issued')}: {write(d.issued_at, 'moment', d.language)}",
        f"{_word(d, 'page', 'document_hash')}: {envelope.proof.document_sha256}",
        f"{_word(d, 'page', 'verify')}: fairwitness verify {d.id}.csv.zip",
    ]
    if d.publisher:
        facts.insert(0, f"{_word(d, 'page', 'publisher')}: {printable(d.publisher)}")
    told = [
        _say(d, "readme_values"),
        _say(d, "readme_columns", file=COLUMNS),
        _say(d, "readme_json", file=DOCUMENT),
    ]
    rows = _word(d, "files", "rows")
    listed = [
        f"{sheet.name}  {plain(sheet.block.title)}  "
        f"({write(len(sheet.rows), 'integer', d.language)} {rows})"
        for sheet in sheets
    ]
    parts = [[plain(d.title)], facts, told, [f"{_word(d, 'files', 'files')}:", *listed]]
    return "\n\n".join("\n".join(part) for part in parts).encode("utf-8-sig") + b"\n"


def _say(document: m.Document, key: str, **fillings: str) -> str:
    pieces = catalogue(document.language).phrase(f"files.{key}").forms["other"]
    return "".join(fillings[piece] if n % 2 else piece for n, piece in enumerate(pieces))


def _word(document: m.Document, group: str, code: str) -> str:
    return catalogue(document.language).word(group, code)
