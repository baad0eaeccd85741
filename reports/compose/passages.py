"""Sentences, lists and tables of one area of the catalogue, written into a draft."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from reports.document import model as m
from reports.document.draft import Draft, Filling, Ref, at
from reports.document.pointers import join, resolve

MOST_ROWS = 150
"""Rows of one table in the document; the result has all."""

_ODD = re.compile(r"[^a-z0-9._-]+")


class Col(NamedTuple):
    """A column: the member of a row, how it is written, the key of its title, the word for null."""

    at: str
    show: str = "text"
    title: str = ""
    empty: str = ""


@dataclass(slots=True)
class Passages:
    """What sections write into: `draft`, with the texts of `area`; `lists` may still be added."""

    draft: Draft
    area: str
    lists: dict[str, Any] = field(default_factory=dict)

    def say(self, key: str, /, **fillings: Filling) -> m.Inline:
        """A text of the area."""
        return self.draft.say(f"{self.area}.{key}", **fillings)

    def held(self, pointer: str) -> Any:
        """What the document's data hold."""
        return resolve(self.draft.data, pointer)

    def heading(
        self, anchor: str, key: str, /, *, level: Literal[2, 3, 4] = 2, **fillings: Filling
    ) -> None:
        """Starts a section."""
        self.draft.add(m.Heading(id=anchor, level=level, text=self.say(key, **fillings)))

    def text(self, *sentences: m.Inline, lead: bool = False) -> None:
        """A paragraph; none where there are no sentences."""
        if any(sentences):
            self.draft.add(m.Text(text=joined(sentences), lead=lead))

    def points(self, items: Iterable[m.Inline]) -> None:
        """A list of points; none where there are none."""
        kept = tuple(item for item in items if item)
        if kept:
            self.draft.add(m.Points(items=kept))

    def notice(self, tone: m.Tone, key: str, /, **fillings: Filling) -> None:
        """A notice: the texts `KEY.title` and `KEY.text`."""
        text = self.say(f"{key}.text", **fillings)
        self.draft.add(m.Notice(tone=tone, title=self.say(f"{key}.title"), text=text))

    def key(self, label: str, value: Ref, /, note: m.Inline = (), tone: str = "plain") -> m.Key:
        """A key figure."""
        shown = self.draft.shown(value)
        return m.Key.model_validate(
            {"label": self.say(label), "value": shown, "note": note, "tone": tone}
        )

    def column(self, col: Col) -> m.Column:
        """A column; where no title is named, the one that its member is called by."""
        name = col.title or col.at.rpartition("/")[2]
        made = m.Column(title=self.say(f"column_{name}"), at=col.at, show=col.show)
        if not col.empty:
            return made
        word = "".join(str(piece) for piece in self.say(col.empty))
        return made.model_copy(update={"empty": word})

    def table(
        self,
        anchor: str,
        title: m.Inline,
        rows: str,
        columns: Sequence[Col],
        *,
        head: int = 1,
        note: m.Inline = (),
    ) -> None:
        """A table of a list of the data, of its first 150 rows; the note says where there are more.

        Columns that are null in every row are left out, but for those that name it.
        """
        shown, more = self._first(anchor, rows)
        held = self.held(shown)
        columns = [c for n, c in enumerate(columns) if n < head or not _all_null(held, c.at)]
        self.draft.add(
            m.Table(
                id=anchor,
                title=title,
                rows=shown,
                columns=tuple(self.column(c) for c in columns),
                head=head,
                empty=self.say("no_rows"),
                note=joined([note, more]),
            )
        )

    def _first(self, anchor: str, rows: str) -> tuple[str, m.Inline]:
        everything = self.held(rows)
        if len(everything) <= MOST_ROWS:
            return rows, ()
        where = join("/listed", anchor)
        held = {"rows": everything[:MOST_ROWS], "some": MOST_ROWS, "all": len(everything)}
        self.lists.setdefault("listed", {})[anchor] = held
        some, every = at(f"{where}/some", "integer"), at(f"{where}/all", "integer")
        return f"{where}/rows", self.say("some_rows", some=some, all=every)


def begun(kind: m.Kind, area: str, data: dict[str, Any], language: m.Language) -> Passages:
    """An empty document over `data`, which may still grow lists of what tables show."""
    return Passages(Draft(kind, data, language), area, data)


def joined(sentences: Iterable[m.Inline]) -> m.Inline:
    """Sentences of one paragraph."""
    made: list[str | m.Shown] = []
    for sentence in filter(None, sentences):
        made += [" ", *sentence] if made else sentence
    return tuple(made)


def listed(page: Passages, values: Iterable[Ref]) -> m.Inline:
    """Values with commas between them."""
    made: list[str | m.Shown] = []
    for value in values:
        made += [", ", page.draft.shown(value)] if made else [page.draft.shown(value)]
    return tuple(made)


def anchor(*names: str | int) -> str:
    """An anchor made of names, whatever characters they hold."""
    made = _ODD.sub("-", "-".join(str(name) for name in names).lower())
    return made.strip("-._")[:120] or "part"


def _all_null(rows: Sequence[Any], pointer: str) -> bool:
    return all(resolve(row, pointer) in (None, [None, None]) for row in rows)
