"""What holds for every document, whoever made it: pointers lead somewhere, texts are the data's."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from reports.document import model as m
from reports.document.catalogue import has_figures
from reports.document.pointers import Unresolved, resolve
from reports.document.values import NotWritable, write

_STARTS = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n"}


def faults(document: m.Document) -> list[str]:
    """What is wrong with a document, a sentence for each fault; empty where all is well.

    Sentences: every value is what the data say, written as it says; plain pieces hold no figures.
    Tables and charts: the list is there, its items have the members of all columns and every value
    can be written. Headings go down one level at a time; names are unique; pictures are attached,
    whole, and of the kind that they say, and their frames lie in them.
    """
    found = [*_issued(document), *_sentences(document)]
    for block in document.blocks:
        if isinstance(block, m.Table):
            found += _rows(document, block.id, block.rows, list(block.columns))
        elif isinstance(block, m.Chart):
            found += _rows(document, block.id, block.rows, chart_columns(block))
            found += [f for line in block.lines for f in _leads(document, line.at)]
    return [*found, *_structure(document), *_pictures(document)]


def _issued(document: m.Document) -> Iterator[str]:
    try:
        write(document.issued_at, "moment", document.language)
    except NotWritable as error:
        yield f"the document is issued at no moment: {error}"


def chart_columns(chart: m.Chart) -> list[m.Column]:
    """The columns that a chart draws, and which its table shows, in reading order."""
    ways = (chart.label, chart.series, chart.x, chart.value, chart.low, chart.high)
    return [column for column in ways if column is not None]


def inlines(value: Any) -> Iterator[m.Inline]:
    """Every sentence and phrase of a document or a part of it, in reading order."""
    if isinstance(value, m.Part):
        for name in type(value).model_fields:
            yield from _inlines_of(getattr(value, name))


def _inlines_of(held: Any) -> Iterator[m.Inline]:
    if isinstance(held, m.Shown):  # a key figure's value stands alone
        yield (held,)
    elif isinstance(held, m.Part):
        yield from inlines(held)
    elif isinstance(held, tuple) and held:
        if all(isinstance(piece, str | m.Shown) for piece in held):
            yield held
        else:
            for piece in held:
                yield from _inlines_of(piece)


def _sentences(document: m.Document) -> Iterator[str]:
    for inline in inlines(document):
        for piece in inline:
            if isinstance(piece, m.Shown):
                yield from _shown(document, piece)
            elif has_figures(piece):
                yield f"the text {piece!r} holds a figure that comes from no field"


def _shown(document: m.Document, piece: m.Shown) -> Iterator[str]:
    try:
        text = write(resolve(document.data, piece.at), piece.show, document.language)
    except (Unresolved, NotWritable) as error:
        yield f"{piece.at}: {error}"
        return
    if text != piece.text:
        yield f"{piece.at} says {text!r}; the sentence has {piece.text!r}"


def _leads(document: m.Document, pointer: str) -> Iterator[str]:
    try:
        resolve(document.data, pointer)
    except Unresolved as error:
        yield str(error)


def _rows(document: m.Document, name: str, pointer: str, columns: list[m.Column]) -> list[str]:
    try:
        rows = resolve(document.data, pointer)
    except Unresolved as error:
        return [f"{name}: {error}"]
    if not isinstance(rows, list | tuple):
        return [f"{name}: {pointer} is not a list"]
    found = [
        f"{name}: {column.empty!r}, written for null, holds a figure that comes from no field"
        for column in columns
        if has_figures(column.empty)
    ]
    for number, row in enumerate(rows):
        for column in columns:
            try:
                write(resolve(row, column.at), column.show, document.language)
                if column.empty_at is not None:
                    resolve(row, column.empty_at)
            except (Unresolved, NotWritable) as error:
                found.append(f"{name}, row {number}: {error}")
    return found


def _structure(document: m.Document) -> Iterator[str]:
    level = 1
    names: set[str] = set()
    for block in document.blocks:
        name = getattr(block, "id", None)
        if name is not None and name in names:
            yield f"two blocks are called {name!r}"
        names.add(name or "")
        if isinstance(block, m.Heading):
            if block.level > level + 1:
                yield f"heading {block.id!r} goes from level {level} to {block.level}"
            level = block.level


def _pictures(document: m.Document) -> Iterator[str]:
    held = set()
    for attachment in document.attachments:
        held.add(attachment.sha256)
        yield from _attached(attachment)
    pictures = [block for block in document.blocks if isinstance(block, m.Picture)]
    for missing in sorted({block.sha256 for block in pictures} - held):
        yield f"the picture {missing} is not attached"
    for pointer in dict.fromkeys(block.box for block in pictures if block.box is not None):
        yield from _frame(document, pointer)


def _attached(attachment: m.Attachment) -> Iterator[str]:
    try:
        data = b64decode(attachment.base64, validate=True)
    except ValueError as error:
        yield f"the attachment {attachment.sha256} is not base64: {error}"
        return
    digest = hashlib.sha256(data).hexdigest()
    if digest != attachment.sha256:
        yield f"the attachment {attachment.sha256} has another hash: {digest}"
    if not data.startswith(_STARTS[attachment.media_type]):
        yield f"the attachment {attachment.sha256} is not of the kind {attachment.media_type}"


def _frame(document: m.Document, pointer: str) -> Iterator[str]:
    try:
        box = resolve(document.data, pointer)
    except Unresolved as error:
        yield str(error)
        return
    if box is None:
        return
    ends = [end for end in box if _is_share(end)] if isinstance(box, list | tuple) else []
    if len(ends) != 4 or len(box) != 4 or ends[0] > ends[2] or ends[1] > ends[3]:
        yield f"{pointer}: {box!r} is no frame of shares x0, y0, x1, y1"


def _is_share(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value <= 1
