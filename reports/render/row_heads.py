"""Marks the cells that name their row as heads of rows, in the tags of a PDF.

Typst tags the first row of a table (`TH`, `Scope` Column) and every other cell as `TD` with the
name of its column's head; heads of rows need a feature that its wheel does not have. Tags are plain
objects in the file, so they are written over in place, each with as many bytes, and no offset
moves: heads of rows become `TH` with `Scope` Row, and all cells find their heads by the scopes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

# Nothing else in the file can look like this: JSON has no line feed in it, and streams are packed.
_CELL = re.compile(
    rb"( 0 obj\n<</Type/StructElem/S)/TD(/P \d+ 0 R/A\[<</O/Table)"
    rb"(/Headers\[\(U(\d+)x(\d+)y0\)\])(>>)"
)
_SCOPE = b"/Scope/Row"


class NotMarked(ValueError):
    """The file's tags are not of the form that is known."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A table as it was written: rows without the head, columns, and first cells naming a row."""

    rows: int
    columns: int
    heads: int


def mark_row_heads(pdf: bytes, tables: Sequence[Shape]) -> bytes:
    """The PDF with the heads of the rows of its tables, which are given in their order.

    Raises:
        NotMarked: it has other cells than these tables.
    """
    found = 0

    def marked(match: re.Match[bytes]) -> bytes:
        nonlocal found
        found += 1
        before, parent, headers, table, column, after = match.groups()
        place = int(table) - 1
        is_head = place < len(tables) and int(column) < tables[place].heads
        kind, scope = (b"/TH", _SCOPE) if is_head else (b"/TD", b"")
        return b"".join((before, kind, parent, scope.ljust(len(headers)), after))

    made = _CELL.sub(marked, pdf)
    cells = sum(table.rows * table.columns for table in tables)
    if found != cells or len(made) != len(pdf):
        raise NotMarked(f"the PDF has {found} cells, its tables {cells}")
    return made
