"""A fairness document in the making: tables and charts over values taken from the audit.

The document holds the audit whole under `/audit`. What tables and charts show is listed beside it,
under `/shown/NAME`, because members that are null in between, limits and order need lists of their
own:

    {"members": {"ratio": "/comparison/ratio/value", ...},
     "rows": [{"at": "/audit/tables/0/rows/1", "n": 0, "ratio": 0.807, ...}]}

Each member of a row is the audit's value at `at` and the member's path, `../` going one step up and
`{n}` standing for the row's `n`; null where the way leads over null. A path to an interval gives
its two ends. Members without a path are made from the row's other members; `Made` says how.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from reports.compose.fairness_order import Order
from reports.document import model as m
from reports.document.draft import Draft, Filling, at
from reports.document.pointers import join, resolve, steps

MOST_ROWS = 60
"""Rows of one table in the document; the audit has all."""
MOST_PARTS = 12
"""Tables of one kind, and parts of any other section, in the document."""
MOST_MARKS = 40
"""Groups in one chart."""
MOST_LINES = 8
"""Lines in one chart; more cannot be told apart."""

Json = dict[str, Any]
Made = Callable[[Json], Any]
"""A member from the others of its row: a name in other words, one count as share of another."""


class Place(NamedTuple):
    """An item of the audit that becomes a row; `n` counts into lists that run beside it."""

    at: str
    n: int = 0


class Col(NamedTuple):
    """A column: the row's member, where the audit has it, and how it is written.

    `title`: key under `fairness.column`, the member's name without it. `made`: how a member without
    a path is made. `shown`: whether the table has it; a chart may use the others.
    """

    name: str
    path: str | None
    show: str = "text"
    title: str = ""
    made: Made | None = None
    shown: bool = True


def number(name: str, path: str, show: str = "integer", title: str = "") -> tuple[Col, ...]:
    """One plain number."""
    return (Col(name, path, show, title),)


def estimate(name: str, path: str, show: str = "ratio", title: str = "") -> tuple[Col, ...]:
    """A value and its interval."""
    way = show.partition(":")[0]
    return (
        Col(name, f"{path}/value", show, title),
        Col(f"{name}_interval", f"{path}/interval", f"between:{way}", "interval"),
    )


def share_of(name: str, path: str, count: str, of: str) -> tuple[Col, ...]:
    """A share of persons with its interval and its counts; `count`, `of`: keys of their titles."""
    return (
        Col(f"{name}_of", f"{path}/of", "integer", of),
        Col(f"{name}_count", f"{path}/count", "integer", count),
        *estimate(name, path, "percent"),
    )


def chi_square(name: str, path: str, title: str) -> tuple[Col, ...]:
    """A chi-square statistic and its p."""
    return (
        Col(name, f"{path}/statistic", "figures", title),
        Col(f"{name}_p", f"{path}/p_value", "p", "p"),
    )


@dataclass(frozen=True, slots=True)
class Sheet:
    """What sections write into. `order` knows which parts of the audit tell most."""

    draft: Draft
    audit: Mapping[str, Any]
    order: Order
    shown: Json = field(default_factory=dict)
    area: str = "fairness"

    def say(self, key: str, /, **fillings: Filling) -> m.Inline:
        """A text of the area's catalogue."""
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
        """A paragraph of sentences; none where there are no sentences."""
        if any(sentences):
            self.draft.add(m.Text(text=joined(sentences), lead=lead))

    def notes(self, pointer: str, limit: int = MOST_PARTS) -> None:
        """What the audit remarks at this place, each kind of remark once."""
        found: dict[str, str] = {}
        for n, note in enumerate(self.held(pointer)):
            found.setdefault(note["text"], join(pointer, n, "text"))
        items = tuple(self.say("note", text=at(where)) for where in list(found.values())[:limit])
        if items:
            self.draft.add(m.Points(items=items))

    def rows(self, name: str, places: Iterable[Place], columns: Sequence[Col]) -> str:
        """Lists values of the audit under `/shown/NAME`; the pointer to the list of rows."""
        made = [self._row(place, columns) for place in places]
        paths = {c.name: c.path for c in columns if c.path is not None}
        self.shown[name] = {"members": paths, "rows": made}
        return f"/shown/{name}/rows"

    def _row(self, place: Place, columns: Sequence[Col]) -> Json:
        row: Json = {"at": place.at, "n": place.n}
        for column in columns:
            if column.path is not None:
                found = taken(self.draft.data, place, column.path)
                ends = column.show.startswith("between")
                row[column.name] = [None, None] if ends and found is None else found
        for column in columns:
            if column.made is not None:
                row[column.name] = column.made(row)
        return row

    def columns(self, columns: Sequence[Col]) -> tuple[m.Column, ...]:
        """The columns that a table shows."""
        return tuple(self.column(c) for c in columns if c.shown)

    def column(self, column: Col) -> m.Column:
        """One column of a list made by `rows`."""
        title = self.say(f"column.{column.title or column.name}")
        return m.Column(title=title, at=f"/{column.name}", show=column.show)

    def table(
        self,
        name: str,
        title: m.Inline,
        places: Sequence[Place],
        columns: Sequence[Col],
        *,
        head: int = 1,
    ) -> str:
        """A table over places of the audit, the first `MOST_ROWS` of them; the list of its rows."""
        pointer = self.rows(name, places[:MOST_ROWS], columns)
        note: m.Inline = ()
        if len(places) > MOST_ROWS:
            self.shown[name]["all"] = len(places)
            self.shown[name]["some"] = MOST_ROWS
            note = self.say(
                "some_rows",
                some=at(f"/shown/{name}/some", "integer"),
                all=at(f"/shown/{name}/all", "integer"),
            )
        columns = [c for n, c in enumerate(columns) if n < head or self._told(name, c)]
        self.draft.add(
            m.Table(
                id=name,
                title=title,
                rows=pointer,
                columns=self.columns(columns),
                head=head,
                empty=self.say("no_rows"),
                note=note,
            )
        )
        return pointer

    def _told(self, name: str, column: Col) -> bool:
        """Whether any row has something in a column; the main ones stay without."""
        if column.name in _MAIN:
            return True
        nothing: tuple[Any, ...] = (None, "", [None, None])
        nothing += (False,) if column.name in _ONLY_YES else ()
        rows = self.shown[name]["rows"]
        return not rows or any(row[column.name] not in nothing for row in rows)

    def more(self, name: str, part: str, shown: int) -> None:
        """Says how many entries of a part the document shows, where it does not show all."""
        everything = len(self.audit[part])
        if everything > shown:
            self.shown[f"{name}-parts"] = {"some": shown, "all": everything}
            where = f"/shown/{name}-parts"
            some, every = at(f"{where}/some", "integer"), at(f"{where}/all", "integer")
            self.text(self.say("some_parts", some=some, all=every))


_ONLY_YES = frozenset({"few", "small"})
"""Columns that say something where a row has yes."""
_MAIN = frozenset({"assessed", "selected", "rate", "ratio", "class", "unknown"})


def joined(sentences: Iterable[m.Inline], between: str = " ") -> m.Inline:
    """Sentences of one paragraph, or parts of one sentence."""
    made: list[str | m.Shown] = []
    for sentence in filter(None, sentences):
        made += [between, *sentence] if made else sentence
    return tuple(made)


def taken(data: Mapping[str, Any], place: Place, path: str) -> Any:
    """The value at a place and a path from it; null over null, two ends for an interval."""
    names = steps(place.at)
    while path.startswith("../"):
        names, path = names[:-1], path[3:]
    path = path.replace("{n}", str(place.n)).replace("{next}", str(place.n + 1))
    names += steps(path if path.startswith("/") or not path else f"/{path}")
    value: Any = data
    for name in names:
        if value is None:
            break
        value = value[int(name)] if isinstance(value, list) else value[name]
    if isinstance(value, Mapping) and "low" in value and "high" in value:
        return [value["low"], value["high"]]
    return value


def each(sheet: Sheet, pointer: str, *, limit: int | None = None) -> list[Place]:
    """Every item of a list of the audit, or the first of them."""
    count = len(sheet.held(pointer))
    return [Place(join(pointer, n), n) for n in range(count if limit is None else limit)[:count]]
