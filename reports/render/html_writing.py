"""Sentences and tables of a document as HTML: all text escaped, every value with its pointer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from reports.charts.reading import cell
from reports.document import model as m
from reports.document.catalogue import catalogue
from reports.document.characters import printable
from reports.document.pointers import join, resolve
from reports.document.values import write

_RIGHT = frozenset(
    {"integer", "decimals", "signed", "figures", "percent", "p", "times", "ratio"}
    | {"between", "clock", "seconds", "size"}
)
"""Ways of writing whose columns are aligned at the right."""
_ROOMS = ((8, ""), (13, "some"), (20, "middling"), (36, "much"), (0, "most"))
"""Letters up to which a column of texts needs no more than that class of width."""
_UNBROKEN = frozenset({"date", "moment", "hash"})


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes parts of one document."""

    document: m.Document

    def inline(self, pieces: m.Inline) -> Markup:
        """A sentence; each value says where in the data it is and how it is written.

        Values are isolated, so that a name in another direction does not turn what is around it.
        """
        return Markup("").join(
            _escaped(piece) if isinstance(piece, str) else self.shown(piece) for piece in pieces
        )

    def shown(self, piece: m.Shown) -> Markup:
        """One value."""
        return markup(f"<bdi{_traced(piece.at, piece.show)}>{_escaped(piece.text)}</bdi>")

    def word(self, group: str, code: str) -> str:
        """How the catalogue calls a code."""
        return catalogue(self.document.language).word(group, code)

    def say(self, key: str, **counts: int) -> str:
        """A text of the catalogue around the blocks, filled with counts."""
        pieces = catalogue(self.document.language).phrase(f"page.{key}").forms["other"]
        texts = {n: write(held, "integer", self.document.language) for n, held in counts.items()}
        return "".join(texts[p] if n % 2 else p for n, p in enumerate(pieces))

    def moment(self, value: str) -> str:
        """A moment of the document or its proof, which are not part of its data."""
        return write(value, "moment", self.document.language)

    def rows(self, pointer: str) -> list[Any]:
        """The list that a table or chart names."""
        found: list[Any] = resolve(self.document.data, pointer)
        return found

    def head(self, columns: Sequence[m.Column], pointer: str | None = None) -> Markup:
        """The names of the columns; with a list of rows, as wide as its texts need."""
        rows = [] if pointer is None else self.rows(pointer)
        named = (
            (classes(column) or self._room(column, rows), self.inline(column.title))
            for column in columns
        )
        return markup("".join(f'<th scope="col"{how}>{name}</th>' for how, name in named))

    def _room(self, column: m.Column, rows: Sequence[Any]) -> str:
        """The class of a column of texts after the longest of them."""
        longest = max(
            (len(cell(row, column, self.document.language)[0]) for row in rows), default=0
        )
        room = next((name for most, name in _ROOMS if longest <= most), _ROOMS[-1][1])
        return f' class="{room}"' if room else ""

    def body(self, pointer: str, columns: Sequence[m.Column], heads: int) -> Markup:
        """The rows of a table; the first `heads` cells name their row."""
        lines = (
            "".join(self._cells(join(pointer, n), row, columns, heads))
            for n, row in enumerate(self.rows(pointer))
        )
        return markup("\n".join(f"<tr>{line}</tr>" for line in lines))

    def _cells(
        self, pointer: str, row: Any, columns: Sequence[m.Column], heads: int
    ) -> Iterator[str]:
        for n, column in enumerate(columns):
            tag, scope = ("th", ' scope="row"') if n < heads else ("td", "")
            held = self.cell(pointer, row, column)
            yield f"<{tag}{scope}{classes(column)}>{held}</{tag}>"

    def cell(self, pointer: str, row: Any, column: m.Column) -> str:
        """What a column shows of the row at `pointer`, and why there is nothing."""
        text, why = cell(row, column, self.document.language)
        held = f"<bdi{_traced(pointer + column.at, column.show)}>{_escaped(text)}</bdi>"
        if why:
            at = _traced(pointer + (column.empty_at or ""), "text")
            held += f' <span class="why"><bdi{at}>{_escaped(why)}</bdi></span>'
        return held


def markup(html: str) -> Markup:
    """HTML that was put together from escaped texts."""
    return Markup(html)  # noqa: S704  whoever calls has escaped what is not our own


def _escaped(text: str) -> Markup:
    return escape(printable(text))


def _traced(at: str, show: str) -> str:
    """Attributes that lead from a text to its field; plain text needs no way of writing."""
    way = "" if show == "text" else f' data-show="{escape(show)}"'
    return f' data-at="{escape(at)}"{way}'


def classes(column: m.Column) -> str:
    """How the cells of a column are set: figures at the right, dates in one piece."""
    way = column.show.partition(":")[0]
    if way in _RIGHT:
        return ' class="num"'
    if way == "digest":
        return ' class="mono"'
    return ' class="whole"' if way in _UNBROKEN else ""
