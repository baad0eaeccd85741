"""Which members of its data a document shows, held against what a pack forbids it to show."""

from __future__ import annotations

from collections.abc import Iterator

from reports.document import model as m
from reports.document.check import chart_columns, inlines
from reports.document.pointers import steps
from reports.packs.model import Pack


def shown_forbidden(document: m.Document, pack: Pack) -> tuple[str, ...]:
    """Pointers that the document shows although the pack forbids them to its kind, in order."""
    forbidden = pack.forbidden(document.kind)
    found = (at for at in _pointers(document) if not forbidden.isdisjoint(steps(at)))
    return tuple(dict.fromkeys(found))


def _pointers(document: m.Document) -> Iterator[str]:
    for inline in inlines(document):
        yield from (piece.at for piece in inline if isinstance(piece, m.Shown))
    for block in document.blocks:
        if isinstance(block, m.Figures):
            yield from (item.value.at for item in block.items)
        if isinstance(block, m.Table):
            yield from (block.rows + column.at for column in block.columns)
        if isinstance(block, m.Chart):
            yield from (block.rows + column.at for column in chart_columns(block))
            yield from (line.at for line in block.lines)
